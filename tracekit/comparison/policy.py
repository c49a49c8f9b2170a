"""Policies: how close is close, by tap, from a TOML file.

    [default]
    rtol = 1e-9

    [[tap]]
    name = "F_latt*"
    rtol = 1e-12
    reason = "a product of three ratios of sines"

Of the rules that fit a tap's name the last one counts; what it doesn't say
it takes from the default.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from tracekit.errors import PolicyError

SCHEMA = pa.schema(
    [
        ("position", pa.int64()),
        ("pattern", pa.string()),
        ("rtol", pa.float64()),
        ("atol", pa.float64()),
        ("max_ulps", pa.int64()),
        ("relative_to", pa.string()),
        ("need", pa.string()),
        ("compare", pa.string()),
        ("significance", pa.float64()),
        ("reason", pa.string()),
        ("origin", pa.string()),
    ]
)
_TITLE = re.compile(r"\s*\[\[\s*tap\s*\]\]")
_DEFAULT = re.compile(r"\s*\[\s*default\s*\]|\s*default\s*[.=]")
_LARGEST = 2**63 - 1
_CHOICES = {
    "relative_to": ("vector", "element"),
    "need": ("required", "optional", "ignored"),
    "compare": ("element", "distribution"),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "rtol": (int, float),
    "atol": (int, float),
    "max_ulps": (int,),
    "relative_to": (str,),
    "need": (str,),
    "compare": (str,),
    "significance": (float,),
    "reason": (str,),
}


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How close the elements of some taps must be.

    Args:
        pattern: name or glob of the taps.
        rtol: relative tolerance; None takes 1e-9 for float64, 1e-5 for
            float32, 1e-3 for float16 and 1e-2 for bfloat16.
        atol: absolute tolerance, in the tap's unit.
        max_ulps: units in the last place that are close too.
        relative_to: "vector" or "element".
        need: overrides whether a tap is required; None doesn't.
        compare: "element", one number with one, or "distribution", for
            stochastic taps.
        significance: in what fraction of cases two sets of numbers of one
            distribution may be told apart; above 0, below 1.
        reason: why this bound.
        origin: file:line, or "default".
    """

    pattern: str = "*"
    rtol: float | None = None
    atol: float = 0.0
    max_ulps: int | None = None
    relative_to: str = "vector"
    need: str | None = None
    compare: str = "element"
    significance: float = 1e-6
    reason: str = ""
    origin: str = "default"


@dataclass(frozen=True, slots=True)
class Policy:
    """Tolerances in the order in which they are tried; the last one fits."""

    tolerances: tuple[Tolerance, ...] = (Tolerance(),)

    @classmethod
    def from_toml(cls, path: str | Path) -> Policy:
        """Read a policy file.

        Raises:
            PolicyError: it can't be read, or says something unknown.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8")
            content = tomllib.loads(text)
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(
                f"policy {file} can't be read: {error}"
            ) from error
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"policy {file} is no TOML: {error}") from error
        return cls(_tolerances(content, text, file))

    def table(self) -> pa.Table:
        """One row a rule, for SQL; the default fits every tap."""
        rows = [
            {
                "position": position,
                **{n: getattr(t, n) for n in SCHEMA.names if n != "position"},
            }
            for position, t in enumerate((Tolerance(), *self.tolerances))
        ]
        return pa.Table.from_pylist(rows, schema=SCHEMA)


def as_policy(policy: Policy | str | Path | None) -> Policy:
    """A policy from what a caller gives; None is the default."""
    if policy is None:
        return Policy()
    return policy if isinstance(policy, Policy) else Policy.from_toml(policy)


def _tolerances(
    content: dict[str, Any], text: str, file: Path
) -> tuple[Tolerance, ...]:
    unknown = set(content) - {"default", "tap"}
    if unknown:
        raise PolicyError(
            f"policy {file} has the unknown table {sorted(unknown)[0]!r}; it "
            "may hold [default] and any number of [[tap]]"
        )
    entries = content.get("tap", [])
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) for entry in entries
    ):
        raise PolicyError(f"policy {file}: write each rule as [[tap]]")
    lines = text.splitlines()
    top = next((n for n, t in enumerate(lines, 1) if _DEFAULT.match(t)), 0)
    starts = [n for n, line in enumerate(lines, 1) if _TITLE.match(line)]
    default = _checked(content.get("default", {}), f"{file}: [default]")
    origin = f"{file}:{top}" if default else Tolerance().origin
    base = replace(Tolerance(), **default, origin=origin)
    found = [base]
    for number, entry in enumerate(entries):
        line = starts[number] if number < len(starts) else 0
        where = f"{file}:{line}"
        names = entry.pop("name", None)
        if isinstance(names, str):
            names = [names]
        if not names or not all(isinstance(name, str) for name in names):
            raise PolicyError(f'{where}: [[tap]] needs name = "..." or a list')
        fields = _checked(entry, where)
        found += [
            replace(base, **fields, pattern=name, origin=where)
            for name in names
        ]
    return tuple(found)


def _checked(entry: Any, where: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise PolicyError(f"{where}: {entry!r} where a table is expected")
    for key, value in entry.items():
        if key not in _TYPES:
            raise PolicyError(
                f"{where}: unknown key {key!r}; known are {', '.join(_TYPES)}"
            )
        if not isinstance(value, _TYPES[key]) or isinstance(value, bool):
            raise PolicyError(
                f"{where}: {key} = {value!r}; expected "
                f"{' or '.join(t.__name__ for t in _TYPES[key])}"
            )
        if key in _CHOICES and value not in _CHOICES[key]:
            raise PolicyError(
                f"{where}: {key} = {value!r}; expected one of "
                f"{', '.join(_CHOICES[key])}"
            )
        if isinstance(value, int | float):
            _check_number(key, value, where)
    return entry


def _check_number(key: str, value: float, where: str) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise PolicyError(
            f"{where}: {key} = {value}; a tolerance is finite and not negative"
        )
    if key == "significance" and not 0 < value < 1:
        raise PolicyError(
            f"{where}: significance = {value}; expected above 0, below 1"
        )
    if value > _LARGEST and isinstance(value, int):
        raise PolicyError(
            f"{where}: {key} = {value}; expected at most {_LARGEST}"
        )
