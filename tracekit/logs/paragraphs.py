"""Lines that follow one another, understood together.

A trace log says the same lines for pixel after pixel. From one line that
states the pixel to the next is a *paragraph*; few are different when their
numbers are taken out. What one says has to be found out once, line by line:
which of its numbers are values, and which pixel, loop count and index each
has. Then the numbers of all paragraphs of its kind are columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from tracekit.logs.events import Reading
from tracekit.logs.number_columns import Printed
from tracekit.logs.plain_numbers import INDEX, REBUILT, WHOLE
from tracekit.logs.shapes import Meaning, Part
from tracekit.schema import Event


@dataclass(frozen=True, slots=True)
class Placed:
    """One tap of a paragraph.

    Args:
        part: the tap of its line.
        line: of the paragraph, from 0.
        first: which of the paragraph's numbers is the first value.
        dims: its indices, in their order.
        indices: by dim, the number that is the index.
        iteration: as in ``Reading``.
    """

    part: Part
    line: int
    first: int
    dims: tuple[str, ...]
    indices: Mapping[str, int]
    iteration: int

    @property
    def at_run(self) -> bool:
        """Whether its pixel doesn't matter."""
        item = self.part.item
        return isinstance(item, Reading) and item.rule.level == "run"

    @property
    def columns(self) -> int:
        """How many columns of ``Printed`` its events need."""
        item = self.part.item
        if isinstance(item, Event) or self.part.integers:
            return 1
        forms = (item.rule.format, item.family.format, item.family.list_format)
        plain = all(f is None or f.style in "ge" for f in forms)
        return 3 if plain else len(fields(Printed))

    @property
    def own(self) -> slice:
        """Which of the paragraph's numbers are its values."""
        return slice(self.first, self.first + self.part.count)


@dataclass(slots=True)
class Paragraph:
    """What paragraphs of one kind say.

    Args:
        lines, numbers: how many it has.
        placed: its taps, in their order.
        kinds: what each number has to be.
        pixel: coordinates of the file at its end, by dim the number.
        headers: those of families at its end.
        iterations: of streams at its end.
        first: dims that its first line states for the file.
        relied: families that are read, with the dims of their own that were
            stated before the first time.
        families: that it prints, with their taps.
        pixels: numbers that are a pixel, in pairs.
        most: iterations of a loop.
        coordinates, text_numbers: how many of each it has.
    """

    lines: int = 0
    numbers: int = 0
    placed: list[Placed] = field(default_factory=list)
    kinds: npt.NDArray[np.uint8] = field(
        default_factory=lambda: np.empty(0, np.uint8)
    )
    pixel: dict[str, int] = field(default_factory=dict)
    headers: dict[str, dict[str, int]] = field(default_factory=dict)
    iterations: dict[str, int] = field(default_factory=dict)
    first: frozenset[str] = frozenset()
    relied: dict[str, frozenset[str]] = field(default_factory=dict)
    families: dict[str, set[str]] = field(default_factory=dict)
    pixels: list[list[int]] = field(default_factory=list)
    most: int = 0
    coordinates: int = 0
    text_numbers: int = 0

    @property
    def states(self) -> list[Placed]:
        """Its taps that state a fact as well."""
        return [placed for placed in self.placed if placed.part.states]

    def stands(self, scopes: Mapping[str, Iterable[str]]) -> bool:
        """Whether it says the same whatever was said before.

        Args:
            scopes: dims that were stated, as in ``Parser.scopes``.
        """
        return not self.relied or (
            bool(self.first)
            and self.first.issuperset(scopes.get("", ()))
            and all(
                dims.issuperset(scopes.get(family, ()))
                for family, dims in self.relied.items()
            )
        )

    def tells_pixels(self, dims: tuple[str, str]) -> bool:
        """Whether the pixels of all its taps are among ``pixels``."""
        return all(
            placed.at_run
            or not set(dims) & set(placed.dims)
            or [placed.indices.get(dim, -1) for dim in dims] in self.pixels
            for placed in self.placed
        )

    def add(self, meaning: Meaning | None, dims: tuple[str, str]) -> None:
        """Go on with a line; its numbers are not counted yet."""
        if meaning is not None:
            self._parts(meaning, dims)
            self._header(meaning, dims)
        self.lines += 1

    def _parts(self, meaning: Meaning, dims: tuple[str, str]) -> None:
        family = meaning.family
        self.families.setdefault(family.name, set())
        self.coordinates += meaning.coordinates
        self.text_numbers += meaning.text_numbers
        if meaning.opens:
            opened = self.iterations.get(family.stream, -1) + 1
            self.iterations[family.stream] = opened
            self.most = max(self.most, opened + 1)
        for part in meaning.parts:
            held: dict[str, int] = {}
            if isinstance(part.item, Reading):
                own = self.headers.get(family.name, {})
                self.relied.setdefault(family.name, frozenset(own))
                self.families[family.name].add(part.item.rule.tap)
                held = {**self.pixel, **own}
            held |= dict.fromkeys(part.constants, -1)
            held |= {d: self.numbers + n for d, n in part.indices.items()}
            placed = Placed(
                part,
                self.lines,
                self.numbers + part.first,
                tuple(held),
                {dim: number for dim, number in held.items() if number >= 0},
                self.iterations.get(family.stream, -1),
            )
            self.placed.append(placed)
            pixel = [placed.indices.get(dim, -1) for dim in dims]
            if not placed.at_run and min(pixel) >= 0:
                self.pixels += [pixel] * (pixel not in self.pixels)

    def _header(self, meaning: Meaning, dims: tuple[str, str]) -> None:
        stated = {d: self.numbers + n for d, n in meaning.header.items()}
        if not stated:
            return
        if meaning.scope:
            self.headers.setdefault(meaning.scope, {}).update(stated)
            return
        self.pixel.update(stated)
        self.iterations.clear()
        if not self.lines:
            self.first = frozenset(stated)
        if set(dims) <= set(stated):
            self.pixels.append([stated[dim] for dim in dims])


def paragraph(
    lines: Iterable[tuple[Meaning | None, int]], dims: tuple[str, str]
) -> Paragraph:
    """The paragraph of these lines.

    Args:
        lines: what each says, None where it says nothing; and how many
            numbers it has.
        dims: of the pixel.
    """
    found = Paragraph()
    indices: list[int] = []
    for meaning, numbers in lines:
        found.add(meaning, dims)
        indices += found.pixel.values()
        for held in found.headers.values():
            indices += held.values()
        found.numbers += numbers
    found.kinds = np.zeros(found.numbers, np.uint8)
    for placed in found.placed:
        indices += placed.indices.values()
        if placed.part.integers:
            found.kinds[placed.own] |= WHOLE
        elif isinstance(placed.part.item, Reading):
            found.kinds[placed.own] |= REBUILT
    found.kinds[indices] |= INDEX
    return found
