"""``assert_close`` for tests, in the manner of ``torch.testing``."""

from __future__ import annotations

from pathlib import Path

from tracekit.comparison.compare import compare
from tracekit.comparison.policy import Policy
from tracekit.storage.trace import Trace


def assert_close(
    actual: Trace | str | Path,
    expected: Trace | str | Path,
    *,
    policy: Policy | str | Path | None = None,
) -> None:
    """Fail with the whole report unless two runs are close.

    Args:
        actual: the run in question.
        expected: the run that it should agree with.
        policy: tolerances, or the path of a policy file.

    Raises:
        AssertionError: they diverge, or nothing could be compared.

    >>> import tracekit as tk
    >>> with tk.record() as recording:
    ...     R = tk.tap(2.5, "R", unit="m")
    >>> tk.testing.assert_close(recording.trace, recording.trace)
    """
    __tracebackhide__ = True
    result = compare(actual, expected, policy=policy)
    if result.verdict != "close":
        raise AssertionError(str(result))
