"""nanoBragg's command line: what is read, what wins, what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from simulator import SimulatorError, build_scene, parse_options

SMALL = "-cell 50 60 70 90 100 90 -default_F 1 -detpixels 4 -pixel 0.1"


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory in which no Fdump.bin lies."""
    monkeypatch.chdir(tmp_path)


def test_the_last_one_wins() -> None:
    """An option that comes twice has its last value."""
    words = "-N 5 -pixel 0.1 -Nb 3 -pixel 0.4"
    options = parse_options(words.split())
    assert (options.N_a, options.N_b, options.N_c) == (5, 3, 5)
    assert options.pixel_size == 0.4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-cel 1 2 3", "-cel: unknown option"),
        ("-cell -default_F 1", "-cell -default_F: could not"),
        ("-cell 50 wide", "-cell 50 wide"),
        ("-oversample 1e1", "whole number"),
        ("-lambda nan", "-lambda nan"),
        ("-lambda 1_0", "-lambda 1_0"),
        ("-lambda", "1 value"),
        ("-lambda one", "-lambda one"),
        ("-pivot wall", "-pivot wall"),
        ("-noisefile noise.img", "isn't modelled"),
        ("-trace_pixel 1", "2 value"),
    ],
)
def test_a_wrong_command_line_is_refused(words: str, message: str) -> None:
    """One clear error names the option and what was expected."""
    with pytest.raises(SimulatorError, match=message):
        parse_options(words.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-detpixels 4", "no unit cell"),
        ("-mat none.mat", "none.mat"),
        (f"{SMALL} -hkl none.hkl", "none.hkl"),
        (f"{SMALL} -sourcefile none.txt", "none.txt"),
        (f"{SMALL} -mask none.img", "none.img"),
        (f"{SMALL} -roi 3 2 0 3", "holds no pixel"),
        (f"{SMALL} -osc 0 -phistep 1", "no phi step"),
        (f"{SMALL} -detpixels -1", "-1 pixels"),
        (f"{SMALL} -flux 1 -beamsize 0", "infinite fluence"),
    ],
)
def test_a_problem_without_an_image_is_refused(
    words: str, message: str
) -> None:
    """Unreadable files and impossible requests stop before any pixel."""
    with pytest.raises(SimulatorError, match=message):
        build_scene(parse_options(words.split()))


@pytest.mark.parametrize(
    ("words", "convention", "pivot"),
    [
        ("", "MOSFLM", "beam"),
        ("-twotheta 5", "MOSFLM", "beam"),
        ("-xds -distance 100", "XDS", "sample"),
        ("-fdet_vector 0 0 1 -mosflm", "MOSFLM", "beam"),
        ("-mosflm -beam_vector 1 0 0", "CUSTOM", "beam"),
        ("-beam_vector 1 0 0 -Xclose 1", "CUSTOM", "sample"),
        ("-beam_vector 1 0 0 -Xclose 1 -Ybeam 2", "CUSTOM", "beam"),
        ("-beam_vector 1 0 0 -pivot sample", "CUSTOM", "sample"),
        ("-xds -beam_vector 1 0 0", "CUSTOM", "sample"),
        ("-xds -beam_vector 1 0 0 -distance 100", "CUSTOM", "beam"),
        ("-Xclose 1 -dials -beam_vector 1 0 0", "CUSTOM", "beam"),
        ("-distance 100 -twotheta_axis 0 1 0", "CUSTOM", "sample"),
        ("-twotheta_axis 0 1 0 -distance 100", "CUSTOM", "beam"),
    ],
)
def test_conventions_and_pivots_follow_the_order(
    words: str, convention: str, pivot: str
) -> None:
    """Only CUSTOM leaves the pivot to the last option that names one."""
    detector = build_scene(parse_options(f"{SMALL} {words}".split())).detector
    assert (detector.convention, detector.pivot) == (convention, pivot)


def test_pix0_vector_only_switches_to_custom() -> None:
    """-pix0_vector changes the convention and nothing else."""
    custom = "-beam_vector 1 0 0"
    places = [
        build_scene(parse_options(f"{SMALL} {words}".split())).detector.pix0
        for words in (custom, f"{custom} -pix0_vector 0 0 200")
    ]
    assert places[0].tolist() == places[1].tolist()


@pytest.mark.parametrize(
    ("words", "steps", "end"),
    [
        ("", 1, 0.0),
        ("-phistep 0.5", 2, 0.5),
        ("-osc 1", 2, 1.0),
        ("-osc 1 -phistep 0.3", 4, 1.0),
        ("-phisteps 4", 4, 1.0),
        ("-phisteps 4 -phistep 0.2", 2, 0.2),
        ("-phisteps 5 -osc 2", 5, 2.0),
        ("-phisteps 0 -osc 2", 1, 2.0),
    ],
)
def test_phi_steps_follow_what_is_given(
    words: str, steps: int, end: float
) -> None:
    """Steps, step and range of phi fill in for one another."""
    crystal = build_scene(parse_options(f"{SMALL} {words}".split())).crystal
    assert len(crystal.phi) == steps
    assert math.degrees(crystal.phi_end) == pytest.approx(end)


@pytest.mark.parametrize(
    ("words", "sources"),
    [
        ("", 1),
        ("-hdivrange 1", 2),
        ("-hdivrange 1 -hdivsteps 3 -vdivrange 1 -vdivsteps 3", 5),
        ("-divergence 1 -divsteps 3 -square_div", 9),
        ("-hdivsteps 3", 3),
        ("-hdivrange 1 -hdivstep 0.25", 4),
        ("-dispersion 1 -dispsteps 3", 3),
        ("-dispersion 1", 2),
        ("-dispsteps 3", 1),
    ],
)
def test_sources_follow_divergence_and_dispersion(
    words: str, sources: int
) -> None:
    """Directions times wavelengths, less the corners of a round beam."""
    beam = build_scene(parse_options(f"{SMALL} {words}".split())).beam
    assert beam.sources == sources


def test_a_size_makes_cells_and_the_beam_clips_it() -> None:
    """-xtalsize counts cells; the beam clips across it, not along it."""
    words = f"{SMALL} -xtalsize 0.0005 -beamsize 0.0001"
    assert build_scene(parse_options(words.split())).crystal.cells == (
        100,
        17,
        15,
    )


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("-cell 50", "-cell 50 50 50 90 90 90"),
        ("-cell 50 60 0 80", "-cell 50 60 50 80 90 90"),
        ("-cell 50 60 70 80 85 95", "-cell 50 60 70 80 85 95"),
    ],
)
def test_a_cell_may_be_short(short: str, whole: str) -> None:
    """Missing edges are a, missing angles right ones."""
    cells = [
        build_scene(parse_options(f"{w} -default_F 1".split())).crystal.cell
        for w in (short, whole)
    ]
    assert cells[0].real.tolist() == cells[1].real.tolist()


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("-wavelength 2", "-wave 2"),
        ("-detector_absorb 50", "-detector_abs 50"),
        ("-mosaicity 1", "-mosaic 1"),
        ("-xtal_size 1 -height 2", "-xtalsize 1 -sample_z 2"),
        ("-N 5.7 -oversample 2.0", "-N 5 -oversample 2"),
        ("-Q F.stol -density 1 -printout", ""),
    ],
)
def test_other_spellings_that_the_c_program_takes(
    words: str, others: str
) -> None:
    """Longer names of its help, and whole numbers with a fraction."""
    assert parse_options(words.split()) == parse_options(others.split())


def test_a_name_is_found_by_its_beginning() -> None:
    """-twotheta_axis X Y Z is -twotheta X, too, but can be meant alone."""
    words = f"{SMALL} -twotheta 10 -twotheta_axis 0.5 1 0 -xtalsize_x 2"
    found = parse_options(words.split())
    meant = found.as_meant()
    assert (found.twotheta, found.size_x, found.size_y) == (0.5, 2.0, 2.0)
    assert (meant.twotheta, meant.size_x, meant.size_y) == (10.0, 2.0, 0.0)
    assert parse_options(SMALL.split()).meant == ()


def test_an_energy_is_a_wavelength() -> None:
    """-energy is another name for -lambda, in eV."""
    words = "-lambda 2 -energy 12398.42"
    options = parse_options(words.split())
    assert options.wavelength == 1.0


def test_pixels_to_trace_are_slow_then_fast() -> None:
    """-printout_pixel has the other order than -trace_pixel."""
    words = "-trace_pixel 1 2 -printout_pixel 3 4"
    options = parse_options(words.split())
    assert options.trace_pixels == ((1, 2), (4, 3))


def test_curved_det_needs_a_word_behind_it() -> None:
    """As the last word -curved_det does nothing, as in the C program."""
    for words, curved in ((f"{SMALL} -curved_det", False),
                          (f"-curved_det {SMALL}", True)):  # fmt: skip
        assert build_scene(parse_options(words.split())).detector.curved is (
            curved
        )
