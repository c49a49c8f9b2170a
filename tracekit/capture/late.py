"""One call of a program of taps, which may be computed when it is over.

While compiled code runs, what Python needs has left the processor's caches:
an operation of NumPy takes far longer than among its like. So what a call
was given is copied, a few small tensors, and its taps are computed where the
store takes them in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from torch import Tensor

from tracekit.capture import torch_frames, torch_refusals
from tracekit.capture.firing import Firing, Moment, Origin, observe
from tracekit.capture.kept import Kept
from tracekit.capture.operator import indices_of
from tracekit.capture.picking import Index, no_pixels, picked

if TYPE_CHECKING:
    from tracekit.capture.deferred import Number, Program, Share

_SMALL = 1 << 15  # bytes of a tensor that is copied whole
_MOST = 1 << 17  # bytes that a call may hold, and leave in its events


class Call:
    """One call of a program.

    Args:
        program: of taps.
        asked: which of them fire.
        values, counters, integers: what compiled code gave it.
        loops: indices around it.
        pixels: those of each window, [3 room]; None for none.

    ``held`` is how many bytes wait in it, once ``hold`` has said so.
    """

    __slots__ = (
        *("asked", "held", "_counters", "_integers", "_loops", "_moment"),
        *("_phase", "_pixels", "_program", "_taken", "_values", "_work"),
    )

    def __init__(
        self,
        program: Program,
        asked: tuple[int, ...],
        values: list[Tensor],
        counters: list[Tensor],
        integers: list[int],
        loops: dict[str, int],
        pixels: list[Index | None],
    ) -> None:
        torch_refusals.refuse_capture(program.sites[asked[0]].tap)
        self.asked = asked
        self.held = 0
        self._program = program
        self._values: list[Any] = values
        self._counters = counters
        self._integers = integers
        self._pixels = [
            no_pixels(look.window.room) if found is None else found
            for look, found in zip(program.lookouts, pixels, strict=True)
        ]
        self._taken: dict[int, Any] = {}  # lines that are known from the start
        self._work: list[Any] | None = None
        self._loops = loops
        self._phase = torch_frames.phase()
        self._moment: Moment | None = None

    def names(self) -> list[str]:
        """What the taps that fire are called."""
        return [self._program.sites[number].tap for number in self.asked]

    def fire(self) -> None:
        """Bring all to every recorder, now."""
        for number in self.asked:
            observe(self.firing(number))
        self._program.fired.add(self.asked)

    def firing(self, number: int) -> Firing:
        """What one of its taps fires; of what is held, at any time.

        Args:
            number: of the tap in the program.
        """
        program = self._program
        share, site = program.shares[number], program.sites[number]
        lines = self._lines_so_far()
        given = lines, self._values, self._integers, self._pixels
        program.lines.compute(_lines_of(share), given)
        if number == self.asked[-1]:
            self._work = None
        indices = indices_of(
            site,
            known(share.integers, self._integers),
            self._counters[slice(*share.counters)],
        )
        file, line = site.file, site.line
        if not file:  # the tap of a compiled function's own result
            file, line = torch_frames.caller()
        loops = {**self._loops, **indices}
        return picked(
            [_shown(lines[part]) for part in share.parts],
            None if share.where is None else _shown(lines[share.where]),
            site,
            Origin(file, line, self._phase, loops, self._moment),
            self._pixels[share.window],
            known(share.shape, self._integers),
        )

    def _lines_so_far(self) -> list[Any]:
        """Lines, as far as they are computed; dropped behind the last tap.

        It may fire once more, where a signal came in between.
        """
        if self._work is None:
            self._work = [
                self._taken.get(n) for n in range(len(self._program.lines))
            ]
        return self._work

    def hold(self) -> bool:
        """Copy what it needs of what it was given; whether it could.

        It can't where that is much, or lies on a GPU, where loop indices are
        tensors or shapes change; nor at first: what is wrong with a tap, an
        error says where it stands.
        """
        program, values = self._program, self._values
        if self._counters or self.asked not in program.fired:
            return False
        wanted, needed, per_pixel = _plan(program, self.asked)
        if needed is None or not all(values[n].is_cpu for n in needed):
            return False
        small = [n for n in needed if values[n].nbytes <= _SMALL]
        self.held = sum(values[n].nbytes for n in small)
        for count, pixels in zip(per_pixel, self._pixels, strict=True):
            self.held += count * pixels.nbytes
        large = {*needed} - {*small}
        found = program.lines.taken_from(wanted, large) if large else ([], [])
        if found is None or self.held > _MOST:
            return False
        copies: list[Any] = [None] * len(values)
        for n in small:
            copies[n] = _copy(values[n])
        self._take(*found)
        self._values = copies
        self._moment = Moment.now()
        return self.held <= _MOST  # else it fires now, from the copies

    def _take(self, shown: list[int], taken: list[int]) -> None:
        """Take copies out of large values, and keep no view of them.

        Args:
            shown: lines of which no view may stay, see ``Lines.taken_from``.
            taken: those that are copied.
        """
        if taken:
            lines = self._lines_so_far()
            given = lines, self._values, self._integers, self._pixels
            self._program.lines.compute(tuple(taken), given)
            copies = {line: lines[line].copy() for line in taken}
            self._taken = dict.fromkeys(shown, ...) | copies
            self._work = None
            self.held += sum(copy.nbytes for copy in copies.values())


@lru_cache(maxsize=4096)
def _plan(
    program: Program, asked: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...] | None, list[int]]:
    """What is known of calls that are alike.

    Returns:
        The lines that are wanted; the values that they need, None where the
        stack has to say where a tap stands, or a call how large its value is;
        by window how many numbers the taps have at a pixel.
    """
    shares = [program.shares[n] for n in asked]
    if not all(type(n) is int for share in shares for n in share.shape):
        return (), None, []
    sites = [program.sites[n] for n in asked]
    wanted = tuple(line for share in shares for line in _lines_of(share))
    needed = program.lines.values(program.lines.needed(wanted))
    counts = [0] * len(program.lookouts)
    for share, site in zip(shares, sites, strict=True):
        shape = known(share.shape, ())
        for axis in site.pixels[:2]:
            shape[axis] = 1
        counts[share.window] += prod(shape)
    placed = all(site.file for site in sites)
    return wanted, tuple(sorted(needed)) if placed else None, counts


def _copy(tensor: Tensor) -> Kept | Tensor:
    """A copy of a tensor in memory."""
    held = tensor.detach() if tensor.requires_grad else tensor
    try:
        return Kept.of(held.numpy())
    except (TypeError, RuntimeError):  # bfloat16; a view that negates
        return held.clone()


def _shown(value: Any) -> Any:
    return value.numpy() if type(value) is Kept else value


def known(numbers: list[Number], integers: Sequence[int]) -> list[int]:
    """The numbers, with what came along in place."""
    return [n if isinstance(n, int) else integers[n[0]] for n in numbers]


def _lines_of(share: Share) -> tuple[int, ...]:
    """The lines that a tap needs: of its components, and of its mask."""
    return (*share.parts, *([] if share.where is None else [share.where]))
