"""Commands that ask one or two traces: compare, query, sql."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from tracekit.commands.arguments import argument, flag, takes
from tracekit.commands.console import (
    DIALECT,
    JSON,
    OUTPUT,
    POLICY,
    err,
    out,
    print_json,
    print_rows,
    waiting,
)
from tracekit.comparison import queries
from tracekit.comparison.compare import compare as compare_traces
from tracekit.comparison.database import Library
from tracekit.comparison.report import render
from tracekit.errors import TracekitError
from tracekit.open import as_trace

_STATUS = {"close": 0, "diverged": 1, "incomparable": 2}
_TRACES = argument(
    "traces", nargs="*", type=Path, help="ACTUAL EXPECTED, or one."
)
_PARAMETERS = argument(
    "--param",
    dest="parameters",
    action="append",
    default=[],
    metavar="NAME=VALUE",
    help="For $NAME; may be given several times.",
)


@takes(
    argument(
        "actual", type=Path, help="The trace, log, table or array in question."
    ),
    argument("expected", type=Path, help="The one that it should agree with."),
    POLICY,
    flag("--all", "Show close taps as well.", dest="every_tap"),
    JSON,
    argument("--html", type=Path, help="Write one HTML file, too."),
)
def compare(
    actual: Path,
    expected: Path,
    policy: Path | None,
    html: Path | None,
    *,
    every_tap: bool,
    as_json: bool,
) -> int:
    """Same problem? Gaps? Where do two runs first differ? Every tap."""
    with waiting(f"comparing {actual} with {expected}"):
        result = compare_traces(
            actual, expected, policy=policy, maps=html is not None
        )
    if html is not None:
        from tracekit.comparison.html_report import render_html

        html.write_text(render_html(result), encoding="utf-8")
    if as_json:
        print_json(result.to_dict())
    else:
        text = render(result, every_tap=every_tap)
        head, _, rest = text.partition("\n")
        color = {"close": "green", "diverged": "red"}.get(
            result.verdict, "yellow"
        )
        out.print(head, style=f"bold {color}")
        out.print(rest)
    if result.verdict == "incomparable":
        err.print(
            "tracekit: no number lines up; 'tracekit query inventory' shows "
            "what each side has",
            style="yellow",
        )
    return _STATUS[result.verdict]


@takes(
    argument("name", nargs="?", help="A query, or a .sql file of yours."),
    _TRACES,
    _PARAMETERS,
    POLICY,
    flag("--list", "Show every query's documentation.", dest="listing"),
    JSON,
)
def query(
    name: str | None,
    traces: list[Path],
    parameters: list[str],
    policy: Path | None,
    *,
    listing: bool,
    as_json: bool,
) -> None:
    """Ask one query of the library, or one of your own."""
    if listing or name is None:
        for known in (*queries.ONE_SIDE, *queries.TWO_SIDES):
            out.print(known, style="bold")
            out.print(f"{queries.load(known).documentation}\n")
        return
    if name in queries.TWO_SIDES and len(traces) < 2:
        raise TracekitError(
            f"{name} is a question about two traces; give ACTUAL and EXPECTED"
        )
    values = dict(_parameter(part) for part in parameters)
    text = (
        Path(name).read_text(encoding="utf-8")
        if name.endswith(".sql")
        else queries.load(name).ask(values)
    )
    _answer(text, traces, policy, values, as_json=as_json)


@takes(
    argument(
        "words",
        nargs="*",
        metavar="RUN",
        help="Runs that are accepted as equal, or a command after --.",
    ),
    OUTPUT,
    argument(
        "--factor", type=float, help="Safety factor on what was measured."
    ),
    argument(
        "--perturb",
        type=int,
        default=0,
        help="Run the command after -- once more in so many ways, each with "
        "its float arguments moved by one unit in the last place.",
    ),
    DIALECT,
)
def calibrate(
    words: list[str],
    output: Path | None,
    factor: float | None,
    perturb: int,
    dialect: str | None,
) -> None:
    """Propose a policy from runs that are accepted as equal."""
    from tracekit.comparison.calibrate import FACTOR
    from tracekit.comparison.calibrate import calibrate as calibrated

    factor = FACTOR if factor is None else factor
    if output is not None and output.exists():
        raise TracekitError(
            f"{output} exists; move it away, a policy may hold your own rules"
        )
    if perturb:
        from tracekit.perturbation import calibrate_command

        if not words:
            raise TracekitError("no command; write it after --")
        with waiting(f"running {words[0]} {perturb + 1} times"):
            text = calibrate_command(
                words, times=perturb, factor=factor, dialect=dialect
            )
    else:
        with waiting(f"comparing {len(words)} runs"):
            text = calibrated(words, factor=factor)
    if output is None:
        out.print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")


def _parameter(part: str) -> tuple[str, str]:
    name, sign, value = part.partition("=")
    if not sign:
        raise TracekitError(f"--param {part!r}: expected name=value")
    return name, value


@takes(
    argument("text", help="Any SQL that DuckDB knows."), _TRACES, POLICY, JSON
)
def sql(
    text: str, traces: list[Path], policy: Path | None, *, as_json: bool
) -> None:
    """Ask anything: views run, config, event, element, aligned, judged."""
    _answer(text, traces, policy, {}, as_json=as_json)


def _answer(
    text: str,
    sources: list[Path],
    policy: Path | None,
    values: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    traces = {name: as_trace(path) for name, path in _sides(sources).items()}
    library = Library(traces, policy=policy)
    library.need_for(text)
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
    found = library.con.execute(text, values or None)
    print_rows(found, as_json=as_json)


def _sides(sources: list[Path]) -> dict[str, Path]:
    if not sources:
        raise TracekitError("no trace; give one, or ACTUAL and EXPECTED")
    if len(sources) == 1:
        return {"trace": sources[0]}
    names = ["actual", "expected", *(f"trace{n}" for n in range(3, 99))]
    return dict(zip(names, sources, strict=False))
