"""Reads recorded traces back in the plainest way there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

import tracekit as tk

Array = npt.NDArray[Any]
Cells = dict[frozenset[tuple[str, int]], Any]
# a command of tracekit, in this process: its status and both streams
Cli = Callable[..., tuple[int, str, str]]

# any accelerator of PyTorch that has streams, so none of Apple's
GPU = (
    torch.accelerator.current_accelerator().type  # type: ignore[union-attr]
    if torch.accelerator.is_available()
    else "none"
)
HAS_GPU = GPU not in ("none", "mps")
needs_gpu = pytest.mark.skipif(not HAS_GPU, reason="no GPU is here")


def recorded(program: Callable[[], object], /, **options: Any) -> tk.Trace:
    """The trace of a program, recorded with these options."""
    with tk.record(**options) as recording:
        program()
    return recording.trace


def number_of(trace: tk.Trace, name: str) -> int:
    """The number of the only tap of this name."""
    taps = trace.tables["tap"].to_pylist()
    (number,) = [tap["tap_id"] for tap in taps if tap["name"] == name]
    return int(number)


def about(trace: tk.Trace, name: str) -> dict[str, Any]:
    """The row of the only tap of this name."""
    rows: list[dict[str, Any]] = trace.tables["tap"].to_pylist()
    return rows[number_of(trace, name)]


def stored(trace: tk.Trace, name: str) -> Array:
    """The numbers of a tap, sorted by coordinate."""
    table = trace.elements(number_of(trace, name))
    for column in ("float", "integer", "unsigned"):
        if column in table.column_names:
            return np.asarray(table[column].to_numpy())
    raise AssertionError(f"{name} has no numbers: {table.column_names}")


def grid(trace: tk.Trace, name: str) -> dict[str, tuple[int, int]]:
    """Origin and extent of each dim of a tap."""
    number = number_of(trace, name)
    return {
        row["dim"]: (row["origin"], row["extent"])
        for row in trace.tables["grid"].to_pylist()
        if row["tap_id"] == number
    }


def labels(trace: tk.Trace, name: str) -> list[str]:
    """Labels of a tap's components."""
    number = number_of(trace, name)
    (found,) = [
        row["labels"]
        for row in trace.tables["grid"].to_pylist()
        if row["tap_id"] == number and row["dim"] == "component"
    ]
    return list(found)


def cells(trace: tk.Trace, name: str) -> Cells:
    """The numbers of a tap by coordinate; no entry if it never fired."""
    if name not in trace.taps:
        return {}
    axes = grid(trace, name)
    places = trace.elements(number_of(trace, name))["ordinal"].to_pylist()
    found: Cells = {}
    for place, value in zip(places, stored(trace, name), strict=True):
        index, rest = {}, place
        for dim, (origin, extent) in reversed(axes.items()):
            rest, local = divmod(rest, extent)
            index[dim] = local + origin
        assert rest == 0
        found[frozenset(index.items())] = value.item()
    assert len(found) == len(places)
    return found


def firings(trace: tk.Trace) -> list[dict[str, Any]]:
    """Every event in the order of firing, with its numbers."""
    taps = trace.tables["tap"].to_pylist()
    axes: dict[int, list[str]] = {}
    for row in trace.tables["grid"].to_pylist():
        axes.setdefault(row["tap_id"], []).append(row["dim"])
    found = []
    for event in trace.tables["event"].to_pylist():
        number = event["tap_id"]
        dims = [d for d in axes.get(number, []) if d != "occurrence"]
        places = zip(event["grid_origin"], event["grid_extent"], strict=True)
        table = trace.elements(number)
        column = table.column_names[2]
        mine = np.asarray(table["event"]) == event["event"]
        found.append(
            {
                "tap": taps[number]["name"],
                "unit": taps[number]["unit"],
                "dtype": taps[number]["dtype"],
                "axes": dict(zip(dims, places, strict=True)),
                "phase": event["phase"],
                "at": (event["file"], event["line"]),
                "values": table[column].to_numpy()[mine],
            }
        )
    return found


def assert_same_firings(actual: tk.Trace, expected: tk.Trace) -> None:
    """The same taps, coordinates, order and lines; values to 1e-12."""
    ours, theirs = firings(actual), firings(expected)
    names = [event["tap"] for event in theirs]
    assert [event["tap"] for event in ours] == names
    for one, other in zip(ours, theirs, strict=True):
        values, wanted = one.pop("values"), other.pop("values")
        assert one == other, (one, other)
        np.testing.assert_allclose(values, wanted, 1e-12, 1e-13)
