"""A trace of taps that fired once each, whose numbers come in row groups."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.errors import TraceError
from tracekit.schema import Event, FileUse, Reject, Run
from tracekit.storage.columns import EventColumns
from tracekit.storage.element_file import ElementFile
from tracekit.storage.finish import finish
from tracekit.storage.grid import origins_of
from tracekit.storage.hashes import TapHash
from tracekit.storage.rows import event_table, tables_of
from tracekit.storage.seal import SealedTap, column_of
from tracekit.storage.stretch import Stretch
from tracekit.storage.trace import (
    ELEMENTS,
    element_file,
    new_directory,
)


@dataclass(frozen=True, slots=True)
class PlainTap:
    """A tap that fired once, a full box.

    Args:
        pattern: the event; of its values (or texts) only how many counts.
        stored: the type in which the numbers are stored.
        blocks: gives the numbers, flat; raises TraceError where they can't
            be read.
    """

    pattern: Event
    stored: np.dtype[Any]
    blocks: Callable[[], Iterator[npt.NDArray[Any]]]


def write_plain(
    root: Path,
    taps: Sequence[PlainTap],
    *,
    run: Run,
    files: Sequence[FileUse],
    rejects: Sequence[Reject],
) -> None:
    """Write a trace into a new directory, in memory of a few row groups.

    What can't be read becomes a reject, where something else can.

    Raises:
        TraceError: nothing could be read, or the directory holds something.
        OSError: the disk is full.
    """
    sealed: list[SealedTap] = []
    lost: list[Reject] = []
    with new_directory(root):
        for tap in taps:
            number = len(sealed)
            try:
                sealed.append(_written(root, number, tap))
            except TraceError as error:
                shutil.rmtree(element_file(root, number).parent)
                if len(taps) + len(rejects) == 1:
                    shutil.rmtree(root / ELEMENTS)
                    raise TraceError(
                        f"{run.program} can't be read: {error}"
                    ) from error
                name = tap.pattern.tap
                lost.append(Reject(run.program, 0, str(error), name))
        facts: dict[str, Sequence[Any]] = {
            "config": (),
            "file": files,
            "coverage": (),
            "reject": [*rejects, *lost],
        }
        tables = tables_of(run, sealed, (), facts)
        tables["event"] = event_table(sealed)
        finish(root, tables)


def _written(root: Path, number: int, tap: PlainTap) -> SealedTap:
    event = tap.pattern
    name = column_of(event.kind)
    kind = pa.string() if name == "text" else pa.from_numpy_dtype(tap.stored)
    schema = pa.schema(
        [("ordinal", pa.int64()), ("event", pa.int64()), (name, kind)]
    )
    hashed, count = TapHash(event.axes), 0
    file = element_file(root, number)
    with ElementFile(file, schema, hashed) as target:
        for block in tap.blocks():
            target.write(Stretch(count, 0, block))
            count += len(block)
    part = EventColumns(
        event,
        np.array([number], np.int64),
        origins_of(event.axes),
        event.values,
        np.array([event.line], np.int64),
    )
    return SealedTap(
        name=event.tap,
        family=event.family,
        order=number,
        kind=event.kind,
        dtype=event.dtype,
        unit=event.unit,
        need=event.need,
        merged=0,
        grid=event.axes,
        count=count,
        contents=hashed.contents,
        parts=[part],
        ranks=[np.zeros(1, np.int64)],
        elements=schema.empty_table(),
    )
