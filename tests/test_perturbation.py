"""Inputs that are moved by one unit in the last place."""

from __future__ import annotations

import math
import sys
import tempfile
import tomllib
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tracekit as tk
from tracekit.comparison.calibrate import calibrate
from tracekit.errors import CompareError
from tracekit.perturbation import (
    calibrate_command,
    moved_arguments,
    one_ulp,
    perturbed_calls,
    way,
)

SEED = way(7)


class Beam(NamedTuple):
    """A program's own kind of input."""

    wavelength: float
    cells: int


@settings(max_examples=50)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_moves_to_its_neighbour(value: float) -> None:
    """It is one of the two floats beside it, never the same."""
    beside = {math.nextafter(value, end) for end in (math.inf, -math.inf)}
    assert one_ulp(value, SEED) in beside


def test_only_floats_move() -> None:
    """Counts, texts and flags stay; containers keep their type."""
    given = {"a": Beam(1.5, 3), "b": ["x", True, 2]}
    moved = one_ulp(given, SEED)
    assert type(moved["a"]) is Beam
    assert moved["a"].cells == 3
    assert abs(moved["a"].wavelength - 1.5) == 2.0**-52
    assert moved["b"] == given["b"]
    assert one_ulp(np.arange(3), SEED).tolist() == [0, 1, 2]
    assert one_ulp(torch.arange(3), SEED).tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_arrays_and_tensors(dtype: str) -> None:
    """Each number moves by one step of its own type, up or down."""
    array = np.full(64, 1.5, dtype)
    step = np.spacing(array[0])
    moved = one_ulp(array, SEED)
    assert moved.dtype == array.dtype
    assert {float(x) for x in moved - array} == {-float(step), float(step)}
    if dtype != "float16":
        tensor = torch.from_numpy(array).requires_grad_()
        found = one_ulp(tensor, SEED)
        assert (found.dtype, found.requires_grad) == (tensor.dtype, True)
        assert set((found - tensor).tolist()) == {-float(step), float(step)}


def test_a_function() -> None:
    """What cancellation makes of one ulp is what its tolerance allows."""

    def program(x: Any) -> None:
        tk.tap(x - 1.0, "difference")
        tk.tap(2 * x, "double")

    runs = perturbed_calls(program, 1 + 2.0**-20, times=2)
    assert len(runs) == 3
    rules = tomllib.loads(calibrate(runs, factor=1.0))["tap"]
    allowed = {rule["name"]: rule["rtol"] for rule in rules}
    assert 2.0**-33 < allowed["difference"] < 2.0**-30
    assert allowed.get("double", 0) < 1e-15


def test_which_arguments_move() -> None:
    """Those that are spelled as floats, in lists and behind = too."""
    command = ["c", "-n", "5", "-r", "0.5", "-d=1e3", "-v", "1.0,2,.5"]
    command += ["a.1.5", "v1.5", "-x", "-1.5"]
    moved = moved_arguments(command, SEED)
    changed = [i for i, part in enumerate(moved) if part != command[i]]
    assert changed == [4, 5, 7, 11]
    assert float(moved[5].removeprefix("-d=")) == pytest.approx(1000, 1e-15)
    assert [float(x) for x in moved[7].split(",")] == pytest.approx(
        [1, 2, 0.5], 1e-15
    )


PROGRAM = """
import sys
import tempfile
x = float(sys.argv[1])
print(f"TRACEKIT tap difference : {x - 1.0:.17g}")
sys.exit(len(sys.argv) - 2)
"""


def test_a_command() -> None:
    """The command runs with its floats moved; the policy names each run."""
    command = [sys.executable, "-I", "-c", PROGRAM, "1.0009765625"]
    text = calibrate_command(command, times=2, factor=1.0, dialect="tracekit")
    (rule,) = tomllib.loads(text)["tap"]
    assert 2.0**-43 < rule["rtol"] < 2.0**-40
    assert "from 3 runs" in text
    assert "1.0009765625000002" in text or "1.0009765624999998" in text
    # the runs' own place is gone by now; Python may well lie below it
    assert tempfile.gettempdir() not in text.replace(sys.executable, "")
    with pytest.raises(CompareError, match="nothing to move"):
        calibrate_command([*command[:-1], "1"], dialect="tracekit")
    with pytest.raises(CompareError, match="ended with status 1"):
        calibrate_command([*command, "0.5"], dialect="tracekit")
