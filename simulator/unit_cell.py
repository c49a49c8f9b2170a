"""From cell edges and angles to the lattice vectors in the laboratory.

The steps and their order are nanoBragg's: reciprocal vectors first (from the
cell, or from a matrix file), then mis-setting, then real-space vectors, which
are scaled to the requested edges, then reciprocal ones once more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from simulator import numerics
from simulator.errors import SimulatorError
from simulator.options import Options
from simulator.quirks import Quirks
from simulator.random_numbers import Generator, random_misset
from simulator.units import RTD
from simulator.vectors import cross, dot, magnitude, rotate_xyz, vector
from tracekit import input_file


@dataclass(frozen=True)  # no slots: they hold no cached property
class UnitCell:
    """The crystal lattice at phi = 0, gradients included.

    Args:
        real: a, b, c as [abc xyz], in metre.
        reciprocal: a*, b*, c* as [abc xyz], in 1/angstrom.
    """

    real: Tensor
    reciprocal: Tensor

    @cached_property
    def edges(self) -> tuple[float, float, float]:
        """|a|, |b|, |c| in metre."""
        a, b, c = (float(magnitude(v)) for v in self.real.detach())
        return a, b, c

    @cached_property
    def angles(self) -> tuple[float, float, float]:
        """alpha, beta, gamma in degree."""
        a, b, c = self.real.detach()
        alpha, beta, gamma = (
            math.acos(_cosine(v, w)) * RTD for v, w in ((b, c), (a, c), (a, b))
        )
        return alpha, beta, gamma


def unit_cell(
    options: Options, wavelength: Tensor, quirks: Quirks, generator: Generator
) -> UnitCell:
    """The lattice that a command line asks for.

    Args:
        options: cell or matrix file, mis-setting.
        wavelength: in metre; scales a matrix file.
        quirks: which bugs to reproduce.
        generator: for a random mis-setting.

    Raises:
        SimulatorError: neither a cell nor a matrix, or an unreadable one.
    """
    if options.cell is None and options.matrix_file is None:
        raise SimulatorError(
            "no unit cell: give -cell a b c alpha beta gamma or -mat FILE"
        )
    lengths = volume = None
    if options.cell is not None:
        lengths, angles = _edges_and_angles(options.cell)
        volume = _volume(lengths, angles)
        star = _reciprocal(lengths, angles, volume, quirks)
    if options.matrix_file is not None:
        angstrom = torch.tensor(1e-10, dtype=torch.float64)
        star = read_matrix(options.matrix_file) * (angstrom / wavelength)
        input_file(options.matrix_file)
        input_file(options.matrix_file)
    angles_misset = _misset(options, quirks, generator)
    if angles_misset is not None:
        star = torch.stack([rotate_xyz(v, angles_misset) for v in star])
    return _regenerate(star, lengths, volume)


def read_matrix(path: Path) -> Tensor:
    """A*, B*, C* [abc xyz] of a MOSFLM matrix: the columns of three rows.

    Raises:
        SimulatorError: no file, or no nine numbers in it.
    """
    try:
        words = path.read_text().split()
        numbers = [float(word) for word in words[:9]]
    except (OSError, ValueError) as error:
        raise SimulatorError(f"-mat {path}: can't be read: {error}") from error
    if len(numbers) < 9:
        raise SimulatorError(
            f"-mat {path}: found {len(numbers)} numbers; expected three rows "
            "with the x, y, z components of a*, b*, c* in the columns"
        )
    return torch.tensor(numbers, dtype=torch.float64).reshape(3, 3).T


def _edges_and_angles(
    cell: tuple[float, ...] | Tensor,
) -> tuple[Tensor, Tensor]:
    """Edges in angstrom, angles in radian; what is missing is a and 90."""
    six = list(cell) if isinstance(cell, Tensor) else [*cell]
    a = six[0]
    edges = vector(a, *(e if numerics.plain(e) > 0 else a for e in six[1:3]))
    right = torch.tensor(math.pi / 2.0, dtype=torch.float64)
    angles = [torch.as_tensor(x, dtype=torch.float64) / RTD for x in six[3:6]]
    return edges, torch.stack([x if x > 0 else right for x in angles])


def _volume(edges: Tensor, angles: Tensor) -> Tensor:
    a, b, c = edges
    al, be, ga = angles
    half = (al + be + ga) / 2.0
    sines = [numerics.sin(x) for x in (half, half - al, half - be, half - ga)]
    skew = torch.abs(sines[0] * sines[1] * sines[2] * sines[3])
    volume: Tensor = 2.0 * a * b * c * numerics.sqrt(skew)
    return volume


def _reciprocal(
    edges: Tensor, angles: Tensor, volume: Tensor, quirks: Quirks
) -> Tensor:
    """a* along x, b* in the xy plane: [abc xyz] in 1/angstrom."""
    a, b, c = edges
    sin_al, sin_be, sin_ga = (numerics.sin(x) for x in angles)
    cos_al, cos_be, cos_ga = (numerics.cos(x) for x in angles)
    inverse = 1.0 / volume
    a_star = b * c * sin_al * inverse
    b_star = c * a * sin_be * inverse
    c_star = a * b * sin_ga * inverse
    cos_al_star = (cos_be * cos_ga - cos_al) / (sin_be * sin_ga)
    cos_be_star = (cos_ga * cos_al - cos_be) / (sin_ga * sin_al)
    cos_ga_star = (cos_al * cos_be - cos_ga) / (sin_al * sin_be)
    sin_ga_star = torch.clamp(c * inverse / a_star / b_star, -1.0, 1.0)
    zero = torch.zeros_like(a)
    height = c_star * volume / (a * b * c * sin_ga_star)
    if not quirks.rescaled_c_star:
        height = 1.0 / c
    across = c_star * (cos_al_star - cos_be_star * cos_ga_star) / sin_ga_star
    return torch.stack(
        [
            torch.stack([a_star, zero, zero]),
            torch.stack([b_star * cos_ga_star, b_star * sin_ga_star, zero]),
            torch.stack([c_star * cos_be_star, across, height]),
        ]
    )


def _misset(
    options: Options, quirks: Quirks, generator: Generator
) -> Tensor | None:
    """Mis-setting angles x, y, z in radian, None where there are none."""
    if options.misset_random:
        spread = 90.0 if quirks.random_misset_radian else 90.0 / RTD
        seed = options.misset_seed or 0
        return vector(*random_misset(spread, seed, generator))
    if options.misset is None:
        return None
    return vector(*options.misset) / RTD


def _regenerate(
    star: Tensor, edges: Tensor | None, volume: Tensor | None
) -> UnitCell:
    """Real-space vectors of reciprocal ones, then the other way round."""
    a_star, b_star, c_star = star
    p, q, r = (
        cross(b_star, c_star),
        cross(c_star, a_star),
        cross(a_star, b_star),
    )
    v_star = dot(a_star, p)
    if edges is not None and volume is not None:
        p, q, r = (
            v * (edge / volume / magnitude(v))
            for v, edge in zip((p, q, r), edges, strict=True)
        )
        v_star = 1.0 / volume
    v_cell = 1.0 / v_star
    a, b, c = p * v_cell, q * v_cell, r * v_cell
    regenerated = torch.stack([cross(b, c), cross(c, a), cross(a, b)]) * v_star
    real = torch.stack([a, b, c]) * 1e-10
    if not bool((real.isfinite() & regenerated.isfinite()).all()):
        raise SimulatorError(
            "the unit cell has no volume: check -cell or -mat"
        )
    return UnitCell(real, regenerated)


def _cosine(v: Tensor, w: Tensor) -> float:
    cosine = float(dot(v, w) / magnitude(v) / magnitude(w))
    return max(-1.0, min(1.0, cosine))
