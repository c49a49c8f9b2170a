"""What a tap or scope can't do where torch is, told in words."""

from __future__ import annotations

import sys
from typing import Any

import torch

from tracekit.capture.torch_frames import bodies_of_dynamo, bodies_of_frames
from tracekit.capture.torch_internals import (
    NEEDED,
    is_captured,
    is_tracing,
    missing,
    proxies,
)
from tracekit.errors import TapError

_CHECKPOINT = "tag_activation_checkpoint"  # its body stays in the graph


def refuse_lacking(what: str, needed: tuple[str, ...]) -> None:
    """Raise where this torch lacks a part.

    Raises:
        TapError: it names the part.
    """
    lacking = missing(needed)
    if lacking:
        raise TapError(
            f"{what}: taps in compiled or transformed code need "
            f"{', '.join(lacking)}, which torch {torch.__version__} lacks; "
            "record the eager function, or use another version of torch"
        )


def refuse_lost(name: str, device: str, *, dynamo: bool) -> None:
    """Raise where a traced tap could not fire.

    Raises:
        TapError: see the texts.
    """
    refuse_body(f"tap {name!r}", dynamo=dynamo)
    if device == "meta":
        raise TapError(
            f"tap {name!r}: a meta tensor holds no values to record; run the "
            "program on a real device while recording"
        )


def refuse_body(what: str, *, dynamo: bool) -> None:
    """Raise where torch traces a body that loses effects.

    Raises:
        TapError: in cond, while_loop, scan, map and their like.
    """
    refuse_lacking(what, NEEDED)
    bodies = bodies_of_dynamo() if dynamo else bodies_of_frames()
    body = next((b for b in bodies if b != _CHECKPOINT), "")
    if body:
        raise TapError(
            f"{what}: it stands in a body of {body}, where torch drops "
            "or repeats what returns nothing; return the value from the body "
            "and tap it outside, or record the program with a Python if or "
            "for in its place"
        )


def refuse_hook(name: str, *, dynamo: bool) -> None:
    """Raise where a gradient can't be hooked.

    Raises:
        TapError: in a checkpoint that is compiled.
    """
    if dynamo and _CHECKPOINT in bodies_of_dynamo():
        raise TapError(
            f"tap {name!r}: grad=True in a checkpoint that is compiled: torch "
            "hooks no gradient there; tap the checkpoint's result, or record "
            "the eager function"
        )


def refuse_fakes(name: str) -> None:
    """Raise where tensors have no values and nobody traces.

    Raises:
        TapError: inside a FakeTensorMode of the user.
    """
    mode = torch._C._TorchDispatchModeKey.FAKE  # noqa: SLF001
    fakes = torch._C._get_dispatch_mode(mode)  # noqa: SLF001
    if fakes is not None and not proxies():
        raise TapError(
            f"tap {name!r}: inside a FakeTensorMode tensors hold no values "
            "to record; record outside of it"
        )


def refuse_replay(name: str) -> None:
    """Raise where torch keeps what a program does without the tap.

    Raises:
        TapError: in torch.jit.trace, or while a CUDA graph is captured.
    """
    if is_tracing():
        raise TapError(
            f"tap {name!r}: torch.jit.trace keeps no taps; record the "
            "untraced function, or export it with torch.export"
        )
    refuse_capture(name)


def refuse_proxies(name: str, parts: tuple[Any, ...]) -> None:
    """Raise where a value stands for what a program computes later.

    Raises:
        TapError: in torch.fx.symbolic_trace.
    """
    fx = sys.modules.get("torch.fx")
    if fx is not None and any(isinstance(part, fx.Proxy) for part in parts):
        raise TapError(
            f"tap {name!r}: torch.fx.symbolic_trace keeps no taps; record the "
            "function itself, or trace it with torch.export or make_fx"
        )


def refuse_capture(name: str) -> None:
    """Raise where a CUDA graph takes up what runs, without the tap.

    Raises:
        TapError: in torch.cuda.graph, or a compiler's CUDA graphs.
    """
    if is_captured():
        raise TapError(
            f"tap {name!r}: a CUDA graph is captured, and its replays run no "
            "taps; record without the graph, and compiled code with a mode "
            'that makes none (the default, or "max-autotune-no-cudagraphs")'
        )
