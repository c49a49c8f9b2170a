"""Commands that make traces: demo, run, parse, array, c-header."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tracekit.commands.arguments import argument, flag, takes
from tracekit.commands.console import (
    DIALECT,
    JSON,
    NEW_TRACE,
    OUTPUT,
    counted,
    err,
    out,
    print_json,
    rich_console,
    waiting,
    warn_on_stderr,
)
from tracekit.errors import TracekitError

if TYPE_CHECKING:
    from tracekit.logs.follow import FollowedLog
    from tracekit.logs.log import Parsed
    from tracekit.storage.trace import Trace

_SHOWN = 10
_WIDE = 300


@takes(
    argument(
        "--directory",
        type=Path,
        default=Path("demo"),
        help="Where traces and runs are put.",
    )
)
def demo(directory: Path) -> None:
    """Tell the story of a stale file, with our own C and PyTorch programs."""
    from tracekit.demo import run_demo

    warn_on_stderr()
    run_demo(directory, rich_console(out))


@takes(
    argument(
        "words",
        nargs="*",
        metavar="PROGRAM",
        help="Behind --, with its arguments.",
    ),
    NEW_TRACE,
    DIALECT,
    argument(
        "--repeat",
        type=int,
        default=1,
        help="Run it so often; exits 1 if the results differ.",
    ),
    argument(
        "--files",
        default="auto",
        help="How opened files are seen: strace, preload, proc or auto.",
    ),
    JSON,
)
def run(
    words: list[str],
    output: Path,
    dialect: str | None,
    repeat: int,
    files: str,
    *,
    as_json: bool,
) -> int:
    """Run any program after --; keep its log as a trace. Exits as it does."""
    from tracekit.processes.opened import way
    from tracekit.processes.streams import ending, shell_status, signal_name
    from tracekit.programs import run as run_program
    from tracekit.repeats import run_again

    warn_on_stderr()
    if not words:
        raise TracekitError("no command; write it after --")
    if repeat < 1:
        raise TracekitError(
            f"--repeat {repeat}: give 1 for a plain run, 2 or more to compare "
            "the runs"
        )
    if repeat > 1:
        runs = run_again(
            words,
            trace=output,
            times=repeat,
            dialect=dialect,
            echo=None if as_json else sys.stdout,
            files=way(files),
        )
        if as_json:
            print_json(runs.to_dict())
        else:
            err.print(str(runs))
        return 0 if runs.deterministic else 1
    trace, status = run_program(
        words,
        trace=output,
        dialect=dialect,
        echo=None if as_json else sys.stdout,
        files=way(files),
    )
    if as_json:
        print_json(
            {
                "trace": str(output),
                "exit_status": shell_status(status),
                "signal": signal_name(status) or None,
                **_heard(trace),
            }
        )
    else:
        err.print(f"{trace!r}, exit status {ending(status)}", style="dim")
        _tell_rejects(trace)
    return shell_status(status)


def _heard(trace: Trace) -> dict[str, object]:
    """What the program's output held: taps, and lines that weren't read."""
    rejects = trace.tables["reject"]
    facts = dict(trace.tables["run"].to_pylist()[0]["facts"])
    return {
        "events": trace.events,
        "taps": list(trace.taps),
        "log": facts.get("log"),
        "rejects": rejects.num_rows,
        "first_rejects": rejects.slice(0, _SHOWN).to_pylist(),
    }


def _tell_rejects(trace: Trace) -> None:
    """Say what of the output was not read, and how to see all of it."""
    heard, rejects = _heard(trace), trace.tables["reject"]
    if heard["log"]:
        err.print(str(heard["log"]), style="yellow")
    if not rejects.num_rows:
        return
    err.print(
        f"{counted(rejects.num_rows, 'line')} not read:",
        style="yellow",
    )
    for row in rejects.slice(0, _SHOWN).to_pylist():
        err.print(
            f"{row['file']}:{row['line']}: {row['reason']}: "
            f"{row['text'][:_WIDE]}",
            style="yellow",
        )
    if rejects.num_rows > _SHOWN:
        err.print(
            f"all of them: tracekit show {trace.path} --rejects",
            style="yellow",
        )


@takes(
    argument("log", type=Path, help="A log file, or - for a pipe."),
    OUTPUT,
    DIALECT,
    argument(
        "-f",
        "--follow",
        action="store_true",
        help="Go on while the log is written, until Ctrl-C or SIGTERM.",
    ),
    argument(
        "--until-idle",
        type=float,
        metavar="SECONDS",
        help="With -f: end after so many seconds of silence.",
    ),
    JSON,
)
def parse(
    log: Path,
    output: Path | None,
    dialect: str | None,
    until_idle: float | None,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Read a log that exists already; show what was read and what was not."""
    if until_idle is not None and not follow:
        raise TracekitError("--until-idle is for a log that is followed: -f")
    from tracekit.open import dialect_of

    dialect = dialect or dialect_of(log)
    if follow:
        parsed = _followed(log, output, dialect, until_idle)
    else:
        from tracekit.logs.log import parse_log, store_log

        with waiting(f"reading {log}"):
            if output is None:
                parsed = parse_log(log, dialect)
            else:
                parsed = store_log(log, output, dialect)
    _tell_parsed(parsed, output, as_json=as_json)


def _followed(
    log: Path, output: Path | None, dialect: str, until_idle: float | None
) -> Parsed:
    """Read a log until it ends or a signal does; the second one kills."""
    from tracekit.logs.follow import followed, store
    from tracekit.logs.log import parse_file
    from tracekit.storage.spill import Spill

    if output is None:
        raise TracekitError(
            "a log that is followed needs -o, a new directory where what was "
            "read is kept"
        )
    with (
        waiting(f"following {log}; Ctrl-C ends it"),
        followed(log, output, dialect, until_idle) as source,
    ):
        _stop_on_signals(source)
        parsed = parse_file(source, dialect, Spill(output))
        store(parsed, output)
    return parsed


def _stop_on_signals(source: FollowedLog) -> None:
    """The first Ctrl-C or SIGTERM ends the log, the second the program."""

    def stop(number: int, _: object) -> None:
        source.stop()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _tell_parsed(
    parsed: Parsed, output: Path | None, *, as_json: bool
) -> None:
    if as_json:
        print_json(parsed.summary())
        return
    for name, count in parsed.counts().items():
        out.print(f"{name:<14} {count}")
    for reject in parsed.rejects[:20]:
        out.print(
            f"{reject.file}:{reject.line}: {reject.reason}: "
            f"{reject.text[:_WIDE]}",
            style="yellow",
        )
    if len(parsed.rejects) > 20:
        out.print(f"... {len(parsed.rejects)} rejects in all")
    if output is not None:
        out.print(f"wrote {output}; next: tracekit show {output}")


@takes(
    argument("file", type=Path, help="A file of arrays."),
    NEW_TRACE,
    argument(
        "--array", dest="name", help="Which one, of a file with several."
    ),
    argument("--tap", help="What to call it in the trace."),
    argument(
        "--dims",
        default="",
        help='A name an axis, or a column: "slow fast".',
    ),
    argument("--unit", help="Of its numbers."),
    argument("--dtype", help="Of plain numbers: float32, >i2 ..."),
    argument("--shape", help='Of plain numbers: "2527 2463".'),
    argument(
        "--offset", type=int, default=0, help="Bytes before plain numbers."
    ),
)
def array(
    file: Path,
    output: Path,
    name: str | None,
    tap: str | None,
    dims: str,
    unit: str | None,
    dtype: str | None,
    shape: str | None,
    offset: int,
) -> None:
    """Make a trace of an image, an array or a table of numbers."""
    from tracekit.readers.arrays import store_arrays
    from tracekit.readers.tables import read_csv, store_parquet

    with waiting(f"reading {file}"):
        if file.suffix == ".parquet" and dtype is None:
            saved = store_parquet(file, output, dims)
        elif file.suffix in (".csv", ".tsv") and dtype is None:
            saved = read_csv(file, dims).save(output)
        else:
            saved = store_arrays(
                file,
                output,
                array=name,
                tap=tap,
                dims=dims,
                unit=unit,
                dtype=dtype,
                shape=None if shape is None else _shape(shape),
                offset=offset,
            )
    for row in saved.tables["reject"].to_pylist():
        err.print(f"{row['text']}: {row['reason']}", style="yellow")
    out.print(f"wrote {output}; next: tracekit show {output}")


def _shape(text: str) -> list[int]:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise TracekitError(
            f"shape {text!r}: give whole numbers such as '2527 2463'"
        ) from None


@takes(
    OUTPUT,
    flag("--fortran", "The Fortran module over it instead."),
    flag("--folder", "Say where it lies, for cc -I."),
)
def c_header(output: Path | None, *, fortran: bool, folder: bool) -> None:
    """Print or copy tracekit.h, with which C and C++ programs print taps."""
    from tracekit import native

    if folder:
        out.print(str(native.FOLDER))
        return
    source = native.FORTRAN if fortran else native.HEADER
    text = source.read_text(encoding="utf-8")
    if output is None:
        sys.stdout.write(text)
        return
    output.write_text(text, encoding="utf-8")
    out.print(f"wrote {output}")


@takes(argument("trace", type=Path, help="A trace directory."), JSON)
def repair(trace: Path, *, as_json: bool) -> None:
    """Close a trace whose program, or reader of a log, was killed."""
    from tracekit.logs.follow import finish, is_followed
    from tracekit.storage.repair import repair as close_trace

    if is_followed(trace):
        finish(trace)
    closed = close_trace(trace)
    if as_json:
        print_json({"trace": str(trace), "events": closed.events})
    else:
        out.print(repr(closed))
