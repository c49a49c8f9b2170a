"""The tables of a report: taps, distributions, images.

This file computes nothing: each number was returned by a query.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracekit.comparison.figures import (
    count,
    number,
    rounded_up,
    shortened,
    table,
)

if TYPE_CHECKING:
    from tracekit.comparison.compare import Comparison, Row

_MANY = 1_000_000
# What it shows, the columns and the rows; a mark stands before each name.
Titled = tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]


def plain(shown: Titled) -> str:
    """Aligned columns under a title, long names cut; "" without rows."""
    title, header, rows = shown
    lines = [(mark, shortened(name), *cells) for mark, name, *cells in rows]
    return "\n".join((title, *table(header, lines))) if rows else ""


def taps(comparison: Comparison, *, every_tap: bool) -> Titled:
    """Every tap, or with a divergence those that diverged."""
    bad = [row for row in comparison.taps if _is_bad(row)]
    rows = bad if bad and not every_tap else comparison.taps
    return tap_title(comparison), TAP_HEADER, [tap_cells(row) for row in rows]


TAP_HEADER = (
    "", "tap", "numbers", "diverged", "max error", "ulps", "needs",
    "allowed", "by", "worst pixel",
)  # fmt: skip


def tap_title(comparison: Comparison) -> str:
    """What stands above the table of taps."""
    rows = comparison.taps
    return (
        f"Taps in program order: {len(rows)} on both sides, "
        f"{sum(map(_is_bad, rows))} diverged;\n"
        f"{comparison.summary['compared']} numbers compared, "
        f"{comparison.summary['uncovered']} more are covered by one side only."
    )


def _is_bad(row: Row) -> bool:
    return bool(row["diverged"] or row["not_compared"])


def tap_cells(row: Row) -> tuple[str, ...]:
    """A tap's line in words: "x" if it diverged, its name, its figures."""
    notes = [
        f"{row[column]} {word}"
        for column, word in (
            ("nan_mismatches", "NaN on one side"),
            ("both_nan", "NaN on both"),
            ("text_mismatches", "texts differ"),
        )
        if row[column]
    ]
    if row["unknown_pixel"]:
        notes.append("pixel not stated")
    if row["not_compared"]:
        notes.append("not compared")
    if row["dtypes"]:
        notes.append(row["dtypes"])
    if row["all_zero"] and row["compared"] > 1:  # a single 0 says enough
        notes.append("all that was compared is 0")
    made = row["derived"]
    if made:
        place = Path(made["origin"]).name
        notes.append(f"derived from {made['inputs']} at {place}")
    pixel = (
        ""
        if None in (row["worst_slow"], row["worst_fast"])
        else f"({row['worst_slow']}, {row['worst_fast']})"
    )
    return (
        "x" if _is_bad(row) else "",
        row["tap"],
        str(row["compared"]),
        str(row["diverged"]),
        number(row["max_abs_error"]),
        "" if row["max_ulps"] is None else number(row["max_ulps"]),
        next(iter(needed(row)), ""),
        tolerance(row),
        Path(row["origin"]).name,
        "; ".join((pixel, *notes))
        if notes and pixel
        else pixel or "; ".join(notes),
    )


def tolerance(row: Row) -> str:
    """The bounds of a tap's rule, the shortest way."""
    parts = []
    if not row["integers"] and (row["rtol"] or not row["atol"]):
        parts.append(f"rtol {row['rtol']:.3g}")
    if row["atol"]:
        parts.append(f"atol {row['atol']:.3g}")
    if row["allowed_ulps"] is not None:
        parts.append(count(row["allowed_ulps"], "ulp"))
    return ", ".join(parts) or "exact"


def needed(row: Row) -> list[str]:
    """Each tolerance that alone would have been enough, the smallest."""
    found = [
        f"{name} {rounded_up(row[f'least_{name}'], 3)}"
        for name in ("rtol", "atol")
        if row[f"least_{name}"]
    ]
    # so many ulps that a sign is lost are no tolerance
    if row["least_ulps"] and not (found and row["least_ulps"] > _MANY):
        found.append(count(row["least_ulps"], "ulp"))
    return found


def distributions(comparison: Comparison) -> Titled:
    """Taps that are drawn at random, by their distributions."""
    header = (
        "", "drawn tap", "numbers", "mean", "spread", "distance", "allowed",
        "by", "why",
    )  # fmt: skip
    rows = [
        (
            "" if row["close"] else "x",
            " ".join(filter(None, (row["tap"], row["component"]))),
            f"{row['actual_numbers']} / {row['expected_numbers']}",
            (
                f"{number(row['actual_mean'], 5)} / "
                f"{number(row['expected_mean'], 5)}"
            ),
            (
                f"{number(row['actual_spread'])} / "
                f"{number(row['expected_spread'])}"
            ),
            number(row["distance"]),
            number(row["allowed"]) + (" (vacuous)" * row["vacuous"]),
            Path(row["origin"]).name,
            row["why"] or "",
        )
        for row in comparison.distributions
    ]
    return "Compared as distributions, actual / expected:", header, rows


def images(comparison: Comparison, *, every_tap: bool) -> Titled:
    """Metrics of whole images."""
    header = (
        "", "image", "pixels", "correlation", "sum ratio", "rmse", "max error",
    )  # fmt: skip
    wrong = {row["tap"] for row in comparison.taps if row["diverged"]}
    shown = [
        row
        for row in comparison.images
        if every_tap or not wrong or row["tap"] in wrong
    ]
    rows = [
        (
            "x" if row["tap"] in wrong else "",
            row["tap"],
            str(row["pixels"]),
            number(row["correlation"], 8),
            number(row["sum_ratio"], 8),
            number(row["rmse"]),
            number(row["max_abs_error"]),
        )
        for row in shown
    ]
    return "Images:", header, rows
