"""Arrays that a program put beside its log, as the log names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_NAME = re.compile(r"[^/\\\0:]+\.npy")
_LARGEST = 1 << 34


def read_array(name: str, folder: Path | None) -> npt.NDArray[Any]:
    """The numbers of a ``.npy`` file of this name, flat, in native order.

    A log may come from anybody, so only a file beside it is read: no path, no
    link, nothing pickled, up to 16 GiB.

    Raises:
        ValueError: there is no such file, or it holds no plain numbers.
    """
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise ValueError(
            f"{name!r} is no name of a .npy file beside the log; arrays are "
            "read from the log's own folder only"
        )
    if folder is None:
        raise ValueError(f"the array {name} lies beside a log that is no file")
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise ValueError(
            f"the array {name} doesn't lie beside the log; keep the log "
            "together with the .npy files that the program wrote"
        )
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"the array {name} is larger than {_LARGEST} bytes")
    try:
        values = np.array(map_npy(path))
    except ValueError as error:
        raise ValueError(f"the array {name} can't be read: {error}") from error
    if values.dtype.kind not in "fiub":
        raise ValueError(f"the array {name} holds no real numbers")
    native = values.dtype.newbyteorder("=")
    return values.astype(native, copy=False).reshape(-1)


def map_npy(path: Path) -> np.memmap[Any, Any]:
    """A ``.npy`` file as an array that lies on the disk.

    A header that states more numbers than there are takes no memory.

    Raises:
        ValueError: it isn't one, is damaged, or holds Python objects.
    """
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # headers are read as Python, which raises all
        raise ValueError(str(error)) from error
    if not isinstance(mapped, np.memmap):
        raise ValueError("it is an archive of arrays")  # noqa: TRY004
    return mapped
