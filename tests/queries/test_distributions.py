"""Stochastic taps: two samples of one distribution, or of two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.queries.blueprint import Row, ask, fired, traced, verdict
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import Event

DRAWN = Policy((Tolerance(), Tolerance("x", compare="distribution")))
RNG = np.random.default_rng(4)
ONE, TWO = RNG.normal(3.0, 0.5, 900), RNG.normal(3.0, 0.5, 700)


def drawn(values: Any, **more: Any) -> Event:
    """A tap of these numbers."""
    return fired("x", values, photon=range(len(values)), **more)


def distribution(actual: Event, expected: Event) -> Row:
    """The only row of ``distributions``."""
    row: Row = ask(
        "distributions", traced(actual), traced(expected), policy=DRAWN
    )[0]
    return row


def distance(one: Any, two: Any) -> float:
    """The Kolmogorov-Smirnov distance, straight from its definition."""
    places = np.concatenate([one, two])
    fractions = [(side <= places[:, None]).mean(axis=1) for side in (one, two)]
    return float(np.abs(fractions[0] - fractions[1]).max())


def test_against_the_definition() -> None:
    """Distance, means and spreads are NumPy's, for samples of any size."""
    row = distribution(drawn(ONE), drawn(TWO))
    assert row["distance"] == pytest.approx(distance(ONE, TWO), abs=1e-15)
    assert (row["actual_numbers"], row["expected_numbers"]) == (900, 700)
    assert row["actual_mean"] == pytest.approx(ONE.mean())
    assert row["expected_spread"] == pytest.approx(TWO.std(ddof=1))
    bound = math.sqrt(-math.log(1e-6 / 2) / 2 * (1 / 900 + 1 / 700))
    assert row["allowed"] == pytest.approx(bound)
    assert (row["close"], row["vacuous"]) == (True, False)


def test_equal_numbers_in_steps() -> None:
    """Counts with many equal numbers have the same distance, too."""
    one, two = RNG.poisson(2.0, 300), RNG.poisson(2.5, 400)
    row = distribution(drawn(one), drawn(two))
    assert row["distance"] == pytest.approx(distance(one, two), abs=1e-15)


@pytest.mark.parametrize("other", [TWO + 0.3, 3 + (TWO - 3) * 2])
def test_another_distribution(other: Any) -> None:
    """Another mean or another spread diverges, and so does the run."""
    assert not distribution(drawn(other), drawn(ONE))["close"]
    sides = traced(drawn(other)), traced(drawn(ONE))
    assert verdict(*sides, policy=DRAWN) == "diverged"


def test_the_elements_are_not_compared() -> None:
    """Different numbers, as many or not, are close and no gap."""
    sides = traced(drawn(TWO)), traced(drawn(ONE))
    row = ask("verdict", *sides, policy=DRAWN)[0]
    assert (row["verdict"], row["compared"]) == ("close", 0)
    assert (row["distributions"], row["unlike_distributions"]) == (1, 0)
    assert ask("gaps", *sides, policy=DRAWN) == []
    assert ask("tap_summary", *sides, policy=DRAWN) == []
    assert verdict(*sides) == "diverged"


def test_a_missing_tap_is_still_a_gap() -> None:
    """A stochastic tap that one side lacks is no pass."""
    both, without = traced(drawn(ONE), fired("y")), traced(fired("y"))
    assert ask("gaps", without, both, "tap", policy=DRAWN) == ["x"]
    assert verdict(without, both, policy=DRAWN) == "diverged"


def test_not_finite_numbers() -> None:
    """NaN and infinities count as large; on one side alone they diverge."""
    odd = ONE.copy()
    odd[:2] = math.nan, math.inf
    row = distribution(drawn(odd), drawn(TWO))
    assert (row["actual_not_finite"], row["expected_not_finite"]) == (2, 0)
    large = np.concatenate([ONE[2:], [1e300, 1e300]])
    assert row["distance"] == pytest.approx(distance(large, TWO), abs=1e-15)
    assert not row["close"]
    assert row["why"] == "2 NaN or infinite on the actual side only"
    assert distribution(drawn(odd), drawn(odd))["close"]


def test_many_nan_beside_one() -> None:
    """A side that is half NaN is another distribution than one with a NaN."""
    one, half = ONE.copy(), ONE.copy()
    one[0] = math.nan
    half[: len(half) // 2] = math.nan
    row = distribution(drawn(half), drawn(one))
    assert (row["close"], row["why"]) == (False, "another distribution")
    assert distribution(drawn(half), drawn(half[::-1]))["why"] is None


def test_no_numbers() -> None:
    """A side whose mask left nothing is not close, and that is said."""
    row = distribution(drawn(np.empty(0)), drawn(ONE))
    assert (row["close"], row["why"]) == (
        False, "the actual side has no number",
    )  # fmt: skip


def test_few_numbers_are_vacuous() -> None:
    """A handful of numbers can't be told apart, and that is said."""
    row = distribution(drawn([1.0, 2.0]), drawn([100.0]))
    assert (row["close"], row["vacuous"]) == (True, True)
    sides = traced(drawn([1.0, 2.0])), traced(drawn([100.0]))
    assert ask("verdict", *sides, "vacuous", policy=DRAWN) == [1]


def test_units() -> None:
    """Units are converted, and diverge where they can't be."""
    mm, m = drawn(1e3 * ONE, unit="mm"), drawn(TWO, unit="m")
    assert distribution(mm, m)["close"]
    assert not distribution(drawn(ONE, unit="kg"), m)["close"]


def test_components() -> None:
    """Each component has its own distribution."""
    vectors = np.stack([ONE[:600], TWO[:600]], axis=1)
    axes: Any = {"photon": range(600), "component": range(2), "labels": "xy"}
    moved = vectors + np.array([0.0, 1.0])
    rows = ask(
        "distributions",
        traced(fired("x", moved, **axes)),
        traced(fired("x", vectors, **axes)),
        "component",
        "close",
        policy=DRAWN,
    )
    assert rows == [("x", True), ("y", False)]
