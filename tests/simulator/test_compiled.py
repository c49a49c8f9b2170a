"""Compiled runs: one graph for all blocks, and the C program's images."""

import dataclasses
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters

import tracekit as tk
from simulator import parse_options, simulate
from simulator.__main__ import main
from tests.simulator.reference_runs import CASES, NAMES, needs_shared, prepared

# PyTorch's compiler uses torch.jit and looks at .grad of inner tensors.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:The .grad attribute:UserWarning"
)
BOUND = 1e-12  # of the image's maximum, as for eager runs
NUMBERS = tomllib.loads(
    (Path(__file__).parent / "numbers.toml").read_text(encoding="utf-8")
)
# Compiling takes seconds: a plain crystal in 4 blocks, and every loop in 1.
QUICK = {"vecparity_256": 1 << 14, "mosaic_phi_os2_src_64": None}
TILTED = (
    "-cell 70 80 90 75 85 95 -default_F 100 -distance 100 -pixel 0.1"
    " -detpixels_x 24 -detpixels_y 16 -lambda 1 -N 5 -oversample 2"
)


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A directory without an Fdump.bin, and no graph of another test."""
    monkeypatch.chdir(tmp_path)
    torch.compiler.reset()
    counters.clear()
    yield
    torch.compiler.reset()


def image_of(words: list[str], block: int | None = None) -> Tensor:
    """A compiled run of a command line."""
    with torch.no_grad():
        return simulate(parse_options(words), compiled=True, block=block)


@pytest.mark.parametrize("name", QUICK)
def test_numbers_of_the_c_program_are_met(name: str) -> None:
    """Committed pixels of the real program, by one graph without a break."""
    case = NUMBERS[name]
    image = image_of(case["arguments"].split(), QUICK[name])
    for slow, fast, value in case["pixels"]:
        error = abs(float(image[slow, fast]) - value)
        assert error <= BOUND * case["maximum"]
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]


def differing(name: str) -> float:
    """The largest difference of an image, as a part of its maximum."""
    image = image_of(prepared(name, Path.cwd())).numpy()
    expected = np.load(CASES / name / "image.npy")
    largest = float(np.abs(expected).max()) or 1.0
    return float(np.abs(image - expected).max()) / largest


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_image_of_the_c_program_is_met(name: str) -> None:
    """To 1e-12 of its maximum; the image of zeros exactly."""
    error = differing(name)
    print(f"{name:36} {error:.1e}")
    assert error <= (0.0 if "no_thickness" in name else BOUND)


@pytest.mark.slow
def test_a_remainder_needs_one_graph_more() -> None:
    """Rows that can't be shared out evenly leave one other shape."""
    words = f"{TILTED} -roi 0 23 0 12".split()  # 13 rows
    with torch.no_grad():
        eager = simulate(parse_options(words))
    image = image_of(words, block=24 * 4 * 3)
    assert float((image - eager).abs().max()) <= BOUND * float(eager.max())
    assert counters["stats"]["unique_graphs"] == 2


@pytest.mark.slow
def test_pixels_alone_have_the_bits_of_the_image() -> None:
    """A compiled pixel has one value, however it was asked for."""
    options = parse_options(TILTED.split())
    pixels = [(0, 0), (3, 17), (15, 23)]
    with torch.no_grad():
        image = simulate(options, compiled=True)
        alone = simulate(options, compiled=True, pixels=pixels)
    assert torch.equal(alone, torch.stack([image[p] for p in pixels]))


@pytest.mark.slow
def test_many_problems_can_be_compiled() -> None:
    """More problems than PyTorch's own limit of eight graphs a function."""
    for count in range(1, 11):
        words = f"{TILTED} -detpixels_x 4 -detpixels_y 4 -N {count}".split()
        with torch.no_grad():
            eager = simulate(parse_options(words))
        error = (image_of(words) - eager).abs().max()
        assert float(error) <= BOUND * float(eager.max())


@pytest.mark.slow
def test_gradients_are_those_of_the_eager_run() -> None:
    """The slope by the wavelength, to ten digits."""
    slopes = []
    for compiled in (False, True):
        wavelength = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
        options = dataclasses.replace(
            parse_options(TILTED.split()), wavelength=wavelength
        )
        image = simulate(options, compiled=compiled)
        (slope,) = torch.autograd.grad(image[3:9, 5:20].sum(), wavelength)
        slopes.append(float(slope))
    assert slopes[1] == pytest.approx(slopes[0], rel=1e-10)


@pytest.mark.slow
def test_single_precision_compiles() -> None:
    """float32 stays float32 and keeps three digits of the maximum."""
    options = parse_options(TILTED.split())
    with torch.no_grad():
        image = simulate(options, compiled=True, dtype=torch.float32)
        double = simulate(options)
    assert image.dtype == torch.float32
    assert float((image - double).abs().max()) <= 1e-3 * float(double.max())


@pytest.mark.slow
def test_the_command_compiles(tmp_path: Path) -> None:
    """--compiled writes the image that the eager command writes."""
    images = []
    for more in ([], ["--compiled"]):
        path = tmp_path / f"image{len(more)}.npy"
        assert main([*TILTED.split(), *more, "--image", str(path)]) == 0
        images.append(np.load(path))
    error = np.abs(images[1] - images[0]).max()
    assert images[0].max() > 0
    assert error <= BOUND * images[0].max()


def test_taps_are_those_of_the_eager_run() -> None:
    """Taps at two pixels agree, and the image keeps the untapped bits."""
    options = parse_options(TILTED.split())
    traces = []
    with torch.no_grad():
        untapped = simulate(options, compiled=True)
        for compiled in (False, True):
            with tk.record(pixels=[(0, 0), (9, 13)]) as recording:
                image = simulate(options, compiled=compiled)
            traces.append(recording.trace)
    assert torch.equal(image, untapped)
    eager, traced = traces
    assert traced.taps == eager.taps
    assert traced.tables["event"].num_rows == eager.tables["event"].num_rows
    assert tk.compare(traced, eager).verdict == "close"
