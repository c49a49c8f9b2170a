"""A log that is stored from the disk is the trace that memory gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tracekit as tk
from tests.shared_files import NANOBRAGG, needs_shared
from tracekit.columns import TABLES
from tracekit.logs.log import store_log
from tracekit.storage.trace import Trace


def content(trace: Trace) -> Any:
    """All tables and elements but NaN, which is not equal to itself."""
    count = trace.tables["tap"].num_rows
    return repr(
        (
            [trace.tables[name].to_pydict() for name in TABLES],
            [trace.elements(n).to_pydict() for n in range(count)],
        )
    )


def pixels(count: int, step: int) -> str:
    """A log with lines that repeat, and fire twice; 7: out of order."""
    lines = []
    for number in range(count):
        slow, fast = divmod(number * step % count, 50)
        lines.append(
            f"TRACE_CONFIG: tracing pixel (spixel={slow}, fpixel={fast})\n"
            "TRACE_C: pix0_vector_meters 0.1 0.2 -0.3\n"
            f"TRACE_C: R_distance_meters 0.{number}1\n"
            f"TRACE_C: polar 0.{number}5\n"
            f"TRACE_C: polar 0.{number % 3}5\n"
            f"TRACE_C: F_latt {'nan' if number == 9 else number}\n"
            f"TRACE_C: hkl_rounded {number} -1 0\n"
            f"TRACE_C: steps {number // 100}\n"
        )
    return "".join(lines)


@pytest.mark.parametrize(
    ("count", "step"), [(1, 1), (60, 7), (30_000, 7), (60, 1), (40_000, 1)]
)
def test_a_log_is_stored_as_memory_has_it(
    tmp_path: Path, count: int, step: int
) -> None:
    """With repeats dropped, occurrences counted and events numbered."""
    log = tmp_path / "c.log"
    log.write_text(pixels(count, step))
    store_log(log, tmp_path / "c.trace")
    stored = tk.read_trace(tmp_path / "c.trace")
    memory = tk.read_log(log).save(tmp_path / "m.trace")
    for name, table in memory.tables.items():
        assert stored.tables[name].equals(table), name
    for number in range(memory.tables["tap"].num_rows):
        mine = stored.element_file(number).read_bytes()
        assert mine == memory.element_file(number).read_bytes()


@needs_shared
def test_real_logs_are_stored_as_memory_has_them(tmp_path: Path) -> None:
    """Lines of every kind, few of each."""
    logs = sorted((NANOBRAGG / "cases").glob("*/trace_tap5_*.log"))
    for number, log in enumerate(logs[::9]):
        root = tmp_path / str(number)
        store_log(log, root)
        assert content(tk.read_trace(root)) == content(tk.read_log(log)), log
