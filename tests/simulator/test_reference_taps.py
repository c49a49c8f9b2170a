"""The C program's trace lines: grammar, and the real program's values."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from simulator import reference
from tests.simulator.reference_runs import (
    CASES,
    CUBIC,
    LOOPS,
    NAMES,
    TAP,
    WORKED,
    needs_shared,
    own_values,
    prepared,
    simulated,
)

FACT = re.compile(
    r"TRACEKIT (config \w+( informative)?( unit=\S+)? : .*"
    r"|config argv informative : .*"
    r"|file (input|side|output) : .+"
    r"|covers slow fast : \d+ \d+( ; \d+ \d+)*)"
)
# The name in the real log, ours, and the factor from ours to theirs.
SAME = [
    ("pix0_vector_meters", "pix0_vector", 1.0), ("fdet_vec", "fdet_vec", 1.0),
    ("sdet_vec", "sdet_vec", 1.0), ("pixel_pos_meters", "pixel_pos", 1.0),
    ("R_distance_meters", "R", 1.0), ("diffracted_vec", "diffracted_vec", 1.0),
    ("close_distance_meters", "close_distance", 1.0),
    ("incident_vec", "incident_vec", 1.0),
    ("lambda_meters", "wavelength", 1.0),
    ("scattering_vec_A_inv", "scattering_vec", 1.0),
    ("rot_a_angstroms", "rot_a", 1e10), ("rot_b_angstroms", "rot_b", 1e10),
    ("rot_c_angstroms", "rot_c", 1e10), ("rot_a_star_A_inv", "a_star", 1.0),
    ("rot_b_star_A_inv", "b_star", 1.0), ("rot_c_star_A_inv", "c_star", 1.0),
    ("hkl_frac", "hkl_frac", 1.0), ("hkl_rounded", "hkl_rounded", 1.0),
    ("F_latt_a", "F_latt_a", 1.0), ("F_latt_b", "F_latt_b", 1.0),
    ("F_latt_c", "F_latt_c", 1.0), ("F_latt", "F_latt", 1.0),
    ("F_cell", "F_cell", 1.0), ("I_before_scaling", "I_before_scaling", 1.0),
    ("r_e_sqr", "r_e_sqr", 1.0), ("steps", "steps", 1.0),
    ("fluence_photons_per_m2", "fluence", 1.0), ("polar", "polar", 1.0),
    ("capture_fraction", "capture_fraction", 1.0),
    ("omega_pixel", "omega_applied", 1.0), ("I_pixel_final", "intensity", 1.0),
]  # fmt: skip


def real_values(log: str, name: str) -> list[list[float]]:
    found = re.findall(rf"TRACE_C: {name} (.+)", log)
    return [[float(word) for word in line.split()] for line in found]


def check_log(real: str, own: str, shape: str) -> int:
    compared = 0
    for theirs, ours, factor in SAME:
        expected, actual = real_values(real, theirs), own_values(own, ours)
        if theirs.startswith("F_latt") and shape != "square":
            continue  # the real program prints these for one shape only
        if len(actual) == 1:  # theirs repeats what doesn't change
            actual *= len(expected)
        assert len(actual) == len(expected), theirs
        for e, a in zip(expected, actual, strict=True):
            scaled = [x * factor for x in a]
            assert scaled == pytest.approx(e, rel=2e-14, abs=1e-300), theirs
            compared += len(e)
    return compared


@needs_shared
@pytest.mark.parametrize("name", NAMES)
def test_taps_of_the_real_program(
    name: str, tmp_path: Path, kept: Path
) -> None:
    """Each traced value agrees to the 15 digits that the real log prints."""
    words = prepared(name, tmp_path)
    for path in sorted((CASES / name).glob("trace_[0-9]*.log")):
        slow, fast = map(int, path.stem.split("_")[1:])
        log = reference.run(
            words, tmp_path, pixels=[(slow, fast)], directory=kept
        )
        shape = re.search(r"config crystal_shape : (\w+)", log)
        assert shape is not None
        real = path.read_text(encoding="utf-8")
        skipped = "TRACE_C: R_distance_meters" not in real  # outside the ROI
        assert skipped == ("TRACEKIT tap R " not in log)
        if not skipped:
            # dmin may skip everything behind scattering_vec
            assert check_log(real, log, shape[1]) > 30


def test_every_line_follows_the_grammar(tmp_path: Path, kept: Path) -> None:
    """The log holds taps and facts only, and all loops have their index."""
    log = reference.run(
        [*(WORKED + LOOPS).split(), "-oversample", "2"],
        tmp_path,
        pixels=[(10, 52), (0, 0)],
        directory=kept,
    )
    lines = log.splitlines()
    assert [
        x for x in lines if not (TAP.fullmatch(x) or FACT.fullmatch(x))
    ] == []
    assert "TRACEKIT covers slow fast : 10 52 ; 0 0" in lines
    places = [m["at"] for x in lines if (m := TAP.fullmatch(x))
              and m["name"] == "F_cell"]  # fmt: skip
    assert len(places) == len(set(places)) == 2 * 32


def test_traced_values_are_those_of_the_image(
    tmp_path: Path, kept: Path
) -> None:
    """%.17g brings back the very double, and tracing changes no pixel."""
    words = WORKED.split()
    plain = simulated(words, tmp_path, kept)
    log = reference.run(
        words, tmp_path, image="traced.npy", pixels=[(10, 52)], directory=kept
    )
    assert np.array_equal(np.load(tmp_path / "traced.npy"), plain)
    assert own_values(log, "intensity") == [[plain[10, 52]]]


def test_taps_are_chosen_by_name(tmp_path: Path, kept: Path) -> None:
    """A name or a pattern chooses taps; the facts are always printed."""
    log = reference.run(
        CUBIC.split(), tmp_path, pixels=[(1, 2)], taps=["F_*", "phi"],
        directory=kept,
    )  # fmt: skip
    names = {m["name"] for x in log.splitlines() if (m := TAP.fullmatch(x))}
    expected = {"F_latt_a", "F_latt_b", "F_latt_c", "F_latt", "F_cell", "phi"}
    assert names == expected
    assert "TRACEKIT config hkls : 0" in log


def test_without_a_pixel_the_run_is_still_described(
    tmp_path: Path, kept: Path
) -> None:
    """Run-level taps and facts need no traced pixel."""
    log = reference.run(CUBIC.split(), tmp_path, directory=kept)
    assert "TRACEKIT tap pix0_vector" in log
    assert "slow=" not in log
    assert "covers" not in log
