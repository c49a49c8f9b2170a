"""The PyTorch simulator against images of the real C program."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator import parse_options, simulate

SHARED = Path(
    os.environ.get("TRACEKIT_SHARED", Path(__file__).parents[3] / "shared")
)
CASES = SHARED / "nanobragg" / "cases"
NAMES = [path.parent.name for path in sorted(CASES.glob("*/image.npy"))]
NUMBERS = tomllib.loads(
    (Path(__file__).parent / "numbers.toml").read_text(encoding="utf-8")
)
# Of the image's maximum. Pixels near a node of the lattice sum move by 1e-11
# of themselves for one ulp of a path length, so no bound holds for each pixel.
BOUND = 1e-12


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory in which no Fdump.bin lies."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", NUMBERS)
def test_pixels_equal_those_of_the_c_program(name: str) -> None:
    """Committed pixels of every kind of run are met, without shared files."""
    case = NUMBERS[name]
    for file, text in case.get("files", {}).items():
        Path(file).write_text(text, encoding="ascii")
    options = parse_options(case["arguments"].split())
    pixels = [(slow, fast) for slow, fast, _ in case["pixels"]]
    actual = simulate(options, pixels=pixels).numpy()
    expected = np.array([value for _, _, value in case["pixels"]])
    assert np.abs(actual - expected).max() <= BOUND * case["maximum"]


@pytest.mark.skipif(
    not NAMES, reason="the real program's images (TRACEKIT_SHARED) are absent"
)
def test_images_equal_those_of_the_c_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every image is met to 1e-12 of its maximum; the table is printed."""
    table = {}
    for name in NAMES:
        place = tmp_path / name
        shutil.copytree(CASES / name, place)
        if name != "fdump_reuse_64":
            (place / "Fdump.bin").unlink(missing_ok=True)
        monkeypatch.chdir(place)
        case = json.loads((CASES / name / "case.json").read_text())
        with torch.no_grad():
            options = parse_options([str(word) for word in case["args"]])
            actual = simulate(options).numpy()
        expected = np.load(CASES / name / "image.npy")
        largest = float(np.abs(expected).max())
        difference = float(np.abs(actual - expected).max())
        table[name] = difference / largest if largest else difference
    print(
        *(f"{name:36} {error:.1e}" for name, error in table.items()), sep="\n"
    )
    assert len(table) == len(NAMES)
    assert {name: e for name, e in table.items() if not e <= BOUND} == {}
    if "oversample_thick_no_thickness_64" in table:
        assert table["oversample_thick_no_thickness_64"] == 0.0


def test_single_precision_meets_the_image_roughly() -> None:
    """float32 is the caller's choice and keeps four digits of the maximum."""
    case = NUMBERS["triclinic_128"]
    options = parse_options(case["arguments"].split())
    double = simulate(options)
    single = simulate(options, dtype=torch.float32)
    assert single.dtype == torch.float32
    assert float((single - double).abs().max()) < 1e-3 * case["maximum"]


def test_a_4096_image_is_made_in_pieces() -> None:
    """The maximum of the 4096 x 4096 problem is where C has it."""
    words = (
        "-default_F 100 -cell 100 100 100 90 90 90 -lambda 0.5 -distance 500"
        " -pixel 0.05 -detpixels 4096 -N 5 -mosflm -oversample 1"
        " -roi 2040 2060 2040 2060"
    )
    options = parse_options(words.split())
    with torch.no_grad():
        image = simulate(options)
    assert image.shape == (4096, 4096)
    assert int(image.argmax()) == 2048 * 4096 + 2048
    assert abs(float(image.max()) / 1.53799896328997 - 1) < 1e-14
