"""The short way of small values into a recording that takes all of them.

A number that fires again at the same place of the program differs from the
last one in its value, its time and its loop indices only. So the first firing
of a place goes through every check and leaves a ``Layout``; the next ones are
a few entries in a list, which the store's flush turns into columns.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import get_ident
from time import time_ns
from types import CodeType, FrameType
from typing import Any

import numpy as np

from tracekit import _state
from tracekit._state import scopes
from tracekit.capture.context import is_bound, variables
from tracekit.capture.firing import Firing
from tracekit.schema import Event
from tracekit.storage.layout import Layout
from tracekit.storage.live import Store

_HERE = str(Path(__file__).parents[1]) + os.sep
_MOST = 4096  # places; a program that makes its names up has no end of them
_LOWEST, _HIGHEST = -(2**63), 2**63
_CONSTANT = frozenset(
    (
        float,
        int,
        bool,
        *(t for t in np.ScalarType if issubclass(t, np.generic)),
    )
)

Places = dict[Any, tuple[Layout, Any]]
Loops = tuple[tuple[_state.Scope, ...], Places, tuple[int, ...]]


_Array = np.ndarray

# By type of what can change: what values of one layout share, None for what
# is not small.
forms: dict[type, Callable[[Any], Any]] = {
    _Array: lambda array: None if array.ndim else array.dtype
}


class SmallTaps:
    """Appends firings of small values to a store.

    Args:
        store: of this process.
        around: loop indices around the program.
    """

    def __init__(self, store: Store, around: Mapping[str, int]) -> None:
        self._store = store
        self._rows = store.rows
        self._variables = variables()
        self._around = around
        self._places: dict[tuple[str, ...], Places] = {}
        self._known = 0
        self._loops: Loops | None = None

    def take(
        self,
        value: Any,
        name: str,
        dims: str,
        unit: str | None,
        where: Any,
        axes: Any,
        form: Any = None,
    ) -> bool:
        """Append this firing, if it is small and its place known.

        For the function that a tap calls: the program stands three frames
        further up. With a form the value is the number that was read of one.
        """
        if where is not None or axes is not None:
            return False
        if form is None:
            form = type(value)
            if form is _Array and not value.ndim:
                form, value = value.dtype, value[()]
            elif form not in _CONSTANT or (
                form is int and not _LOWEST <= value < _HIGHEST
            ):
                return False
        if self._variables and is_bound():
            return False
        loops, levels = self._loops, scopes.get()
        if loops is None or loops[0] is not levels:
            loops = self._loops = self._within(levels)
        frame = sys._getframe(3)  # noqa: SLF001 - the documented way
        mark = frame.f_trace
        code = mark.code if type(mark) is _Mark else _marked(frame)
        try:
            known = loops[1].get((name, dims, unit, form, frame.f_lasti))
        except TypeError:  # a list for a text: the long way says so
            return False
        if known is None or known[1] is not code:
            frame = _program(frame)
            known = loops[1].get(
                (name, dims, unit, form, frame.f_lasti, id(frame.f_code))
            )
            if known is None:
                return False
        rows, store = self._rows, self._store
        rows.extend((known[0], value, time_ns(), get_ident(), loops[2]))
        if len(rows) >= store.most_rows:
            store.spill()
        return True

    def _within(self, levels: tuple[_state.Scope, ...]) -> Loops:
        """The places that are known within these scopes."""
        found = {**self._around, **_state.loops()}
        places = self._places.setdefault(tuple(found), {})
        return levels, places, tuple(found.values())

    def learn(self, firing: Firing, event: Event) -> None:
        """Keep the place of an event that went the long way."""
        value, name, dims, unit, *others = firing
        if any(other is not None for other in others):
            return
        form = _form(value)
        if form is None or not _holds(event.values.dtype, form):
            return
        _, places, indices = self._within(scopes.get())
        if len(event.axes) != len(indices):
            return  # complex: it has components
        frame = _program(sys._getframe(1))  # noqa: SLF001
        code, instruction = frame.f_code, frame.f_lasti
        key = (name, dims, unit, form, instruction, id(code))
        if key in places:
            return  # another recorder, or a context, let it go the long way
        if self._known >= _MOST:
            self._places, self._loops, self._known = {}, None, 0
        # by the first five alone it is found faster: id() is audited
        places[key] = places[key[:5]] = Layout.of(event), code
        self._known += 1


class _Mark:
    """Says of a frame which code runs in it, in place of a trace function.

    To ask the frame itself is slow, since an audit hook is told of it. A
    frame never runs other code, and its mark ends with it.
    """

    __slots__ = ("code",)

    def __init__(self, code: CodeType) -> None:
        self.code = code

    def __bool__(self) -> bool:
        """A debugger that asks finds no trace function."""
        return False

    def __call__(self, *_: Any) -> None:
        """Trace nothing, if somebody begins to trace while the frame runs."""


def _marked(frame: FrameType) -> CodeType:
    """The code of a frame, which is marked where nobody traces."""
    code = frame.f_code
    if frame.f_trace is None and sys.gettrace() is None:
        frame.f_trace = _Mark(code)
    return code


def _program(frame: FrameType) -> FrameType:
    """Where the program called, past tracekit's own frames."""
    while frame.f_back and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame


def _form(value: Any) -> Any:
    """What values of one layout share.

    None for what is no small value of the program's own memory.
    """
    form = type(value)
    if form in _CONSTANT:
        small = form is not int or _LOWEST <= value < _HIGHEST
        return form if small else None
    of = forms.get(form)
    return None if of is None else of(value)


def _holds(stored: np.dtype[Any], form: Any) -> bool:
    """Whether the stored type is the program's own, if that is NumPy's."""
    if isinstance(form, type) and issubclass(form, np.generic):
        form = np.dtype(form)
    return not isinstance(form, np.dtype) or form == stored
