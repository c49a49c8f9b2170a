"""The pair's taps against each other and against the real program's logs."""

import json
import shutil
from pathlib import Path

import pytest

import tracekit as tk
from simulator.__main__ import main
from tests.shared_files import NANOBRAGG, needs_shared

POLICY = Path(__file__).parents[2] / "simulator" / "policy.toml"
CASES = NANOBRAGG / "cases"
INPUTS = {".hkl", ".mat", ".txt"}

CUBIC = "-cell 100 100 100 90 90 90 -N 5 -lambda 1 -distance 100 -detpixels 64"
TILTED = (
    "-cell 70 80 90 75 85 95 -Na 4 -Nb 5 -Nc 6 -lambda 1.1 -distance 100 "
    "-detpixels 64 -misset 10 20 30 -polar 0.7 -Xbeam 3.1 -Ybeam 2.7 "
    "-detector_rotx 5 -detector_roty 3 -detector_rotz 2 -twotheta 15"
)
LOOPS = (
    "-oversample 2 -phi 7 -osc 0.4 -phisteps 2 -mosaic 0.3 -mosaic_domains 2 "
    "-detector_abs 500 -detector_thick 300 -detector_thicksteps 2"
)


def simulate(arguments: list[str], pixels: list[list[int]]) -> Path:
    """Record pixels in the current directory; returns the trace."""
    backend = arguments[arguments.index("--backend") + 1]
    words = [*arguments, "--trace", f"{backend}.trace"]
    for slow, fast in pixels:
        words += ["--trace-pixel", str(slow), str(fast)]
    assert main(words) == 0
    return Path(f"{backend}.trace")


def explain(result: tk.Comparison) -> str:
    """The report, for a failing test."""
    return f"\n{result}"


@pytest.mark.parametrize(
    "problem",
    [
        f"{CUBIC} -default_F 100 -oversample 2 -xds",
        f"{TILTED} -default_F 100 -oversample 1",
        f"{TILTED} -default_F 100 {LOOPS}",
        f"{CUBIC} -default_F 7 -oversample 1 -denzo -dmin 3 -water 10",
    ],
)
def test_both_programs_agree_on_every_tap(
    problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C and PyTorch have the same taps, facts and numbers."""
    monkeypatch.chdir(tmp_path)
    pixels = [[0, 0], [10, 52]]
    torch, c = (
        simulate([*problem.split(), "--backend", backend], pixels)
        for backend in ("torch", "c")
    )
    result = tk.compare(torch, c, policy=POLICY)
    assert result.verdict == "close", explain(result)
    assert result.gaps == []
    differing = [f for f in result.configuration if f["kind"] == "differs"]
    assert [f["key"] for f in differing if f["decisive"]] == []
    assert len(result.taps) > 40


def cases() -> list[str]:
    """Names of the real program's cases with logs of their own arguments."""
    if not CASES.is_dir():
        return ["absent"]
    return sorted(
        path.parent.name
        for path in CASES.glob("*/case.json")
        if "traced_pixels_slow_fast" in json.loads(path.read_text())
    )


@needs_shared
@pytest.mark.parametrize("name", cases())
def test_every_case_of_the_real_program_is_close(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our PyTorch run agrees with the real logs, tap by tap."""
    monkeypatch.chdir(tmp_path)
    case = json.loads((CASES / name / "case.json").read_text())
    for path in (CASES / name).iterdir():
        if path.suffix in INPUTS or f"{name}/{path.name}" == (
            "fdump_reuse_64/Fdump.bin"
        ):
            shutil.copy(path, tmp_path)
    trace = simulate(
        [*case["args"], "--backend", "torch"], case["traced_pixels_slow_fast"]
    )
    for log in sorted((CASES / name).glob("trace_tap5_*.log")):
        result = tk.compare(trace, log, policy=POLICY)
        assert result.verdict == "close", explain(result)
        assert result.summary["compared"] > 30
        assert sum(row["derived"] is not None for row in result.taps) >= 4


@needs_shared
@pytest.mark.parametrize("oversample", [1, 2])
@pytest.mark.parametrize("pixel", [[0, 0], [2048, 2048]])
def test_the_pixels_of_the_story_are_close(
    oversample: int,
    pixel: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The edge and the centre that took 37 attempts agree."""
    monkeypatch.chdir(tmp_path)
    folder = CASES / "vecparity_4096"
    arguments = json.loads((folder / "case.json").read_text())["args"]
    slow, fast = pixel
    trace = simulate(
        [
            *arguments,
            *("-oversample", str(oversample)),
            *("--backend", "torch"),
        ],
        [pixel],
    )
    # the file name says what the log's own lines say as well
    log = folder / f"trace_tap5_os{oversample}_{slow}_{fast}.log"
    result = tk.compare(trace, log, policy=POLICY)
    assert result.verdict == "close", explain(result)
