"""The short way of small values into a recording that takes all of them.

A number that fires again at the same place of the program differs from the
last one in its value, its time and its loop indices only. So the first firing
of a place goes through every check and leaves a ``Layout``; the next ones are
a few entries in a list, which the store's flush turns into columns.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from contextvars import copy_context
from pathlib import Path
from typing import Any

import numpy as np

from tracekit import _state
from tracekit.schema import Event
from tracekit.storage.layout import Layout, packer
from tracekit.storage.live import Store

_HERE = str(Path(__file__).parents[1]) + os.sep
_MOST = 4096  # places; a program that makes its names up has no end of them
_LOWEST, _HIGHEST = -(2**63), 2**63
_BOUND = "structlog_"

Loops = tuple[tuple[_state.Scope, ...], tuple[str, ...], tuple[int, ...]]


class SmallTaps:
    """Appends firings of small values to a store.

    Args:
        store: of this process.
        around: loop indices around the program.
    """

    def __init__(self, store: Store, around: Mapping[str, int]) -> None:
        self._store = store
        self._rows = store.rows
        self._around = around
        self._layouts: dict[Any, tuple[Any, Layout]] = {}
        self._loops: Loops | None = None

    def take(
        self, value: Any, name: str, dims: str, unit: str | None
    ) -> tuple[Any, ...] | None:
        """Append this firing, where its place is known.

        Returns:
            None where that is done; else the key under which ``learn`` may
            keep the place, () for a value that goes the long way.
        """
        form, value = _form(value)
        if form is None:
            return ()
        if _is_bound():
            return ()
        loops = self._loops
        levels = _state.scopes.get()
        if loops is None or loops[0] is not levels:
            found = {**self._around, **_state.loops()}
            loops = levels, tuple(found), tuple(found.values())
            self._loops = loops
        frame = sys._getframe(3)  # noqa: SLF001 - the documented way
        while frame.f_back and frame.f_code.co_filename.startswith(_HERE):
            frame = frame.f_back
        code = frame.f_code
        key = (name, dims, unit, form, id(code), frame.f_lasti, loops[1])
        try:
            known = self._layouts.get(key)
        except TypeError:  # a list for a text: the long way says so
            return ()
        if known is None:
            return (*key, code)
        layout = known[1]
        self._rows.extend(
            (layout, value, time.time_ns(), threading.get_ident(), loops[2])
        )
        if len(self._rows) >= self._store.most_rows:
            self._store.spill()
        return None

    def learn(self, key: tuple[Any, ...], event: Event) -> None:
        """Keep the place of an event that went the long way."""
        *place, code = key
        form, dims = key[3], key[6]
        if tuple(axis.dim for axis in event.axes) != dims:
            return  # complex: it has components
        pack = packer(event.values.dtype)
        if type(form) is tuple:
            if form[1] != event.values.dtype:
                return  # widened
            pack = bytes
        if len(self._layouts) >= _MOST:
            self._layouts.clear()
        self._layouts[tuple(place)] = code, Layout.of(event, pack)


def _form(value: Any) -> tuple[Any, Any]:
    """What values of one layout share, and the value as a number or bytes.

    The form is None for what is no small value of the program's own memory.
    """
    kind = type(value)
    if kind is float or kind is bool:
        return kind, value
    if kind is int:
        return (kind if _LOWEST <= value < _HIGHEST else None), value
    if kind is np.ndarray or isinstance(value, np.generic):
        if value.ndim:
            return None, value
        return (kind, value.dtype), value.tobytes()
    torch = sys.modules.get("torch")
    if torch is None or kind is not torch.Tensor or value.dim():
        return None, value
    if not value.is_cpu or value.layout is not torch.strided:
        return None, value
    form, value = value.dtype, value.item()
    # the bits of a NaN need the long way
    return (form if value == value else None), value


def _is_bound() -> bool:
    """Whether structlog has context that an event must carry."""
    for variable in copy_context():  # noqa: SIM110 - any() takes twice as long
        if variable.name.startswith(_BOUND):
            return True
    return False
