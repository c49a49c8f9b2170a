"""What kind of error a tap has: each kind planted, and none guessed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.queries.blueprint import ask, fired, traced
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import ConfigValue

RNG = np.random.default_rng(11)
IMAGE = RNG.uniform(1, 2, (6, 6))
VECTORS = RNG.uniform(1, 2, (5, 3))


def kinds(
    actual: Any, expected: Any, *columns: str, facts: Any = (), **dims: Any
) -> list[Any]:
    """Kinds of error of one tap with these values."""
    axes = dims or {"slow": range(6), "fast": range(6)}
    config = [ConfigValue(key, value) for key, value in facts]
    return ask(
        "error_kinds",
        traced(fired("x", actual, **axes), config=config),
        traced(fired("x", expected, **axes), config=config),
        *(columns or ("kind",)),
    )


@pytest.mark.parametrize(
    ("kind", "actual"),
    [
        ("sign", -IMAGE),
        ("power of ten", 1e10 * IMAGE),
        ("power of ten", IMAGE * 0.1),
        ("degrees and radians", np.deg2rad(IMAGE)),
        ("two pi", 2 * math.pi * IMAGE),
        ("factor", 0.7 * IMAGE),
        ("offset", IMAGE + 0.5),
        ("zero", 0 * IMAGE),
        ("float32", IMAGE.astype(np.float32).astype(np.float64)),
        ("swapped axes", IMAGE.T),
        ("reversed axis", IMAGE[::-1]),
        ("reversed axis", IMAGE[:, ::-1]),
        ("reversed axes", IMAGE[::-1, ::-1]),
        ("rotated axes", np.rot90(IMAGE)),
        ("rotated axes", np.rot90(IMAGE, -1)),
        ("swapped axes", np.rot90(IMAGE, 2).T),
        ("fixed index", IMAGE[:, :1] + 0 * IMAGE),
        ("fixed index", IMAGE[-1:] + 0 * IMAGE),
        ("one number", np.full_like(IMAGE, 1.5)),
        ("one number", np.minimum(IMAGE, 1.2)),
        ("power", IMAGE**2),
        ("power", np.sqrt(IMAGE)),
        ("power", 1 / IMAGE),
        ("shifted index", np.roll(IMAGE, 1, axis=1)),
        ("shifted index", np.roll(IMAGE, -1, axis=0)),
    ],
)
def test_each_kind_is_named_alone(kind: str, actual: Any) -> None:
    """A planted error has the one kind that it is."""
    found = kinds(actual, IMAGE)
    if "index" in kind:  # the rows that np.roll wraps around are no shift
        inner = np.array(actual)
        inner[:, 0], inner[-1] = IMAGE[:, 0], IMAGE[-1]
        found = kinds(inner, IMAGE)
    assert found == [kind]


def test_a_shift_along_both_axes() -> None:
    """An index that is one off along both axes is told as one error."""
    actual = IMAGE.copy()
    actual[1:, 1:] = IMAGE[:-1, :-1]
    assert kinds(actual, IMAGE, "kind", "evidence") == [
        (
            "shifted index",
            "actual[slow, fast] = expected[slow - 1, fast - 1]",
        )
    ]


@pytest.mark.parametrize(
    ("kept", "evidence"),
    [(0, "actual[phi] = expected[first phi]"),
     (-1, "actual[phi] = expected[last phi]")],
)  # fmt: skip
def test_first_or_last_of_a_loop(kept: int, evidence: str) -> None:
    """A loop of which one iteration counts for all is not a shift."""
    values = RNG.uniform(1, 2, (3, 7))
    for count in (2, 3):
        rows = kinds(
            np.repeat(values[:count][[kept]], count, axis=0),
            values[:count],
            "kind",
            "evidence",
            phi=range(count),
            n=range(7),
        )
        assert rows == [("fixed index", evidence)]


def test_a_unit_beside_facts_that_are_powers_of_ten() -> None:
    """1000 is a unit before it is the third power of a distance of 0.1."""
    facts = (("distance", 0.1), ("lambda", 1e-10))
    assert kinds(1e3 * IMAGE, IMAGE, "kind", "evidence", facts=facts) == [
        (
            "power of ten",
            "actual = 1000 * expected; 1000 = distance^-3; a unit?",
        )
    ]
    found = kinds(100 * IMAGE, IMAGE, facts=(("oversample", 10.0),))
    assert found == ["power of a fact"]


def test_last_bits() -> None:
    """A few ulps are rounding, where even these are not allowed."""
    policy = Policy((Tolerance(rtol=0.0),))
    n = range(36)
    actual = traced(fired("x", np.nextafter(IMAGE, 9), n=n))
    expected = traced(fired("x", IMAGE, n=n))
    assert ask("error_kinds", actual, expected, "kind", policy=policy)[-1] == (
        "last bits"
    )


def test_small_integers_are_no_sign_of_float32() -> None:
    """1, 2, 3 ... fit any type; a drift from them is a factor alone."""
    whole = np.arange(1.0, 37.0).reshape(6, 6)
    assert kinds(whole, whole * (1 + 1e-6), "kind") == ["factor"]


def test_integers_have_no_last_bits() -> None:
    """3 beside 4 is one apart, and wrong."""
    three, four = (traced(fired("k", [n, 7], n=range(2))) for n in (3, 4))
    assert ask("error_kinds", three, four, "kind") == []


def test_power_of_a_fact() -> None:
    """4 with oversample = 2 is oversample squared, and so is a quarter."""
    facts = (("oversample", 2.0), ("distance", 0.1))
    for factor, shown in ((4.0, "^2"), (0.25, "^-2")):
        rows = kinds(
            factor * IMAGE, IMAGE, "kind", "evidence", "numbers", facts=facts
        )
        assert rows == [
            (
                "power of a fact",
                f"actual = {factor:g} * expected; {factor:g} = oversample"
                + shown,
                36,
            )
        ]


def test_one_number() -> None:
    """One number proves a power of ten or of a fact, and no other factor."""
    assert kinds(3.7e-10, 3.7, n=0) == ["power of ten"]
    assert kinds(4.0, 1.0, n=0, facts=(("oversample", 2.0),)) == [
        "power of a fact"
    ]
    assert kinds(3.7, 1.0, n=0) == []
    assert kinds(0.0, 100.0, n=0) == ["zero"]


@pytest.mark.parametrize(
    ("order", "signs", "kind", "evidence"),
    [
        ([2, 1, 0], [1, 1, 1], "permuted components",
         "actual x = expected z, actual z = expected x"),
        ([1, 2, 0], [1, 1, 1], "permuted components",
         ("actual x = expected y, actual y = expected z, "
         "actual z = expected x")),
        ([0, 1, 2], [1, -1, 1], "sign of components",
         "actual y = -expected y"),
        ([1, 0, 2], [1, -1, 1], "permuted components",
         "actual x = expected y, actual y = -expected x"),
    ],
)  # fmt: skip
def test_components(
    order: list[int], signs: list[int], kind: str, evidence: str
) -> None:
    """Permuted components are told one by one, with their signs."""
    axes: Any = {"n": range(5), "component": range(3), "labels": "xyz"}
    actual = fired("v", VECTORS[:, order] * signs, **axes)
    expected = fired("v", VECTORS, **axes)
    rows = ask(
        "error_kinds", traced(actual), traced(expected), "kind", "evidence"
    )
    assert (kind, evidence) in rows
    assert {row[0] for row in rows} <= {kind, "sign"}


def test_all_components_changed_their_sign() -> None:
    """A vector that points the other way is one error, told once."""
    axes: Any = {"n": range(5), "component": range(3)}
    assert kinds(-VECTORS, VECTORS, **axes) == ["sign"]


def test_a_dense_image_beside_a_few_pixels() -> None:
    """What a log printed is looked for in the port's whole image."""
    spots = [(1, 4), (4, 2)]
    for actual, kind, evidence in (
        (IMAGE.T, "swapped axes",
         "expected[slow, fast] = actual[fast, slow]"),
        (np.roll(IMAGE, 1, 0), "shifted index",
         "expected[slow] = actual[slow + 1]"),
    ):  # fmt: skip
        dense = fired(
            "x", 1e3 * actual, slow=range(6), fast=range(6), unit="mm"
        )
        few = [
            fired("x", IMAGE[s, f], slow=s, fast=f, unit="m") for s, f in spots
        ]
        rows = ask(
            "error_kinds", traced(dense), traced(*few), "kind", "evidence"
        )
        assert rows == [(kind, evidence)]


def test_value_of_another_tap() -> None:
    """A tap that holds what another one should is recognised, both ways."""
    n: Any = {"n": range(36)}
    others = RNG.uniform(3, 4, 36)
    expected = traced(fired("a", IMAGE, **n), fired("b", others, **n))
    actual = traced(fired("a", others, **n), fired("b", others, **n))
    rows = ask("error_kinds", actual, expected, "tap", "kind", "evidence")
    assert rows == [
        ("a", "value of another tap", "actual is b of the expected side")
    ]
    rows = ask("error_kinds", expected, actual, "tap", "kind", "evidence")
    assert rows == [
        ("a", "value of another tap", "expected is b of the actual side")
    ]


def test_factor_or_term_of_another_tap() -> None:
    """What was forgotten, or counted twice, is named by its tap."""
    axes: Any = {"slow": range(6), "fast": range(6)}
    f = RNG.uniform(3, 4, IMAGE.shape)
    wrong: dict[str, Callable[[Any], Any]] = {
        "actual = expected * F": lambda x: x * f,
        "actual = expected * F^2": lambda x: x * f**2,
        "actual = expected / F": lambda x: x / f,
        "actual = expected / F^2": lambda x: x / f**2,
        "actual = 12 * expected / F": lambda x: 12 * x / f,
        "actual = 0.5 * expected * F": lambda x: 0.5 * x * f,
        "actual = expected + F": lambda x: x + f,
        "actual = expected - F": lambda x: x - f,
    }
    actual, expected = [fired("F", f, **axes)], [fired("F", f, **axes)]
    for tap, change in wrong.items():
        values = RNG.uniform(1, 2, IMAGE.shape)
        expected.append(fired(tap, values, **axes))
        actual.append(fired(tap, change(values), **axes))
    rows = ask(
        "error_kinds", traced(*actual), traced(*expected),
        "tap", "kind", "evidence",
    )  # fmt: skip
    kind = {True: "term of another tap", False: "factor of another tap"}
    assert rows == [(x, kind["+" in x or "- F" in x], x) for x in wrong]


def test_one_number_or_a_part_proves_no_other_tap() -> None:
    """Two scalars whose ratio is any number, or half of a tap, are none."""
    expected = traced(fired("y", 0.7131), fired("x", 1.0))
    actual = traced(fired("y", 0.7131), fired("x", 3.7))
    assert ask("error_kinds", actual, expected) == []
    others, n = RNG.uniform(3, 4, 36), range(36)
    half = np.where(np.arange(36) < 30, others, 5 + others)
    expected = traced(fired("y", others, n=n), fired("x", IMAGE, n=n))
    for wrong in (half, IMAGE.ravel() + half, IMAGE.ravel() * half):
        actual = traced(fired("y", others, n=n), fired("x", wrong, n=n))
        assert ask("error_kinds", actual, expected) == []


def test_a_factor_that_only_resembles_another_tap() -> None:
    """A factor that follows a tap to six digits is none, nor is a part."""
    f = RNG.uniform(3, 4, IMAGE.shape)
    axes: Any = {"slow": range(6), "fast": range(6)}
    near, part = f * (1 + 1e-6 * RNG.uniform(-1, 1, f.shape)), f.copy()
    part[2:] = 2
    for factor in (near, part):
        expected = traced(fired("F", f, **axes), fired("x", IMAGE, **axes))
        actual = traced(
            fired("F", f, **axes), fired("x", IMAGE * factor, **axes)
        )
        assert ask("error_kinds", actual, expected) == []


def test_nothing_is_guessed() -> None:
    """Noise, a nearly constant factor and one odd number are of no kind."""
    noise = IMAGE * RNG.uniform(0.5, 1.5, IMAGE.shape)
    assert kinds(noise, IMAGE) == []
    nearly = 4 * IMAGE
    nearly[3, 3] *= 1 + 1e-6
    assert kinds(nearly, IMAGE) == []
    almost = np.array(IMAGE.T)
    almost[2, 3] += 1e-6
    assert kinds(almost, IMAGE) == []
    assert kinds(1.0, 2.0, n=0, facts=(("phi", 1.0),)) == []


def test_part_of_a_tap() -> None:
    """A kind is about the numbers that diverged, and counts them."""
    actual = np.array(IMAGE)
    actual[2:4, 1:5] *= -1
    rows = kinds(actual, IMAGE, "kind", "numbers", "diverged")
    assert rows == [("sign", 8, 8)]


def test_nan_is_left_out() -> None:
    """A NaN or an infinity hides no kind."""
    actual = -IMAGE
    actual[0, 0], actual[1, 1] = math.nan, math.inf
    rows = kinds(actual, IMAGE, "kind", "numbers", "diverged")
    assert rows == [("sign", 34, 36)]


def test_printed_digits() -> None:
    """A factor is seen through what a log printed with six digits."""
    n: Any = {"n": range(36)}
    printed = [float(f"{value:.5e}") for value in IMAGE.ravel()]
    actual = traced(fired("x", 1e10 * IMAGE, **n))
    expected = traced(fired("x", printed, digits=6, quantum=-5, **n))
    assert ask("error_kinds", actual, expected, "kind") == ["power of ten"]


def test_components_that_one_side_names_meet_by_place() -> None:
    """Where that is the wrong order they diverge, and the kind says so."""
    axes: Any = {"n": range(5), "component": range(3)}
    reversed_ = VECTORS[:, ::-1]
    named = traced(fired("v", reversed_, labels="zyx", **axes))
    evidence = "actual 0 = expected 2, actual 2 = expected 0"
    other, same = (
        ask("error_kinds", named, traced(fired("v", values, **axes)),
            "kind", "evidence")
        for values in (VECTORS, reversed_)
    )  # fmt: skip
    assert other == [("permuted components", evidence)]
    assert same == []
