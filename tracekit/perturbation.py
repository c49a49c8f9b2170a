"""Runs of one program whose inputs lie one unit in the last place apart.

How far their taps lie apart is what rounding alone does to this program: the
second way in which ``calibrate`` finds tolerances.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tracekit.capture.record import record
from tracekit.comparison.calibrate import FACTOR, calibrate
from tracekit.errors import CompareError
from tracekit.processes.opened import Way
from tracekit.processes.streams import ending
from tracekit.programs import run
from tracekit.storage.trace import Trace

# Where each number of a shape goes: to infinity or to minus infinity.
Draw = Callable[[tuple[int, ...]], Any]
# A number that is spelled as a float; a whole number may be a count.
_FLOAT = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?(?![\w.])"
)
_NUMBERS = re.compile(r"(?:[-\w]+=)?[-+.,\deE]+")


def one_ulp(value: Any, draw: Draw) -> Any:
    """The value with each float in it moved to a float beside it.

    Args:
        value: a float, an array or a tensor of any floating type, or lists,
            tuples and dicts of these; anything else stays as it is.
        draw: decides for each number whether it goes up or down, see ``way``.

    >>> one_ulp([1.0, 3], way(1))
    [1.0000000000000002, 3]
    """
    if isinstance(value, dict):
        return {key: one_ulp(part, draw) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [one_ulp(part, draw) for part in value]
        named = hasattr(value, "_fields")
        return type(value)(*parts) if named else type(value)(parts)
    if isinstance(value, float | np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind != "f":
            return value
        ends = draw(array.shape).astype(array.dtype)
        with np.errstate(all="ignore"):  # next to the largest is infinity
            moved = np.nextafter(array, ends)
        return moved if isinstance(value, np.ndarray) else type(value)(moved)
    if hasattr(value, "new_tensor") and value.is_floating_point():
        ends = value.new_tensor(draw(tuple(value.shape)))
        moved = value.detach().nextafter(ends)
        return moved.requires_grad_(value.requires_grad)
    return value


def way(number: int) -> Draw:
    """All up, all down, and from 3 on each as it is drawn."""
    if number <= 2:
        end = np.inf if number == 1 else -np.inf
        return lambda shape: np.full(shape, end)
    generator = np.random.default_rng(number)
    return lambda shape: np.where(
        generator.integers(2, size=shape), np.inf, -np.inf
    )


def perturbed_calls(
    program: Callable[..., object], *inputs: Any, times: int = 4
) -> list[Trace]:
    """Recordings of a function: with its inputs, and with them moved.

    Args:
        program: a function with taps; what it returns is not used.
        inputs: its arguments; every float in them is moved, see ``one_ulp``.
        times: in how many ways they are moved; the draws are always the same.

    >>> import tracekit as tk
    >>> calls = perturbed_calls(lambda x: tk.tap(x * x, "square"), 3.0)
    >>> print(calibrate(calls).splitlines()[-2])
    rtol = 6e-15
    """
    traces = []
    for number in range(times + 1):
        moved = one_ulp(inputs, way(number)) if number else inputs
        with record() as recording:
            program(*moved)
        traces.append(recording.trace)
    return traces


def moved_arguments(argv: Sequence[str], draw: Draw) -> list[str]:
    """A command with each argument that is spelled as a float moved.

    >>> moved_arguments(["./c", "-n", "5", "f1.5.img", "1.0"], way(2))
    ['./c', '-n', '5', 'f1.5.img', '0.9999999999999999']
    """
    return [
        argv[0],
        *(
            _FLOAT.sub(lambda m: repr(one_ulp(float(m[0]), draw)), argument)
            if _NUMBERS.fullmatch(argument)
            else argument
            for argument in argv[1:]
        ),
    ]


def calibrate_command(
    argv: Sequence[str],
    *,
    times: int = 4,
    factor: float = FACTOR,
    dialect: str | None = None,
    files: Way = "auto",
) -> str:
    """A policy from runs of a command with its float arguments moved.

    The command runs here once as it stands and then so often with each
    argument that is spelled as a float one unit in the last place up or down.

    Args:
        argv: the command.
        times: in how many ways its arguments are moved.
        factor: see ``calibrate``.
        dialect: how its log is spelled, as for ``tracekit.programs.run``.
        files: see ``programs.run``.

    Raises:
        CompareError: nothing to move, a run that failed, or as ``calibrate``.
        RecordingError, LogError: as ``programs.run``.
    """
    commands = [list(argv)]
    for number in range(1, times + 1):
        moved = moved_arguments(argv, way(number))
        if moved not in commands:
            commands.append(moved)
    if len(commands) == 1:
        raise CompareError(
            f"no argument of {shlex.join(argv)!r} is spelled as a float (0.1, "
            "1e-3), so there is nothing to move; calibrate runs of your own"
        )
    with tempfile.TemporaryDirectory() as place:
        traces = []
        for number, command in enumerate(commands):
            trace, status = run(
                command,
                trace=Path(place, str(number)),
                dialect=dialect,
                files=files,
            )
            if status:
                raise CompareError(
                    f"{shlex.join(command)!r} ended with status "
                    f"{ending(status)}; calibrate a command that succeeds"
                )
            traces.append(trace)
        names = [shlex.join(command) for command in commands]
        return calibrate(traces, factor=factor, names=names)
