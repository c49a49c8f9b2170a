"""Where two runs first differ, and where errors begin, in words.

This file computes nothing: each number was returned by a query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.comparison.figures import (
    count,
    number,
    short_path,
    shortened,
)
from tracekit.comparison.report_tables import needed

if TYPE_CHECKING:
    from tracekit.comparison.compare import Comparison, Row

_FAULTS = 6
_MANY = 1_000_000
_GROWN = 100


def first_divergence(comparison: Comparison) -> str:
    """The first divergence: place, both values, error and bound."""
    row = comparison.first_divergence
    if row is None:
        return (
            "First divergence: none." if comparison.summary["compared"] else ""
        )
    lines = [f"First divergence: {row['tap']}{_place(row)}"]
    lines += [
        f"  {side:<9} {_side_value(row, side):<24} {row['unit'] or ''}"
        f"{_where(row[f'{side}_line'])}"
        for side in ("actual", "expected")
    ]
    tap = next(tap for tap in comparison.taps if tap["tap"] == row["tap"])
    made = tap["derived"]
    if made:
        lines.append(
            f"  the {made['side']} side was given {row['tap']} = "
            f"{shortened(made['expression'])}, by "
            f"{short_path(made['origin'])}"
        )
    lines += [f"  {_error(row)}", f"  {_least(tap)}"]
    if row["reason"]:
        lines.append(f"  bound: {row['reason']}")
    return "\n".join(lines)


def faults(comparison: Comparison) -> str:
    """Independent faults, their kinds, and the pixels to trace next."""
    rows = comparison.faults
    if not rows:
        if comparison.summary["diverged"]:
            return (
                "Very many numbers diverged: 'tracekit query faults' says "
                "where errors begin."
            )
        return ""
    title = (
        "One fault" if len(rows) == 1 else f"{len(rows)} independent faults"
    )
    lines = [f"{title}, by where errors begin:"]
    for row in rows[:_FAULTS]:
        lines.append(f"  {row['tap']}: {_extent(row)}{_course(row)}")
        if row["class"] == "number":
            lines += [
                f"    {kind['kind']}: {kind['evidence']} ({_shown_by(kind)})"
                for kind in comparison.kinds
                if kind["tap"] == row["tap"]
            ]
    if len(rows) > _FAULTS:
        lines.append(
            f"  and {len(rows) - _FAULTS} more: tracekit query faults"
        )
    lines += _later_kinds(comparison)
    lines += [
        f"  The error grows at {row['tap']}: relative "
        f"{number(row['max_rel_error'])} after "
        f"{number(row['earlier_rel_error'])} before."
        for row in comparison.introduced
        if row["growth"] is not None and row["growth"] >= _GROWN
    ][:_FAULTS]
    pixels = ", ".join(
        f"({row['slow']}, {row['fast']})"
        for row in comparison.next_pixels[:_FAULTS]
        if None not in (row["slow"], row["fast"])
    )
    if pixels:
        lines.append(f"  Pixels to trace next: {pixels}")
    return "\n".join(lines)


def _later_kinds(comparison: Comparison) -> list[str]:
    """What later taps show that none did before: a fault may lie below one."""
    begun = {row["tap"] for row in comparison.faults}
    kinds = [kind for kind in comparison.kinds if kind["kind"] != "last bits"]
    said = {kind["evidence"] for kind in kinds if kind["tap"] in begun}
    lines = []
    for kind in kinds:
        if kind["evidence"] not in said:
            said.add(kind["evidence"])
            lines.append(
                f"    {kind['tap']}: {kind['kind']}: {kind['evidence']} "
                f"({_shown_by(kind)})"
            )
    if not lines:
        return []
    if len(lines) > _FAULTS:
        more = len(lines) - _FAULTS
        lines[_FAULTS:] = [f"    and {more} more: tracekit query error_kinds"]
    return ["  Later taps, by what they inherit or add:", *lines]


def _shown_by(kind: Row) -> str:
    numbers, diverged = kind["numbers"], count(kind["diverged"], "number")
    if numbers == kind["diverged"]:
        return f"{numbers} of {diverged}"
    return f"all {numbers} that were tried, of {diverged}"


def _extent(row: Row) -> str:
    what = "" if row["class"] == "number" else f"{row['class']}, "
    if row["pixels"] is None:
        return f"{what}no pixel"
    box = ", ".join(
        f"{dim} {low}" if low == high else f"{dim} {low}-{high}"
        for dim in ("slow", "fast")
        for low, high in ((row[f"{dim}_from"], row[f"{dim}_to"]),)
        if low is not None
    )
    return f"{what}{count(row['pixels'], 'pixel')} in {box}"


def _course(row: Row) -> str:
    """What became of a fault downstream."""
    parts = []
    if row["close_again"] is not None:
        parts.append(f"close again at {row['close_again']}")
    if row["diverged_after"] and row["last_tap"] is not None:
        end = "diverged" if row["reached"] else "close"
        parts.append(f"{end} at {row['last_tap']}, the last tap")
    return "".join(f"; {part}" for part in parts)


def _place(row: Row) -> str:
    parts = []
    pixel = {dim: row[dim] for dim in ("slow", "fast") if row[dim] is not None}
    if len(pixel) == 2:
        parts.append(f"at pixel ({row['slow']}, {row['fast']})")
        pixel = {}
    row = {**row, "coordinate": {**pixel, **row["coordinate"]}}
    loops = [f"{dim}={index}" for dim, index in row["coordinate"].items()]
    if loops:
        parts.append(" ".join(loops))
    if row["component"] is not None:
        parts.append(f"component {row['label'] or row['component']}")
    return " " + ", ".join(parts) if parts else ""


def _side_value(row: Row, side: str) -> str:
    for column in (f"{side}_text", f"{side}_exact", side):
        if row[column] is not None:
            return str(row[column]).removesuffix(".0")
    return "nothing"


def _where(line: str | None) -> str:
    return (
        f"  ({short_path(line)})" if line and not line.startswith(":") else ""
    )


def _error(row: Row) -> str:
    origin = short_path(row["origin"])
    if row["class"] != "number":
        return f"{_class(row)}: no tolerance of {origin} covers that"
    if row["allowed"] == 0 and row["actual_exact"] is not None:
        return (
            f"error {number(row['abs_error'])}; integers compare exactly: "
            f"no atol by {origin}"
        )
    ulps = "" if row["ulps"] is None else f", {_ulps(row['ulps'])}"
    return (
        f"error {number(row['abs_error'])}, relative "
        f"{number(row['rel_error'])}{ulps}; up to "
        f"{number(row['allowed'])} allowed by {origin}"
    )


def _class(row: Row) -> str:
    if row["class"] != "nan mismatch":
        return str(row["class"])
    side = "actual" if row["actual"] != row["actual"] else "expected"
    return f"NaN on the {side} side only"


def _ulps(ulps: int) -> str:
    return count(ulps, "ulp") if ulps < _MANY else f"{ulps:.3g} ulps"


def _least(row: Row) -> str:
    if row["nan_mismatches"] or row["text_mismatches"] or not needed(row):
        return f"no tolerance makes {row['tap']} close"
    return f"{row['tap']} would pass with {', or '.join(needed(row))}"
