"""Tolerances from runs that are accepted as equal."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.queries.blueprint import fired, traced
from tracekit.comparison.calibrate import calibrate
from tracekit.comparison.compare import compare
from tracekit.comparison.policy import Policy
from tracekit.errors import CompareError
from tracekit.schema import ConfigValue
from tracekit.storage.trace import Trace

BASE = np.linspace(1, 2, 16).reshape(4, 4)


def run(seed: int, *taps: str, noise: float = 1e-13) -> Trace:
    """A run whose numbers lie a little apart from any other's."""
    rng = np.random.default_rng(seed)
    near = rng.normal(size=3) * 1e-17
    return traced(
        *(
            fired(
                tap,
                BASE * (1 + noise * rng.normal(size=(4, 4))),
                slow=range(4),
                fast=range(4),
            )
            for tap in taps or ("x",)
        ),
        fired("zeros", near * [0, 1, 1] + [0, 0, 1], n=range(3)),
        fired("k", 3),
        fired("f", np.float32(0.1)),
        fired("shape", texts=["square"]),
    )


def policy_of(text: str, tmp_path: Path) -> Policy:
    """The policy that a text is, read from a file."""
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return Policy.from_toml(path)


def test_round_trip(tmp_path: Path) -> None:
    """The runs are close under the policy, at factor 1, too; others aren't."""
    runs = [run(seed) for seed in range(3)]
    for factor in (1.0, 10.0):
        policy = policy_of(calibrate(runs, factor=factor), tmp_path)
        for one in runs[1:]:
            result = compare(one, runs[0], policy=policy)
            assert result.verdict == "close"
            assert result.summary["vacuous"] == 0
        far = compare(run(9, noise=1e-10), runs[0], policy=policy)
        assert {row["tap"] for row in far.taps if row["diverged"]} == {"x"}


def test_what_it_writes() -> None:
    """Each bound has its measure; what only rounds has the default."""
    text = calibrate([run(1), run(2)], factor=100.0)
    found = tomllib.loads(text)
    assert found["default"]["rtol"] == pytest.approx(2.3e-14)
    rules = {rule["name"]: rule for rule in found["tap"]}
    assert set(rules) == {"x", "zeros", "f"}
    assert 1e-12 < rules["x"]["rtol"] < 1e-10
    assert rules["x"]["reason"].startswith("largest relative error ")
    assert rules["x"]["reason"].endswith("between recording 1 and recording 2")
    assert "rtol" not in rules["zeros"]
    assert 1e-17 < rules["zeros"]["atol"] < 1e-14
    assert rules["f"]["rtol"] == pytest.approx(1.2e-5)
    assert "# Proposed by 'tracekit calibrate' from 2 runs" in text
    assert "safety factor 100" in text


def test_odd_names(tmp_path: Path) -> None:
    """A tap may be called anything, a pattern as well."""
    runs = [run(seed, 'q"\n]', "F_*", "größe", "\x7f") for seed in (1, 2)]
    policy = policy_of(calibrate(runs), tmp_path)
    assert compare(*runs, policy=policy).verdict == "close"


@pytest.mark.parametrize("count", [0, 1])
def test_one_run_is_refused(count: int) -> None:
    """A spread takes two runs."""
    with pytest.raises(CompareError, match=f"two runs or more, not {count}"):
        calibrate([run(1)] * count)


def test_what_no_tolerance_covers_is_refused() -> None:
    """NaN, infinities, texts, gaps and other problems are named."""
    one, inf, nan = traced(fired("a", 1.0)), math.inf, math.nan
    for other, words in (
        (traced(fired("a", nan)), "a NaN"),
        (traced(fired("a", inf)), "an infinity"),
        (traced(fired("b", 1.0)), "same taps"),
        (traced(fired("a", 1.0, unit="m"), fired("b")), "same taps"),
    ):
        with pytest.raises(CompareError, match=words):
            calibrate([one, other])
    apart = [
        traced(fired("a", 1.0), config=[ConfigValue("n", float(n))])
        for n in range(2)
    ]
    with pytest.raises(CompareError, match=r"different problems.*: n;"):
        calibrate(apart)
    with pytest.raises(CompareError, match="safety factor"):
        calibrate([one, one], factor=0.5)


def test_empty_runs_are_refused() -> None:
    """Taps without values measure nothing, so no policy comes of them."""
    empty = traced(fired("a", np.empty((0, 3)), slow=range(0), fast=range(3)))
    with pytest.raises(CompareError, match="no number in common"):
        calibrate([empty, empty])
