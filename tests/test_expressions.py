"""Expressions over taps: read, spelled, and refused where they are none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.expressions import (
    FUNCTIONS,
    Expression,
    ExpressionError,
    Number,
    Operation,
    Tap,
    parse,
    spelled,
    taps,
    with_taps,
)

NAMES = st.sampled_from(["x", "lambda", "F_latt*", "a b", "k'", "ä"])
UNITS = st.sampled_from(["", "m", "1/angstrom"])
LEAVES = st.builds(
    Tap,
    NAMES,
    st.none() | st.sampled_from(["x", "xy"]) | st.integers(0, 999),
    UNITS,
) | st.builds(Number, st.floats(0, 1e300))


def _larger(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy:
    """Operations over these."""
    two = st.builds(
        Operation, st.sampled_from("+-*/"), st.tuples(parts, parts)
    )
    return (
        two
        | st.builds(Operation, st.just("-"), st.tuples(parts))
        | st.builds(
            lambda base, n: Operation("**", (base, Number(float(n)))),
            parts,
            st.integers(-16, 16),
        )
        | st.builds(Operation, st.just("sqrt"), st.tuples(parts))
        | st.builds(Operation, st.just("dot"), st.tuples(parts, parts))
        | st.lists(parts, min_size=1, max_size=3).map(
            lambda found: Operation("list", tuple(found))
        )
    )


EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=12)


@given(EXPRESSIONS)
def test_what_is_spelled_reads_back(expression: Expression) -> None:
    """An expression that is spelled reads as the same expression."""
    if not list(taps(expression)):
        expression = Operation("+", (expression, Tap("x")))
    assert parse(spelled(expression)) == expression


@given(st.text("x1.*+-/()[],'\" e^", max_size=30) | st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text does anything but make an expression or its error."""
    with suppress(ExpressionError):
        assert parse(spelled(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("text", "spelled_so"),
    [
        ("lambda*1e10", "lambda * 1e+10"),
        ("-x ** 2", "-x**2"),
        ("(-x)**-2", "(-x)**-2"),
        ("a-(b-c)-d", "a - (b - c) - d"),
        ("a/(b*c)", "a / (b * c)"),
        ('"T(3)"["K"]', '"T(3)"["K"]'),
        ("v[0]+v.y['mm']", 'v[0] + v.y["mm"]'),
        ("[cos(r),\n -sin(r), 0]", "[cos(r), -sin(r), 0]"),
    ],
)
def test_few_brackets(text: str, spelled_so: str) -> None:
    """Only brackets that change the meaning are kept."""
    assert spelled(parse(text)) == spelled_so


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: got the end, expected a number, a tap"),
        ("1 + 1", "names no tap"),
        ("x y", "column 3: got 'y', expected an operator"),
        ("x ^ 2", r"column 3: got '\^', expected an operator"),
        ("x ** y", "column 6: got 'y', expected a whole power from -16"),
        ("9**9**9**9*x", r"column 5: got '\*\*', expected an operator"),
        ("x**999999999", "column 4: got '999999999', expected a whole power"),
        ("x**1.5", "column 4: got '1.5', expected a whole power"),
        ("x * 1e999", "column 5: got '1e999', expected a number that"),
        ("eval(x)", "no function 'eval'; known are sqrt, abs"),
        ("__import__('os')", "no function '__import__'"),
        ("dot(x)", r"dot\(\) has 1 arguments; expected 2"),
        ("x.__class__.y", "column 12: got '.', expected an operator"),
        ("x[1][2]", "column 6: got '2', expected a component's place"),
        ("x['m']['s']", r"column 7: got '\['"),
        ("x; y", "column 2: got ';'"),
        ("x if y else z", "column 3: got 'if'"),
        ("(" * 400 + "x", "nested more than 30 deep"),
        ("-" * 400 + "x", "nested more than 30 deep"),
        ("x" + "+x" * 300, "more than 200 operations"),
        ("x" * 1001, "has 1001 characters; expected at most 1000"),
    ],
)
def test_what_is_none_is_refused(text: str, message: str) -> None:
    """The error says where, what stands there and what was expected."""
    with pytest.raises(ExpressionError, match=message):
        parse(text)


def test_long_expressions_are_quick() -> None:
    """A sum of 200 taps is read and spelled at once, as deep as it is."""
    found = parse("+".join("x" * 201))
    assert parse(spelled(found)) == found


def test_taps_are_found_and_changed() -> None:
    """Its taps come from left to right, and may be given other names."""
    found = parse("norm(v) * x.y / v")
    assert [tap.name for tap in taps(found)] == ["v", "x", "v"]
    changed = with_taps(found, lambda tap: Tap(f"{tap.name}'", tap.component))
    assert spelled(changed) == """norm("v'") * "x'".y / "v'\""""


def test_every_function_is_documented_by_its_arguments() -> None:
    """A function takes one or two arguments."""
    assert set(FUNCTIONS.values()) == {1, 2}
