"""Taps on the outputs of torch modules, without a change to their code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tracekit import _state
from tracekit.blocks import block
from tracekit.calls import Calls
from tracekit.errors import RecordingError, TapError
from tracekit.globs import fits
from tracekit.taps import tap_parts

_COMPILED = "_orig_mod"  # where torch.compile(module) keeps the module


@block
def attach(
    module: Any,
    taps: Sequence[str] | None = None,
    *,
    name: str = "",
    dims: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, ...]]:
    """Tap what every submodule of a torch module returns, while it lasts.

    A tap has the submodule's path for its name ("encoder.layers.0"), the
    module itself that of its class. Parts of a tuple, a dict or a dataclass
    are tapped one by one (``encoder.0``, ``encoder.logits``). Repeated calls
    are occurrences of the tap, of a module with two paths under the first.
    What torch.compile made of them before is compiled once more. torch takes
    its fused path through a TransformerEncoderLayer (eval mode, no gradients)
    only where nothing is attached; the other has other last bits.

    Args:
        module: a ``torch.nn.Module``.
        taps: names or globs of submodules to tap; None taps all.
        name: stands before every name, and for the module itself.
        dims: dims of the outputs by name or glob; without them the axes are
            axis0, axis1, ...

    Yields:
        The names of what is tapped.

    Raises:
        TapError: it is no torch module, ``taps`` or ``dims`` selects nothing
            of it, or it is attached already under the same name.
        RecordingError: none of what is tapped was called in the block, or
            one that ``taps`` names without wildcards was not.

    >>> import torch, tracekit as tk
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU())
    >>> with tk.record() as recording, tk.attach(net, ["0", "1"]):
    ...     _ = net(torch.ones(3, 2))
    >>> recording.trace.taps
    ('0', '1')
    """
    if isinstance(taps, str):
        raise TapError(f"attach: taps={taps!r}: expected a list, [{taps!r}]")
    if dims is not None and not isinstance(dims, Mapping):
        raise TapError(
            f"attach: dims={dims!r}: expected dims by name or glob, like "
            '{"*": "ray feature"}'
        )
    named = _named(module, name)
    _refuse_unknown("taps", taps or (), named)
    _refuse_unknown("dims", dims or (), named)
    chosen = {
        path: part
        for path, part in named.items()
        if taps is None or any(fits(glob, path) for glob in taps)
    }
    calls = Calls(tuple(chosen))
    for path, part in chosen.items():
        if path in map(_tap_of, part._forward_hooks.values()):  # noqa: SLF001
            raise TapError(
                f"attach: {path!r} is attached already; attach it once, or "
                "give one of the two another name="
            )
    handles = [
        part.register_forward_hook(
            _hook(path, _dims(path, dims or {}), calls.noting(path))
        )
        for path, part in chosen.items()
    ]
    _state.load_torch_side().begin()  # a recording may have begun before
    marked = [part for part in chosen.values() if "forward" not in vars(part)]
    for part in marked:
        # Code that was compiled while a module had no hooks doesn't look for
        # some, but for a ``forward`` of its own.
        vars(part)["forward"] = part.forward  # whatever it refuses to set
    try:
        yield tuple(chosen)
    finally:
        for part in marked:
            vars(part).pop("forward", None)
        for handle in handles:
            handle.remove()
    _refuse_idle(calls.missing(), chosen, taps or ())


def _hook(path: str, dims: str, note: Callable[[], None]) -> Any:
    def hook(_module: Any, _inputs: Any, output: Any) -> None:
        note()
        tap_parts(output, path, dims, None)

    hook.tap = path  # type: ignore[attr-defined]
    _state.entries.add(hook.__code__)
    return hook


def _tap_of(hook: Any) -> str | None:
    return getattr(hook, "tap", None)


def _refuse_idle(
    missing: Sequence[str], chosen: Mapping[str, Any], taps: Sequence[str]
) -> None:
    named = [name for name in missing if name in taps]
    if len(missing) == len(chosen):
        what = f"none of the {len(chosen)} attached modules was"
    elif named:
        what = f"{', '.join(named)} was never"
    else:
        return
    raise RecordingError(
        f"attach: {what} called in the block; attach what the program really "
        "calls, of a container (ModuleList) its parts"
    )


def _named(module: Any, name: str) -> dict[str, Any]:
    """What can be tapped, by the name of its tap."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        raise TapError(
            f"attach: expected a torch.nn.Module, not {type(module).__name__};"
            " tap functions with tk.instrument or @tk.traced"
        )
    module = getattr(module, _COMPILED, module)
    named = {  # what a compiled one wraps takes its place
        ".".join(_path(name, path)) or type(module).__name__: part
        for path, part in module.named_modules()
    }
    scripted = [
        path
        for path, part in named.items()
        if isinstance(part, torch.jit.ScriptModule)
    ]
    if scripted:
        raise TapError(
            f"attach: {scripted[0]!r} is scripted, and TorchScript runs no "
            "taps; attach the module that it was made of"
        )
    return named


def _refuse_unknown(
    option: str, globs: Iterable[str], named: Mapping[str, Any]
) -> None:
    idle = [
        glob for glob in globs if not any(fits(glob, path) for path in named)
    ]
    if idle:
        raise TapError(
            f"attach: {', '.join(map(repr, idle))} in {option}= selects none "
            f"of {', '.join(list(named)[:9])}"
        )


def _path(name: str, path: str) -> list[str]:
    return [p for p in (name, *path.split(".")) if p and p != _COMPILED]


def _dims(path: str, dims: Mapping[str, str]) -> str:
    return next((text for glob, text in dims.items() if fits(glob, path)), "")
