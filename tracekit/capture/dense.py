"""What torch tensors of all kinds hold, as dense tensors and NumPy arrays.

torch is never imported here: a program that hands over tensors has it loaded.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.errors import TapError

Array = npt.NDArray[Any]

_SINGLE = 4  # bytes


def seen_by_numpy(tensor: Any, torch: Any) -> Array | None:
    """A view of a tensor that is dense, in memory, and has no lazy bits."""
    if type(tensor) is not torch.Tensor:
        return None
    try:
        seen: Array = tensor.numpy()
    except TypeError:
        return None
    except RuntimeError:
        if not tensor.requires_grad:
            return None
        return seen_by_numpy(tensor.detach(), torch)
    return None if _lost(tensor) else seen


def _lost(tensor: Any) -> bool:
    """Whether the memory of a tensor was given back: who reads it, crashes."""
    if not tensor.numel() or tensor._is_zerotensor():  # noqa: SLF001
        return False
    behind: int = tensor.storage_offset() * tensor.element_size()
    return bool(tensor.data_ptr() == behind)


def plain_tensor(value: Any, name: str) -> Any:
    """A detached, dense tensor of the same numbers.

    A quantised tensor becomes the numbers that it stands for.

    Raises:
        TapError: it holds no numbers that can be read.
    """
    torch = sys.modules["torch"]
    try:
        tensor = value.detach()
    except ValueError as error:  # a parameter of a lazy module
        raise TapError(
            f"tap {name!r}: a parameter without values yet ({error}); tap it "
            "after the module's first call"
        ) from error
    if tensor.is_meta:
        raise TapError(
            f"tap {name!r}: a meta tensor holds no values to record; run the "
            "program on a real device while recording"
        )
    if tensor.is_nested:
        raise TapError(
            f"tap {name!r}: the rows of a nested tensor differ in length; "
            "tap its parts, or a padded tensor with where="
        )
    kind = str(tensor.dtype).removeprefix("torch.")
    if kind.endswith("_x2"):
        raise TapError(
            f"tap {name!r}: an element of {kind} holds two "
            "numbers, and torch computes with neither; tap the numbers that "
            "they were made of, or their bytes, x.view(torch.uint8)"
        )
    dense = tensor.layout is torch.strided and tensor.is_cpu
    if dense and type(tensor) is torch.Tensor and _lost(tensor):
        raise TapError(
            f"tap {name!r}: the memory of its tensor was given back (its "
            "storage was resized); tap it while it has its numbers"
        )
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    tensor = tensor.resolve_conj().resolve_neg()
    if type(tensor) is not torch.Tensor:  # of which not all can be read
        tensor_to_numpy(tensor.reshape(-1)[:0], name)
    return tensor


def tensor_to_numpy(tensor: Any, name: str) -> Array:
    """An array of the same numbers, on the host; narrow floats as float32.

    Raises:
        TapError: the values can't be read.
    """
    torch = sys.modules["torch"]
    try:
        if tensor.dtype == torch.complex32:
            tensor = tensor.to(torch.complex64)
        elif tensor.is_floating_point() and tensor.element_size() < _SINGLE:
            tensor = tensor.float()
        return np.asarray(tensor.numpy(force=True))
    except (RuntimeError, TypeError) as error:
        raise TapError(
            f"tap {name!r}: the values of a {type(tensor).__name__} can't be "
            f"read here ({error}); tap the plain tensors that it holds (of a "
            "distributed one .to_local(), of a masked one its data with "
            "where=), in a type that torch computes with, and record outside "
            "of fake-tensor modes"
        ) from error
