"""The numbered taps: SQL over the taps that both programs have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import tracekit as tk
from simulator.__main__ import main
from tests.queries.blueprint import Row, fired, traced
from tracekit.storage.trace import Trace

SQL = Path(__file__).parents[2] / "simulator" / "queries"
SMALL = (
    "-cell 70 80 90 75 85 95 -default_F 7 -distance 100 -pixel 0.1"
    " -detpixels 16 -lambda 1 -N 5 -oversample 2 -hkl list.hkl"
    " -detector_abs 500 -detector_thick 450 -water 30 -polar 0.8"
)
FLAGS = "-oversample_thick -oversample_polar -oversample_omega"
HKL: dict[str, Any] = {"component": range(3), "labels": ("h", "k", "l")}


def numbered(name: str, trace: Trace | Path, **at: int) -> list[Row]:
    """The rows of a numbered tap."""
    con = tk.connect(trace=trace)
    sql = (SQL / f"{name}.sql").read_text()
    answer = con.execute(sql, at or None)
    columns = [column[0] for column in answer.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


@pytest.fixture(scope="module", params=["", FLAGS], ids=["once", "each"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    """Traces of both programs, with the factors once or for each sample."""
    place = tmp_path_factory.mktemp("pair")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        Path("list.hkl").write_text("0 0 0 3\n1 0 0 0\n0 -2 -1 9\n")
        for backend in ("torch", "c"):
            words = f"{SMALL} {request.param} --backend {backend}"
            words += f" -roi 0 9 0 15 --trace {backend}.trace"
            words += " --trace-pixel 3 5 --trace-pixel 3 12"
            assert main(words.split()) == 0
    return {name: place / f"{name}.trace" for name in ("torch", "c")}


@pytest.mark.parametrize("name", sorted(p.stem for p in SQL.glob("*.sql")))
def test_both_programs_have_the_numbered_taps(
    name: str, pair: Mapping[str, Path]
) -> None:
    """Each has one row for the pixel, or one a fact, and the same numbers."""
    at = {"slow": 3, "fast": 5}
    asks = "$slow" in (SQL / f"{name}.sql").read_text()
    torch, c = (
        numbered(name, pair[side], **at if asks else {})
        for side in ("torch", "c")
    )
    known = {row["key"] for row in c} if name == "config_snapshot" else set()
    torch = [row for row in torch if not known or row["key"] in known]
    assert len(torch) == len(c) >= 1
    for ours, theirs in zip(torch, c, strict=True):
        same(ours, theirs)


def same(ours: Any, theirs: Any) -> None:
    """Equal, and numbers equal to 1e-12."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for key, value in ours.items():
            if key not in ("text", "unit"):
                same(value, theirs[key])
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            same(one, other)
    elif isinstance(ours, float):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-300)
    else:
        assert ours == theirs


def test_the_factors_explain_the_photons(pair: Mapping[str, Path]) -> None:
    """Photons are the sum, r_e^2 fluence / steps and the outer factors."""
    at = {"slow": 3, "fast": 5}
    (norm,) = numbered("intensity_pre_norm", pair["c"], **at)
    (post,) = numbered("intensity_post_scale", pair["c"], **at)
    (final,) = numbered("final_output", pair["c"], **at)
    scaled = post["r_e_sqr"] * post["fluence"] * norm["accumulated_intensity"]
    assert post["physical_intensity"] == pytest.approx(scaled / norm["steps"])
    assert post["water_background"] > 0
    flags = numbered("config_snapshot", pair["c"])
    inside = {r["key"]: r["value"] for r in flags}["oversample_omega"]
    factors = norm["last_omega_applied"] * norm["last_capture_fraction"]
    factors *= norm["last_polar"]
    photons = post["physical_intensity"] * (1 if inside else factors)
    assert norm["normalized_intensity"] == pytest.approx(photons, rel=1e-14)
    assert final == {
        "side": "trace",
        "intensity_before_mask": norm["normalized_intensity"],
        "roi_mask_value": 1,
        "intensity_after_mask": norm["normalized_intensity"],
    }


def test_the_sum_grows_by_its_terms(pair: Mapping[str, Path]) -> None:
    """I_accum follows from I_term and the factors, sample by sample."""
    at = {"slow": 3, "fast": 5}
    (found,) = numbered("accumulation", pair["torch"], **at)
    (post,) = numbered("intensity_post_scale", pair["torch"], **at)
    flags = numbered("config_snapshot", pair["torch"])
    inside = {r["key"]: r["value"] for r in flags}["oversample_omega"]
    total = post["water_background"]
    for sample in found["samples"]:
        assert sample["I_term"] == pytest.approx(
            sample["F_cell"] ** 2 * sample["F_latt"] ** 2, rel=1e-14
        )
        total += sample["I_term"]
        if inside:
            total *= sample["capture_fraction"] * sample["polar"]
            total *= sample["omega"]
        assert sample["I_accum"] == pytest.approx(total, rel=1e-14)
    assert len(found["samples"]) == 2 * 4
    assert found["samples"][-1]["I_accum"] == found["I_before_scaling"]
    factors = {(s["omega"], s["polar"]) for s in found["samples"]}
    assert len(factors) == (8 if inside else 1)


@pytest.mark.parametrize("side", ["torch", "c"])
def test_a_pixel_outside_the_region_is_said_to_be_left_out(
    side: str, pair: Mapping[str, Path]
) -> None:
    """It was never computed, and is 0 in the image."""
    (final,) = numbered("final_output", pair[side], slow=3, fast=12)
    assert final["intensity_before_mask"] is None
    assert final["roi_mask_value"] == 0
    assert final["intensity_after_mask"] == 0.0


def test_look_ups_are_counted() -> None:
    """Outside the table, zeros, the mean, and the range of the indices."""
    index: dict[str, Any] = {"slow": 1, "fast": 2, "phi": range(3)}
    trace = traced(
        fired("hkl_min", [0, 0, 0], **HKL),
        fired("hkl_max", [1, 1, 1], **HKL),
        fired("hkl_rounded", [0, 1, 1, 0, 0, 2, -1, 0, 0], **index, **HKL),
        fired("F_cell", [4.0, 0.0, 8.0], **index),
    )
    assert numbered("f_cell_stats", trace, slow=1, fast=2) == [
        {
            "side": "trace", "total_lookups": 3, "out_of_bounds_count": 2,
            "zero_f_count": 1, "mean_f_cell": 4.0,
            "hkl_bounds": {"h_min": -1, "h_max": 0, "k_min": 0, "k_max": 1,
                           "l_min": 0, "l_max": 2},
        }
    ]  # fmt: skip
    (found,) = numbered("hkl_subpixel", trace, slow=1, fast=2)
    outside = [x["out_of_bounds"] for x in found["subpixels"]]
    assert outside == [False, True, True]


def test_solid_angles_by_sub_pixel() -> None:
    """Extremes, mean, last and asymmetry of what was computed."""
    trace = traced(
        fired("omega", [1.0, 2.0, 3.0, 6.0], slow=0, fast=0,
              sub_slow=range(2), sub_fast=range(2)),
        fired("omega_applied", 6.0, slow=0, fast=0),
    )  # fmt: skip
    assert numbered("omega_subpixel", trace, slow=0, fast=0) == [
        {
            "side": "trace", "omega_values": [1.0, 2.0, 3.0, 6.0],
            "omega_min": 1.0, "omega_max": 6.0, "omega_mean": 3.0,
            "omega_last": 6.0, "omega_applied": 6.0,
            "relative_asymmetry": 1.0, "last_over_mean": 2.0,
        }
    ]  # fmt: skip
