"""Element files of taps that are larger than what is sorted in memory."""

from __future__ import annotations

from array import array
from itertools import chain
from pathlib import Path

import numpy as np

from tracekit.schema import Axis
from tracekit.storage.batches import Firings
from tracekit.storage.element_file import ElementFile, Written
from tracekit.storage.gathering import Gathered, places
from tracekit.storage.grid import Ordinals, component_size, with_occurrence
from tracekit.storage.hashes import ROWS, TapHash
from tracekit.storage.occurrences import Counted, Runs
from tracekit.storage.seal import event_ranks
from tracekit.storage.stretch import Stretch
from tracekit.storage.survey import Survey, TapSurvey

_FEW = 32 << 10  # bytes of a firing from which on all of a tap are kept open

_LONG = 1 << 12  # elements of a firing from which on it is written alone


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
    large = tap.bytes > tap.events * _FEW and not tap.columns
    if tap.one_box and tap.events > 1 and large:
        return _in_turns(file, survey, tap, grid)
    order = _Order()
    for _, _, found in survey.firings([tap.number]):
        order.see(found, grid)
    if order.ascends and (order.runs.most == 1 or component_size(grid) == 1):
        return _as_fired(file, survey, tap, grid, order.runs.most)
    from tracekit.storage.sorting import write_sorted  # needs DuckDB

    ranks = event_ranks(np.frombuffer(order.firsts, np.int64))
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
        self.firsts = array("q")  # 0 of an empty firing

    def see(self, found: Firings, grid: tuple[Axis, ...]) -> None:
        """Look at the first and last places of firings."""
        ends = _ends(found, grid)
        if ends is None:
            self.ascends = False
            self.firsts.extend([0] * len(found.rows))
            return
        self.firsts.frombytes(ends[0].tobytes())
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
        along = places(found, grid).reshape(len(found.rows), -1)
        return along[:, 0], along[:, -1]
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
    plain = most == 1 and not tap.columns
    with ElementFile(file, rows.schema, hashed) as target:
        for _, first, found in survey.firings([tap.number]):
            stretches = _stretches(found, first, grid) if plain else []
            tables = (
                rows.rest() if stretches else rows.tables(found, first, ROWS)
            )
            for part in chain(map(counted.number, tables), stretches):
                target.write(part)
        for table in rows.rest():
            target.write(counted.number(table))
    return hashed, counted.grid, None


def _stretches(
    found: Firings, first: int, grid: tuple[Axis, ...]
) -> list[Stretch]:
    """Large firings, each of which fills places that follow one another."""
    size = found.elements // len(found.rows)
    ends = _ends(found, grid) if size >= _LONG else None
    if ends is None or bool(np.any(ends[1] - ends[0] != size - 1)):
        return []
    return [
        Stretch(place, first + number, values, found.pages)
        for number, (place, values) in enumerate(
            zip(ends[0].tolist(), found.values.reshape(-1, size), strict=True)
        )
    ]


def _in_turns(
    file: Path, survey: Survey, tap: TapSurvey, grid: tuple[Axis, ...]
) -> Written:
    """Large values that all fired in one box: place after place."""
    firings = [found for _, _, found in survey.firings([tap.number])]
    events = [
        piece for found in firings for piece in found.pieces(found.layout.size)
    ]
    count, inner = len(events), component_size(grid)
    none = np.empty(0, np.int64)
    counted, _ = with_occurrence(grid, none, none, count)
    hashed = TapHash(counted)
    step = max(1, ROWS // (count * inner)) * inner
    with ElementFile(file, Gathered(tap, grid).schema, hashed) as target:
        size = events[0].layout.size
        for begin in range(0, size, step):
            end = min(begin + step, size)
            shape = (end - begin) // inner, count, inner
            values = np.empty(shape, tap.value_type)
            for number, event in enumerate(events):
                part = event.values[begin:end].reshape(-1, inner)
                with np.errstate(invalid="ignore"):  # a NaN that signals
                    values[:, number] = part
                event.give_back()  # the system maps more than was asked for
            fired = np.broadcast_to(np.arange(count)[:, None], shape)
            target.write(
                Stretch(begin * count, fired.reshape(-1), values.reshape(-1))
            )
    return hashed, counted, None
