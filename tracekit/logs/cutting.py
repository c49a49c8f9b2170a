"""Cuts a text into numbers, what stands between them, and paragraphs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.logs.number_columns import Integers
from tracekit.logs.plain_numbers import Found, plain_numbers
from tracekit.logs.tokens import HOLE


@dataclass(frozen=True, slots=True)
class Cut:
    """A text whose paragraphs begin alike.

    Args:
        text: whole lines.
        leader: with which each paragraph begins, up to its first number.
        found: the numbers.
        pieces: what stands between them, each once, the leader behind all.
        codes: by place, which piece it is: before each number, and at last.
        edges: by paragraph, its first number; one more at the end.
    """

    text: bytes
    leader: bytes
    found: Found
    pieces: list[bytes]
    codes: npt.NDArray[np.int32]
    edges: Integers

    def __len__(self) -> int:
        return len(self.edges) - 1

    def word(self, number: int) -> str:
        """A number as it was printed."""
        begin, end = self.found.begin[number], self.found.end[number]
        return self.text[begin:end].decode()

    def begin(self, paragraph: int) -> int:
        """Where a paragraph begins in the text, or where the last ends."""
        if paragraph == len(self):
            return len(self.text)
        number = int(self.edges[paragraph])
        return int(self.found.begin[number]) - len(self.leader)

    def shape(self, paragraph: int) -> bytes:
        """The text of a paragraph with holes for its numbers."""
        first, last = self.edges[paragraph : paragraph + 2].tolist()
        between = self.codes[first + 1 : last + 1].tolist()
        text = [self.leader, *(self.pieces[code] for code in between)]
        text[-1] = text[-1][: -len(self.leader)]
        return HOLE.encode().join(text)


def cut(text: bytes, leader: bytes) -> Cut:
    """Cut a text into paragraphs.

    Args:
        text: whole lines.
        leader: the beginning of a line, up to its first number.
    """
    found = plain_numbers(text)
    whole = text + leader
    offsets = np.empty(2 * len(found) + 2, np.int32)
    offsets[0], offsets[-1] = 0, len(whole)
    offsets[1:-1:2], offsets[2:-1:2] = found.begin, found.end
    both = pa.Array.from_buffers(
        pa.binary(),
        len(offsets) - 1,
        [None, pa.py_buffer(offsets), pa.py_buffer(whole)],
    )
    every = np.arange(0, len(offsets) - 1, 2, dtype=np.int32)
    between = both.take(pa.array(every)).dictionary_encode()
    pieces = between.dictionary.to_pylist()
    codes = between.indices.to_numpy()
    later = np.array([p.endswith(b"\n" + leader) for p in pieces])
    leads = later[codes]
    leads[0] |= pieces[codes[0]] == leader
    return Cut(text, leader, found, pieces, codes, np.flatnonzero(leads))
