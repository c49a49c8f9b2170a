"""Events that say again what was said before.

A log prints one value many times: a constant once for every pixel. An event
that has the same box, the same numbers and the same texts as an earlier one
of its tap adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.storage.columns import EventColumns, joined
from tracekit.storage.grid import Ordinals


def without_repeats(parts: Sequence[EventColumns]) -> list[EventColumns]:
    """The events of one tap, each said once: where it was said first."""
    boxes: dict[Any, list[int]] = {}
    for number, part in enumerate(parts):
        boxes.setdefault(_box(part), []).append(number)
    left = list(parts)
    for numbers in boxes.values():
        alike = [parts[number] for number in numbers]
        fresh = _fresh(alike)
        ends = np.cumsum([len(part) for part in alike])
        for number, kept in zip(
            numbers, np.split(fresh, ends[:-1]), strict=True
        ):
            left[number] = _chosen(parts[number], kept)
    return [part for part in left if len(part)]


def _box(part: EventColumns) -> Any:
    event = part.pattern
    return (
        *((a.dim, a.extent, a.state, a.labels) for a in event.axes),
        None if event.positions is None else event.positions.tobytes(),
        part.values.dtype,
        part.size,
    )


def _fresh(parts: Sequence[EventColumns]) -> npt.NDArray[np.bool_]:
    """Which events of equal boxes say something new."""
    origins = joined([part.origins for part in parts])
    sequence = joined([part.sequence for part in parts])
    if ascend(origins, sequence):
        return np.ones(len(sequence), bool)
    keys = [*_content(parts, len(sequence)), *origins.T]
    rows = _first_of_runs(sequence, keys)
    order = rows[np.lexsort((sequence[rows], *(key[rows] for key in keys)))]
    fresh = np.zeros(len(sequence), bool)
    fresh[order[:1]] = True
    fresh[order[1:]] = ~_equal(keys, order[1:], order[:-1])
    return fresh


def _first_of_runs(
    sequence: Ordinals, keys: Sequence[npt.NDArray[Any]]
) -> Ordinals:
    """Events that don't say the same as the one before in their part."""
    rows = np.arange(len(sequence))
    later = sequence[1:] > sequence[:-1]
    again = later & _equal(keys, rows[1:], rows[:-1])
    found: Ordinals = rows[np.append([True], ~again)]
    return found


def _equal(
    keys: Sequence[npt.NDArray[Any]], some: Ordinals, others: Ordinals
) -> npt.NDArray[np.bool_]:
    found = np.ones(len(some), bool)
    for key in keys:
        found &= key[some] == key[others]
    return found


def ascend(origins: Ordinals, sequence: Ordinals) -> bool:
    """Whether every event lies behind all before it: no two in one place."""
    if len(sequence) < 2:
        return True
    if not origins.shape[1] or not bool(np.all(np.diff(sequence) > 0)):
        return False
    ahead = np.zeros(len(origins) - 1, bool)
    level = np.ones(len(origins) - 1, bool)
    for index in origins.T:
        ahead |= level & (index[1:] > index[:-1])
        level &= index[1:] == index[:-1]
    return bool(np.all(ahead))


def _content(
    parts: Sequence[EventColumns], count: int
) -> list[npt.NDArray[Any]]:
    """The bits of the numbers, and a number for each text, by column."""
    keys: list[npt.NDArray[Any]] = []
    values = np.ascontiguousarray(joined([part.values for part in parts]))
    if values.size:
        whole = values.view(np.uint8).reshape(count, -1)
        keys = [_packed(whole)] if whole.shape[1] > 64 else _words(whole)
    if any(part.text is not None for part in parts):
        keys.append(_text_numbers(parts))
    return keys


def _words(rows: npt.NDArray[np.uint8]) -> list[npt.NDArray[Any]]:
    """Columns of eight bytes, or of one where the rows don't divide."""
    if rows.shape[1] % 8 == 0:
        return list(np.ascontiguousarray(rows).view(np.uint64).T)
    return list(rows.T)


def _packed(rows: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """A number for each different long row."""
    seen: dict[bytes, int] = {}
    found = [seen.setdefault(row.tobytes(), len(seen)) for row in rows]
    return np.array(found, np.int64)


def _text_numbers(parts: Sequence[EventColumns]) -> npt.NDArray[Any]:
    """A number for each different list of texts."""
    seen: dict[Any, int] = {}
    found: list[int] = []
    for part in parts:
        size = part.size
        for row in range(len(part)):
            texts = None
            if part.text is not None:
                texts = tuple(part.text[row * size : (row + 1) * size])
            found.append(seen.setdefault(texts, len(seen)))
    return np.array(found, np.int64)


def _chosen(part: EventColumns, kept: npt.NDArray[np.bool_]) -> EventColumns:
    if bool(kept.all()):
        return part
    each = kept.repeat(part.size)
    own: dict[str, Any] = {
        name: found[kept]
        for name in ("sequence", "origins", "line", "time_ns", "thread")
        if (found := getattr(part, name)) is not None
    }
    own |= {
        name: found[each[: len(found)]]
        for name in ("values", "digits", "quantum")
        if (found := getattr(part, name)) is not None
    }
    if part.text is not None:
        rows = np.flatnonzero(each).tolist()
        own["text"] = [part.text[row] for row in rows]
    return replace(part, **own)
