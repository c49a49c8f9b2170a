"""The operators of taps that pick pixels: only those come to a recorder.

Which pixels they are, ``pixels`` asks while compiled code runs; ``pick`` and
``at`` take them from a value, and ``tap_at`` is the tap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tracekit import _state
from tracekit.capture.firing import Firing, Origin, observe
from tracekit.capture.operator import (
    LIBRARY,
    TAGS,
    Site,
    implement,
    indices_of,
    no_values,
    origin_of,
    parsed,
)
from tracekit.capture.tensors import Picked
from tracekit.capture.transfers import sent

Index = npt.NDArray[np.int64]

LIBRARY.define(
    "tap_at(Tensor[] parts, Tensor? where, str site, SymInt[] integers,"
    " Tensor[] counters, Tensor pixels, SymInt[] shape) -> ()",
    tags=TAGS,
)
LIBRARY.define(
    "pixels(str window, SymInt[] integers, Tensor[] counters, SymInt slow,"
    " SymInt fast, Device device) -> Tensor",
    tags=TAGS,
)
LIBRARY.define(
    "pick(Tensor value, Tensor pixels, int slow, int fast) -> Tensor"
)
LIBRARY.define("at(Tensor value, Tensor[] index) -> Tensor")


class Window(NamedTuple):
    """Which pixels may be picked, as far as it is known while tracing.

    Values of one extent under the same loops share it, whatever their taps.

    Args:
        slow, fast: the names of the pixel's dims.
        room: for how many pixels there is room.
        loops, tensors: as for ``Site``; only what begins a dim.
    """

    slow: str
    fast: str
    room: int
    loops: tuple[str, ...] = ()
    tensors: tuple[str, ...] = ()

    @property
    def tap(self) -> str:
        """What it is called in errors."""
        return f"{self.slow}, {self.fast}"


@lru_cache(maxsize=4096)
def viewed(text: str) -> Window:
    """The window of an operator's argument."""
    return Window(*json.loads(text))


def _observe_picked(
    parts: list[Tensor],
    where: Tensor | None,
    text: str,
    integers: list[int],
    counters: list[Tensor],
    pixels: Tensor,
    shape: list[int],
) -> None:
    """Run the tap on what was picked of its value, and of its mask."""
    site, found = parsed(text), pixels.numpy()
    inside = [True] if found[2, 0] else None
    if any(r.asks((site.tap,), inside) for r in _state.recorders):
        origin = origin_of(site, integers, counters)
        observe(picked(parts, where, site, origin, found, shape))


def picked(
    parts: list[Any],
    where: Any,
    site: Site,
    origin: Origin,
    pixels: Index,
    shape: Sequence[int],
) -> Firing:
    """The firing of what was picked of a value.

    Args:
        parts: the value's components, tensors or arrays, [room ...].
        where: of its mask, or None.
        site: of the tap.
        origin: of the firing.
        pixels: where it was picked, [3 room].
        shape: the value's.
    """
    axes, whole = site.pixels[:2], tuple(map(int, shape))
    places = pixels[:2, pixels[2] > 0]
    data = parts[0] if len(parts) == 1 else _together(parts)
    value = Picked(data, whole, axes, places)
    mask = None if where is None else Picked(where, whole, axes, places)
    return Firing(value, site.tap, site.dims, site.unit, mask, origin)


def _together(parts: list[Any]) -> Any:
    """Components last; arrays and tensors together are an array."""
    if all(isinstance(part, Tensor) for part in parts):
        return torch.stack(parts, dim=-1)
    return np.stack(parts, axis=-1)


def _pixels(
    text: str,
    integers: list[int],
    counters: list[Tensor],
    slow: int,
    fast: int,
    device: torch.device,
) -> Tensor:
    """The pixels as a tensor, [3 room]."""
    window, loops = viewed(text), _state.loops()
    if window.loops:
        loops |= indices_of(window, integers, counters)
    found = pixels_in(window, loops, (int(slow), int(fast)))
    if found is None:
        found = no_pixels(window.room)
    # compiled code writes into what it is given
    pixels: Tensor = sent(found.copy(), device)
    return pixels


def pixels_in(
    window: Window, loops: Mapping[str, int], extent: tuple[int, int]
) -> Index | None:
    """The pixels that are recorded now and lie inside a value, [3 room].

    Args:
        window: in which they may lie.
        loops: indices around the value.
        extent: the lengths of its pixel axes.

    Returns:
        As ``Selection.within``, None for none.
    """
    if len(_state.recorders) != 1:
        return None
    first = loops.get(window.slow, 0), loops.get(window.fast, 0)
    return _state.recorders[0].selection.within(first, extent, window.room)


@lru_cache(maxsize=16)
def no_pixels(room: int) -> Index:
    """Room for pixels without any."""
    found = np.zeros((3, room), np.int64)
    found.flags.writeable = False
    return found


def _pick(value: Tensor, pixels: Tensor, slow: int, fast: int) -> Tensor:
    """A value's elements at the pixels, [room ...]."""
    return value.movedim((slow, fast), (0, 1))[pixels[0], pixels[1]]


def _at(value: Tensor, index: list[Tensor]) -> Tensor:
    """A value's elements at places along all its axes."""
    return value[tuple(index)]


def _some_pixels(text: str, *rest: Any) -> Tensor:
    room = viewed(text).room
    return torch.empty((3, room), dtype=torch.int64, device=rest[-1])


def _some_picked(value: Tensor, pixels: Tensor, *axes: int) -> Tensor:
    rest = [size for n, size in enumerate(value.shape) if n not in axes]
    return value.new_empty([pixels.shape[1], *rest])


def _some_elements(value: Tensor, index: list[Tensor]) -> Tensor:
    return torch.empty_like(sum(index, start=index[0]), dtype=value.dtype)


implement("tap_at", _observe_picked, no_values)
implement("pixels", _pixels, _some_pixels)
implement("pick", _pick, _some_picked)
implement("at", _at, _some_elements)
