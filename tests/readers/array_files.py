"""Files of arrays, written by the libraries that own the formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fabio
import h5py
import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
import xarray

IMAGE = np.arange(12, dtype=np.int32).reshape(3, 4) * 7


def write_npy(path: Path) -> None:
    """NumPy's own."""
    np.save(path, IMAGE)


def write_fabio(kind: str) -> Callable[[Path], None]:
    """A writer of one of fabio's formats."""

    def write(path: Path) -> None:
        module = getattr(fabio, f"{kind}image")
        image = getattr(module, f"{kind.capitalize()}Image")
        image(data=IMAGE).write(str(path))

    return write


def write_all(folder: Path) -> list[Path]:
    """The same kinds of numbers in every format, and what can't be read."""
    rng = np.random.default_rng(5)
    values: dict[str, Any] = {
        "large": rng.random((1100, 1000)),
        "turned": np.asfortranarray(rng.random((30, 50, 7)).astype("f4")),
        "swapped": np.arange(6).astype(">i2").reshape(2, 3),
        "factor": np.array([1 + 2j, 3 - 4j], np.complex64),
        "mask": rng.random((3, 2)) < 0.5,
        "half": np.array([0.1, np.nan], np.float16),
        "one": np.array(2.5),
        "none": np.zeros((0, 3)),
    }
    for name, array in values.items():
        np.save(folder / f"{name}.npy", array)
    more: Any = {**values, "text": ["x", "y"], "wide": np.longdouble(1)}
    np.savez_compressed(folder / "a.npz", **more)
    with h5py.File(folder / "a.h5", "w") as file:
        for name, array in values.items():
            file[name] = array
        file.create_dataset("packed", data=values["large"], chunks=(64, 999))
        file["title"] = "a text"
    xarray.Dataset(
        {"T": (("lat", "lon"), values["large"]), "x": ((), 1)}
    ).to_netcdf(folder / "a.nc", engine="h5netcdf")
    tensors = {n: np.ascontiguousarray(a) for n, a in values.items()}
    del tensors["swapped"], tensors["factor"]
    safetensors.numpy.save_file(tensors, folder / "a.safetensors")
    half = torch.arange(7.0).to(torch.bfloat16)
    safetensors.torch.save_file({"h": half}, folder / "b.safetensors")
    record = np.zeros(3, [("x", "f8"), ("v", ">f4", (2,)), ("n", "S3")])
    record["v"] = [[1, 2], [3, 4], [5, 6]]
    np.save(folder / "record.npy", record)
    write_fabio("cbf")(folder / "a.cbf")
    return sorted(folder.iterdir())
