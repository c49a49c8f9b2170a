"""Writes a trace of events that wait on the disk, tap by tap.

Taps whose events lie in the order of place go to their files in pieces. Of
those that have to be sorted two at most are in memory at a time. The table of
events follows when all of them are numbered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypedDict, Unpack

from tracekit.schema import (
    ConfigValue,
    Coverage,
    Declared,
    FileUse,
    Reject,
    Run,
)
from tracekit.storage.element_file import ElementFile
from tracekit.storage.event_rows import EventRows, write_event_rows
from tracekit.storage.finish import finish
from tracekit.storage.in_order import write_in_order
from tracekit.storage.late_columns import LateColumns
from tracekit.storage.rows import tables_of
from tracekit.storage.seal import TapFacts, facts_of, seal, tap_identity
from tracekit.storage.spill import Spill
from tracekit.storage.trace import element_file, last_stated

Written = tuple[TapFacts, list[EventRows]]

_THREADS = 2
_TOGETHER = 1 << 20  # elements


class About(TypedDict):
    """All of a trace but its events, as for ``Trace.build``."""

    run: Run
    config: Sequence[ConfigValue]
    files: Sequence[FileUse]
    rejects: Sequence[Reject]
    declared: Sequence[Declared]
    coverage: Sequence[Coverage]


def write_late(
    root: Path, parts: Iterable[LateColumns], **about: Unpack[About]
) -> None:
    """Write a trace into a directory.

    Raises:
        OSError: the disk is full.
        TraceError: a tap's grid is too large to number its elements.
    """
    taps: dict[Any, list[LateColumns]] = {}
    for part in parts:
        taps.setdefault(tap_identity(part.pattern), []).append(part)
    order = sorted(taps.values(), key=lambda own: min(p.first for p in own))
    spill, merge = Spill(root), about["run"].declares

    def in_order(number: int) -> Written | None:
        return _write_in_order(root, number, order[number], spill)

    def sort(number: int) -> Written:
        return _write(root, number, order[number], spill, merge=merge)

    with ThreadPoolExecutor(_THREADS) as aside:
        written = dict(enumerate(aside.map(in_order, range(len(order)))))
    with ThreadPoolExecutor(1) as aside:
        for group in _groups(order, written):
            later = [aside.submit(sort, number) for number in group[1:]]
            written[group[0]] = sort(group[0])
            for number, tap in zip(group[1:], later, strict=True):
                written[number] = tap.result()
    done = [tap for _, tap in sorted(written.items()) if tap is not None]
    sealed = [facts for facts, _ in done]
    events = [row for _, rows in done for row in rows]
    write_event_rows(root / "event.parquet", events)
    facts = {
        "config": last_stated(about["config"]),
        "file": about["files"],
        "coverage": about["coverage"],
        "reject": about["rejects"],
    }
    tables = tables_of(about["run"], sealed, about["declared"], facts)
    finish(root, tables)


def _groups(
    taps: Sequence[list[LateColumns]], written: Mapping[int, Written | None]
) -> Iterator[list[int]]:
    """Numbers of taps that are sorted at the same time."""
    group: list[int] = []
    for number, parts in enumerate(taps):
        if written[number] is not None:
            continue
        size = sum(part.elements for n in group for part in taps[n])
        size += sum(part.elements for part in parts)
        if group and (len(group) == _THREADS or size > _TOGETHER):
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def _write_in_order(
    root: Path, number: int, parts: list[LateColumns], spill: Spill
) -> Written | None:
    if len(parts) > 1:
        return None
    file = element_file(root, number)
    return write_in_order(file, number, parts[0], spill)


def _write(
    root: Path,
    number: int,
    parts: list[LateColumns],
    spill: Spill,
    *,
    merge: bool,
) -> Written:
    (tap,) = seal([part.load() for part in parts], merge=merge)
    file = element_file(root, number)
    with ElementFile(file, tap.elements.schema) as target:
        target.write(tap.elements)
    events = [
        EventRows.of(number, [(part, ranks)], spill)
        for part, ranks in zip(tap.parts, tap.ranks, strict=True)
    ]
    return facts_of(tap), events
