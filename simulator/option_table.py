"""nanoBragg's option names and what each sets.

A row: the names that mean the same, the fields that its values fill, how a
value is read, and what else it switches (a convention, a pivot). Values stay
in the units of the command line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Read = Callable[[str], Any]


_LARGEST, _LARGEST_WHOLE = 1e35, 2**31 - 1


def number(text: str) -> float:
    """A number as C writes it: no underscores; nothing that overflows."""
    value = float(text)
    if not abs(value) <= _LARGEST or "_" in text:
        raise ValueError(
            f"expected a number within +-{_LARGEST:g}, found {text!r}"
        )
    return value


def whole(text: str) -> int:
    """An integer as C's atoi takes it: what stands before a decimal point.

    At an exponent atoi would stop, too, which nobody means.
    """
    value = number(text)
    if "e" in text.lower() or abs(value) > _LARGEST_WHOLE:
        raise ValueError(
            f"expected a whole number within 32 bits, found {text!r}"
        )
    return int(value)


def depth(text: str) -> float:
    """Of attenuation: a number or "inf"."""
    return math.inf if text == "inf" else number(text)


@dataclass(frozen=True, slots=True)
class Row:
    """One option.

    Args:
        names: its spellings.
        fills: the fields of its values, one value each; a single field with
            ``count`` > 1 takes a tuple.
        read: turns the text of a value into a value.
        count: how many values follow.
        sets: fields that the option sets by being there.
    """

    names: tuple[str, ...]
    fills: tuple[str, ...] = ()
    read: Read = number
    count: int = 0
    sets: Mapping[str, Any] = field(default_factory=dict)


def _one(names: str, *fills: str, read: Read = number, **sets: Any) -> Row:
    """An option with one value, which may fill several fields."""
    return Row(tuple(names.split()), fills, read, 1, sets)


def _many(names: str, fills: str, count: int, **sets: Any) -> Row:
    """An option with several values in one field."""
    return Row(tuple(names.split()), (fills,), number, count, sets)


def _flag(names: str, **sets: Any) -> Row:
    """An option without a value."""
    return Row(tuple(names.split()), sets=sets)


def wavelength_of(text: str) -> float:
    """Of a photon's energy in eV, angstrom; infinite for 0."""
    energy = number(text)
    return 12398.42 / energy if energy != 0.0 else float("inf")


_X_NAMES, _Y_NAMES, _Z_NAMES = (
    f"-xtalsize_{axis} -samplesize_{axis} -xtal_{axis} -sample_{axis}"
    f" -xtal_{side} -sample_{side}"
    for axis, side in (("x", "thick"), ("y", "width"), ("z", "height"))
)
SIZES = ("size_x", "size_y", "size_z")

ROWS: tuple[Row, ...] = (
    # crystal
    _one("-mat", "matrix_file", read=Path),
    _many("-cell", "cell", 6),
    _many("-misset", "misset", 3, misset_random=False),
    _one("-misset_seed", "misset_seed", read=whole),
    _one("-N", "N_a", "N_b", "N_c", read=whole),
    _one("-Na", "N_a", read=whole),
    _one("-Nb", "N_b", read=whole),
    _one("-Nc", "N_c", read=whole),
    _one("-xtalsize -samplesize -xtal_size -sample_size", *SIZES),
    _one(_X_NAMES, "size_x"),
    _one(f"{_Y_NAMES} -width", "size_y"),
    _one(f"{_Z_NAMES} -height", "size_z"),
    _flag("-square_xtal", crystal_shape="square"),
    _flag("-round_xtal", crystal_shape="round"),
    _flag("-gauss_xtal", crystal_shape="gauss"),
    _flag("-tophat_spots -binary_spots", crystal_shape="tophat"),
    _one("-fudge", "fudge"),
    _one("-mosaic -mosaic_spread -mosaicity", "mosaic_spread"),
    _one("-mosaic_domains", "mosaic_domains", read=whole),
    _one("-mosaic_seed", "mosaic_seed", read=whole),
    _one("-phi", "phi"),
    _one("-osc", "oscillation"),
    _one("-phistep", "phi_step"),
    _one("-phisteps", "phi_steps", read=whole),
    # structure factors
    _one("-hkl", "hkl_file", read=Path),
    _one("-default_F", "default_F"),
    _flag("-interpolate", interpolate=True),
    _flag("-nointerpolate", interpolate=False),
    # beam
    _one("-lambda -wave -wavelength", "wavelength"),
    _one("-energy", "wavelength", read=wavelength_of),
    _one("-dispersion", "dispersion"),
    _one("-dispsteps", "wavelength_steps", read=whole),
    _one("-divergence", "hdiv_range", "vdiv_range"),
    _one("-hdivrange", "hdiv_range"),
    _one("-vdivrange", "vdiv_range"),
    _one("-hdivstep", "hdiv_step"),
    _one("-vdivstep", "vdiv_step"),
    _one("-divsteps", "hdiv_steps", "vdiv_steps", read=whole),
    _one("-hdivsteps", "hdiv_steps", read=whole),
    _one("-vdivsteps", "vdiv_steps", read=whole),
    _flag("-round_div", round_div=True),
    _flag("-square_div", round_div=False),
    _one("-sourcefile", "source_file", read=Path),
    _one("-source_distance", "source_distance"),
    _one("-polar", "polarization_factor", polarized=True),
    _flag("-nopolar", polarized=False),
    _one("-fluence", "fluence"),
    _one("-flux", "flux"),
    _one("-exposure", "exposure"),
    _one("-beamsize", "beam_size"),
    # detector
    _one("-distance", "distance", pivot="beam"),
    _one("-close_distance", "close_distance", pivot="sample"),
    _one("-detsize", "size_fast", "size_slow"),
    _one("-detsize_f", "size_fast"),
    _one("-detsize_s", "size_slow"),
    _one("-detpixels", "pixels_fast", "pixels_slow", read=whole),
    _one("-detpixels_f -detpixels_x", "pixels_fast", read=whole),
    _one("-detpixels_s -detpixels_y", "pixels_slow", read=whole),
    _one("-pixel", "pixel_size"),
    _one("-Xbeam", "Xbeam", pivot="beam"),
    _one("-Ybeam", "Ybeam", pivot="beam"),
    _one("-Xclose", "Xclose", pivot="sample"),
    _one("-Yclose", "Yclose", pivot="sample"),
    _one("-ORGX", "ORGX", pivot="sample"),
    _one("-ORGY", "ORGY", pivot="sample"),
    # nanoBragg forces a pivot later; these stand for a CUSTOM that follows
    _flag("-mosflm", convention="MOSFLM", pivot="beam"),
    _flag("-denzo", convention="DENZO", pivot="beam"),
    _flag("-adxv", convention="ADXV", pivot="beam"),
    _flag("-xds", convention="XDS", pivot="sample"),
    _flag("-dials", convention="DIALS", pivot="beam"),
    _one("-pivot", "pivot", read=str),
    _one("-detector_rotx", "rotx"),
    _one("-detector_roty", "roty"),
    _one("-detector_rotz", "rotz"),
    _one("-twotheta", "twotheta", pivot="sample"),
    _many("-fdet_vector", "fdet_vector", 3, convention="CUSTOM"),
    _many("-sdet_vector", "sdet_vector", 3, convention="CUSTOM"),
    _many("-odet_vector", "odet_vector", 3, convention="CUSTOM"),
    _many("-beam_vector", "beam_vector", 3, convention="CUSTOM"),
    _many("-polar_vector", "polar_vector", 3, convention="CUSTOM"),
    _many("-spindle_axis", "spindle_axis", 3, convention="CUSTOM"),
    _many("-twotheta_axis", "twotheta_axis", 3, convention="CUSTOM"),
    _many("-pix0_vector", "pix0_vector", 3, convention="CUSTOM"),
    _flag("-point_pixel", point_pixel=True),
    _flag("-curved_det", curved=True),
    _one("-detector_abs -detector_absorb", "attenuation_depth", read=depth),
    _one("-detector_thick", "sensor_thickness"),
    _one("-thicksteps -detector_thicksteps", "layers", read=whole),
    _one("-mask", "mask_file", read=Path),
    # sampling
    _one("-oversample", "oversample", read=whole),
    _flag("-oversample_thick", oversample_thick=True),
    _flag("-oversample_polar", oversample_polar=True),
    _flag("-oversample_omega", oversample_omega=True),
    _one("-dmin", "dmin"),
    _one("-water", "water"),
    Row(("-roi",), ("roi",), whole, 4),
    # output
    _one("-floatfile -floatimage", "float_file", read=Path),
    _one("-intfile -intimage", "int_file", read=Path),
    _one("-pgmfile -pgmimage", "pgm_file", read=Path, pgm=True),
    _one("-scale", "scale"),
    _one("-adc", "adc"),
    _one("-pgmscale", "pgm_scale", pgm=True),
    _one("-seed", "seed", read=whole),
    _flag("-nonoise -noprogress -progress -printout"),
    _flag("-nopgm", pgm=False),
    # read by nanoBragg, used by nothing
    _one("-stol -4stol -Q -stolout", read=str),
    _one("-density -sample_density -MW -molecular_weight"),
)

BY_NAME: dict[str, Row] = {name: row for row in ROWS for name in row.names}

# Known to nanoBragg, but their physics or output isn't modelled here.
NOT_MODELLED: dict[str, str] = {
    "-noisefile": "a noise image",
    "-noiseimage": "a noise image",
    "-img": "an image header as input",
    "-coherent": "the coherent sum",
}
