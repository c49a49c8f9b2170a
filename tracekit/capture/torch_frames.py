"""What the Python stack says of torch: who called, in which of its phases."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from tracekit.capture.torch_internals import graph_task

_HERE = str(Path(__file__).parents[1]) + os.sep
_TORCH = str(Path(torch.__file__).parent) + os.sep


def checkpoints(method: str) -> list[Any]:
    """Nodes of reentrant checkpoints whose method runs, inner ones first."""
    found: list[Any] = []
    frame = sys._getframe(1).f_back  # noqa: SLF001
    while frame is not None:
        if frame.f_code.co_qualname == f"CheckpointFunction.{method}":
            found.append(frame.f_locals["ctx"])
        frame = frame.f_back
    return found


def is_thrown_away() -> bool:
    """Whether a checkpoint that isn't reentrant computes again what runs.

    The graph of autograd that was made before is the one that it goes back.
    """
    frame = sys._getframe(1).f_back  # noqa: SLF001
    while frame is not None:
        code = frame.f_code
        if code.co_qualname == "CheckpointFunction.backward":
            return False
        if code.co_name == "unpack_hook" and _is_checkpoint(code.co_filename):
            return True
        frame = frame.f_back
    return False


def _is_checkpoint(file: str) -> bool:
    return file.endswith("torch/utils/checkpoint.py")


def phase() -> str:
    """Whether autograd runs, and why: backward, or to recompute."""
    if graph_task() == -1:
        return "forward"
    frame = sys._getframe(1).f_back  # noqa: SLF001
    while frame is not None:
        if _is_checkpoint(frame.f_code.co_filename):
            return "recompute"
        if frame.f_code.co_qualname == "BackwardCFunction.apply":
            return "backward"
        frame = frame.f_back
    return "backward"


def caller(*, dynamo: bool = False) -> tuple[str, int]:
    """File and line of the program's call; "" if it isn't traced itself."""
    if dynamo:
        from torch._guards import TracingContext

        for entry in reversed(TracingContext.extract_stack()):
            if not entry.filename.startswith(_HERE):
                return entry.filename, entry.lineno or 0
        return "", 0
    frame = sys._getframe(1)  # noqa: SLF001
    while frame.f_back and _is_machinery(frame):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _is_machinery(frame: FrameType) -> bool:
    """Whether tracekit, torch or what torch generated stands there."""
    module = frame.f_globals.get("__name__") or ""
    return module.startswith("torch.") or frame.f_code.co_filename.startswith(
        (_HERE, _TORCH, "<")
    )


def bodies_of_dynamo() -> list[str]:
    """Operators that Dynamo traces a body of, from outside in."""
    from torch._dynamo.symbolic_convert import InstructionTranslator

    tracer = InstructionTranslator.current_tx().output.current_tracer
    return [str(name) for name, _ in tracer.source_fn_stack]


def bodies_of_frames() -> list[str]:
    """Operators that run a body, from inside out."""
    found = []
    frame = sys._getframe(1).f_back  # noqa: SLF001
    while frame is not None:
        folder, _, file = frame.f_code.co_filename.rpartition("/")
        if folder.endswith("torch/_higher_order_ops"):
            found.append(file.removesuffix(".py"))
        frame = frame.f_back
    return found
