"""Runs of the C program, the real one's cases, and trace lines."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from simulator import reference

SHARED = Path(
    os.environ.get("TRACEKIT_SHARED", Path(__file__).parents[3] / "shared")
)
CASES = SHARED / "nanobragg" / "cases"
NAMES = [p.parent.name for p in sorted(CASES.glob("*/image.npy"))]
needs_shared = pytest.mark.skipif(
    not NAMES, reason="the real program's images (TRACEKIT_SHARED) are absent"
)

TRICLINIC = "-cell 70 80 90 75 85 95"
SMALL = "-default_F 100 -distance 100 -pixel 0.1 -detpixels 64"
WORKED = (
    f"{TRICLINIC} {SMALL} -lambda 1.1 -Na 4 -Nb 5 -Nc 6 -misset 10 20 30"
    " -phi 7 -polar 0.7 -Xbeam 3.1 -Ybeam 2.7 -detector_rotx 5"
    " -detector_roty 3 -detector_rotz 2 -twotheta 15"
)
LOOPS = (
    " -osc 0.4 -phisteps 2 -mosaic 0.3 -mosaic_domains 2 -detector_abs 500"
    " -detector_thick 300 -detector_thicksteps 2"
)
CUBIC = f"-cell 100 100 100 90 90 90 {SMALL} -lambda 1 -N 5 -oversample 1"
TILTED = f"{TRICLINIC} {SMALL} -lambda 1 -N 5 -oversample 1"
TAP = re.compile(
    r"TRACEKIT tap (?P<name>\w+)(?P<at>(?: (?:slow|fast|layer|sub_slow|"
    r"sub_fast|source|phi|mosaic)=\d+)*) unit=(?P<unit>\S+) "
    r"type=(?:float64|int64)(?: components=(?:xyz|hkl))? : (?P<values>.+)"
)


def simulated(
    options: str | list[str], cwd: Path, kept: Path
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    words = options.split() if isinstance(options, str) else options
    reference.run(words, cwd, image="image.npy", directory=kept)
    image: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    image = np.load(cwd / "image.npy")
    return image


def prepared(name: str, cwd: Path) -> list[str]:
    """Copies a case's inputs, and not what its run left behind."""
    case = json.loads((CASES / name / "case.json").read_text())
    words: list[str] = case["args"]
    for path in (CASES / name).iterdir():
        left = path.name == "Fdump.bin" and "-hkl" in words
        if path.suffix in {".hkl", ".mat", ".txt", ".bin"} and not left:
            shutil.copyfile(path, cwd / path.name)
    return words


def own_values(log: str, name: str) -> list[list[float]]:
    """Of source 0, phi 0 and mosaic 0: the real program prints no others."""
    values = []
    for line in log.splitlines():
        match = TAP.fullmatch(line)
        if match is None or match["name"] != name:
            continue
        if not re.search(r" (source|phi|mosaic)=[1-9]", match["at"]):
            values.append([float(word) for word in match["values"].split()])
    return values
