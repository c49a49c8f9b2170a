"""Taps in programs that torch compiles or exports."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._dynamo.convert_frame import input_codes
from torch._inductor.utils import run_and_get_code

import tracekit as tk
from tests.capture.compiled import (
    BACKENDS,
    WARNINGS,
    X,
    program,
    squared,
    untapped,
)
from tests.helpers import (
    assert_same_firings,
    firings,
    grid,
    recorded,
    stored,
)

pytestmark = WARNINGS


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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_is_compiled_ahead_of_time_keeps_its_taps(tmp_path: Path) -> None:
    """A package of AOTInductor records as the program that was exported."""

    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return program(x, 3)

    with tk.record():
        exported = torch.export.export(Module(), (X,))
        path = torch._inductor.aoti_compile_and_package(
            exported, package_path=str(tmp_path / "program.pt2")
        )
    package = torch._inductor.aoti_load_package(path)
    trace = recorded(lambda: package(X))
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


def test_a_program_that_dynamo_gives_up_records_as_eager_code() -> None:
    """Then it compiles function by function, but nothing of tracekit alone."""
    weight = torch.ones(2, requires_grad=True)

    def broken(x: torch.Tensor) -> torch.Tensor:
        total = x.sum() * weight[0]
        for phi in range(12):
            with tk.scope("phi", phi=phi):
                torch._dynamo.graph_break()
                tk.config(f"sure {phi}", 1)
                total = tk.tap(total * 2, f"before {phi}", grad=True)
                total = total + tk.tap(squared(x), f"after {phi}", "n").sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    compiled = torch.compile(broken, backend="aot_eager")
    compiled(X)
    with tk.record() as recording:
        torch._dynamo.reset()
        compiled(X)
    trace = recording.trace
    assert_same_firings(trace, recorded(lambda: broken(X)))
    assert len(trace.tables["event"]) == 4 * 12
    seen = filter(None, [code() for code in input_codes.seen])
    package = str(Path(tk.__file__).parent)
    own = {c.co_qualname for c in seen if c.co_filename.startswith(package)}
    assert own == {"_traced.<locals>.wrapper"}  # around the program's code


LATE = """
import sys
import tracekit as tk

with tk.record() as recording:
    assert "torch" not in sys.modules
    import torch

    def broken(x):
        for phi in range(12):
            with tk.scope("phi", phi=phi):
                torch._dynamo.graph_break()
                x = tk.tap(x + 1, f"x{phi}", "n")
        return x

    torch.compile(broken, backend="eager")(torch.ones(2))
print(recording.trace.tables["grid"]["dim"].to_pylist().count("phi"))
"""


def test_a_recording_that_began_before_torch_was_loaded_has_all() -> None:
    """Dynamo is told of tracekit when it comes."""
    done = subprocess.run(
        [sys.executable, "-c", LATE],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert done.stdout == "12\n"


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


def test_a_compiled_event_says_where_its_tap_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File and line are the program's, or those of the call."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    trace = recorded(lambda: compiled(X))
    file, first = program.__code__.co_filename, program.__code__.co_firstlineno
    places = {event["tap"]: event["at"] for event in firings(trace)}
    assert places["angle"] == (file, first + 6)
    assert places["squared"] == (file, first + 9)
    alone = torch.compile(squared, fullgraph=True, backend="aot_eager")
    (event,) = firings(recorded(lambda: alone(X)))
    assert event["at"] == (__file__, here())
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "elsewhere"))
    alone = torch.compile(tk.traced(name="same")(lambda x: x), fullgraph=True)
    (event,) = firings(recorded(lambda: alone(X)))
    assert event["at"] == (__file__, here())


def here() -> int:
    """The line that calls, less one."""
    return sys._getframe(1).f_lineno - 1


def test_a_recording_may_begin_in_compiled_code(tmp_path: Path) -> None:
    """Dynamo looks into neither its beginning nor its end."""

    def program(x: torch.Tensor) -> torch.Tensor:
        with tk.record(tmp_path / "a"):
            y = tk.tap(x * 2, "y", "n")
        return y + 1

    found = torch.compile(program, backend="aot_eager")(torch.ones(3))
    assert found.tolist() == [3, 3, 3]
    assert stored(tk.read_trace(tmp_path / "a"), "y").tolist() == [2, 2, 2]
