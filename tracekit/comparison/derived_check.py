"""What a log's dialect derives, held against what the log prints itself."""

from __future__ import annotations

from typing import Any

from tracekit.comparison.database import Library
from tracekit.comparison.derived import declared, with_column
from tracekit.storage.trace import Trace


def check_derived(trace: Trace) -> list[dict[str, Any]]:
    """One row a derived tap that the log has: does its expression hold?

    Args:
        trace: of a log.

    Returns:
        Rows with ``tap``, ``expression``, ``origin``, ``compared`` and
        ``diverged`` numbers, the largest relative error ``max_rel_error``, and
        ``problem``: why it can't be made, or None.
    """
    made = declared(trace)
    taps = trace.tables["tap"]
    # no dialect can give a tap a name with a line's end in it
    names = [f"{n}\n" if n in made else n for n in taps["name"].to_pylist()]
    bare = {**trace.tables, "tap": with_column(taps, "name", names)}
    library = Library(
        {"actual": trace.with_tables(bare), "expected": trace}, briefly=True
    )
    try:
        rows = {row["tap"]: row for row in library.rows("derived_taps")}
        figures = {row["tap"]: row for row in library.rows("tap_summary")}
    finally:
        library.con.close()
    counted = ("compared", "diverged", "max_rel_error")
    found = []
    for tap, row in rows.items():
        held = figures.get(tap, {})
        found.append(
            {
                **{key: row[key] for key in ("tap", "expression", "origin")},
                **{key: held.get(key) for key in counted},
                "problem": row["problem"] or held.get("not_compared"),
            }
        )
    return found
