"""Figures of whole images, against NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.queries.blueprint import Row, ask, fired, traced
from tracekit.schema import Event, Run

RNG = np.random.default_rng(7)
EXPECTED = RNG.gamma(2.0, size=(8, 6))
ACTUAL = EXPECTED * (1 + 0.1 * RNG.normal(size=(8, 6)))


def image(values: Any, **more: Any) -> Event:
    """An 8 x 6 image."""
    return fired("intensity", values, slow=range(8), fast=range(6), **more)


def metrics(actual: Event, expected: Event) -> list[Row]:
    """The rows for two images."""
    return ask("image_metrics", traced(actual), traced(expected))


def test_against_numpy() -> None:
    """Correlation, sum ratio, RMSE and the worst pixel are NumPy's."""
    row = metrics(image(ACTUAL), image(EXPECTED))[0]
    error = np.abs(ACTUAL - EXPECTED)
    assert (row["tap"], row["pixels"], row["not_finite"]) == (
        "intensity",
        48,
        0,
    )
    correlation = np.corrcoef(ACTUAL.ravel(), EXPECTED.ravel())[0, 1]
    assert row["correlation"] == pytest.approx(correlation, rel=1e-12)
    assert row["sum_ratio"] == pytest.approx(ACTUAL.sum() / EXPECTED.sum())
    assert row["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert row["max_actual"] == ACTUAL.max()
    assert row["max_expected"] == EXPECTED.max()
    assert row["max_abs_error"] == error.max()
    worst = np.unravel_index(error.argmax(), error.shape)
    assert (row["worst_slow"], row["worst_fast"]) == worst


def test_equal_images() -> None:
    """Equal images correlate fully."""
    row = metrics(image(EXPECTED), image(EXPECTED))[0]
    assert row["correlation"] == pytest.approx(1.0)
    assert (row["sum_ratio"], row["rmse"]) == (1.0, 0.0)


def test_constant_image() -> None:
    """A constant image has no correlation, and a sum of 0 no ratio."""
    row = metrics(image(EXPECTED), image(np.zeros((8, 6))))[0]
    assert (row["correlation"], row["sum_ratio"]) == (None, None)


def test_not_finite() -> None:
    """NaN and infinite pixels are left out of all figures, and counted."""
    actual = ACTUAL.copy()
    actual[0, 0], actual[1, 1] = math.nan, math.inf
    row = metrics(image(actual), image(EXPECTED))[0]
    good = np.isfinite(actual)
    assert (row["pixels"], row["not_finite"]) == (46, 2)
    correlation = np.corrcoef(actual[good], EXPECTED[good])[0, 1]
    assert row["correlation"] == pytest.approx(correlation, rel=1e-12)
    assert row["max_actual"] == actual[good].max()


def test_half_of_an_image() -> None:
    """A few traced pixels are no image; half of it is one."""
    few, half = np.arange(10), np.arange(24)
    for places, count in ((few, 0), (half, 1)):
        part = image(ACTUAL.ravel()[places], where=places)
        assert len(metrics(part, image(EXPECTED))) == count


def test_not_an_image() -> None:
    """What has other dims than the pixel's is no image."""
    values = np.ones((8, 6))
    other = fired("x", values, phi=range(8), fast=range(6))
    vector = fired(
        "x", values, slow=range(8), fast=range(2), component=range(3)
    )
    assert metrics(other, other) == []
    assert metrics(vector, vector) == []


def test_other_pixel_dims() -> None:
    """A program may call its pixel's dims otherwise."""
    run = Run(family="python", pixel_dims=("row_index", "column_index"))
    event = fired("depth", EXPECTED, row_index=range(8), column_index=range(6))
    side = traced(event, run=run)
    assert ask("image_metrics", side, side, "pixels") == [48]


def test_integers() -> None:
    """Images of counts have the same figures."""
    counts = np.arange(48).reshape(8, 6)
    row = metrics(image(counts), image(2 * counts))[0]
    assert (row["sum_ratio"], row["max_abs_error"]) == (0.5, 47.0)
