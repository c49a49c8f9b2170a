"""A comparison in words: same problem? gaps, first divergence, every tap.

This file computes nothing: each number was returned by a query.
"""

from __future__ import annotations

import textwrap
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from tracekit.comparison.figures import (
    count,
    number,
    short_path,
    shortened,
    table,
    visible,
)
from tracekit.comparison.report_tables import (
    distributions,
    images,
    needed,
    plain,
    taps,
    tolerance,
)

if TYPE_CHECKING:
    from tracekit.comparison.compare import Comparison, Row

_SHOWN = 40
_FAULTS = 6
_WIDTH = 79
_HASH = 12
_MANY = 1_000_000
_GROWN = 100


def render(comparison: Comparison, *, every_tap: bool = False) -> str:
    """The whole report as plain text, 80 columns where names allow.

    Args:
        comparison: what was found.
        every_tap: show a diverged run's close taps too.
    """
    shown = printable(comparison)
    parts = [
        *findings(shown),
        plain(taps(shown, every_tap=every_tap)),
        plain(distributions(shown)),
        plain(images(shown, every_tap=every_tap)),
    ]
    return "\n\n".join(part for part in parts if part)


def printable(comparison: Comparison) -> Comparison:
    """The comparison with what names hold spelled out; see ``visible``."""
    return replace(
        comparison,
        **{
            field.name: visible(getattr(comparison, field.name))
            for field in fields(comparison)
        },
    )


def findings(comparison: Comparison) -> list[str]:
    """What stands before the tables: the verdict first, then why."""
    return [
        _heading(comparison),
        _problem(comparison),
        _gaps(comparison),
        _first(comparison),
        _faults(comparison),
    ]


_SENTENCE = {
    "close": "CLOSE: the two runs agree on all that was compared.",
    "diverged": "DIVERGED: the two runs differ.",
    "incomparable": "INCOMPARABLE: no number of one side meets the other's.",
}


def _heading(comparison: Comparison) -> str:
    lines = [
        _SENTENCE[comparison.verdict],
        f"  actual    {comparison.actual}",
        f"  expected  {comparison.expected}",
    ]
    for row in comparison.taps:
        if row["vacuous"]:
            lines.append(
                f"  warning: {row['tap']} would pass with zeros, too: "
                f"{tolerance(row)} by {short_path(row['origin'])}, largest "
                f"number {number(row['signal'])}"
            )
        if row["not_compared"]:
            lines.append(
                f"  warning: {row['tap']} could not be compared: it "
                f"{row['not_compared']}"
            )
    lines += [
        f"  warning: no tap is called {row['pattern']}, as "
        f"{short_path(row['origin'])} says; {row['near']} is"
        for row in comparison.unused_rules
        if row["near"]
    ]
    lines += [
        f"  warning: {row['tap']} has too few numbers to tell distributions "
        f"apart: {row['actual_numbers']} and {row['expected_numbers']}"
        for row in comparison.distributions
        if row["vacuous"] and row["close"]
    ]
    for side in ("actual", "expected"):
        unread = [row for row in comparison.rejects if row["side"] == side]
        if unread:
            first = unread[0]
            lines.append(
                f"  warning: {count(len(unread), 'line')} of the {side} side "
                f"not read, the first {short_path(first['file'])}:"
                f"{first['line']}: {first['reason']}"
            )
    return "\n".join(lines)


def _problem(comparison: Comparison) -> str:
    decisive = [row for row in comparison.configuration if row["decisive"]]
    differing = [row for row in decisive if row["kind"] == "differs"]
    stated_once = [row for row in decisive if row["kind"].endswith("only")]
    restated = [
        row for row in comparison.configuration if row["kind"] == "restated"
    ]
    if differing:
        verb = "differs" if len(differing) == 1 else "differ"
        answer = f"No: {count(len(differing), 'fact')} {verb}."
    elif stated_once:
        answer = "As far as both sides say, yes."
    else:
        answer = "Yes."
    lines = [f"Did both solve the same problem? {answer}"]
    if differing:
        lines += table(
            ("", "actual", "expected"), [_fact(row) for row in differing]
        )
    if stated_once:
        lines.append("  Stated on one side only, which is no difference:")
        for side, other in (("actual", "expected"), ("expected", "actual")):
            lines += _stated_by(side, other, stated_once)
    lines += [
        f"  warning: the {side} side states {row['key']} as {row[side]}; "
        "the last one counts"
        for row in restated
        for side in ("actual", "expected")
        if row[side] is not None
    ]
    return "\n".join(lines)


def _fact(row: Row) -> tuple[str, str, str]:
    unit = f" {row['unit']}" if row["unit"] not in (None, "1") else ""
    return (
        row["key"],
        *(
            "not stated" if row[side] is None else _hashed(row[side]) + unit
            for side in ("actual", "expected")
        ),
    )


def _stated_by(side: str, other: str, rows: list[Row]) -> list[str]:
    facts = [row for row in rows if row[side] is not None]
    if not facts:
        return []
    place = 1 if side == "actual" else 2
    said = ", ".join(f"{row['key']} {_fact(row)[place]}" for row in facts)
    return textwrap.wrap(
        f"{side} ({other} doesn't state it): {said}",
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
    )


def _hashed(text: str) -> str:
    """A SHA-256 by its first digits, as people compare them."""
    head, mark, digits = text.partition("sha256 ")
    return f"{head}{mark}{digits[:_HASH]}" if mark else text


def _gaps(comparison: Comparison) -> str:
    if not comparison.gaps:
        return "Gaps: none."
    required = [row for row in comparison.gaps if row["required"]]
    others = [row for row in comparison.gaps if not row["required"]]
    lines = [f"Gaps: {len(required)} required, {len(others)} optional."]
    lines += [f"  {row['tap']}: {row['reason']}" for row in required[:_SHOWN]]
    if any(row["side"] == "both" for row in required):
        lines.append(
            "  If a side means the same by other words, say so in a policy: "
            "[[actual]] or\n  [[expected]] with dims, components, unit, "
            "index_base."
        )
    unfit = [row for row in others if row["side"] == "both"]
    lines += [f"  optional {row['tap']}: {row['reason']}" for row in unfit]
    names = ", ".join(
        dict.fromkeys(row["tap"] for row in others if row["side"] != "both")
    )
    if names:
        lines.append(f"  optional: {names}")
    return "\n".join(lines)


def _first(comparison: Comparison) -> str:
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


def _faults(comparison: Comparison) -> str:
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
