"""The operators of taps that pick pixels: only those come to a recorder.

Which pixels they are, ``pixels`` asks while compiled code runs; ``pick`` and
``at`` take them from a value, and ``tap_at`` is the tap. In inductor's code
all taps of a graph that follow one another fire in one call, ``taps_at``.
"""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tracekit import _state
from tracekit.capture.firing import emit
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

Places = npt.NDArray[np.int64]

LIBRARY.define(
    "tap_at(Tensor[] parts, Tensor? where, str site, SymInt[] integers,"
    " Tensor[] counters, Tensor pixels, SymInt[] shape) -> ()",
    tags=TAGS,
)
LIBRARY.define(
    "taps_at(str taps, Tensor[] values, Tensor[] pixels, Tensor[] counters,"
    " SymInt[] integers) -> ()",
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


class Share(NamedTuple):
    """What one tap has of the arguments of ``taps_at``.

    Args:
        site: of the tap.
        parts: how many of the values are its components.
        masked: whether one more is its mask.
        pixels: which of the tensors of pixels is its own.
        counters, integers: how many are of loop indices.
        rank: how many more integers are its value's shape.
    """

    site: str
    parts: int
    masked: bool
    pixels: int
    counters: int
    integers: int
    rank: int


@lru_cache(maxsize=4096)
def _shared(text: str) -> tuple[tuple[str, ...], list[Share]]:
    """The names of several taps, and the shares of their arguments."""
    shares = [Share(*share) for share in json.loads(text)]
    return tuple(parsed(share.site).tap for share in shares), shares


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
    site, places = parsed(text), _places(pixels)
    if _are_asked((site.tap,), places):
        _observe(parts, where, site, integers, counters, places, shape)


def _observe_all(
    text: str,
    values: list[Tensor],
    pixels: list[Tensor],
    counters: list[Tensor],
    integers: list[int],
) -> None:
    """Run taps that follow one another."""
    names, shares = _shared(text)
    places = list(map(_places, pixels))
    if not _are_asked(names, *places):
        return
    value, counter, integer = iter(values), iter(counters), iter(integers)
    for name, share in zip(names, shares, strict=True):
        parts = list(islice(value, share.parts))
        where = next(value) if share.masked else None
        indices = list(islice(integer, share.integers))
        tensors = list(islice(counter, share.counters))
        shape = list(islice(integer, share.rank))
        there = places[share.pixels]
        if _are_asked((name,), there):
            site = parsed(share.site)
            _observe(parts, where, site, indices, tensors, there, shape)


def _places(pixels: Tensor) -> Places:
    """The pixels that lie inside a value, [2 pixel]."""
    picked: Places = pixels.cpu().numpy()
    return picked[:2, picked[2] > 0]


def _are_asked(names: tuple[str, ...], *places: Places) -> bool:
    """Whether a recorder has to see a firing, with pixels or without."""
    nowhere = not any(there.size for there in places)
    return any(r.asks(names, nowhere=nowhere) for r in _state.recorders)


def _observe(
    parts: list[Tensor],
    where: Tensor | None,
    site: Site,
    integers: list[int],
    counters: list[Tensor],
    places: Places,
    shape: list[int],
) -> None:
    axes, whole = site.pixels[:2], tuple(map(int, shape))
    data = parts[0] if len(parts) == 1 else torch.stack(parts, dim=-1)
    value = Picked(data, whole, axes, places)
    mask = None if where is None else Picked(where, whole, axes, places)
    origin = origin_of(site, integers, counters)
    emit(value, site.tap, site.dims, site.unit, mask, origin)


def _pixels(
    text: str,
    integers: list[int],
    counters: list[Tensor],
    slow: int,
    fast: int,
    device: torch.device,
) -> Tensor:
    """The pixels that are recorded now and lie inside a value, [3 room]."""
    window = viewed(text)
    if len(_state.recorders) != 1:
        return torch.zeros((3, window.room), dtype=torch.int64, device=device)
    loops = _state.loops() | indices_of(window, integers, counters)
    found = _state.recorders[0].selection.within(
        (loops.get(window.slow, 0), loops.get(window.fast, 0)),
        (int(slow), int(fast)),
        window.room,
    )
    # compiled code writes into what it is given
    return torch.from_numpy(found.copy()).to(device)


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
implement("taps_at", _observe_all, no_values)
implement("pixels", _pixels, _some_pixels)
implement("pick", _pick, _some_picked)
implement("at", _at, _some_elements)
