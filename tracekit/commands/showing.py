"""Commands about one trace: show, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tracekit.commands.console import (
    Json,
    dicts,
    out,
    print_json,
    print_rows,
    print_table,
    waiting,
)
from tracekit.comparison.database import connect
from tracekit.open import as_trace
from tracekit.schema import STATISTIC
from tracekit.storage.footprint import footprint


def show(
    source: Annotated[Path, typer.Argument(help="Trace or log.")],
    tap: Annotated[
        str | None, typer.Option(help="Show this tap's numbers.")
    ] = None,
    pixel: Annotated[
        tuple[int, int] | None, typer.Option(help="SLOW FAST")
    ] = None,
    storage: Annotated[
        bool, typer.Option("--storage", help="Show what each tap takes.")
    ] = False,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Show the lines not read.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a trace holds: its run, its facts, its taps, its numbers."""
    if rejects:
        table = as_trace(source).tables["reject"]
        print_table(
            table.to_pylist(), as_json=as_json, columns=table.column_names
        )
        return
    if storage:
        print_table(footprint(as_trace(source)), as_json=as_json)
        return
    con = connect(trace=source)
    if tap is not None or pixel is not None:
        asked = {"tap": tap, "pixel": None if pixel is None else list(pixel)}
        found = con.execute("FROM elements_of($tap, $pixel)", asked)
        print_rows(found, as_json=as_json)
        return
    parts = {
        name: dicts(con.sql(f"FROM {name}"))
        for name in ("run", "config", "taps", "statistics")
    }
    if as_json:
        print_json(parts)
        return
    _print_parts(parts)


def _print_parts(parts: dict[str, list[dict[str, Any]]]) -> None:
    """Each as a table; taps that are statistics stand in theirs alone."""
    parts["taps"] = [r for r in parts["taps"] if r["family"] != STATISTIC]
    for rows in parts.values():
        if rows:
            columns = [name for name in rows[0] if name != "side"]
            print_table(rows, as_json=False, columns=columns)


def export(
    source: Annotated[Path, typer.Argument(help="Trace or log.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file to write.")
    ],
    form: Annotated[
        str, typer.Option("--format", help="parquet, csv, json, npz or arrow.")
    ] = "parquet",
) -> None:
    """Write all elements of a trace to one file."""
    from tracekit.export import export as write

    with waiting(f"writing {output}"):
        write(as_trace(source), output, form)  # type: ignore[arg-type]
    out.print(f"wrote {output}")
