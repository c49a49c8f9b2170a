"""Commands about how a program spells its log: dialect init, dialect check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracekit.commands.arguments import argument, flag, takes
from tracekit.commands.console import (
    JSON,
    OUTPUT,
    counted,
    err,
    out,
    print_json,
)
from tracekit.errors import TracekitError

if TYPE_CHECKING:
    from tracekit.logs.proposal import Answer, Name, Proposal

_SHOWN = 10


@takes(
    argument("log", type=Path, help="A log of the program."),
    OUTPUT,
    argument(
        "--name", default="", help="What to call it, if not after the log."
    ),
    flag("--ask", "Ask what each printed name stands for."),
)
def init(log: Path, output: Path | None, name: str, *, ask: bool) -> None:
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
        out.print(text, end="")
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
    )


def _ask(found: Proposal) -> None:
    """Ask about every name; Enter takes what stands in brackets."""
    for group in found.groups:
        for name, seen in group.names.items():
            if group.worth_reading and not seen.coordinates(name):
                before = "".join(f"{tag} " for tag in group.tags)
                err.print(f"\n{before}{name}: {seen.example}")
                seen.answer = _answer(name, seen)


def _answer(name: str, seen: Name) -> Answer:
    from tracekit.logs.proposal import Answer
    from tracekit.logs.proposal_text import split_unit

    bare, unit = split_unit(name.strip(":"))
    tap = _asked("tap of your port", bare)
    said = _asked("unit (- for none)", unit or seen.unit or "-")
    dims = " ".join(seen.indices)
    if dims:
        dims = _asked("dims of its indices", dims)
    known = said in ("-", seen.unit)
    return Answer(tap, "" if known else said, tuple(dims.split()))


def _asked(what: str, default: str) -> str:
    err.print(f"  {what} [{default}]: ", end="")
    err.file.flush()
    line = sys.stdin.readline()
    if not line:
        raise TracekitError(f"no more answers; asked for: {what}")
    return line.strip() or default


@takes(
    argument("dialect", help="A dialect file, or a shipped name."),
    argument("log", nargs="?", type=Path, help="A log that it should read."),
    JSON,
)
def check(dialect: str, log: Path | None, *, as_json: bool) -> None:
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
            derived = len({rule.tap for rule in spelled.derived()})
            more = f", {counted(derived, 'derived tap')}" if derived else ""
            out.print(f"{dialect}: valid, {count} {word} of lines{more}")
        return
    found = check_log(dialect, log)
    held = spelled.derived() and found.read
    derived_rows = _derived(log, dialect) if held else []
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
                "derived": derived_rows,
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
        )
    for name, earlier in found.covered.items():
        out.print(
            f"family {name} reads nothing: the prefix of {earlier}, which "
            "stands before it, fits its lines too; put it first",
            style="yellow",
        )
    for row in derived_rows:
        _print_derived(row)
    for tap, count in list(found.unnamed.items())[:_SHOWN]:
        out.print(f"no rule: {tap} ({counted(count, 'time')})")
    for reject in found.rejects[:_SHOWN]:
        out.print(
            f"{reject.file}:{reject.line}: {reject.reason}: {reject.text}",
            style="yellow",
        )
    if len(found.rejects) > _SHOWN:
        out.print(f"... {len(found.rejects)} rejects in all")


def _derived(log: Path, dialect: str) -> list[dict[str, Any]]:
    """The dialect's expressions, held against the log's own numbers."""
    from tracekit.comparison.compare import jsonable
    from tracekit.comparison.derived_check import check_derived
    from tracekit.logs.log import read_log

    rows = check_derived(read_log(log, dialect))
    return [dict(jsonable(row)) for row in rows]


def _print_derived(row: dict[str, Any]) -> None:
    from tracekit.comparison.figures import shortened

    said = row["problem"]
    if not said and row["diverged"]:
        said = (
            f"{row['diverged']} of {counted(row['compared'], 'number')} "
            f"differ, the largest error is {row['max_rel_error']} of one"
        )
    held = f"holds for {row['compared'] or 0} of its numbers"
    text = f"{row['tap']} = {shortened(row['expression'])}"
    out.print(
        f"{row['origin']}: {text}: {said or held}",
        style="yellow" if said else "",
    )
