"""Commands that make traces: demo, run, parse, array, c-header."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracekit.commands.console import (
    Dialect,
    Json,
    Output,
    counted,
    err,
    out,
    print_json,
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


def demo(
    directory: Annotated[
        Path, typer.Option(help="Where traces and runs are put.")
    ] = Path("demo"),
) -> None:
    """Tell the story of a stale file, with our own C and PyTorch programs."""
    from tracekit.demo import run_demo

    warn_on_stderr()
    run_demo(directory, out)


def run(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A new trace directory.")
    ],
    dialect: Dialect = "nanobragg",
    repeat: Annotated[
        int,
        typer.Option(help="Run it so often; exits 1 if the results differ."),
    ] = 1,
    files: Annotated[
        str,
        typer.Option(
            help="How opened files are seen: strace, preload, proc or auto."
        ),
    ] = "auto",
    as_json: Json = False,
) -> None:
    """Run any program after --; keep its log as a trace. Exits as it does."""
    from tracekit.processes.opened import way
    from tracekit.processes.streams import ending, shell_status, signal_name
    from tracekit.programs import run as run_program
    from tracekit.repeats import run_again

    warn_on_stderr()
    if not context.args:
        raise TracekitError("no command; write it after --")
    if repeat < 1:
        raise TracekitError(
            f"--repeat {repeat}: give 1 for a plain run, 2 or more to compare "
            "the runs"
        )
    if repeat > 1:
        runs = run_again(
            context.args,
            trace=output,
            times=repeat,
            dialect=dialect,
            echo=None if as_json else sys.stdout,
            files=way(files),
        )
        if as_json:
            print_json(runs.to_dict())
        else:
            err.print(str(runs), markup=False)
        raise typer.Exit(0 if runs.deterministic else 1)
    trace, status = run_program(
        context.args,
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
    raise typer.Exit(shell_status(status))


def _heard(trace: Trace) -> dict[str, object]:
    """What the program's output held: taps, and lines that weren't read."""
    rejects = trace.tables["reject"]
    facts = dict(trace.tables["run"].to_pylist()[0]["facts"])
    return {
        "events": trace.tables["event"].num_rows,
        "taps": list(trace.taps),
        "log": facts.get("log"),
        "rejects": rejects.num_rows,
        "first_rejects": rejects.slice(0, _SHOWN).to_pylist(),
    }


def _tell_rejects(trace: Trace) -> None:
    """Say what of the output was not read, and how to see all of it."""
    heard, rejects = _heard(trace), trace.tables["reject"]
    if heard["log"]:
        err.print(str(heard["log"]), style="yellow", markup=False)
    if not rejects.num_rows:
        return
    err.print(
        f"{counted(rejects.num_rows, 'line')} not read:",
        style="yellow",
        markup=False,
    )
    for row in rejects.slice(0, _SHOWN).to_pylist():
        err.print(
            f"{row['file']}:{row['line']}: {row['reason']}: "
            f"{row['text'][:_WIDE]}",
            style="yellow",
            markup=False,
        )
    if rejects.num_rows > _SHOWN:
        err.print(
            f"all of them: tracekit show {trace.path} --rejects",
            style="yellow",
            markup=False,
        )


def parse(
    log: Annotated[Path, typer.Argument(help="A log file, or - for a pipe.")],
    output: Output = None,
    dialect: Dialect = "nanobragg",
    follow: Annotated[
        bool,
        typer.Option(
            "-f",
            "--follow",
            help="Go on while the log is written, until Ctrl-C or SIGTERM.",
        ),
    ] = False,
    until_idle: Annotated[
        float | None,
        typer.Option(help="With -f: end after so many seconds of silence."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Read a log that exists already; show what was read and what was not."""
    if until_idle is not None and not follow:
        raise TracekitError("--until-idle is for a log that is followed: -f")
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
    counts = parsed.counts()
    if as_json:
        print_json(counts)
        return
    for name, count in counts.items():
        shown = len(count) if isinstance(count, list) else count
        out.print(f"{name:<14} {shown}")
    for reject in parsed.rejects[:20]:
        out.print(
            f"{reject.file}:{reject.line}: {reject.reason}: "
            f"{reject.text[:_WIDE]}",
            style="yellow",
            markup=False,
        )
    if len(parsed.rejects) > 20:
        out.print(f"... {len(parsed.rejects)} rejects in all")
    if output is not None:
        out.print(f"wrote {output}; next: tracekit show {output}")


def array(
    file: Annotated[Path, typer.Argument(help="A file of arrays.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A new trace directory.")
    ],
    name: Annotated[
        str | None,
        typer.Option("--array", help="Which one, of a file with several."),
    ] = None,
    tap: Annotated[
        str | None, typer.Option(help="What to call it in the trace.")
    ] = None,
    dims: Annotated[
        str, typer.Option(help='A name an axis, or a column: "slow fast".')
    ] = "",
    unit: Annotated[str | None, typer.Option(help="Of its numbers.")] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Of plain numbers: float32, >i2 ...")
    ] = None,
    shape: Annotated[
        str | None, typer.Option(help='Of plain numbers: "2527 2463".')
    ] = None,
    offset: Annotated[
        int, typer.Option(help="Bytes before plain numbers.")
    ] = 0,
) -> None:
    """Make a trace of an image, an array or a table of numbers."""
    from tracekit.readers.arrays import read_arrays
    from tracekit.readers.tables import read_csv, read_parquet

    tables = {".parquet": read_parquet, ".csv": read_csv, ".tsv": read_csv}
    with waiting(f"reading {file}"):
        if file.suffix in tables and dtype is None:
            trace = tables[file.suffix](file, dims)
        else:
            trace = read_arrays(
                file,
                array=name,
                tap=tap,
                dims=dims,
                unit=unit,
                dtype=dtype,
                shape=None if shape is None else _shape(shape),
                offset=offset,
            )
        saved = trace.save(output)
    for row in saved.tables["reject"].to_pylist():
        err.print(f"{row['text']}: {row['reason']}", style="yellow")
    out.print(f"wrote {output}; next: tracekit show {output}", markup=False)


def _shape(text: str) -> list[int]:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise TracekitError(
            f"shape {text!r}: give whole numbers such as '2527 2463'"
        ) from None


def c_header(
    output: Output = None,
    fortran: Annotated[
        bool,
        typer.Option("--fortran", help="The Fortran module over it instead."),
    ] = False,
    folder: Annotated[
        bool, typer.Option("--folder", help="Say where it lies, for cc -I.")
    ] = False,
) -> None:
    """Print or copy tracekit.h, with which C and C++ programs print taps."""
    from tracekit import native

    if folder:
        out.print(str(native.FOLDER), markup=False)
        return
    source = native.FORTRAN if fortran else native.HEADER
    text = source.read_text(encoding="utf-8")
    if output is None:
        sys.stdout.write(text)
        return
    output.write_text(text, encoding="utf-8")
    out.print(f"wrote {output}", markup=False)


def repair(
    trace: Annotated[Path, typer.Argument(help="A trace directory.")],
    as_json: Json = False,
) -> None:
    """Close a trace whose program, or reader of a log, was killed."""
    from tracekit.logs.follow import finish, is_followed
    from tracekit.storage.repair import repair as close_trace

    if is_followed(trace):
        finish(trace)
    closed = close_trace(trace)
    if as_json:
        print_json(
            {"trace": str(trace), "events": closed.tables["event"].num_rows}
        )
    else:
        out.print(repr(closed), markup=False)
