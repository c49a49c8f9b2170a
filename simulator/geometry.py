"""Where each sub-pixel is, and how much of the sphere a pixel covers."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.detector import Detector
from simulator.samples import Block
from simulator.vectors import dot, rotate_field


def _along(numbers: range, like: Tensor, axis: int) -> Tensor:
    """Indices as one of the samples' eight axes."""
    shape = [1] * 8
    shape[axis] = len(numbers)
    return torch.arange(
        numbers.start, numbers.stop, dtype=like.dtype, device=like.device
    ).reshape(shape)


def _field(v: Tensor) -> Tensor:
    """A vector [xyz] as a field without samples."""
    return v.reshape(3, *[1] * 8)


def pixel_positions(
    detector: Detector, block: Block, oversample: int
) -> Tensor:
    """Centres of the sub-pixels, metre.

    Args:
        detector: placed where the samples are computed.
        block: the pixels.
        oversample: sub-pixels along an axis.

    Returns:
        [xyz layer sub_slow sub_fast 1 1 1 slow fast].
    """
    like = detector.pix0
    layer = _along(range(detector.layers), like, 0)
    sub_slow = _along(range(oversample), like, 1)
    sub_fast = _along(range(oversample), like, 2)
    slow = _along(block.rows, like, 6)
    fast = _along(block.columns, like, 7)
    sub = detector.pixel_size / oversample
    Fdet = sub * (fast * oversample + sub_fast) + sub / 2.0
    Sdet = sub * (slow * oversample + sub_slow) + sub / 2.0
    Odet = layer * detector.layer_step
    position = (
        Fdet * _field(detector.fast)
        + Sdet * _field(detector.slow)
        + Odet * _field(detector.normal)
        + _field(detector.pix0)
    )
    return _bent(detector, position) if detector.curved else position


def _bent(detector: Detector, position: Tensor) -> Tensor:
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
    return area / R / R * detector.close_distance / R


def capture_fraction(
    detector: Detector, direction: Tensor, layer: Tensor
) -> Tensor:
    """Fraction of the photons that a layer of the sensor absorbs.

    Args:
        detector: with its sensor.
        direction: of the photons, [xyz ...].
        layer: number of the layer, broadcasts with [...].
    """
    mu, step = detector.attenuation, detector.layer_step
    parallax = dot(direction, detector.normal)
    before = torch.exp(-layer * step * mu / parallax)
    return before - torch.exp(-(layer + 1.0) * step * mu / parallax)
