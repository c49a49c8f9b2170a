"""Makes a trace of the streams that a recording left, in bounded memory.

Taps that are small enough are put together in memory, several in one pass
over the streams. A large one is written straight from the stream where its
firings stand in the order of place, or all in one place; else DuckDB sorts it
on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tracekit.schema import Axis, ConfigValue, Coverage, FileUse, Run
from tracekit.storage.arrow_tables import give_back
from tracekit.storage.element_file import ElementFile, Written
from tracekit.storage.event_table import write_events
from tracekit.storage.finish import finish
from tracekit.storage.gathering import Gathered
from tracekit.storage.grid import Ordinals
from tracekit.storage.hashes import TapHash
from tracekit.storage.large import first_places, write_large
from tracekit.storage.rows import tables_of
from tracekit.storage.seal import (
    TapFacts,
    count_occurrences,
    event_ranks,
    renumbered,
)
from tracekit.storage.survey import Survey, TapSurvey
from tracekit.storage.trace import element_file, last_stated
from tracekit.storage.unfinished import SORTING

IN_MEMORY = 12 << 20  # bytes of elements that are put in order at once


def write_recording(
    root: Path,
    survey: Survey,
    *,
    run: Run,
    config: Sequence[ConfigValue] = (),
    files: Sequence[FileUse] = (),
    coverage: Sequence[Coverage] = (),
) -> None:
    """Write the trace of a recording into its directory.

    The streams stay; the marker comes last, so a cut is noticed.

    Args:
        root: the directory.
        survey: of its streams.
        run: the execution.
        config: facts, as for ``Trace.build``.
        files: files that the run used.
        coverage: which coordinates the run reports.

    Raises:
        OSError: the disk is full.
        TraceError: a tap's grid is too large to number its elements.
    """
    taps: list[TapFacts] = []
    ranks: dict[int, Ordinals] = {}
    for group in _groups(survey.taps):
        for tap, written in zip(
            group, _write(root, survey, group), strict=True
        ):
            hashed, grid, order = written
            if order is not None:
                ranks[tap.number] = order
            taps.append(_facts(tap, hashed, grid))
    facts = {
        "config": last_stated(config),
        "file": files,
        "coverage": coverage,
        "reject": (),
    }
    write_events(root / "event.parquet", survey, ranks)
    finish(root, tables_of(run, taps, (), facts))


def _groups(taps: Sequence[TapSurvey]) -> Iterator[list[TapSurvey]]:
    """Neighbours that fit into memory together; a large tap alone."""
    group: list[TapSurvey] = []
    for tap in taps:
        if group and sum(t.bytes for t in (*group, tap)) > IN_MEMORY:
            yield group
            group = []
        group.append(tap)
    if group:
        yield group


def _write(
    root: Path, survey: Survey, group: list[TapSurvey]
) -> Iterator[Written]:
    """Write the elements of some taps."""
    if sum(tap.bytes for tap in group) > IN_MEMORY:
        (tap,) = group
        file = element_file(root, tap.number)
        yield write_large(file, survey, tap, root / SORTING)
        give_back()
        return
    rows = {tap.number: Gathered(tap, tap.grid()) for tap in group}
    firsts: dict[int, list[Ordinals]] = {tap.number: [] for tap in group}
    for number, first, found in survey.firings(rows):
        firsts[number].append(
            first_places(found, rows[number].add(found, first))
        )
    for number, gathered in rows.items():
        file = element_file(root, number)
        yield _write_small(file, gathered, np.concatenate(firsts[number]))


def _write_small(file: Path, rows: Gathered, firsts: Ordinals) -> Written:
    grid, table = count_occurrences(rows.grid, rows.table())
    hashed = TapHash(grid)
    ranks = None
    if bool(np.any(firsts[1:] < firsts[:-1])):
        ranks = event_ranks(firsts)
        table = renumbered(table, ranks)
    with ElementFile(file, rows.schema, hashed) as target:
        target.write(table)
    return hashed, grid, ranks


def _facts(
    tap: TapSurvey, hashed: TapHash, grid: tuple[Axis, ...]
) -> TapFacts:
    shared = tap.layout.shared
    return TapFacts(
        name=shared["tap"],
        family=shared["family"],
        order=tap.order,
        kind=shared["kind"],
        dtype=tap.dtype,
        unit=shared["unit"],
        need=shared["need"],
        merged=0,
        grid=grid,
        count=tap.elements,
        contents=hashed.contents,
    )
