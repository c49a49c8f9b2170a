"""What instrumented code calls: taps, traced functions, facts.

All of it does nothing while nothing records, and none of it ever changes a
value: a tap returns the very object that it was given.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from os import PathLike
from typing import Any, ParamSpec, TypeVar, overload

from tracekit import _state
from tracekit.columns import Role
from tracekit.errors import TapError
from tracekit.scopes import scope

T = TypeVar("T")
P = ParamSpec("P")


def tap(
    value: T,
    name: str,
    dims: str = "",
    *,
    unit: str | None = None,
    where: Any = None,
    grad: bool = False,
    axes: tuple[int, ...] | None = None,
) -> T:
    """Observe a value that the program goes on to use; returns the value.

    Works in eager code, under torch.compile, torch.export and torch.func.
    It changes no number. In inductor's code most values are in no memory, so
    one that a tap shows is computed once more beside the program, by the same
    compiler from the same operations: sums, products, quotients and roots of
    single numbers have the program's bits, a sine or a sum may differ in the
    last ones. What the program gives back, what is random, and what inductor
    leaves to kernels of others (convolutions) is observed itself.

    Of pixels there is one exception: where they are picked of what isn't
    computed number by number (behind sums over an axis, products of matrices,
    flips), inductor keeps the program's own in memory, and its last bits may
    then be others. Where that matters, record the whole value, or compile
    with ``backend="aot_eager"``.

    The rows of ``torch.func.vmap`` are a dim in front, ``batch`` for the
    outermost one, then ``batch1``, ...; each chunk of ``chunk_size`` begins
    at row 0, so map chunks of your own in ``scope("chunk", batch=first)``.
    jacfwd and hessian map themselves: a vmap inside of them is ``batch1``.

    What is recorded is a copy: the program may write behind a tap. What a
    checkpoint computes again has the phase "recompute", and meets nothing in
    a comparison. Bodies of cond, while_loop, scan and their like, which lose
    taps, are refused: return the value and tap it outside.

    A program has the taps in it with which it was exported:
    export it while recording. What torch.jit.trace, torch.fx.symbolic_trace
    or a CUDA graph made of it never has any: they are refused while recording,
    and one that was made before is silent, save for ``record(expect=[...])``.

    Args:
        value: a torch tensor, a NumPy array or a number; any dtype, device.
            A tuple of tensors or arrays of one shape is a vector: they are
            its components, the last axis. Only what is selected of them is
            put together.
        name: the tap's name, without a unit ("scattering_vec").
        dims: a name per axis, coordinates first, components last
            ("slow fast xyz"). Without it the axes are axis0, axis1, ...
        unit: spelled out ("1/angstrom", "m", "1" for none).
        where: boolean mask over the coordinate axes, for values that
            vectorised code holds and the other program skips.
        grad: also record the gradient by the value when a backward pass
            reaches it, as the tap ``NAME.grad`` of the same dims; rows that
            ``torch.autograd.grad(is_grads_batched=True)`` maps are the dim
            ``batch``. Of inductor's code torch can't pull such rows back,
            tapped or not; ``torch.compile(backend="aot_eager")`` can.
        axes: which of the value's axes dims name, in the order of dims, for
            a value that is kept in another order: ``axes=(2, 0)`` of
            [fast 1 slow] is "slow fast". Those left out have one index. Of a
            tuple they are those of its components; a mask has them, too.

    Raises:
        TapError: while recording, if dims don't fit the value, or the name
            is no text.

    >>> import tracekit as tk
    >>> with tk.record() as recording:
    ...     R = tk.tap(2.5, "R", unit="m")
    >>> recording.trace.taps
    ('R',)
    """
    if _state.recording:
        if not (isinstance(name, str) and isinstance(dims, str)):
            _refuse(name, dims)  # type: ignore[unreachable]
        _state.fire(value, name, dims, unit, where, grad, axes)
    return value


def _refuse(name: Any, dims: Any) -> None:
    if isinstance(name, str):
        raise TapError(
            f"tap {name!r}: dims={dims!r}: expected one text, a name per "
            'axis, like "slow fast"'
        )
    raise TapError(
        f"tap {name!r}: a tap's name is a text, not {type(name).__name__}"
    )


# Dynamo calls it while it traces, so that its error is the user's
_refuse._dynamo_marked_constant = True  # type: ignore[attr-defined] # noqa: SLF001


def is_recording(name: str | None = None) -> bool:
    """Whether a recording runs now.

    For what only a tap needs, like planes that are stacked into the vector
    that it shows. A number of the program must never depend on it.

    Args:
        name: of a tap; then, whether a recording takes that one. Compiled code
            serves every recording, so it has all of them.

    >>> is_recording()
    False
    >>> import tracekit as tk
    >>> with tk.record(taps=["F_*"]):
    ...     is_recording(), is_recording("F_latt"), is_recording("omega")
    (True, True, False)
    """
    if not _state.recording or name is None:
        return _state.recording
    if not isinstance(name, str):
        _refuse(name, "")  # type: ignore[unreachable]
    side = _state.torch_side
    if side is not None and side.tracing():
        return True
    return any(r.wants(name) for r in _state.recorders)


@overload
def traced(function: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def traced(
    *, name: str | None = None, dims: str = "", unit: str | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]: ...
def traced(
    function: Callable[P, T] | None = None,
    /,
    *,
    name: str | None = None,
    dims: str = "",
    unit: str | None = None,
) -> Any:
    """Give a function a scope of its name, and tap its result.

    A tuple, a dict or a dataclass of results is tapped part by part
    (``name.0``, ``name.key``); what is no array of numbers and no number that
    fits 64 bits is passed on untapped.

    Raises:
        TapError: the function is a generator or async: it returns before its
            values are there; or it is none, or has no name.

    >>> @traced
    ... def double(x: float) -> float:
    ...     return 2 * x
    >>> double(2.0)
    4.0
    """
    if function is None:
        return lambda f: _traced(f, name, dims, unit)
    return _traced(function, name, dims, unit)


def _traced(
    function: Callable[P, T], given: str | None, dims: str, unit: str | None
) -> Callable[P, T]:
    name = given or getattr(function, "__name__", "")
    if not callable(function) or isinstance(function, type) or not name:
        raise TapError(
            f"@traced: {function!r} is no function with a name; put it below "
            "@property, @staticmethod and @classmethod, on the methods of a "
            "class, and name what has no name: traced(name=...)(f)"
        )
    if returns_early(function):
        raise TapError(
            f"{name!r} is a generator or async function, which returns before "
            "its values are there; tap them in its body"
        )

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        if not _state.recording:
            return function(*args, **kwargs)
        with scope(name):
            result = function(*args, **kwargs)
        tap_parts(result, name, dims, unit)
        return result

    return wrapper


def returns_early(function: Callable[..., Any]) -> bool:
    """Whether a function returns before its body has run."""
    return (
        inspect.isgeneratorfunction(function)
        or inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
    )


def tap_parts(
    result: Any,
    name: str,
    dims: str,
    unit: str | None,
    around: tuple[Any, ...] = (),
) -> None:
    """Tap a result, or the parts of what holds several by their names.

    A dataclass may refer to one that is ``around`` it, and lack a field.
    """
    if isinstance(result, tuple | list):
        for position, part in enumerate(result):
            tap_parts(part, f"{name}.{position}", dims, unit, around)
    elif isinstance(result, dict):
        for key, part in result.items():
            tap_parts(part, f"{name}.{key}", dims, unit, around)
    elif _recordable(result):
        tap(result, name, dims, unit=unit)
    elif _has_fields(result) and all(result is not one for one in around):
        for field in fields(result):
            part = getattr(result, field.name, None)
            within = (*around, result)
            tap_parts(part, f"{name}.{field.name}", dims, unit, within)


def _has_fields(result: Any) -> bool:
    return is_dataclass(result) and not isinstance(result, type)


def _recordable(part: Any) -> bool:
    """Whether it is an array of numbers, or a number that 64 bits hold."""
    try:
        if hasattr(part, "dtype") and hasattr(part, "shape"):
            return getattr(part.dtype, "kind", "f") in "fiubc"
    except RuntimeError:  # a nested tensor: its tap says what to do
        return True
    if isinstance(part, int):
        return -(2**63) <= part < 2**64
    return isinstance(part, float | complex)


def config(
    key: str,
    value: float | str,
    unit: str | None = None,
    *,
    decisive: bool = True,
) -> None:
    """State a fact about the run that another run is compared by.

    Args:
        key: the fact's name ("fluence").
        value: a number or a text.
        unit: as for taps.
        decisive: two runs that differ here solve different problems; False
            for what is merely good to know (argv, host, time).
    """
    if _state.recording:
        side = _state.torch_side
        if side is not None and side.tracing():
            side.state("config", key, value, unit, decisive)
            return
        for recorder in _state.recorders:
            recorder.state(key, value, unit, decisive=decisive)


def input_file(path: str | PathLike[str], role: Role = "input") -> None:
    """State that the run read this file; its size and SHA-256 are kept.

    Args:
        path: the file.
        role: "input" for what the user named, "side" for what the program
            picked up by itself.
    """
    if _state.recording:
        side = _state.torch_side
        if side is not None and side.tracing():
            side.state("input_file", str(path), role)
            return
        for recorder in _state.recorders:
            recorder.read_file(path, role)


_state.entries |= {
    entry.__code__
    for entry in (tap, is_recording, tap_parts, config, input_file)
}
