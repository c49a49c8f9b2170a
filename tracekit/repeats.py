"""Runs one command several times: are its results the same each time?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from tracekit.comparison.compare import Comparison, compare
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.errors import RecordingError
from tracekit.processes.opened import Way
from tracekit.processes.standard_input import rewind, standard_input
from tracekit.processes.streams import ending, shell_status
from tracekit.programs import run
from tracekit.storage.trace import Trace

_EXACT = Policy((Tolerance("*", rtol=0.0, reason="the same command"),))


@dataclass(frozen=True, slots=True)
class Repeats:
    """What several runs of one command have in common.

    Args:
        traces: of each run, the first one where it was asked for.
        statuses: of each run.
        differences: in words, what isn't as in the first run; what it prints
            is not among them.
        printed: in words, where its printed lines differ, "" if they don't.
        comparison: of the first run that differs in a tap, with the first.
    """

    traces: list[Trace]
    statuses: list[int]
    differences: list[str]
    printed: str
    comparison: Comparison | None

    @property
    def deterministic(self) -> bool:
        """Whether every tap, output file and exit status was the same."""
        return not self.differences

    def __str__(self) -> str:
        count = len(self.traces)
        if self.differences:
            head = f"{count} runs of the same command differ:"
            lines = [head, *(f"  {what}" for what in self.differences)]
        else:
            numbers = sum(self.traces[0].tables["tap"]["elements"].to_pylist())
            files = len(_outputs(self.traces[0]))
            agree = (
                f"{count} runs of the same command agree: {numbers} "
                f"number{'' if numbers == 1 else 's'} bit for bit, {files} "
                f"output file{'' if files == 1 else 's'}."
            )
            lines = [agree]
        return "\n".join([*lines, *([self.printed] if self.printed else [])])

    def to_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        comparison = self.comparison
        return {
            "deterministic": self.deterministic,
            "traces": [str(trace.path) for trace in self.traces],
            "exit_statuses": [shell_status(s) for s in self.statuses],
            "differences": self.differences,
            "printed": self.printed,
            "comparison": None if comparison is None else comparison.to_dict(),
        }


def run_again(
    argv: Sequence[str],
    *,
    trace: str | Path,
    times: int = 2,
    cwd: str | Path | None = None,
    dialect: str | None = None,
    echo: IO[str] | None = None,
    files: Way = "auto",
) -> Repeats:
    """Run a command several times in one directory, and compare the runs.

    Args:
        argv: the command.
        trace: a new directory for the first trace; the others lie beside it,
            as ``NAME-2``, ``NAME-3`` ...
        times: how often, at least twice.
        cwd: where it runs.
        dialect: how its log is spelled, as for ``tracekit.programs.run``.
        echo: where the first run's output goes as well.
        files: how the files that it opens are seen.

    Raises:
        RecordingError: as for ``programs.run``, or fewer than two times.
    """
    if times < 2:
        raise RecordingError(
            f"repeat {times}: give 2 or more to compare runs, 1 for a plain "
            "run"
        )
    first = Path(trace)
    places = [first] + [
        first.with_name(f"{first.name}-{n}") for n in range(2, times + 1)
    ]
    for place in places:
        if place.exists() and any(place.iterdir()):
            raise RecordingError(f"{place} is not empty; give a new directory")
    traces, statuses = [], []
    given = standard_input()
    for place in places:
        rewind(given)
        one, status = run(
            argv,
            trace=place,
            cwd=cwd,
            dialect=dialect,
            echo=echo if place == first else None,
            files=files,
        )
        traces.append(one)
        statuses.append(status)
    differences: list[str] = []
    printed, comparison = "", None
    for number, other in enumerate(traces[1:], start=2):
        found, compared = _differences(number, other, traces[0])
        if statuses[number - 1] != statuses[0]:
            found.append(
                f"run {number} ended with status "
                f"{ending(statuses[number - 1])}, run 1 with "
                f"{ending(statuses[0])}"
            )
        differences += found
        comparison = comparison or compared
        printed = printed or _printed(number, other, traces[0])
    return Repeats(traces, statuses, differences, printed, comparison)


def _differences(
    number: int, other: Trace, first: Trace
) -> tuple[list[str], Comparison | None]:
    found, compared = [], None
    if _taps(other) != _taps(first):
        compared = compare(other, first, policy=_EXACT)
        found += [
            f"run {number}: {fact['key']}: {fact['actual']}, in run 1 "
            f"{fact['expected']}"
            for fact in compared.configuration
            if fact["decisive"] and fact["kind"] == "differs"
        ]
        found.append(f"run {number}: {_first(compared, other, first)}")
    before, after = _outputs(first), _outputs(other)
    found += [
        f"run {number}: the output file {name} is another one"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    return found, compared


def _first(compared: Comparison, other: Trace, first: Trace) -> str:
    row = compared.to_dict()["first_divergence"]
    if row is None:
        known = _taps(first)
        changed = [
            name
            for (name, *_), bits in _taps(other).items()
            if bits not in known.values()
        ]
        names = ", ".join(dict.fromkeys(changed)) or "a tap that is gone"
        return f"other bits or other places in {names}"
    pixel = dict(zip(("slow", "fast"), row["pixel"] or (), strict=False))
    place = " ".join(
        f"{dim}={index}" for dim, index in (pixel | row["coordinate"]).items()
    )
    return (
        f"first at {row['tap']} {place}".rstrip()
        + f": {row['actual']}, in run 1 {row['expected']}"
    )


def _taps(trace: Trace) -> dict[tuple[Any, ...], tuple[str, str]]:
    """What each tap holds.

    The order of taps is left out: which of two streams is read first depends
    on the machine, not on the program.
    """
    return {
        (row["name"], row["family"], row["unit"], row["key_hash"]): (
            row["key_hash"],
            row["value_hash"],
        )
        for row in trace.tables["tap"].to_pylist()
    }


def _outputs(trace: Trace) -> dict[str, str | None]:
    return {
        row["name"]: row["sha256"]
        for row in trace.tables["file"].to_pylist()
        if row["role"] == "output"
    }


def _printed(number: int, other: Trace, first: Trace) -> str:
    """Where the printed lines differ first; large outputs line by line."""
    assert other.path is not None  # noqa: S101 - a run's trace lies on disk
    assert first.path is not None  # noqa: S101 - a run's trace lies on disk
    with (
        (first.path / "output.log").open("rb") as one,
        (other.path / "output.log").open("rb") as two,
    ):
        for line, (a, b) in enumerate(zip_longest(one, two), start=1):
            if a != b:
                return (
                    f"run {number} prints something else from line {line} on."
                )
    return ""
