"""Every stored column of a trace, by table, in the words of SQL.

Words that stand in columns, too. It loads nothing: what only compares traces
that lie on the disk needs neither NumPy nor Arrow.
"""

from __future__ import annotations

from typing import Literal

FORMAT_VERSION = 3

Role = Literal["input", "side", "output", "binary", "log", "present"]

COMPONENT = "component"
OCCURRENCE = "occurrence"
STATISTIC = "statistic"  # family of taps that stand for another's numbers

Columns = dict[str, str]
"""SQL types by name, in order."""

TABLES: dict[str, Columns] = {
    "run": {
        "run_id": "BIGINT",
        "program": "VARCHAR",
        "family": "VARCHAR",
        "started": "VARCHAR",
        "argv": "VARCHAR[]",
        "facts": "MAP(VARCHAR, VARCHAR)",
        "pixel_dims": "VARCHAR[]",
        "selected_taps": "VARCHAR[]",
        "declares": "BOOLEAN",
    },
    "config": {
        "run_id": "BIGINT",
        "key": "VARCHAR",
        "value": "DOUBLE",
        "text": "VARCHAR",
        "digits": "SMALLINT",
        "quantum": "SMALLINT",
        "unit": "VARCHAR",
        "decisive": "BOOLEAN",
        "origin": "VARCHAR",
    },
    "file": {
        "run_id": "BIGINT",
        "role": "VARCHAR",
        "name": "VARCHAR",
        "sha256": "VARCHAR",
        "size": "BIGINT",
        "origin": "VARCHAR",
    },
    "tap": {
        "run_id": "BIGINT",
        "tap_id": "BIGINT",
        "name": "VARCHAR",
        "family": "VARCHAR",
        "order": "BIGINT",
        "kind": "VARCHAR",
        "dtype": "VARCHAR",
        "unit": "VARCHAR",
        "need": "VARCHAR",
        "elements": "BIGINT",
        "merged": "BIGINT",
        "key_hash": "VARCHAR",
        "value_hash": "VARCHAR",
        "nan": "BIGINT",
        "positive_inf": "BIGINT",
        "negative_inf": "BIGINT",
        "zeros": "BIGINT",
        "min": "DOUBLE",
        "max": "DOUBLE",
        "first_number": "BIGINT",
        "first_finite": "BIGINT",
    },
    "declared": {
        "run_id": "BIGINT",
        "name": "VARCHAR",
        "family": "VARCHAR",
        "need": "VARCHAR",
        "derived": "VARCHAR",
        "unit": "VARCHAR",
        "origin": "VARCHAR",
    },
    "grid": {
        "tap_id": "BIGINT",
        "position": "BIGINT",
        "dim": "VARCHAR",
        "origin": "BIGINT",
        "extent": "BIGINT",
        "stride": "BIGINT",
        "state": "VARCHAR",
        "labels": "VARCHAR[]",
    },
    "coverage": {
        "run_id": "BIGINT",
        "tap": "VARCHAR",
        "dims": "VARCHAR[]",
        "kind": "VARCHAR",
        "selected": "BIGINT[][]",
    },
    "event": {
        "run_id": "BIGINT",
        "sequence": "BIGINT",
        "tap_id": "BIGINT",
        "event": "BIGINT",
        "phase": "VARCHAR",
        "process": "BIGINT",
        "thread": "BIGINT",
        "grid_origin": "BIGINT[]",
        "grid_extent": "BIGINT[]",
        "elements": "BIGINT",
        "file": "VARCHAR",
        "line": "BIGINT",
        "time_ns": "BIGINT",
        "context": "VARCHAR",
    },
    "reject": {
        "run_id": "BIGINT",
        "file": "VARCHAR",
        "line": "BIGINT",
        "reason": "VARCHAR",
        "text": "VARCHAR",
    },
}

FIRINGS = "firings"
STEPS = {
    "sequence": "sequence_step",
    "event": "event_step",
    "line": "line_step",
    "grid_origin": "origin_step",
}
"""Columns that a run of firings goes through in steps, with their steps'."""
STORED_EVENT: Columns = {
    **TABLES["event"],
    FIRINGS: "BIGINT",
    **{step: TABLES["event"][name] for name, step in STEPS.items()},
}
"""The table of events as it is stored: a row may be a run of firings."""
