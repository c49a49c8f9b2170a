"""Scopes: where the taps inside of a block stand, by loop indices.

A scope does nothing while nothing records.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from types import TracebackType
from typing import Any, Self, SupportsIndex

from tracekit import _state
from tracekit.columns import COMPONENT, OCCURRENCE
from tracekit.errors import TapError

_RESERVED = (COMPONENT, OCCURRENCE)
_NONE: dict[str, int] = {}
_Entered = tuple[tuple[_state.Scope, ...], tuple[_state.Scope, ...]]


class scope:  # noqa: N801 - reads as a statement: with scope("phi", phi=3)
    """Nest taps under loop indices while the block lasts.

    An index that has the name of an axis of a tapped value says where that
    axis begins, so a program that computes in blocks records its taps at
    their global coordinates: ``with scope("rows", slow=128): ...``. A range
    says where the block ends, too, ``slow=range(128, 256)``: one that holds
    none of the recorded pixels is then passed by at once. No value in it may
    reach further; where that is seen, it is an error.
    Open scopes inside ``record``: what was entered before is not seen. A new
    thread begins outside of all scopes; hand it the present ones with
    ``contextvars.copy_context().run``. In compiled code an index may be a
    constant, a changing integer or a tensor. Taps in the body of a custom
    operator (``torch.library.custom_op``) don't see a scope that the compiled
    code around it opens: open it in the body, or around the compiled call.

    Args:
        name: of the loop or the block, for errors.
        indices: by dim, whole numbers or ranges of step 1; an inner scope's
            go first. The dims component and occurrence are reserved.

    Raises:
        TapError: while recording, if an index is no whole number, a range
            leaves some out, or a dim is reserved.

    >>> import tracekit as tk
    >>> with tk.scope("phi", phi=3):
    ...     _ = tk.tap(0.1, "angle", unit="rad")
    """

    __slots__ = ("_entered", "_indices", "_name", "_outer")

    def __init__(self, name: str, /, **indices: SupportsIndex | range) -> None:
        self._name = name
        self._indices = indices
        self._entered: tuple[_Entered, ...] = ()
        self._outer: tuple[tuple[str, Any], ...] | None = None

    def __enter__(self) -> Self:
        if _state.recording:
            side = _state.torch_side
            if side is not None and side.tracing():
                first = side.checked(self._name, self._indices)
                self._outer = _state.traced
                _state.traced = (*self._outer, *first.items())
                return self
            around = _state.scopes.get()
            within = (*around, _level(self._name, self._indices, around))
            self._entered = (*self._entered, (around, within))
            _state.scopes.set(within)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._entered:
            around, within = self._entered[-1]
            if _state.scopes.get() is within:
                # the very same as before: what is known of it still holds
                self._entered = self._entered[:-1]
                _state.scopes.set(around)
            else:
                self._leave()
        if self._outer is not None:
            _state.traced = self._outer
            self._outer = None

    def _leave(self) -> None:
        """Take out the own level that is the inner one of this context.

        Generators close theirs in any order, and threads may share a scope.
        """
        levels = _state.scopes.get()
        own = {
            id(within[-1]): n for n, (_, within) in enumerate(self._entered)
        }
        for place in reversed(range(len(levels))):
            number = own.get(id(levels[place]))
            if number is not None:
                for inner in levels[place + 1 :]:
                    inner.beside = None  # it knew so from the block around it
                _state.scopes.set((*levels[:place], *levels[place + 1 :]))
                break
        else:
            number = len(self._entered) - 1
        self._entered = tuple(
            entered
            for place, entered in enumerate(self._entered)
            if place != number
        )


_state.entries |= {
    entry.__code__
    for entry in (scope.__init__, scope.__enter__, scope.__exit__)
}


def _level(
    name: str, indices: Mapping[str, Any], around: tuple[_state.Scope, ...]
) -> _state.Scope:
    """The level of a scope that is entered."""
    first, lengths = indices, _NONE
    for dim, value in indices.items():
        if type(value) is not int or dim in _RESERVED:
            first, lengths = _places(name, indices)
            break
    asks, beside = _state.beside, None
    if asks and (lengths or (around and around[-1].beside is not None)):
        beside = asks(around, first, lengths)
    return _state.Scope(name, first, lengths, beside)


def _places(
    scope_name: str, indices: Mapping[str, Any]
) -> tuple[dict[str, int], dict[str, int]]:
    """By dim where a block begins, and how long it is if it says so."""
    first, lengths = {}, {}
    for dim, value in indices.items():
        if type(value) is range and dim not in _RESERVED:
            if value.step != 1:
                raise TapError(
                    f"scope {scope_name!r}: {dim}={value!r} leaves indices "
                    "out; a block has all from its first to its last"
                )
            first[dim] = value.start
            lengths[dim] = max(0, value.stop - value.start)
        else:
            first[dim] = _index(scope_name, dim, value)
    return first, lengths


def _index(scope_name: str, dim: str, value: Any) -> int:
    if dim in _RESERVED:
        raise TapError(
            f"scope {scope_name!r}: {dim!r} is reserved; name the loop "
            "another way"
        )
    try:
        return index(value)
    except (TypeError, RuntimeError) as error:
        raise TapError(
            f"scope {scope_name!r}: {dim}={value!r} is no integer; loop "
            "indices are single whole numbers"
        ) from error
