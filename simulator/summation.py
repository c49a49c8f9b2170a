"""The sum over the samples of a pixel, one after the other as C adds them.

Sample by sample, so that a pixel's bits depend neither on the block it was
computed in nor on how many threads there are.
"""

from __future__ import annotations

import torch
from torch import Tensor


def add_up(terms: Tensor, background: Tensor | float) -> Tensor:
    """Background plus all terms, [slow fast].

    Args:
        terms: [layer sub_slow sub_fast source phi mosaic slow fast].
        background: of a pixel, added first.
    """
    total: Tensor | None = None
    for plane in terms.flatten(0, 5).unbind(0):
        total = plane + background if total is None else total + plane
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
        counted: samples that are not skipped, bool, broadcasts with terms;
            None: all.
        factors: capture, polarization, solid angle, in the order in which
            they are multiplied; each broadcasts with terms.
    """
    shape = terms.shape
    spread = [f.expand(shape).flatten(0, 5) for f in factors]
    total = torch.zeros_like(terms[0, 0, 0, 0, 0, 0]) + background
    alive = None if counted is None else counted.expand(shape).flatten(0, 5)
    for sample, plane in enumerate(terms.flatten(0, 5)):
        after = total + plane
        for factor in spread:
            after = after * factor[sample]
        if alive is not None:
            after = torch.where(alive[sample], after, total)
        total = after
    return total
