"""Both programs on any command line: one image, or both refuse."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import (
    Quirks,
    SimulatorError,
    parse_options,
    reference,
    simulate,
)

EXAMPLES = int(os.environ.get("TRACEKIT_PAIR_EXAMPLES", "60"))


def number(low: float, high: float) -> st.SearchStrategy[str]:
    """A number with few digits, so that 0 and the limits are not rare."""
    return st.floats(low, high).map(lambda x: f"{x:.3g}")


def among(*words: str) -> st.SearchStrategy[str]:
    """One of these words."""
    return st.sampled_from(words)


def several(count: int, low: float, high: float) -> st.SearchStrategy[str]:
    """Numbers one after the other."""
    return st.tuples(*[number(low, high)] * count).map(" ".join)


ANGLE, LENGTH = number(-30, 30), number(0, 1.2)
WITH_VALUE: dict[str, st.SearchStrategy[str]] = {
    # crystal
    "-misset": st.one_of(several(3, -40, 40), st.just("random")),
    "-misset_seed": among("42", "7"),
    "-mosaic_seed": among("777", "1", "-5"),
    "-N": among("1", "2", "3", "6"),
    "-Na": among("1", "3", "4"),
    "-Nc": among("2", "5", "0", "-3"),
    "-xtalsize": among("0.00001", "0.00005", "0"),
    "-sample_y": among("0.00004", "0.0001"),
    "-xtalsize_z": among("0.00003"),
    "-fudge": among("1", "0.5", "2"),
    "-mosaic": among("0", "0.4", "2"),
    "-mosaic_domains": among("1", "2.9", "3", "0", "-1"),
    "-phi": among("0", "10", "-3", "90"),
    "-osc": among("0", "0.5", "2"),
    "-phistep": among("0.3", "1", "0"),
    "-phisteps": among("0", "1", "2", "3", "-1"),
    "-hkl": st.just("list.hkl"),
    "-default_F": among("100", "7", "0"),
    # beam
    "-lambda": st.one_of(number(0.6, 2), among("0", "-1")),
    "-energy": st.one_of(number(6000, 20000), among("0")),
    "-dispersion": among("0", "1", "3"),
    "-dispsteps": among("0", "1", "2", "3"),
    "-hdivrange": among("0", "1", "4"),
    "-vdivrange": among("1", "2"),
    "-hdivstep": among("0.5", "2"),
    "-hdivsteps": among("1", "2", "3"),
    "-vdivsteps": among("1", "2", "3"),
    "-divergence": among("1", "3"),
    "-divsteps": among("1", "2", "3"),
    "-sourcefile": st.just("sources.txt"),
    "-source_distance": among("3"),
    "-polar": among("0", "0.5", "0.9", "-1"),
    "-fluence": among("1e24", "1e12"),
    "-flux": among("0", "1e12", "-1"),
    "-exposure": among("0.5", "0"),
    "-beamsize": among("0.00003", "0.2", "0", "-1"),
    # detector
    "-distance": st.one_of(number(20, 150), among("0", "-50")),
    "-close_distance": number(20, 150),
    "-detpixels": among("3", "5", "0", "-2"),
    "-detpixels_f": among("2", "4"),
    "-detpixels_y": among("1", "6"),
    "-pixel": among("0.1", "1", "7", "0", "-1"),
    "-Xbeam": LENGTH, "-Ybeam": LENGTH, "-Xclose": LENGTH, "-Yclose": LENGTH,
    "-ORGX": number(-1, 6), "-ORGY": number(-1, 6),
    "-pivot": among("beam", "sample"),
    "-detector_rotx": ANGLE, "-detector_roty": ANGLE, "-detector_rotz": ANGLE,
    "-twotheta": ANGLE,
    "-fdet_vector": several(3, -1, 1), "-odet_vector": several(3, -1, 1),
    "-beam_vector": among("1 0 0", "0 0 1", "0.9 0.1 -0.1"),
    "-polar_vector": among("0 0 1", "0 1 0.1"),
    "-spindle_axis": several(3, -1, 1),
    "-twotheta_axis": among("0 1 0", "7 0 -2"),
    "-pix0_vector": several(3, -1, 1),
    "-detector_abs": among("500", "50", "inf", "0", "-20"),
    "-detector_thick": among("0", "450", "30", "-5"),
    "-thicksteps": among("0", "1", "2", "3"),
    # sampling
    "-oversample": among("1", "2", "3", "0"),
    "-dmin": among("0", "2", "5", "30"),
    "-water": among("0", "30"),
    "-roi": among("0 1 1 3", "1 9 0 0", "2 2 2 2", "2 1 0 0", "-3 1 1 2"),
}  # fmt: skip
FLAGS = (
    "-square_xtal", "-round_xtal", "-gauss_xtal", "-tophat_spots",
    "-interpolate", "-nointerpolate", "-square_div", "-round_div", "-nopolar",
    "-mosflm", "-denzo", "-adxv", "-xds", "-dials", "-curved_det",
    "-point_pixel", "-oversample_thick", "-oversample_polar",
    "-oversample_omega",
)  # fmt: skip
CELL = st.one_of(
    st.tuples(several(3, 8, 60), several(3, 70, 110)).map(" ".join),
    among("40", "40 50 0 100"),
)


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """Up to a dozen options of nanoBragg in any order, some more than once."""
    words = [f"-cell {draw(CELL)}", "-default_F 100", "-oversample 1"]
    words += ["-detpixels_x 5", "-detpixels_y 4", "-pixel 1"]
    names = draw(st.lists(among(*WITH_VALUE), max_size=9))
    words += [f"{name} {draw(WITH_VALUE[name])}" for name in names]
    words += draw(st.lists(among(*FLAGS), max_size=3))
    last = draw(st.permutations(words[2:]))
    return shlex.split(" ".join([*words[:2], *last]))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with a list of structure factors and sources."""
    where = tmp_path_factory.mktemp("pair")
    indices = product(range(-4, 5), range(-5, 4), range(-3, 6))
    lines = [f"{h} {k} {m} {40 + h * k - 3 * m}" for h, k, m in indices]
    (where / "list.hkl").write_text("\n".join(lines))
    (where / "sources.txt").write_text("-10 0.01 0 1 1e-10\n-9 0 0.02\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        yield where


def image_of(
    words: list[str], without: list[str], kept: Path | None
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | str:
    """The image of the C program (``kept``) or of PyTorch, or its refusal."""
    Path("Fdump.bin").unlink(missing_ok=True)
    image: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    try:
        if kept is None:
            quirks = Quirks().without(without)
            return simulate(parse_options(words), quirks=quirks).numpy()
        reference.run(words, image="c.npy", without=without, directory=kept)
        image = np.load("c.npy")
    except SimulatorError as error:
        return str(error)
    return image


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    words=command_lines(),
    without=st.lists(among(*Quirks().on), max_size=3),
)
def test_any_command_line_has_one_image(
    words: list[str], without: list[str], place: Path, kept: Path
) -> None:
    """C and PyTorch agree to 1e-12 of the maximum, with any quirks."""
    del place
    if "random" in words and "-misset_seed" not in words:
        words = ["-misset_seed", "3", *words]
    ours = image_of(words, without, None)
    theirs = image_of(words, without, kept)
    if isinstance(ours, str) or isinstance(theirs, str):
        assert isinstance(ours, str), f"C alone refuses: {theirs}"
        assert isinstance(theirs, str), f"PyTorch alone refuses: {ours}"
        return
    assert ours.shape == theirs.shape
    finite = np.isfinite(theirs)
    assert np.array_equal(finite, np.isfinite(ours))
    scale = np.abs(theirs[finite]).max(initial=0.0)
    assert np.abs(ours - theirs)[finite].max(initial=0.0) <= 1e-12 * scale


def test_a_random_misset_leaves_its_table_to_the_mosaic(
    place: Path, kept: Path
) -> None:
    """A negative mosaic seed goes on where the mis-setting ended."""
    del place
    words = [
        "-cell",
        "40",
        "50",
        "60",
        "-default_F",
        "100",
        "-N",
        "5",
        "-detpixels",
        "4",
        "-pixel",
        "1",
        "-oversample",
        "1",
        "-misset",
        "random",
        "-misset_seed",
        "9",
        "-mosaic",
        "5",
        "-mosaic_seed",
        "-5",
    ]
    theirs = image_of(words, [], kept)
    ours = image_of(words, [], None)
    assert np.allclose(ours, theirs, rtol=1e-12)
