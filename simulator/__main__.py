"""``python -m simulator``: nanoBragg's options, and these of ours.

  --trace DIR          record the run's taps there
  --trace-pixel S F    a pixel (slow, fast) to record; repeatable
  --taps LIST          names or globs to record, separated by commas
  --image FILE.npy     the image in float64 (-floatfile stays float32)
  --backend torch|c    this program, or the same physics in C
  --compiled           with torch.compile: seconds to start, then 3 times
                       faster; records no taps
  --without QUIRK      don't reproduce this bug of nanoBragg; repeatable
  --hkl-column NAME    which amplitudes of an MTZ or CIF file (-hkl F.mtz)
  --expand-symmetry    fill the sphere by that file's space group
  --quirks             list these bugs
  --help               this text

A run that traces pixels and writes no image computes only these pixels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simulator.blocks import Pixels, check_pixels, simulate
from simulator.c_backend import run_c
from simulator.errors import SimulatorError
from simulator.images import (
    Header,
    Image,
    region_of,
    write_float,
    write_pgm,
    write_smv,
)
from simulator.options import Options, parse_options
from simulator.quirks import Quirks
from simulator.reflections import SUFFIXES
from simulator.scene import Scene, build_scene
from simulator.units import RTD
from simulator.vectors import dot
from tracekit import config, record
from tracekit.errors import TracekitError


@dataclass(slots=True)
class Command:
    """Our own options, and the rest, which is nanoBragg's."""

    trace: Path | None = None
    pixels: list[tuple[int, int]] = field(default_factory=list)
    taps: list[str] | None = None
    image: Path | None = None
    backend: str = "torch"
    compiled: bool = False
    without: list[str] = field(default_factory=list)
    hkl_column: str | None = None
    expand_symmetry: bool = False
    rest: list[str] = field(default_factory=list)


# Options with one value: the field, and what it becomes.
_READ: dict[str, Callable[[str], tuple[str, Any]]] = {
    "--trace": lambda text: ("trace", Path(text)),
    "--taps": lambda text: ("taps", [tap for tap in text.split(",") if tap]),
    "--image": lambda text: ("image", Path(text)),
    "--backend": lambda text: ("backend", text),
    "--hkl-column": lambda text: ("hkl_column", text),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if "--help" in words or not words:
        sys.stdout.write(f"{__doc__}\n")
        return 0
    if "--quirks" in words:
        sys.stdout.write(f"{Quirks.__doc__}\n")
        return 0
    try:
        command = read_command(words)
        if command.backend == "c":
            _refuse_columns(command)
            return run_c(
                command.rest,
                trace=command.trace,
                pixels=command.pixels,
                taps=command.taps,
                image=command.image,
                without=command.without,
            )
        _run(command)
    except (SimulatorError, TracekitError, OSError) as error:
        return _failed(str(error))
    except (MemoryError, RuntimeError) as error:
        if "allocate" not in str(error):
            raise
        return _failed("no memory for so many pixels or samples")
    return 0


def _failed(message: str) -> int:
    sys.stderr.write(f"simulator: {message}\n")
    return 2


def _refuse_columns(command: Command) -> None:
    """The C program reads plain lists: say how to make one."""
    files = [Path(word) for word in command.rest]
    if (
        command.hkl_column is not None
        or command.expand_symmetry
        or any(path.suffix.lower() in SUFFIXES for path in files)
    ):
        raise SimulatorError(
            "--backend c reads structure factors from plain lists only; make "
            "one with python -m simulator.reflections, and give it to both "
            "programs with -hkl"
        )


def read_command(words: Sequence[str]) -> Command:
    """Separate our options from nanoBragg's.

    Raises:
        SimulatorError: a missing value, or an unknown option of ours.
    """
    command = Command()
    left = list(words)

    def take(name: str) -> str:
        if not left:
            raise SimulatorError(f"{name}: a value must follow")
        return left.pop(0)

    while left:
        name = left.pop(0)
        if name in _READ:
            setattr(command, *_READ[name](take(name)))
        elif name == "--trace-pixel":
            command.pixels.append(_pixel(take(name), take(name)))
        elif name == "--compiled":
            command.compiled = True
        elif name == "--without":
            command.without.append(take(name))
        elif name == "--expand-symmetry":
            command.expand_symmetry = True
        elif name.startswith("--"):
            raise SimulatorError(f"{name}: unknown option; see --help")
        else:
            command.rest.append(name)
    _check(command)
    return command


def _check(command: Command) -> None:
    """Refuse what doesn't go together."""
    if command.compiled and (command.trace or command.backend == "c"):
        raise SimulatorError(
            "--compiled: goes with neither --trace nor --backend c; compiled"
            " code records no taps"
        )
    if command.backend not in ("torch", "c"):
        raise SimulatorError(
            f"--backend {command.backend}: there are torch and c"
        )


def _pixel(slow: str, fast: str) -> tuple[int, int]:
    try:
        return int(slow), int(fast)
    except ValueError as error:
        raise SimulatorError(
            f"--trace-pixel {slow} {fast}: give the slow and the fast index"
        ) from error


def _run(command: Command) -> None:
    """Compute, record and write with PyTorch."""
    options = replace(
        parse_options(command.rest),
        hkl_column=command.hkl_column,
        expand_symmetry=command.expand_symmetry,
    )
    quirks = Quirks().without(command.without)
    pixels = [*command.pixels, *options.trace_pixels]
    with _recording(command, pixels), torch.no_grad():
        config("argv", " ".join(command.rest), decisive=False)
        scene = build_scene(options, quirks)
        check_pixels(scene, pixels)
        if command.trace and pixels and not _writes(command, options):
            simulate(scene, pixels=pixels)
            return
        image = simulate(scene, compiled=command.compiled).numpy()
    _write(command, options, scene, image)


def _recording(
    command: Command, pixels: Pixels
) -> AbstractContextManager[Any]:
    if command.trace is None:
        return nullcontext()
    return record(
        command.trace,
        pixels=pixels or None,
        taps=command.taps,
        program="simulator",
    )


def _writes(command: Command, options: Options) -> bool:
    files = (options.float_file, options.int_file, options.pgm_file)
    return command.image is not None or any(files)


def _write(
    command: Command, options: Options, scene: Scene, image: Image
) -> None:
    """Write the image files that were asked for."""
    if command.image is not None:
        with command.image.open("wb") as file:
            np.save(file, image)
    if options.float_file is not None:
        write_float(options.float_file, image)
    pgm_file = options.pgm_file if options.pgm else None
    if options.int_file is None and pgm_file is None:
        return
    single = image.astype(np.float32).astype(np.float64)
    mask = None if scene.mask is None else scene.mask.numpy()
    region = region_of(single, scene.rows, scene.columns, mask, options.scale)
    if options.int_file is not None:
        write_smv(
            options.int_file, single, region, _header(scene), options.adc
        )
    if pgm_file is not None:
        write_pgm(pgm_file, single, region, options.pgm_scale)


def _header(scene: Scene) -> Header:
    detector, crystal = scene.detector, scene.crystal
    beam = detector.distance * detector.axes.beam - detector.pix0
    pixel, slow = detector.pixel_size, float(dot(detector.slow, beam))
    x, y, z = detector.pix0.tolist()
    return Header(
        pixel_size=pixel,
        distance=float(detector.distance),
        close_distance=float(detector.close_distance),
        wavelength=float(scene.beam.central_wavelength),
        Xbeam=float(detector.centre.Xbeam),
        Ybeam=float(detector.centre.Ybeam),
        fast=float(dot(detector.fast, beam)),
        slow=slow,
        flipped=detector.extent_slow - slow,
        pix0=(x, y, z),
        foot=(
            float(detector.Fclose) / pixel + 0.5,
            float(detector.Sclose) / pixel + 0.5,
        ),
        phi_start=crystal.phi_start * RTD,
        oscillation=(crystal.phi_end - crystal.phi_start) * RTD,
        twotheta=float(detector.twotheta) * RTD,
    )


if __name__ == "__main__":
    sys.exit(main())
