"""The same two runs give the same answer, whatever computes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracekit as tk
from tests.queries.blueprint import fired, traced
from tracekit.storage.trace import Trace


def run(seed: int, side: int) -> Trace:
    """An image with ties, NaN and infinities, texts, vectors."""
    random = np.random.default_rng(seed)
    pixels: dict[str, Any] = {"slow": range(side), "fast": range(side)}
    base = np.sin(np.linspace(0, 9, side * side))
    image = base + random.normal(scale=1e-8, size=base.size).round(9)
    image[::1000] = np.nan if seed else np.inf
    return traced(
        fired("size", 0.1),
        fired("image", image, **pixels),
        fired("word", texts=[f"seed {seed}"]),
        fired("vector", image[:300], n=range(100), component=range(3)),
    )


def answers(actual: Trace, expected: Trace, times: int) -> set[str]:
    """Every answer that 1, 2 and 4 threads give, asked so often."""
    return {
        json.dumps(tk.compare(actual, expected, threads=threads).to_dict())
        for threads in [1, 2, 4] * times
    }


def test_same_bytes(tmp_path: Path) -> None:
    """Twenty comparisons with 1, 2 and 4 threads give the same JSON."""
    actual = run(1, side=40).save(tmp_path / "actual")
    expected = run(0, side=40).save(tmp_path / "expected")
    (answer,) = answers(actual, expected, times=7)
    assert json.loads(answer)["verdict"] == "diverged"


@pytest.mark.slow
def test_same_bytes_of_large_runs(tmp_path: Path) -> None:
    """So do runs that are large enough to be shared between the threads."""
    actual = run(1, side=340).save(tmp_path / "actual")
    expected = run(0, side=340).save(tmp_path / "expected")
    (answer,) = answers(actual, expected, times=7)
    assert json.loads(answer)["verdict"] == "diverged"
