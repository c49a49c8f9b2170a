"""Tolerances from runs that are accepted as equal.

Two machines, two compilers, or one program whose inputs were moved by an ulp:
how far apart their taps lie is what rounding does here, and a port can't be
asked for more. ``calibrate`` measures that and writes it down as a policy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from tracekit.comparison.compare import Comparison, compare
from tracekit.comparison.figures import count, rounded_up
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.errors import CompareError
from tracekit.open import as_trace
from tracekit.storage.trace import Trace

FACTOR = 10.0
# A larger rtol says that numbers lie near zero: they are given an atol.
_LARGEST_RTOL = 1e-3
_EPSILON = {
    "float32": 2.0**-23,
    "complex64": 2.0**-23,
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
}
_DOUBLE = 2.0**-52
_NOTHING_ALLOWED = Policy((Tolerance(rtol=0.0),))


@dataclass(frozen=True, slots=True)
class Spread:
    """How far apart the runs' numbers of one tap lie.

    Args:
        tap: its name.
        epsilon: the relative step of its coarsest type.
        rtol: the smallest that makes all pairs close, None if none does.
        atol: the same without any rtol.
        runs: the two runs that are farthest apart.
    """

    tap: str
    epsilon: float
    rtol: float | None
    atol: float
    runs: str


def calibrate(
    runs: Sequence[Trace | str | Path],
    *,
    factor: float = FACTOR,
    names: Sequence[str] = (),
) -> str:
    """A policy under which runs that are accepted as equal are close.

    Each run is compared with each other one, nothing allowed. A tap's rtol is
    the smallest that would have passed, times ``factor``, and at least
    ``factor`` units in the last place; where that is above 1e-3, beside zeros
    and between integers it is an atol, found in the same way. Texts, and
    integers that never differed, stay exact.

    Args:
        runs: traces, logs, or paths of either; two at least.
        factor: safety factor, 1 at least; the runs show a part of what can
            happen.
        names: what the policy calls the runs; their paths by default.

    Returns:
        The text of a policy file, with what it was made from.

    Raises:
        CompareError: fewer than two runs, runs without a number in common, or
            runs that no tolerance makes close: another problem, a gap, a NaN
            on one side, texts that differ.
    """
    if len(runs) < 2:
        raise CompareError(
            f"calibrating takes two runs or more, not {len(runs)}: a "
            "tolerance is how far apart runs lie that are accepted as equal"
        )
    if not 1 <= factor < float("inf"):
        raise CompareError(f"the safety factor is {factor}; give 1 or more")
    names = names or [_named(run, n) for n, run in enumerate(runs, 1)]
    traces = [as_trace(run) for run in runs]
    spreads: dict[str, Spread] = {}
    for one, two in combinations(range(len(runs)), 2):
        pair = f"{names[one]} and {names[two]}"
        result = compare(traces[one], traces[two], policy=_NOTHING_ALLOWED)
        _refuse_what_no_tolerance_covers(result, pair)
        for row in result.taps:
            _widen(spreads, row, pair, traces[one])
    return _policy_text(list(spreads.values()), names, factor)


def _named(run: Trace | str | Path, number: int) -> str:
    if isinstance(run, Trace):
        return str(run.path or f"recording {number}")
    return str(run)


def _refuse_what_no_tolerance_covers(result: Comparison, pair: str) -> None:
    differing = [
        row["key"]
        for row in result.configuration
        if row["decisive"] and row["kind"] == "differs"
    ]
    gaps = [f"{gap['tap']}: {gap['reason']}" for gap in result.gaps]
    odd = [
        row["tap"]
        for row in result.taps
        if row["nan_mismatches"]
        or row["text_mismatches"]
        or (row["diverged"] and row["least_atol"] is None)
    ]
    for what, found in (
        ("solved different problems", differing),
        ("don't have the same taps", gaps),
        ("differ in a NaN, an infinity or a text", odd),
    ):
        if found:
            raise CompareError(
                f"{pair} {what}, which no tolerance covers: "
                f"{', '.join(found[:3])}; 'tracekit compare' shows all"
            )
    if not result.summary["compared"]:
        raise CompareError(
            f"{pair} have no number in common, so nothing says how far apart "
            "runs lie; give runs whose taps hold values"
        )


def _widen(
    spreads: dict[str, Spread], row: dict[str, Any], pair: str, trace: Trace
) -> None:
    tap = row["tap"]
    if row["least_atol"] is None:
        return  # texts, or NaN on both sides: nothing to measure
    found = Spread(
        tap, _epsilon(trace, tap), row["least_rtol"], row["least_atol"],
        pair,
    )  # fmt: skip
    known = spreads.get(tap, found)
    none = known.rtol is None or found.rtol is None
    farther = found if found.atol > known.atol else known
    spreads[tap] = Spread(
        tap,
        max(known.epsilon, found.epsilon),
        None if none else max(known.rtol or 0.0, found.rtol or 0.0),
        max(known.atol, found.atol),
        farther.runs,
    )


def _epsilon(trace: Trace, name: str) -> float:
    taps = trace.tables["tap"].select(["name", "dtype"]).to_pylist()
    return max(
        _EPSILON.get(tap["dtype"], _DOUBLE)
        for tap in taps
        if tap["name"] == name
    )


def _policy_text(
    spreads: list[Spread], names: Sequence[str], factor: float
) -> str:
    pairs = len(names) * (len(names) - 1) // 2
    floor = rounded_up(factor * _DOUBLE, 2)
    head = [
        f"# Proposed by 'tracekit calibrate' from {len(names)} runs that are",
        f"# accepted as equal ({count(pairs, 'pair')} compared):",
        *(f"#   {json.dumps(name)}" for name in names),
        "# Each tolerance is the smallest that would have passed, times the",
        f"# safety factor {factor:g}, or that many units in the last place.",
        "",
        "[default]",
        f"rtol = {floor}",
        f"reason = {_quoted(f'{factor:g} units in the last place')}",
    ]
    # a name that reads as a pattern comes first, for the last rule counts
    rules = [
        _rule(spread, factor)
        for spread in sorted(
            spreads, key=lambda s: not set(s.tap) & set("*?[")
        )
        if _rtol(spread, factor) != floor
    ]
    return "\n".join([*head, *rules]) + "\n"


def _rtol(spread: Spread, factor: float) -> str | None:
    """The tap's rtol, None where it needs an atol."""
    if spread.rtol is None or factor * spread.rtol > _LARGEST_RTOL:
        return None
    return rounded_up(factor * max(spread.rtol, spread.epsilon), 2)


def _rule(spread: Spread, factor: float) -> str:
    rtol = _rtol(spread, factor)
    bound = (
        f"atol = {rounded_up(factor * spread.atol, 2)}"
        if rtol is None
        else f"rtol = {rtol}"
    )
    measured = (
        f"largest error {spread.atol:.3g}, near or beside zeros or between "
        "integers"
        if rtol is None
        else f"largest relative error {spread.rtol:.3g}"
    )
    return "\n".join(
        (
            "",
            "[[tap]]",
            f"name = {_quoted(spread.tap)}",
            bound,
            f"reason = {_quoted(f'{measured}, between {spread.runs}')}",
        )
    )


def _quoted(text: str) -> str:
    """A text as TOML writes it, which is JSON but for one character."""
    return json.dumps(text).replace("\x7f", "\\u007f")
