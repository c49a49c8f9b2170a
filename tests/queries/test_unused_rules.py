"""Which entries of a policy speak about no tap."""

from __future__ import annotations

from tests.queries.blueprint import ask, fired, traced
from tracekit.comparison.policy import Derived, Policy, Tolerance
from tracekit.comparison.translation import Translation
from tracekit.schema import Declared


def unused(policy: Policy, **parts: object) -> list[tuple[str | None, ...]]:
    """Rows of two traces that hold F_latt and its largest number."""
    taps = (
        fired("F_latt", 1.0),
        fired("omega.max", 1.0, family="statistic"),
    )
    return ask(
        "unused_rules",
        traced(*taps, fired("pixel_vector", 1.0)),
        traced(*taps, fired("pixel_pos", 1.0), **parts),
        *("entry", "pattern", "near", "origin"),
        policy=policy,
    )


def test_what_is_met_is_used() -> None:
    """Names, patterns, statistics' taps and renames are; so are none."""
    rules = [Tolerance(name) for name in ("F_latt", "F_*", "omega", "*pos")]
    rename = Translation("actual", "pixel_vector", tap="pixel_pos")
    assert unused(Policy(tuple(rules), (rename,))) == []
    assert unused(Policy()) == []


def test_a_tap_that_never_fired_is_declared() -> None:
    """An entry about a declared tap is used; a gap tells of the tap."""
    policy = Policy((Tolerance("rare"),))
    assert unused(policy) == [("tap", "rare", None, "default")]
    assert unused(policy, declared=[Declared("rare", "required")]) == []


def test_a_name_that_is_nearly_one() -> None:
    """The nearest tap is named, whatever the case of its letters."""
    policy = Policy(
        (Tolerance("f_lat", origin="p.toml:3"), Tolerance("G_*")),
        (Translation("actual", "pixel_vectr", tap="pixel_pos"),),
    )
    assert unused(policy) == [
        ("actual", "pixel_vectr", "pixel_vector", ""),
        ("tap", "f_lat", "F_latt", "p.toml:3"),
        ("tap", "G_*", None, "default"),
    ]


def test_a_derived_tap_that_nobody_has() -> None:
    """A rule for a tap that no side has is told, with the nearest one."""
    rules = (
        Derived("F_lat", "omega", origin="p.toml:9"),
        Derived("F_latt", "x"),
    )
    assert unused(Policy(derived=rules)) == [
        ("derived", "F_lat", "F_latt", "p.toml:9")
    ]


def test_a_rename_speaks_of_its_own_side() -> None:
    """What only the other side has isn't met."""
    policy = Policy(translations=(Translation("expected", "pixel_vector"),))
    assert unused(policy) == [("expected", "pixel_vector", None, "")]
