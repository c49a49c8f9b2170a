"""Structure factors of MTZ and CIF files, through gemmi (an extra).

A file lists the reflections of an asymmetric unit; nanoBragg, and so this
program, knows no symmetry and takes a list as it is. Ask for the expansion
and every reflection is repeated at all its equivalents in the file's space
group and at their Friedel mates, with the same amplitude: the full sphere.
The unit cell comes from ``-cell`` or ``-mat``, never from this file.

The C program reads plain lists only. This makes one:

    python -m simulator.reflections F.mtz F.hkl --hkl-column FP
        --expand-symmetry
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.errors import SimulatorError

Rows = npt.NDArray[np.float64]
SUFFIXES = frozenset({".mtz", ".cif", ".mmcif"})
_AMPLITUDES = {"F": "amplitude", "G": "amplitude of one Friedel mate"}


def read_reflections(
    path: Path, column: str | None = None, *, expanded: bool = False
) -> Rows:
    """Rows h, k, l, F of a merged MTZ or CIF file.

    Args:
        path: the file.
        column: the amplitudes; may be left out where there is one such
            column only.
        expanded: also all equivalents and Friedel mates.

    Returns:
        [reflection 4]; reflections without a value are left out.

    Raises:
        SimulatorError: gemmi isn't installed, or the file can't be read, has
            no such column, or no space group to expand by.
    """
    gemmi = _gemmi(path)
    try:
        read = _read_mtz if path.suffix.lower() == ".mtz" else _read_cif
        hkl, table, group = read(gemmi, path)
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, SimulatorError):
            raise
        raise SimulatorError(f"-hkl {path}: can't be read: {error}") from error
    chosen = _chosen(path, {n: kind for n, (kind, _) in table.items()}, column)
    kind, read_values = table[chosen]
    F = np.asarray(read_values(), dtype=np.float64)
    known = np.isfinite(F)
    rows = np.column_stack([hkl[known], F[known]])
    if not len(rows):
        raise SimulatorError(f"-hkl {path}: {chosen} holds no value")
    if not expanded:
        return rows
    if kind == "G":
        raise SimulatorError(
            f"--expand-symmetry: {chosen} of {path} holds one Friedel mate "
            "of each pair; choose a column of merged amplitudes"
        )
    if group is None:
        raise SimulatorError(
            f"--expand-symmetry: {path} names no space group; leave it out, "
            "or expand the list yourself"
        )
    return _everywhere(rows, group)


def _gemmi(path: Path) -> Any:
    try:
        import gemmi
    except ImportError as error:
        raise SimulatorError(
            f"-hkl {path}: {path.suffix} files are read through gemmi, which "
            "isn't installed: pip install 'tracekit[crystallography]'"
        ) from error
    return gemmi


def _read_mtz(gemmi: Any, path: Path) -> tuple[Any, dict[str, Any], Any]:
    """Indices, columns (kind and how to get the values), space group."""
    mtz = gemmi.read_mtz_file(str(path))
    if len(mtz.batches):
        raise SimulatorError(
            f"-hkl {path}: holds unmerged observations; merge them first"
        )
    columns = {
        c.label: (c.type, partial(np.asarray, c.array))
        for c in mtz.columns
        if c.type != "H"
    }
    return mtz.make_miller_array(), columns, mtz.spacegroup


def _read_cif(gemmi: Any, path: Path) -> tuple[Any, dict[str, Any], Any]:
    """The same of the first block with reflections."""
    document = gemmi.cif.read(str(path))
    for block in gemmi.as_refln_blocks(document):
        if block.default_loop is None or not block.column_labels():
            continue
        columns = {
            name: (_cif_kind(name), partial(block.make_float_array, name))
            for name in block.column_labels()
            if not name.startswith("index_")
        }
        return block.make_miller_array(), columns, block.spacegroup
    raise SimulatorError(f"-hkl {path}: holds no _refln loop")


def _cif_kind(name: str) -> str:
    """As MTZ types: F for amplitudes, "?" for all that isn't one."""
    if name.startswith(("pdbx_F_plus", "pdbx_F_minus")):
        return "?" if name.endswith("sigma") else "G"
    squared = "squared" in name or "sigma" in name
    return "F" if name.startswith("F_") and not squared else "?"


def _chosen(path: Path, kinds: dict[str, str], column: str | None) -> str:
    """The column to read; never a guess."""
    listed = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
    fitting = [name for name, kind in kinds.items() if kind in _AMPLITUDES]
    if column is not None:
        if kinds.get(column) in _AMPLITUDES:
            return column
        what = "no amplitude" if column in kinds else "not there"
        raise SimulatorError(
            f"--hkl-column {column}: {what} in {path}; "
            f"its columns are {listed}; amplitudes are of type F or G"
        )
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise SimulatorError(
            f"-hkl {path}: has no amplitude column (type F or G); its columns "
            f"are {listed}; turn intensities into amplitudes first"
        )
    raise SimulatorError(
        f"-hkl {path}: has {len(fitting)} amplitude columns, "
        f"{', '.join(fitting)}; choose one with --hkl-column"
    )


def _everywhere(rows: Rows, group: Any) -> Rows:
    """All equivalents and Friedel mates, each index once.

    Where two rows of the file fall on one index, the first one wins.
    """
    hkl, parts = rows[:, :3], []
    for op in group.operations().sym_ops:
        rotation = np.array(op.rot, dtype=np.float64) / op.DEN
        turned = np.rint(hkl @ rotation)
        parts += [turned, -turned]
    indices = np.stack(parts, axis=1).reshape(-1, 3) + 0.0
    F = np.repeat(rows[:, 3], len(parts))
    _, first = np.unique(indices, axis=0, return_index=True)
    return np.column_stack([indices[first], F[first]])


def main(argv: list[str] | None = None) -> int:
    """Write the plain list that both programs read; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator.reflections",
        description="MTZ or CIF to a list 'h k l F'.",
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("list", type=Path)
    parser.add_argument("--hkl-column", metavar="NAME")
    parser.add_argument("--expand-symmetry", action="store_true")
    asked = parser.parse_args(argv)
    try:
        rows = read_reflections(
            asked.source, asked.hkl_column, expanded=asked.expand_symmetry
        )
        np.savetxt(asked.list, rows, fmt=["%d", "%d", "%d", "%.17g"])
    except (SimulatorError, OSError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
