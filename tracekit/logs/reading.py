"""Reads a log paragraph by paragraph, and line by line where that fails.

A paragraph that is understood gives columns of numbers (``sheets``). What
stands between goes to ``bulk``, in its order and in the state that the
paragraphs before leave.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from operator import itemgetter

import numpy as np

from tracekit.logs.bulk import BulkReader
from tracekit.logs.coverage import distinct, distinct_pixels, pixels_of
from tracekit.logs.cutting import Cut, cut
from tracekit.logs.events import Reading
from tracekit.logs.file import line_text
from tracekit.logs.kinds import Kinds
from tracekit.logs.number_columns import Flags, Integers
from tracekit.logs.paragraphs import Paragraph
from tracekit.logs.parser import Parser
from tracekit.logs.runs import CutRun, Run, ScannedRun
from tracekit.logs.scanning import Scanned, scan
from tracekit.logs.shapes import Shapes
from tracekit.logs.sheets import Sheet, Sheets
from tracekit.logs.stamps import Stamps
from tracekit.logs.tokens import HOLE, tokens
from tracekit.storage.columns import EventColumns
from tracekit.storage.grid import Ordinals
from tracekit.storage.late_columns import LateColumns, at_hand
from tracekit.storage.spill import Spill

_LOOKED_AT = 1 << 16
_WAITING = 8 << 20
_FEW = 1 << 16
_ASIDE = 1 << 18
_THREADS = 2


class LogReader:
    """Reads blocks of lines into columns of events.

    Args:
        parser: holds what is known, and reads what can't be read by column.
        few: up to so many bytes between paragraphs are read line by line.
        worth: as for ``BulkReader``.
        mostly: the part of a text's paragraphs below which none is read by
            its template.
        spill: where numbers wait for the end.

    Attributes:
        by_paragraph: how many lines were.
        by_template: how many of these were read by a template.
        at_hand: events of the other lines, when the last block is read.
    """

    def __init__(
        self,
        parser: Parser,
        few: int = _FEW,
        worth: float = 0.5,
        mostly: float = 0.75,
        spill: Spill | None = None,
    ) -> None:
        self.parser = parser
        self.at_hand: list[EventColumns] = []
        self._spill = spill or Spill()
        self.by_paragraph = self.by_template = 0
        self._mostly = mostly
        self._few = few
        self._shapes = Shapes(parser.dialect)
        self._rest = BulkReader(parser, self._shapes, worth)
        self._stamps: Stamps | None = None
        self._leader = b""
        self._waiting = b""
        self._scans: deque[Future[Scanned]] = deque()
        self._pool: ThreadPoolExecutor | None = None
        self._kinds = Kinds(parser.dialect, self._shapes, self._spill)
        self._pixels: list[Integers] = []

    def line(self, line: str) -> None:
        """Read one line by itself."""
        self._flush()
        self._rest.line(line)

    def block(self, block: bytes) -> None:
        """Read whole lines, each with its end."""
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        block = self._unstamped(block)
        if not self._leader:
            self._leader = self._leader_of(self._waiting + block)
        if not self._leader or HOLE.encode() in block:
            self._leave_paragraphs(block)
            return
        end = block.rfind(b"\n" + self._leader) + 1
        if end or block.startswith(self._leader):
            text = b"".join((self._waiting, memoryview(block)[:end]))
            self._waiting = block[end:]
            if text:
                self._paragraphs(text)
        elif len(self._waiting) + len(block) < _WAITING:
            self._waiting += block
        else:
            self._leave_paragraphs(block)
            self._leader = b""

    def _leave_paragraphs(self, block: bytes) -> None:
        """Read lines that begin no paragraph."""
        text, self._waiting = self._waiting + block, b""
        self._flush()
        self._rest.block(text, self._as_they_were(text.count(b"\n"), text))

    def _unstamped(self, block: bytes) -> bytes:
        """Lines without the times before them."""
        if self._stamps is None:
            self._stamps = Stamps(block, self.parser.dialect)
            self._shapes.stamp = self._stamps.sample.decode()
        return self._stamps.without(block)

    def _as_they_were(self, count: int, lines: bytes = b"") -> bytes:
        """The next lines with their times; these, where none has any."""
        if self._stamps is None or not self._stamps.sample:
            return lines
        return self._stamps.taken(count)

    def late(self) -> list[LateColumns]:
        """All events; call it when the last block is read."""
        self._flush()
        maker, file = self.parser.maker(), self.parser.file
        single = self._rest.events(maker)
        self.at_hand = single
        found = [at_hand(part) for part in single if len(part)]
        return found + self._kinds.late(maker, file)

    def pixels(self) -> Ordinals:
        """The pixels that the log reports, in order; after ``late``."""
        parser = self.parser
        parts = [np.array(list(parser.pixels), np.int64).reshape(-1, 2)]
        if not parser.stated:
            parts += pixels_of(parser.dialect.pixel, self.at_hand)
            parts += self._pixels
        return distinct_pixels(parts)

    def _flush(self) -> None:
        """Read all that waits."""
        text, self._waiting = self._waiting, b""
        while self._scans:
            self._read(self._scans.popleft().result())
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        if text:
            self._read(self._scan(text))

    def _paragraphs(self, text: bytes) -> None:
        """Scan a text aside, and read those that are scanned, in order."""
        if self._pool is None:
            if len(text) < _ASIDE or not self._kinds.templates:
                self._read(self._scan(text))
                return
            self._pool = ThreadPoolExecutor(_THREADS)
        self._scans.append(self._pool.submit(self._scan, text))
        if len(self._scans) > _THREADS + 1:
            self._read(self._scans.popleft().result())

    def _scan(self, text: bytes) -> Scanned:
        return scan(text, self._leader, self._kinds.templates)

    def _leader_of(self, text: bytes) -> bytes:
        """The beginning of the lines with which paragraphs begin."""
        end = text.rfind(b"\n", 0, _LOOKED_AT) + 1
        if HOLE.encode() in text[:end]:
            return b""
        plain = b""
        for shape in tokens(text[:end]).shapes:
            meaning = self._shapes.meaning(shape)
            head = shape.split(HOLE.encode())[0]
            if meaning is None or not head:
                continue
            if meaning.header and not meaning.scope:
                return head
            if not any(isinstance(p.item, Reading) for p in meaning.parts):
                plain = plain or head
        return plain

    def _read(self, found: Scanned) -> None:
        """Read whole paragraphs, and what stands before the first."""
        known = found.which >= 0
        if np.count_nonzero(known) < self._mostly * len(found):
            self._read_cut(cut(found.text, found.leader))
            return
        self._others(found.text[: found.starts[0]])
        kinds = [self._kinds.of_template(t.template) for t in found.tables]
        for first, last in _stretches(known):
            which = found.which[first:last]
            if known[first] and self._stand(kinds, which):
                before = self.by_paragraph
                self._known(ScannedRun(found, first, which), kinds)
                self.by_template += self.by_paragraph - before
                continue
            edges = found.starts[[first, last]].tolist()
            self._read_cut(cut(found.text[slice(*edges)], found.leader))

    def _read_cut(self, found: Cut) -> None:
        """The same of paragraphs that no template has."""
        text = found.text
        self._others(text[: found.begin(0)])
        if not len(found):
            return
        which, kinds = self._kinds.of(found)
        known = which >= 0
        for first, last in _stretches(known):
            if known[first] and self._stand(kinds, which[first:last]):
                self._known(CutRun(found, first, which[first:last]), kinds)
            else:
                self._others(text[found.begin(first) : found.begin(last)])
        for number, kind in enumerate(kinds):
            rows = np.flatnonzero(which == number)
            if len(rows):
                self._kinds.teach(kind, found, rows)

    def _others(self, text: bytes) -> None:
        """Read lines that no paragraph has, by column where it is worth it."""
        whole = self._as_they_were(text.count(b"\n"), text)
        if len(text) > self._few:
            self._rest.block(text, whole)
            return
        for line in whole.split(b"\n")[:-1]:
            self._rest.line(line_text(line))

    def _stand(self, kinds: list[Sheets], which: Integers) -> bool:
        """Whether paragraphs say the same whatever was said before."""
        used = [kinds[n].paragraph for n in np.unique(which).tolist()]
        dims: dict[str, set[str]] = {}
        scopes: list[Mapping[str, Mapping[str, int]]] = [self.parser.scopes()]
        scopes += [{"": own.pixel, **own.headers} for own in used]
        for scope in scopes:
            for name, held in scope.items():
                dims.setdefault(name, set()).update(held)
        return all(own.stands(dims) for own in used)

    def _known(self, run: Run, kinds: list[Sheets]) -> None:
        """Read paragraphs that follow one another and are understood."""
        used = np.unique(run.which).tolist()
        lines = np.zeros(len(kinds), np.int64)
        events = lines.copy()
        for number in used:
            lines[number] = kinds[number].paragraph.lines
            events[number] = len(kinds[number].paragraph.placed)
        rest = self._rest
        line, read = _starts(lines[run.which], rest.read + 1)
        sequence, done = _starts(events[run.which], rest.sequence)
        stated: list[tuple[int, str, str]] = []
        ends: list[tuple[int, Paragraph, Sheet]] = []
        for number in used:
            own, rows = kinds[number], np.flatnonzero(run.which == number)
            sheet = run.sheet(number, line, sequence)
            own.add(sheet)
            self._note(own.paragraph, sheet)
            stated += _facts(run, own.paragraph, sheet, rows, line)
            ends.append((int(rows[-1]), own.paragraph, sheet))
        for place, key, text in sorted(stated):
            origin = f"{self.parser.file}:{place}"
            self.parser.facts.state(key, text, origin)
        self._leave(sorted(ends, key=itemgetter(0)))
        self._as_they_were(read - 1 - rest.read)
        self.by_paragraph += read - 1 - rest.read
        rest.read, rest.sequence = read - 1, done

    def _note(self, own: Paragraph, sheet: Sheet) -> None:
        """What paragraphs say beside their taps."""
        parser = self.parser
        parser.coordinates += own.coordinates * sheet.count
        parser.text_numbers += own.text_numbers * sheet.count
        parser.most = max(parser.most, own.most)
        for family, taps in own.families.items():
            parser.printed.setdefault(family, set()).update(taps)
        for placed in own.placed:
            if isinstance(placed.part.item, Reading):
                family = placed.part.item.family.name
                parser.digits.widen(family, sheet.most_digits(placed))
        before = np.empty((0, 2), np.int64)
        for pixel in own.pixels:
            rows = np.stack([sheet.index(number) for number in pixel], axis=1)
            if not np.array_equal(rows, before):
                self._pixels.append(distinct(rows))
            before = rows

    def _leave(self, ends: list[tuple[int, Paragraph, Sheet]]) -> None:
        """Put the parser into the state behind the last paragraph.

        Args:
            ends: the last paragraph of each kind, with its place.
        """
        scopes = self.parser.scopes()
        iterations = self.parser.iterations
        for _, own, sheet in ends:
            for name, held in {"": own.pixel, **own.headers}.items():
                state = scopes.setdefault(name, {})
                for dim, number in held.items():
                    state[dim] = int(sheet.column(number)[-1])
            if own.first:
                iterations = own.iterations
        self.parser.restore(scopes, iterations)


def _facts(
    run: Run, own: Paragraph, sheet: Sheet, rows: Integers, lines: Integers
) -> list[tuple[int, str, str]]:
    """Line, key and text of facts: the last of equal ones that follow."""
    found = []
    for placed in own.states:
        bits = sheet.column(placed.first).view(np.int64)
        last = np.append(bits[1:] != bits[:-1], [True])
        for row in rows[last].tolist():
            word = run.word(row, placed.first)
            line = int(lines[row]) + placed.line
            found.append((line, placed.part.states, word))
    return found


def _stretches(known: Flags) -> Iterator[tuple[int, int]]:
    """First and last of what follows one another and is equally known."""
    edges = np.flatnonzero(known[1:] != known[:-1]) + 1
    ends = [0, *edges.tolist(), len(known)] if len(known) else []
    return pairwise(ends)


def _starts(counts: Integers, first: int) -> tuple[Integers, int]:
    """Where each begins that has so many, and where the next one would."""
    ends = first + np.cumsum(counts)
    return ends - counts, int(ends[-1])
