"""``compare()``: registers two traces and a policy, runs the queries.

A comparison is what the queries in ``queries/`` returned, row by row, and
nothing that was computed here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tracekit.comparison.database import Library
from tracekit.comparison.policy import Policy
from tracekit.open import as_trace
from tracekit.storage.trace import Trace

Row = dict[str, Any]
Verdict = Literal["close", "diverged", "incomparable"]

_EXACT = 2**53
# What several queries read.
_KEPT = (
    "outcome",
    "hole",
    "_gap",
    "_distribution",
    "_difference",
    "image_metrics",
    "wrong_pixels",
    "_fault",
    "_kind_number",
    "kind_sample",
    "kind_by_value",
    "kind_by_place",
    "kind_by_tap",
)
_WHERE = ("faults", "error_kinds", "pixels_to_trace", "introduced")
# Diverged numbers up to which a comparison says where and of what kind too, if
# not all that have a pixel are images that lie over each other.
_EXPLAINED = 2_000_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing two traces found; ``print`` shows it in words.

    Args:
        actual, expected: how the two sides are called.
        summary: the row of ``verdict``.
        configuration: rows of ``configuration_differences``.
        gaps: rows of ``gaps``.
        first_divergence: the row of ``first_divergence``, or None.
        taps: rows of ``tap_summary``.
        images: rows of ``image_metrics``.
        faults, kinds, next_pixels, introduced: rows of ``faults``,
            ``error_kinds``, ``pixels_to_trace`` and ``introduced``; none where
            more than two million numbers diverged and some are not of large
            images of one grid (see ``stacked``), as these queries then take
            minutes.
        rejects: rows of ``rejects``.
        unused_rules: rows of ``unused_rules``.
        distributions: rows of ``distributions``.
        maps: rows of ``error_map``, if it was asked for.
    """

    actual: str
    expected: str
    summary: Row
    configuration: list[Row]
    gaps: list[Row]
    first_divergence: Row | None
    taps: list[Row]
    images: list[Row]
    faults: list[Row]
    kinds: list[Row]
    next_pixels: list[Row]
    introduced: list[Row]
    rejects: list[Row]
    unused_rules: list[Row]
    distributions: list[Row]
    maps: list[Row] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """``close``, ``diverged`` or ``incomparable``."""
        verdict: Verdict = self.summary["verdict"]
        return verdict

    def __str__(self) -> str:
        from tracekit.comparison.report import render  # report needs us

        return render(self)

    def to_dict(self) -> Row:
        """The whole comparison in JSON's types.

        NaN and infinities are the strings "nan", "inf" and "-inf"; integers
        beyond 2^53 are strings.
        """
        first = self.first_divergence
        return {
            "verdict": self.verdict,
            "actual": self.actual,
            "expected": self.expected,
            "configuration": [
                _fact(row) for row in self.configuration if row["decisive"]
            ],
            "informative": [
                _fact(row) for row in self.configuration if not row["decisive"]
            ],
            "gaps": [jsonable(row) for row in self.gaps],
            "first_divergence": None if first is None else _divergence(first),
            "taps": [_tap(row) for row in self.taps],
            "images": [
                jsonable(_with_pixel(row, "worst")) for row in self.images
            ],
            "distributions": jsonable(self.distributions),
            "faults": [_fault(row) for row in self.faults],
            "kinds": jsonable(self.kinds),
            "introduced": jsonable(self.introduced),
            "rejects": jsonable(self.rejects),
            "unused_rules": jsonable(self.unused_rules),
            "pixels_to_trace": [
                jsonable(_with_pixel(row)) for row in self.next_pixels
            ],
            "summary": jsonable(self.summary),
        }


def compare(
    actual: Trace | str | Path,
    expected: Trace | str | Path,
    *,
    policy: Policy | str | Path | None = None,
    maps: bool = False,
    threads: int | None = None,
) -> Comparison:
    """Compare two runs: same problem, gaps, first divergence, every tap.

    Args:
        actual: the run in question: a trace, a trace's path or a log's.
        expected: the run that it should agree with.
        policy: tolerances, or the path of a policy file.
        maps: also map the error of the taps at which faults begin.
        threads: how many the database may use, by default one a core; the
            answer is the same for any number.

    Raises:
        TraceError, LogError: a side can't be read.
        PolicyError: the policy can't be read.

    >>> import tracekit as tk
    >>> def run(distance):
    ...     with tk.record() as recording:
    ...         tk.tap(distance, "distance", unit="m")
    ...     return recording.trace
    >>> tk.compare(run(0.1), run(0.1)).verdict
    'close'
    >>> tk.compare(run(0.1), run(0.2)).first_divergence["tap"]
    'distance'
    """
    names = _names(actual, expected)
    sides = {"actual": as_trace(actual), "expected": as_trace(expected)}
    library = Library(
        sides, policy=policy, keep=_KEPT, threads=threads, briefly=True
    )
    ask = library.rows
    try:
        (summary,) = ask("verdict")
        diverged = summary["diverged"]
        many = _EXPLAINED if not library.only_stacked else math.inf
        explained = 0 < diverged <= many
        library.need(["image_pair"])
        faults, kinds, pixels, introduced = (
            ask(query) if explained else [] for query in _WHERE
        )
        return Comparison(
            *names,
            summary=summary,
            configuration=ask("configuration_differences"),
            rejects=ask("rejects"),
            unused_rules=ask("unused_rules") if policy else [],
            gaps=ask("gaps"),
            first_divergence=ask("first_divergence")[0] if diverged else None,
            taps=ask("tap_summary"),
            images=ask("image_metrics") if library.has("image_pair") else [],
            faults=faults,
            kinds=kinds,
            next_pixels=pixels,
            introduced=introduced,
            distributions=ask("distributions"),
            maps=_maps(library, faults) if maps else [],
        )
    finally:
        library.con.close()


def _names(
    actual: Trace | str | Path, expected: Trace | str | Path
) -> tuple[str, str]:
    found = [
        str(side.path or "recording") if isinstance(side, Trace) else str(side)
        for side in (actual, expected)
    ]
    return found[0], found[1]


def _maps(library: Library, faults: list[Row]) -> list[Row]:
    wrong = {row["tap"] for row in faults}
    return [row for row in library.rows("error_map") if row["tap"] in wrong]


def _with_pixel(row: Row, prefix: str = "") -> Row:
    """The row with its two pixel columns as one "pixel"."""
    stem = f"{prefix}_" if prefix else ""
    slow, fast = row[f"{stem}slow"], row[f"{stem}fast"]
    rest = {
        key: value
        for key, value in row.items()
        if key not in (f"{stem}slow", f"{stem}fast")
    }
    return {
        **rest,
        f"{stem}pixel": None if slow is None or fast is None else [slow, fast],
    }


def _fact(row: Row) -> Row:
    row = dict(row)
    for side in ("actual", "expected"):
        value = row.pop(f"{side}_value")
        if value is not None:
            row[side] = int(value) if value.is_integer() else value
    return dict(jsonable(row))


def _divergence(row: Row) -> Row:
    half = {
        dim: row[dim]
        for dim in ("slow", "fast")
        if row[dim] is not None and None in (row["slow"], row["fast"])
    }
    row = _with_pixel({**row, "coordinate": {**half, **row["coordinate"]}})
    for side in ("actual", "expected"):
        exact, text = row.pop(f"{side}_exact"), row.pop(f"{side}_text")
        if text is not None:
            row[side] = text
        elif exact is not None:
            row[side] = exact
    return dict(jsonable(row))


def _fault(row: Row) -> Row:
    return dict(jsonable(_with_pixel(_with_pixel(row, "first"), "worst")))


def _tap(row: Row) -> Row:
    return dict(jsonable(_with_pixel(row, "worst")))


def jsonable(value: Any) -> Any:
    """The value in JSON's types; see ``Comparison.to_dict``."""
    if isinstance(value, dict):
        return {str(key): jsonable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > _EXACT:
        return str(value)
    return value
