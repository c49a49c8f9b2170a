"""Whether what is tapped from outside was called, in compiled code too.

Dynamo runs what carries ``_dynamo_marked_constant`` while it traces. Code
that it made in an earlier block isn't traced again, so that while a recording
runs an operator says that a call happens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from tracekit import _state

_traced: set[str] = set()  # what compiled code of any block calls


class Calls:
    """Which functions or modules are called from now on.

    Args:
        names: theirs.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._called: set[str] = set()
        _state.called.difference_update(names)

    def noting(self, name: str) -> Callable[[], None]:
        """What notes a call when it is called itself."""

        def noted() -> None:
            self._called.add(name)
            guards = sys.modules.get("torch._guards")
            if guards is not None and guards.TracingContext.try_get():
                _traced.add(name)

        noted._dynamo_marked_constant = True  # type: ignore[attr-defined] # noqa: SLF001

        def note() -> None:
            noted()
            if _state.recording:
                side = _state.torch_side
                if side is not None and side.tracing():
                    side.state("called", name)

        return note

    def missing(self) -> list[str]:
        """Those that were not called.

        Compiled code of an earlier block says so only while it is recorded.
        """
        called = self._called | _state.called
        return [
            name
            for name in self._names
            if name not in called and (_state.recording or name not in _traced)
        ]
