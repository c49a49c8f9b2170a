"""The story that tracekit was born from, on the logs as they really were.

One command line ran twice, once beside a stale ``Fdump.bin``. Its authors
compared single numbers by hand and never compared the two configurations.
"""

from pathlib import Path

import pytest

import tracekit as tk
from tests.shared_files import NANOBRAGG, needs_shared

STALE = NANOBRAGG / "stale_fdump"
PHASE_C = NANOBRAGG / "real_logs/reports/2026-01-vectorization-parity/phase_c"
NAMED = {"hkls": (173166, 0), "Fdump_read": (1, 0)}


def facts(result: tk.Comparison) -> dict[str, tuple[object, object]]:
    """The configuration differences, key to (actual, expected)."""
    rows = result.to_dict()["configuration"]
    return {row["key"]: (row["actual"], row["expected"]) for row in rows}


def compare_stale(pixel: str) -> tk.Comparison:
    """The stale run against the clean one at a pixel."""
    name = f"pixel_{pixel}.log"
    return tk.compare(STALE / "stale" / name, STALE / "clean" / name)


@needs_shared
@pytest.mark.parametrize(
    ("pixel", "actual"), [("2048_2048", 0.0), ("1792_2048", 108.21)]
)
def test_the_stale_dump_is_named_then_f_cell(
    pixel: str, actual: float
) -> None:
    """The configuration names the cause, the first divergence is F_cell."""
    result = compare_stale(pixel)
    assert NAMED.items() <= facts(result).items()
    first = result.to_dict()["first_divergence"]
    assert first["tap"] == "F_cell"
    assert first["pixel"] == [int(index) for index in pixel.split("_")]
    assert (first["actual"], first["expected"]) == (actual, 100.0)
    assert result.verdict == "diverged"


@needs_shared
def test_the_untouched_pixel_has_no_divergence_but_the_runs_differ() -> None:
    """A pixel outside the dump's box agrees; the problem is another still."""
    result = compare_stale("4095_2048")
    assert result.first_divergence is None
    assert NAMED.items() <= facts(result).items()
    assert result.verdict == "diverged"


@needs_shared
@pytest.mark.parametrize(
    ("pixel", "actual"), [("2048_2048", 0.0), ("1792_2048", 108.21)]
)
def test_the_logs_as_their_authors_had_them(pixel: str, actual: float) -> None:
    """A log that was cut to its trace lines states no hkls: that is shown."""
    name = Path("c_traces") / f"pixel_{pixel}.log"
    result = tk.compare(
        PHASE_C / "20251010T053711Z" / name,
        PHASE_C / "20251010T044847Z" / name,
    )
    assert facts(result)["hkls"] == (None, 0)
    first = result.to_dict()["first_divergence"]
    assert (first["tap"], first["actual"]) == ("F_cell", actual)


LOG = """\
{read}  {hkls} initialized hkls (all others =100)
TRACE_CONFIG: tracing pixel (spixel=2048, fpixel=2048)
TRACE_C: pix0_vector_meters 0.5 0.10245 -0.10245
TRACE_C: hkl_frac -4.99999996961265e-07 0.0099999999749989 -0.0099999999749989
TRACE_C: F_latt 124.016086806106
TRACE_C: F_cell {amplitude}
TRACE_C: I_before_scaling {intensity}
"""


def test_the_story_in_a_few_lines(tmp_path: Path) -> None:
    """The same answers from a short log in the same grammar."""
    logs = {
        "stale": LOG.format(
            read="reading Fs from Fdump.bin\n",
            hkls=173166,
            amplitude=0,
            intensity=0,
        ),
        "clean": LOG.format(
            read="", hkls=0, amplitude=100, intensity=153799897.866996
        ),
    }
    for name, text in logs.items():
        (tmp_path / f"{name}.log").write_text(text)
    result = tk.compare(tmp_path / "stale.log", tmp_path / "clean.log")
    assert NAMED.items() <= facts(result).items()
    first = result.to_dict()["first_divergence"]
    assert first["tap"] == "F_cell"
    assert first["pixel"] == [2048, 2048]
    assert (first["actual"], first["expected"]) == (0.0, 100.0)
    assert first["unit"] == "electron"
