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
    table,
    visible,
)
from tracekit.comparison.report_faults import faults, first_divergence
from tracekit.comparison.report_tables import (
    distributions,
    images,
    plain,
    taps,
    tolerance,
)

if TYPE_CHECKING:
    from tracekit.comparison.compare import Comparison, Row

_SHOWN = 40
_WIDTH = 79
_HASH = 12


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
        first_divergence(comparison),
        faults(comparison),
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
