"""Taps of which statistics are kept in the place of all numbers.

Each statistic is a tap of its own, ``NAME.max`` beside ``NAME``: it stands at
the same loop indices, has the same components, and compares as any tap does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from tracekit.capture import tensors
from tracekit.capture.dims import Dims
from tracekit.capture.statistics import statistics
from tracekit.errors import RecordingError
from tracekit.globs import fits
from tracekit.schema import COMPONENT, STATISTIC, Axis, Event

Reduce = int | Sequence[str]

_COUNTS = ("count", "nan", "inf", "zeros")
_ENDS = {"min": "low", "max": "high"}


@dataclass(frozen=True, slots=True)
class Reduction:
    """Which taps are reduced.

    Args:
        above: values of more numbers than this are; None for none.
        globs: taps of these names are.
    """

    above: int | None = None
    globs: tuple[str, ...] = ()

    @classmethod
    def of(cls, wanted: Reduce | None) -> Reduction:
        """A reduction from what a user writes.

        Raises:
            RecordingError: it can't be understood.
        """
        if wanted is None:
            return cls()
        if isinstance(wanted, int) and not isinstance(wanted, bool):
            if wanted < 0:
                raise RecordingError(f"reduce={wanted}: expected 0 or more")
            return cls(wanted)
        if isinstance(wanted, Sequence) and all(
            isinstance(name, str) for name in wanted
        ):
            if isinstance(wanted, str):
                raise RecordingError(
                    f"reduce={wanted!r}: expected a list, [{wanted!r}]"
                )
            return cls(None, tuple(wanted))
        raise RecordingError(
            f"reduce={wanted!r}: expected names or globs of taps, or how many "
            "numbers a value may have to be kept"
        )

    def takes(self, name: str, shape: tuple[int, ...], dims: Dims) -> bool:
        """Whether a value is reduced; one without coordinates never is."""
        if not dims.coordinates:
            return False
        large = self.above is not None and prod(shape) > self.above
        return large or any(fits(glob, name) for glob in self.globs)


def reduced(
    event: Event,
    value: Any,
    rank: int,
    loops: Mapping[str, int],
    where: Any,
) -> Iterator[Event]:
    """The events of a value's statistics.

    Args:
        event: of what is kept of the value in full.
        value: as ``tensors.as_array`` gives it.
        rank: how many of its axes are coordinates.
        loops: loop indices around the tap.
        where: boolean mask over the coordinates, or None.
    """
    if where is not None:
        shape = tuple(value.shape[:rank])
        where = tensors.broadcast(where, shape, event.tap)
    found = statistics(value, rank, where)
    axes = tuple(Axis(dim, index) for dim, index in loops.items())
    last = event.axes[-1]
    components = last if last.dim == COMPONENT else Axis(COMPONENT)
    vector = () if len(found) == 1 else (components,)
    shared = replace(
        event, axes=(*axes, *vector), family=STATISTIC, positions=None
    )

    def tap(statistic: str, values: Any, **more: Any) -> Event:
        name = f"{event.tap}.{statistic}"
        return replace(shared, tap=name, values=np.asarray(values), **more)

    whole: dict[str, Any] = {"kind": "int", "dtype": "int64", "unit": None}
    for name in _COUNTS:
        yield tap(name, [getattr(s, name) for s in found], **whole)
    for name, field in _ENDS.items():
        yield tap(name, **_ends(event, [getattr(s, field) for s in found]))
    yield tap(
        "mean",
        [mean for s in found for mean in (s.mean, s.absolute)],
        axes=(*axes, _means(components, len(found))),
        kind="float",
        dtype=event.dtype if event.kind == "float" else "float64",
    )
    yield tap(
        "hash", np.empty(0), text=[f"{s.hash:016x}" for s in found],
        kind="text", dtype="text", unit=None,
    )  # fmt: skip


def _ends(event: Event, found: list[Any]) -> dict[str, Any]:
    kind = event.values.dtype
    if event.kind == "float":
        numbers = [np.nan if end is None else end for end in found]
        return {"values": np.array(numbers, kind)}
    if None in found:  # no integer stands for none
        return {
            "values": np.empty(0, kind),
            "positions": np.empty(0, np.int64),
        }
    return {"values": np.array(found, kind)}


def _means(components: Axis, count: int) -> Axis:
    """Each mean, and beside it what its errors are relative to."""
    names = components.labels or tuple(map(str, range(count)))
    pairs = [
        (f"{name} mean", f"{name} absolute") if count > 1
        else ("mean", "absolute")
        for name in names
    ]  # fmt: skip
    labels = tuple(label for pair in pairs for label in pair)
    return Axis(COMPONENT, 0, len(labels), labels=labels)
