"""F_cell: from a table where there is one, default_F everywhere else.

The trap that costs people weeks is here: without ``-hkl``, the C program
reads whatever ``Fdump.bin`` lies in the working directory and says so in one
line among hundreds. So does this one by default; it states the file as a
side input of the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.errors import SimulatorError
from simulator.fields import Field
from simulator.hkl_files import DUMP, Bounds, read_dump, read_hkl, write_dump
from simulator.numerics import plain
from simulator.options import Options
from simulator.quirks import Quirks
from tracekit import input_file


@dataclass(frozen=True, slots=True)
class StructureFactors:
    """Structure factors of a run.

    Args:
        default_F: electron, for all that the table lacks; a single number.
        source: "none", "hkl file" or "Fdump.bin".
        count: how many the source holds.
        bounds: lowest and highest h, k, l of the table, None without one.
        values: electron, [h k l].
        interpolate: between the entries of the table.
        asked_interpolation: the same before it is known whether there is a
            table; this is what nanoBragg prints.
    """

    default_F: Tensor
    source: str
    count: int
    bounds: Bounds | None
    values: Tensor | None
    interpolate: bool
    asked_interpolation: bool


def build_structure_factors(
    options: Options, asked_cells: tuple[int, int, int], quirks: Quirks
) -> StructureFactors:
    """Read the named file, or the dump that lies about.

    A named file is dumped into the working directory, as in the C program.

    Raises:
        SimulatorError: an unreadable file.
    """
    default_F = torch.as_tensor(options.default_F, dtype=torch.float64)
    table, source = None, "none"
    if options.hkl_file is not None:
        source = "hkl file"
        table = read_hkl(
            options.hkl_file,
            plain(default_F),
            options.hkl_column,
            expanded=options.expand_symmetry,
        )
        input_file(options.hkl_file)
        write_dump(table)
    elif quirks.fdump_reuse and DUMP.exists():
        source = "Fdump.bin"
        table = read_dump()
        input_file(DUMP, role="side")
    elif plain(default_F) == 0.0:
        raise SimulatorError(
            "no structure factors: give -hkl FILE or -default_F VALUE"
        )
    wanted = options.interpolate
    if wanted is None:
        wanted = min(asked_cells) <= 2
    return StructureFactors(
        default_F=default_F,
        source=source,
        count=0 if table is None else table.count,
        bounds=None if table is None else table.bounds,
        values=None if table is None else torch.from_numpy(table.values),
        interpolate=wanted and table is not None,
        asked_interpolation=wanted,
    )


def nearest(factors: StructureFactors, index: Field | Tensor) -> Tensor:
    """F_cell at whole Miller indices.

    Args:
        factors: the table and its default.
        index: whole numbers, [...] thrice.

    Returns:
        electron, [...]; without a table, one number with axes of 1.
    """
    if factors.bounds is None or factors.values is None:
        return factors.default_F.reshape([1] * index[0].dim())
    inside: bool | Tensor = True
    places = []
    for axis, (low, high) in zip(index, factors.bounds, strict=True):
        inside = (axis >= low) & (axis <= high) & inside
        places.append(torch.clamp(axis, low, high).long() - low)
    return torch.where(
        torch.as_tensor(inside),
        factors.values[tuple(places)],
        factors.default_F,
    )


def in_range(factors: StructureFactors, hkl: Field | Tensor) -> Tensor:
    """Where a sample, [...] thrice, has its 4x4x4 neighbours in the table."""
    assert factors.bounds is not None  # noqa: S101 - callers interpolate
    ranges = [
        (axis >= low + 2) & (axis <= high - 2)
        for axis, (low, high) in zip(hkl, factors.bounds, strict=True)
    ]
    inside: Tensor = ranges[0] & ranges[1] & ranges[2]
    return inside


def interpolated(factors: StructureFactors, hkl: Field | Tensor) -> Tensor:
    """F_cell between the entries: cubic Lagrange, l first, then k, then h.

    Args:
        factors: with a table.
        hkl: [...] thrice; samples out of range get some neighbour's value.

    Returns:
        electron, [...].
    """
    assert factors.bounds is not None  # noqa: S101 - callers interpolate
    assert factors.values is not None  # noqa: S101 - callers interpolate
    nodes, places = [], []
    for axis, (low, high) in zip(hkl, factors.bounds, strict=True):
        corner = torch.floor(axis) - 1.0
        nodes.append([corner + n for n in range(4)])
        places.append(
            [torch.clamp(x, low, high).long() - low for x in nodes[-1]]
        )
    h, k, l = hkl  # noqa: E741 - the third Miller index
    along_h = []
    for i in places[0]:
        along_k = []
        for j in places[1]:
            along_l = [factors.values[i, j, m] for m in places[2]]
            along_k.append(_lagrange(l, nodes[2], along_l))
        along_h.append(_lagrange(k, nodes[1], along_k))
    return _lagrange(h, nodes[0], along_h)


def _lagrange(x: Tensor, nodes: list[Tensor], values: list[Tensor]) -> Tensor:
    """The cubic through four nodes; terms in the C program's order."""
    total = torch.zeros_like(x)
    for n, y in enumerate(values):
        a, b, c = (nodes[m] for m in range(4) if m != n)
        at = nodes[n]
        above = (x - a) * (x - b) * (x - c) * y
        total = total + above / ((at - a) * (at - b) * (at - c))
    return total
