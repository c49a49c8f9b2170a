"""Taps in programs that torch compiles or exports."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch._dynamo.utils import counters
from torch._inductor.utils import run_and_get_code

import tracekit as tk
from tests.helpers import (
    assert_same_firings,
    firings,
    grid,
    recorded,
    stored,
)
from tracekit.capture import torch_internals
from tracekit.errors import TapError

# Inductor and export use parts of torch that warn.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
    "ignore:The .grad attribute:UserWarning",
    "ignore:Torchinductor does not support code gen:UserWarning",
    "ignore:While compiling, we found certain side effects:UserWarning",
)
BACKENDS = ["eager", "aot_eager", "inductor"]
X = torch.linspace(-3, 3, 17, dtype=torch.float64)


@tk.traced
def squared(x: torch.Tensor) -> torch.Tensor:
    """A traced function inside the program."""
    return x.square()


def program(x: torch.Tensor, step: Any = 0) -> torch.Tensor:
    """Loops, scopes, masks, facts and a dead value around some physics."""
    total = torch.zeros_like(x)
    with tk.scope("step", step=step):
        for phi in range(2):
            with tk.scope("phi", phi=phi):
                angle = tk.tap(x * phi + 0.5, "angle", "n", unit="rad")
                tk.tap(angle * 3, "dead", "n", where=x > 0)
                wave = angle.sin()
                wave = squared(tk.tap(wave, "wave", "n"))
                total = total + wave
    tk.config("steps", 2)
    tk.tap(len(x), "count")
    return tk.tap(total, "total", "n")


def untapped(x: torch.Tensor, step: Any = 0) -> torch.Tensor:  # noqa: ARG001
    """The same physics without tracekit."""
    total = torch.zeros_like(x)
    for phi in range(2):
        angle = x * phi + 0.5
        wave = angle.sin()
        wave = wave.square()
        total = total + wave
    return total


def graphs() -> int:
    """How many graphs were compiled in this test."""
    return int(counters["stats"]["unique_graphs"])


def code_of(function: Callable[..., Any]) -> list[str]:
    """The lines that inductor writes for it, without comments and paths."""
    torch._dynamo.reset()
    _, (code, *_) = run_and_get_code(
        torch.compile(function, fullgraph=True), X
    )
    code = re.sub(r"#.*|/tmp/\S+|\bc[a-z0-9]{40,}", "", code)
    return [line for line in code.splitlines() if line.strip()]


def test_off_the_compiled_code_is_that_of_the_untapped_program() -> None:
    """While nothing records inductor writes the very same code."""
    lines = code_of(program)
    assert lines == code_of(untapped)
    with tk.record():
        assert "tracekit.tap.default(" in "".join(code_of(program))
    with tk.record(pixels=[(0, 0)]):
        code = "".join(code_of(lambda x: tk.tap(x[None], "t", "slow fast")))
        assert "deferred.program(" in code


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_compiled_program_records_as_the_eager_one(backend: str) -> None:
    """Same taps, order, coordinates, units, lines; no bit is changed."""
    eager = recorded(lambda: program(X, 3))
    compiled = torch.compile(program, fullgraph=True, backend=backend)
    plain = torch.compile(untapped, fullgraph=True, backend=backend)
    results = []
    trace = recorded(lambda: results.append(compiled(X, 3)))
    assert_same_firings(trace, eager)
    assert trace.tables["config"] == eager.tables["config"]
    assert torch.equal(results[0], plain(X, 3))
    assert torch.equal(compiled(X, 3), plain(X, 3))


def test_toggling_does_not_compile_again() -> None:
    """One graph with taps and one without serve thirty recordings."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    eager = recorded(lambda: program(X))
    for _ in range(30):
        assert_same_firings(recorded(lambda: compiled(X)), eager)
        compiled(X)
    assert graphs() == 2


def test_another_selection_needs_no_other_graph() -> None:
    """A graph serves recordings of other taps, pixels and sinks."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    whole = recorded(lambda: compiled(X))
    some = recorded(lambda: compiled(X), taps=["wave"], at={"n": [0, 4]})
    assert some.taps == ("wave",)
    picked = stored(whole, "wave").reshape(2, 17)[:, [0, 4]]
    assert stored(some, "wave").tolist() == picked.reshape(-1).tolist()
    assert graphs() == 1


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


@pytest.mark.parametrize("kind", [int, np.int64, torch.tensor])
def test_a_changing_step_does_not_compile_again(kind: Any) -> None:
    """Loop indices are data: twelve steps need at most three graphs."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")

    def run(function: Callable[..., Any]) -> None:
        for step in range(12):
            function(X, kind(step))

    trace = recorded(lambda: run(compiled))
    assert_same_firings(trace, recorded(lambda: run(program)))
    assert graphs() <= 3


def test_scopes_around_a_compiled_function_count() -> None:
    """An index outside and one inside are both coordinates; inner wins."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")

    def run(function: Callable[..., Any]) -> None:
        for source in range(3):
            with tk.scope("source", source=source, step=99):
                function(X, 5)

    trace = recorded(lambda: run(compiled))
    assert_same_firings(trace, recorded(lambda: run(program)))
    assert grid(trace, "wave")["source"] == (0, 3)
    assert grid(trace, "wave")["step"] == (5, 1)
    assert graphs() == 1


def test_dynamic_shapes_record_as_eager_ones() -> None:
    """One graph of symbolic shapes records values of any length."""
    compiled = torch.compile(
        program, fullgraph=True, backend="aot_eager", dynamic=True
    )
    for length in (3, 5, 8):
        x = X[:length]
        trace = recorded(partial(compiled, x))
        assert_same_firings(trace, recorded(partial(program, x)))
    assert graphs() == 1


@pytest.mark.parametrize("strict", [True, False])
def test_an_exported_program_has_its_taps(strict: bool) -> None:
    """They fire when the export runs; scopes around exporting don't stay."""

    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return program(x, 3)

    def export() -> torch.export.ExportedProgram:
        with tk.scope("exporting", exporting=1):
            return torch.export.export(Module(), (X,), strict=strict)

    with tk.record() as recording:
        exported = export()
    assert recording.trace.taps == ()
    trace = recorded(lambda: exported.module()(X))
    assert_same_firings(trace, recorded(lambda: program(X, 3)))


def test_a_program_that_breaks_into_graphs_records_in_order() -> None:
    """Around a break taps fire in compiled and in eager code."""

    def broken(x: torch.Tensor) -> torch.Tensor:
        with tk.scope("phi", phi=3):
            x = tk.tap(x * 2, "before", "n")
            torch._dynamo.graph_break()
            x = tk.tap(x * 2, "after", "n")
        return tk.tap(x + 1, "outside", "n")

    compiled = torch.compile(broken, backend="aot_eager")
    trace = recorded(lambda: compiled(X))
    assert_same_firings(trace, recorded(lambda: broken(X)))
    assert grid(trace, "after")["phi"] == (3, 1)


def test_a_value_is_recorded_before_it_is_overwritten() -> None:
    """In-place writes and inductor's reuse of buffers change no record."""

    def overwriting(x: torch.Tensor) -> torch.Tensor:
        x = x.clone()
        for n in range(4):
            with tk.scope("n", n=n):
                tk.tap(x, "before", "k")
                x.mul_(2.0)
                product = tk.tap(x.reshape(-1, 1) @ x.reshape(1, -1), "outer")
                x = tk.tap(product.sum(0), "sum", "k") / 99
        return x

    compiled = torch.compile(overwriting, fullgraph=True)
    trace = recorded(lambda: compiled(X))
    assert_same_firings(trace, recorded(lambda: overwriting(X)))


NUMBERS: list[Any] = [
    *(2.5, -0.0, 7, True, 1 + 2j, [1.0, 2.0], np.float32(0.1)),
    *(np.arange(3), torch.tensor(2.5)),
]


def test_numbers_and_arrays_are_taps_in_compiled_code_too() -> None:
    """They fire once, with the type that eager code records."""

    def numbers(x: torch.Tensor) -> torch.Tensor:
        for place, number in enumerate(NUMBERS):
            tk.tap(number, f"t{place}")
        return x * 2

    compiled = torch.compile(numbers, fullgraph=True, backend="aot_eager")
    trace = recorded(lambda: compiled(X))
    eager = recorded(lambda: numbers(X))
    assert_same_firings(trace, eager)
    assert np.signbit(stored(trace, "t1")[0])


KINDS: dict[str, Callable[[torch.Tensor], Any]] = {
    "bfloat16": lambda x: x.bfloat16(),
    "float8": lambda x: x.to(torch.float8_e4m3fn),
    "int64": lambda x: (x * 10).long(),
    "uint8": lambda x: x.abs().to(torch.uint8),
    "bool": lambda x: x > 0,
    "complex": lambda x: torch.complex(x, -x),
    "conjugate": lambda x: torch.complex(x, x).conj(),
    "negative": lambda x: torch.complex(x, x).conj().imag,
    "expanded": lambda x: x[:, None].expand(17, 2),
    "transposed": lambda x: torch.outer(x, x[:2]).T,
    "empty": lambda x: x[:0],
    "numpy": lambda x: x.numpy(),
    "planes": lambda x: (x, x * 2),
    "numpy planes": lambda x: (x.numpy(), x.numpy()),
}


def test_every_kind_of_value_is_recorded_in_compiled_code() -> None:
    """Dtypes, views and strides arrive as they do in eager code."""

    def kinds(x: torch.Tensor) -> torch.Tensor:
        for name, make in KINDS.items():
            tk.tap(make(x), name)
        return x * 2

    compiled = torch.compile(kinds, fullgraph=True)
    trace = recorded(lambda: compiled(X))
    assert_same_firings(trace, recorded(lambda: kinds(X)))


@pytest.mark.parametrize("reordering", [True, False])
def test_inductor_keeps_the_order_of_taps(reordering: bool) -> None:
    """Values of many dtypes, constants and views fire as in eager code."""
    dtypes = [torch.bfloat16, torch.complex64, torch.bool, torch.int64,
              torch.float8_e4m3fn, torch.float64, torch.int16]  # fmt: skip

    def program(x: torch.Tensor, step: int) -> torch.Tensor:
        tk.config("first", 1)
        for phi in range(2):
            with tk.scope("phi", phi=phi, step=step):
                for place, dtype in enumerate(dtypes):
                    tk.tap((x * (phi + 1)).to(dtype), f"t{place}", "n m")
                    tk.tap(x.sum(), "sum")
                    tk.tap(torch.tensor(2**62 + place), "constant")
                tk.tap(x.t(), "view", "m n")
                tk.tap(x[:0], "empty", "n m")
                x = x @ x.t() @ x
        return x

    x = torch.linspace(-1, 1, 12).reshape(4, 3)
    compiled = torch.compile(
        program,
        fullgraph=True,
        options={"reorder_for_peak_memory": reordering},
    )
    for step in (1, 5):
        trace = recorded(lambda step=step: compiled(x, step))  # type: ignore[misc]
        eager = recorded(lambda step=step: program(x, step))  # type: ignore[misc]
        ours, theirs = firings(trace), firings(eager)
        assert [f["tap"] for f in ours] == [f["tap"] for f in theirs]
        assert [f["axes"] for f in ours] == [f["axes"] for f in theirs]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bad_value_ends_compiled_code_at_its_tap(backend: str) -> None:
    """stop_when leaves the block with the first bad event, as eager does."""

    def bad(x: torch.Tensor) -> torch.Tensor:
        tk.tap(x + 1, "good", "n")
        tk.tap((x * 0).long(), "whole", "n")
        tk.tap(x / x, "bad", "n")
        return tk.tap(x.sqrt(), "after", "n")

    compiled = torch.compile(bad, fullgraph=True, backend=backend)
    with tk.record(stop_when="nan") as recording:
        compiled(X - X[8])
    assert recording.trace.taps == ("good", "whole", "bad")


def test_a_program_that_fails_keeps_the_taps_before() -> None:
    """What fired before an error inside compiled code is in the trace."""

    def failing(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        x = tk.tap(x * 2, "good", "n")
        return tk.tap(x[index], "bad", "n")

    compiled = torch.compile(failing, fullgraph=True)
    with tk.record() as recording, pytest.raises(Exception, match="out of"):
        compiled(X, torch.tensor([99]))
    assert recording.trace.taps == ("good",)


BAD: dict[str, tuple[Callable[[torch.Tensor], Any], str]] = {
    "text": (lambda _: tk.tap("text", "t"), "can't record a str"),
    "none": (lambda _: tk.tap(None, "t"), "can't record a NoneType"),
    "dims": (lambda x: tk.tap(x, "t", "a b"), "don't fit"),
    "mask": (lambda x: tk.tap(x, "t", where=x), "give a bool mask"),
    "reserved": (lambda x: scoped(x, occurrence=1), "reserved"),
    "fraction": (lambda x: scoped(x, phi=0.5), "no integer"),
    "vector": (lambda x: scoped(x, phi=x.long()), "one whole number"),
    "fact": (lambda _: tk.config("k", {1.5}), "numbers and texts"),  # type: ignore[arg-type]
}


def scoped(x: torch.Tensor, **indices: Any) -> torch.Tensor:
    """A tap in a scope."""
    with tk.scope("loop", **indices):
        return tk.tap(x, "t")


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("fullgraph", [True, False])
def test_what_can_not_be_recorded_is_an_error(
    case: str, fullgraph: bool
) -> None:
    """Compiled code raises what eager code raises, with or without breaks."""
    bad, says = BAD[case]

    def wrong(x: torch.Tensor) -> torch.Tensor:
        bad(x)
        return x * 2

    compiled = torch.compile(wrong, fullgraph=fullgraph, backend="aot_eager")
    with tk.record(), pytest.raises(Exception, match=says) as caught:
        compiled(X)
    assert "TapError" in f"{caught.type} {caught.value}"


def test_a_torch_that_lacks_a_private_part_records_eager_code_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the part and says what to do."""
    monkeypatch.delattr(torch.library, "_register_effectful_op")
    assert torch_internals.missing() == [
        "torch.library:_register_effectful_op"
    ]
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    with tk.record(), pytest.raises(Exception, match="_register_effectful"):
        compiled(X)
    with tk.record(), pytest.raises(TapError, match="_register_effectful"):
        torch.func.vmap(lambda x: tk.tap(x, "t"))(X)
    assert recorded(lambda: program(X)).taps[0] == "angle"


def test_this_torch_has_every_private_part() -> None:
    """What pyproject.toml installs records compiled code."""
    assert torch_internals.missing() == []


def test_a_compiled_event_says_where_its_tap_stands() -> None:
    """File and line are this file's and that of the call."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    trace = recorded(lambda: compiled(X))
    first = program.__code__.co_firstlineno
    places = {event["tap"]: event["at"] for event in firings(trace)}
    assert places["angle"] == (__file__, first + 6)
    assert places["squared"] == (__file__, first + 9)
    alone = torch.compile(squared, fullgraph=True, backend="aot_eager")
    (event,) = firings(recorded(lambda: alone(X)))
    assert event["at"] == (__file__, here())


def here() -> int:
    """The line that calls, less one."""
    return sys._getframe(1).f_lineno - 1
