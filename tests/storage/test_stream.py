"""Events on disk while a program runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.schema import Axis, Event
from tracekit.storage import stream
from tracekit.storage.ahead import Ahead
from tracekit.storage.batches import read_stream
from tracekit.storage.hashes import ROWS
from tracekit.storage.layout import Layout
from tracekit.storage.stream import EventStream


def event(number: int, size: int = 3) -> Event:
    """An event that differs from those of other numbers."""
    return Event(
        f"tap {number}",
        np.arange(size, dtype=np.float64) + number,
        axes=(Axis("slow", number, size, "counted", ("a", "b")),),
        line=number,
    )


def facts(found: Event) -> tuple[Any, ...]:
    """All of an event, comparable."""
    arrays = (found.values, found.positions, found.digits, found.quantum)
    return (
        *(None if a is None else (a.dtype.str, a.tobytes()) for a in arrays),
        *(found.tap, found.axes, found.kind, found.dtype, found.unit),
        *(found.family, found.need, found.file, found.line, found.context),
        *(found.phase, found.time_ns, found.thread),
        None if found.text is None else list(found.text),
    )


def test_an_event_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every field of an event goes through the stream unchanged."""
    events = [
        event(0),
        Event("none", np.empty(0, np.int8)),
        Event(
            "all",
            np.array([1, 2], np.uint64),
            axes=(Axis("n", 0, 5),),
            kind="uint",
            dtype="uint64",
            unit="1/angstrom",
            family="TRACE",
            need="optional",
            positions=np.array([1, 4]),
            text=["1", None],
            digits=np.array([1, 2], np.int16),
            quantum=np.array([-1, 0], np.int16),
            file="a.c",
            line=3,
            context="{}",
            phase="backward",
            time_ns=5,
            thread=7,
        ),
    ]
    writer = EventStream(tmp_path / "s")
    for each in events:
        writer.write(each)
    writer.close()
    found = list(read_stream(tmp_path / "s"))
    assert [facts(e) for e in found] == [facts(e) for e in events]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=5), st.data())
def test_a_cut_keeps_every_whole_batch(
    batches: list[int], data: st.DataObject
) -> None:
    """Wherever a kill cuts the file, what was flushed before is there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        writer = EventStream(path)
        ends, number = [], 0
        for count in batches:
            for _ in range(count):
                writer.write(event(number, data.draw(st.integers(0, 4))))
                number += 1
            writer.flush()
            ends.append((path.stat().st_size, number))
        writer.close()
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        kept = max([n for end, n in ends if end <= cut], default=0)
        found = [e.line for e in read_stream(path)]
        assert found == list(range(kept))


@pytest.mark.parametrize(
    ("limit", "value"), [("BATCH_EVENTS", 2), ("BATCH_BYTES", 48)]
)
def test_many_or_large_events_are_flushed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """Neither small events nor large ones pile up in memory."""
    monkeypatch.setattr(stream, limit, value)
    writer = EventStream(tmp_path / "s")
    writer.write(event(0))
    assert list(read_stream(tmp_path / "s")) == []
    writer.write(event(1))
    assert len(list(read_stream(tmp_path / "s"))) == 2
    writer.close()


def test_a_rare_tap_is_flushed_when_it_fires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After half a second without one, a batch goes at the next event."""
    writer = EventStream(tmp_path / "s")
    monkeypatch.setattr(stream, "BATCH_SECONDS", 0.0)
    writer.write(event(0))
    assert len(list(read_stream(tmp_path / "s"))) == 1
    writer.close()


class Interrupted(tuple[int, ...]):
    """Ctrl-C comes when these are read for the first time."""

    times: ClassVar[list[int]] = []

    def __iter__(self) -> Iterator[int]:
        self.times.append(1)
        if len(self.times) == 1:
            raise KeyboardInterrupt
        return super().__iter__()


def test_an_interrupt_costs_no_event(tmp_path: Path) -> None:
    """What is being written then is written; the program gets its signal."""
    writer = EventStream(tmp_path / "s")
    writer.write(event(0))
    writer.rows.extend((Layout.of(event(1, 1)), 1.0, 0, 0, Interrupted((1,))))
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    assert [e.tap for e in read_stream(tmp_path / "s")] == ["tap 0", "tap 1"]
    writer.write(event(1, 1))
    writer.close()
    found = list(read_stream(tmp_path / "s"))
    assert [e.values[0] for e in found] == [0, 1, 1]
    assert writer.events == 3


class Struck(Ahead):
    """Ctrl-C comes when it is asked for the first time."""

    asked = 0

    def wants(self, event: Event) -> bool:
        """Whether to tell of a value."""
        self.asked += 1
        if self.asked == 1:
            raise KeyboardInterrupt
        return super().wants(event)


def test_an_interrupt_before_the_write_costs_no_event(tmp_path: Path) -> None:
    """What is packed already is written, once, and what comes later too."""
    path, large = tmp_path / "s", event(0, ROWS)
    ahead = Struck(path)
    writer = EventStream(path, ahead)
    with pytest.raises(KeyboardInterrupt):
        writer.write(large)
    writer.write(event(1, ROWS))
    writer.close()
    ahead.close()
    assert [e.tap for e in read_stream(path)] == ["tap 0", "tap 1"]
    assert facts(next(read_stream(path))) == facts(large)
