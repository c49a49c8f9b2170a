"""The sum over the samples of a pixel, one after the other as C adds them.

Sample by sample, so that a pixel's bits depend neither on the block it was
computed in nor on how many threads there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from simulator.samples import LOOPS, PIXEL
from tracekit import is_recording, scope, tap


def add_up(
    terms: Tensor, background: float, counted: Tensor | None = None
) -> Tensor:
    """Background plus all terms, [slow fast].

    Args:
        terms: [layer sub_slow sub_fast source phi mosaic slow fast]; 0 where
            not counted.
        background: of a pixel, added first.
        counted: samples that are not skipped, bool, broadcasts with terms;
            None: all.
    """
    total: Tensor | None = None
    shown = is_recording("I_accum")
    for at, plane, alive in _planes(terms, counted):
        if total is None:
            total = plane if background == 0.0 else plane + background
        else:
            total = total + plane
        if shown:
            _tap_sum(total, at, alive)
    assert total is not None  # noqa: S101 - every loop has a step
    return total


def add_up_running(
    terms: Tensor,
    background: Tensor | float,
    counted: Tensor | None,
    factors: list[Tensor],
) -> Tensor:
    """The same, where each sample multiplies the whole sum so far.

    This is what -oversample_thick, _polar and _omega do in the C program.

    Args:
        terms: as above.
        background: as above.
        counted: as above.
        factors: capture, polarization, solid angle, in the order in which
            they are multiplied; each broadcasts with terms.
    """
    shape = terms.shape
    spread = [f.expand(shape).flatten(0, 5) for f in factors]
    total = torch.zeros_like(terms[0, 0, 0, 0, 0, 0]) + background
    shown = is_recording("I_accum")
    for sample, (at, plane, alive) in enumerate(_planes(terms, counted)):
        after = total + plane
        for factor in spread:
            after = after * factor[sample]
        total = after if alive is None else torch.where(alive, after, total)
        if shown:
            _tap_sum(total, at, alive)
    return total


def _planes(
    terms: Tensor, counted: Tensor | None
) -> Iterator[tuple[tuple[int, ...], Tensor, Tensor | None]]:
    """Each sample: its loop indices, its terms, and where it counts."""
    places = product(*map(range, terms.shape[:6]))
    planes = terms.flatten(0, 5).unbind(0)
    if counted is None:
        for at, plane in zip(places, planes, strict=True):
            yield at, plane, None
        return
    alive = counted.expand(terms.shape).flatten(0, 5).unbind(0)
    yield from zip(places, planes, alive, strict=True)


def _tap_sum(total: Tensor, at: tuple[int, ...], alive: Tensor | None) -> None:
    with scope("sample", **dict(zip(LOOPS, at, strict=True))):
        tap(total, "I_accum", PIXEL, unit="1", where=alive)
