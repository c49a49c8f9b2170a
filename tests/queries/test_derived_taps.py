"""Which taps a side was given, by which rule, and why not."""

from __future__ import annotations

from tests.queries.blueprint import ask, fired, log, traced
from tracekit.comparison.policy import Derived, Policy
from tracekit.schema import Declared
from tracekit.storage.trace import Trace


def sides() -> tuple[Trace, Trace]:
    """A port, and a log whose dialect derives two of its taps."""
    rules = [
        Declared("d", "optional", derived='a["m"] * 2', origin="mine.toml:3"),
        Declared("e", "optional", derived="gone", origin="mine.toml:5"),
    ]
    printed = [fired(tap, 2.0, family="C") for tap in ("d", "e", "f")]
    return traced(fired("a", 1.0)), log(*printed, declared=rules)


def test_one_row_a_tap_that_a_side_lacks() -> None:
    """Those that are made, and those that can't be, with the reason."""
    policy = Policy(derived=(Derived("f", "a + a", origin="policy.toml:7"),))
    rows = ask("derived_taps", *sides(), policy=policy)
    assert [tuple(row.values()) for row in rows] == [
        ("d", "actual", 'a["m"] * 2', "a", "mine.toml:3", None),
        ("e", "actual", "gone", "gone", "mine.toml:5",
         "the actual side has no numbers of gone"),
        ("f", "actual", "a + a", "a", "policy.toml:7", None),
    ]  # fmt: skip


def test_without_rules_there_are_none() -> None:
    """Two sides that declare nothing derived have no row."""
    assert ask("derived_taps", traced(fired("a")), traced(fired("b"))) == []


def test_derived_taps_stand_last() -> None:
    """Their numbers come behind those of all other taps."""
    rows = ask("tap_number", *sides(), "tap", "derived")
    assert [tap for tap, derived in rows if derived] == ["d"]
    assert rows[-1][0] == "a"  # what only the actual side has
    assert [tap for tap, _ in rows] == ["e", "f", "d", "a"]
