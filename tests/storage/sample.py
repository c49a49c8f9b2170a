"""The trace of tests/storage/samples: every kind of element, once.

``python -m tests.storage.sample DIRECTORY`` writes it as today's tracekit
does. A sample of an older format version is never written again.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from tests.queries.blueprint import fired, traced
from tracekit.schema import ConfigValue, Coverage, FileUse, Reject, Run
from tracekit.storage.trace import Trace


def sample() -> Trace:
    """What the committed samples hold."""
    floats = np.array([1.5, -0.0, math.nan, math.inf, 5e-324, -2.25])
    pixels: dict[str, Any] = {"slow": range(2), "fast": range(3)}
    return traced(
        fired("fluence", 1.25e24, unit="photon/m^2"),
        fired("image", floats, unit="photon", **pixels),
        fired("narrow", floats.astype(np.float32), **pixels),
        fired("hkl", [1, -2, 3], component=range(3), labels=["h", "k", "l"]),
        fired("large", np.uint64(2**64 - 1)),
        fired("inside", True, phi=1),
        fired("inside", False, phi=2),
        fired("shape", texts=["round"]),
        fired("printed", [0.1, 0.25], n=range(2), digits=6, quantum=[-6, -7]),
        run=Run(program="sample", family="python", facts={"host": "here"}),
        config=[ConfigValue("distance", 0.1, unit="m", origin="sample")],
        files=[FileUse("a.hkl", "input", sha256="0" * 64, size=3)],
        coverage=[Coverage(("phi",), selected=((1,), (2,)))],
        rejects=[Reject("run.log", 7, "not understood", "???")],
    )


if __name__ == "__main__":
    sample().save(sys.argv[1])
