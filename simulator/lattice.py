"""The lattice sum: how the crystal's finite size spreads each reflection."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from simulator import numerics
from simulator.crystal import Crystal
from simulator.errors import SimulatorError
from simulator.fields import Field, dot

_SPHERE = 0.723601254558268  # makes a ball's peak as strong as a block's
_GAUSS, _TOPHAT = 0.63, 0.3969


def grating(h: Tensor, N: int) -> Tensor:
    """sin(N pi h)/sin(pi h) along an axis.

    The index is the full one, not its fractional part; exactly 0 gives N.
    """
    x = math.pi * h
    # A power of two whose square is the smallest normal number: it leaves
    # every x but 0 as it is, and there makes the quotient N, its gradient 0.
    x += torch.finfo(h.dtype).tiny ** 0.5
    along = numerics.sines_(x * N)
    along /= numerics.sines_(x)
    return along


def square(along: Field) -> Tensor:
    """A block: the product of the sums along a, b and c.

    It is never exactly 0, for no floating-point number but 0 is a multiple
    of pi; so no sample of a block is skipped.
    """
    F_latt = along[0] * along[1]
    F_latt *= along[2]
    return F_latt


def _round(offset: Field, crystal: Crystal) -> Tensor:
    """A ball."""
    Na, Nb, Nc = crystal.cells
    h, k, l = offset  # noqa: E741 - the third Miller index
    radius = h * h * Na * Na + k * k * Nb * Nb + l * l * Nc * Nc
    centre = radius == 0.0
    safe = torch.where(centre, 1.0, radius * crystal.fudge)  # no NaN gradient
    x = math.pi * numerics.sqrt(safe)
    transform = 3.0 * (torch.sin(x) / x - torch.cos(x)) / (x * x)
    transform = torch.where(centre | (safe == 0.0), 1.0, transform)
    return Na * Nb * Nc * _SPHERE * transform


def _spread_sqr(offset: Field, crystal: Crystal) -> Tensor:
    """Squared distance from the lattice point, times all cells squared.

    1/angstrom^2, literally as in the C program.
    """
    Na, Nb, Nc = crystal.cells
    h, k, l = offset  # noqa: E741 - the third Miller index
    x, y, z = (h * a + k * b + l * c for a, b, c in crystal.cell.reciprocal.T)
    return dot((x, y, z), (x, y, z)) * Na * Na * Nb * Nb * Nc * Nc


def _gauss(offset: Field, crystal: Crystal) -> Tensor:
    """A Gaussian spot."""
    Na, Nb, Nc = crystal.cells
    rs = _spread_sqr(offset, crystal)
    return Na * Nb * Nc * torch.exp(-(rs / _GAUSS * crystal.fudge))


def _tophat(offset: Field, crystal: Crystal) -> Tensor:
    """A spot of constant height."""
    Na, Nb, Nc = crystal.cells
    inside = _spread_sqr(offset, crystal) * crystal.fudge < _TOPHAT
    return inside.to(offset[0].dtype) * (Na * Nb * Nc)


_SHAPES: dict[str, Callable[[Field, Crystal], Tensor]] = {
    "round": _round,
    "gauss": _gauss,
    "tophat": _tophat,
}


def spot(offset: Field, crystal: Crystal) -> Tensor:
    """The lattice sum of a shape that isn't a block.

    Args:
        offset: hkl less the nearest whole indices, [...] thrice.
        crystal: shape, size and reciprocal cell.

    Returns:
        [...], without a unit.
    """
    if crystal.shape not in _SHAPES:
        raise SimulatorError(
            f"crystal shape {crystal.shape!r}: expected square, "
            f"{', '.join(_SHAPES)}"
        )
    return _SHAPES[crystal.shape](offset, crystal)
