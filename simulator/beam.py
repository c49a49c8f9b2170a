"""The X-rays: directions and wavelengths of the sources, and their number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from simulator.conventions import Axes
from simulator.errors import SimulatorError
from simulator.option_table import number as number_of
from simulator.options import Options
from simulator.steps import spread_steps
from simulator.units import ANGSTROM, MILLI
from simulator.vectors import rotate_about, unit
from tracekit import input_file

_DISTANCE = 10.0  # of every generated source, metre
_SEPARATORS = re.compile(r"[ \t,;:!]+")


@dataclass(frozen=True, slots=True)
class Beam:
    """Sources that count alike.

    Args:
        incident: the way the X-rays of each source go, [xyz source].
        wavelength: of each source, metre, [source].
        central_wavelength: metre.
        polarization: axis of the polarization factor, [xyz].
        polarization_factor: Kahn's factor.
        polarized: False for a polarization factor of 1 (-nopolar).
        fluence: photon/m^2.
        divergence_steps: directions, -1 with a source file.
        wavelength_steps: wavelengths.
        dispersion: full range as a fraction of the central wavelength.
    """

    incident: Tensor
    wavelength: Tensor
    central_wavelength: Tensor
    polarization: Tensor
    polarization_factor: float
    polarized: bool
    fluence: float
    divergence_steps: int
    wavelength_steps: int
    dispersion: float

    @property
    def sources(self) -> int:
        """How many."""
        return self.wavelength.shape[0]


def build_beam(options: Options, axes: Axes) -> Beam:
    """Sources from a file or from divergence and dispersion.

    Raises:
        SimulatorError: an unreadable source file.
    """
    central = torch.as_tensor(options.wavelength, dtype=torch.float64)
    central = central / ANGSTROM
    dispersion = spread_steps(
        options.dispersion / 100.0, None, options.wavelength_steps
    )
    if options.source_file is not None:
        positions, wavelength = read_sources(
            options.source_file, axes.beam, central
        )
        input_file(options.source_file)
        directions = -1
    else:
        positions, wavelength, directions = _generated(
            options, axes, central, dispersion
        )
    return Beam(
        incident=-torch.stack([unit(p) for p in positions], dim=1),
        wavelength=wavelength,
        central_wavelength=central,
        polarization=axes.polarization,
        polarization_factor=options.polarization_factor,
        polarized=options.polarized,
        fluence=fluence_of(options),
        divergence_steps=directions,
        wavelength_steps=dispersion[0],
        dispersion=dispersion[1],
    )


def fluence_of(options: Options) -> float:
    """Photons per square metre; a flux beats a fluence."""
    size = options.beam_size / MILLI
    if options.flux != 0.0 and options.exposure > 0.0 and size >= 0.0:
        if size == 0.0:
            raise SimulatorError("-beamsize 0 with -flux: infinite fluence")
        return options.flux * options.exposure / size / size
    return options.fluence


def read_sources(
    path: Path, beam: Tensor, central: Tensor
) -> tuple[list[Tensor], Tensor]:
    """Positions [xyz] and wavelengths [source] (metre) of a source file.

    Columns: x y z weight wavelength; those that lack are taken from the
    beam. The weights are read and used by nothing.

    Raises:
        SimulatorError: no such file, or something that is no number.
    """
    positions, wavelengths = [], []
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SimulatorError(
            f"-sourcefile {path}: can't be read: {error}"
        ) from error
    for number, line in enumerate(lines, 1):
        words = [word for word in _SEPARATORS.split(line.strip()) if word]
        if not words:
            continue
        try:
            row = [number_of(word) for word in words[:5]]
        except ValueError as error:
            raise SimulatorError(
                f"{path}:{number}: {error}; expected x y z weight wavelength"
            ) from error
        position = -_DISTANCE * beam
        for axis, x in enumerate(row[:3]):
            position[axis] = x
        positions.append(position)
        wavelengths.append(_number(row[4]) if row[4:] else central)
    if not positions:
        raise SimulatorError(f"-sourcefile {path}: holds no source")
    return positions, torch.stack(wavelengths)


def _generated(
    options: Options,
    axes: Axes,
    central: Tensor,
    dispersion: tuple[int, float, float],
) -> tuple[list[Tensor], Tensor, int]:
    """A grid of directions, each with all wavelengths."""
    horizontal, vertical = (
        spread_steps(_radian(extent), _radian(step), count)
        for extent, step, count in (
            (options.hdiv_range, options.hdiv_step, options.hdiv_steps),
            (options.vdiv_range, options.vdiv_step, options.vdiv_steps),
        )
    )
    n, extent, step = dispersion
    spectrum = [central * (1.0 + step * k - extent / 2.0) for k in range(n)]
    positions: list[Tensor] = []
    directions = 0
    for i in range(horizontal[0]):
        for j in range(vertical[0]):
            hdiv = horizontal[2] * i - horizontal[1] / 2.0
            vdiv = vertical[2] * j - vertical[1] / 2.0
            if options.round_div and _outside(
                hdiv, vdiv, horizontal, vertical
            ):
                continue
            directions += 1
            positions += [_turned(axes, hdiv, vdiv)] * n
    if not directions:
        raise SimulatorError(
            "no source: the round beam leaves all directions out; give "
            "-square_div, or other divergence steps"
        )
    return positions, torch.stack(spectrum * directions), directions


def _outside(
    hdiv: float,
    vdiv: float,
    horizontal: tuple[int, float, float],
    vertical: tuple[int, float, float],
) -> bool:
    """Whether a direction lies in a corner that the round beam lacks."""
    t = 0.0
    for angle, (n, extent, step) in ((hdiv, horizontal), (vdiv, vertical)):
        if extent == 0.0:
            return False
        middle = step * step / 4.0 * (1.0 - n % 2)
        t += (angle * angle - middle) / extent / extent
    return t * 4.0 > 1.1


def _turned(axes: Axes, hdiv: float, vdiv: float) -> Tensor:
    """Position of a source, metre."""
    turned = rotate_about(
        -_DISTANCE * axes.beam, axes.polarization, _number(vdiv)
    )
    return rotate_about(turned, axes.vertical, _number(hdiv))


def _number(x: float) -> Tensor:
    return torch.tensor(x, dtype=torch.float64)


def _radian(milliradian: float | None) -> float | None:
    return None if milliradian is None else milliradian / MILLI
