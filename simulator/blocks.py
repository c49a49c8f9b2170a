"""An image, block by block of rows, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from simulator.bragg import Carried
from simulator.diffract import diffract
from simulator.errors import SimulatorError
from simulator.facts import state_problem, tap_shared
from simulator.options import Options
from simulator.quirks import Quirks
from simulator.samples import PIXEL, Block
from simulator.scene import Scene, build_scene, placed
from tracekit import scope, tap

BLOCK = 1 << 15  # samples of one block: its planes stay in the cache
Pixels = Sequence[tuple[int, int]]


def simulate(
    problem: Options | Scene,
    *,
    pixels: Pixels | None = None,
    quirks: Quirks | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float64,
    block: int = BLOCK,
) -> Tensor:
    """Photons in every pixel, or in some.

    Differentiable in what the options hold as tensors: cell, misset,
    distance, beam centre, wavelength, default_F.

    Args:
        problem: options, or a scene built from them.
        pixels: (slow, fast) pairs; only these are computed where nothing
            carries over from pixel to pixel, with the full run's bits.
        quirks: which bugs of the C program are reproduced; all by default.
            A scene has its own.
        device: where the samples are computed; the set-up is always done
            in float64 on the CPU.
        dtype: what the samples are computed in.
        block: samples that are computed at once.

    Returns:
        [slow fast], or [pixel] with ``pixels``; outside the region of
        interest 0.

    Raises:
        SimulatorError: an unreadable file, a pixel that the detector doesn't
            have, or a request that makes no image.
    """
    if isinstance(problem, Options):
        problem = build_scene(problem, quirks)
    state_problem(problem)
    scene = placed(problem, torch.device(device), dtype)
    tap_shared(scene)
    if pixels is None:
        return _image(scene, block)
    check_pixels(scene, pixels)
    if _needs_all(scene):
        image = _image(scene, block)
        return torch.stack([image[slow, fast] for slow, fast in pixels])
    return _some(scene, pixels)


def _image(scene: Scene, block: int) -> Tensor:
    detector, like = scene.detector, scene.detector.pix0
    image = like.new_zeros(detector.pixels_slow, detector.pixels_fast)
    carried = Carried(swept=False, interpolating=scene.factors.interpolate)
    for part in blocks(scene, block):
        values, carried = _block(scene, part, carried)
        rows, columns = part.rows, part.columns
        image[rows.start : rows.stop, columns.start : columns.stop] = values
    return tap(image, "image", PIXEL, unit="photon")


def _some(scene: Scene, pixels: Pixels) -> Tensor:
    """Only these pixels, each a block of its own."""
    first = _first_pixel(scene)
    values = []
    for slow, fast in pixels:
        value = scene.detector.pix0.new_zeros(())
        if slow in scene.rows and fast in scene.columns:
            part = Block(range(slow, slow + 1), range(fast, fast + 1))
            swept = (slow, fast) != first
            photons, _ = _block(
                scene, part, Carried(swept, scene.factors.interpolate)
            )
            value = photons[0, 0]
        with scope("pixel", slow=slow, fast=fast):
            values.append(tap(value, "image", unit="photon"))
    return torch.stack(values)


def _block(
    scene: Scene, part: Block, carried: Carried
) -> tuple[Tensor, Carried]:
    with scope("block", slow=part.rows.start, fast=part.columns.start):
        values, left = diffract(scene, part, carried)
    return values, Carried(bool(left.swept), bool(left.interpolating))


def blocks(scene: Scene, size: int) -> Iterator[Block]:
    """Blocks of about ``size`` samples, in the order of the C program.

    Whole rows, or parts of one row where a row is too long.
    """
    samples = scene.steps * scene.detector.layers
    rows, columns = scene.rows, scene.columns
    at_once = max(1, size // samples)
    height = max(1, at_once // max(1, len(columns)))
    width = min(len(columns), at_once) if height == 1 else len(columns)
    for slow in rows[::height]:
        below = range(slow, min(slow + height, rows.stop))
        for fast in columns[:: max(1, width)]:
            yield Block(below, range(fast, min(fast + width, columns.stop)))


def _needs_all(scene: Scene) -> bool:
    """Whether a pixel's value depends on the pixels before it."""
    if scene.factors.interpolate and scene.quirks.interpolation_switch_off:
        return True
    return scene.crystal.carries and scene.dmin > 0.0


def _first_pixel(scene: Scene) -> tuple[int, int] | None:
    """The pixel that the C program starts with, None where there is none."""
    for slow in scene.rows:
        for fast in scene.columns:
            if scene.mask is None or bool(scene.mask[slow, fast]):
                return slow, fast
    return None


def check_pixels(scene: Scene, pixels: Pixels) -> None:
    """Refuse pixels that the detector doesn't have.

    Raises:
        SimulatorError: it names the pixel and the detector's size.
    """
    detector = scene.detector
    for slow, fast in pixels:
        if not (
            0 <= slow < detector.pixels_slow
            and 0 <= fast < detector.pixels_fast
        ):
            raise SimulatorError(
                f"pixel (slow {slow}, fast {fast}): the detector has "
                f"{detector.pixels_slow} x {detector.pixels_fast} pixels, "
                "counted from 0"
            )
