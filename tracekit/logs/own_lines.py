"""The lines that tracekit's own C programs print: each describes itself.

    TRACEKIT tap NAME slow=10 fast=52 unit=m type=float64 : 1.5 2.5
    TRACEKIT tap NAME step=3 cell=0:2 unit=m components=xyz : 1 2 3 4 5 6
    TRACEKIT array NAME slow=0:64 fast=0:64 unit=K : c.log.1.npy
    TRACEKIT config KEY unit=photon/m^2 : 1.2593201528622709e+29
    TRACEKIT config KEY informative : any text
    TRACEKIT file side : Fdump.bin
    TRACEKIT covers slow fast : 0 0 ; 2048 2048
    TRACEKIT taps : omega,F_*

``dim=index`` is a loop's index, ``dim=first:count`` an axis of the values.
``components`` are labels of one letter each, labels with commas between them,
or ``3x3`` for a matrix row by row. An array lies in a ``.npy`` file beside the
log. Numbers are printed with ``%.17g`` and are exact. Each function here reads
the part behind ``TRACEKIT tap `` and so on, and raises ``ValueError`` with the
reason where it isn't as it should be.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import cast, get_args

import numpy as np

from tracekit.logs.array_files import read_array
from tracekit.logs.numbers import EXACT, count_numbers, is_number, parse_number
from tracekit.schema import (
    COMPONENT,
    Axis,
    ConfigValue,
    Coverage,
    Event,
    FileUse,
    Kind,
    Need,
    Role,
)

_TYPES: dict[str, Kind] = {
    "float64": "float",
    "float32": "float",
    **dict.fromkeys(("int8", "int16", "int32", "int64"), "int"),
    **dict.fromkeys(("uint8", "uint16", "uint32", "uint64"), "uint"),
    "bool": "bool",
    "text": "text",
}
_WORDS = ("unit", "type", "components", "need")
_KINDS: dict[str, Kind] = {"f": "float", "i": "int", "u": "uint", "b": "bool"}
_BOOLS = {"0": False, "1": True}
_MATRIX = re.compile(r"\d{1,3}x\d{1,3}")
_EXACT_DIGITS = {"float64": 17, "float32": 9}


def tap_line(payload: str, file: str, line: int) -> Event:
    """The event of a ``tap`` line."""
    header, body = _split(payload)
    if not header:
        raise ValueError("a tap line needs a name")
    name, words = header[0], _words(header[1:])
    dtype = words.get("type", "float64")
    if dtype not in _TYPES:
        raise ValueError(f"type={dtype} is none of {', '.join(_TYPES)}")
    values = np.empty(0) if dtype == "text" else _numbers(body.split(), dtype)
    axes = _axes(words, max(1, len(values)))
    exact = _EXACT_DIGITS.get(dtype)
    count = len(values)
    return Event(
        name,
        values,
        axes=axes,
        kind=_TYPES[dtype],
        dtype=dtype,
        unit=words.get("unit"),
        need=_need(words),
        text=[body] if dtype == "text" else None,
        digits=np.full(count, exact, np.int16) if exact else None,
        quantum=np.full(count, EXACT, np.int16) if exact else None,
        file=file,
        line=line,
    )


def array_line(
    payload: str, folder: Path | None, file: str, line: int
) -> Event:
    """The event of an ``array`` line; its numbers lie in the log's folder."""
    header, body = _split(payload)
    if not header:
        raise ValueError("an array line needs a name")
    words = _words(header[1:])
    values = read_array(body, folder)
    return Event(
        header[0],
        values,
        axes=_axes(words, values.size),
        kind=_KINDS[values.dtype.kind],
        dtype=str(values.dtype),
        unit=words.get("unit"),
        need=_need(words),
        file=file,
        line=line,
    )


def refusal(reads: str, payload: str) -> str:
    """Why a ``refused`` line, or one that nobody knows, holds no value."""
    if reads == "refused":
        return f"the program refused {payload.strip()}"
    return (
        "no such line is known here: expected TRACEKIT tap, array, config, "
        "file, covers or taps; was it printed by another version of "
        "tracekit.h?"
    )


def taps_line(payload: str) -> tuple[str, ...]:
    """The names of a ``taps`` line: no other taps were printed."""
    _, body = _split(payload)
    return tuple(name for name in body.replace(",", " ").split())


def config_line(payload: str, origin: str) -> ConfigValue:
    """The fact of a ``config`` line."""
    header, body = _split(payload)
    if not header:
        raise ValueError("a config line needs a key")
    decisive = "informative" not in header[1:]
    words = _words([word for word in header[1:] if word != "informative"])
    unknown = sorted(set(words) - {"unit", "type"})
    if unknown:
        raise ValueError(f"{unknown[0]}= is no word of a config line")
    if words.get("type") == "text" or not is_number(body):
        return ConfigValue(
            header[0], text=body, decisive=decisive, origin=origin
        )
    return ConfigValue(
        header[0],
        parse_number(body).value,
        body,
        words.get("unit"),
        decisive=decisive,
        origin=origin,
    )


def file_line(payload: str, origin: str) -> FileUse:
    """The file of a ``file`` line."""
    header, body = _split(payload)
    if len(header) != 1 or header[0] not in get_args(Role):
        roles = ", ".join(get_args(Role))
        raise ValueError(f"a file line names one role of {roles}")
    if not body:
        raise ValueError("a file line needs the file's name")
    return FileUse(body, cast(Role, header[0]), origin=origin)


def covers_line(payload: str) -> Coverage:
    """The coordinates of a ``covers`` line."""
    dims, body = _split(payload)
    rows = [part.split() for part in body.split(";") if part.strip()]
    if not dims or any(len(row) != len(dims) for row in rows):
        raise ValueError(
            "a covers line gives as many indices as dims, such as "
            "'slow fast : 0 0 ; 2 3'"
        )
    selected = tuple(
        tuple(_index(dim, text) for dim, text in zip(dims, row, strict=True))
        for row in rows
    )
    return Coverage(tuple(dims), "selected", selected)


def text_numbers(event: Event) -> int:
    """Numbers kept inside the strings of an event, its name included."""
    texts = event.text if event.kind == "text" and event.text else ()
    return sum(count_numbers(text or "") for text in (event.tap, *texts))


def _split(payload: str) -> tuple[list[str], str]:
    """The words before the colon that stands alone, and the text behind."""
    header, colon, body = f"{payload} ".partition(" : ")
    if not colon:
        raise ValueError(
            "expected ' : ' between the description and the value"
        )
    return header.split(), body[:-1]


def _words(words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key or not value or key in found:
            raise ValueError(
                f"{word!r} is no dim=index, unit=, type= or need="
            )
        found[key] = value
    return found


def _need(words: dict[str, str]) -> Need:
    need = words.get("need", "required")
    if need not in get_args(Need):
        raise ValueError(f"need={need} is none of {', '.join(get_args(Need))}")
    return cast(Need, need)


def _axes(words: dict[str, str], count: int) -> tuple[Axis, ...]:
    """Loop indices, axes and components of a line of ``count`` numbers."""
    axes = [
        _axis(dim, index) for dim, index in words.items() if dim not in _WORDS
    ]
    box = math.prod(axis.extent for axis in axes)
    labels = _labels(words.get("components", ""))
    each = len(labels) or (max(1, count // box) if box else 1)
    if box * each != count:
        named = [f"{axis.dim}={axis.origin}:{axis.extent}" for axis in axes]
        if labels:
            named.append(f"components={words['components']}")
        raise ValueError(
            f"expected {box * each} numbers for {' '.join(named)}, got {count}"
        )
    if each > 1 or labels:
        axes.append(Axis(COMPONENT, 0, each, labels=labels))
    return tuple(axes)


def _axis(dim: str, text: str) -> Axis:
    first, colon, count = text.partition(":")
    if not colon:
        return Axis(dim, _index(dim, first))
    extent = _index(dim, count)
    if extent < 0:
        raise ValueError(f"{dim}={text} has less than no index")
    return Axis(dim, _index(dim, first), extent)


def _index(dim: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"the index {dim}={text} is no integer") from None


def _labels(text: str) -> tuple[str, ...]:
    if _MATRIX.fullmatch(text):
        rows, columns = map(int, text.split("x"))
        return tuple(f"{r},{c}" for r in range(rows) for c in range(columns))
    return tuple(text.split(",") if "," in text else text)


def _numbers(words: list[str], dtype: str) -> np.ndarray:
    if not words:
        raise ValueError("a tap line needs a value")
    for word in words:
        if not is_number(word):
            raise ValueError(f"{word!r} is no number")
    try:
        if dtype == "bool":
            return np.array([_BOOLS[word] for word in words], np.bool_)
        if _TYPES[dtype] in {"int", "uint"}:
            return np.array([int(word) for word in words], dtype)
        values = [_double(word) for word in words]
        return np.array(values, np.float64).astype(dtype)
    except (KeyError, ValueError, OverflowError):
        raise ValueError(f"a value is no {dtype}") from None


def _double(word: str) -> float:
    """The number; Python itself reads all but hexadecimal and odd NaN."""
    try:
        return float(word)
    except ValueError:
        return parse_number(word).value
