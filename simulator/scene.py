"""Everything that one image depends on, resolved to metre and radian.

A scene is a tree of frozen dataclasses whose numbers are float64 on the CPU;
``placed`` moves its tensors to where and to what precision the samples are
computed. Gradients of what the options hold flow through all of it.
"""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from simulator.beam import Beam, build_beam
from simulator.crystal import Crystal, build_crystal
from simulator.detector import Detector, build_detector
from simulator.errors import SimulatorError
from simulator.images import read_mask
from simulator.numerics import plain
from simulator.options import Options
from simulator.quirks import Quirks
from simulator.structure_factors import (
    StructureFactors,
    build_structure_factors,
)
from simulator.units import MICRO
from tracekit import input_file

R_E_SQR = 7.94079248018965e-30  # classical electron radius squared, m^2
_AVOGADRO = 6.02214179e23
_WATER_F = 2.57  # forward scattering of a water molecule, electron

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scene:
    """One image's problem.

    Args:
        detector, beam, crystal, factors: the parts.
        oversample: sub-pixels along each axis of a pixel.
        oversample_thick, oversample_polar, oversample_omega: factors that
            are computed for every sample instead of once a pixel.
        steps: samples that the sum is divided by; layers don't count.
        dmin: resolution limit, metre; 0 for none.
        background: of water, in the sum's unit; added once a pixel.
        water_size: edge of a cube of water, metre; 0 for none.
        roi: fast_min, fast_max, slow_min, slow_max, all inside.
        mask: pixels to compute, [slow fast], None for all.
        quirks: which bugs of the C program are reproduced.
    """

    detector: Detector
    beam: Beam
    crystal: Crystal
    factors: StructureFactors
    oversample: int
    oversample_thick: bool
    oversample_polar: bool
    oversample_omega: bool
    steps: int
    dmin: float
    background: float
    water_size: float
    roi: tuple[int, int, int, int]
    mask: Tensor | None
    quirks: Quirks

    @property
    def rows(self) -> range:
        """Slow indices of the region of interest, clipped to the detector."""
        _, _, low, high = self.roi
        return range(max(low, 0), min(high + 1, self.detector.pixels_slow))

    @property
    def columns(self) -> range:
        """Fast indices of the region of interest."""
        low, high, _, _ = self.roi
        return range(max(low, 0), min(high + 1, self.detector.pixels_fast))


def build_scene(options: Options, quirks: Quirks | None = None) -> Scene:
    """Resolve a command line.

    Raises:
        SimulatorError: an unreadable file, or a request that makes no image.
    """
    quirks = quirks or Quirks()
    if not quirks.names_found_by_part:
        options = options.as_meant()
    _check(options)
    if options.misset_random and options.misset_seed is None:
        options = dataclasses.replace(options, misset_seed=int(time.time()))
    detector = build_detector(options, quirks)
    beam = build_beam(options, detector.axes)
    crystal = build_crystal(
        options, detector.axes, beam.central_wavelength, quirks
    )
    factors = build_structure_factors(options, crystal.asked_cells, quirks)
    oversample = _oversample(options, detector, beam, crystal)
    domains, phis = len(crystal.mosaic), len(crystal.phi)
    water = options.water / MICRO
    return Scene(
        detector=detector,
        beam=beam,
        crystal=crystal,
        factors=factors,
        oversample=oversample,
        oversample_thick=options.oversample_thick,
        oversample_polar=options.oversample_polar,
        oversample_omega=options.oversample_omega,
        steps=beam.sources * domains * phis * oversample * oversample,
        dmin=options.dmin / 1e10,
        background=_background(water, beam.fluence),
        water_size=water,
        roi=_region(options, detector),
        mask=_mask(options, detector),
        quirks=quirks,
    )


def _check(options: Options) -> None:
    """Refuse what can't be simulated, before any file is read."""
    wavelength = plain(options.wavelength)
    wrong = {
        "-lambda: the wavelength must be above 0": not (
            0.0 < wavelength < math.inf
        ),
        "-pixel: the size must be above 0": not options.pixel_size > 0.0,
        "-detector_thick: the sensor's thickness can't be negative": (
            options.sensor_thickness < 0.0
        ),
        "-cell: the first edge must be above 0 angstrom": (
            options.cell is not None and not plain(options.cell[0]) > 0.0
        ),
    }
    for message, found in wrong.items():
        if found:
            raise SimulatorError(message)


def placed(part: T, device: torch.device, dtype: torch.dtype) -> T:
    """The same dataclass with its tensors on a device, in a dtype."""
    if isinstance(part, Tensor):
        if part.is_floating_point():
            return part.to(device, dtype)  # type: ignore[return-value]
        return part.to(device)  # type: ignore[return-value]
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        moved: dict[str, Any] = {
            field.name: placed(getattr(part, field.name), device, dtype)
            for field in dataclasses.fields(part)
        }
        return dataclasses.replace(part, **moved)
    return part


def _oversample(
    options: Options, detector: Detector, beam: Beam, crystal: Crystal
) -> int:
    """Sub-pixels along an axis: as asked, or 3 for each fringe of the crystal.

    The crystal's fringes are lambda * distance / size apart.
    """
    if options.oversample is not None and options.oversample > 0:
        return options.oversample
    size = max(
        n * edge
        for n, edge in zip(crystal.cells, crystal.cell.edges, strict=True)
    )
    wavelength, distance = beam.central_wavelength, detector.distance
    fringe = plain(wavelength * distance) / detector.pixel_size
    return max(1, math.ceil(3.0 * size / fringe))


def _background(depth: float, fluence: float) -> float:
    """Forward scatter of a cube of water, depth in metre."""
    return (
        _WATER_F
        * _WATER_F
        * R_E_SQR
        * fluence
        * depth
        * depth
        * depth
        * 1e6
        * _AVOGADRO
        / 18.0
    )


def _region(options: Options, detector: Detector) -> tuple[int, int, int, int]:
    """The region of interest; one pixel beyond the edges if none is asked.

    nanoBragg's own default, which it prints, ends at the pixel count. A
    negative number stands for the default.
    """
    fast, slow = detector.pixels_fast, detector.pixels_slow
    if options.roi is None:
        return 0, fast, 0, slow
    ends = [
        (max(low, 0), count if high < 0 else high)
        for low, high, count in (
            (*options.roi[:2], fast),
            (*options.roi[2:], slow),
        )
    ]
    if any(high < low for low, high in ends):
        raise SimulatorError(
            f"-roi {' '.join(map(str, options.roi))}: holds no pixel; give "
            "fast_min fast_max slow_min slow_max"
        )
    return (*ends[0], *ends[1])


def _mask(options: Options, detector: Detector) -> Tensor | None:
    """Pixels that a mask image leaves, [slow fast]."""
    if options.mask_file is None:
        return None
    shape = (detector.pixels_slow, detector.pixels_fast)
    mask = torch.from_numpy(read_mask(options.mask_file, shape))
    input_file(options.mask_file)
    return mask
