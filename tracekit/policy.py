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
        ("reason", pa.string()),
        ("origin", pa.string()),
    ]
)
_CHOICES = {
    "relative_to": ("vector", "element"),
    "need": ("required", "optional", "ignored"),
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
        reason: why this bound.
        origin: file:line, or "default".
    """

    pattern: str = "*"
    rtol: float | None = None
    atol: float = 0.0
    max_ulps: int | None = None
    relative_to: str = "vector"
    need: str | None = None
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
            raise PolicyError(f"policy {file} can't be read: {error}") from error
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
    lines = text.splitlines()
    starts = [n for n, t in enumerate(lines, 1) if t.strip() == "[[tap]]"]
    default = _checked(content.get("default", {}), f"{file}: [default]")
    base = replace(Tolerance(), **default, origin=f"{file} [default]")
    found = [base]
    for number, entry in enumerate(content.get("tap", [])):
        line = starts[number] if number < len(starts) else 0
        where = f"{file}:{line}"
        names = entry.pop("name", None)
        if isinstance(names, str):
            names = [names]
        if not names or not all(isinstance(name, str) for name in names):
            raise PolicyError(f"{where}: [[tap]] needs name = \"...\" or a list")
        fields = _checked(entry, where)
        found += [
            replace(base, **fields, pattern=name, origin=where)
            for name in names
        ]
    return tuple(found)


def _checked(entry: dict[str, Any], where: str) -> dict[str, Any]:
    allowed = {
        "rtol": (int, float),
        "atol": (int, float),
        "max_ulps": (int,),
        "relative_to": (str,),
        "need": (str,),
        "reason": (str,),
    }
    for key, value in entry.items():
        if key not in allowed:
            raise PolicyError(
                f"{where}: unknown key {key!r}; known are "
                f"{', '.join(allowed)}"
            )
        if not isinstance(value, allowed[key]) or isinstance(value, bool):
            raise PolicyError(f"{where}: {key} = {value!r} has a wrong type")
        if key in _CHOICES and value not in _CHOICES[key]:
            raise PolicyError(
                f"{where}: {key} = {value!r}; expected one of "
                f"{', '.join(_CHOICES[key])}"
            )
        if isinstance(value, int | float) and not (
            math.isfinite(value) and value >= 0
        ):
            raise PolicyError(
                f"{where}: {key} = {value}; a tolerance is finite and not "
                "negative"
            )
    return entry
