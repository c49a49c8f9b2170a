"""Commands about one trace: show, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracekit.columns import STATISTIC
from tracekit.commands.arguments import argument, flag, takes
from tracekit.commands.console import (
    JSON,
    counted,
    dicts,
    out,
    print_json,
    print_rows,
    print_table,
    waiting,
)
from tracekit.comparison.database import Library
from tracekit.errors import TraceError, did_you_mean
from tracekit.globs import fits
from tracekit.open import as_trace

if TYPE_CHECKING:
    from tracekit.storage.trace import Trace

_OF_RUNS = ("program", "family", "started", "argv", "selected_taps")
_SHORT = 12
_SOME = 8


_SOURCE = argument("source", type=Path, help="A trace, log, table or array.")


@takes(
    _SOURCE,
    argument(
        "--tap",
        help="Show the numbers of this tap, or of taps by a glob: 'F_*'.",
    ),
    argument(
        "--pixel",
        type=int,
        nargs=2,
        metavar=("SLOW", "FAST"),
        help="Show the numbers of this pixel.",
    ),
    flag("--storage", "Show what each tap takes on the disk."),
    flag(
        "--verify",
        "Read all numbers, and check what the table of taps says of them.",
    ),
    flag("--rejects", "Show the lines of a log that were not read."),
    JSON,
)
def show(
    source: Path,
    tap: str | None,
    pixel: list[int] | None,
    *,
    storage: bool,
    verify: bool,
    rejects: bool,
    as_json: bool,
) -> None:
    """Show what a trace holds: its run, its facts, its taps, its numbers."""
    if rejects:
        table = as_trace(source).tables["reject"]
        print_table(
            table.to_pylist(), as_json=as_json, columns=table.column_names
        )
        return
    if storage:
        from tracekit.storage.footprint import footprint  # loads pyarrow

        print_table(footprint(as_trace(source)), as_json=as_json)
        return
    if verify:
        _verify(source, as_json=as_json)
        return
    trace = as_trace(source)
    if tap is not None:
        _check_tap(trace, tap, source)
    library = Library({"trace": trace})
    if tap is not None or pixel is not None:
        asked = {"tap": tap, "pixel": pixel}
        library.need(["elements_of"])
        found = library.con.execute("FROM elements_of($tap, $pixel)", asked)
        print_rows(found, as_json=as_json)
        return
    parts = {
        name: library.rows(name)
        for name in ("run", "config", "taps", "statistics")
    }
    library.need_tables(["trace_file"])
    files = library.con.execute("FROM trace_file SELECT * EXCLUDE (side)")
    parts["files"] = dicts(files)
    if as_json:
        print_json(parts)
        return
    _print_parts(parts)


def _verify(source: Path, *, as_json: bool) -> None:
    """Print what differs; that anything does is an error."""
    from tracekit.storage.verification import verify

    with waiting(f"reading {source}"):
        rows = verify(as_trace(source))
    wrong = [row for row in rows if row["differs"]]
    if as_json or wrong:
        print_table(rows if as_json else wrong, as_json=as_json)
    if wrong:
        raise TraceError(
            f"{source}: {counted(len(wrong), 'tap')} of {len(rows)} hold "
            "other numbers than its table of taps says; it was damaged or "
            "edited: make it again, or take it from a copy"
        )
    if not as_json:
        out.print(f"{counted(len(rows), 'tap')}, all as they were written")


def _check_tap(trace: Trace, tap: str, source: Path) -> None:
    """A name that is spelled wrong would look like a tap without numbers."""
    if any(fits(tap, name) for name in trace.taps):
        return
    some = ", ".join(trace.taps[:_SOME])
    more = len(trace.taps) - _SOME
    rest = f" and {more} more" if more > 0 else ""
    raise TraceError(
        f"{source} has no tap {tap!r}; it has {some or 'none'}{rest}"
        + did_you_mean(tap, trace.taps)
    )


def _print_parts(parts: dict[str, list[dict[str, Any]]]) -> None:
    """Each as a table; taps that are statistics stand in theirs alone."""
    _print_runs(parts.pop("run"))
    _print_files(parts.pop("files"))
    parts["taps"] = [r for r in parts["taps"] if r["family"] != STATISTIC]
    for rows in parts.values():
        if rows:
            columns = [name for name in rows[0] if name != "side"]
            print_table(rows, as_json=False, columns=columns)


def _print_runs(runs: list[dict[str, Any]]) -> None:
    """What each run was, one fact a line."""
    for run in runs:
        facts = {name: run[name] for name in run if name in _OF_RUNS}
        rows = [
            {"run": name, "": value}
            for name, value in {**facts, **run["facts"]}.items()
            if value not in (None, [])
        ]
        print_table(rows, as_json=False)


def _print_files(files: list[dict[str, Any]]) -> None:
    """The files of a run; of those that only lay there, the number."""
    used = [file for file in files if file["role"] != "present"]
    rows = [
        {
            "file": file["name"],
            "role": file["role"],
            "sha256": (file["sha256"] or "")[:_SHORT],
            "size": file["size"],
        }
        for file in used
    ]
    if rows:
        print_table(rows, as_json=False)
    if len(used) < len(files):
        lay = counted(len(files) - len(used), "file")
        out.print(f" {lay} lay in the working directory", style="dim")


@takes(
    _SOURCE,
    argument(
        "-o", "--output", type=Path, required=True, help="The file to write."
    ),
    argument(
        "--format",
        dest="form",
        default="parquet",
        help="parquet, csv, json, npz or arrow.",
    ),
)
def export(source: Path, output: Path, form: str) -> None:
    """Write all elements of a trace to one file."""
    from tracekit.export import export as write

    with waiting(f"writing {output}"):
        write(as_trace(source), output, form)  # type: ignore[arg-type]
    out.print(f"wrote {output}")
