"""``record()``: what a recording takes and where it goes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tracekit import run_record
from tracekit.blocks import block
from tracekit.capture.expectation import Expectation, Expected, names_of
from tracekit.capture.ranks import rank_of_world
from tracekit.capture.recorder import Recorder
from tracekit.capture.reduction import Reduce, Reduction
from tracekit.capture.sampling import Sampling, Stop, When
from tracekit.capture.selection import Selection
from tracekit.capture.sinks import Sink, checked
from tracekit.endings import Ending
from tracekit.errors import RecordingError
from tracekit.storage.directory import claimed
from tracekit.storage.ranks import joined


@block
def record(
    path: str | os.PathLike[str] | None = None,
    *,
    pixels: Sequence[Sequence[int]] | None = None,
    at: Mapping[str, int | Sequence[int]] | None = None,
    taps: Sequence[str] | None = None,
    expect: Expected | None = None,
    every: int = 1,
    when: When | None = None,
    reduce: Reduce | None = None,
    stop_when: Stop | None = None,
    pixel_dims: Sequence[str] = ("slow", "fast"),
    sinks: Sequence[Sink] = (),
    program: str = "",
) -> Iterator[Recorder]:
    """Record every tap that fires while the block lasts.

    Args:
        path: a directory for the trace; None keeps it in memory. A trace
            that lies there is replaced, anything else is refused.
        pixels: (slow, fast) pairs to record; None records all. A pixel that
            lies in no tapped value is told when the block ends, in the log
            and in the run's fact ``never_reached``; so is an index of
            ``at``.
            Compiled code computes up to 1024 of them apart, with the same
            bits, and keeps no whole value for a tap where that is exact; to
            suspect the compiler itself, record whole values.
            One recorder at a time; two get whole values, and so does
            ``reduce``.
        at: indices to record by dim, where a coordinate is no pixel:
            ``at={"cell": [3, 7], "level": 0}``.
        taps: names or globs ("F_*") to record; None records all. A name
            without wildcards has to fire; a glob that selects none of those
            that fired is told in the log, and in the fact
            ``selects_nothing``.
        expect: names or globs of taps that have to fire; or a trace, or the
            path of one: every tap that it has and ``taps`` selects. What
            never fires is an error when the block ends, and the trace is
            written all the same.
        every: record the first firing of each tap and each n-th after it.
        when: record a firing where this is true of the tap's name and the
            loop indices around it.
        reduce: names or globs of taps, or how many numbers a value may have
            to be kept in full. Of a tap that is reduced the selected pixels
            (``pixels``, ``at``) are kept in full, and statistics of all of
            its numbers as taps of their own: ``NAME.count``, ``.nan``,
            ``.inf``, ``.zeros``, ``.min``, ``.max``, ``.mean`` (of finite
            numbers; beside it the mean of the absolute ones) and ``.hash``,
            which differs where a bit does. They are the same on any device
            and for any number of threads, and taken where the value lies. A
            name without wildcards has to fire.
        stop_when: end the block at the first event that holds "nan" or
            "inf", or that a predicate is true of. The tap raises
            RecordingStopped, this block catches it, and the run's fact
            ``recording`` says where; ``expect`` is not asked then. A rank
            ends for itself, a forked child when the program learns of it.
        pixel_dims: the names of the pixel's two dims.
        sinks: where each event goes as well (see ``tracekit.sinks``).
        program: the program's name in the run record.

    Values on a GPU are copied while the program goes on, unless
    ``stop_when`` or ``reduce`` must see them at once; all of them are there
    when the block ends. Capture CUDA graphs, of code without taps, before the
    block: a copy that is under way may break a capture off.

    Threads record into the one trace; a forked child (a DataLoader's worker)
    writes a part of its own, which the parent takes in at its end, and a
    recording in memory refuses it; one that was forked before the block
    records nothing, as a persistent worker. Under torchrun, or where RANK and
    WORLD_SIZE stand in the environment, every rank records to one path: rank
    is a dim of every tap, rank 0 waits for the others and makes one trace of
    all. A process that is spawned records what it opens itself;
    a tap that fires there without is told at the end.

    A program that is killed loses its last half second at most; ``tracekit
    repair`` makes a trace of the rest. Where the disk takes no more, or the
    directory is gone, the program goes on and the end of the block is one
    error.

    A block that nobody leaves, entered by hand or in a daemon thread, ends
    with the program, in the run's fact ``recording`` too.

    Yields:
        The recorder; its ``.trace`` is there when the block has ended.

    Raises:
        RecordingError: another recorder writes to the path, something lies
            there that is no trace, it can't be written, or the selection
            can't be understood; at the end, a tap that had to fire did not,
            or events were lost.

    >>> import numpy as np, tracekit as tk
    >>> with tk.record(pixels=[(0, 1)]) as recording:
    ...     image = tk.tap(np.eye(2), "image", "slow fast")
    >>> recording.trace.elements(0)["float"].to_pylist()
    [0.0]
    """
    reduction = Reduction.of(reduce)
    selection = Selection.of(pixels, at, pixel_dims, whole=reduce is not None)
    _check("path", path, path is None or isinstance(path, _PATHS), "a path")
    _check("program", program, isinstance(program, str), "a text")
    root = None if path is None else Path(path).absolute()  # of this moment
    globs = None if taps is None else names_of("taps", taps)
    expectation = Expectation(globs, expect, reduction.globs)
    sampling = Sampling(every, when, stop_when)
    sinks = checked(sinks)
    run = run_record.python_run(program, selection.pixel_dims, globs or ())
    with Ending(f"records to {root or 'memory'}") as ending:
        if root is not None:
            ending.enter_context(_place(root))
        yield ending.enter_context(
            Recorder(
                root, selection, reduction, expectation, sampling, sinks, run
            )
        )


_PATHS = (str, os.PathLike)


def _check(option: str, given: object, fits: bool, expected: str) -> None:  # noqa: FBT001
    if not fits:
        raise RecordingError(f"{option}={given!r}: expected {expected}")


def _place(root: Path) -> AbstractContextManager[None]:
    rank, _ = rank_of_world()
    return joined(root, f"rank{rank}") if rank else claimed(root)
