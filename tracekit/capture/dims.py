"""The dims grammar: one name per tensor axis, ``"slow fast xyz"``.

A name is a coordinate (``slow``, ``phi``) or a component of a vector or a
matrix. ``xyz``, ``hkl``, ``abc``, ``row``, ``column`` and ``component`` are
components; any others are spelled with their labels in parentheses,
``"slow fast (re im)"``. Components stand last and are stored flattened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from tracekit.errors import TapError
from tracekit.schema import COMPONENT, OCCURRENCE

_COMPONENTS: dict[str, tuple[str, ...]] = {
    "xyz": ("x", "y", "z"),
    "hkl": ("h", "k", "l"),
    "abc": ("a", "b", "c"),
    "row": (),
    "column": (),
    COMPONENT: (),
}
_TOKEN = re.compile(r"\([^()]*\)|\S+")
_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Dims:
    """Parsed dims.

    Args:
        coordinates: names of the leading axes.
        components: labels of the trailing axes, () where they have none.
    """

    coordinates: tuple[str, ...]
    components: tuple[tuple[str, ...], ...]

    @property
    def rank(self) -> int:
        """How many axes the value must have."""
        return len(self.coordinates) + len(self.components)

    def misfit(self, shape: tuple[int, ...]) -> str:
        """What is wrong with a value of this shape, "" if it fits."""
        if len(shape) != self.rank:
            return f"they name {self.rank} axes, the value has {len(shape)}"
        extents = shape[len(self.coordinates) :]
        for labels, extent in zip(self.components, extents, strict=True):
            if labels and len(labels) != extent:
                return (
                    f"({' '.join(labels)}) names {len(labels)} components, "
                    f"the axis has {extent}"
                )
        return ""

    def labels(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Labels of the flattened components of a value of this shape."""
        unnamed = not any(self.components) and len(self.components) == 1
        if not self.components or unnamed:
            return ()
        extents = shape[len(self.coordinates) :]
        named = [
            labels or tuple(map(str, range(extent)))
            for labels, extent in zip(self.components, extents, strict=True)
        ]
        separator = "" if all(self.components) else ","
        return tuple(separator.join(parts) for parts in product(*named))


@lru_cache(maxsize=4096)
def parse_dims(text: str) -> Dims:
    """Parse dims.

    Raises:
        TapError: a name is no identifier, comes twice, or a coordinate
            follows a component.

    >>> parse_dims("slow fast xyz").coordinates
    ('slow', 'fast')
    """
    coordinates: list[str] = []
    components: list[tuple[str, ...]] = []
    last = ""
    for token in _TOKEN.findall(text):
        labels = _component_labels(token)
        if token.startswith("(") and not token.endswith(")"):
            raise TapError(f"dims {text!r}: {token!r} isn't closed by )")
        if labels is not None:
            components.append(labels)
            last = token
        elif components:
            raise TapError(
                f"dims {text!r}: {token!r} stands behind {last!r}, which is "
                "a name of components; name coordinates first, and another "
                f"way if {last!r} is one"
            )
        elif not _NAME.fullmatch(token) or token == OCCURRENCE:
            raise TapError(
                f"dims {text!r}: {token!r} can't name an axis; use letters, "
                f"digits and _ ({OCCURRENCE!r} is reserved)"
            )
        elif token in coordinates:
            raise TapError(f"dims {text!r}: the axis {token!r} comes twice")
        else:
            coordinates.append(token)
    return Dims(tuple(coordinates), tuple(components))


def _component_labels(token: str) -> tuple[str, ...] | None:
    if token.startswith("("):
        return tuple(token[1:-1].split())
    return _COMPONENTS.get(token)


@lru_cache(maxsize=64)
def unnamed_dims(rank: int) -> Dims:
    """Dims of a value whose axes nobody named: axis0, axis1, ..."""
    return Dims(tuple(f"axis{n}" for n in range(rank)), ())


def dims_of(shape: tuple[int, ...], name: str, text: str) -> Dims:
    """Dims of a tapped value.

    Raises:
        TapError: they don't fit the shape.
    """
    try:
        dims = parse_dims(text) if text else unnamed_dims(len(shape))
    except TapError as error:
        raise TapError(f"tap {name!r}: {error}") from error
    misfit = dims.misfit(shape)
    if misfit:
        raise TapError(
            f"tap {name!r}: dims {text!r} don't fit the value of shape "
            f"{shape}: {misfit}"
        )
    return dims
