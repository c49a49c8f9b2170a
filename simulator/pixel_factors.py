"""What multiplies the sum over a pixel's samples, and the sum itself."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.fields import Field, both, each, field_of
from simulator.geometry import capture_fraction
from simulator.polarization import polarization_factor
from simulator.rays import Rays
from simulator.samples import (
    BY_PIXEL,
    BY_SOURCE,
    BY_SUB_PIXEL,
    PIXEL,
    SOURCE,
    SUB_PIXEL,
    by_pixel,
    last,
)
from simulator.scattering import incident_field
from simulator.scene import R_E_SQR, Scene
from simulator.summation import add_up, add_up_running
from tracekit import tap

_LOOPS = (0, 1, 2, 3)  # layer, sub_slow, sub_fast, source


def capture(scene: Scene, rays: Rays, alive: Tensor | None) -> Tensor:
    """Fraction of the photons that the sensor absorbs.

    By sub-pixel with -oversample_thick; else that of the first sub-pixel of
    the last layer, which C applies to the sum over all layers.
    """
    detector = scene.detector
    if detector.thickness == 0.0 and not scene.oversample_thick:
        return _one(rays)
    d = each(lambda x: x[:, :, :, :1], rays.d)
    like = rays.R
    layer = torch.arange(detector.layers, dtype=like.dtype, device=like.device)
    layer = layer.reshape(-1, *[1] * 7)
    if not scene.oversample_thick:
        d, layer = each(lambda x: x[-1:, :1, :1], d), layer[-1:]
        return capture_fraction(detector, d, layer)
    fraction = capture_fraction(detector, d, layer)
    tap(fraction, "capture_subpixel", SUB_PIXEL, unit="1", where=alive,
        axes=BY_SUB_PIXEL)  # fmt: skip
    return fraction


def polarization(scene: Scene, rays: Rays) -> Tensor:
    """Polarization factor.

    By source with -oversample_polar; else that of the pixel's first counted
    sample, and 0 for a pixel that has none.
    """
    beam = scene.beam
    if not beam.polarized and not scene.oversample_polar:
        return _one(rays)
    d, i = rays.d, incident_field(beam)
    axis = field_of(beam.polarization.reshape(3, *[1] * 8))
    kahn = beam.polarization_factor
    if scene.oversample_polar:
        factor = polarization_factor(kahn, i, d, axis)
        tap(factor, "polar_source", SOURCE, unit="1", where=rays.counted,
            axes=BY_SOURCE)  # fmt: skip
        return factor
    if rays.counted is None or rays.polarized is None:
        d, i = each(_first, d), each(_first, i)
        return polarization_factor(kahn, i, d, axis)
    first = rays.polarized
    found = first.any(_LOOPS, keepdim=True)
    axis_of_beam = beam.incident[:, 0]

    def picked(v: Field) -> Field:
        # One sample of each pixel is picked: all others add zeros.
        v = each(
            lambda x: torch.where(first, x, 0.0).sum(_LOOPS, keepdim=True), v
        )
        return both(lambda x, b: torch.where(found, x, b), v, axis_of_beam)

    d, i = picked(d), picked(i)
    return torch.where(found, polarization_factor(kahn, i, d, axis), 0.0)


def summed(
    scene: Scene,
    terms: Tensor,
    looked_up: Tensor | None,
    factors: tuple[Tensor, Tensor, Tensor],
) -> Tensor:
    """The sum over a pixel's samples, with the water; [slow fast].

    Args:
        scene: says which factors belong into the sum.
        terms: |F_cell F_latt|^2 of each sample.
        looked_up: samples that are not skipped; None: all.
        factors: capture, polarization, solid angle.
    """
    inside = [
        f for f, on in zip(factors, _oversampled(scene), strict=True) if on
    ]
    if inside and scene.quirks.running_sum:
        return add_up_running(terms, scene.background, looked_up, inside)
    for factor in inside:
        terms = terms * factor
    return add_up(terms, scene.background, looked_up)


def scaled(
    scene: Scene,
    total: Tensor,
    factors: tuple[Tensor, Tensor, Tensor],
    where: Tensor | None,
) -> Tensor:
    """Photons: the sum in absolute units, times what was left out of it."""
    intensity = R_E_SQR * scene.beam.fluence * total
    if scene.steps > 1:
        intensity = intensity / scene.steps
    tap(intensity, "intensity_post_scale", PIXEL, unit="photon/sr",
        where=where)  # fmt: skip
    for factor, inside in zip(factors, _oversampled(scene), strict=True):
        if not inside:
            intensity *= by_pixel(factor)  # the tap before has its copy
    return intensity


def tap_factors(
    scene: Scene,
    factors: tuple[Tensor, Tensor, Tensor],
    alive: Tensor | None,
) -> None:
    """Show the factors as they stand when a pixel is finished.

    A factor that is computed for every sample stands at its last one.
    """
    names = ("capture_fraction", "polar", "omega_applied")
    for name, factor, inside in zip(
        names, factors, _oversampled(scene), strict=True
    ):
        unit = "sr" if name == "omega_applied" else "1"
        at_last = last(factor) if inside else factor
        tap(at_last, name, PIXEL, unit=unit, where=alive, axes=BY_PIXEL)


def _one(rays: Rays) -> Tensor:
    """The number 1 for every pixel."""
    return rays.R.new_ones(()).expand(rays.R[:1, :1, :1].shape)


def _first(x: Tensor) -> Tensor:
    """A pixel's first sample."""
    return x[:1, :1, :1, :1]


def _oversampled(scene: Scene) -> tuple[bool, bool, bool]:
    return (
        scene.oversample_thick,
        scene.oversample_polar,
        scene.oversample_omega,
    )
