"""Blocks, single pixels and recording leave every bit as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import tracekit as tk
from simulator import SimulatorError, parse_options, simulate
from simulator.blocks import blocks
from simulator.scene import build_scene

TILTED = (
    "-cell 70 80 90 75 85 95 -default_F 100 -distance 100 -pixel 0.1"
    " -detpixels_x 24 -detpixels_y 16 -lambda 1 -N 5"
)
LOOPS = (
    f"{TILTED} -oversample 2 -phi 0 -osc 1 -phisteps 3 -mosaic 0.5"
    " -mosaic_domains 2 -dispersion 1 -dispsteps 2 -polar 0.9"
    " -detector_abs 500 -detector_thick 450 -detector_thicksteps 2"
)
PROBLEMS = {
    "plain": f"{TILTED} -oversample 1",
    "every loop, with the carry-over": LOOPS,
    "water and a round crystal": f"{TILTED} -round_xtal -water 10",
    "flags": f"{LOOPS} -oversample_thick -oversample_polar -oversample_omega",
    "resolution limit": f"{TILTED} -dmin 12 -oversample 2 -roi 3 20 2 12",
}
PIXELS = [(0, 0), (3, 17), (15, 23), (7, 7)]


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory in which no Fdump.bin lies."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("block", [100, 1000])
def test_blocks_change_no_bit(problem: str, block: int) -> None:
    """An image is the same however it was cut into blocks."""
    options = parse_options(PROBLEMS[problem].split())
    whole = simulate(options, block=1 << 30)
    assert torch.equal(simulate(options, block=block), whole)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_single_pixels_have_the_bits_of_the_image(problem: str) -> None:
    """Pixels that are computed alone equal those of the full run."""
    options = parse_options(PROBLEMS[problem].split())
    image = simulate(options)
    alone = simulate(options, pixels=PIXELS)
    assert torch.equal(alone, torch.stack([image[p] for p in PIXELS]))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_recording_changes_no_bit(problem: str) -> None:
    """An image is the same whether its taps are recorded or not."""
    options = parse_options(PROBLEMS[problem].split())
    silent = simulate(options, block=1000)
    with tk.record(pixels=PIXELS):
        assert torch.equal(simulate(options, block=1000), silent)


def test_blocks_cover_the_region_once_and_in_order() -> None:
    """Blocks tile the region of interest in the C program's order."""
    scene = build_scene(parse_options(f"{TILTED} -roi 3 20 2 12".split()))
    for size in (1, 7, 40, 10_000):
        pixels = [
            (slow, fast)
            for block in blocks(scene, size)
            for slow in block.rows
            for fast in block.columns
        ]
        assert sorted(pixels) == [
            (s, f) for s in range(2, 13) for f in range(3, 21)
        ]


def test_taps_land_where_their_pixel_is() -> None:
    """A tap of a block that starts elsewhere has global coordinates."""
    options = parse_options(PROBLEMS["plain"].split())
    with tk.record(pixels=[(9, 20)], taps=["intensity"]) as recording:
        image = simulate(options, block=50)
    (number,) = recording.trace.elements(0)["float"].to_pylist()
    assert number == float(image[9, 20])


def test_a_pixel_beside_the_detector_is_refused() -> None:
    """The error names the pixel and the detector's size."""
    with pytest.raises(SimulatorError, match=r"fast 24.*16 x 24"):
        simulate(parse_options(TILTED.split()), pixels=[(0, 24)])
