"""Taps on the outputs of torch modules, without a change to their code."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from tracekit.errors import RecordingError, TapError
from tracekit.taps import tap_parts


@contextmanager
def attach(
    module: Any,
    taps: Sequence[str] | None = None,
    *,
    name: str = "",
    dims: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, ...]]:
    """Tap what every submodule of a torch module returns, while it lasts.

    A tap has the submodule's path for its name ("encoder.layers.0"), the
    module itself that of its class. Parts of a tuple or a dict are tapped one
    by one (``encoder.0``, ``encoder.logits``). Repeated calls are occurrences
    of the tap. Enter it before torch.compile compiles the module.

    Args:
        module: a ``torch.nn.Module``.
        taps: names or globs of submodules to tap; None taps all.
        name: stands before every name, and for the module itself.
        dims: dims of the outputs by name or glob; without them the axes are
            axis0, axis1, ...

    Yields:
        The names of what is tapped.

    Raises:
        TapError: it is no torch module, or ``taps`` selects nothing of it.
        RecordingError: it is compiled already, or none of what is tapped was
            called in the block: compiled code ignores new hooks in silence.

    >>> import torch, tracekit as tk
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU())
    >>> with tk.record() as recording, tk.attach(net, ["0", "1"]):
    ...     _ = net(torch.ones(3, 2))
    >>> recording.trace.taps
    ('0', '1')
    """
    if isinstance(taps, str):
        raise TapError(f"attach: taps={taps!r}: expected a list, [{taps!r}]")
    chosen = _chosen(module, taps, name)
    called: set[str] = set()

    def note(path: str) -> None:
        called.add(path)

    # called while Dynamo traces, too, as assume_constant_result would do
    note._dynamo_marked_constant = True  # type: ignore[attr-defined] # noqa: SLF001

    def hooked(path: str) -> Any:
        named = _dims(path, dims or {})

        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            note(path)
            tap_parts(output, path, named, None)

        return hook

    handles = [
        part.register_forward_hook(hooked(path))
        for path, part in chosen.items()
    ]
    try:
        yield tuple(chosen)
    finally:
        for handle in handles:
            handle.remove()
    if not called:
        raise RecordingError(
            f"none of the {len(chosen)} attached modules was called in the "
            "block; if torch.compile compiled the program before, attach "
            "first and compile then: compiled code ignores new hooks"
        )


def _chosen(
    module: Any, taps: Sequence[str] | None, name: str
) -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        raise TapError(
            f"attach: expected a torch.nn.Module, not {type(module).__name__};"
            " tap functions with tk.instrument or @tk.traced"
        )
    named = {
        ".".join(filter(None, (name, path))) or type(module).__name__: part
        for path, part in module.named_modules()
    }
    for path, part in named.items():
        if (
            hasattr(part, "_orig_mod")
            or getattr(part, "_compiled_call_impl", None) is not None
        ):
            raise RecordingError(
                f"attach: {path!r} is compiled already, and compiled code "
                "ignores new hooks; attach the module first and compile then"
            )
    chosen = {
        path: part
        for path, part in named.items()
        if taps is None or any(fnmatchcase(path, glob) for glob in taps)
    }
    idle = [
        glob
        for glob in taps or ()
        if not any(fnmatchcase(path, glob) for path in named)
    ]
    if idle:
        raise TapError(
            f"attach: {', '.join(map(repr, idle))} selects none of "
            f"{', '.join(list(named)[:9])}"
        )
    return chosen


def _dims(path: str, dims: Mapping[str, str]) -> str:
    return next(
        (text for glob, text in dims.items() if fnmatchcase(path, glob)), ""
    )
