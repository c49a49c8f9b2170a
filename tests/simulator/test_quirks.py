"""Bugs of the C program: reproduced, and gone without them."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from simulator import (
    Quirks,
    SimulatorError,
    parse_options,
    reference,
    simulate,
)
from simulator.random_numbers import Generator, mosaic_rotations
from simulator.scene import build_scene
from simulator.steps import layer_steps, mosaic_steps
from simulator.vectors import rotate_about, unit, vector

SMALL = (
    "-cell 70 80 90 75 85 95 -default_F 100 -distance 100 -pixel 0.1"
    " -detpixels 16 -lambda 1 -N 5"
)


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory in which no Fdump.bin lies."""
    monkeypatch.chdir(tmp_path)


def image_of(words: str, *without: str) -> Tensor:
    """The small problem with more words, less some quirks."""
    options = parse_options(f"{SMALL} {words}".split())
    return simulate(options, quirks=Quirks().without(without))


def test_phi_0_keeps_the_step_before() -> None:
    """Only the first pixel starts from the unrotated crystal."""
    sweep = "-oversample 1 -phi 0 -osc 2 -phisteps 2"
    quirk, honest = image_of(sweep), image_of(sweep, "phi_carry_over")
    assert quirk[0, 0] == honest[0, 0]
    assert not bool((quirk == honest).flatten()[1:].any())
    still, moved = image_of("-oversample 1"), image_of("-oversample 1 -phi 1")
    assert torch.allclose(honest, (still + moved) / 2, rtol=1e-12)
    assert torch.allclose(quirk.flatten()[1:], moved.flatten()[1:], rtol=1e-12)


@pytest.mark.parametrize(
    "flag", ["-oversample_omega", "-oversample_polar", "-oversample_thick"]
)
def test_the_running_sum_multiplies_again_and_again(flag: str) -> None:
    """Without the quirk a factor is applied once a sample, close to none."""
    sensor = "-detector_abs 500 -detector_thick 450 -oversample 2 -polar 0.9"
    plain = image_of(f"{sensor} -detector_thicksteps 2")
    words = f"{sensor} -detector_thicksteps 2 {flag}"
    quirk, honest = image_of(words), image_of(words, "running_sum")
    assert not torch.allclose(quirk, honest, rtol=1e-6)
    if flag != "-oversample_thick":
        assert torch.allclose(plain, honest, rtol=1e-2)


def test_a_triclinic_cell_keeps_its_angles() -> None:
    """Without the quirk the cell has the angles that were asked for."""
    options = parse_options(SMALL.split())
    bent = build_scene(options).crystal.cell.angles
    honest = Quirks(rescaled_c_star=False)
    right = build_scene(options, honest).crystal.cell.angles
    assert bent == pytest.approx((75.0391, 85.0136, 95.0081), abs=1e-4)
    assert right == pytest.approx((75.0, 85.0, 95.0), abs=1e-9)


def test_layers_stick_out_of_the_sensor() -> None:
    """N layers are thickness/(n-1) each; without the quirk they fit."""
    assert layer_steps(0.3, 4, inside=False) == (4, 0.3, 0.3 / 3)
    assert layer_steps(0.3, 4, inside=True) == (4, 0.3, 0.3 / 4)
    assert layer_steps(0.3, None, inside=False) == (2, 0.3, 0.3 / 2)
    assert layer_steps(0.0, 4, inside=False) == (1, 0.0, 0.0)


def test_directions_are_normalised_once_more() -> None:
    """The sources behind the first move by an ulp, not by more."""
    words = "-oversample 2 -hdivrange 2 -hdivsteps 3"
    quirk, honest = image_of(words), image_of(words, "renormalised_direction")
    assert not torch.equal(quirk, honest)
    difference = float((quirk - honest).abs().max())
    assert 0 < difference < 1e-11 * float(honest.max())


def test_a_random_misset_is_a_rotation_either_way() -> None:
    """90 radian and 90 degree give other orientations of one cell."""
    words = f"{SMALL} -misset random -misset_seed 42"
    options = parse_options(words.split())
    cells = [
        build_scene(options, Quirks(random_misset_radian=on)).crystal.cell
        for on in (True, False)
    ]
    assert cells[0].edges == pytest.approx(cells[1].edges)
    moved = (cells[0].real - cells[1].real).abs().max()
    assert float(moved) > 0.1 * min(cells[0].edges)


SENSOR = (
    "-detector_abs 500 -detector_thick 450 -detector_thicksteps 3 -pixel 1"
)


@pytest.mark.parametrize(
    ("quirk", "words"),
    [
        ("phi_carry_over", "-phi 0 -osc 2 -phisteps 2"),
        ("interpolation_switch_off", "-hkl list.hkl -interpolate -pixel 1"),
        ("running_sum", f"{SENSOR} -oversample_thick -oversample_omega"),
        ("running_sum", "-polar 0.9 -oversample_polar -oversample 2"),
        ("fdump_reuse", ""),
        ("renormalised_direction", "-oversample 2 -hdivrange 2 -hdivsteps 3"),
        ("random_misset_radian", "-misset random -misset_seed 42"),
        ("curved_det_needs_follower", "-curved_det"),
        ("rescaled_c_star", ""),
        ("repeated_layer_step", SENSOR),
        ("names_found_by_part", "-twotheta 10 -twotheta_axis 0.5 1 0"),
        ("names_found_by_part", "-oversample 1 -xtalsize_x 0.0002"),
    ],
)
def test_both_programs_turn_a_quirk_off(
    quirk: str, words: str, kept: Path
) -> None:
    """C and PyTorch agree without the quirk, too, and it had an effect."""
    box = [
        f"{h} {k} {m} {9 + h * k - m}"
        for h, k, m in product(range(-3, 6), range(-3, 6), range(-3, 9))
    ]
    Path("list.hkl").write_text("\n".join(box))
    argv = f"{SMALL} {words}".split()
    options = parse_options(argv)
    images = []
    for without in ((), (quirk,)):
        if quirk == "fdump_reuse":
            simulate(parse_options([*argv, "-hkl", "list.hkl"]))
        ours = simulate(options, quirks=Quirks().without(without)).numpy()
        reference.run(argv, image="c.npy", without=without, directory=kept)
        theirs = np.load("c.npy")
        assert np.abs(ours - theirs).max() <= 1e-13 * theirs.max()
        images.append(theirs)
    assert not np.array_equal(*images)


def test_unknown_quirks_are_refused() -> None:
    """The error lists the names."""
    with pytest.raises(SimulatorError, match="running_sum"):
        Quirks().without(["wisdom"])


def test_the_generator_gives_the_known_numbers() -> None:
    """The first six numbers of the default mosaic seed."""
    generator = Generator(-12345678)
    assert [generator.draw() for _ in range(6)] == pytest.approx(
        [0.765989304, 0.023453664, 0.589726627, 0.535101593, 0.982231438,
         0.693016112], abs=5e-10,
    )  # fmt: skip


def test_the_second_mosaic_domain_is_the_known_one() -> None:
    """Spread 0.5 degree, default seed, every digit; the first is none."""
    rotations = mosaic_rotations(
        2, 0.5 / (180.0 / math.pi), 12345678, Generator()
    )
    assert rotations[0] == (
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (0.0, 0.0, 1.0),
    )
    assert rotations[1] == (
        (0.99996592089784464, -0.0079751680914580177, 0.0021339486494309119),
        (0.0079761872189555976, 0.99996807949662869, -0.0004694946988297568),
        (-0.0021301362335746331, 0.00048649947281547405, 0.99999761291609557),
    )


@pytest.mark.parametrize(
    ("spread", "count", "steps"),
    [
        (None, None, (1, 0.0)),
        (0.0, None, (1, 0.0)),
        (0.5, None, (10, 0.5)),
        (None, 7, (1, 0.0)),
        (0.5, 7, (7, 0.5)),
        (0.5, 0, (10, 0.5)),
    ],
)
def test_mosaic_domains_need_a_spread(
    spread: float | None, count: int | None, steps: tuple[int, float]
) -> None:
    """A spread alone makes ten domains, a count alone one."""
    assert mosaic_steps(spread, count) == steps


def test_a_rotation_about_an_axis_turns_right_handed() -> None:
    """X turns to y about z, and the axis itself stays."""
    quarter = torch.tensor(math.pi / 2, dtype=torch.float64)
    z = vector(0.0, 0.0, 1.0)
    turned = rotate_about(vector(1.0, 0.0, 0.0), z, quarter)
    assert torch.allclose(turned, vector(0.0, 1.0, 0.0), atol=1e-15)
    assert torch.equal(rotate_about(z, z, quarter), z)


def test_a_vector_without_a_length_stays() -> None:
    """Normalising 0 gives 0, as in the C program, and no NaN."""
    assert unit(vector(0.0, 0.0, 0.0)).tolist() == [0.0, 0.0, 0.0]
