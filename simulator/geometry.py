"""Where each sub-pixel is, and how much of the sphere a pixel covers."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.detector import Detector
from simulator.fields import Field, both, dot, rotate_field
from simulator.samples import Grid


def _along(numbers: Tensor, like: Tensor, axis: int) -> Tensor:
    """Indices as one of the samples' eight axes."""
    shape = [1] * 8
    shape[axis] = numbers.shape[0]
    return numbers.to(like.dtype).reshape(shape)


def pixel_positions(detector: Detector, grid: Grid, oversample: int) -> Field:
    """Centres of the sub-pixels, metre.

    Args:
        detector: placed where the samples are computed.
        grid: the pixels.
        oversample: sub-pixels along an axis.

    Returns:
        [layer sub_slow sub_fast 1 1 1 slow fast], thrice.
    """
    like = detector.pix0
    steps = torch.arange(oversample, device=like.device)
    sub_slow, sub_fast = _along(steps, like, 1), _along(steps, like, 2)
    slow, fast = _along(grid.slow, like, 6), _along(grid.fast, like, 7)
    sub = detector.pixel_size / oversample
    Fdet = sub * (fast * oversample + sub_fast) + sub / 2.0
    Sdet = sub * (slow * oversample + sub_slow) + sub / 2.0
    position = both(
        lambda f, s: Fdet * f + Sdet * s, detector.fast, detector.slow
    )
    if detector.layers > 1:  # the first layer is the surface
        steps = torch.arange(detector.layers, device=like.device)
        Odet = _along(steps, like, 0) * detector.layer_step
        position = both(lambda x, n: x + Odet * n, position, detector.normal)
    position = both(Tensor.add_, position, detector.pix0)
    return _bent(detector, position) if detector.curved else position


def _bent(detector: Detector, position: Field) -> Field:
    """The flat detector's points on a sphere about the sample.

    The y and z of the laboratory are meant: right for MOSFLM's axes only.
    """
    distance = detector.distance
    straight = distance * detector.axes.beam
    turned = rotate_field(straight, detector.slow, position[1] / distance)
    return rotate_field(turned, detector.fast, position[2] / distance)


def solid_angle(detector: Detector, R: Tensor) -> Tensor:
    """Solid angle of a pixel at the distance R, steradian, of R's shape.

    A point pixel has no area: its "solid angle" is 1/R^2.
    """
    if detector.point_pixel:
        return 1.0 / R / R
    # A tensor: Python's number / tensor is number * reciprocal, an ulp off.
    area = R.new_tensor(detector.pixel_size * detector.pixel_size)
    omega = area / R
    omega /= R
    omega *= detector.close_distance
    omega /= R
    return omega


def capture_fraction(
    detector: Detector, direction: Field, layer: Tensor
) -> Tensor:
    """Fraction of the photons that a layer of the sensor absorbs.

    Args:
        detector: with its sensor.
        direction: of the photons, [...] thrice.
        layer: number of the layer, broadcasts with [...].
    """
    mu, step = detector.attenuation, detector.layer_step
    parallax = dot(direction, detector.normal)
    before = torch.exp(-layer * step * mu / parallax)
    return before - torch.exp(-(layer + 1.0) * step * mu / parallax)
