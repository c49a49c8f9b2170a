"""The crystal: its cell, its size and shape, how it stands and is turned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.conventions import Axes
from simulator.errors import SimulatorError
from simulator.options import Options
from simulator.quirks import Quirks
from simulator.random_numbers import Generator, mosaic_rotations
from simulator.steps import mosaic_steps, phi_steps
from simulator.unit_cell import UnitCell, unit_cell
from simulator.units import MILLI, RTD
from simulator.vectors import rotate_about

_MOST_CELLS = 10**15


@dataclass(frozen=True, slots=True)
class Crystal:
    """A block of unit cells, turned about the spindle.

    Args:
        cell: the lattice at phi = 0.
        cells: N_a, N_b, N_c.
        asked_cells: the same as on the command line, 1 where not given.
        shape: "square", "round", "gauss" or "tophat".
        fudge: factor in the shape's exponent or argument.
        phi: spindle angle of each step, radian, [phi].
        phi_start, phi_end: of the range, radian.
        mosaic_spread: radian.
        mosaic: rotation of each domain, [mosaic row column].
        turned: cell vectors of each phi step and domain, metre,
            [abc xyz phi mosaic].
        untouched: the same for the very first sweep of a run, which starts
            from the unrotated crystal; differs only where ``carries``.
        carries: a sweep begins where the one before it ended.
    """

    cell: UnitCell
    cells: tuple[int, int, int]
    asked_cells: tuple[int, int, int]
    shape: str
    fudge: float
    phi: Tensor
    phi_start: float
    phi_end: float
    mosaic_spread: float
    mosaic: Tensor
    turned: Tensor
    untouched: Tensor
    carries: bool


def build_crystal(
    options: Options, axes: Axes, wavelength: Tensor, quirks: Quirks
) -> Crystal:
    """The crystal of a command line; wavelength in metre.

    Raises:
        SimulatorError: no unit cell, an unreadable one, or too many of them.
    """
    generator = Generator()
    cell = unit_cell(options, wavelength, quirks, generator)
    asked = tuple(n or 1 for n in (options.N_a, options.N_b, options.N_c))
    start = options.phi / RTD
    oscillation, step = (
        None if x is None else x / RTD
        for x in (options.oscillation, options.phi_step)
    )
    count, extent, step = phi_steps(oscillation, step, options.phi_steps)
    phi = torch.tensor(
        [start + step * k for k in range(count)], dtype=torch.float64
    )
    spread = options.mosaic_spread
    domains, spread = mosaic_steps(
        None if spread is None else spread / RTD, options.mosaic_domains
    )
    mosaic = torch.tensor(
        mosaic_rotations(domains, spread, options.mosaic_seed, generator)
        if spread > 0.0
        else [torch.eye(3).tolist()] * domains,
        dtype=torch.float64,
    )
    later, first, carries = _sweeps(cell.real, axes.spindle, phi, quirks)
    return Crystal(
        cell=cell,
        cells=_cell_counts(options, cell),
        asked_cells=asked,  # type: ignore[arg-type] # three, as they came
        shape=options.crystal_shape,
        fudge=options.fudge,
        phi=phi,
        phi_start=start,
        phi_end=start + extent,
        mosaic_spread=spread,
        mosaic=mosaic,
        turned=_domains(later, mosaic, spread),
        untouched=_domains(first, mosaic, spread),
        carries=carries,
    )


def _cell_counts(options: Options, cell: UnitCell) -> tuple[int, int, int]:
    """Cells along a, b, c; a size in mm beats a count."""
    beam = options.beam_size / MILLI
    across = math.inf if beam < 0.0 else beam
    sizes = [
        options.size_x / MILLI,
        min(options.size_y / MILLI, across),
        min(options.size_z / MILLI, across),
    ]
    counts = [options.N_a, options.N_b, options.N_c]
    a, b, c = (
        max(1, math.ceil(size / edge) if size > 0.0 else count or 1)
        for size, edge, count in zip(sizes, cell.edges, counts, strict=True)
    )
    if max(a, b, c) > _MOST_CELLS:
        raise SimulatorError(
            f"-xtalsize: more than {_MOST_CELLS:g} cells along an axis; "
            "sizes are in mm"
        )
    return a, b, c


def _sweeps(
    real: Tensor, spindle: Tensor, phi: Tensor, quirks: Quirks
) -> tuple[Tensor, Tensor, bool]:
    """Cell vectors by phi step, [abc xyz phi]; metre.

    Those of all later sweeps, those of the first, and whether they differ.
    At phi = 0 the C program leaves the vectors as they are: at those of the
    step before, and at the start of a sweep at those of the last one.
    """
    steps: list[Tensor] = []
    for angle in phi:
        if float(angle) != 0.0:
            steps.append(
                torch.stack([rotate_about(v, spindle, angle) for v in real])
            )
        elif steps and quirks.phi_carry_over:
            steps.append(steps[-1])
        else:
            steps.append(real)
    first = torch.stack(steps, dim=-1)
    nonzero = [k for k, angle in enumerate(phi) if float(angle) != 0.0]
    leading = nonzero[0] if nonzero else 0
    if leading == 0 or not quirks.phi_carry_over:
        return first, first, False
    later = torch.stack([steps[-1]] * leading + steps[leading:], dim=-1)
    return later, first, True


def _domains(turned: Tensor, mosaic: Tensor, spread: float) -> Tensor:
    """[abc xyz phi] in each mosaic domain: [abc xyz phi mosaic]."""
    if spread <= 0.0:
        return turned[..., None].expand(*turned.shape, mosaic.shape[0])
    x, y, z = turned[:, :, :, None].unbind(1)  # each [abc phi 1]
    rows = mosaic.permute(1, 2, 0)  # [row column mosaic]
    return torch.stack(
        [row[0] * x + row[1] * y + row[2] * z for row in rows], dim=1
    )
