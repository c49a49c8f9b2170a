"""Collects the events of every tap while a ``record`` block lasts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tracekit import _state, run_record
from tracekit.capture import tensors
from tracekit.capture.context import bound
from tracekit.capture.dims import Dims, dims_of
from tracekit.capture.expectation import Expectation, missing_taps
from tracekit.capture.firing import Origin, caller
from tracekit.capture.opened import OpenedFiles, watch_opens
from tracekit.capture.ranks import DIM, rank_of_world
from tracekit.capture.reach import Reach
from tracekit.capture.reduction import Reduction, reduced
from tracekit.capture.sampling import Sampling
from tracekit.capture.selected import select
from tracekit.capture.selection import Selection
from tracekit.capture.sinks import Sink
from tracekit.capture.small import SmallTaps
from tracekit.capture.spawned import announce, lost_by_spawned, withdraw
from tracekit.capture.transfers import Copies, Transfers, on_gpu
from tracekit.errors import RecordingError, RecordingStopped, TapError
from tracekit.schema import (
    ConfigValue,
    Coverage,
    Event,
    FileUse,
    Role,
    Run,
)
from tracekit.storage.directory import wait_for_trace
from tracekit.storage.live import DiskStore, MemoryStore, Store
from tracekit.storage.stream import LARGE
from tracekit.storage.trace import Trace, open_trace
from tracekit.storage.unfinished import Fact, covered

_HERE = str(Path(__file__).parents[1]) + os.sep


class Recorder:
    """Turns taps into events; made by ``record``."""

    def __init__(
        self,
        path: Path | None,
        selection: Selection,
        reduction: Reduction,
        expectation: Expectation,
        sampling: Sampling,
        sinks: Sequence[Sink],
        run: Run,
    ) -> None:
        self.path = path
        self.files = OpenedFiles(path)
        self.selection = selection
        self._reduction = reduction
        self._uncovered: set[Coverage] = set()
        self._reach = Reach(selection.groups)
        self._expectation = expectation
        self._sampling = sampling
        self._stopped: RecordingStopped | None = None
        self._sinks = sinks
        self._transfers = Transfers()
        self._announced: str | None = None
        self._run = run
        self._closed = False
        self._lock = threading.Lock()
        self._trace: Trace | None = None
        self._build: Callable[[], Trace | None] | None = None
        self._owner = self._process = os.getpid()
        rank, world = rank_of_world()
        self._around = {DIM: rank} if world > 1 else {}
        self._store: Store = (
            MemoryStore(rank)
            if path is None
            else DiskStore(path, run, selection.coverage(), rank, world)
        )

        # a firing counts, or reaches an index, with no pixel in its value
        self._asks_nowhere = bool(selection.at) or not sampling.takes_all
        # whether all that leaves a value out is the selection
        self._passes_whole = sampling.takes_all and reduction == Reduction()
        takes_all = sampling.takes_all and not selection.groups and not sinks
        self._small = (
            SmallTaps(self._store, self._around) if takes_all else None
        )

    @property
    def quick(self) -> Callable[[Any, str, str, str | None], bool] | None:
        """A short way of some values; they are dealt with if it says so."""
        if self._small is not None:
            return self._small.take
        if self._passes_whole:
            return self._passes
        return None

    def _passes(
        self, value: Any, name: str, dims: str, unit: str | None
    ) -> bool:
        """Whether a value is not recorded, as one like it before."""
        if not self._expectation.wants(name):
            return True
        if unit is not None and type(unit) is not str:
            return False
        box = tensors.box_of(value)
        if self._reach.is_passed(dims, box):
            return True
        shape = tensors.shape_of(box)
        if shape is None or not self.selection.lies_beside(
            dims, shape, {**self._around, **_state.loops()}
        ):
            return False
        self._reach.note_passed(dims, box)
        return True

    def __enter__(self) -> Self:
        if self._closed:
            raise RecordingError(
                "this recording has ended; begin another with record()"
            )
        watch_opens()
        self._announced = announce(self.path)
        _state.activate(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        _state.deactivate(self)
        withdraw(self._announced)
        if os.getpid() != self._owner:
            return False  # a forked child; the parent closes
        if self._stopped is not None and error in (None, self._stopped):
            self.close(str(self._stopped))
            return True
        if error is None:
            self.close("complete")
            return False
        try:
            self.close(f"ended by {type(error).__name__}: {error}")
        except RecordingError as second:
            error.add_note(f"tracekit: {second}")
        return False

    @property
    def trace(self) -> Trace:
        """The finished trace; only after the block has ended."""
        if self._trace is None and self._closed and self.path is not None:
            if self._store.process:
                wait_for_trace(self.path)
            self._trace = open_trace(self.path)
        if self._build is not None:
            # sealing sorts and hashes; in memory it waits until asked for
            self._trace, self._build = self._build(), None
        if self._trace is None:
            raise RecordingError(
                "the recording still runs; use .trace after the with block"
            )
        return self._trace

    def observe(
        self,
        value: Any,
        name: str,
        dims: str,
        unit: str | None,
        where: Any,
        origin: Origin | None = None,
    ) -> None:
        """Record one firing of a tap, as far as it is selected."""
        self._see_process()
        if not self._expectation.wants(name):
            return
        if unit is not None and not isinstance(unit, str):
            raise TapError(f"tap {name!r}: the unit {unit!r} is no text")
        box = tensors.box_of(value)
        if origin is None and self._reach.is_passed(dims, box):
            return
        array = tensors.as_array(value, name)
        named = dims_of(tuple(array.shape), name, dims)
        events = self._events(array, name, named, unit, where, origin)
        if events is None and origin is None and self._passes_whole:
            self._reach.note_passed(dims, box)
        if not events:
            return
        self._write(events)
        whole = where is None and origin is None and len(events) == 1
        if whole and self._small is not None:
            self._small.learn(value, name, dims, unit, events[0])

    def asks(self, names: tuple[str, ...], *, nowhere: bool) -> bool:
        """Whether firings in compiled code have to be observed.

        Args:
            names: the taps.
            nowhere: none of their values holds one of the pixels.
        """
        wanted = self._expectation.wants_any(names)
        return wanted and (not nowhere or self._asks_nowhere)

    def _events(
        self,
        array: Any,
        name: str,
        dims: Dims,
        unit: str | None,
        where: Any,
        origin: Origin | None,
    ) -> list[Event] | None:
        """The event of what is selected, and those of its statistics.

        None where nothing is selected; none yet where it lies on a GPU.
        """
        origin = origin or Origin()
        loops = _state.loops() if origin.loops is None else origin.loops
        loops = {**self._around, **loops}
        reduces = self._reduction.takes(name, tuple(array.shape), dims)
        if not self._sampling.takes(name, loops) or (
            reduces and self.selection.leaves_out(loops, dims.coordinates)
        ):
            return []
        selected = select(
            array, dims, loops, self.selection, where, name, self._reach,
            reduced=reduces,
        )  # fmt: skip
        if selected is None:
            return None
        file, line = origin.file, origin.line
        if not file:
            file, line = caller()
        about = {
            "tap": name,
            "dtype": tensors.type_name(array),
            "unit": unit,
            "file": file,
            "line": line,
            "context": bound(),
            "phase": origin.phase,
            "need": "ignored" if origin.phase == "recompute" else "required",
            "time_ns": time.time_ns(),
            "thread": threading.get_ident(),
            "process": self._store.process,
        }
        if reduces:
            if not self.selection.touches(dims.coordinates):
                self._note_uncovered(Coverage(dims.coordinates, tap=name))
            event = selected.event(about)
            rank = len(dims.coordinates)
            return [event, *reduced(event, array, rank, loops, where)]
        if any(map(on_gpu, selected.arrays())) and not self._sampling.stops:
            self._small = None  # what it takes would come too early
            _state.find_quick()
            copies = Copies()
            later = selected.each(copies.of)
            self._transfers.put(
                lambda: self._deliver([later.event(about)]),
                copies.wait,
                copies.size,
            )
            return []
        # a disk has a large value before the program can change it
        view = (
            self.path is not None
            and not self._sinks
            and not self._sampling.stops
            and not self._transfers.started
            and getattr(selected.value, "nbytes", 0) >= LARGE
        )
        return [selected.event(about, copy=not view)]

    def _note_uncovered(self, nothing: Coverage) -> None:
        """State once that no number of a tap is kept along its axes."""
        if nothing not in self._uncovered:
            self._uncovered.add(nothing)
            self._keep(nothing)

    def _see_process(self) -> None:
        """In a forked child: write a part of its own from here on."""
        if os.getpid() != self._process:
            self._lock = threading.Lock()  # another thread may have held it
            self._process = os.getpid()
            self._transfers = Transfers()
            self._store = self._store.forked()
            if self._small is not None:
                self._small = SmallTaps(self._store, self._around)
                _state.find_quick()

    def _write(self, events: Sequence[Event]) -> None:
        """Take the events of one firing, behind all that come from a GPU."""
        if self._transfers.started:
            self._transfers.put(partial(self._deliver, events))
        else:
            self._deliver(events)

    def _deliver(self, events: Sequence[Event]) -> None:
        """Keep the events of one firing, and end the block if they say so."""
        with self._lock:
            if self._closed:
                return  # fired in another thread as the block ended
            for event in events:
                self._expectation.recorded(event.tap)
                self._store.write(event)
                for sink in self._sinks:
                    sink.write(event)
            for event in events:
                reason = self._sampling.stop_reason(event)
                if reason:
                    self._closed = True
                    self._stopped = RecordingStopped(
                        f"stopped at tap {event.tap!r}, "
                        f"{event.file}:{event.line}: {reason}"
                    )
                    raise self._stopped

    def state(
        self, key: str, value: float | str, unit: str | None, *, decisive: bool
    ) -> None:
        """Keep a fact about the run."""
        number, text = run_record.number_or_text(key, value)
        self._keep(
            ConfigValue(
                key, number, text, unit, decisive=decisive, origin="program"
            )
        )

    def read_file(self, path: str | os.PathLike[str], role: Role) -> None:
        """Keep the name, size and hash of a file that the run used."""
        try:
            use = run_record.file_use(Path(path), role, "program")
        except OSError as error:
            raise TapError(
                f"input_file({str(path)!r}): it can't be read ({error}); "
                "state it where the program reads it"
            ) from error
        self._keep(use)

    def _keep(self, fact: Fact) -> None:
        self._see_process()
        with self._lock:
            if self._closed:
                return
            self._store.keep(fact)

    def close(self, outcome: str) -> None:
        """End the recording: the events become a trace.

        Args:
            outcome: how it ended, for the run record.

        Raises:
            RecordingError: the disk lost events, or taps that had to fire
                did not; the trace of those that did is written.
            TraceError: the events don't fit into a trace.
        """
        broken = self._transfers.close()
        with self._lock:
            self._closed = True
        try:
            spawned = lost_by_spawned(self.path) if self.path else ""
            kept = self._store.close()
            if self._store.process and self.path is not None:
                return  # rank 0 makes one trace of all parts
            for event in kept.of_others():
                self._expectation.recorded(event.tap)
                self._reach.note_event(event)
            missing = self._missing()
            told = self._told(outcome, missing)
            run = replace(self._run, facts={**self._run.facts, **told})
            stated = [f for f in kept.facts if isinstance(f, FileUse)]
            config = [f for f in kept.facts if isinstance(f, ConfigValue)]
            self._build = partial(
                kept.trace,
                run=run,
                config=config,
                files=[*stated, *self.files.uses(stated)],
                coverage=covered([*self.selection.coverage(), *kept.facts]),
            )
            if self.path is not None:
                _stored(self._build, self.path)
                self._build = None  # the trace is opened when asked for
        finally:
            for sink in self._sinks:
                sink.close()
        if broken is not None:
            raise RecordingError(
                f"values on a GPU couldn't be copied: {broken}. What fired "
                "before them is in the trace"
            ) from broken
        lost = self._store.lost or spawned
        if lost:
            raise RecordingError(lost)
        if missing:
            raise RecordingError(missing_taps(missing))

    def _missing(self) -> dict[str, str]:
        if self._stopped is not None:
            return {}  # what comes later had no chance
        return self._expectation.missing()

    def _told(self, outcome: str, missing: dict[str, str]) -> dict[str, str]:
        told = {"recording": outcome}
        if missing:
            told["never_recorded"] = ", ".join(missing)
        outside = self._reach.told()
        if outside:
            told["never_reached"] = outside
        return told


def _stored(write: Callable[[], object], root: Path) -> None:
    """Write the trace where its events waited."""
    try:
        write()
    except OSError as error:
        raise RecordingError(
            f"the trace can't be written to {root}: {error}. Its events are "
            "kept there; make room and run 'tracekit repair' on it"
        ) from error
