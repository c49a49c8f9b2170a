"""What derived taps are made of: which numbers, places and units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.comparison.derivations import (
    IMAGE,
    OBLIQUITY,
    R,
    made,
)
from tests.helpers import about, cells, grid, labels, stored
from tests.queries.blueprint import fired, traced
from tracekit.comparison import derived_inputs
from tracekit.comparison.policy import Derived
from tracekit.schema import Coverage, Event


@pytest.mark.parametrize(
    ("ours", "rule", "reason"),
    [
        ([], "close / R", "the actual side has no numbers of close"),
        (
            [fired("close", texts=["far"]), fired("R", 1.0)],
            "close / R",
            "the actual side has no numbers of close",
        ),
        (
            [
                fired("close", R, **IMAGE),
                fired("R", R[0], source=range(3)),
            ],
            "close / R",
            "R has the dim source, which close lacks, and close has others",
        ),
        (
            [fired("close", 1.0), fired("R", R[0], component=range(3))],
            "close / R",
            "close / R is of a vector and a single number",
        ),
        (
            [fired("R", R[0], component=range(3), labels="xyz")],
            "R.w",
            "R has no component 'w'; its components are x y z",
        ),
        ([fired("R", 1.0)], "R[0]", "R has no component 0; it is a single"),
        (
            [fired("R", 1.0, unit="m")],
            'R["kg"]',
            "R is in m on the actual side, which can't be converted to kg",
        ),
        (
            [
                fired("close", 1.0, slow=0, fast=1),
                fired("R", 1.0, slow=0, fast=2),
            ],
            "close / R",
            "no place has all of its inputs",
        ),
        (
            [
                fired("close", 1.0, slow=0, states={"slow": "unknown"}),
                fired("R", 1.0, slow=0),
            ],
            "close / R",
            "only one of R and close states its slow",
        ),
    ],
)
def test_what_cannot_be_made(
    ours: list[Event], rule: str, reason: str
) -> None:
    """The reason names what is missing or doesn't fit."""
    theirs = [fired("d", R, **IMAGE)]
    found, problems = made(ours, theirs, Derived("d", rule))
    assert "d" not in found.taps
    assert reason in problems["d"]


def test_loops_of_a_narrower_input_are_broadcast() -> None:
    """An input without a dim, or fixed in it, holds for all of the dim."""
    wave = fired("wave", [2.0, 4.0], source=range(2))
    fixed = fired("k", 3.0, phi=0, states={"phi": "fixed"})
    dims: dict[str, Any] = {**IMAGE, "source": range(2)}
    both = fired("both", np.arange(12.0), **dims)
    rule = Derived("d", "both * wave + k")
    found, _ = made([wave, fixed, both], [fired("d", 1.0)], rule)
    assert grid(found, "d") == grid(found, "both")
    expected = np.arange(12.0) * np.tile([2.0, 4.0], 6) + 3
    assert stored(found, "d").tolist() == expected.tolist()


def test_components_and_vectors() -> None:
    """Components by name or place, whole vectors, and lists that make one."""
    v = np.arange(18.0).reshape(6, 3)
    ours = [fired("v", v, **IMAGE, component=range(3), labels="xyz")]
    rules = [
        Derived("twice", "2 * v"),
        Derived("length", "sqrt(v.x**2 + v[1]**2 + v.z**2)"),
        Derived("turned", "[v.z, v.y, v.x]"),
    ]
    found, _ = made(ours, [fired(rule.tap) for rule in rules], *rules)
    assert stored(found, "twice").tolist() == (2 * v).reshape(-1).tolist()
    assert labels(found, "twice") == ["x", "y", "z"]
    assert stored(found, "turned").tolist() == v[:, ::-1].reshape(-1).tolist()
    assert labels(found, "turned") == []
    lengths = np.linalg.norm(v, axis=1)
    assert stored(found, "length") == pytest.approx(lengths, rel=1e-15)


def test_one_component_of_a_vector_is_no_vector() -> None:
    """Where a log has one component alone, the whole can't be made of it."""
    k = fired("hkl", 2.0, component=range(1, 2), labels="hkl")
    rules = Derived("k", "hkl.k * 2"), Derived("n", "norm(hkl)")
    found, problems = made([k], [fired("k", 4.0), fired("n", 2.0)], *rules)
    assert stored(found, "k").tolist() == [4.0]
    assert problems == {"n": "no place has all of its inputs"}


def test_units_are_those_of_the_expression() -> None:
    """Inputs are converted to the unit said, else to the other side's."""
    ours = [fired("wave", 1.5, unit="angstrom")]
    theirs = [fired("d", 1.5, unit="angstrom")]
    for rule, also, value, unit in (
        (Derived("d", "wave * 2"), [], 3, "angstrom"),
        (Derived("d", 'wave["m"] * 1e10', "A"), [], 1.5, "A"),
        (
            Derived("d", "wave"),
            [fired("wave", unit="nm")],
            0.15,
            "angstrom",
        ),
    ):
        found, _ = made(ours, [*theirs, *also], rule)
        assert stored(found, "d").tolist() == pytest.approx([value], rel=1e-15)
        assert about(found, "d")["unit"] == unit


def test_only_what_the_other_side_reports_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of an image, the pixels of a log; of more there is a limit."""
    monkeypatch.setattr(derived_inputs, "MOST", 4)
    wide: dict[str, Any] = {"slow": range(40), "fast": range(50)}
    values = np.arange(2000.0).reshape(40, 50) + 1
    ours = traced(fired("R", values, **wide), fired("close", 2.0))
    pixels = Coverage(("slow", "fast"), "selected", ((3, 4), (30, 49)))
    theirs = traced(fired("obliquity", 1.0, slow=3, fast=4), coverage=[pixels])
    for trace in (ours, ours.save(tmp_path / "stored")):
        found, _ = made(trace, theirs, OBLIQUITY)
        assert cells(found, "obliquity") == {
            frozenset({"slow": at[0], "fast": at[1]}.items()): 2 / values[at]
            for at in ((3, 4), (30, 49))
        }
    whole = [fired("obliquity", 2 / values, **wide)]
    _, problems = made(ours, whole, OBLIQUITY)
    assert problems["obliquity"].startswith("R has more than 4 numbers where")


def test_what_fired_twice_is_made_twice() -> None:
    """What fired once stands beside the first alone."""
    ours = [fired("a", 1.0), fired("a", 2.0), fired("b", 5.0)]
    rules = Derived("d", "a * 3"), Derived("e", "a * b")
    found, _ = made(ours, [fired("d"), fired("e")], *rules)
    assert stored(found, "d").tolist() == [3.0, 6.0]
    assert grid(found, "d") == {"occurrence": (0, 2)}
    assert stored(found, "e").tolist() == [5.0]
