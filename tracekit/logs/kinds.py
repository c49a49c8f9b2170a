"""The kinds of paragraphs of a log: what each says, and what was read."""

from __future__ import annotations

import numpy as np

from tracekit.logs.cutting import Cut
from tracekit.logs.dialect import Dialect
from tracekit.logs.events import EventMaker
from tracekit.logs.number_columns import Integers
from tracekit.logs.paragraphs import Paragraph, paragraph
from tracekit.logs.runs import matrix
from tracekit.logs.shapes import Shapes
from tracekit.logs.sheets import Sheets
from tracekit.logs.templates import Template, template_of
from tracekit.logs.tokens import HOLE
from tracekit.storage.late_columns import LateColumns
from tracekit.storage.spill import Spill

_FRESH = 8
_KINDS = 256


class Kinds:
    """Kinds of paragraphs, as far as they are known.

    Args:
        dialect: how the log is spelled.
        shapes: what its lines mean.
        spill: where paragraphs wait.

    Attributes:
        templates: the text of kinds of which some were read.
    """

    def __init__(self, dialect: Dialect, shapes: Shapes, spill: Spill) -> None:
        self.templates: tuple[Template, ...] = ()
        self._dims, self._shapes, self._spill = dialect.pixel, shapes, spill
        self._kinds: dict[bytes, Sheets | None] = {}
        self._taught: dict[bytes, Sheets] = {}

    def of_template(self, template: Template) -> Sheets:
        """The kind of which a template is or was."""
        return self._taught[template.shape]

    def late(self, maker: EventMaker, file: str) -> list[LateColumns]:
        """The events of all of them."""
        kinds = [kind for kind in self._kinds.values() if kind is not None]
        return [part for kind in kinds for part in kind.late(maker, file)]

    def teach(self, kind: Sheets, found: Cut, rows: Integers) -> None:
        """Make a template of paragraphs of one kind."""
        template = template_of(kind.paragraph, found, rows, kind.template)
        if template is not None:
            kind.template = template
            self._taught[template.shape] = kind
            every = (own.template for own in self._taught.values())
            self.templates = tuple(own for own in every if own is not None)

    def of(self, found: Cut) -> tuple[Integers, list[Sheets]]:
        """The kind of each paragraph, -1 for what isn't understood."""
        which = np.full(len(found), -1)
        sizes = np.diff(found.edges)
        kinds: list[Sheets] = []
        for size in np.unique(sizes).tolist():
            rows = np.flatnonzero(sizes == size)
            codes = found.codes[matrix(found.edges[rows] + 1, size)]
            for _ in range(_FRESH):
                if not len(rows):
                    break
                like = (codes == codes[0]).all(axis=1)
                kind = self._kind(found.shape(int(rows[0])))
                if kind is not None:
                    fit = _fitting(found, rows[like], kind.paragraph)
                    which[fit] = len(kinds)
                    kinds.append(kind)
                rows, codes = rows[~like], codes[~like]
        return which, kinds

    def _kind(self, shape: bytes) -> Sheets | None:
        if shape not in self._kinds:
            if len(self._kinds) >= _KINDS:
                return None
            learned = self._learn(shape)
            self._kinds[shape] = (
                Sheets(learned, self._spill) if learned else None
            )
        return self._kinds[shape]

    def _learn(self, shape: bytes) -> Paragraph | None:
        lines = []
        for line in shape.split(b"\n")[:-1]:
            meaning = self._shapes.meaning(line) if line else None
            # a time alone is prose, an empty line is nothing
            if meaning is None and (line or self._shapes.stamp):
                return None
            lines.append((meaning, line.count(HOLE.encode())))
        found = paragraph(lines, self._dims)
        return found if found.tells_pixels(self._dims) else None


def _fitting(found: Cut, rows: Integers, own: Paragraph) -> Integers:
    """Which paragraphs have the numbers that their kind has."""
    kinds = found.found.kinds[matrix(found.edges[rows], own.numbers)]
    fits = ((kinds & own.kinds) == own.kinds).all(axis=1)
    fitting: Integers = rows[fits]
    return fitting
