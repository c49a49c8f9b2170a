"""From the pixels of a block to the scattering vectors of its samples."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.fields import Field, each, magnitude
from simulator.geometry import pixel_positions, solid_angle
from simulator.samples import (
    BY_PIXEL,
    BY_SOURCE,
    BY_SUB_PIXEL,
    PIXEL,
    SOURCE,
    SUB_PIXEL,
    Grid,
)
from simulator.scattering import (
    first_of_pixel,
    renormalised,
    resolved,
    scattering_vector,
)
from simulator.scene import Scene
from tracekit import tap

_SUB_PIXEL_VECTOR, _SOURCE_VECTOR = f"{SUB_PIXEL} xyz", f"{SOURCE} xyz"


@dataclass(frozen=True, slots=True)
class Rays:
    """A block's rays; axes as in ``samples``.

    Args:
        R: distance from the sample, metre.
        d: diffracted direction as each source meets it.
        q: scattering vector, 1/metre.
        counted: samples inside the mask and the resolution limit; None: all.
        polarized: samples whose polarization factor is computed; None: the
            very first of each pixel.
    """

    R: Tensor
    d: Field
    q: Field
    counted: Tensor | None
    polarized: Tensor | None


def scatter(scene: Scene, grid: Grid, alive: Tensor | None) -> Rays:
    """From the pixels to the scattering vectors."""
    position = pixel_positions(scene.detector, grid, scene.oversample)
    R = magnitude(position)
    tap(position, "pixel_pos", _SUB_PIXEL_VECTOR, unit="m", where=alive,
        axes=BY_SUB_PIXEL)  # fmt: skip
    d = each(lambda x: x / R, position)
    del position  # its planes serve again while the cache holds them
    tap(R, "R", SUB_PIXEL, unit="m", where=alive, axes=BY_SUB_PIXEL)
    tap(d, "diffracted_vec", _SUB_PIXEL_VECTOR, unit="1", where=alive,
        axes=BY_SUB_PIXEL)  # fmt: skip
    q = scattering_vector(d, scene.beam)
    counted = _counted(scene, q, alive)
    polarized = _polarized(scene, q, counted)
    if _renormalises(scene) and polarized is not None:
        d = renormalised(d, polarized)
        q = scattering_vector(d, scene.beam)
        counted = _counted(scene, q, alive)
    tap(q, "scattering_vec", _SOURCE_VECTOR, unit="1/m", where=alive,
        axes=BY_SOURCE)  # fmt: skip
    return Rays(R, d, q, counted, polarized)


def obliquity(scene: Scene, rays: Rays, alive: Tensor | None) -> Tensor:
    """Solid angle: of the first sub-pixel, or of each one; steradian."""
    if scene.oversample_omega:
        omega = solid_angle(scene.detector, rays.R)
        tap(omega, "omega", SUB_PIXEL, unit="sr", where=alive,
            axes=BY_SUB_PIXEL)  # fmt: skip
        return omega
    omega = solid_angle(scene.detector, rays.R[:1, :1, :1])
    tap(omega, "omega", PIXEL, unit="sr", where=alive, axes=BY_PIXEL)
    return omega


def unmasked(scene: Scene, grid: Grid) -> Tensor | None:
    """Pixels that the mask leaves, with the samples' axes; None: all."""
    if scene.mask is None:
        return None
    mask = scene.mask[grid.slow][:, grid.fast]
    return mask.reshape(*[1] * 6, *mask.shape)


def _counted(scene: Scene, q: Field, alive: Tensor | None) -> Tensor | None:
    """Samples inside the mask and the resolution limit; None: all."""
    if scene.dmin <= 0.0:
        return None if alive is None else alive.expand(q[0].shape)
    sharp = resolved(q, scene.dmin)
    return sharp if alive is None else sharp & alive


def _polarized(
    scene: Scene, q: Field, counted: Tensor | None
) -> Tensor | None:
    """Samples whose polarization factor is computed; None: the first."""
    several = scene.beam.sources > 1
    if counted is None and not several:
        return None
    if counted is None:
        counted = torch.ones_like(q[0], dtype=torch.bool)
    return counted if scene.oversample_polar else first_of_pixel(counted)


def _renormalises(scene: Scene) -> bool:
    """Whether the polarization factor touches the directions of others."""
    computed = scene.beam.polarized or scene.oversample_polar
    return (
        scene.quirks.renormalised_direction
        and computed
        and scene.beam.sources > 1
    )
