"""Which rule of the policy applies to a tap."""

from __future__ import annotations

from tests.queries.blueprint import ask, fired, traced
from tracekit.comparison.policy import Policy, Tolerance


def rules(
    *tolerances: Tolerance, tap: str = "F_latt"
) -> list[tuple[float, str]]:
    """The rule of one tap as (atol, origin)."""
    trace = traced(fired(tap, 1.0))
    return ask(
        "rule", trace, trace, "atol", "origin", policy=Policy(tolerances)
    )


def test_default() -> None:
    """A tap that no rule names has the default."""
    assert rules(Tolerance("other", atol=1.0)) == [(0.0, "default")]


def test_last_one_counts() -> None:
    """Of the rules that fit the last one counts."""
    assert rules(
        Tolerance("F_*", atol=1.0, origin="1"),
        Tolerance("F_latt", atol=2.0, origin="2"),
        Tolerance("F_l*", atol=3.0, origin="3"),
        Tolerance("G*", atol=4.0, origin="4"),
    ) == [(3.0, "3")]


def test_name_with_a_pattern_in_it() -> None:
    """A name fits itself, whatever signs it holds."""
    assert rules(Tolerance("a[0]*", atol=1.0), tap="a[0]*") == [
        (1.0, "default")
    ]


def test_case_counts() -> None:
    """F and f are different taps."""
    assert rules(Tolerance("f_LATT", atol=1.0)) == [(0.0, "default")]
