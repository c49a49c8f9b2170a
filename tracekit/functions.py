"""Taps on the results of functions, without a change to their code."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

from tracekit import _state
from tracekit.blocks import block
from tracekit.calls import Calls
from tracekit.errors import RecordingError, TapError
from tracekit.taps import traced

_ABSENT = object()
_TARGET = "_tracekit_target"
_WRAPPER = "wrapper"  # calls the program's function
# what runs while something is recorded, beside the program
_RECORDING = (
    *("tracekit.capture", "tracekit.storage", "tracekit.processes"),
    *("tracekit.taps", "tracekit.scopes", "tracekit.calls"),
    *("tracekit._state", "tracekit.run_record", "tracekit.schema"),
)
_EXPECTED = '"package.module:function" or "package.module:Class.method"'
_Place = tuple[Any, str, Any]


@block
def instrument(
    *targets: str, dims: str = "", unit: str | None = None
) -> Iterator[tuple[str, ...]]:
    """Call functions as if they were ``@traced``, while the block lasts.

    Compiled code that calls one of them is compiled once more; methods that
    it keeps need ``torch.compiler.reset()`` before, and their error says so.

    Args:
        targets: "package.module:function" or "package.module:Class.method".
            Other modules that imported the function by name call it so too.
            What tracekit calls itself, to record another tap, is left out.
        dims: of the results, as for taps.
        unit: of the results.

    Yields:
        The names of the taps ("function", "Class.method").

    Raises:
        TapError: a target can't be found, is no function, or is instrumented
            already, perhaps under another module's name.
        RecordingError: one of them was never called in the block.

    >>> import math, tracekit as tk
    >>> with tk.record() as recording, tk.instrument("math:sqrt"):
    ...     _ = math.sqrt(4.0)
    >>> recording.trace.taps
    ('sqrt',)
    """
    changed: list[_Place] = []
    _check_texts(targets)
    names = tuple(target.partition(":")[2] for target in targets)
    calls = Calls(names)
    try:
        for target in targets:
            _replace(target, dims, unit, calls, changed)
        yield names
    finally:
        for owner, attribute, before in reversed(changed):
            if before is _ABSENT:
                delattr(owner, attribute)
            else:
                setattr(owner, attribute, before)
    missing = calls.missing()
    if missing:
        raise RecordingError(
            f"instrument: {', '.join(missing)} was never called in the block; "
            "name the function that the program really calls, and instrument "
            "before anything keeps a reference to it; compiled code keeps "
            "methods until torch.compiler.reset()"
        )


def _check_texts(targets: Sequence[Any]) -> None:
    wrong = [target for target in targets if not isinstance(target, str)]
    if wrong or not targets:
        raise TapError(
            f"instrument: {repr(wrong[0]) if wrong else 'nothing'} given; "
            f"expected one or more of {_EXPECTED}"
        )


def _replace(
    target: str,
    dims: str,
    unit: str | None,
    calls: Calls,
    changed: list[_Place],
) -> None:
    owner, attribute, name = _found(target)
    before = inspect.getattr_static(owner, attribute)
    if attribute not in getattr(owner, "__dict__", {}) and not isinstance(
        owner, type
    ):
        before = getattr(owner, attribute)  # a method, bound to its object
    kind = (
        type(before)
        if isinstance(before, staticmethod | classmethod)
        else None
    )
    function = before.__func__ if kind else before
    if not callable(function) or isinstance(function, type):
        raise TapError(
            f"instrument: {target!r} is no function but a "
            f"{type(function).__name__}; name a function, or tap in its body"
        )
    if hasattr(function, _TARGET):
        raise TapError(
            f"instrument: {target!r} is instrumented already, as "
            f"{getattr(function, _TARGET)!r}; name it once"
        )
    wrapped = _counted(
        traced(name=name, dims=dims, unit=unit)(function),
        function,
        calls.noting(name),
    )
    setattr(wrapped, _TARGET, target)
    places = [(owner, attribute)]
    if isinstance(owner, ModuleType):
        places += _other_names(function, owner, attribute)
    for place, key in places:
        own = getattr(place, "__dict__", {}).get(key, _ABSENT)
        try:
            setattr(place, key, kind(wrapped) if kind else wrapped)
        except (AttributeError, TypeError) as error:
            raise TapError(
                f"instrument: {target!r} can't be replaced ({error})"
            ) from error
        changed.append((place, key, own))


def _found(target: str) -> tuple[Any, str, str]:
    module, _, name = target.partition(":")
    if not (module and name):
        raise TapError(f"instrument: {target!r}: expected {_EXPECTED}")
    *path, attribute = name.split(".")
    try:
        owner: Any = importlib.import_module(module)
        for step in path:
            owner = getattr(owner, step)
        inspect.getattr_static(owner, attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise TapError(
            f"instrument: {target!r} can't be found ({error}); write "
            f"{_EXPECTED}"
        ) from error
    return owner, attribute, name


def _other_names(
    function: Any, owner: ModuleType, attribute: str
) -> list[tuple[Any, str]]:
    """Where modules hold the same function under a name of their own."""
    return [
        (module, key)
        for module in tuple(sys.modules.values())
        if isinstance(module, ModuleType)
        for key, value in tuple(vars(module).items())
        if value is function and (module, key) != (owner, attribute)
    ]


def _counted(
    tapped: Callable[..., Any],
    function: Callable[..., Any],
    note: Callable[[], None],
) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if _state.recording and _of_tracekit():
            return function(*args, **kwargs)
        note()
        return tapped(*args, **kwargs)

    return wrapper


def _of_tracekit(look: Callable[[int], Any] = sys._getframe) -> bool:  # noqa: SLF001
    """Whether tracekit itself needs the function, to record another call.

    It calls no function by a name that could be instrumented.
    """
    frame = look(2)
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module.startswith(_RECORDING) and (
            frame.f_code.co_name != _WRAPPER
        ):
            return True
        frame = frame.f_back
    return False


_of_tracekit._dynamo_marked_constant = True  # type: ignore[attr-defined] # noqa: SLF001
