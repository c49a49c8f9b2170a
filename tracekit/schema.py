"""The words of a trace as types: what one event is, and what a run states.

Recorders and log readers both produce what this file defines, so nothing
behind it knows which program spoke. Units are spelled out in a column, never
in a name. What is stored of it stands in ``columns``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tracekit.columns import COMPONENT as COMPONENT
from tracekit.columns import FORMAT_VERSION as FORMAT_VERSION
from tracekit.columns import OCCURRENCE as OCCURRENCE
from tracekit.columns import STATISTIC as STATISTIC
from tracekit.columns import Role as Role

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Kind = Literal["float", "int", "uint", "bool", "text"]
State = Literal["index", "counted", "fixed", "unknown"]
Need = Literal["required", "optional", "ignored"]
CoverageKind = Literal["all", "selected", "unknown"]


@dataclass(frozen=True, slots=True)
class Axis:
    """One dim of an event: which indices it holds.

    Args:
        dim: the name; an axis and a loop index of one name are the same thing.
        origin: the first index.
        extent: how many indices; a loop index has one.
        state: how the index is known. ``index``: stated. ``counted``: counted
            back in a declared loop nest. ``fixed``: only this index is ever
            reported (a log that prints source 0 alone). ``unknown``: not
            stated; matched by order and flagged.
        labels: names of the indices, for components ("x", "y", "z").
    """

    dim: str
    origin: int = 0
    extent: int = 1
    state: State = "index"
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One firing of a tap.

    ``values`` holds the elements in row-major order of the box that ``axes``
    span, or, with ``positions``, those at these row-major positions only
    (ascending). Complex values arrive as two components.

    Args:
        tap: the tap's name.
        values: 1-D array in the native type: float32/64, any integer, or bool.
            Text elements (and placeholders) stand in ``text``.
        axes: the dims, components last (``COMPONENT``, flattened).
        kind: what the numbers are.
        dtype: the program's own name of the type ("bfloat16", "float64").
        unit: spelled out ("1/angstrom"), None where it isn't stated.
        family: which kind of line printed it, "" for a recorded tap,
            ``STATISTIC`` for what was made of one.
        need: whether the other side must have this tap too.
        positions: int64 positions inside the box, None for a full box.
        text: one entry an element: the original text where a number can't be
            rebuilt from its value and digits, else None.
        digits: significant digits that the print format carries, by element.
        quantum: decimal exponent of the last printed place, by element.
        file, line: where the event was read or fired.
        context: bound logger context, as text.
        phase: "forward"; later "backward" and "recompute".
        time_ns: wall-clock time since the epoch, 0 where unknown.
        thread: identifier of the thread, 0 where unknown.
        process: 0 for the process that records, its rank where there are
            several; forked children count on from there.
    """

    tap: str
    values: npt.NDArray[np.generic]
    axes: tuple[Axis, ...] = ()
    kind: Kind = "float"
    dtype: str = "float64"
    unit: str | None = None
    family: str = ""
    need: Need = "required"
    positions: npt.NDArray[np.int64] | None = None
    text: Sequence[str | None] | None = None
    digits: npt.NDArray[np.int16] | None = None
    quantum: npt.NDArray[np.int16] | None = None
    file: str = ""
    line: int = 0
    context: str = ""
    phase: str = "forward"
    time_ns: int = 0
    thread: int = 0
    process: int = 0


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """One fact about a run: a number (``value``), a text (``text``) or both.

    Args:
        key: the fact's name ("hkls", "fluence").
        value: the number, None for a text.
        text: the text, or the number as it was printed.
        unit: as for taps.
        digits, quantum: as for elements; None where the number is exact.
        decisive: two runs that differ here solve different problems.
        origin: "file:line", or who said it.
    """

    key: str
    value: float | None = None
    text: str | None = None
    unit: str | None = None
    digits: int | None = None
    quantum: int | None = None
    decisive: bool = True
    origin: str = ""


@dataclass(frozen=True, slots=True)
class FileUse:
    """A file that a run read, wrote or was; the hash may be unknown (None).

    ``input`` was named by the user, ``side`` picked up by the program,
    ``present`` lay in its working directory when it began.
    """

    name: str
    role: Role
    sha256: str | None = None
    size: int | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was not understood: kept, counted and shown."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Declared:
    """A tap that a program is known to have, whether or not it fired.

    A side without declarations may have any tap; a log has only those that
    its dialect declares.

    Args:
        tap: the tap's name.
        need: as for events.
        family: which kind of line prints it, "" where that isn't said.
        derived: an expression over other taps that a side without this one
            may hold beside it; see ``expressions``.
        unit: the expression's unit.
        origin: file:line of the expression.
    """

    tap: str
    need: Need = "required"
    family: str = ""
    derived: str | None = None
    unit: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which coordinates of some dims a side reports.

    Args:
        dims: the dims that are selected together, as ("slow", "fast").
        kind: ``selected`` stands for those in ``selected`` only.
        selected: index tuples, in the order of ``dims``; many as an array.
        tap: the tap it holds for; "" for all taps.
    """

    dims: tuple[str, ...]
    kind: CoverageKind = "selected"
    selected: tuple[tuple[int, ...], ...] | npt.NDArray[np.int64] = ()
    tap: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a program.

    ``declares`` is True where ``declared`` lists every tap that the program
    can report (a dialect), False where any tap may come (a recording).
    """

    program: str = ""
    family: str = ""
    started: str = ""
    argv: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    pixel_dims: tuple[str, str] = ("slow", "fast")
    selected_taps: tuple[str, ...] = ()
    declares: bool = False
