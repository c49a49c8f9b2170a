"""The report in words."""

import numpy as np

import tracekit as tk
from tracekit.comparison.report import render


def recorded(error: float = 0.0, **facts: float) -> tk.Trace:
    """Two taps, the second one off by ``error`` at pixel (1, 0)."""
    with tk.record() as recording:
        for key, value in facts.items():
            tk.config(key, value)
        x = tk.tap(np.ones((2, 2)), "x", "slow fast", unit="m")
        y = x * 2
        y[1, 0] += error
        tk.tap(y, "y", "slow fast", unit="m")
    return recording.trace


def test_the_answers_come_in_the_promised_order() -> None:
    """Same problem, gaps, first divergence, taps: in this order."""
    text = render(tk.compare(recorded(1e-3, hkls=5), recorded(hkls=0)))
    marks = ["DIVERGED", "same problem? No: 1 fact", "Gaps", "First", "Taps"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_first_divergence_says_where_and_how_far() -> None:
    """Pixel, both values, error and tolerance stand together."""
    text = render(tk.compare(recorded(1e-3), recorded()))
    assert "y at pixel (1, 0)" in text
    assert "actual    2.001 " in text
    assert "expected  2 " in text
    assert "error 0.001" in text
    assert "2e-09 allowed by default" in text


def test_close_taps_of_a_diverged_run_are_shown_on_request() -> None:
    """By default only what diverged is listed, with --all everything."""
    result = tk.compare(recorded(1e-3), recorded())
    assert "\n     x " not in render(result)
    assert "\n     x " in render(result, every_tap=True)


def test_a_close_run_lists_every_tap() -> None:
    """What was compared is shown when all of it agrees."""
    text = str(tk.compare(recorded(), recorded()))
    assert text.startswith("CLOSE")
    assert "2 on both sides, 0 diverged" in text
    assert len([line for line in text.splitlines() if " 4 " in line]) == 4
