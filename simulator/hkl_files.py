"""Structure-factor files: the list that users write, and nanoBragg's dump."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulator.errors import SimulatorError
from simulator.reflections import SUFFIXES, read_reflections

DUMP = Path("Fdump.bin")
_LARGEST_INDEX = 10**6
_HEADER = re.compile(rb"\s*((?:-?\d+\s+){6})\f")
Bounds = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Table:
    """Structure factors in a box of indices.

    Args:
        bounds: lowest and highest h, k and l, both inside.
        values: electron, [h k l]; the C program allocates one plane more
            along each axis than there are indices, so does this.
        count: how many the file stated.
    """

    bounds: Bounds
    values: npt.NDArray[np.float64]
    count: int


def read_hkl(
    path: Path,
    default_F: float,
    column: str | None = None,
    *,
    expanded: bool = False,
) -> Table:
    """A list "h k l F", one reflection a line, or an MTZ or CIF file.

    Args:
        path: the file; its suffix says which kind it is.
        default_F: of what the file lacks inside its box of indices.
        column: which amplitudes of an MTZ or CIF file.
        expanded: fill the sphere by that file's space group; a plain list
            has none, and no symmetry is ever applied to it.

    Raises:
        SimulatorError: no such file, or a line that is no reflection.
    """
    if path.suffix.lower() in SUFFIXES:
        rows = read_reflections(path, column, expanded=expanded)
        return _table(rows, default_F)
    if column is not None or expanded:
        raise SimulatorError(
            f"-hkl {path}: a plain list has no columns and no symmetry; "
            "--hkl-column and --expand-symmetry are for "
            f"{', '.join(sorted(SUFFIXES))} files"
        )
    return _table(_read_list(path), default_F)


def _read_list(path: Path) -> npt.NDArray[np.float64]:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SimulatorError(f"-hkl {path}: can't be read: {error}") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        words = line.split()
        try:
            rows.append([float(word) for word in words])
        except ValueError as error:
            raise SimulatorError(f"{path}:{number}: {error}") from error
        if len(words) != 4 or not _is_reflection(rows[-1]):
            raise SimulatorError(
                f"{path}:{number}: expected h k l F, the first three whole "
                f"numbers; found {line.strip()[:60]!r}"
            )
    if not rows:
        raise SimulatorError(f"-hkl {path}: holds no reflection")
    return np.array(rows)


def _is_reflection(row: list[float]) -> bool:
    """Whether the indices are whole, and all of it is of sensible size."""
    h, k, l, F = row  # noqa: E741 - the field's name
    return math.isfinite(F) and all(
        abs(i) <= _LARGEST_INDEX and i == int(i) for i in (h, k, l)
    )


def _table(rows: npt.NDArray[np.float64], default_F: float) -> Table:
    indices = np.trunc(rows[:, :3]).astype(np.int64)
    low, high = indices.min(axis=0), indices.max(axis=0)
    extent = high - low + 1
    try:
        values = np.zeros(extent + 1)
    except (MemoryError, ValueError) as error:
        raise SimulatorError(
            f"-hkl: no memory for a box of {' x '.join(map(str, extent))} "
            "structure factors: one index lies far from the others"
        ) from error
    values[: extent[0], : extent[1], : extent[2]] = default_F
    # One by one: where an index comes twice, the last one wins.
    for index, F in zip(indices - low, rows[:, 3], strict=True):
        values[tuple(index)] = F
    return Table(_bounds(low, high), values, len(rows))


def _bounds(low: npt.NDArray[np.int64], high: npt.NDArray[np.int64]) -> Bounds:
    in_h, in_k, in_l = zip(low.tolist(), high.tolist(), strict=True)
    return in_h, in_k, in_l


def write_dump(table: Table, path: Path = DUMP) -> None:
    """Write nanoBragg's dump: the bounds as text, then the doubles.

    Raises:
        SimulatorError: the file can't be written.
    """
    header = " ".join(str(n) for pair in table.bounds for n in pair)
    try:
        path.write_bytes(
            header.encode() + b"\n\f" + table.values.astype("<f8").tobytes()
        )
    except OSError as error:
        raise SimulatorError(f"{path}: can't be written: {error}") from error


def read_dump(path: Path = DUMP) -> Table:
    """Read such a dump.

    Raises:
        SimulatorError: it isn't one, or it was cut off.
    """
    data = path.read_bytes()
    match = _HEADER.match(data)
    if match is None:
        raise SimulatorError(
            f"{path}: no dump of structure factors (six bounds should open "
            "it); remove it, or name your file with -hkl"
        )
    numbers = np.array(match[1].split(), dtype=np.int64)
    low, high = numbers[0::2], numbers[1::2]
    shape = tuple((high - low + 2).tolist())
    if len(data) - match.end() < 8 * int(np.prod(shape)):
        raise SimulatorError(
            f"{path}: ends after {len(data)} bytes; its bounds "
            f"{match[1].decode().strip()} ask for more; remove it"
        )
    values = np.frombuffer(
        data, "<f8", count=int(np.prod(shape)), offset=match.end()
    ).reshape(shape)
    count = int(np.prod(high - low + 1))
    return Table(_bounds(low, high), values.astype(np.float64), count)
