"""A float32 run beside the C program, under the policy made for it."""

from pathlib import Path

import pytest
import torch

import tracekit as tk
from simulator import parse_options, simulate
from simulator.__main__ import main

FOLDER = Path(__file__).parents[2] / "simulator"
PIXELS = [(0, 0), (10, 52), (31, 33)]
PROBLEM = (
    "-cell 70 80 90 75 85 95 -Na 4 -Nb 5 -Nc 6 -default_F 100 -lambda 1.1"
    " -distance 100 -detpixels 64 -misset 10 20 30 -polar 0.7 -oversample 2"
)


@pytest.fixture
def runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[tk.Trace, Path]:
    """Traces of PyTorch in float32 and of C in float64."""
    monkeypatch.chdir(tmp_path)
    with tk.record(pixels=PIXELS, program="simulator") as recording:
        image = simulate(parse_options(PROBLEM.split()), dtype=torch.float32)
    assert image.dtype == torch.float32
    words = [*PROBLEM.split(), "--backend", "c", "--trace", "c.trace"]
    for slow, fast in PIXELS:
        words += ["--trace-pixel", str(slow), str(fast)]
    assert main(words) == 0
    return recording.trace, tmp_path / "c.trace"


def test_a_float32_run_is_close_under_its_own_policy(
    runs: tuple[tk.Trace, Path],
) -> None:
    """Every tap meets its bound, under this policy and not under float64's."""
    single = tk.compare(*runs, policy=FOLDER / "policy_float32.toml")
    assert single.verdict == "close", f"\n{single}"
    assert single.summary["compared"] > 30
    double = tk.compare(*runs, policy=FOLDER / "policy.toml")
    assert double.verdict == "diverged", f"\n{double}"
