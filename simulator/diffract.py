"""The model equation, top to bottom.

    I(pixel) = r_e^2 fluence/steps * capture * polar * omega
               * sum over layer, sub-pixel, source, phi, mosaic
                 of |F_cell(hkl) F_latt(hkl)|^2

with hkl = (a, b, c) . q and q = (d - i)/lambda.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.bragg import (
    Carried,
    cell_vectors,
    lattice_sum,
    miller_indices,
    structure_factor,
)
from simulator.pixel_factors import (
    capture,
    polarization,
    scaled,
    summed,
    tap_factors,
)
from simulator.rays import obliquity, scatter, unmasked
from simulator.samples import BY_SAMPLE, PIXEL, SAMPLE, Grid, by_pixel
from simulator.scene import Scene
from tracekit import tap


def diffract(
    scene: Scene, grid: Grid, carried: Carried
) -> tuple[Tensor, Carried]:
    """Photons in each pixel of a block.

    Args:
        scene: the problem, on the device and in the dtype to compute in.
        grid: the pixels.
        carried: from the block before.

    Returns:
        photons, [slow fast], and what the next block must know.
    """
    alive = unmasked(scene, grid)
    where = None if alive is None else by_pixel(alive)
    rays = scatter(scene, grid, alive)
    factors = (
        capture(scene, rays, alive),
        polarization(scene, rays),
        obliquity(scene, rays, alive),
    )
    cell, swept = cell_vectors(scene, rays, carried)
    hkl, index = miller_indices(cell, rays)
    counted = rays.counted
    del rays, cell  # their planes serve again while the cache holds them
    F_latt = lattice_sum(scene, hkl, index, counted)
    F_cell, looked_up, interpolating = structure_factor(
        scene, hkl, index, F_latt, counted, carried
    )
    del hkl, index
    terms = F_cell * F_cell * F_latt
    terms *= F_latt
    tap(terms, "I_term", SAMPLE, unit="1", where=looked_up, axes=BY_SAMPLE)
    if looked_up is not None:
        terms = torch.where(looked_up, terms, 0.0)
    total = summed(scene, terms, looked_up, factors)
    tap(total, "I_before_scaling", PIXEL, unit="1", where=where)
    tap_factors(scene, factors, alive)
    intensity = scaled(scene, total, factors, where)
    if where is not None:
        intensity = torch.where(where, intensity, 0.0)
    tap(intensity, "intensity", PIXEL, unit="photon", where=where)
    return intensity, Carried(swept, interpolating)
