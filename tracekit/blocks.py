"""Blocks of ``with`` that begin once: what ``record`` and its like return."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial, wraps
from inspect import isfunction
from types import TracebackType
from typing import Any, Generic, ParamSpec, TypeVar

from tracekit.errors import RecordingError
from tracekit.taps import returns_early

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class Block(AbstractContextManager[T], Generic[T]):
    """One block; as a decorator, one around each call of the function."""

    _used = True  # of one that Dynamo makes without __init__
    _open = False

    def __init__(
        self, name: str, begin: Callable[[], AbstractContextManager[T]]
    ) -> None:
        self._name = name
        self._begin = begin
        self._begun: AbstractContextManager[T] | None = None
        self._used = False

    def __del__(self) -> None:
        if not self._used:
            warnings.warn(
                f"{self._name}() did nothing, since no block began; write "
                f"'with tk.{self._name}(...):' around what it is for",
                RuntimeWarning,
                stacklevel=2,
            )
        elif self._open and not sys.is_finalizing():
            warnings.warn(
                f"the block of {self._name}() ends here, since nobody holds "
                f"it any more; write 'with tk.{self._name}(...):', or keep "
                "what it returned until you leave it",
                RuntimeWarning,
                stacklevel=2,
            )

    def __enter__(self) -> T:
        self._used = True
        if self._begun is not None:
            raise RecordingError(
                f"this {self._name}() has begun a block already, and begins "
                f"one only; write 'with tk.{self._name}(...):' once more. "
                "What the first block did stays as it is"
            )
        begun = self._begin()
        found = _untraced(begun.__enter__)()
        self._begun, self._open = begun, True
        return found

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._open = False
        if self._begun is None:
            return None
        return _untraced(self._begun.__exit__)(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Begin a block around each call of a function."""
        self._used = True
        if returns_early(function):
            raise RecordingError(
                f"@tk.{self._name}: {function!r} is a generator or async "
                "function, which returns before its taps fire; write 'with "
                f"tk.{self._name}(...):' in its body"
            )

        @wraps(function)
        def inner(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._begin():
                return function(*args, **kwargs)

        return inner


def _untraced(call: Callable[P, R]) -> Callable[P, R]:
    """What Dynamo does not look into, where the block is in compiled code."""
    dynamo = sys.modules.get("torch._dynamo")
    return call if dynamo is None else dynamo.disable(call)


def block(function: Callable[P, Iterator[T]]) -> Callable[P, Block[T]]:
    """``contextlib.contextmanager`` with words for what goes wrong."""
    name, manager = function.__name__, contextmanager(function)

    @wraps(function)
    def made(*args: P.args, **kwargs: P.kwargs) -> Block[T]:
        given: tuple[Any, ...] = args
        if given and isfunction(given[0]):
            raise RecordingError(
                f"{name}: {given[0].__name__!r} is a function, which it takes "
                f"none of; as a decorator write @tk.{name}(...), with "
                "parentheses, and tap a function by @tk.traced or "
                'tk.instrument("module:function")'
            )
        return Block(name, partial(manager, *args, **kwargs))

    return made
