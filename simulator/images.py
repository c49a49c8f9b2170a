"""Image files: raw float32, SMV and PGM written; a mask or any image read."""

from __future__ import annotations

import math
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
    """What an SMV header says of an image; metre, degree.

    Args:
        pixel_size, distance, close_distance, wavelength: of the run.
        Xbeam, Ybeam: the beam centre as asked for.
        fast, slow: where the beam meets the placed detector.
        flipped: the same as ``slow``, from the detector's other end.
        pix0: corner of the first pixel, xyz.
        foot: the point nearest to the sample, fast and slow, in pixels.
        phi_start, oscillation, twotheta: angles.
    """

    pixel_size: float
    distance: float
    close_distance: float
    wavelength: float
    Xbeam: float
    Ybeam: float
    fast: float
    slow: float
    flipped: float
    pix0: tuple[float, float, float]
    foot: tuple[float, float]
    phi_start: float
    oscillation: float
    twotheta: float


@dataclass(frozen=True, slots=True)
class Region:
    """The computed part of an image, and what follows from its values.

    Args:
        rows, columns: of the region of interest.
        scale: counts for one photon.
        deviation: about the mean of the unmasked pixels.
    """

    rows: range
    columns: range
    scale: float
    deviation: float

    def of(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """That part of an image, as a view."""
        rows, columns = self.rows, self.columns
        return image[
            rows.start : rows.stop,
            columns.start : columns.stop,
        ]


def region_of(
    image: Image,
    rows: range,
    columns: range,
    mask: npt.NDArray[np.bool_] | None,
    scale: float | None,
) -> Region:
    """Scale and spread of the computed pixels, as nanoBragg takes them.

    Args:
        image: [slow fast].
        rows: of the region of interest.
        columns: of the region of interest.
        mask: pixels that were computed, [slow fast]; None: all.
        scale: counts for one photon; None puts the maximum at 55000.
    """
    region = Region(rows, columns, scale or 0.0, 0.0)
    part = region.of(image)
    computed = part if mask is None else part[region.of(mask)]
    if region.scale <= 0.0:
        largest = float(computed.max(initial=0.0))
        scale = _BRIGHTEST / largest if largest > 0.0 else 1.0
    mean = float(computed.mean()) if computed.size else 0.0
    spread = float(np.square(part - mean).sum()) / max(part.size - 1, 1)
    return Region(rows, columns, scale or 1.0, math.sqrt(spread))


def write_float(path: Path, image: Image) -> None:
    """Raw little-endian float32, slow-major, no header."""
    path.write_bytes(image.astype("<f4").tobytes())


def write_smv(
    path: Path, image: Image, region: Region, header: Header, adc: float
) -> None:
    """A 16-bit SMV image: floor(v scale + adc + 0.5), clipped; 0 outside.

    nanoBragg rounds in single precision, which lifts some counts above 2^15
    by one.

    Args:
        path: the file.
        image: [slow fast].
        region: the computed part, and its scale.
        header: for the header.
        adc: counts of no photon.
    """
    counts = np.zeros(image.shape, "<u2")
    part = np.clip(region.of(image) * region.scale + adc, 0.0, 65535.0)
    region.of(counts)[:] = np.floor((part + 0.5).astype(np.float32))
    for size in (_SMV_HEADER, 2 * _SMV_HEADER):
        text = _smv_header(image.shape, header, size)
        if len(text) <= size:
            break
    path.write_bytes(text.ljust(size).encode() + counts.tobytes())


def _smv_header(shape: tuple[int, ...], header: Header, size: int) -> str:
    h = header
    half = 0.5 * h.pixel_size
    numbers = {
        "PIXEL_SIZE": h.pixel_size * 1000,
        "DISTANCE": h.distance * 1000,
        "WAVELENGTH": h.wavelength * 1e10,
        "BEAM_CENTER_X": h.Xbeam * 1000,
        "BEAM_CENTER_Y": h.Ybeam * 1000,
        "ADXV_CENTER_X": h.fast * 1000,
        "ADXV_CENTER_Y": h.flipped * 1000,
        "MOSFLM_CENTER_X": (h.slow - half) * 1000,
        "MOSFLM_CENTER_Y": (h.fast - half) * 1000,
        "DENZO_X_BEAM": h.slow * 1000,
        "DENZO_Y_BEAM": h.fast * 1000,
        "XDS_ORGX": h.foot[0],
        "XDS_ORGY": h.foot[1],
        "CLOSE_DISTANCE": h.close_distance * 1000,
        "PHI": h.phi_start,
        "OSC_START": h.phi_start,
        "OSC_RANGE": h.oscillation,
        "TWOTHETA": h.twotheta,
    }
    fields = "".join(f"{key}={n:g};\n" for key, n in numbers.items())
    x, y, z = h.pix0
    # nanoBragg has no semicolon here.
    origin = f"DIALS_ORIGIN={1000 * z:g},{1000 * y:g},{-1000 * x:g}\n"
    return (
        f"{{\nHEADER_BYTES={size};\nDIM=2;\nBYTE_ORDER=little_endian;\n"
        f"TYPE=unsigned_short;\nSIZE1={shape[1]};\nSIZE2={shape[0]};\n"
        + fields.replace("XDS_ORGX", f"{origin}XDS_ORGX")
        + "DETECTOR_SN=000;\nBEAMLINE=fake;\n}\f"
    )


def write_pgm(
    path: Path, image: Image, region: Region, scale: float | None
) -> None:
    """An 8-bit PGM: v scale, clipped.

    Args:
        path: the file.
        image: [slow fast].
        region: the computed part.
        scale: grey levels for one photon; None: 50 for one standard
            deviation of the computed part.
    """
    if scale is None or scale <= 0.0:
        deviation = region.deviation
        scale = 250.0 / (5.0 * deviation) if deviation > 0.0 else region.scale
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
        start = int(fields["HEADER_BYTES"])
    except (KeyError, ValueError) as error:
        raise SimulatorError(
            f"-mask {path}: no SMV image: SIZE1, SIZE2 and HEADER_BYTES "
            "should stand in its header"
        ) from error
    whole = 0 < start <= len(data) - 2 * size[0] * size[1]
    if fields.get("TYPE", "unsigned_short") != "unsigned_short":
        raise SimulatorError(
            f"-mask {path}: holds {fields['TYPE']}, not unsigned_short pixels"
        )
    if size != shape or not whole:
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
