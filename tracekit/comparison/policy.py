"""Policies: how close is close, by tap, from a TOML file.

    [default]
    rtol = 1e-9

    [[tap]]
    name = "F_latt*"
    rtol = 1e-12
    reason = "a product of three ratios of sines"

Of the rules that fit a tap's name the last one counts; what it doesn't say
it takes from the default. ``[[actual]]`` and ``[[expected]]`` say what the
names of one side mean, see ``translation``; ``[[derived]]`` says what a tap is
made of that only one side has, see ``derived``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tracekit.comparison.translation import Translation
from tracekit.globs import fits

RULE = {
    "position": "BIGINT",
    "pattern": "VARCHAR",
    "rtol": "DOUBLE",
    "atol": "DOUBLE",
    "max_ulps": "BIGINT",
    "relative_to": "VARCHAR",
    "need": "VARCHAR",
    "compare": "VARCHAR",
    "significance": "DOUBLE",
    "reason": "VARCHAR",
    "origin": "VARCHAR",
}

# An entry of a policy that fits no tap; see ``Policy.unused``.
UNUSED = {
    "position": "BIGINT",
    "entry": "VARCHAR",
    "pattern": "VARCHAR",
    "origin": "VARCHAR",
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

    def fits(self, tap: str) -> bool:
        """Whether it speaks about the tap of this name."""
        return fits(self.pattern, tap)


class _Entry(Protocol):
    """What speaks about taps."""

    @property
    def pattern(self) -> str: ...

    @property
    def origin(self) -> str: ...

    def fits(self, tap: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Derived:
    """A tap that a side without it can hold beside the other side's.

    Args:
        tap: the tap's name.
        expression: over taps of that side, see ``tracekit.expressions``.
        unit: of the expression; None for the unit that the other side states.
        origin: file:line, or "".
    """

    tap: str
    expression: str
    unit: str | None = None
    origin: str = ""

    @property
    def pattern(self) -> str:
        """The tap, as other rules call what they speak about."""
        return self.tap

    def fits(self, tap: str) -> bool:
        """Whether it speaks about the tap of this name."""
        return tap == self.tap


@dataclass(frozen=True, slots=True)
class Policy:
    """How close is close, and what each side's names mean.

    Args:
        tolerances: in the order in which they are tried; the last one that
            fits counts.
        translations: what names of one side mean in the other's words.
        derived: taps that are made of others; of one name the last counts.
    """

    tolerances: tuple[Tolerance, ...] = (Tolerance(),)
    translations: tuple[Translation, ...] = ()
    derived: tuple[Derived, ...] = ()

    @classmethod
    def from_toml(cls, path: str | Path) -> Policy:
        """Read a policy file.

        Raises:
            PolicyError: it can't be read, or says something unknown.
        """
        from tracekit.comparison.policy_file import read_policy

        return cls(*read_policy(Path(path)))

    def rows(self) -> list[tuple[Any, ...]]:
        """One of ``RULE`` a rule, for SQL; the default fits every tap."""
        return [
            (position, *(getattr(t, name) for name in [*RULE][1:]))
            for position, t in enumerate((Tolerance(), *self.tolerances))
        ]

    def unused(
        self,
        stated: Mapping[str, Collection[str]],
        shared: Collection[str],
    ) -> list[tuple[int, str, str, str]]:
        """One row of ``UNUSED`` an entry that speaks about no tap.

        Args:
            stated: names of each side's taps as the side calls them.
            shared: the same in the words that both sides share.
        """
        entries: list[tuple[str, _Entry, Collection[str]]] = [
            (rule.side, rule, stated.get(rule.side, ()))
            for rule in self.translations
        ]
        entries += [("tap", rule, shared) for rule in self.tolerances]
        entries += [("derived", rule, shared) for rule in self.derived]
        unused = [
            (name, rule.pattern, rule.origin)
            for name, rule, taps in entries
            if not any(rule.fits(tap) for tap in taps)
        ]
        return [(place, *row) for place, row in enumerate(unused)]


def as_policy(policy: Policy | str | Path | None) -> Policy:
    """A policy from what a caller gives; None is the default."""
    if policy is None:
        return Policy()
    return policy if isinstance(policy, Policy) else Policy.from_toml(policy)
