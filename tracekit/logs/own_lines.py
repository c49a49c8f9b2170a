"""The lines that tracekit's own C programs print: each describes itself.

    TRACEKIT tap NAME slow=10 fast=52 unit=m type=float64 : 1.5 2.5
    TRACEKIT config KEY unit=photon/m^2 : 1.2593201528622709e+29
    TRACEKIT config KEY informative : any text
    TRACEKIT file side : Fdump.bin
    TRACEKIT covers slow fast : 0 0 ; 2048 2048

Numbers are printed with ``%.17g`` and are exact. Each function here reads the
part behind ``TRACEKIT tap `` and so on, and raises ``ValueError`` with the
reason where it isn't as it should be.
"""

from __future__ import annotations

from typing import cast, get_args

import numpy as np

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
    "int64": "int",
    "uint64": "uint",
    "text": "text",
}
_WORDS = ("unit", "type", "components", "need")
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
    loops = [
        Axis(dim, _index(dim, index))
        for dim, index in words.items()
        if dim not in _WORDS
    ]
    values = np.empty(0) if dtype == "text" else _numbers(body.split(), dtype)
    labels = _labels(words.get("components", ""))
    if len(values) > 1 or labels:
        if labels and len(labels) != len(values):
            raise ValueError(
                f"expected {len(labels)} numbers for components="
                f"{words['components']}, got {len(values)}"
            )
        loops.append(Axis(COMPONENT, 0, len(values), labels=labels))
    exact = _EXACT_DIGITS.get(dtype)
    count = len(values)
    return Event(
        name,
        values,
        axes=tuple(loops),
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


def _index(dim: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"the index {dim}={text} is no integer") from None


def _labels(text: str) -> tuple[str, ...]:
    return tuple(text.split(",") if "," in text else text)


def _numbers(words: list[str], dtype: str) -> np.ndarray:
    if not words:
        raise ValueError("a tap line needs a value")
    for word in words:
        if not is_number(word):
            raise ValueError(f"{word!r} is no number")
    try:
        if dtype in {"int64", "uint64"}:
            return np.array([int(word) for word in words], dtype)
        values = [_double(word) for word in words]
        return np.array(values, np.float64).astype(dtype)
    except (ValueError, OverflowError):
        raise ValueError(f"a value is no {dtype}") from None


def _double(word: str) -> float:
    """The number; Python itself reads all but hexadecimal and odd NaN."""
    try:
        return float(word)
    except ValueError:
        return parse_number(word).value
