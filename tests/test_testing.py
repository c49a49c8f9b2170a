"""assert_close for tests."""

import pytest

import tracekit as tk


def recorded(value: float) -> tk.Trace:
    """A trace of one number."""
    with tk.record() as recording:
        tk.tap(value, "energy", unit="J")
    return recording.trace


def test_close_traces_pass() -> None:
    """Nothing is raised for two runs that agree."""
    tk.testing.assert_close(recorded(1.0), recorded(1.0))


def test_diverged_traces_fail_with_the_report() -> None:
    """The failure's text is the report."""
    with pytest.raises(AssertionError, match="First divergence: energy"):
        tk.testing.assert_close(recorded(1.0), recorded(2.0))


def test_nothing_in_common_is_a_failure() -> None:
    """A test that compares nothing must not pass."""
    with tk.record() as empty:
        pass
    with pytest.raises(AssertionError, match="INCOMPARABLE"):
        tk.testing.assert_close(empty.trace, recorded(1.0))
