"""Firings in equal steps are one row on the disk and all firings again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tracekit as tk
from tracekit.columns import FIRINGS, STEPS
from tracekit.logs.log import store_log
from tracekit.storage.event_runs import runs_of

_COUNTS = st.integers(1, 40)


def _columns(count: int) -> st.SearchStrategy[dict[str, np.ndarray]]:
    def few(*more: int) -> st.SearchStrategy[np.ndarray]:
        steps = arrays.arrays(
            np.int64, (count, *more), elements=st.integers(0, 1)
        )
        return steps.map(lambda found: np.cumsum(found, axis=0))

    return st.fixed_dictionaries(
        {
            "sequence": few().map(lambda found: found + np.arange(count)),
            "event": few(),
            "line": few(),
            "grid_origin": few(2),
            "thread": few(),
        }
    )


@given(_COUNTS.flatmap(_columns))
def test_runs_say_all_of_their_firings(columns: dict[str, np.ndarray]) -> None:
    """Whatever the steps: every firing is in one run, with its numbers."""
    runs = runs_of(columns)
    firings = runs[FIRINGS]
    assert firings.min() >= 1
    for name, column in columns.items():
        again = []
        for row, count in enumerate(firings.tolist()):
            step = runs[STEPS[name]][row] if name in STEPS else 0
            again += [runs[name][row] + step * n for n in range(count)]
        assert np.array_equal(np.array(again), column), name


def test_equal_steps_are_one_run() -> None:
    """A row of pixels is one row, the next row another."""
    slow, fast = np.divmod(np.arange(12), 4)
    runs = runs_of(
        {
            "sequence": np.arange(12) * 7,
            "event": np.arange(12),
            "line": np.arange(12) * 9 + 3,
            "grid_origin": np.stack([slow, fast], axis=1),
        }
    )
    assert runs[FIRINGS].tolist() == [4, 4, 4]
    assert runs["sequence"].tolist() == [0, 28, 56]
    assert runs["line_step"].tolist() == [9, 9, 9]
    assert runs["origin_step"].tolist() == [[0, 1]] * 3


def test_a_log_has_fewer_rows_than_events(tmp_path: Path) -> None:
    """They are all there when the trace is opened."""
    log = tmp_path / "c.log"
    log.write_text(
        "".join(
            "TRACE_CONFIG: tracing pixel "
            f"(spixel={n // 50}, fpixel={n % 50})\n"
            f"TRACE_C: polar 0.{n}5\n"
            for n in range(200)
        )
    )
    store_log(log, tmp_path / "c.trace")
    stored = pq.read_table(tmp_path / "c.trace" / "event.parquet")
    firings = stored[FIRINGS].to_pylist()
    assert (sum(firings), max(firings)) == (200, 50)
    assert len(firings) < 10
    opened = tk.read_trace(tmp_path / "c.trace")
    assert opened.tables["event"]["line"].to_pylist() == list(range(2, 402, 2))
    assert opened.tables["event"].equals(tk.read_log(log).tables["event"])
