"""A nanoBragg command line as a frozen dataclass; the last option wins.

Values stay in nanoBragg's units: mm, degree, angstrom, mrad, percent, and
micrometre for the sensor and the water. ``None`` means "not given", which
often isn't the same as any number. To differentiate, put tensors in:

>>> import dataclasses, torch
>>> options = parse_options("-cell 70 80 90 75 85 95 -lambda 1".split())
>>> wavelength = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
>>> options = dataclasses.replace(options, wavelength=wavelength)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from torch import Tensor

from simulator.errors import SimulatorError
from simulator.option_table import BY_NAME, NOT_MODELLED, SIZES, Row, whole

Number = float | Tensor
Triple = tuple[float, float, float] | Tensor


@dataclass(frozen=True, slots=True)
class Options:
    """What a command line says. Units: see the module; angles in degree."""

    # crystal
    matrix_file: Path | None = None
    cell: tuple[float, ...] | Tensor | None = None
    misset: Triple | None = None
    misset_random: bool = False
    misset_seed: int | None = None
    N_a: int | None = None
    N_b: int | None = None
    N_c: int | None = None
    size_x: float = 0.0
    size_y: float = 0.0
    size_z: float = 0.0
    crystal_shape: str = "square"
    fudge: float = 1.0
    mosaic_spread: float | None = None
    mosaic_domains: int | None = None
    mosaic_seed: int = 12345678
    phi: float = 0.0
    oscillation: float | None = None
    phi_step: float | None = None
    phi_steps: int | None = None
    # structure factors
    hkl_file: Path | None = None
    default_F: Number = 0.0
    interpolate: bool | None = None
    # beam
    wavelength: Number = 1.0
    dispersion: float = 0.0
    wavelength_steps: int | None = None
    hdiv_range: float | None = None
    vdiv_range: float | None = None
    hdiv_step: float | None = None
    vdiv_step: float | None = None
    hdiv_steps: int | None = None
    vdiv_steps: int | None = None
    round_div: bool = True
    source_file: Path | None = None
    source_distance: float = 10.0
    polarization_factor: float = 0.0
    polarized: bool = True
    fluence: float = 125932015286227086360700780544.0
    flux: float = 0.0
    exposure: float = 1.0
    beam_size: float = 0.1
    # detector
    convention: str = "MOSFLM"
    pivot: str = "beam"
    distance: Number | None = None
    close_distance: Number | None = None
    size_fast: float = 102.4
    size_slow: float = 102.4
    pixels_fast: int | None = None
    pixels_slow: int | None = None
    pixel_size: float = 0.1
    Xbeam: Number | None = None
    Ybeam: Number | None = None
    Xclose: Number | None = None
    Yclose: Number | None = None
    ORGX: Number | None = None
    ORGY: Number | None = None
    rotx: float = 0.0
    roty: float = 0.0
    rotz: float = 0.0
    twotheta: float = 0.0
    fdet_vector: Triple | None = None
    sdet_vector: Triple | None = None
    odet_vector: Triple | None = None
    beam_vector: Triple | None = None
    polar_vector: Triple | None = None
    spindle_axis: Triple | None = None
    twotheta_axis: Triple | None = None
    pix0_vector: Triple | None = None
    point_pixel: bool = False
    curved: bool = False
    attenuation_depth: float | None = None
    sensor_thickness: float = 0.0
    layers: int | None = None
    mask_file: Path | None = None
    # sampling
    oversample: int | None = None
    oversample_thick: bool = False
    oversample_polar: bool = False
    oversample_omega: bool = False
    dmin: float = 0.0
    water: float = 0.0
    roi: tuple[int, int, int, int] | None = None
    # output
    float_file: Path | None = None
    int_file: Path | None = None
    pgm_file: Path | None = None
    pgm: bool = True
    scale: float | None = None
    adc: float = 40.0
    pgm_scale: float | None = None
    seed: int | None = None
    # ours
    hkl_column: str | None = None
    expand_symmetry: bool = False
    trace_pixels: tuple[tuple[int, int], ...] = ()
    curved_is_last: bool = False
    meant: tuple[tuple[str, Any], ...] = ()

    def as_meant(self) -> Options:
        """The same where every name is taken as a whole (see quirks)."""
        return replace(self, **dict(self.meant), meant=())


def parse_options(argv: Sequence[str]) -> Options:
    """Read nanoBragg's options from left to right.

    Raises:
        SimulatorError: an unknown option, a missing or unreadable value.
    """
    found = _read(argv, by_part=True)
    meant = _read(argv, by_part=False)
    other = [
        (field.name, getattr(meant, field.name))
        for field in fields(Options)
        if getattr(meant, field.name) != getattr(found, field.name)
    ]
    return replace(found, meant=tuple(other))


def _read(argv: Sequence[str], *, by_part: bool) -> Options:
    """The options, with what nanoBragg finds in a part of a name, or not."""
    values: dict[str, Any] = {}
    pixels: list[tuple[int, int]] = []
    position = 0
    while position < len(argv):
        name = argv[position]
        if name in ("-trace_pixel", "-printout_pixel"):
            first, second = _take(argv, position, 2, whole)
            swap = name == "-printout_pixel"
            pixels.append((second, first) if swap else (first, second))
            position += 3
            continue
        taken = _apply(argv, position, values)
        if by_part:
            values.update(_found_in(name, argv[position + 1 :]))
        position += 1 + taken
    return Options(**values, trace_pixels=tuple(pixels))


def _found_in(name: str, words: Sequence[str]) -> dict[str, Any]:
    """What nanoBragg sets besides: it looks for a name's beginning."""
    if name == "-twotheta_axis":
        return {"twotheta": float(words[0]), "pivot": "sample"}
    if name.startswith(("-xtalsize_", "-samplesize_")):
        return dict.fromkeys(SIZES, float(words[0]))
    return {}


def _apply(argv: Sequence[str], at: int, values: dict[str, Any]) -> int:
    """Put one option into the values; how many words it took."""
    name = argv[at]
    if name == "-cell":
        values["cell"], count = _cell(argv, at)
        return count
    if name == "-misset" and argv[at + 1 : at + 2] == ["random"]:
        values.update(misset=None, misset_random=True)
        return 1
    if name == "-curved_det" and at == len(argv) - 1:
        values["curved_is_last"] = True
        return 0
    row = _row(name)
    taken = tuple(_take(argv, at, row.count, row.read))
    if row.count > 1:
        values[row.fills[0]] = taken
    else:
        values.update(dict.fromkeys(row.fills, *taken) if taken else {})
    values.update(row.sets)
    if name == "-detector_abs" and taken[0] in (0.0, float("inf")):
        values["sensor_thickness"] = 0.0  # until a thickness follows
    if name == "-pivot" and values["pivot"] not in ("beam", "sample"):
        raise SimulatorError(
            f"-pivot {values['pivot']}: the detector turns about "
            "'beam' or 'sample'"
        )
    return row.count


def _cell(argv: Sequence[str], at: int) -> tuple[tuple[float, ...], int]:
    """Up to six numbers, 0 for those that lack, and how many there were."""
    words = list(takewhile(lambda w: w[:1] != "-", argv[at + 1 : at + 7]))
    given = _take(argv, at, max(len(words), 1), BY_NAME["-cell"].read)
    return (*given, *[0.0] * (6 - len(given))), len(given)


def _row(name: str) -> Row:
    if name in NOT_MODELLED:
        raise SimulatorError(
            f"{name}: nanoBragg knows this option ({NOT_MODELLED[name]}), "
            "but it isn't modelled here; leave it out"
        )
    if name not in BY_NAME:
        raise SimulatorError(
            f"{name}: unknown option; the options are nanoBragg's own, and "
            "python -m simulator --help lists those of ours"
        )
    return BY_NAME[name]


def _take(argv: Sequence[str], at: int, count: int, read: Any) -> list[Any]:
    """The ``count`` values behind an option, read."""
    words = argv[at + 1 : at + 1 + count]
    if len(words) < count:
        raise SimulatorError(
            f"{argv[at]}: {count} value(s) must follow, "
            f"found {len(words)} before the command line ends"
        )
    try:
        return [read(word) for word in words]
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise SimulatorError(
            f"{argv[at]} {' '.join(words)}: {error}; "
            "give numbers, as nanoBragg's help shows"
        ) from error
