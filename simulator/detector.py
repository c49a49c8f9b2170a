"""The detector in the laboratory: where it stands and which way it looks.

All lengths in metre. Placement follows nanoBragg's order: the distances
before any rotation, then the pivot, then the distances once more.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.conventions import Axes, axes_of, pivot_of
from simulator.errors import SimulatorError
from simulator.numerics import plain
from simulator.options import Number, Options
from simulator.quirks import Quirks
from simulator.steps import layer_steps
from simulator.units import MICROMETRE, MILLI, RTD
from simulator.vectors import dot, rotate_about, rotate_xyz, vector


@dataclass(frozen=True, slots=True)
class Centre:
    """Where the beam meets the detector, as asked for; metre."""

    Xbeam: Tensor
    Ybeam: Tensor
    Xclose: Tensor
    Yclose: Tensor
    Fbeam: Tensor
    Sbeam: Tensor
    Fclose: Tensor
    Sclose: Tensor


@dataclass(frozen=True, slots=True)
class Detector:
    """A flat or curved pixel detector; vectors [xyz].

    Args:
        convention: whose axes.
        axes: the directions before the detector was turned.
        angles: rotation about x, y, z in radian, [xyz].
        twotheta: rotation of the arm in radian.
        fast, slow, normal: directions after all rotations.
        pix0: corner of the first pixel, metre.
        pixel_size: metre.
        pixels_slow, pixels_fast: how many.
        extent_slow, extent_fast: metre.
        pivot: "beam" or "sample".
        centre: beam centre as asked for.
        placed_distance: along the beam, as used to place it, metre.
        distance, close_distance: as measured afterwards, metre.
        Fclose, Sclose: foot of the normal afterwards, metre.
        layers, thickness, layer_step, attenuation: the sensor; metre, 1/m.
        curved, point_pixel: shape of the surface; pixels without an area.
    """

    convention: str
    axes: Axes
    angles: Tensor
    twotheta: Tensor
    fast: Tensor
    slow: Tensor
    normal: Tensor
    pix0: Tensor
    pixel_size: float
    pixels_slow: int
    pixels_fast: int
    extent_slow: float
    extent_fast: float
    pivot: str
    centre: Centre
    placed_distance: Tensor
    distance: Tensor
    close_distance: Tensor
    Fclose: Tensor
    Sclose: Tensor
    layers: int
    thickness: float
    layer_step: float
    attenuation: float
    curved: bool
    point_pixel: bool


def build_detector(options: Options, quirks: Quirks) -> Detector:
    """Size, centre and place the detector.

    Raises:
        SimulatorError: a detector without pixels.
    """
    axes, pivot = axes_of(options), pivot_of(options)
    pixel = options.pixel_size / MILLI
    fast_count, fast_extent = _size(
        options.pixels_fast, options.size_fast, pixel
    )
    slow_count, slow_extent = _size(
        options.pixels_slow, options.size_slow, pixel
    )
    centre = beam_centre(options, pixel, fast_extent, slow_extent)
    angles = vector(options.rotx, options.roty, options.rotz) / RTD
    twotheta = torch.as_tensor(options.twotheta, dtype=torch.float64) / RTD
    placement = _place(options, axes, angles, twotheta, pivot, centre)
    layers, thickness, step, mu = _sensor(options, quirks)
    last = options.curved_is_last and not quirks.curved_det_needs_follower
    return Detector(
        convention=options.convention,
        axes=axes,
        angles=angles,
        twotheta=twotheta,
        pixel_size=pixel,
        pixels_slow=slow_count,
        pixels_fast=fast_count,
        extent_slow=slow_extent,
        extent_fast=fast_extent,
        pivot=pivot,
        centre=centre,
        layers=layers,
        thickness=thickness,
        layer_step=step,
        attenuation=mu,
        curved=options.curved or last,
        point_pixel=options.point_pixel,
        **placement,
    )


def _size(count: int | None, extent: float, pixel: float) -> tuple[int, float]:
    """Pixels along an axis and their extent in metre."""
    # 0 is nanoBragg's word for "not given".
    metres = pixel * count if count else extent / MILLI
    pixels = math.ceil(metres / pixel - 0.5)
    if pixels < 1:
        raise SimulatorError(
            f"the detector has {pixels} pixels along an axis; check "
            "-detsize, -detpixels and -pixel"
        )
    return pixels, metres


def _metre(value: Number | None, default: Tensor) -> Tensor:
    """A length of the command line (mm), or its default (metre)."""
    if value is None:
        return default
    return torch.as_tensor(value, dtype=torch.float64) / MILLI


def beam_centre(
    options: Options, pixel: float, extent_fast: float, extent_slow: float
) -> Centre:
    """The convention's reading of the beam centre; lengths in metre."""

    def origin(org: Number | None, extent: float) -> Tensor:
        if org is None:
            return torch.tensor(extent / 2.0, dtype=torch.float64)
        return (torch.as_tensor(org, dtype=torch.float64) - 0.5) * pixel

    def number(x: float) -> Tensor:
        return torch.tensor(x, dtype=torch.float64)

    Fclose = origin(options.ORGX, extent_fast)
    Sclose = origin(options.ORGY, extent_slow)
    Xclose = _metre(options.Xclose, Fclose)
    Yclose = _metre(options.Yclose, Sclose)
    X, Y = Xclose, Yclose
    if options.convention in ("MOSFLM", "DENZO"):
        X = number((extent_slow + pixel) / 2.0)
        Y = number((extent_fast + pixel) / 2.0)
    elif options.convention == "ADXV":
        X = number((extent_fast + pixel) / 2.0)
        Y = number((extent_slow - pixel) / 2.0)
    X, Y = _metre(options.Xbeam, X), _metre(options.Ybeam, Y)
    F, S = X, Y
    if options.convention == "MOSFLM":
        F, S = Y + 0.5 * pixel, X + 0.5 * pixel
    elif options.convention == "DENZO":
        F, S = Y, X
    elif options.convention == "ADXV":
        F, S = X, extent_slow - Y
    elif options.convention == "CUSTOM":
        Fclose, Sclose = X, Y
    return Centre(X, Y, Xclose, Yclose, F, S, Fclose, Sclose)


def _place(
    options: Options,
    axes: Axes,
    angles: Tensor,
    twotheta: Tensor,
    pivot: str,
    centre: Centre,
) -> dict[str, Tensor]:
    """Turn the detector and find its first pixel."""

    def turn(v: Tensor) -> Tensor:
        return rotate_about(rotate_xyz(v, angles), axes.twotheta, twotheta)

    ratio = dot(axes.beam, rotate_xyz(axes.normal, angles))
    if plain(ratio) == 0.0:
        ratio = torch.tensor(sys.float_info.min, dtype=torch.float64)
    asked = _metre(options.distance, torch.tensor(0.1, dtype=torch.float64))
    close = _metre(options.close_distance, torch.abs(ratio * asked))
    distance = close / ratio
    fast, slow, normal = turn(axes.fast), turn(axes.slow), turn(axes.normal)
    if pivot == "sample":
        F, S = centre.Fclose, centre.Sclose
        pix0 = turn(-F * axes.fast - S * axes.slow + close * axes.normal)
    else:
        F, S = centre.Fbeam, centre.Sbeam
        pix0 = -F * fast - S * slow + distance * axes.beam
    measured = dot(pix0, normal)
    return {
        "fast": fast,
        "slow": slow,
        "normal": normal,
        "pix0": pix0,
        "placed_distance": distance,
        "Fclose": -dot(pix0, fast),
        "Sclose": -dot(pix0, slow),
        "close_distance": measured,
        "distance": measured / ratio,
    }


def _sensor(
    options: Options, quirks: Quirks
) -> tuple[int, float, float, float]:
    """Layers, thickness, layer step (metre), attenuation (1/m; -1 unset)."""
    thickness = options.sensor_thickness * MICROMETRE
    mu = -1.0
    depth = options.attenuation_depth
    if depth is not None:
        if depth == 0.0 or math.isinf(depth):
            mu = 0.0
        else:
            mu = 1.0 / (depth * MICROMETRE)
    layers, thickness, step = layer_steps(
        thickness, options.layers, inside=not quirks.repeated_layer_step
    )
    if thickness > 0.0 and mu < 0.0:
        mu = 1.0 / thickness
    return layers, thickness, step, mu
