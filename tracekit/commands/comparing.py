"""Commands that ask one or two traces: compare, query, sql."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from tracekit.commands.console import (
    Actual,
    Dialect,
    Expected,
    Json,
    Output,
    PolicyFile,
    err,
    out,
    print_json,
    print_rows,
    waiting,
)
from tracekit.comparison import queries
from tracekit.comparison.calibrate import FACTOR
from tracekit.comparison.calibrate import calibrate as calibrated
from tracekit.comparison.compare import compare as compare_traces
from tracekit.comparison.database import connect
from tracekit.comparison.html_report import render_html
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
    html: Annotated[
        Path | None,
        typer.Option(help="Write the report as one HTML file, too."),
    ] = None,
) -> None:
    """Same problem? Gaps? Where do two runs first differ? Every tap."""
    with waiting(f"comparing {actual} with {expected}"):
        result = compare_traces(
            actual, expected, policy=policy, maps=html is not None
        )
    if html is not None:
        html.write_text(render_html(result), encoding="utf-8")
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
    if name in queries.TWO_SIDES and len(traces or []) < 2:
        raise TracekitError(
            f"{name} is a question about two traces; give ACTUAL and EXPECTED"
        )
    values = dict(_parameter(part) for part in parameter or [])
    text = (
        Path(name).read_text(encoding="utf-8")
        if name.endswith(".sql")
        else queries.load(name).ask(values)
    )
    _answer(text, traces or [], policy, values, as_json=as_json)


def calibrate(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Runs that are accepted as equal, or a command after --."
        ),
    ],
    output: Output = None,
    factor: Annotated[
        float, typer.Option(help="Safety factor on what was measured.")
    ] = FACTOR,
    perturb: Annotated[
        int,
        typer.Option(
            help="Run the command after -- once more in so many ways, each "
            "with its float arguments moved by one unit in the last place."
        ),
    ] = 0,
    dialect: Dialect = "nanobragg",
) -> None:
    """Propose a policy from runs that are accepted as equal."""
    if output is not None and output.exists():
        raise TracekitError(
            f"{output} exists; move it away, a policy may hold your own rules"
        )
    if perturb:
        from tracekit.perturbation import calibrate_command

        with waiting(f"running {runs[0]} {perturb + 1} times"):
            text = calibrate_command(
                runs, times=perturb, factor=factor, dialect=dialect
            )
    else:
        with waiting(f"comparing {len(runs)} runs"):
            text = calibrated(runs, factor=factor)
    if output is None:
        out.print(text, markup=False, end="")
    else:
        output.write_text(text, encoding="utf-8")


def _parameter(part: str) -> tuple[str, str]:
    name, sign, value = part.partition("=")
    if not sign:
        raise TracekitError(f"--param {part!r}: expected name=value")
    return name, value


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
    statements = duckdb.extract_statements(text)
    if not statements:
        raise TracekitError("the query is empty; give a SELECT or a FROM")
    wanted = {name for one in statements for name in one.named_parameters}
    missing = sorted(wanted - set(values))
    if missing:
        raise TracekitError(
            f"the query asks for ${missing[0]}; give --param "
            f"{missing[0]}=VALUE"
        )
    print_rows(con.execute(text, values or None), as_json=as_json)


def _sides(sources: list[Path]) -> dict[str, Trace | str | Path]:
    if not sources:
        raise TracekitError("no trace; give one, or ACTUAL and EXPECTED")
    if len(sources) == 1:
        return {"trace": sources[0]}
    names = ["actual", "expected", *(f"trace{n}" for n in range(3, 99))]
    return dict(zip(names, sources, strict=False))
