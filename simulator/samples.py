"""Samples of a block of pixels, and their order in nanoBragg's loops.

A pixel is a sum over six nested loops. Here each loop is an axis:

    [layer sub_slow sub_fast source phi mosaic slow fast]

outermost loop first, pixels last, so that one sample of all pixels is one
contiguous plane. Axes that a value doesn't depend on have the extent 1; a
vector has its components in front. A trace names the pixel first and the
components last.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LOOPS = ("layer", "sub_slow", "sub_fast", "source", "phi", "mosaic")
PIXEL = "slow fast"
SUB_PIXEL = "slow fast layer sub_slow sub_fast"
SOURCE = "slow fast layer sub_slow sub_fast source"
SAMPLE = "slow fast layer sub_slow sub_fast source phi mosaic"
# The axes that these name.
BY_PIXEL = (6, 7)
BY_SUB_PIXEL = (*BY_PIXEL, 0, 1, 2)
BY_SOURCE = (*BY_SUB_PIXEL, 3)
BY_SAMPLE = (*BY_SOURCE, 4, 5)


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of pixels.

    Args:
        rows: slow indices.
        columns: fast indices.
    """

    rows: range
    columns: range

    @property
    def place(self) -> tuple[slice, slice]:
        """Where the block lies in the image."""
        return (
            slice(self.rows.start, self.rows.stop),
            slice(self.columns.start, self.columns.stop),
        )

    def grid(self, device: torch.device) -> Grid:
        """The indices as tensors on a device."""
        rows, columns = self.rows, self.columns
        return Grid(
            torch.arange(rows.start, rows.stop, device=device),
            torch.arange(columns.start, columns.stop, device=device),
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """The indices of a block as numbers, so that compiled code fits any block.

    Args:
        slow: [slow].
        fast: [fast].
    """

    slow: Tensor
    fast: Tensor


def by_pixel(value: Tensor) -> Tensor:
    """View of a pixel's last sample, [slow fast]."""
    if value.shape[:-2].numel() == 1:
        return value.squeeze((0, 1, 2, 3, 4, 5))
    return value[-1, -1, -1, -1, -1, -1]


def last(value: Tensor) -> Tensor:
    """View of a pixel's last sample, with the samples' axes."""
    return value[-1:, -1:, -1:, -1:, -1:, -1:]


def loop_order(mask: Tensor) -> Tensor:
    """The place of each sample in the order of the C program's loops.

    Args:
        mask: any value with the samples' eight axes.

    Returns:
        int64, of the same shape: 0 for the first sample of the block.
    """
    *loops, slow, fast = mask.shape
    ranks = torch.arange(mask.numel(), device=mask.device)
    return ranks.reshape(slow, fast, *loops).movedim((0, 1), (-2, -1))
