"""Commands about how a program spells its log: dialect init, dialect check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracekit.commands.console import (
    Json,
    Output,
    counted,
    err,
    out,
    print_json,
)
from tracekit.errors import TracekitError

if TYPE_CHECKING:
    from tracekit.logs.proposal import Answer, Name, Proposal

app = typer.Typer(
    help="Write and check the file that says how a program spells its log.",
    no_args_is_help=True,
)
_SHOWN = 10


@app.command()
def init(
    log: Annotated[Path, typer.Argument(help="A log of the program.")],
    output: Output = None,
    name: Annotated[
        str, typer.Option(help="What to call it; the log's name if omitted.")
    ] = "",
    ask: Annotated[
        bool,
        typer.Option("--ask", help="Ask what each printed name stands for."),
    ] = False,
) -> None:
    """Propose a dialect file from a log, for a person to correct."""
    from tracekit.logs.file import LogFile
    from tracekit.logs.proposal import propose
    from tracekit.logs.proposal_text import dialect_text

    found = propose(LogFile(log).lines())
    if not found.groups:
        raise TracekitError(
            f"{log}: no line of the first {found.lines} states a name with a "
            "number, so there is nothing to propose; is it a text log?"
        )
    if ask:
        _ask(found)
    text = dialect_text(found, name or log.stem, log.name)
    if output is None:
        out.print(text, markup=False, end="")
        return
    if output.exists():
        raise TracekitError(
            f"{output} exists; it may hold your corrections, so give another "
            "name"
        )
    output.write_text(text, encoding="utf-8")
    err.print(
        f"wrote {output}; correct it, then: tracekit dialect check {output} "
        f"{log}",
        markup=False,
    )


def _ask(found: Proposal) -> None:
    """Ask about every name; Enter takes what stands in brackets."""
    for group in found.groups:
        for name, seen in group.names.items():
            if group.worth_reading and not seen.coordinates(name):
                before = "".join(f"{tag} " for tag in group.tags)
                err.print(f"\n{before}{name}: {seen.example}", markup=False)
                seen.answer = _answer(name, seen)


def _answer(name: str, seen: Name) -> Answer:
    from tracekit.logs.proposal import Answer
    from tracekit.logs.proposal_text import split_unit

    bare, unit = split_unit(name.strip(":"))
    tap = typer.prompt("  tap of your port", default=bare, err=True)
    said = typer.prompt(
        "  unit (- for none)", default=unit or seen.unit or "-", err=True
    )
    dims = " ".join(seen.indices)
    if dims:
        dims = typer.prompt("  dims of its indices", default=dims, err=True)
    known = said in ("-", seen.unit)
    return Answer(tap, "" if known else said, tuple(dims.split()))


@app.command()
def check(
    dialect: Annotated[
        str, typer.Argument(help="A dialect file, or a shipped name.")
    ],
    log: Annotated[
        Path | None, typer.Argument(help="A log that it should read.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Is a dialect file right, and what does it read of a log?"""
    from tracekit.logs.checking import check as check_log
    from tracekit.logs.dialect_file import load_dialect

    spelled = load_dialect(dialect)
    if log is None:
        if as_json:
            print_json({"dialect": spelled.name, "valid": True})
        else:
            count = len(spelled.families)
            word = "family" if count == 1 else "families"
            out.print(f"{dialect}: valid, {count} {word} of lines")
        return
    found = check_log(dialect, log)
    if as_json:
        print_json(
            {
                "lines": found.lines,
                "elements": found.elements,
                "numbers": found.numbers,
                "read": found.read,
                "share": found.share,
                "unnamed": found.unnamed,
                "overlooked": found.overlooked,
                "covered": found.covered,
                "rejects": [
                    {"line": r.line, "reason": r.reason, "text": r.text}
                    for r in found.rejects
                ],
            }
        )
        return
    out.print(f"{'lines':>9}  {'elements':>9}  family")
    for family in spelled.families:
        if family.name in found.lines:
            out.print(
                f"{found.lines[family.name]:9}  "
                f"{found.elements.get(family.name, 0):9}  {family.name}",
                markup=False,
            )
    out.print(
        f"{min(found.read, found.numbers)} of "
        f"{counted(found.numbers, 'number')} on these lines "
        f"read ({found.share:.1%})."
    )
    if found.overlooked:
        out.print(
            f"{counted(found.overlooked, 'line')} without a prefix of the "
            "dialect, but with a name and a number; the first is "
            f"{found.example}",
            markup=False,
        )
    for name, earlier in found.covered.items():
        out.print(
            f"family {name} reads nothing: the prefix of {earlier}, which "
            "stands before it, fits its lines too; put it first",
            style="yellow",
            markup=False,
        )
    for tap, count in list(found.unnamed.items())[:_SHOWN]:
        out.print(f"no rule: {tap} ({counted(count, 'time')})", markup=False)
    for reject in found.rejects[:_SHOWN]:
        out.print(
            f"{reject.file}:{reject.line}: {reject.reason}: {reject.text}",
            style="yellow",
            markup=False,
        )
    if len(found.rejects) > _SHOWN:
        out.print(f"... {len(found.rejects)} rejects in all")
