"""Taps, traced functions and facts, as a program calls them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tracekit as tk
from tests.helpers import about, grid, recorded, stored
from tracekit.errors import RecordingError, TapError

VALUES = [
    1.5,
    2**70,
    "text",
    None,
    np.eye(2),
    torch.eye(2),
    torch.eye(2).to_sparse(),
    [1.0],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_tap_that_is_off_returns_its_value(value: Any) -> None:
    """The very object comes back, whatever it is and whatever dims say."""
    assert tk.tap(value, "t", "no such dims (") is value


@pytest.mark.parametrize(
    "value", [1.5, True, np.eye(2), torch.eye(2)], ids=repr
)
def test_a_tap_that_is_on_returns_its_value(value: Any) -> None:
    """The very object comes back while it is recorded."""
    with tk.record():
        assert tk.tap(value, "t") is value


def simulate(x: torch.Tensor) -> torch.Tensor:
    """A program that writes in place, has views, and a gradient."""
    total = torch.zeros_like(x)
    for phi in range(3):
        with tk.scope("phi", phi=phi):
            angle = tk.tap(x * phi, "angle", "n", unit="rad")
            total += tk.tap(angle.sin().square(), "wave", "n", where=x > 0)
            scratch = tk.tap(angle.detach().clone(), "scratch", "n")
            scratch.zero_()
    return tk.tap(total, "total", "n") / (1 + total.flip(0))


@given(st.lists(st.floats(-1e3, 1e3, width=32), max_size=6), st.booleans())
def test_recording_changes_no_bit(numbers: list[float], some: bool) -> None:
    """Result and gradient are the same with a recorder and without."""
    results = []
    for recording in (False, True):
        x = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
        if recording:
            with tk.record(at={"n": 0} if some else None):
                y = simulate(x * 1)
        else:
            y = simulate(x * 1)
        (slope,) = torch.autograd.grad(y.sum(), x)
        results.append(y.detach().numpy().tobytes() + slope.numpy().tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("kind", [torch.tensor, np.array])
@pytest.mark.parametrize("pixels", [None, [(0, 1)], [(0, 0), (0, 1)]])
def test_what_is_written_behind_a_tap_is_not_recorded(
    kind: Callable[[Any], Any], pixels: list[tuple[int, int]] | None
) -> None:
    """A record is a copy, for a whole value and for a selection."""
    value = kind([[1.0, 2.0]])
    mask = kind([[True, True]])

    def program() -> None:
        tk.tap(value, "plain", "slow fast")
        tk.tap(value, "masked", "slow fast", where=mask)
        value[:] = 0
        mask[:] = False

    trace = recorded(program, pixels=pixels)
    expected = [2.0] if pixels == [(0, 1)] else [1.0, 2.0]
    assert stored(trace, "plain").tolist() == expected
    assert stored(trace, "masked").tolist() == expected


def test_a_traced_function_is_a_scope_and_a_tap() -> None:
    """Its result is recorded under its name, part by part."""

    @tk.traced
    def both(x: float) -> tuple[float, dict[str, Any]]:
        """Two results."""
        return 2 * x, {"sum": np.ones(2), "word": "unrecorded"}

    @tk.traced(name="image", dims="slow fast", unit="photon")
    def picture() -> torch.Tensor:
        return torch.eye(2)

    assert both.__doc__ == "Two results."
    trace = recorded(lambda: (both(1.0), picture()))
    assert trace.taps == ("both.0", "both.1.sum", "image")
    assert about(trace, "image")["unit"] == "photon"
    assert grid(trace, "image") == {"slow": (0, 2), "fast": (0, 2)}
    assert both(1.0)[0] == 2.0


@pytest.mark.parametrize(
    "part",
    [np.array(["a"]), np.finfo(float), 2**64, -(2**63) - 1, torch.float32],
)
def test_a_traced_function_passes_on_what_is_no_number(part: Any) -> None:
    """Texts, types and integers beyond 64 bits go untapped."""

    @tk.traced
    def parts() -> tuple[Any, ...]:
        return 1, part, 2**64 - 1

    assert recorded(parts).taps == ("parts.0", "parts.2")


@dataclass
class Node:
    """A result that knows what it is a part of."""

    value: float
    parent: Any = None
    later: Any = field(init=False, repr=False)


def test_a_dataclass_may_lack_a_field_and_lead_back_to_itself() -> None:
    """What isn't set yet is no part, and each is tapped once on the way."""

    @tk.traced
    def tree() -> Node:
        root = Node(1.0)
        root.parent = [Node(2.0, parent=root)]
        return root

    assert recorded(tree).taps == ("tree.value", "tree.parent.0.value")


def test_facts_are_kept_and_the_last_word_counts() -> None:
    """A fact has a number or a text, a unit, and may decide or not."""

    def program() -> None:
        tk.config("fluence", 1.0, "photon/m^2")
        tk.config("fluence", 1e29, "photon/m^2")
        tk.config("convention", "MOSFLM")
        tk.config("seed", 2**60 + 1, decisive=False)

    rows = {
        row["key"]: row
        for row in recorded(program).tables["config"].to_pylist()
    }
    assert rows["fluence"]["value"] == 1e29
    assert rows["fluence"]["unit"] == "photon/m^2"
    assert (rows["convention"]["text"], rows["convention"]["value"]) == (
        "MOSFLM",
        None,
    )
    assert rows["seed"]["text"] == str(2**60 + 1)
    assert [rows[key]["decisive"] for key in sorted(rows)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "fact", [(3, 1.0), ("a", 1.0, 3), ("a", "\udc80"), (None, 1.0)]
)
def test_a_fact_that_cannot_be_stored_is_told_at_once(
    fact: tuple[Any, ...],
) -> None:
    """At the end it would cost the trace."""
    with tk.record() as recording:
        tk.tap(1.0, "t")
        with pytest.raises(TapError, match=r"config\(.*is no text"):
            tk.config(*fact)
    assert recording.trace.taps == ("t",)


def test_a_fact_that_is_neither_number_nor_text_is_refused() -> None:
    """The error says what to give instead."""
    with tk.record(), pytest.raises(TapError, match=r"str\(\.\.\.\)"):
        tk.config("path", Path("x"))  # type: ignore[arg-type]


def test_input_files_are_known_by_content(tmp_path: Path) -> None:
    """Size and SHA-256 of a file are those of the moment it was stated."""
    file = tmp_path / "P1.hkl"
    file.write_bytes(b"abc")

    def program() -> None:
        tk.input_file(file)
        tk.input_file(str(file), role="side")
        file.write_bytes(b"changed")

    rows = recorded(program).tables["file"].to_pylist()
    assert [row["role"] for row in rows] == ["input", "side"]
    assert {row["name"] for row in rows} == {"P1.hkl"}
    assert {row["size"] for row in rows} == {3}
    assert {row["sha256"][:8] for row in rows} == {"ba7816bf"}


def test_an_input_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The error names the file."""
    with tk.record(), pytest.raises(TapError, match="nothing"):
        tk.input_file(tmp_path / "nothing")
    role: Any = "sidee"
    with tk.record(), pytest.raises(TapError, match="expected one of input"):
        tk.input_file(tmp_path, role)


def test_nothing_happens_while_nothing_records(tmp_path: Path) -> None:
    """Scopes, facts and files cost nothing and look at nothing when off."""
    with tk.scope("loop", phi=0.5):  # type: ignore[arg-type]
        tk.config("path", tmp_path)  # type: ignore[arg-type]
        tk.input_file(tmp_path / "nothing")


def test_a_program_can_ask_whether_anything_records() -> None:
    """It is so inside the block and nowhere else."""
    before = tk.is_recording()
    with tk.record():
        inside = tk.is_recording()
    assert (before, inside, tk.is_recording()) == (False, True, False)


def test_functions_that_return_before_their_values_are_refused() -> None:
    """A generator's or a coroutine's values would be lost in silence."""

    def generator() -> Iterator[float]:
        yield 1.0

    async def coroutine() -> float:
        return 1.0

    for function in (generator, coroutine):
        with pytest.raises(TapError, match="tap them in its body"):
            tk.traced(function)


@pytest.mark.parametrize("value", [1.0, np.eye(2), torch.eye(2)], ids=repr)
@pytest.mark.parametrize(
    "options", [{}, {"pixels": [(0, 0)]}, {"taps": ["t"]}]
)
@pytest.mark.parametrize("name", [5, "\udc80", ["a"]])
def test_a_name_that_is_no_text_is_an_error_at_its_tap(
    name: Any, options: dict[str, Any], value: Any
) -> None:
    """It says so whatever is recorded, and the events before it are kept."""
    dims = "slow fast" if np.ndim(value) else ""
    with tk.record(**options) as recording:
        tk.tap(1.0, "t")
        with pytest.raises(TapError, match="name is a text"):
            tk.tap(value, name, dims)
        with pytest.raises(TapError, match="name is a text"):
            tk.is_recording(name)
        with tk.record(), pytest.raises(TapError, match="name is a text"):
            tk.tap(value, name, dims)
    assert recording.trace.taps == ("t",)


def test_a_name_that_is_no_text_is_an_error_without_torch() -> None:
    """A program that doesn't load it is told the same."""
    program = (
        "import sys, tracekit as tk\n"
        "with tk.record():\n"
        "    try: tk.tap(1.0, ['a'])\n"
        "    except tk.TracekitError as e: print(e, 'torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "tap ['a']: a tap's name is a text" in done.stdout
    assert done.stdout.endswith("False\n")


@pytest.mark.parametrize("transform", [torch.func.vmap, torch.func.grad])
def test_a_name_that_is_no_text_is_an_error_in_transformed_code(
    transform: Any,
) -> None:
    """torch.func's functions are told the same, too."""

    def program(x: torch.Tensor) -> torch.Tensor:
        return tk.tap(x * 2, ["a"])  # type: ignore[arg-type]

    x = torch.ones(2) if transform is torch.func.vmap else torch.ones(())
    with tk.record(), pytest.raises(TapError, match="name is a text"):
        transform(program)(x)


def test_a_unit_that_is_no_text_is_an_error_at_its_tap() -> None:
    """The events before it are kept."""
    with tk.record() as recording:
        tk.tap(1.0, "t")
        with pytest.raises(TapError, match="unit 5 is no text"):
            tk.tap(1.0, "u", unit=5)  # type: ignore[arg-type]
    assert recording.trace.taps == ("t",)


@pytest.mark.parametrize(
    "function", [property(id), partial(pow, 2.0), tk.Trace, classmethod(id)]
)
def test_what_is_no_function_with_a_name_is_not_traced(function: Any) -> None:
    """A class stays one, and a partial is traced under a name."""
    with pytest.raises(TapError, match="is no function with a name"):
        tk.traced(function)
    square = tk.traced(name="power")(partial(pow, 2.0))
    assert recorded(lambda: square(2.0)).taps == ("power",)


def test_is_recording_of_a_tap() -> None:
    """It says whether one of the recordings takes a tap, without firing it."""
    assert not tk.is_recording("F_latt")
    with tk.record(taps=["F_*", "R"]) as one:
        tk.tap(1.0, "R")
        asked = [tk.is_recording(name) for name in ("F_latt", "R", "omega")]
        with tk.record():
            assert tk.is_recording("omega")
    assert asked == [True, True, False]
    assert one.trace.taps == ("R",)
    with (
        pytest.raises(RecordingError, match="'R' never fired"),
        tk.record(taps=["R"]),
    ):
        assert tk.is_recording("R")
