"""Which taps a recording takes, which of them must fire, and which did."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tracekit.errors import (
    RecordingError,
    TapError,
    TraceError,
    did_you_mean,
)
from tracekit.globs import fits
from tracekit.schema import STATISTIC
from tracekit.storage.trace import Trace, open_trace

Expected = Iterable[str] | Trace | str | os.PathLike[str]

_WILD = frozenset("*?[")


class _Asked(dict[str, bool]):
    """Whether taps are recorded; whoever looks up a new one has it fire."""

    def __init__(self, selects: Callable[[str], bool]) -> None:
        super().__init__()
        self._selects = selects

    def __missing__(self, name: str) -> bool:
        _check_name(name)
        wanted = self[name] = self._selects(name)
        return wanted


class Expectation:
    """Names that are recorded and names that must be.

    Args:
        taps: names or globs to record, None for all. A plain name among them
            must fire: what is mistyped would be lost in silence.
        expect: names or globs that must fire; a trace, or the path of one,
            stands for those of its taps that ``taps`` selects.
        reduce: names or globs of taps that are reduced; a plain name among
            them must fire, too.

    ``asked`` says of a tap that fires whether it is recorded, and then knows
    that it fired.
    """

    def __init__(
        self,
        taps: tuple[str, ...] | None,
        expect: Expected | None,
        reduce: tuple[str, ...] = (),
    ) -> None:
        self._taps = None if taps is None else frozenset(taps)
        self.asked: Mapping[str, bool] = _Asked(self._selects)
        self._several: dict[tuple[str, ...], tuple[int, ...]] = {}
        self._recorded: set[str] = set()
        self._lost: dict[str, str] = {}
        self._reduced = _plain(reduce)
        names = [*_plain(taps or ()), *self._names(expect)]
        self._required = dict.fromkeys(names)

    def _names(self, expect: Expected | None) -> list[str]:
        if expect is None:
            return []
        if isinstance(expect, str | os.PathLike):
            try:
                expect = open_trace(os.fspath(expect))
            except TraceError as error:
                raise RecordingError(
                    f"expect={str(expect)!r}: {error}; a text is the path of "
                    "a trace, names go into a list"
                ) from error
        if isinstance(expect, Trace):
            return [name for name in _fired(expect) if self._selects(name)]
        return list(names_of("expect", expect))

    def wants(self, name: str) -> bool:
        """Whether a tap is recorded; every tap that fires must ask."""
        return self.asked[name]

    def would_want(self, name: str) -> bool:
        """The same of a tap that doesn't fire."""
        wanted = self.asked.get(name)
        if wanted is None:
            _check_name(name)
            return self._selects(name)
        return wanted

    def wanted(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Which of several taps are recorded; all have asked then."""
        found = self._several.get(names)
        if found is None:
            wants = [*map(self.wants, names)]
            found = tuple(n for n, wanted in enumerate(wants) if wanted)
            self._several[names] = found
        return found

    def _selects(self, name: str) -> bool:
        taps = self._taps
        return taps is None or any(fits(glob, name) for glob in taps)

    def lacks(self, name: str, why: str) -> bool:
        """Note that a tap could not be recorded; False if it need not be."""
        if name in self._required:
            self._lost[name] = why
        return name in self._required or not self.would_want(name)

    def recorded(self, *names: str) -> None:
        """Note that taps left an event."""
        self._recorded.update(names)

    def missing(self) -> dict[str, str]:
        """Why each name that had to be recorded was not, by name."""
        lacking = [
            name
            for name in self._required
            if not any(fits(name, tap) for tap in self._recorded)
        ]
        fired = self.asked.keys() | self._recorded
        lacking += [
            name
            for name in self._reduced
            if not {name, f"{name}.count"} & fired  # of a child: what it left
        ]
        return {n: self._reason(n) for n in lacking} | self._lost

    def idle(self) -> list[str]:
        """Globs in ``taps=`` that no tap has which fired."""
        fired = self.asked.keys() | self._recorded
        return [
            glob
            for glob in self._taps or ()
            if _WILD & set(glob) and not any(fits(glob, tap) for tap in fired)
        ]

    def _reason(self, name: str) -> str:
        fired = [tap for tap in self.asked if tap not in self._required]
        same = [
            wanted for tap, wanted in self.asked.items() if fits(name, tap)
        ]
        if any(same):
            return "fired, but at none of the selected coordinates"
        if same:
            return "fired, but taps= leaves it out"
        return f"never fired{did_you_mean(name, fired)}"


def names_of(option: str, given: Iterable[str]) -> tuple[str, ...]:
    """Names or globs of taps, as they were given to an option.

    Raises:
        RecordingError: they are none.
    """
    if isinstance(given, str):
        raise RecordingError(
            f"{option}={given!r}: expected a list, [{given!r}]"
        )
    names = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise RecordingError(
            f"{option}={given!r}: expected a list of names or globs of taps, "
            'like ["F_*"]'
        )
    return names


def _plain(names: Iterable[str]) -> list[str]:
    """Those without wildcards."""
    return [name for name in names if not _WILD & set(name)]


def _fired(trace: Trace) -> list[str]:
    """Taps of a program, without the statistics that were made of them."""
    taps = trace.tables["tap"]
    rows = zip(*(taps[c].to_pylist() for c in ("name", "family")), strict=True)
    return [name for name, family in rows if family != STATISTIC]


def _check_name(name: Any) -> None:
    try:
        str.encode(name)
    except (TypeError, UnicodeEncodeError) as error:
        raise TapError(
            f"tap {name!r}: a tap's name is a text ({error})"
        ) from error
    if not name:
        raise TapError("a tap with the name '': give it one, like 'F_cell'")


def missing_taps(missing: Mapping[str, str]) -> str:
    """What a user is told of the names that were not recorded."""
    taps = "; ".join(f"{name!r} {why}" for name, why in missing.items())
    taps += "" if taps.endswith("?") else "."
    return (
        f"the recording lacks taps that it had to have: {taps} Correct the "
        "name in taps=, expect= or reduce=, or see why the program didn't "
        "come there; what did fire is in the trace"
    )
