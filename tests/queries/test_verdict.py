"""One word for two runs."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.queries.blueprint import ask, ask_all, fired, traced, verdict
from tracekit.schema import ConfigValue


@settings(max_examples=6, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.lists(st.floats(), max_size=6),
            st.sampled_from(["m", None]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_trace_is_close_to_itself(
    events: list[tuple[str, list[float], str | None]],
) -> None:
    """Whatever fired how often, a trace agrees with itself."""
    trace = traced(
        *(
            fired(
                name, np.array(values, float), unit=unit, n=range(len(values))
            )
            for name, values, unit in events
        )
    )
    (answer,), gaps = ask_all(("verdict", "gaps"), trace, trace)
    count = sum(len(values) for _, values, _ in events)
    assert answer["verdict"] == ("close" if count else "incomparable")
    assert gaps == []


def test_nothing() -> None:
    """Two empty traces are incomparable, not close."""
    assert verdict(traced(), traced()) == "incomparable"
    assert verdict(traced(), traced(fired("x", 1.0))) == "incomparable"


def test_nothing_in_common() -> None:
    """Traces without a common tap are incomparable."""
    assert verdict(traced(fired("x")), traced(fired("y"))) == "incomparable"


def test_nothing_at_one_place() -> None:
    """A common tap at different places is incomparable too."""
    one, two = fired("x", 1.0, slow=1), fired("x", 1.0, slow=2)
    assert verdict(traced(one), traced(two)) == "incomparable"


def test_one_element() -> None:
    """One diverging element is enough."""
    one = fired("x", [1.0, 2.0], slow=range(2))
    two = fired("x", [1.0, 2.1], slow=range(2))
    assert verdict(traced(one), traced(two)) == "diverged"


def test_one_nan() -> None:
    """A NaN on one side is enough."""
    one, two = fired("x", math.nan), fired("x", 1.0)
    assert verdict(traced(one), traced(two)) == "diverged"


def test_counts() -> None:
    """The row says what the word rests on."""
    actual = traced(
        fired("x", [1.0, 3.0], slow=range(2)),
        config=[ConfigValue("fluence", 1.0)],
    )
    expected = traced(
        fired("x", [1.0, 2.0], slow=range(2)),
        fired("y"),
        config=[ConfigValue("fluence", 2.0)],
    )
    assert ask("verdict", actual, expected) == [
        {
            "verdict": "diverged",
            "compared": 2,
            "diverged": 1,
            "distributions": 0,
            "unlike_distributions": 0,
            "required_gaps": 1,
            "optional_gaps": 0,
            "not_compared": 0,
            "vacuous": 0,
            "decisive_differences": 1,
            "restated": 0,
            "uncovered": 0,
        }
    ]
