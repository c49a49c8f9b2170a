"""An image, block by block of rows, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from simulator.bragg import Carried
from simulator.diffract import diffract
from simulator.errors import SimulatorError
from simulator.facts import state_problem, tap_shared
from simulator.options import Options
from simulator.quirks import Quirks
from simulator.samples import PIXEL, Block, Grid
from simulator.scene import Scene, build_scene, placed
from tracekit import scope, tap

# Samples of one block: smaller blocks spend their time in Python, larger ones
# leave the cache (simulator_speed.py prints both). Compiled code passes over
# them once, so the cache matters less to it.
BLOCK = 3 << 16
COMPILED_BLOCK = 1 << 19
# What PyTorch calls asking whether a constant still is what it was.
_CONSTANT = ("BUILTIN_MATCH", "CONSTANT_MATCH", "EQUALS_MATCH",
             "SEQUENCE_LENGTH")  # fmt: skip
Pixels = Sequence[tuple[int, int]]
Kernel = Callable[[Scene, Grid, Carried], tuple[Tensor, Carried]]


def simulate(
    problem: Options | Scene,
    *,
    pixels: Pixels | None = None,
    quirks: Quirks | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float64,
    compiled: bool = False,
    block: int | None = None,
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
        compiled: whether the blocks are computed by ``torch.compile``; the
            first block of each new problem then takes seconds.
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
    if compiled:
        with _many_graphs():
            size = block or COMPILED_BLOCK
            return _computed(scene, pixels, size, _compiled())
    return _computed(scene, pixels, block or BLOCK, diffract)


def _computed(
    scene: Scene, pixels: Pixels | None, size: int, kernel: Kernel
) -> Tensor:
    if pixels is None:
        return _image(scene, size, kernel)
    check_pixels(scene, pixels)
    if _needs_all(scene):
        image = _image(scene, size, kernel)
        return torch.stack([image[slow, fast] for slow, fast in pixels])
    return _some(scene, pixels, kernel)


def _image(scene: Scene, size: int, kernel: Kernel) -> Tensor:
    detector, like = scene.detector, scene.detector.pix0
    image = like.new_zeros(detector.pixels_slow, detector.pixels_fast)
    _keep_memory()
    carried = Carried(swept=False, interpolating=scene.factors.interpolate)
    for part in blocks(scene, size, alike=kernel is not diffract):
        values, carried = _block(scene, part, carried, kernel)
        image[part.place] = values
    return tap(image, "image", PIXEL, unit="photon")


def _compiled() -> Kernel:
    """``diffract`` as one graph for each problem and shape of a block."""
    options: dict[str, Any] = {}
    if hasattr(torch.compiler, "skip_guard_on_globals_unsafe"):
        # filters of guards came with some that PyTorch ships
        options["guard_filter_fn"] = _may_change
    return torch.compile(
        diffract, fullgraph=True, dynamic=False, options=options
    )


def _may_change(guards: Sequence[Any]) -> list[bool]:
    """Of what a graph was made for, what PyTorch asks before each block.

    Not built-in functions and the constants of modules, a hundred of them. It
    does ask for functions that tracekit can replace, and who records.
    """
    return [
        not guard.is_global
        or guard.guard_type not in _CONSTANT
        or "._state." in guard.name
        for guard in guards
    ]


def _many_graphs() -> AbstractContextManager[None]:
    """Room for more than the eight problems at which PyTorch gives up."""
    from torch._dynamo import config

    # as PyTorch 2.6 calls them; newer ones know these names, too
    limits = {"cache_size_limit": 4096, "accumulated_cache_size_limit": 4096}
    room: AbstractContextManager[None] = config.patch(limits)
    return room


def _keep_memory() -> None:
    """Let glibc keep freed planes instead of giving their pages back.

    By default each block asks the system for its memory anew, which costs a
    third of the time. A large allocation that comes and goes (at most 32
    MiB; it is never touched) makes glibc keep twice as much.
    """
    torch.empty(31 << 20, dtype=torch.uint8)


def _some(scene: Scene, pixels: Pixels, kernel: Kernel) -> Tensor:
    """Only these pixels, each a block of its own."""
    first = _first_pixel(scene)
    values = []
    for slow, fast in pixels:
        value = scene.detector.pix0.new_zeros(())
        if slow in scene.rows and fast in scene.columns:
            part = Block(range(slow, slow + 1), range(fast, fast + 1))
            swept = (slow, fast) != first
            carried = Carried(swept, scene.factors.interpolate)
            photons, _ = _block(scene, part, carried, kernel)
            value = photons[0, 0]
        with scope("pixel", slow=slow, fast=fast):
            values.append(tap(value, "image", unit="photon"))
    return torch.stack(values)


def _block(
    scene: Scene, part: Block, carried: Carried, kernel: Kernel
) -> tuple[Tensor, Carried]:
    grid = part.grid(scene.detector.pix0.device)
    with scope("block", slow=part.rows, fast=part.columns):
        values, left = kernel(scene, grid, carried)
    return values, Carried(bool(left.swept), bool(left.interpolating))


def blocks(scene: Scene, size: int, *, alike: bool = False) -> Iterator[Block]:
    """Blocks of about ``size`` samples, in the order of the C program.

    Whole rows, or parts of one row where a row is too long. Blocks that are
    alike have as equal heights as may be: compiled code wants few shapes.
    """
    samples = scene.steps * scene.detector.layers
    rows, columns = scene.rows, scene.columns
    at_once = max(1, size // samples)
    height = max(1, at_once // max(1, len(columns)))
    if alike:
        height = _even(len(rows), height)
    width = min(len(columns), at_once) if height == 1 else len(columns)
    for slow in rows[::height]:
        below = range(slow, min(slow + height, rows.stop))
        for fast in columns[:: max(1, width)]:
            yield Block(below, range(fast, min(fast + width, columns.stop)))


def _even(rows: int, height: int) -> int:
    """The largest divisor of the rows up to a height, if it is near it.

    Else the height that spreads the rows evenly: the last block is shorter.
    """
    for divisor in range(min(height, rows), height // 2, -1):
        if rows % divisor == 0:
            return divisor
    return -(-rows // -(-rows // height))


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
