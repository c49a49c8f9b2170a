"""Gradients of the image, and of the functions under it."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

import tracekit as tk
from simulator import Options, numerics, parse_options, simulate

WORDS = (
    "-cell 30 35 40 80 85 95 -default_F 10 -distance 100 -pixel 2"
    " -detpixels 4 -lambda 2 -N 2 -oversample 1 -misset 10 20 30"
    " -Xbeam 3.1 -Ybeam 4.3 -detector_rotx 3 -polar 0.6"
)
BASE = parse_options(WORDS.split())


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory in which no Fdump.bin lies."""
    monkeypatch.chdir(tmp_path)


def number(*values: float) -> Tensor:
    """A float64 tensor to differentiate by."""
    tensor = torch.tensor(
        values if len(values) > 1 else values[0], dtype=torch.float64
    )
    return tensor.requires_grad_()


PARAMETERS = {
    "cell": number(30.0, 35.0, 40.0, 80.0, 85.0, 95.0),
    "misset": number(10.0, 20.0, 30.0),
    "distance": number(100.0),
    "Xbeam": number(3.1),
    "Ybeam": number(4.3),
    "wavelength": number(2.0),
    "default_F": number(10.0),
}


def image_of(options: Options, name: str, value: Tensor) -> Tensor:
    """A small image in units in which its gradient is about 1."""
    changed: dict[str, object] = {name: value}
    problem: Options = dataclasses.replace(options, **changed)  # type: ignore[arg-type]
    return simulate(problem)


@pytest.mark.parametrize("recording", [False, True])
@pytest.mark.parametrize("name", PARAMETERS)
def test_the_image_has_exact_gradients(name: str, recording: bool) -> None:
    """Gradients equal differences, whether taps are recorded or not."""

    def image(value: Tensor) -> Tensor:
        return image_of(BASE, name, value)

    if recording:
        with tk.record(pixels=[(1, 2)]):
            assert gradcheck(image, (PARAMETERS[name],), rtol=1e-5)
    else:
        assert gradcheck(image, (PARAMETERS[name],), rtol=1e-5)


@pytest.mark.parametrize(
    "more", ["-round_xtal", "-gauss_xtal", "-oversample 2 -mosaic 1 -phi 3"]
)
def test_other_crystals_have_gradients(more: str) -> None:
    """Shapes and loops differentiate, too."""
    words = (
        "-default_F 10 -distance 100 -pixel 2 -detpixels 3 -lambda 2 -N 2"
        f" -oversample 1 -misset 10 20 30 {more}"
    )
    options = parse_options(words.split())
    cell = number(30.0, 35.0, 40.0, 80.0, 85.0, 95.0)

    def image(value: Tensor) -> Tensor:
        return image_of(options, "cell", value)

    assert gradcheck(image, (cell,), rtol=1e-4, atol=1e-4)


def test_a_zero_misset_angle_has_its_gradient() -> None:
    """Rotations by exactly 0, which C leaves out, still have a slope."""

    def image(value: Tensor) -> Tensor:
        return image_of(BASE, "misset", value)

    assert gradcheck(image, (number(0.0, 0.0, 0.0),), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_exact_functions_differentiate_twice() -> None:
    """The correctly rounded functions are ordinary ones to autograd."""
    x = torch.linspace(0.3, 4, 7, dtype=torch.float64, requires_grad=True)
    for function in (numerics.sqrt, numerics.sin, numerics.cos):
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))
    assert gradcheck(numerics.sqrt, (x,), check_forward_ad=True)


def test_the_root_is_correctly_rounded() -> None:
    """Every root is that of IEEE 754, in both precisions."""
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(4096, dtype=torch.float64, generator=generator) * 7 + 1e-9
    exact = [math.sqrt(v) for v in x.tolist()]
    assert numerics.sqrt(x).tolist() == exact
    single = numerics.sqrt(x.float())
    assert single.dtype == torch.float32
    doubled = numerics.sqrt(x.float().double())
    assert torch.equal(single, doubled.float())


def test_roots_map_over_batches() -> None:
    """The root works under vmap, as plain torch.sqrt does."""
    x = torch.rand(3, 4, dtype=torch.float64)
    assert torch.equal(torch.vmap(numerics.sqrt)(x), numerics.sqrt(x))
