"""Taps and coordinates that had to be there and were not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog

import tracekit as tk
from tests.helpers import recorded
from tracekit.errors import RecordingError


def program() -> None:
    """Two taps, one of them in a loop."""
    tk.tap(1.0, "scattering_vec")
    for phi in range(3):
        with tk.scope("phi", phi=phi):
            tk.tap(np.zeros((2, 3)), "F_latt", "slow fast")


def facts(trace: tk.Trace) -> dict[str, str]:
    """The facts of a run."""
    return dict(trace.tables["run"].to_pylist()[0]["facts"])


def ended(**options: Any) -> tuple[tk.Trace, str]:
    """The trace of the program, and the error that its recording ended in."""
    with pytest.raises(RecordingError) as caught, tk.record(**options) as made:
        program()
    return made.trace, str(caught.value)


def test_expected_taps_that_never_fired_are_one_error() -> None:
    """It names each with what is near, and the trace is there all the same."""
    names = ["scatering_vec", "F_*", "G_*", "fluence"]
    trace, message = ended(expect=names)
    assert trace.taps == ("scattering_vec", "F_latt")
    assert (
        "'scatering_vec' never fired; did you mean 'scattering_vec'?"
        in message
    )
    assert "'fluence' never fired" in message
    assert "'G_*'" in message
    assert "'F_*'" not in message
    missing = "scatering_vec, G_*, fluence"
    assert facts(trace)["never_recorded"] == missing
    assert recorded(program, expect=["F_*", "scattering_vec"]).taps


def test_an_error_of_the_program_hides_no_tap_that_is_missing() -> None:
    """Whatever its words are: only ``stop_when`` leaves no chance."""
    with (
        pytest.raises(ValueError, match="stopped at step 5"),
        tk.record(expect=["fluence"]) as recording,
    ):
        raise ValueError("stopped at step 5")
    assert facts(recording.trace)["never_recorded"] == "fluence"


def test_a_mistyped_name_to_record_is_an_error_and_a_glob_is_none() -> None:
    """A plain name in taps= means that this tap is there."""
    _, message = ended(taps=["F_lat", "scattering_vec"])
    assert "'F_lat' never fired; did you mean 'F_latt'?" in message
    assert recorded(program, taps=["G_*"]).taps == ()


def test_a_mistyped_name_to_reduce_is_an_error_and_a_glob_is_none() -> None:
    """A plain name in reduce= means that this tap fires."""
    trace, message = ended(reduce=["F_lat", "scattering_vec"])
    assert "'F_lat' never fired; did you mean 'F_latt'?" in message
    assert facts(trace)["never_recorded"] == "F_lat"
    assert "F_latt.count" in recorded(program, reduce=["F_latt", "G_*"]).taps
    recorded(program, reduce=["F_latt"], taps=["scattering_vec"])


def test_a_first_run_teaches_what_the_next_must_have(tmp_path: Path) -> None:
    """A trace or its path expects its taps, as far as taps= selects them."""
    with tk.record(tmp_path / "first"):
        program()
        tk.tap(1, "more")
    for first in (tk.read_trace(tmp_path / "first"), tmp_path / "first"):
        _, message = ended(expect=first)
        assert "'more' never fired" in message
        assert recorded(program, expect=first, taps=["F_*"]).taps


def test_a_tap_that_fired_elsewhere_only_is_told_apart() -> None:
    """The error says whether the selection or the program left it out."""
    _, message = ended(taps=["F_latt"], at={"phi": 7})
    assert "'F_latt' fired, but at none of the selected" in message
    _, message = ended(taps=["F_*"], expect=["scattering_vec"])
    assert "'scattering_vec' fired, but taps= leaves it out" in message


def test_the_error_of_the_program_stays_and_tells_of_the_other() -> None:
    """What is missing is a note on the program's own error."""
    with pytest.raises(ZeroDivisionError) as caught, tk.record(taps=["t"]):
        tk.tap(1 / 0, "t")
    (note,) = caught.value.__notes__
    assert "'t' never fired" in note


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"pixels": [(0, 0), (2, 0), (-1, 1)]}, "slow=-1 fast=1; slow=2"),
        ({"pixels": [(0, 3)]}, "slow=0 fast=3"),
        ({"at": {"phi": [1, 3]}}, "phi=3"),
        ({"at": {"fy": 0}}, "fy=0"),
    ],
)
def test_coordinates_outside_of_every_value_are_told(
    options: dict[str, Any], told: str
) -> None:
    """The log warns of them at the end, and the run record lists them."""
    with structlog.testing.capture_logs() as lines:
        trace = recorded(program, **options)
    assert facts(trace)["never_reached"].startswith(told)
    assert [line["log_level"] for line in lines] == ["warning"]


def test_coordinates_inside_are_not_told() -> None:
    """Pixels and indices that some value holds need no warning."""
    with structlog.testing.capture_logs() as lines:
        trace = recorded(program, pixels=[(1, 2)], at={"phi": [0, 2]})
    assert "never_reached" not in facts(trace)
    assert lines == []


def test_a_glob_in_taps_that_selects_nothing_is_told() -> None:
    """A trace without taps, for a letter that was mistyped, isn't silent."""
    with structlog.testing.capture_logs() as lines:
        trace = recorded(program, taps=["F_*", "f_*"])
    assert facts(trace)["selects_nothing"] == "f_*"
    (line,) = lines
    assert line["globs"] == "f_*"
    assert line["fired"] == "scattering_vec, F_latt"


def test_a_name_with_brackets_is_a_name() -> None:
    """It is recorded, expected and reduced as it stands, and not told."""
    name = "blocks[0]"
    options: Any = {"taps": [name], "expect": [name], "reduce": [name]}
    with tk.record(pixels=[(0, 1)], **options) as recording:
        tk.tap(np.ones((2, 3)), name, "slow fast")
    trace = recording.trace
    assert f"{name}.count" in trace.taps
    assert "selects_nothing" not in facts(trace)


def test_a_glob_that_was_left_out_says_so() -> None:
    """A glob's reason is that of the taps that it matches."""
    _, message = ended(taps=["scattering_vec"], expect=["F_*"])
    assert "'F_*' fired, but taps= leaves it out" in message
    _, message = ended(pixels=[(9, 9)], expect=["F_*"])
    assert "'F_*' fired, but at none of the selected coordinates" in message


@pytest.mark.parametrize("option", ["taps", "expect"])
def test_a_name_without_a_list_is_refused(option: str) -> None:
    """It is no list of letters, and no path."""
    options: dict[str, Any] = {option: "scattering_vec"}
    with pytest.raises(RecordingError, match="list"), tk.record(**options):
        program()
