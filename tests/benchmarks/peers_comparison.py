"""What tracekit and four peers say about the same faults.

The task of ``tests/queries/test_common_task.py``, at any size: a sign flip
that heals, a drift, one NaN inside it, a missing tap, an ulp of noise. The
peers are installed into a temporary environment; each is run with its default
tolerances and with tight ones, where it has any.

    python tests/benchmarks/peers_comparison.py [--size 200]

prints a Markdown table: of each tool's output the line that a reader would
look at for each fault, as it stands, or "nothing" where there is none; and how
many lines there are. ``--full TOOL`` prints all that one of them says.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

PEERS = ("polygraphy", "datacompy", "reprod_log")
TAPS = {
    "pixel_pos": 0.1, "obliq_cos": 1.0, "airpath": 2.0, "r_abs": 0.2,
    "omega_pixel_sr": 1.8e-7, "h_frac": 3.0, "k_frac": 4.0, "l_frac": 5.0,
    "f_latt": 100.0, "f_cell": 50.0, "capture": 1e-3, "intensity": 1e4,
}  # fmt: skip
Side = dict[str, Any]


def sides(size: int) -> tuple[Side, Side]:
    """Actual and expected: arrays by tap, in program order."""
    base = np.random.default_rng(1).uniform(0.5, 1.0, (size, size))
    rng = np.random.default_rng(2)
    expected = {tap: base * scale for tap, scale in TAPS.items()}
    actual = {}
    for number, (tap, values) in enumerate(expected.items(), 1):
        noisy = rng.random(values.shape) < 0.1
        wrong = np.where(noisy, np.nextafter(values, 0), values)
        if tap in ("obliq_cos", "airpath"):
            wrong[20:30, 40:50] *= -1
        if number >= 5:
            wrong *= 1 + 1e-6
        if tap == "k_frac":
            wrong[12, 34] = np.nan
        if tap != "f_cell":
            actual[tap] = wrong
    return actual, expected


def tracekit_says(actual: Side, expected: Side) -> str:
    """The report of ``tk.compare``."""
    import tracekit as tk

    def trace(side: Side) -> tk.Trace:
        with tk.record() as recording:
            for tap, values in side.items():
                tk.tap(values, tap, "slow fast")
        return recording.trace

    return str(tk.compare(trace(actual), trace(expected)))


def assert_close_says(actual: Side, expected: Side) -> str:
    """The error of ``torch.testing.assert_close`` on two mappings."""
    import torch

    a, e = (
        {k: torch.from_numpy(v) for k, v in s.items()}
        for s in (actual, expected)
    )
    try:
        torch.testing.assert_close(a, e)
    except AssertionError as error:
        return str(error)
    return "no error"


def assert_close_common_says(actual: Side, expected: Side) -> str:
    """The same where the missing tap has been taken out by hand."""
    common = {k: v for k, v in expected.items() if k in actual}
    return assert_close_says(actual, common)


def polygraphy_says(actual: Side, expected: Side, **tolerance: float) -> str:
    """The log of Polygraphy's ``Comparator.compare_accuracy``."""
    polygraphy: Any = import_module("polygraphy.comparator")
    logger: Any = import_module("polygraphy.logger").G_LOGGER
    results = polygraphy.RunResults()
    for name, side in (("actual", actual), ("expected", expected)):
        results[name] = [
            polygraphy.IterationResult(outputs=dict(side), runner_name=name)
        ]
    logger.module_severity = logger.INFO
    done = polygraphy.Comparator.compare_accuracy(
        results, compare_func=polygraphy.SimpleCompareFunc(**tolerance)
    )
    print("compare_accuracy:", bool(done))
    return ""


def polygraphy_tight_says(actual: Side, expected: Side) -> str:
    """The same, with tolerances that a drift of 1e-6 can't pass."""
    return polygraphy_says(actual, expected, rtol=1e-9, atol=1e-300)


_POLYGRAPHY = (
    r"(PASSED|FAILED) \| Output: 'obliq_cos'.*",
    r"(PASSED|FAILED) \| Output: 'omega_pixel_sr'.*",
    r"(?<=Error Metrics: k_frac\n).*",
    r".*f_cell.*",
)


def datacompy_says(actual: Side, expected: Side) -> str:
    """The report of datacompy on one row a pixel, one column a tap."""
    datacompy: Any = import_module("datacompy")
    pd: Any = import_module("pandas")

    frames = [
        pd.DataFrame(
            {"pixel": np.arange(side["pixel_pos"].size)}
            | {tap: values.ravel() for tap, values in side.items()}
        )
        for side in (actual, expected)
    ]
    compared = datacompy.PandasCompare(
        *frames, join_columns="pixel", rel_tol=1e-9
    )
    return str(compared.report())


def reprod_log_says(actual: Side, expected: Side) -> str:
    """The log of reprod_log's ``ReprodDiffHelper``."""
    import types

    # it imports paddle for tensors, which play no part here
    class Stub(types.ModuleType):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return Stub(name) if name.islower() else np.ndarray

    sys.modules.setdefault("paddle", Stub("paddle"))
    helper_type: Any = import_module("reprod_log").ReprodDiffHelper

    helper = helper_type()
    common = {k: v for k, v in expected.items() if k in actual}
    helper.compare_info(actual, common)
    helper.report(diff_threshold=1e-9)
    try:
        helper_type().compare_info(actual, expected)
    except Exception as error:
        print(f"with the missing tap: {type(error).__name__}: {error}")
    return ""


Lines = tuple[str, str, str, str]

# Of each tool the lines that speak of: the flip, the drift's beginning, the
# NaN, the missing tap.
TOOLS: dict[str, tuple[Callable[[Side, Side], str], Lines]] = {
    "tracekit": (
        tracekit_says,
        (
            r"^  obliq_cos: .*",
            r"^  omega_pixel_sr: .*",
            r"^  k_frac: .*",
            r"^  f_cell: .*",
        ),
    ),
    "assert_close": (
        assert_close_says,
        ("obliq_cos", "omega_pixel_sr", "k_frac", r"^Missing.*f_cell.*"),
    ),
    "assert_close, f_cell removed by hand": (
        assert_close_common_says,
        (
            r".*(obliq_cos|airpath).*",
            r"omega_pixel_sr",
            "k_frac|nan",
            "f_cell",
        ),
    ),
    "Polygraphy": (polygraphy_says, _POLYGRAPHY),
    "Polygraphy, rel 1e-9": (polygraphy_tight_says, _POLYGRAPHY),
    "datacompy, rel 1e-9": (
        datacompy_says,
        (
            r"^obliq_cos .*",
            r"^omega_pixel_sr .*",
            r"^k_frac .*",
            r".*'f_cell'.*",
        ),
    ),
    "reprod_log, 1e-9, f_cell removed by hand": (
        reprod_log_says,
        (
            r"(?<=obliq_cos: \n).*",
            r"(?<=omega_pixel_sr: \n).*",
            r"(?<=k_frac: \n).*",
            r"^with the missing tap.*",
        ),
    ),
}


def main() -> None:
    """Install the peers, ask all, print what they say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--full", choices=TOOLS)
    parser.add_argument("--tool", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        _ask(options.tool, options.size)
        return
    with tempfile.TemporaryDirectory() as folder:
        python = _environment(Path(folder))
        print("| tool | flip | drift | NaN | missing tap | lines |")
        print("|---|---|---|---|---|---|")
        for tool, (_, lines) in TOOLS.items():
            if options.full in (None, tool):
                said = _output(python, tool, options.size)
                print(said if options.full else _row(tool, said, lines))


def _row(tool: str, said: str, lines: Lines) -> str:
    cells = [tool]
    for line in lines:
        found = re.search(line, said, re.MULTILINE)
        text = " ".join(found[0].split()) if found else "nothing"
        text = re.sub(r"^\[\d.*?INFO: ", "", text)
        cells.append(text.replace("|", "\\|"))
    return f"| {' | '.join((*cells, str(len(said.splitlines()))))} |"


def _output(python: Path, tool: str, size: int) -> str:
    done = subprocess.run(
        [python, __file__, "--tool", tool, "--size", str(size)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else done.stderr


def _environment(folder: Path) -> Path:
    """A Python with the peers, which sees this one's packages as well."""
    venv.create(folder, with_pip=True)
    site = next(folder.glob("lib/python*/site-packages"))
    root = Path(__file__).resolve().parents[2]
    paths = (sysconfig.get_path("purelib"), str(root))
    (site / "outer.pth").write_text("\n".join(paths) + "\n")
    python = folder / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *PEERS], check=True
    )
    return python


def _ask(tool: str, size: int) -> None:
    actual, expected = sides(size)
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        said.write(TOOLS[tool][0](actual, expected))
    print(said.getvalue())


if __name__ == "__main__":
    main()
