"""Pairs of stored taps of floats whose rows meet by position.

Row groups of both sides are read beside each other by several threads, and
NumPy works out what is wanted of them, in less time than it takes DuckDB to
join the two columns. DuckDB reads the results as any other table.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, islice
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.comparison.closeness import Bounds, diverged
from tracekit.comparison.quick import Figures, figures, total
from tracekit.comparison.relations import Rows

Array = npt.NDArray[Any]
Item = TypeVar("Item")
Result = TypeVar("Result")
# which rows of a row group, of both sides' numbers and the ordinals
Choice = Callable[[Array, Array, Array], Array | slice]
Part = tuple["FloatPair", int, Choice]
# of very many numbers that diverged about so many are tried for kinds of
# error, of so many row groups
_TRIED = 1 << 15
_GROUPS = 4
_FACTOR = np.uint64(2654435761)
_MODULUS = 4294967291

QUICK = pa.schema(
    [
        ("pair", pa.int64()),
        ("compared", pa.int64()),
        ("odd", pa.int64()),
        ("diverged", pa.int64()),
        ("max_abs_error", pa.float64()),
        ("max_rel_error", pa.float64()),
        ("max_ulps", pa.int64()),
        ("signal", pa.float64()),
        ("worst", pa.int64()),
        ("first", pa.int64()),
        ("worst_error", pa.float64()),
        ("rtol_base", pa.float64()),
        ("atol_base", pa.float64()),
        ("least_ulps", pa.int64()),
        ("sound", pa.bool_()),
    ]
)
MET = pa.schema(
    [
        ("pair", pa.int64()),
        ("ordinal", pa.int64()),
        ("actual_event", pa.int64()),
        ("actual_value", pa.float64()),
        ("expected_event", pa.int64()),
        ("expected_value", pa.float64()),
    ]
)


def once(work: Callable[[], Iterable[Item]]) -> Callable[[], list[Item]]:
    """Gives the work's results, which are worked out when first wanted."""
    known: list[Item] | None = None
    lock = Lock()  # several threads of DuckDB may come at once

    def results() -> list[Item]:
        nonlocal known
        with lock:
            if known is None:
                known = list(work())
            return known

    return results


def column(file: Path, group: int, name: str) -> Array:
    """A column of a row group."""
    with pq.ParquetFile(file) as parquet:
        table = parquet.read_row_group(group, [name], use_threads=False)
    return np.asarray(table[name].to_numpy())


def ahead(
    threads: int, work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """Results in order; as many are waiting at most as there are threads."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(frozen=True)
class FloatPair:
    """Two element files of the same ordinals, in the same row groups.

    Args:
        pair: number of the pair.
        actual, expected: the files.
        groups: rows of each row group.
        bounds: what is close.
        alone: each number is judged alone, not as a part of its vector.
        same: both files hold the same values, as their hashes tell.
        known: all that is asked of every number stands in the table of taps.
    """

    pair: int
    actual: Path
    expected: Path
    groups: tuple[int, ...]
    bounds: Bounds
    alone: bool
    same: bool
    known: bool

    @cached_property
    def starts(self) -> list[int]:
        """Places of the first row of each row group, and behind the last."""
        return [0, *accumulate(self.groups)]

    def numbers(self, group: int) -> tuple[Array, Array]:
        """Both sides' numbers of a row group, as doubles."""
        expected = self._doubles(self.expected, group)
        if self.same:
            return expected, expected
        return self._doubles(self.actual, group), expected

    @staticmethod
    def _doubles(file: Path, group: int) -> Array:
        return column(file, group, "float").astype(np.float64, copy=False)

    def figures(self, group: int) -> Figures:
        """The figures of a row group."""
        return figures(*self.numbers(group), self.bounds, self.starts[group])

    def rows(self, group: int, choose: Choice) -> pa.RecordBatch:
        """Rows of ``MET``: those of a row group that are chosen."""
        actual, expected = self.numbers(group)
        ordinals = column(self.expected, group, "ordinal")
        chosen = choose(actual, expected, ordinals)
        columns = (
            ordinals,
            column(self.actual, group, "event"),
            actual,
            column(self.expected, group, "event"),
            expected,
        )
        found = [values[chosen] for values in columns]
        pair = np.full(len(found[0]), self.pair)
        return pa.record_batch([pair, *found], schema=MET)

    def odd(self, actual: Array, expected: Array, *_: Array) -> Array:
        """Which numbers are left out of the figures."""
        with np.errstate(all="ignore"):
            counted: Array = np.abs(actual - expected) < math.inf
        return ~counted

    def suspect(self, actual: Array, expected: Array, *_: Array) -> Array:
        """Which numbers are not close at first sight."""
        with np.errstate(all="ignore"):
            error = np.abs(actual - expected)
            allowed = np.abs(expected) * self.bounds.rtol
            close: Array = error <= np.fmax(allowed, self.bounds.atol)
        return ~close | self.odd(actual, expected)

    def ordinal(self, place: int) -> int:
        """The ordinal at a place."""
        group, row = self.row(place)
        return int(column(self.expected, group, "ordinal")[row])

    def row(self, place: int) -> tuple[int, int]:
        """The row group of a place, and the row in it."""
        group = bisect_right(self.starts, place) - 1
        return group, place - self.starts[group]


@dataclass(frozen=True)
class _Measured:
    """A pair and the figures of its row groups."""

    pair: FloatPair
    parts: list[Figures]

    @cached_property
    def total(self) -> Figures:
        return total(self.parts)

    @property
    def sound(self) -> bool:
        """See ``quick``."""
        return self.pair.alone or self.total.largest[0] == 0

    def quick(self) -> dict[str, Any]:
        """The row of ``quick``."""
        found = self.total
        row = {name: getattr(found, name, None) for name in QUICK.names}
        row |= {"pair": self.pair.pair, "sound": self.sound}
        if not found.compared:
            return row | dict.fromkeys(("signal", "worst", "first"))
        error, place = found.worst if found.diverged else found.largest
        first = found.first_place if found.diverged else None
        return row | {
            "first": None if first is None else self.pair.ordinal(first),
            "max_abs_error": found.largest[0],
            "worst": self.pair.ordinal(-place),
            "worst_error": error,
        }

    def left_out(self) -> Iterator[Part]:
        for group, part in enumerate(self.parts):
            if not self.sound:
                yield self.pair, group, lambda *_: slice(None)
            elif part.odd:
                yield self.pair, group, self.pair.odd

    def first(self) -> Iterator[Part]:
        if self.sound and self.total.diverged:
            group, row = self.pair.row(self.total.first_place)
            yield self.pair, group, lambda *_: slice(row, row + 1)

    def suspects(self) -> Iterator[Part]:
        for group, part in enumerate(self.parts):
            if part.odd or part.suspects:
                yield self.pair, group, self.pair.suspect

    def tried(self) -> Iterator[Part]:
        pair = self.pair
        which = "diverged" if pair.alone else "suspects"
        many = {
            group: getattr(part, which)
            for group, part in enumerate(self.parts)
            if getattr(part, which)
        }
        if sum(many.values()) > _TRIED:  # some of a few row groups will do
            step = math.ceil(len(many) / _GROUPS)
            many = dict(islice(many.items(), 0, None, step))
        limit = _MODULUS * _TRIED // max(sum(many.values()), _TRIED)

        def choose(actual: Array, expected: Array, ordinals: Array) -> Array:
            bad = (
                diverged(actual, expected, pair.bounds)
                if pair.alone
                else pair.suspect(actual, expected)
            )
            places = np.flatnonzero(bad)
            return np.asarray(places[spread(ordinals[places]) < limit])

        return ((pair, group, choose) for group in many)


def spread(ordinals: Array) -> Array:
    """The numbers that ``queries/kind_sample.sql`` puts ordinals in order by.

    The smallest of them belong to ordinals that lie all over a tap.
    """
    # ordinals below the modulus, so that no product exceeds 64 bits
    places = ordinals.astype(np.uint64) % _MODULUS
    return np.asarray(places * _FACTOR % _MODULUS)


class FloatPairs:
    """All such pairs of a comparison.

    Args:
        pairs: the pairs.
        stacked: numbers of those that are read as a ``Stack``.
        threads: how many read them.
    """

    def __init__(
        self, pairs: list[FloatPair], stacked: Collection[int], threads: int
    ) -> None:
        self._pairs = pairs
        self._stacked = stacked
        self._threads = threads
        self._known: dict[int, _Measured] = {}
        self._lock = Lock()

    def tables(self) -> dict[str, Rows]:
        """By the view of ``by_position.sql`` that reads it."""
        return {
            "_quick": Rows(QUICK, self._quick),
            "_met_left_out": Rows(MET, lambda: self._rows("left_out")),
            "_met_first": Rows(MET, lambda: self._rows("first")),
            "_met_suspect": Rows(MET, lambda: self._rows("suspects")),
            "_met_tried": Rows(MET, once(lambda: self._rows("tried"))),
            "_met_beside": Rows(
                MET, lambda: self._rows("suspects", self._stacked)
            ),
        }

    def _measured(self, without: Collection[int] = ()) -> list[_Measured]:
        """Pairs with their figures, which are taken once."""
        wanted = [pair for pair in self._pairs if pair.pair not in without]
        with self._lock:  # several threads of DuckDB may come at once
            new = [pair for pair in wanted if pair.pair not in self._known]
            groups = [
                (pair, n) for pair in new for n in range(len(pair.groups))
            ]
            parts = ahead(
                self._threads, lambda part: part[0].figures(part[1]), groups
            )
            for pair in new:
                its = list(islice(parts, len(pair.groups)))
                self._known[pair.pair] = _Measured(pair, its)
        return [self._known[pair.pair] for pair in wanted]

    def _quick(self) -> Iterator[pa.RecordBatch]:
        rows = [pair.quick() for pair in self._measured()]
        yield pa.RecordBatch.from_pylist(rows, schema=QUICK)

    def _rows(
        self, which: str, without: Collection[int] = ()
    ) -> Iterator[pa.RecordBatch]:
        parts: Iterator[Part] = chain.from_iterable(
            getattr(pair, which)() for pair in self._measured(without)
        )
        yield from ahead(
            self._threads,
            lambda part: part[0].rows(part[1], part[2]),
            parts,
        )
