"""Paragraphs of one kind as their text is, but for the numbers that vary.

A log prints constants again for every pixel. A number that was the same in
all paragraphs so far is text here, like the names: where it changes, the
paragraph isn't of the template, and a new template is made without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracekit.logs.cutting import Cut
from tracekit.logs.events import Reading
from tracekit.logs.number_columns import Integers, Printed
from tracekit.logs.paragraphs import Paragraph
from tracekit.logs.plain_numbers import INDEX

_SAMPLE = 32
_BLANKS = bytes(range(ord(" ") + 1))
_AS_BLANK = bytes.maketrans(_BLANKS, b" " * len(_BLANKS))
_MOST_CHANGES = 16


@dataclass(frozen=True, slots=True)
class Template:
    """The text of a paragraph with holes for the numbers that vary.

    Numbers are told by their places in the paragraph. Those that vary are
    read in three groups: floats of which it matters how they were printed,
    other floats, and integers.

    Args:
        shape: of the kind, with holes for all numbers.
        pieces: what stands before, between and behind the holes.
        holes: the numbers that vary, in their order.
        printed, plain, whole: the same by group: places in ``holes``.
        indices: places in ``whole`` of those that are indices.
        constants: all numbers; those that vary as the sample has them.
        words: all numbers as the sample prints them.
        changes: how often a template was made anew.
    """

    shape: bytes
    pieces: tuple[bytes, ...]
    holes: Integers
    printed: Integers
    plain: Integers
    whole: Integers
    indices: Integers
    constants: Printed
    words: tuple[bytes, ...]
    changes: int

    @property
    def rows(self) -> Integers:
        """By number, its place among those that vary, by group; else -1."""
        found = np.full(len(self.words), -1)
        order = np.concatenate((self.printed, self.plain, self.whole))
        found[self.holes[order]] = np.arange(len(order))
        return found

    @property
    def letters(self) -> bytes:
        """Letters that have to end a word, so that each has one hole.

        None have to where blanks stand between all holes.
        """
        if all(set(piece) & set(_BLANKS) for piece in self.pieces):
            return b""
        ends = {piece[:1] for piece in self.pieces[1:]}
        ends |= {piece[-1:] for piece in self.pieces[:-1]}
        return b"".join(sorted(end for end in ends if end > b" "))

    def layout(self, letters: bytes) -> tuple[Integers, Integers, Integers]:
        """How many words end in each piece, and what belongs to the holes'.

        Args:
            letters: that end a word, beside blanks.

        Returns:
            The counts; by hole, how many letters of its word stand before it,
            and how many behind.
        """
        others = bytes(set(range(256)) - {*_BLANKS, *letters})
        blank = bytes.maketrans(letters, b" " * len(letters))
        counts = [len(p.translate(None, others)) for p in self.pieces]
        words = [p.translate(blank).translate(_AS_BLANK) for p in self.pieces]
        before = [len(word) - word.rfind(b" ") - 1 for word in words[:-1]]
        behind = [word.find(b" ") for word in words[1:]]
        return np.array(counts), np.array(before), np.array(behind)


def template_of(
    own: Paragraph, found: Cut, rows: Integers, last: Template | None
) -> Template | None:
    """The template of paragraphs of one kind.

    Args:
        own: what they say.
        found: the text in which they are.
        rows: which of its paragraphs they are.
        last: the template that they should have been of.

    Returns:
        None where there is nothing new.
    """
    if last is not None and last.changes >= _MOST_CHANGES:
        return None
    some = rows[np.linspace(0, len(rows) - 1, _SAMPLE).astype(np.int64)]
    samples = [_words(found, row) for row in np.unique(some).tolist()]
    if last is not None:
        samples.append(last.words)
    words = samples[0]
    varies = (own.kinds & INDEX) > 0
    for sample in samples[1:]:
        varies |= np.array(
            [a != b for a, b in zip(words, sample, strict=True)]
        )
    if last is not None:
        varies[last.holes] = True
        if np.count_nonzero(varies) == len(last.holes):
            return None
    holes = np.flatnonzero(varies)
    if not len(holes):
        return None
    first = int(found.edges[rows[0]])
    every = slice(first, first + own.numbers)
    return _template(
        own,
        found.shape(int(rows[0])),
        _pieces(found, int(rows[0]), holes),
        holes,
        found.found.numbers.part(every),
        words,
        0 if last is None else last.changes + 1,
    )


def _template(
    own: Paragraph,
    shape: bytes,
    pieces: tuple[bytes, ...],
    holes: Integers,
    constants: Printed,
    words: tuple[bytes, ...],
    changes: int,
) -> Template | None:
    group = np.ones(own.numbers, np.int8)  # plain, until something is said
    for placed in own.placed:
        if placed.part.integers:
            group[placed.own] = 2
        elif isinstance(placed.part.item, Reading):
            group[placed.own] = 0
    index = (own.kinds & INDEX) > 0
    if (group[index] == 0).any():
        return None  # an index that is a value as well
    group[index] = 2
    group, index = group[holes], index[holes]
    whole = np.flatnonzero(group == 2)
    return Template(
        shape,
        pieces,
        holes,
        np.flatnonzero(group == 0),
        np.flatnonzero(group == 1),
        whole,
        np.flatnonzero(index[whole]),
        constants,
        words,
        changes,
    )


def _words(found: Cut, row: int) -> tuple[bytes, ...]:
    """The numbers of a paragraph, as they were printed."""
    first, last = found.edges[row : row + 2].tolist()
    begin = found.found.begin[first:last].tolist()
    end = found.found.end[first:last].tolist()
    return tuple(found.text[a:b] for a, b in zip(begin, end, strict=True))


def _pieces(found: Cut, row: int, holes: Integers) -> tuple[bytes, ...]:
    """The text of a paragraph round its holes."""
    first = int(found.edges[row])
    begin = found.found.begin[first + holes].tolist()
    end = found.found.end[first + holes].tolist()
    starts = [found.begin(row), *end]
    stops = [*begin, found.begin(row + 1)]
    return tuple(found.text[a:b] for a, b in zip(starts, stops, strict=True))


def letters_of(templates: Sequence[Template]) -> bytes:
    """Letters that end a word in any of the templates."""
    return bytes(sorted(set(b"".join(t.letters for t in templates))))
