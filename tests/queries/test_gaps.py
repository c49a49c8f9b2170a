"""What only one side has, and whether the runs can be called close."""

from __future__ import annotations

import numpy as np
import pytest

import tracekit as tk
from tests.queries.blueprint import (
    LOG,
    ask,
    ask_all,
    fired,
    log,
    traced,
    verdict,
)
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import Coverage, Declared, Event, Need, Run
from tracekit.storage.trace import Trace

X, Y = fired("x", 1.0), fired("y", 2.0)
PIXELS = Coverage(("slow", "fast"), "selected", ((0, 1), (2, 3)))


def image(tap: str = "x", size: int = 4) -> Event:
    """A dense image."""
    values = np.arange(float(size * size))
    return fired(tap, values, slow=range(size), fast=range(size))


def gaps(
    actual: Trace, expected: Trace, policy: Policy | None = None
) -> list[tuple[str, str, bool, int]]:
    """The gaps as (tap, side, required, elements)."""
    return ask(
        "gaps", actual, expected, "tap", "side", "required", "elements",
        policy=policy,
    )  # fmt: skip


def uncovered(actual: Trace, expected: Trace) -> int:
    """How many numbers only one side covers."""
    found: int = ask("verdict", actual, expected, "uncovered")[0]
    return found


def test_no_gap() -> None:
    """Equal traces have none."""
    assert gaps(traced(X, Y), traced(X, Y)) == []


def test_missing_tap() -> None:
    """A tap that one side lacks is a required gap; never close."""
    both, single = traced(X, Y), traced(X)
    assert gaps(single, both) == [("y", "actual", True, 1)]
    assert gaps(both, single) == [("y", "expected", True, 1)]
    assert verdict(single, both) == "diverged"
    assert verdict(both, single) == "diverged"


def test_optional_tap() -> None:
    """A missing tap that is optional is shown, and close."""
    optional = traced(X, fired("y", 2.0, need="optional"))
    assert gaps(traced(X), optional) == [("y", "actual", False, 1)]
    assert verdict(traced(X), optional) == "close"


def test_ignored_tap() -> None:
    """A missing tap that is ignored is not even shown."""
    assert gaps(traced(X), traced(X, fired("y", 2.0, need="ignored"))) == []


@pytest.mark.parametrize(
    ("need", "shown", "answer"),
    [("required", [True], "diverged"), ("optional", [False], "close"),
     ("ignored", [], "close")],
)  # fmt: skip
def test_policy_overrides(need: str, shown: list[bool], answer: str) -> None:
    """The policy's word on a tap goes before both sides'."""
    policy = Policy((Tolerance("y", need=need),))
    owns: tuple[Need, ...] = ("required", "optional")
    for own in owns:
        other = traced(X, fired("y", 2.0, need=own))
        found = gaps(traced(X), other, policy)
        assert [required for _, _, required, _ in found] == shown
        assert verdict(traced(X), other, policy) == answer


def test_policy_ignores_a_divergence() -> None:
    """A tap that the policy ignores is not compared."""
    policy = Policy((Tolerance("y", need="ignored"),))
    other = traced(X, fired("y", 3.0))
    assert verdict(traced(X, Y), other, policy) == "close"
    assert verdict(traced(X, Y), other) == "diverged"


def test_policy_wants_an_ignored_tap() -> None:
    """A tap that a dialect ignores is compared if the policy wants it."""
    prose = log(fired("x", 5.0, need="ignored"))
    policy = Policy((Tolerance("x", need="required"),))
    assert verdict(traced(X), prose) == "incomparable"
    assert verdict(traced(X), prose, policy) == "diverged"


def test_ignored_and_required_kinds_of_line() -> None:
    """A name that a counting kind of line prints too is required."""
    both = log(
        fired("y", 2.0, family="prose", need="ignored"),
        fired("y", 2.0, family="A"),
        X,
    )
    assert gaps(traced(X), both) == [("y", "actual", True, 2)]


def test_limited_recording() -> None:
    """What a recording limited by taps= left out is no gap."""
    with tk.record(taps=["x*", "a[[]0]"]) as recording:
        tk.tap(1.0, "x1")
        tk.tap(2.0, "y")
    other = traced(fired("x1", 1.0), Y)
    assert gaps(recording.trace, other) == []
    assert verdict(recording.trace, other) == "close"
    assert gaps(recording.trace, traced(fired("x1", 1.0), fired("x2"))) == [
        ("x2", "actual", True, 1)
    ]


def test_undeclared_tap() -> None:
    """A tap that a log's dialect doesn't declare is an optional gap."""
    narrow = log(X, declared=[Declared("x")])
    rows = ask("gaps", traced(X, Y), narrow, "side", "required", "reason")
    assert rows == [
        (
            "expected",
            False,
            "the dialect of the expected side declares no such tap",
        )
    ]
    assert verdict(traced(X, Y), narrow) == "close"


def test_declared_tap() -> None:
    """A tap that a dialect declares and the log lacks is required."""
    wide = log(X, declared=[Declared("x"), Declared("y")])
    assert gaps(traced(X, Y), wide) == [("y", "expected", True, 1)]
    weak = log(X, declared=[Declared("x"), Declared("y", "optional")])
    assert gaps(traced(X, Y), weak) == [("y", "expected", False, 1)]
    none = log(X, declared=[Declared("x"), Declared("y", "ignored")])
    assert gaps(traced(X, Y), none) == []


def test_masked_element() -> None:
    """An element that one side's mask left out is a gap."""
    whole = fired("x", [1.0, 2.0, 3.0], slow=range(3))
    part = fired("x", [1.0, 3.0], slow=range(3), where=[0, 2])
    for actual, expected, side in (
        (part, whole, "actual"), (whole, part, "expected"),
    ):  # fmt: skip
        rows = ask("gaps", traced(actual), traced(expected))
        assert [row["side"] for row in rows] == [side]
        assert rows[0]["reason"] == (
            f"1 of its numbers are missing on the {side} side, the first at "
            "slow=1"
        )
        assert verdict(traced(actual), traced(expected)) == "diverged"
    assert gaps(traced(part), traced(part)) == []


def test_optional_hole() -> None:
    """A missing element of an optional tap is an optional gap."""
    policy = Policy((Tolerance("x", need="optional"),))
    whole = traced(fired("x", [1.0, 2.0], slow=range(2)))
    part = traced(fired("x", [1.0], slow=range(1)))
    assert gaps(part, whole, policy) == [("x", "actual", False, 1)]
    assert verdict(part, whole, policy) == "close"


def test_extra_occurrences() -> None:
    """Firings beyond the other side's are a gap, not compared."""
    thrice = traced(*(fired("x", 1.0) for _ in range(3)))
    assert gaps(traced(X), thrice) == [("x", "actual", True, 2)]
    assert gaps(thrice, traced(X)) == [("x", "expected", True, 2)]


def test_selected_pixels() -> None:
    """Two recorded pixels beside a dense image: the rest is no gap."""
    two = fired("x", [1.0, 11.0], slow=range(4), fast=range(4), where=[1, 11])
    actual = traced(two, coverage=[PIXELS])
    for sides in ((actual, traced(image())), (traced(image()), actual)):
        assert gaps(*sides) == []
        assert verdict(*sides) == "close"
        assert uncovered(*sides) == 14


def test_selected_pixel_missing() -> None:
    """A recorded pixel that has no number is a gap."""
    first = fired("x", 1.0, slow=0, fast=1)
    actual = traced(first, coverage=[PIXELS])
    rows = ask("gaps", actual, traced(image()))
    assert [(row["side"], row["elements"]) for row in rows] == [("actual", 1)]
    assert rows[0]["reason"].endswith("the first at slow=2 fast=3")
    assert uncovered(actual, traced(image())) == 14


def test_really_recorded_pixels() -> None:
    """What record(pixels=, at=) selects is what the trace covers."""
    values = np.arange(32.0).reshape(4, 4, 2)
    with tk.record(pixels=[(0, 1), (2, 3)], at={"phi": 1}) as recording:
        tk.tap(values, "x", "slow fast phi")
    whole = fired("x", values, slow=range(4), fast=range(4), phi=range(2))
    assert gaps(recording.trace, traced(whole)) == []
    assert verdict(recording.trace, traced(whole)) == "close"
    assert uncovered(recording.trace, traced(whole)) == 30


def test_coverage_of_one_tap() -> None:
    """Coverage of one tap goes before that of all taps."""
    everywhere = Coverage(("slow", "fast"), "all", tap="x")
    part = fired("x", 1.0, slow=0, fast=1)
    covered = traced(part, coverage=[PIXELS, everywhere])
    assert gaps(covered, traced(image())) == [("x", "actual", True, 15)]


def test_unknown_coverage() -> None:
    """A side that doesn't know what it covers lacks nothing."""
    part = traced(
        fired("x", 1.0, slow=0, fast=1),
        coverage=[Coverage(("slow", "fast"), "unknown")],
    )
    assert gaps(part, traced(image())) == []
    assert uncovered(part, traced(image())) == 15


def test_coverage_of_absent_dims() -> None:
    """Selected pixels say nothing about a tap without pixels."""
    actual = traced(
        fired("n", [1.0, 2.0], phi=range(2), where=[0, 1]), coverage=[PIXELS]
    )
    more = traced(fired("n", [1.0, 2.0, 3.0], phi=range(3)))
    assert gaps(actual, more) == [("n", "actual", True, 1)]


def test_coverage_of_one_dim_of_the_pixel() -> None:
    """Selected pixels select the rows of a tap that has rows only."""
    rows = fired("r", [0.0, 2.0], slow=range(4), where=[0, 2])
    actual = traced(rows, coverage=[PIXELS])
    assert (
        gaps(actual, traced(fired("r", np.arange(4.0), slow=range(4)))) == []
    )


def test_fixed_index() -> None:
    """What a log never prints beyond its fixed source is no gap."""
    fixed = log(fired("x", 1.0, source=0, states={"source": "fixed"}))
    many = traced(fired("x", [1.0, 2.0, 3.0], source=range(3)))
    assert gaps(fixed, many) == []
    assert verdict(fixed, many) == "close"
    assert uncovered(fixed, many) == 2


def test_part_of_a_vector() -> None:
    """A component that is printed alone doesn't make the others missing."""
    third = traced(fired("v", 3.0, component=range(2, 3)))
    vector = traced(fired("v", [1.0, 2.0, 3.0], component=range(3)))
    assert gaps(third, vector) == []
    assert gaps(vector, third) == []


def test_other_number_of_components() -> None:
    """Vectors of different length, or a scalar beside one, are a gap."""
    two = traced(fired("v", [1.0, 2.0], component=range(2)))
    three = traced(fired("v", [1.0, 2.0, 3.0], component=range(3)))
    scalar = traced(fired("v", 1.0))
    for sides in ((two, three), (three, two), (scalar, two), (two, scalar)):
        (gap,), (answer,) = ask_all(("gaps", "verdict"), *sides)
        assert (gap["side"], gap["required"]) == ("both", True)
        assert answer["verdict"] == "incomparable"


def test_components_that_are_a_dim() -> None:
    """A vector whose components one side took for a dim says both."""
    dim = traced(fired("v", [1.0, 2.0, 3.0], zyx=range(3)))
    vector = traced(fired("v", [1.0, 2.0, 3.0], component=range(3)))
    (reason,) = ask("gaps", dim, vector, "reason")
    assert reason.startswith(
        "the actual side has 1 component and the dims zyx"
    )
    assert reason.endswith(", the expected side 3 components")


def test_other_names_of_components() -> None:
    """Components of which only some have the same name are a gap."""
    xy = traced(fired("v", [1.0, 2.0], component=range(2), labels="xy"))
    yz = traced(fired("v", [1.0, 2.0], component=range(2), labels="yz"))
    abc = traced(fired("v", [1.0, 2.0], component=range(2), labels="ab"))
    assert ask("gaps", xy, yz, "reason") == [
        "the actual side has the components x y, the expected side y z"
    ]
    assert verdict(xy, abc) == "close"


def test_part_of_a_vector_in_another_order() -> None:
    """The y of x y z beside a vector z y x is a gap in words."""
    part = fired("v", 2.0, component=range(1, 2), labels="xyz")
    whole = fired("v", [3.0, 2.0, 1.0], component=range(3), labels="zyx")
    assert ask("gaps", traced(part), traced(whole), "reason") == [
        "the actual side has the components x y z, the expected side z y x"
    ]


def test_dims_that_each_side_lacks() -> None:
    """Two sides that each lack a dim of the other are a gap."""
    actual = traced(fired("x", [1.0, 1.0], phi=range(2)), Y)
    expected = traced(fired("x", [1.0, 1.0], mosaic=range(2)), Y)
    assert gaps(actual, expected) == [("x", "both", True, 2)]
    assert verdict(actual, expected) == "diverged"


def test_units_that_do_not_convert() -> None:
    """A pair whose units can't be converted is a required gap."""
    actual = traced(fired("x", 1.0, unit="m"), Y)
    expected = traced(fired("x", 1.0, unit="second"), Y)
    assert ask("gaps", actual, expected, "reason", "required") == [
        ("the actual side is in m, which can't be converted to second", True)
    ]
    assert verdict(actual, expected) == "diverged"


def test_number_beside_text() -> None:
    """A tap that is a text on one side only is a gap."""
    actual, expected = traced(fired("x", texts=["a"]), Y), traced(X, Y)
    assert gaps(actual, expected) == [("x", "both", True, 1)]


def test_unknown_pixel_beside_many() -> None:
    """A pixel that isn't stated beside several is a gap in words."""
    states = {"slow": "unknown", "fast": "unknown"}
    unknown = log(fired("x", 1.0, slow=0, fast=0, states=states))
    assert ask("gaps", unknown, traced(image()), "reason", "required") == [
        (
            (
                "the actual side has 1 along slow fast, 16 on the other "
                "side, and only one of them says which"
            ),
            True,
        )
    ]


def test_family_on_one_side() -> None:
    """A kind of line that one log lacks is shown, and is optional."""
    both = log(fired("x", 1.0, family="A"), fired("x", 1.0, family="B"))
    first = log(fired("x", 1.0, family="A"))
    assert ask("gaps", both, first, "side", "required", "reason") == [
        ("expected", False, "its lines of the kind B have none to meet")
    ]


def test_number_that_one_family_has() -> None:
    """A number that one kind of line prints is not missing in another."""
    both = log(
        fired("x", [1.0, 2.0], phi=range(2), family="A"),
        fired("x", 1.0, phi=0, family="B"),
    )
    recorded = traced(fired("x", [1.0, 2.0], phi=range(2)))
    assert gaps(recorded, both) == []
    assert verdict(recorded, both) == "close"
    more = traced(fired("x", [1.0, 2.0, 3.0], phi=range(3)))
    assert gaps(more, both) == [("x", "expected", True, 1)]


def test_order_of_gaps() -> None:
    """Required gaps come first, each group in program order."""
    full = traced(
        fired("a", need="optional"), fired("c"), fired("b"), fired("x")
    )
    names = [row[0] for row in gaps(traced(fired("x")), full)]
    assert names == ["c", "b", "a"]


def test_log_run_is_the_one_that_declares() -> None:
    """A log without declarations may lack nothing that it can't know."""
    silent = traced(X, run=Run(family="log", declares=False))
    assert LOG.declares
    assert gaps(traced(X, Y), silent) == [("y", "expected", True, 1)]
