"""A table of events that stays on the disk says what one in memory does."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracekit as tk
from tracekit.errors import TraceError
from tracekit.logs.log import store_log
from tracekit.storage import stored_events
from tracekit.storage.late_tables import LateTables
from tracekit.storage.stored_events import StoredEvents


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A recording, another one, and a log whose firings are runs."""
    folder = tmp_path_factory.mktemp("events")
    found = [folder / "a.trace", folder / "b.trace", folder / "log.trace"]
    for wrong, path in enumerate(found[:2]):
        with tk.record(path):
            for step in range(40):
                with tk.scope("step", step=step):
                    tk.tap(step + wrong * (step == 30), "x")
                    tk.tap(step / 7, "y", unit="m")
    lines = [
        f"TRACEKIT tap x slow={n} fast={m} : {n + m}.5\n"
        for n in range(30)
        for m in range(20)
    ]
    (folder / "c.log").write_text("".join(lines))
    store_log(folder / "c.log", found[2], "tracekit")
    return found


@pytest.mark.parametrize("rows", [7, 1 << 17])
def test_pieces_are_the_table(
    traces: list[Path], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their size: each firing once, runs of them spelled out."""
    monkeypatch.setattr(stored_events, "_ROWS", rows)
    for path in traces:
        whole = tk.read_trace(path).tables["event"]
        stored = StoredEvents(path / "event.parquet")
        assert stored.count == len(whole)
        assert stored.table().equals(whole)
        found = [row for p in stored.pieces() for row in p.to_pylist()]
        found.sort(key=lambda row: row["sequence"])
        assert found == whole.to_pylist()


def test_nothing_else_tells_them_apart(
    traces: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comparisons and queries of both have the same answers."""

    def answers() -> list[object]:
        con = tk.connect(actual=traces[0], expected=traces[1])
        return [
            repr(tk.read_trace(traces[2])),
            tk.compare(traces[0], traces[1]).to_dict(),
            con.sql("FROM event").fetchall(),
            con.sql("FROM first_divergence()").fetchall(),
        ]

    expected = answers()
    monkeypatch.setattr("tracekit.storage.trace.FEW", 0)
    monkeypatch.setattr("tracekit.comparison.relations.FEW", 0)
    late = tk.read_trace(traces[0]).tables
    assert isinstance(late, LateTables)
    assert answers() == expected
    assert set(late.read()) == set(late)


def test_damage_is_told_when_it_is_met(
    traces: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is opened at once, its rows are read later."""
    monkeypatch.setattr("tracekit.storage.trace.FEW", 0)
    trace = tk.read_trace(traces[0]).save(tmp_path / "t")
    file = tmp_path / "t" / "event.parquet"
    content = bytearray(file.read_bytes())
    content[4:400] = bytes(396)
    file.write_bytes(content)
    with pytest.raises(TraceError, match="damaged"):
        list(trace.event_pieces())
