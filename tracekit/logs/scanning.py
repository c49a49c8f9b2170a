"""Reads paragraphs whose text is known but for the numbers that vary.

Where words end is looked up once for the whole text. A paragraph that has as
many words as a template has is of it where all that stands between the holes
is the same, byte by byte; what stands in the holes is read by column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracekit.logs.number_columns import Flags, Integers, Printed
from tracekit.logs.templates import Template, letters_of
from tracekit.logs.word_columns import Words, doubles, printed, whole_numbers

_LONGEST = 64
_NEAR = 1 << 14  # bytes: Python finds a text quicker in a short one
_AT_ONCE = 1 << 17  # bytes: they stay in a core's cache


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of some paragraphs of one template.

    Args:
        template: of which they are.
        begin, end: where each number stands, a row a paragraph.
        values: a row a number, those of each group together.
        printed: of the numbers of the first group, one behind the other.
    """

    template: Template
    begin: Integers
    end: Integers
    values: npt.NDArray[np.float64]
    printed: Printed

    def __len__(self) -> int:
        return len(self.begin)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A text whose paragraphs begin alike.

    Args:
        text: whole lines.
        leader: with which each paragraph begins, up to its first number.
        starts: where each begins, and where the last ends.
        which: by paragraph, of which table it is; -1 for none.
        tables: the paragraphs that were read, a table a template.
    """

    text: bytes
    leader: bytes
    starts: Integers
    which: Integers
    tables: list[Table]

    def __len__(self) -> int:
        return len(self.which)


def scan(text: bytes, leader: bytes, templates: Sequence[Template]) -> Scanned:
    """Read the paragraphs of a text that are of one of the templates."""
    starts = _starts(text, leader)
    which = np.full(len(starts) - 1, -1)
    found = Scanned(text, leader, starts, which, [])
    if not templates or not len(which):
        return found
    letters = letters_of(templates)
    ends = _word_ends(text, letters)
    firsts = np.searchsorted(ends, starts)
    counts = np.diff(firsts)
    for template in templates:
        own, before, behind = template.layout(letters)
        words = np.cumsum(own)
        rows = np.flatnonzero((counts == words[-1]) & (which < 0))
        if not len(rows):
            continue
        at = firsts[rows, None] + (words[:-1] - 1)
        begin, end = ends[at] + (before + 1), ends[at + 1] - behind
        good = _alike(found, template, rows, begin, end)
        if not good.any():
            continue
        rows, begin, end = rows[good], begin[good], end[good]
        table, good = _numbers(text, template, begin, end)
        if table is not None:
            which[rows[good]] = len(found.tables)
            found.tables.append(table)
    return found


def _starts(text: bytes, leader: bytes) -> Integers:
    """Where paragraphs begin, and the end of the text."""
    line = b"\n" + leader
    starts = [0] if text.startswith(leader) else []
    begin = 0
    while begin < len(text):
        place = text.find(line, begin, begin + _NEAR)
        if place >= 0:
            starts.append(place + 1)
            begin = place + len(line) - 1
        else:
            begin += _NEAR - len(line) + 1
    return np.array([*starts, len(text)], np.int64)


def _word_ends(text: bytes, letters: bytes) -> Integers:
    """Where words end: at blanks, line ends and these letters."""
    data = np.frombuffer(text, np.uint8)
    mask, other = np.empty((2, min(_AT_ONCE, len(data))), np.bool_)
    found = []
    for begin in range(0, len(data), _AT_ONCE):
        part = data[begin : begin + _AT_ONCE]
        own, more = mask[: len(part)], other[: len(part)]
        np.less_equal(part, ord(" "), out=own)
        for letter in letters:
            np.equal(part, letter, out=more)
            own |= more
        ends = np.flatnonzero(own)
        ends += begin
        found.append(ends)
    return np.concatenate(found)


def _alike(
    found: Scanned,
    template: Template,
    rows: Integers,
    begin: Integers,
    end: Integers,
) -> Flags:
    """Which paragraphs have the template's text round their holes."""
    starts = np.concatenate((found.starts[rows, None], end), axis=1)
    stops = np.concatenate((begin, found.starts[rows + 1, None]), axis=1)
    sizes = np.array([len(piece) for piece in template.pieces])
    good: Flags = (stops - starts == sizes).all(axis=1)
    good &= ((end > begin) & (end - begin <= _LONGEST)).all(axis=1)
    starts = starts[good]
    if not len(starts):
        return good
    same = np.ones(len(starts), bool)
    for number, piece in enumerate(template.pieces):
        same &= _stands_at(found.text, piece, starts[:, number])
    good[good] = same
    return good


def _stands_at(text: bytes, piece: bytes, places: Integers) -> Flags:
    """Whether a piece stands at each of these places."""
    size = len(piece)
    windows = np.ndarray(
        (len(text) - size + 1,), f"V{size}", text, strides=(1,)
    )
    letters = windows[places].tobytes()
    if letters == piece * len(places):
        return np.ones(len(places), bool)
    rows = np.frombuffer(letters, np.uint8).reshape(-1, size)
    same: Flags = (rows == np.frombuffer(piece, np.uint8)).all(axis=1)
    return same


def _numbers(
    text: bytes, template: Template, begin: Integers, end: Integers
) -> tuple[Table | None, Flags]:
    """The numbers of paragraphs, and which paragraphs have plain ones only.

    None where none has.
    """
    count = len(begin)
    flat = begin.reshape(-1), end.reshape(-1)
    starts = np.arange(count) * begin.shape[1]
    good = np.ones(count, bool)
    values = []
    how = None
    for group in (template.printed, template.plain, template.whole):
        order = (group[:, None] + starts).reshape(-1)
        words = Words.of(text, *flat, order)
        if group is template.whole:
            every = np.arange(len(order)).reshape(-1, count)
            own = whole_numbers(words, every[template.indices].reshape(-1))
        elif group is template.plain:
            own = doubles(words)
        else:
            read = printed(words)
            own = None if read is None else (read[0].value, read[1])
            how = None if read is None else read[0]
        if own is None:
            return None, good
        values.append(own[0].reshape(-1, count))
        good &= own[1].reshape(-1, count).all(axis=0)
    if how is None or not good.any():
        return None, good
    table = Table(template, begin, end, np.concatenate(values), how)
    return table if good.all() else _chosen(table, good), good


def _chosen(table: Table, good: Flags) -> Table:
    """Some of a table's paragraphs."""
    groups = len(table.template.printed)
    each = np.flatnonzero(np.tile(good, groups))
    return Table(
        table.template,
        table.begin[good],
        table.end[good],
        table.values[:, good],
        table.printed.take(each),
    )
