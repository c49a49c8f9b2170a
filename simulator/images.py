"""Image files: raw float32, SMV and PGM written; a mask or any image read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.errors import SimulatorError

Image = npt.NDArray[np.float64]
_SMV_HEADER = 512
_BRIGHTEST = 55000.0  # where the default scale puts the maximum


@dataclass(frozen=True, slots=True)
class Header:
    """What an SMV header says of an image; metre, degree."""

    pixel_size: float
    distance: float
    close_distance: float
    wavelength: float
    Xbeam: float
    Ybeam: float
    phi_start: float
    oscillation: float
    twotheta: float


def write_float(path: Path, image: Image) -> None:
    """Raw little-endian float32, slow-major, no header."""
    path.write_bytes(image.astype("<f4").tobytes())


def write_smv(
    path: Path, image: Image, header: Header, scale: float | None, adc: float
) -> None:
    """A 16-bit SMV image: floor(v scale + adc + 0.5), clipped.

    Args:
        path: the file.
        image: [slow fast].
        header: for the header.
        scale: counts for one photon; None puts the maximum at 55000.
        adc: counts of no photon.
    """
    if scale is None or scale <= 0.0:
        brightest = float(image.max())
        scale = _BRIGHTEST / brightest if brightest > 0.0 else 1.0
    counts = np.clip(np.floor(image * scale + adc + 0.5), 0.0, 65535.0)
    text = _smv_header(image.shape, header)
    path.write_bytes(
        text.ljust(_SMV_HEADER).encode() + counts.astype("<u2").tobytes()
    )


def _smv_header(shape: tuple[int, ...], header: Header) -> str:
    slow, fast = shape
    fields = {
        "HEADER_BYTES": str(_SMV_HEADER),
        "DIM": "2",
        "BYTE_ORDER": "little_endian",
        "TYPE": "unsigned_short",
        "SIZE1": str(fast),
        "SIZE2": str(slow),
        "PIXEL_SIZE": f"{header.pixel_size * 1000:g}",
        "DISTANCE": f"{header.distance * 1000:g}",
        "WAVELENGTH": f"{header.wavelength * 1e10:g}",
        "BEAM_CENTER_X": f"{header.Xbeam * 1000:g}",
        "BEAM_CENTER_Y": f"{header.Ybeam * 1000:g}",
        "CLOSE_DISTANCE": f"{header.close_distance * 1000:g}",
        "PHI": f"{header.phi_start:g}",
        "OSC_START": f"{header.phi_start:g}",
        "OSC_RANGE": f"{header.oscillation:g}",
        "TWOTHETA": f"{header.twotheta:g}",
        "DETECTOR_SN": "000",
        "BEAMLINE": "fake",
    }
    lines = "".join(f"{key}={value};\n" for key, value in fields.items())
    return "{\n" + lines + "}\f"


def write_pgm(
    path: Path, image: Image, scale: float | None, region: Image
) -> None:
    """An 8-bit PGM: v scale, clipped.

    Args:
        path: the file.
        image: [slow fast].
        scale: grey levels for one photon; None: 50 for one standard
            deviation of the computed region.
        region: the computed part of the image.
    """
    if scale is None or scale <= 0.0:
        deviation = float(region.std(ddof=1))
        scale = 250.0 / (5.0 * deviation) if deviation > 0.0 else 1.0
    grey = np.clip(np.floor(image * scale), 0.0, 255.0).astype(np.uint8)
    slow, fast = image.shape
    comment = f"# pixels scaled by {scale:g}"
    head = f"P5\n{fast} {slow}\n{comment}\n255\n"
    path.write_bytes(head.encode() + grey.tobytes())


def read_image(path: Path) -> npt.NDArray[Any]:
    """Any detector's image, [slow fast]: .npy, or what fabio (an extra) reads.

    Raises:
        SimulatorError: fabio isn't installed, or can't read the file.
    """
    if path.suffix == ".npy":
        image: npt.NDArray[Any] = np.load(path, allow_pickle=False)
        return image
    try:
        import fabio
    except ImportError as error:
        raise SimulatorError(
            f"{path}: images are read through fabio, which isn't installed: "
            "pip install 'tracekit[crystallography]'"
        ) from error
    try:
        with fabio.open(str(path)) as opened:
            return np.array(opened.data)
    except Exception as error:  # each of fabio's formats raises its own
        raise SimulatorError(
            f"{path}: no image that fabio can read: {error}"
        ) from error


def read_mask(path: Path, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Which pixels to compute: those where an SMV image isn't 0.

    Raises:
        SimulatorError: no such file, no 16-bit SMV, or another size.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SimulatorError(
            f"-mask {path}: can't be read: {error.strerror}"
        ) from error
    fields = dict(re.findall(r"(\w+)\s*=\s*([^;]*);", _text(data)))
    try:
        size = int(fields["SIZE2"]), int(fields["SIZE1"])
        start = int(fields.get("HEADER_BYTES", _SMV_HEADER))
    except (KeyError, ValueError) as error:
        raise SimulatorError(
            f"-mask {path}: no SMV image: SIZE1, SIZE2 and HEADER_BYTES "
            "should stand in its header"
        ) from error
    if size != shape or len(data) < start + 2 * size[0] * size[1]:
        raise SimulatorError(
            f"-mask {path}: holds {size[1]}x{size[0]} pixels in {len(data)} "
            f"bytes; the detector has {shape[1]}x{shape[0]}"
        )
    order = ">" if "big" in fields.get("BYTE_ORDER", "") else "<"
    pixels = np.frombuffer(
        data, f"{order}u2", count=size[0] * size[1], offset=start
    )
    kept: npt.NDArray[np.bool_] = pixels.reshape(size) != 0
    return kept


def _text(data: bytes) -> str:
    return data[:4096].split(b"}")[0].decode("latin-1")
