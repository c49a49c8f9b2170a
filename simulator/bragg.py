"""Each sample's share of the Bragg scattering: hkl, F_latt and F_cell."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.fields import Field, both, dot, each
from simulator.lattice import grating, spot, square
from simulator.rays import Rays
from simulator.samples import BY_SAMPLE, SAMPLE, loop_order
from simulator.scene import Scene
from simulator.structure_factors import in_range, interpolated, nearest
from tracekit import tap

_VECTOR, _HKL = f"{SAMPLE} xyz", f"{SAMPLE} hkl"
_GRATINGS = ("F_latt_a", "F_latt_b", "F_latt_c")


@dataclass(frozen=True, slots=True)
class Carried:
    """What the C program carries from one pixel into the next.

    Args:
        swept: a phi sweep has been run, so the crystal was turned.
        interpolating: no sample has left the table yet.
    """

    swept: bool | Tensor
    interpolating: bool | Tensor


def cell_vectors(
    scene: Scene, rays: Rays, carried: Carried
) -> tuple[Tensor, bool | Tensor]:
    """a, b, c of each phi step and mosaic domain, metre, [abc xyz ...].

    Where the first sweep of the run differs from all later ones, the result
    has all samples' axes.
    """
    crystal = scene.crystal

    def field(turned: Tensor) -> Tensor:
        phi, mosaic = turned.shape[-2:]
        return turned.reshape(3, 3, 1, 1, 1, 1, phi, mosaic, 1, 1)

    cell = field(crystal.turned)
    if not crystal.carries:
        return cell, carried.swept
    outer, pixel = rays.q[0].shape[:4], rays.q[0].shape[-2:]
    shape = (*outer, *cell.shape[6:8], *pixel)
    counted = rays.counted
    if not carried.swept:
        sweeps = torch.ones_like(rays.q[0], dtype=torch.bool)
        sweeps = sweeps if counted is None else counted.expand(sweeps.shape)
        order = loop_order(sweeps)
        earliest = torch.where(sweeps, order, order.numel()).amin()
        first = sweeps & (order == earliest)
        cell = torch.where(first, field(crystal.untouched), cell)
    cell = cell.expand(3, 3, *shape)
    for name, v in zip("abc", cell, strict=True):
        tap(v.unbind(), f"rot_{name}", _VECTOR, unit="m", where=counted,
            axes=BY_SAMPLE)  # fmt: skip
    any_swept = True if counted is None else counted.any()
    return cell, carried.swept or any_swept


def miller_indices(cell: Tensor, rays: Rays) -> tuple[Field, Field]:
    """h, k, l as they are and the nearest whole numbers (ties go down)."""
    a, b, c = cell
    hkl = dot(a, rays.q), dot(b, rays.q), dot(c, rays.q)
    index = each(lambda h: (h - 0.5).ceil_(), hkl)
    tap(hkl, "hkl_frac", _HKL, unit="1", where=rays.counted,
        axes=BY_SAMPLE)  # fmt: skip
    tap(index, "hkl_rounded", _HKL, unit="1", where=rays.counted,
        axes=BY_SAMPLE)  # fmt: skip
    return hkl, index


def lattice_sum(
    scene: Scene, hkl: Field, index: Field, counted: Tensor | None
) -> Tensor:
    """F_latt of each sample."""
    crystal = scene.crystal
    if crystal.shape == "square":
        a, b, c = map(grating, hkl, crystal.cells)
        for name, factor in zip(_GRATINGS, (a, b, c), strict=True):
            tap(factor, name, SAMPLE, unit="1", where=counted,
                axes=BY_SAMPLE)  # fmt: skip
        F_latt = square((a, b, c))
    else:
        F_latt = spot(both(torch.sub, hkl, index), crystal)
    tap(F_latt, "F_latt", SAMPLE, unit="1", where=counted, axes=BY_SAMPLE)
    return F_latt


def structure_factor(
    scene: Scene,
    hkl: Field,
    index: Field,
    F_latt: Tensor,
    counted: Tensor | None,
    carried: Carried,
) -> tuple[Tensor, Tensor | None, bool | Tensor]:
    """F_cell of each sample, electron.

    Also which samples looked it up (None: all), and whether interpolation
    goes on after this block.
    """
    looked_up = counted
    if scene.crystal.shape != "square" and scene.water_size == 0.0:
        shines = F_latt != 0.0
        looked_up = shines if counted is None else counted & shines
    F_cell = nearest(scene.factors, index)
    interpolating = carried.interpolating
    if interpolating:
        inside = in_range(scene.factors, hkl)
        outside = ~inside if looked_up is None else looked_up & ~inside
        if scene.quirks.interpolation_switch_off:
            order = loop_order(outside)
            inside = order < torch.where(outside, order, order.numel()).amin()
            interpolating = ~outside.any()
        between = interpolated(scene.factors, hkl)
        F_cell = torch.where(inside, between, F_cell)
    tap(F_cell.expand(F_latt.shape), "F_cell", SAMPLE, unit="electron",
        where=looked_up, axes=BY_SAMPLE)  # fmt: skip
    return F_cell, looked_up, interpolating
