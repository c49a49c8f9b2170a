"""Commands that ask one or two traces: compare, query, sql."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tracekit.commands.console import (
    Actual,
    Expected,
    Json,
    PolicyFile,
    err,
    out,
    print_json,
    print_rows,
    waiting,
)
from tracekit.comparison import queries
from tracekit.comparison.compare import compare as compare_traces
from tracekit.comparison.database import connect
from tracekit.comparison.report import render
from tracekit.errors import TracekitError
from tracekit.storage.trace import Trace

_STATUS = {"close": 0, "diverged": 1, "incomparable": 2}


def compare(
    actual: Actual,
    expected: Expected,
    policy: PolicyFile = None,
    every_tap: Annotated[
        bool, typer.Option("--all", help="Show close taps as well.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Same problem? Gaps? Where do two runs first differ? Every tap."""
    with waiting(f"comparing {actual} with {expected}"):
        result = compare_traces(actual, expected, policy=policy)
    if as_json:
        print_json(result.to_dict())
    else:
        text = render(result, every_tap=every_tap)
        head, _, rest = text.partition("\n")
        color = {"close": "green", "diverged": "red"}.get(
            result.verdict, "yellow"
        )
        out.print(head, style=f"bold {color}", markup=False)
        out.print(rest, markup=False)
    if result.verdict == "incomparable":
        err.print(
            "tracekit: no number lines up; 'tracekit query inventory' shows "
            "what each side has",
            style="yellow",
        )
    raise typer.Exit(_STATUS[result.verdict])


def query(
    name: Annotated[
        str | None, typer.Argument(help="A query, or a .sql file of yours.")
    ] = None,
    traces: Annotated[
        list[Path] | None, typer.Argument(help="ACTUAL EXPECTED, or one.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--param", help="name=value, for $name."),
    ] = None,
    policy: PolicyFile = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Show every query's documentation.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask one query of the library, or one of your own."""
    if listing or name is None:
        for known in (*queries.ONE_SIDE, *queries.TWO_SIDES):
            out.print(known, style="bold")
            out.print(f"{queries.load(known).documentation}\n", markup=False)
        return
    text = (
        Path(name).read_text(encoding="utf-8")
        if name.endswith(".sql")
        else f"FROM {queries.load(name).call}"
    )
    values = dict(part.split("=", 1) for part in parameter or [])
    _answer(text, traces or [], policy, values, as_json=as_json)


def sql(
    text: Annotated[str, typer.Argument(help="Any SQL that DuckDB knows.")],
    traces: Annotated[
        list[Path] | None, typer.Argument(help="ACTUAL EXPECTED, or one.")
    ] = None,
    policy: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Ask anything: views run, config, event, element, aligned, judged."""
    _answer(text, traces or [], policy, {}, as_json=as_json)


def _answer(
    text: str,
    sources: list[Path],
    policy: Path | None,
    values: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    con = connect(_sides(sources), policy=policy)
    print_rows(con.execute(text, values or None), as_json=as_json)


def _sides(sources: list[Path]) -> dict[str, Trace | str | Path]:
    if not sources:
        raise TracekitError("no trace; give one, or ACTUAL and EXPECTED")
    if len(sources) == 1:
        return {"trace": sources[0]}
    names = ["actual", "expected", *(f"trace{n}" for n in range(3, 99))]
    return dict(zip(names, sources, strict=False))
