"""Compiled code hands over the pixels that are recorded, no others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import tracekit as tk
from tests.capture.compiled import BACKENDS, WARNINGS, graphs
from tests.helpers import assert_same_firings, recorded, stored

pytestmark = WARNINGS


def pictures(x: torch.Tensor, row: int) -> torch.Tensor:
    """Images, vectors, planes, masks, bars and numbers, in blocks of rows."""
    with tk.scope("rows", slow=row):
        y = tk.tap(x.sin(), "image", "slow fast", where=x > 0)
        tk.tap((y, y * 2), "planes", "slow fast (a b)", where=x[:, :1] > -1)
        with tk.scope("phi", phi=2):
            cube = torch.stack([y, y + 1, y + 2])
            tk.tap(cube, "cube", "phi fast slow", where=cube > 0.5)
        tk.tap(y.sum(1), "bar", "slow")
        tk.tap(cube, "outer", "k slow fast")
        tk.tap((y > 0), "flag", "slow fast")
        tk.tap(y.to(torch.complex64), "wave", "slow fast")
        return tk.tap(y @ y.t(), "end", "slow i")


@pytest.mark.parametrize("backend", BACKENDS)
def test_compiled_code_picks_the_pixels_itself(backend: str) -> None:
    """It records what the eager program records, and no bit is changed.

    The result is that of the program that records nothing; the graph holds
    the pixels only, and serves others as long as there is room for them.
    """
    compiled = torch.compile(
        pictures, fullgraph=True, backend=backend, dynamic=False
    )
    x = torch.linspace(-3, 3, 30, dtype=torch.float64).reshape(5, 6)
    plain = compiled(x, 0)
    made = []
    chosen = [(0, [(0, 0), (3, 4)]), (10, [(12, 5), (10, 0)]), (10, [(99, 0)])]
    restricted: list[dict[str, Any]] = [{}, {"at": {"phi": [3, 4], "k": 1}}]
    for row, pixels in chosen:
        for at in restricted:
            options = {"pixels": pixels, **at}
            trace = recorded(
                lambda r=row: made.append(compiled(x, r)),  # type: ignore[misc]
                **options,
            )
            eager = recorded(
                lambda r=row: pictures(x, r),  # type: ignore[misc]
                **options,
            )
            assert_same_firings(trace, eager)
    assert all(torch.equal(one, plain) for one in made)
    assert graphs() <= 3  # off, the first row, another row


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("options", [{}, {"pixels": [(1, 2)]}])
def test_sums_keep_their_last_bits(
    backend: str, options: dict[str, Any]
) -> None:
    """A sum over what is tapped is added up in the order it had."""

    def program(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return tk.tap(x * w, "product", "slow fast").sum()

    torch.manual_seed(0)
    given = torch.randn(37, 53), torch.randn(53)
    compiled = torch.compile(program, fullgraph=True, backend=backend)
    plain = compiled(*given)
    with tk.record(**options):
        assert torch.equal(compiled(*given), plain)


@pytest.mark.parametrize("backend", BACKENDS)
def test_only_pixels_behind_sums_touch_last_bits(backend: str) -> None:
    """Inductor keeps the sums of rows that are needed for pixels."""

    def program(x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = (x / x.norm()).softmax(-1)
        return tk.tap(y, "y", "slow fast") * 1.0

    torch.manual_seed(0)
    x = torch.randn(16, 8)
    compiled = torch.compile(program, fullgraph=True, backend=backend)
    plain = compiled(x)
    with tk.record(pixels=[(1, 2)]):
        kept = compiled(x)
    rtol = 1e-5 if backend == "inductor" else 0
    torch.testing.assert_close(kept, plain, rtol=rtol, atol=0)


def test_rooms_for_pixels_are_few() -> None:
    """Thirty selections compile once a room, and two recorders get all."""
    compiled = torch.compile(pictures, fullgraph=True, backend="aot_eager")
    x = torch.rand(5, 6, dtype=torch.float64)
    for count in range(1, 31):
        pixels = [(n // 6, n % 6) for n in range(count)]
        with tk.record(pixels=pixels) as recording:
            compiled(x, 0)
            compiled(x, 0)
        assert len(stored(recording.trace, "flag")) == 2 * count
    assert graphs() == 2
    with tk.record(pixels=[(1, 1)]) as one, tk.record() as other:
        compiled(x, 0)
    assert len(stored(one.trace, "flag")) == 1
    assert len(stored(other.trace, "flag")) == 30
    assert graphs() == 3


@pytest.mark.parametrize("strict", [True, False])
def test_an_exported_program_serves_any_pixels(strict: bool) -> None:
    """What was recorded while it was exported doesn't stay in it."""

    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return pictures(x, 0)

    x = torch.rand(5, 6, dtype=torch.float64)
    with tk.record(pixels=[(0, 0)]):
        exported = torch.export.export(Module(), (x,), strict=strict)
    trace = recorded(lambda: exported.module()(x), pixels=[(1, 2)])
    assert_same_firings(
        trace, recorded(lambda: pictures(x, 0), pixels=[(1, 2)])
    )


def test_pixels_under_vmap_are_picked_when_they_fire() -> None:
    """Rows of a vmap and gradients in compiled code record as in eager."""

    def one(x: torch.Tensor) -> torch.Tensor:
        y = tk.tap(x * 2, "y", "slow fast")
        tk.tap((x, y), "planes", "slow fast (x y)")
        return (y * y).sum()

    def program(x: torch.Tensor) -> torch.Tensor:
        z = tk.tap(x.sin(), "z", "n slow fast")
        found: torch.Tensor = torch.func.vmap(torch.func.grad(one))(z)
        return found

    x = torch.rand(3, 4, 5, dtype=torch.float64)
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    trace = recorded(lambda: compiled(x), pixels=[(1, 2)])
    assert_same_firings(trace, recorded(lambda: program(x), pixels=[(1, 2)]))
