"""Element files of taps that are larger than what is sorted in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from tracekit.schema import Axis
from tracekit.storage.batches import Firings
from tracekit.storage.element_file import ElementFile, Written
from tracekit.storage.gathering import Gathered, places
from tracekit.storage.grid import Ordinals, component_size, with_occurrence
from tracekit.storage.hashes import ROWS, TapHash
from tracekit.storage.occurrences import Counted, Runs
from tracekit.storage.seal import event_ranks
from tracekit.storage.survey import Survey, TapSurvey

_FEW = 32 << 10  # bytes of a firing from which on all of a tap are kept open

_AT_ONCE = ROWS // 4  # rows that are turned in one piece


def write_large(
    file: Path, survey: Survey, tap: TapSurvey, spill: Path
) -> Written:
    """Write the elements of one tap.

    Args:
        file: to write.
        survey: of the streams.
        tap: the tap.
        spill: a directory that may be made to sort in.

    Returns:
        Its hashes, its grid, and its events' numbers where they are not
        those of the order of firing.
    """
    grid = tap.grid()
    large = tap.bytes > tap.events * _FEW and "text" not in tap.columns
    if tap.one_box and tap.events > 1 and large:
        return _in_turns(file, survey, tap, grid)
    order = _Order()
    for _, _, found in survey.firings([tap.number]):
        order.see(found, grid)
    if order.ascends and (order.runs.most == 1 or component_size(grid) == 1):
        return _as_fired(file, survey, tap, grid, order.runs.most)
    from tracekit.storage.sorting import write_sorted  # needs DuckDB

    firsts = [
        first_places(found, places(found, grid))
        for _, _, found in survey.firings([tap.number])
    ]
    ranks = event_ranks(np.concatenate(firsts))
    return write_sorted(file, survey, tap, grid, ranks, spill)


def first_places(found: Firings, ordinals: Ordinals) -> Ordinals:
    """The first ordinal of each firing, 0 of an empty one."""
    count = len(found.rows)
    if not len(ordinals):
        return np.zeros(count, np.int64)
    return ordinals[:: len(ordinals) // count]


class _Order:
    """Whether firings stand in the order of place."""

    def __init__(self) -> None:
        self.runs = Runs()
        self.ascends = True

    def see(self, found: Firings, grid: tuple[Axis, ...]) -> None:
        """Look at the first and last places of firings."""
        ends = _ends(found, grid)
        if ends is None:
            self.ascends = False
            return
        one = found.elements == len(found.rows)
        marks = ends[0] if one else np.stack(ends, 1).reshape(-1)
        self.ascends = self.runs.see(marks) and self.ascends


def _ends(
    found: Firings, grid: tuple[Axis, ...]
) -> tuple[Ordinals, Ordinals] | None:
    """Each firing's first and last ordinal; None where one has none."""
    if not found.elements:
        return None
    if found.positions is not None or found.text is not None:
        along = places(found, grid)
        return along[:1], along[-1:]
    size = found.elements // len(found.rows)
    first, last = (
        places(
            Firings(
                found.layout,
                found.rows,
                found.origins,
                np.empty(len(found.rows), np.int8),
                begin=begin,
            ),
            grid,
        )
        for begin in (0, size - 1)
    )
    return first, last


def _as_fired(
    file: Path,
    survey: Survey,
    tap: TapSurvey,
    grid: tuple[Axis, ...],
    most: int,
) -> Written:
    """Firings whose places never go back."""
    counted = Counted(grid, most)
    hashed = TapHash(counted.grid)
    rows = Gathered(tap, grid)
    with ElementFile(file, rows.schema, hashed) as target:
        for _, first, found in survey.firings([tap.number]):
            done = 0
            for piece in found.pieces(ROWS):
                rows.add(piece, first + done)
                done += len(piece.rows) if len(found.rows) > 1 else 0
                target.write(counted.number(rows.table()))
    return hashed, counted.grid, None


def _in_turns(
    file: Path, survey: Survey, tap: TapSurvey, grid: tuple[Axis, ...]
) -> Written:
    """Large values that all fired in one box: place after place."""
    firings = [found for _, _, found in survey.firings([tap.number])]
    events = [
        piece for found in firings for piece in found.pieces(found.layout.size)
    ]
    count = len(events)
    counted, _ = with_occurrence(
        grid, np.empty(0, np.int64), np.empty(0, np.int64), count
    )
    hashed = TapHash(counted)
    rows = Gathered(tap, grid)
    inner = component_size(grid)
    step = max(1, _AT_ONCE // (count * inner)) * inner
    with ElementFile(file, rows.schema, hashed) as target:
        for begin in range(0, events[0].layout.size, step):
            for number, event in enumerate(events):
                part = event.part(begin, begin + step)
                rows.add(replace(part, values=part.values.copy()), number)
                event.give_back()  # the system maps more than was asked for
            table = rows.table()
            order = np.arange(len(table)).reshape(count, -1, inner)
            turned = pa.array(order.transpose(1, 0, 2).reshape(-1))
            table = table.take(turned)
            _, ordinals = with_occurrence(
                grid,
                table["ordinal"].to_numpy(),
                table["event"].to_numpy(),
                count,
            )
            target.write(table.set_column(0, "ordinal", pa.array(ordinals)))
    return hashed, counted, None
