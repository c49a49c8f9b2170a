"""Which number of one side meets which of the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.queries.blueprint import Row, ask, fired, log, traced, verdict
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import ConfigValue, Event
from tracekit.storage.trace import Trace

XYZ = range(3)


def pairs(
    actual: Trace | Event, expected: Trace | Event
) -> list[tuple[float, float]]:
    """Aligned values in the expected side's order."""
    one, two = (
        side if isinstance(side, Trace) else traced(side)
        for side in (actual, expected)
    )
    rows: list[Row] = ask(
        "FROM aligned "
        "ORDER BY tap_order, pair, expected_ordinal, actual_ordinal",
        one,
        two,
    )
    return [(row["actual"], row["expected"]) for row in rows]


def test_equal_grids() -> None:
    """Elements of equal grids meet one to one."""
    values = np.arange(6.0)
    event = fired("R", values, slow=range(2), fast=range(3))
    assert pairs(event, event) == [(v, v) for v in values]


def test_order_of_dims() -> None:
    """Dims meet by name, whatever their order."""
    image = np.arange(6.0).reshape(2, 3)
    actual = fired("R", image, slow=range(2), fast=range(3))
    expected = fired("R", image.T, fast=range(3), slow=range(2))
    assert all(a == e for a, e in pairs(actual, expected))
    assert len(pairs(actual, expected)) == 6


def test_other_origin() -> None:
    """A block meets the part of the whole image where it sits."""
    image = np.arange(12.0).reshape(3, 4)
    block = fired("R", image[1:, 2:], slow=range(1, 3), fast=range(2, 4))
    whole = fired("R", image, slow=range(3), fast=range(4))
    same = [(v, v) for v in (6.0, 7.0, 10.0, 11.0)]
    assert pairs(block, whole) == same
    assert pairs(whole, block) == same


def test_overlap() -> None:
    """Two blocks that overlap meet in their common part only."""
    one = fired("R", [0.0, 1.0, 2.0], slow=range(3))
    two = fired("R", [1.0, 2.0, 3.0], slow=range(1, 4))
    assert pairs(one, two) == [(1.0, 1.0), (2.0, 2.0)]


def test_far_apart() -> None:
    """Indices that are far from each other meet nowhere, and don't fail."""
    one = fired("R", 1.0, slow=0, fast=0)
    two = fired("R", 1.0, slow=2**40, fast=2**40)
    assert pairs(one, two) == []
    assert "too far" in ask("pair", traced(one), traced(two), "problem")[0]


def test_broadcast_actual() -> None:
    """A value without pixels meets every pixel of the expected side."""
    image = fired("fluence", [1.0, 2.0], slow=range(2), fast=0)
    assert pairs(fired("fluence", 5.0), image) == [(5.0, 1.0), (5.0, 2.0)]


def test_broadcast_expected() -> None:
    """Every pixel of the actual side meets a value without pixels."""
    image = fired("fluence", [1.0, 2.0], slow=range(2), fast=0)
    assert pairs(image, fired("fluence", 5.0)) == [(1.0, 5.0), (2.0, 5.0)]


def test_broadcast_vector() -> None:
    """A vector without pixels meets each pixel's vector by component."""
    one = fired("axis", [1.0, 2.0, 3.0], component=XYZ)
    many = fired("axis", np.arange(6.0), slow=range(2), component=XYZ)
    assert pairs(many, one) == [
        (0.0, 1.0), (3.0, 1.0), (1.0, 2.0), (4.0, 2.0), (2.0, 3.0), (5.0, 3.0),
    ]  # fmt: skip


def test_no_cross_join() -> None:
    """Two sides that each lack a dim of the other never multiply."""
    actual = fired("x", [1.0, 1.0], phi=range(2))
    expected = fired("x", [1.0, 1.0, 1.0], mosaic=range(3))
    assert pairs(actual, expected) == []
    problem = ask("pair", traced(actual), traced(expected), "problem")[0]
    assert problem == "has the dims phi where the expected side has mosaic"


def test_fixed_index() -> None:
    """An index that is always the same meets that index only."""
    fixed = fired("x", 7.0, source=0, states={"source": "fixed"})
    many = fired("x", [7.0, 8.0], source=range(2))
    assert pairs(fixed, many) == [(7.0, 7.0)]


def test_fixed_index_is_no_dim() -> None:
    """A fixed index of a value beside another dim is no cross join."""
    fixed = fired("x", 7.0, source=0, states={"source": "fixed"})
    assert pairs(fixed, fired("x", [7.0, 8.0], phi=range(2))) == [
        (7.0, 7.0),
        (7.0, 8.0),
    ]


def test_counted_index() -> None:
    """An index that was counted back in a loop nest meets a stated one."""
    counted = fired("x", [1.0, 2.0], phi=range(2), states={"phi": "counted"})
    assert pairs(counted, fired("x", [1.0, 2.0], phi=range(2))) == [
        (1.0, 1.0),
        (2.0, 2.0),
    ]


def test_part_of_a_vector() -> None:
    """A component that is printed alone meets that component."""
    third = fired("v", 3.0, component=range(2, 3))
    vector = fired("v", [1.0, 2.0, 3.0], component=XYZ)
    assert pairs(third, vector) == [(3.0, 3.0)]


@settings(max_examples=6)
@given(st.permutations("xyzw"), st.permutations("xyzw"), st.booleans())
def test_components_by_name(
    one: list[str], other: list[str], pixel_first: bool
) -> None:
    """Components of the same names meet by name, whatever their order."""
    sides = [
        fired(
            "v",
            [[10 * slow + "xyzw".index(x) for x in order] for slow in (0, 1)],
            slow=range(2),
            component=range(4),
            labels=order,
            states={"slow": "unknown" if pixel_first else "index"},
        )
        for order in (one, other)
    ]
    found = pairs(*sides)
    assert len(found) == 8
    assert all(a == e for a, e in found)


def test_components_by_name_beside_loops_by_order() -> None:
    """Vectors of another order whose loops and pixels meet by order."""
    unknown = {"slow": "unknown", "phi": "unknown"}
    values = np.arange(12.0).reshape(2, 2, 3)
    axes: dict[str, Any] = {
        "slow": range(2),
        "phi": range(2),
        "component": range(3),
    }
    actual = fired("v", values, labels="xyz", **axes)
    expected = fired(
        "v", values[..., ::-1], labels="zyx", states=unknown, **axes
    )
    found = pairs(actual, expected)
    assert len(found) == 12
    assert all(a == e for a, e in found)


def test_occurrences() -> None:
    """The n-th firing meets the n-th; one firing is the first."""
    once = traced(fired("x", 1.0))
    thrice = traced(*(fired("x", value) for value in (1.0, 2.0, 3.0)))
    assert pairs(once, thrice) == [(1.0, 1.0)]
    assert pairs(thrice, once) == [(1.0, 1.0)]
    assert pairs(thrice, thrice) == [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]


def test_occurrences_of_vectors() -> None:
    """Repeated vectors meet by occurrence and component."""
    both = traced(
        fired("x", [1.0, 2.0], component=range(2)),
        fired("x", [3.0, 4.0], component=range(2)),
    )
    once = traced(fired("x", [1.0, 2.0], component=range(2)))
    assert pairs(both, once) == [(1.0, 1.0), (2.0, 2.0)]


def test_masked() -> None:
    """Where both sides skip an element nothing is aligned."""
    event = fired("x", [1.0, 3.0], slow=range(3), where=[0, 2])
    assert pairs(event, event) == [(1.0, 1.0), (3.0, 3.0)]


def test_equal_families() -> None:
    """Of a name that two kinds of line print equal kinds meet."""
    both = log(fired("x", 1.0, family="A"), fired("x", 2.0, family="B"))
    assert pairs(both, both) == [(1.0, 1.0), (2.0, 2.0)]


def test_recording_beside_families() -> None:
    """A recorded tap meets each kind of line that prints its name."""
    both = log(fired("x", 1.0, family="A"), fired("x", 2.0, family="B"))
    assert pairs(traced(fired("x", 9.0)), both) == [(9.0, 1.0), (9.0, 2.0)]
    assert pairs(both, traced(fired("x", 9.0))) == [(1.0, 9.0), (2.0, 9.0)]


def test_one_name_two_shapes() -> None:
    """Taps of one name that differ in dims meet their equals only."""
    both = traced(fired("x", 5.0), fired("x", [1.0, 2.0], slow=range(2)))
    assert pairs(both, both) == [(5.0, 5.0), (1.0, 1.0), (2.0, 2.0)]


def test_one_name_two_kinds() -> None:
    """A tap that once was an integer and once a float meets its equals."""
    both = traced(fired("x", 5), fired("x", 6.5))
    assert pairs(both, both) == [(5.0, 5.0), (6.5, 6.5)]


def test_integer_beside_float() -> None:
    """A Python int meets the float that a log printed."""
    assert pairs(fired("steps", 4), fired("steps", 4.0)) == [(4.0, 4.0)]


def test_empty_tap() -> None:
    """A tap whose mask left nothing aligns with nothing."""
    none = fired("x", np.zeros(0), slow=range(3), where=[])
    assert pairs(none, fired("x", [1.0, 2.0, 3.0], slow=range(3))) == []


def test_unknown_pixel() -> None:
    """A pixel that one side doesn't state meets the only one there is."""
    states = {"slow": "unknown", "fast": "unknown"}
    unknown = log(fired("x", 1.0, slow=0, fast=0, states=states))
    known = traced(fired("x", 1.5, slow=7, fast=8))
    assert pairs(unknown, known) == [(1.0, 1.5)]
    assert pairs(known, unknown) == [(1.5, 1.0)]
    assert ask("pair", unknown, known, "by_order", "unknown_pixel") == [
        ("slow fast", True)
    ]


def test_unknown_pixel_beside_many() -> None:
    """One pixel that isn't stated never meets all pixels of the other side."""
    states = {"slow": "unknown", "fast": "unknown"}
    unknown = log(fired("x", 1.0, slow=0, fast=0, states=states))
    known = traced(fired("x", [1.0, 1.0], slow=range(2), fast=8))
    assert pairs(unknown, known) == []
    assert pairs(known, unknown) == []
    problem = ask("pair", unknown, known, "problem")[0]
    assert problem.startswith("has 1 along slow fast, 2 on the other side")


def test_unknown_pixels_by_order() -> None:
    """As many pixels as the other side has meet in their order."""
    states = {"slow": "unknown", "fast": "unknown"}
    unknown = fired(
        "v", [1.0, 2.0, 3.0, 4.0], slow=range(2), fast=0, component=range(2),
        states=states,
    )  # fmt: skip
    known = traced(
        fired("v", [5.0, 6.0], slow=9, fast=1, component=range(2)),
        fired("v", [7.0, 8.0], slow=20, fast=0, component=range(2)),
    )
    meeting = [(1.0, 5.0), (2.0, 6.0), (3.0, 7.0), (4.0, 8.0)]
    assert pairs(traced(unknown), known) == meeting


def test_unknown_loops_by_order() -> None:
    """Loop indices that a log doesn't state meet by their order."""
    states = {"sub_slow": "unknown", "sub_fast": "unknown"}
    unknown = fired(
        "x", np.arange(4.0), slow=3, sub_slow=0, sub_fast=range(4),
        states=states,
    )  # fmt: skip
    known = fired(
        "x", np.arange(4.0), slow=3, sub_slow=range(2), sub_fast=range(2)
    )
    assert pairs(unknown, known) == [(v, v) for v in np.arange(4.0)]


def test_unknown_pixel_and_loops() -> None:
    """The pixel and the loops each meet by their own order."""
    states = {"slow": "unknown", "fast": "unknown", "phi": "unknown"}
    unknown = fired(
        "x", [1.0, 2.0], slow=0, fast=0, phi=range(2), states=states
    )
    known = fired("x", [1.0, 2.0], slow=4, fast=5, phi=range(3, 5))
    assert pairs(unknown, known) == [(1.0, 1.0), (2.0, 2.0)]


def test_unknown_on_both_sides() -> None:
    """Two logs that both state no pixel meet, and that is flagged."""
    states = {"slow": "unknown", "fast": "unknown"}
    unknown = log(fired("x", 1.0, slow=0, fast=0, states=states))
    assert pairs(unknown, unknown) == [(1.0, 1.0)]
    assert ask("pair", unknown, unknown, "unknown_pixel") == [True]


def test_conversion() -> None:
    """Actual numbers come in the expected side's unit."""
    actual, expected = fired("d", 150.0, unit="mm"), fired("d", 0.15, unit="m")
    assert pairs(actual, expected) == [(150.0 * 0.001, 0.15)]


def test_conversion_of_a_scale() -> None:
    """Degrees Celsius meet kelvin, in every query that converts."""
    ours = traced(
        fired("T", [0.0, 26.85], n=range(2), unit="degC"),
        config=[ConfigValue("T0", 20.0, unit="degC")],
    )
    theirs = traced(
        fired("T", [273.15, 300.0], n=range(2), unit="K"),
        config=[ConfigValue("T0", 293.15, unit="K")],
    )
    assert {a == e for a, e in pairs(ours, theirs)} == {True}
    assert verdict(ours, theirs) == "close"
    drawn = Policy((Tolerance("T", compare="distribution"),))
    (row,) = ask("distributions", ours, theirs, policy=drawn)
    assert row["actual_mean"] == row["expected_mean"]
    exact = Policy((Tolerance("T", rtol=0.0),))
    assert verdict(theirs, ours, exact) == "close"


def test_ignored_taps() -> None:
    """A tap that a dialect ignores meets nothing."""
    assert pairs(fired("x", 1.0, need="ignored"), fired("x", 1.0)) == []


def test_ignored_family() -> None:
    """An ignored kind of line doesn't hide the one that counts."""
    both = log(
        fired("x", 1.0, family="prose", need="ignored"),
        fired("x", 2.0, family="A"),
    )
    assert pairs(both, traced(fired("x", 2.0))) == [(2.0, 2.0)]


def test_both_plans_agree() -> None:
    """Large traces, which are not evaluated at once, give the same rows."""
    rng = np.random.default_rng(1)
    image = rng.normal(size=(500, 500))
    other = image.copy()
    other[3, 4] += 1
    actual = fired("x", image, slow=range(500), fast=range(500))
    expected = fired("x", other.T, fast=range(500), slow=range(500))
    row = ask("first_divergence", traced(actual), traced(expected))[0]
    assert (row["slow"], row["fast"]) == (3, 4)
