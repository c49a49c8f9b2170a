"""What a policy says about the names of one side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracekit as tk
from tests.helpers import recorded
from tests.queries.blueprint import fired, traced
from tracekit.comparison.compare import Comparison, compare
from tracekit.comparison.policy import Policy
from tracekit.comparison.translation import Translation
from tracekit.errors import PolicyError
from tracekit.schema import Coverage, Event, Run
from tracekit.storage.trace import Trace

IMAGE = np.arange(6.0).reshape(2, 3)


def judged(
    actual: Trace | Event, expected: Trace | Event, said: str, path: Path
) -> Comparison:
    """What compare makes of two sides under a policy of this text."""
    policy = path / "policy.toml"
    policy.write_text(said, encoding="utf-8")
    sides = [
        side if isinstance(side, Trace) else traced(side)
        for side in (actual, expected)
    ]
    return compare(*sides, policy=policy)


def dims(high: str, wide: str) -> dict[str, Any]:
    """Axes of an image under these names."""
    return {high: range(2), wide: range(3)}


def test_tap_and_unit(tmp_path: Path) -> None:
    """A tap meets the one that it is called after, in the unit it has."""
    ours = fired("distance_A", 2500.0, unit="angstrom")
    theirs = fired("R", 2.5, unit="m")
    said = '[[actual]]\nname = "distance_A"\ntap = "R"\nunit = "mm"\n'
    assert judged(ours, theirs, said, tmp_path).verdict == "close"
    said = '[[expected]]\nname = "R"\ntap = "distance_A"\nunit = "km"\n'
    assert judged(ours, theirs, said, tmp_path).verdict == "diverged"


def test_dims(tmp_path: Path) -> None:
    """Dims of another name are pixels, and compared pixel by pixel."""
    ours = fired("I", IMAGE, **dims("high", "wide"))
    theirs = fired("I", IMAGE + (IMAGE == 4), **dims("slow", "fast"))
    assert judged(ours, theirs, "", tmp_path).verdict == "incomparable"
    said = '[[actual]]\ndims = { high = "slow", wide = "fast" }\n'
    (row,) = judged(ours, theirs, said, tmp_path).taps
    assert (row["compared"], row["diverged"]) == (6, 1)
    assert (row["worst_slow"], row["worst_fast"]) == (1, 1)


def test_pixel_dims_of_the_run(tmp_path: Path) -> None:
    """A run with its own pixel dims has the other side's pixels."""
    run = Run(family="python", pixel_dims=("high", "wide"))
    ours = traced(fired("I", IMAGE, **dims("high", "wide")), run=run)
    theirs = fired("I", IMAGE + 1, **dims("slow", "fast"))
    said = '[[actual]]\ndims = { high = "slow", wide = "fast" }\n'
    first = judged(ours, theirs, said, tmp_path).first_divergence
    assert first is not None
    assert (first["slow"], first["fast"]) == (0, 0)


def test_index_base(tmp_path: Path) -> None:
    """An index that is counted from 1 meets the one before it."""
    theirs = fired("x", [1.0, 2.0, 3.0], source=range(3))
    ours = fired("x", [1.0, 2.0, 3.0], source=range(1, 4))
    assert judged(ours, theirs, "", tmp_path).verdict == "diverged"
    said = "[[actual]]\nindex_base = { source = 1 }\n"
    assert judged(ours, theirs, said, tmp_path).verdict == "close"


def test_vector_from_1(tmp_path: Path) -> None:
    """v[1], v[2] and v[3] of a C program are x, y and z."""
    ours = fired("v", [1.0, 2.0, 3.0], component=range(3), labels="xyz")
    theirs = fired("v", [1.0, 2.0, 4.0], index=range(1, 4))
    said = (
        '[[expected]]\nname = "v"\ndims = { index = "component" }\n'
        'index_base = { component = 1 }\ncomponents = "xyz"\n'
    )
    first = judged(ours, theirs, said, tmp_path).first_divergence
    assert first is not None
    assert (first["label"], first["actual"], first["expected"]) == ("z", 3, 4)


def test_order_of_components(tmp_path: Path) -> None:
    """Components meet by the names that the policy gives them."""
    ours = fired("v", [3.0, 2.0, 1.0], component=range(3))
    theirs = fired("v", [1.0, 2.0, 3.0], component=range(3), labels="xyz")
    assert judged(ours, theirs, "", tmp_path).verdict == "diverged"
    for components in ("zyx", "z y x"):
        said = f'[[actual]]\nname = "v"\ncomponents = "{components}"\n'
        assert judged(ours, theirs, said, tmp_path).verdict == "close"


def test_what_was_selected(tmp_path: Path) -> None:
    """Selected pixels and taps stay selected under the new names."""
    one = np.array([IMAGE[1, 2]])
    ours = traced(
        fired("old", one, high=range(2, 3), wide=range(3, 4)),
        run=Run(family="python", selected_taps=("ol*",)),
        coverage=[Coverage(("high", "wide"), "selected", ((2, 3),))],
    )
    theirs = traced(
        fired("I", IMAGE, **dims("slow", "fast")), fired("other", 1.0)
    )
    base = "index_base = { slow = 1, fast = 1 }\n"
    for name in ("*", "old"):
        said = (
            f'[[actual]]\nname = "{name}"\n{base}'
            'dims = { high = "slow", wide = "fast" }\n'
            '[[actual]]\nname = "old"\ntap = "I"\n'
        )
        result = judged(ours, theirs, said, tmp_path)
        assert (result.verdict, result.gaps) == ("close", []), name
        assert result.summary["uncovered"] == 5


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('components = "xyzw"\n', "names 4, the tap 'v' has 3"),
        ('dims = { phi = "source" }\n', "two dims that are called 'source'"),
        ('dims = { phi = "component" }\n', "components stand last"),
    ],
)
def test_what_a_tap_does_not_have(
    tmp_path: Path, said: str, message: str
) -> None:
    """Words that don't fit a tap are refused with the line of the policy."""
    axes: dict[str, Any] = {"phi": 0, "source": 0}
    if "phi" not in said:
        axes["component"] = range(3)
    values = np.ones(3 if "component" in axes else 1)
    if "component" in said and "phi" in said:
        axes, values = {"phi": range(2), "source": range(2)}, np.ones(4)
    event = fired("v", values, **axes)
    with pytest.raises(PolicyError, match=message) as caught:
        judged(event, event, f"\n[[actual]]\n{said}", tmp_path)
    assert "policy.toml:2" in str(caught.value)


def test_statistics_are_called_after_their_tap() -> None:
    """What a policy says of a tap that was reduced holds for them too."""
    v = np.linspace(-1, 1, 12).reshape(4, 3)

    def program(name: str, dims: str, unit: str | None) -> None:
        for phi in range(2):
            with tk.scope("loop", **{"angle" if unit else "phi": phi}):
                tk.tap(v + phi, name, dims, unit=unit)

    actual = recorded(lambda: program("k", "n (a b c)", "m"), reduce=["*"])
    expected = recorded(lambda: program("q", "n xyz", None))
    words = Translation(
        "actual",
        "k",
        tap="q",
        components=("x", "y", "z"),
        dims=(("angle", "phi"),),
    )
    for pair, side in (
        ((actual, expected), "actual"),
        ((expected, actual), "expected"),
    ):
        policy = Policy(translations=(replace(words, side=side),))
        found = compare(*pair, policy=policy)
        assert (found.verdict, found.gaps) == ("close", [])
        assert len(found.taps) == 9
        assert sum(row["compared"] for row in found.taps) == 2 * 9 * 3
