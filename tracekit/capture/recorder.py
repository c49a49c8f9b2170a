"""Collects the events of every tap while a ``record`` block lasts."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

import structlog

from tracekit import _state, run_record
from tracekit._state import Later, Passes, Quick
from tracekit.capture.delivery import STOPPED, Delivery
from tracekit.capture.expectation import Expectation, missing_taps
from tracekit.capture.few import FewTaps
from tracekit.capture.firing import Firing
from tracekit.capture.opened import OpenedFiles, watch_opens
from tracekit.capture.ranks import DIM, rank_of_world
from tracekit.capture.reduction import Reduction
from tracekit.capture.sampling import Sampling
from tracekit.capture.selection import Selection
from tracekit.capture.sinks import Sink
from tracekit.capture.small import SmallTaps
from tracekit.capture.spawned import announce, lost_by_spawned, withdraw
from tracekit.capture.taking import Taking
from tracekit.errors import RecordingError, RecordingStopped, TapError
from tracekit.schema import ConfigValue, FileUse, Role, Run
from tracekit.storage.directory import unwritable
from tracekit.storage.disk_store import DiskStore
from tracekit.storage.live import Store, Taken
from tracekit.storage.memory_store import MemoryStore
from tracekit.storage.ranks import wait_for_trace
from tracekit.storage.trace import Trace, open_trace
from tracekit.storage.unfinished import Fact, covered, remove_unfinished


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
        self._expectation = expectation
        self._announced: str | None = None
        self._doubted: set[str] = set()
        self._run = run
        self._trace: Trace | None = None
        self._build: Callable[[], Trace | None] | None = None
        self._ended = self._stopped = False
        self._owner = os.getpid()
        rank, world = rank_of_world()
        self._around = {DIM: rank} if world > 1 else {}
        self._taking = Taking(
            selection, reduction, sampling, self._around, expectation.asked
        )
        store: Store = (
            MemoryStore(rank)
            if path is None
            else _on_disk(path, run, selection, rank, world)
        )
        self._delivery = Delivery(
            store, sinks, sampling, expectation, views=path is not None
        )
        self._short: SmallTaps | FewTaps | None = None
        whole = self._taking.only_selects or not selection.groups
        if whole and sampling.takes_all and not sinks:
            self._short = self._short_way()

    def _short_way(self) -> SmallTaps | FewTaps:
        store = self._delivery.store
        if self.selection.groups:
            return FewTaps(store, self._taking, self._expectation)
        return SmallTaps(store, self._around)

    @property
    def asked(self) -> Mapping[str, bool]:
        """Whether taps that fired are recorded."""
        return self._expectation.asked

    @property
    def passes(self) -> Passes | None:
        """Whether a value is known to leave nothing."""
        if self.selection.groups and self._taking.only_selects:
            return self._taking.places.passes
        return None

    @property
    def passed(self) -> set[Any]:
        """What leaves nothing in a block that holds no pixel."""
        return self._taking.places.passed if self.passes else set()

    @property
    def beside(self) -> Callable[..., set[Any] | None] | None:
        """Says of scopes whether their block holds no pixel."""
        return self._taking.places.beside if self.passes else None

    @property
    def small(self) -> Quick | None:
        """A short way of small values; they are dealt with if it says so."""
        return self._short.take if isinstance(self._short, SmallTaps) else None

    @property
    def quick(self) -> Quick | None:
        """A short way of plain values of which little is selected."""
        return self._short.take if isinstance(self._short, FewTaps) else None

    @property
    def later(self) -> Later | None:
        """Takes calls of compiled code that may be computed later."""
        return self._short.later if type(self._short) is FewTaps else None

    def __enter__(self) -> Self:
        if self._ended:
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
        stopped = self._is_stop(error)
        if os.getpid() != self._owner:
            return stopped  # a forked child; the parent closes
        if stopped or error is None:
            self.close(str(self._delivery.stopped or "complete"))
            return stopped
        try:
            self.close(f"ended by {type(error).__name__}: {error}")
        except RecordingError as second:
            error.add_note(f"tracekit: {second}")
        return False

    def _is_stop(self, error: BaseException | None) -> bool:
        """Whether ``stop_when`` raised it, here or in a forked child."""
        if not isinstance(error, RecordingStopped):
            return False
        store = self._delivery.store
        return error is self._delivery.stopped or any(
            how in str(error) for _, how in store.ends_of_others()
        )

    @property
    def trace(self) -> Trace:
        """The finished trace; only after the block has ended."""
        if self._trace is None and self._ended and self.path is not None:
            if self._delivery.store.process:
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

    def observe(self, firing: Firing) -> None:
        """Record one firing of a tap, as far as it is selected."""
        self._see_process()
        if not self._expectation.wants(firing.name):
            return
        found = self._taking.take(firing, self._delivery.store.process)
        if found is None:
            return
        if found.uncovered is not None:
            self._keep(found.uncovered)
        if self._delivery.copies_later(found):
            self._short = None  # what it takes would come too early
            _state.find_quick()
            self._delivery.later(found)
            return
        events = self._delivery.now(found)
        if isinstance(self._short, SmallTaps) and len(events) == 1:
            self._short.learn(firing, events[0])

    def lacks(self, name: str, why: str) -> None:
        """Note that a tap could not be recorded; an error if it had to be."""
        if not self._expectation.lacks(name, why):
            self.doubts(name, f"its gradient {why}")

    def doubts(self, name: str, why: str) -> None:
        """Tell, once, what a tap that is recorded may not be."""
        if name not in self._doubted:
            self._doubted.add(name)
            structlog.get_logger("tracekit").warning(why, tap=name)

    def wants(self, name: str) -> bool:
        """Whether a tap would be recorded if it fired."""
        return self._expectation.would_want(name)

    def asks(
        self, names: tuple[str, ...], inside: Sequence[bool] | None
    ) -> Sequence[int]:
        """Which firings in compiled code have to be observed.

        Args:
            names: the taps.
            inside: whether the value of each holds one of the pixels; None
                where none does.
        """
        wanted = self._expectation.wanted(names)
        if self._taking.asks_nowhere:
            return wanted
        return [n for n in wanted if inside[n]] if inside else ()

    def _see_process(self) -> None:
        """In a forked child: write a part of its own from here on."""
        if self._delivery.is_forked():
            if self._short is not None:
                self._short = self._short_way()
            _state.find_quick()

    def state(
        self, key: str, value: float | str, unit: str | None, *, decisive: bool
    ) -> None:
        """Keep a fact about the run."""
        number, text = run_record.number_or_text(key, value)
        run_record.check_texts(key, unit, text)
        self._keep(
            ConfigValue(
                key, number, text, unit, decisive=decisive, origin="program"
            )
        )

    def read_file(self, path: str | os.PathLike[str], role: Role) -> None:
        """Keep the name, size and hash of a file that the run used."""
        if role not in get_args(Role):
            raise TapError(
                f"input_file({str(path)!r}): role={role!r}: expected one of "
                f"{', '.join(get_args(Role))}"
            )
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
        self._delivery.keep(fact)

    def close(self, outcome: str) -> None:
        """End the recording: the events become a trace.

        Args:
            outcome: how it ended, for the run record.

        Raises:
            RecordingError: the disk lost events, or taps that had to fire
                did not; the trace of those that did is written.
            TraceError: the events don't fit into a trace.
        """
        broken, store = self._delivery.end(), self._delivery.store
        self._ended = True
        try:
            spawned = lost_by_spawned(self.path) if self.path else ""
            if outcome != "complete":
                store.tell_end(outcome)
            taken = store.close()
            if store.process and self.path is not None:
                return  # rank 0 makes one trace of all parts
            outcome = self._outcome(outcome)
            for found in taken.of_others():
                self._expectation.recorded(found.layout.shared["tap"])
                self._taking.places.reach.note_firings(found)
            missing = self._missing()
            lost = _lost(broken, store.lost or spawned)
            if lost and outcome == "complete":
                outcome = f"incomplete: {lost}"
            self._build = self._unfinished(taken, self._told(outcome, missing))
            if self.path is not None:
                _stored(self._build, self.path)
                self._build = None  # the trace is opened when asked for
        finally:
            self._delivery.close_sinks()
        if lost:
            raise RecordingError(lost) from broken
        if missing:
            raise RecordingError(missing_taps(missing))

    def _unfinished(
        self, taken: Taken, told: dict[str, str]
    ) -> Callable[[], Trace | None]:
        """Makes the trace of what was kept."""
        run = replace(self._run, facts={**self._run.facts, **told})
        stated = [f for f in taken.facts if isinstance(f, FileUse)]
        return partial(
            taken.trace,
            run=run,
            config=[f for f in taken.facts if isinstance(f, ConfigValue)],
            files=[*stated, *self.files.uses(stated)],
            coverage=covered([*self.selection.coverage(), *taken.facts]),
        )

    def _outcome(self, mine: str) -> str:
        """How the recording ended, in other processes too."""
        ends = self._delivery.store.ends_of_others()
        if mine == "complete" and ends:
            mine = "; ".join(f"{who} {how}" for who, how in ends)
        self._stopped = self._delivery.stopped is not None or any(
            how.startswith(STOPPED) for _, how in ends
        )
        return mine

    def _missing(self) -> dict[str, str]:
        if self._stopped:
            return {}  # what comes later had no chance
        return self._expectation.missing()

    def _told(self, outcome: str, missing: dict[str, str]) -> dict[str, str]:
        told = {"recording": outcome}
        if missing:
            told["never_recorded"] = ", ".join(missing)
        outside = self._taking.places.never_reached()
        if outside:
            told["never_reached"] = outside
        idle = ", ".join(self._expectation.idle())
        if idle and not self._stopped:
            told["selects_nothing"] = idle
            structlog.get_logger("tracekit").warning(
                "globs in taps= select none of the taps that fired",
                globs=idle,
                fired=", ".join([*self.asked][:9]),
            )
        return told


def _on_disk(
    root: Path, run: Run, selection: Selection, rank: int, world: int
) -> DiskStore:
    """A store that has begun; of one that can't, nothing is left."""
    try:
        return DiskStore(root, run, selection.coverage(), rank, world)
    except OSError as error:
        if not rank:
            remove_unfinished(root)
        raise unwritable(root, error) from error


def _lost(broken: BaseException | None, others: str) -> str:
    """What a trace lacks of what fired, "" if it has all."""
    if broken is None:
        return others
    return (
        f"{broken}. What fired before it is in the trace, what fired behind "
        "it is not"
    )


def _stored(write: Callable[[], object], root: Path) -> None:
    """Write the trace where its events waited."""
    try:
        write()
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "make room" if full else "mend that"
        raise RecordingError(
            f"the trace can't be written to {root}: {error}. Its events are "
            f"kept there; {advice} and run 'tracekit repair' on it"
        ) from error
