"""Two sides, one of which lacks a tap: what tests of derived taps share."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.queries.blueprint import fired, traced
from tracekit.comparison.compare import Comparison, compare
from tracekit.comparison.derived import with_derived
from tracekit.comparison.policy import Derived, Policy
from tracekit.schema import Event
from tracekit.storage.trace import Trace

R = np.linspace(0.1, 0.2, 6).reshape(2, 3)


IMAGE: dict[str, Any] = {"slow": range(2), "fast": range(3)}


OBLIQUITY = Derived("obliquity", "close / R", origin="policy.toml:7")


def held(
    actual: list[Event] | Trace,
    expected: list[Event] | Trace,
    *rules: Derived,
    **said: Any,
) -> Comparison:
    """What compare makes of two sides under these rules."""
    sides = [
        side if isinstance(side, Trace) else traced(*side)
        for side in (actual, expected)
    ]
    return compare(*sides, policy=Policy(derived=rules, **said))


def row_of(found: Comparison, tap: str) -> dict[str, Any]:
    """The row of one tap."""
    (row,) = (row for row in found.taps if row["tap"] == tap)
    return row


def made(
    ours: list[Event] | Trace, theirs: list[Event] | Trace, *rules: Derived
) -> tuple[Trace, dict[str, str]]:
    """One side with what it was given, and why not what it wasn't."""
    sides = [
        side if isinstance(side, Trace) else traced(*side)
        for side in (ours, theirs)
    ]
    found, _, rows = with_derived(sides[0], sides[1], rules)
    return found, {str(row[0]): str(row[-1]) for row in rows if row[-1]}


def port() -> list[Event]:
    """A program that never computes the obliquity."""
    return [fired("close", 0.1, unit="m"), fired("R", R, unit="m", **IMAGE)]


def original(error: float = 0.0) -> list[Event]:
    """One that prints it first."""
    obliquity = 0.1 / R + error * (R[1, 2] == R)
    return [fired("obliquity", obliquity, line=5, **IMAGE), *port()]
