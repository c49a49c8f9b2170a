"""The steps between traces and answers, one after another, on one pair.

R lies in another order of dims and with two pixels more on the expected side,
v without a pixel and with its components reversed; w is expected only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from tests.queries.blueprint import fired, traced
from tracekit.comparison import queries
from tracekit.comparison.database import connect
from tracekit.schema import Coverage, Run

RUN = Run(family="python", selected_taps=("R", "v", "k"))
K, R, V = 1, 2, 3


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the pair."""
    actual = traced(
        fired("R", [1.0, 2.0, 3.0, 5.0], slow=range(2), fast=range(2)),
        fired("v", [3.0, 2.0, 1.0], labels="zyx", slow=1, component=range(3)),
        fired("k", 7.0, need="optional"),
        run=RUN,
        coverage=[Coverage(("slow",), "selected", ((0,), (1,)))],
    )
    numbers = [1.0, 3.0, 2.0, 4.0, 8.0, 9.0]
    expected = traced(
        fired("k", 7.0),
        fired("R", numbers, fast=range(3), slow=range(2)),
        fired("v", [1.0, 2.0, 3.0], labels="xyz", component=range(3)),
        fired("w", 1.0),
    )
    with connect(actual=actual, expected=expected) as found:
        yield found


def axis(stride: int, extent: int, **more: int) -> dict[str, int]:
    """A dim of a grid, as lists of axes hold it."""
    return {"stride": stride, "extent": extent, **more}


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        (
            (
                "SELECT labels, len(axes) "
                "FROM tap_axes WHERE labels IS NOT NULL"
            ),
            [(["x", "y", "z"], 1), (["z", "y", "x"], 2)],
        ),
        (
            (
                "SELECT pair, tap, actual_tap, expected_tap, precision "
                "FROM meeting"
            ),
            [(K, "k", 2, 0, 53), (R, "R", 0, 1, 53), (V, "v", 1, 2, 53)],
        ),
        (
            (
                "SELECT side, tap, covered, need "
                "FROM need WHERE tap IN ('k', 'w')"
            ),
            [
                ("actual", "k", True, "optional"),
                ("expected", "k", True, "optional"),
                ("expected", "w", False, "required"),
            ],
        ),
        (
            "SELECT pair, dim, meets, part, extent FROM pair_axis",
            [
                (R, "fast", "index", "pixel", 3),
                (R, "slow", "index", "pixel", 2),
                (V, "component", "name", "component", 3),
                (V, "slow", "broadcast", "pixel", 2),
            ],
        ),
        (
            "SELECT pair, side, dims, axes, places FROM place_order",
            [
                (V, "actual", "component", [axis(1, 3)], [2, 1, 0]),
                (V, "expected", "component", [axis(1, 3)], [0, 1, 2]),
            ],
        ),
        (
            (
                "SELECT pair, actual_same, expected_same, actual_size, "
                "problem FROM pair"
            ),
            [
                (K, True, True, 1, None),
                (R, False, True, 1, None),
                (V, False, False, 3, None),
            ],
        ),
        (
            "SELECT actual_axes FROM pair WHERE tap = 'R'",
            [
                (
                    [
                        axis(1, 2, shift=0, key_stride=2),
                        axis(2, 2, shift=0, key_stride=1),
                    ],
                )
            ],
        ),
        (
            (
                "SELECT pair, slow.side, slow.origin, fast.stride "
                "FROM pair_pixel"
            ),
            [
                (K, None, None, None),
                (R, "expected", 0, 2),
                (V, "actual", 1, None),
            ],
        ),
        ("SELECT pair FROM by_position", []),
        ("SELECT pair FROM by_lookup", []),
        ("SELECT pair FROM quick", []),
        (
            "SELECT tap, number, pixel, shared FROM tap_number",
            [
                ("R", 2, True, True),
                ("k", 1, False, True),
                ("v", 3, True, True),
                ("w", 4, False, False),
            ],
        ),
        (
            (
                "SELECT pair, missing, number, limits, dims, selected "
                "FROM reach_limit"
            ),
            [(R, "actual", 1, 1, ["slow"], [[0], [1]])],
        ),
        ("SELECT number, place FROM reach_place", [(1, 0), (1, 1)]),
        (
            (
                "SELECT pair, missing, side, tap_id, ordinal, partners "
                "FROM unmatched"
            ),
            [(R, "actual", "expected", 1, n, 1) for n in (4, 5)],
        ),
        (
            "SELECT tap, missing, side, tap_id, ordinal FROM missing",
            [("R", "actual", "expected", 1, n) for n in (4, 5)],
        ),
        (
            "SELECT tap, lacking, unmatched, missing, first FROM hole",
            [("R", "actual", 2, 2, 4)],
        ),
        (
            "SELECT tap, slow, fast, actual FROM located WHERE tap <> 'k'",
            [("R", n // 2, n % 2, x) for n, x in enumerate([1, 2, 3, 5.0])]
            + [("v", 1, None, x) for x in (1.0, 2.0, 3.0)],
        ),
        (
            (
                "SELECT number, slow, fast, actual, expected, abs_error "
                "FROM divergence"
            ),
            [(2, 1, 1, 5.0, 4.0, 1.0)],
        ),
        ("SELECT tap, actual FROM suspect WHERE NOT close", [("R", 5.0)]),
        ("SELECT pair FROM image_pair", []),
        (
            "SELECT pair, actual, expected, of FROM kind_sample",
            [(R, 5.0, 4.0, 1)],
        ),
        ("SELECT pair FROM kind_by_value", []),
        ("SELECT pair FROM kind_by_place", []),
        ("SELECT pair FROM kind_by_tap", []),
    ],
)
def test_rows(
    con: duckdb.DuckDBPyConnection, asked: str, rows: list[Any]
) -> None:
    """Each step has exactly the rows that the pair gives it."""
    assert con.sql(f"{asked} ORDER BY ALL").fetchall() == rows


@pytest.mark.parametrize(
    ("macro", "value"),
    [
        ("partial_ordinal(23, [{'stride': 6, 'extent': 4}])", 18),
        ("partial_ordinal(23, [{'stride': 1, 'extent': 6}])", 5),
        ("element_key(23, TRUE, [], [])", 23),
        (
            (
                "element_key(5, FALSE, [{'stride': 1, 'extent': 3, "
                "'shift': 4, 'key_stride': 10}], [])"
            ),
            60,
        ),
        (
            (
                "element_key(5, FALSE, [], [{'axes': [{'stride': 1, "
                "'extent': 6}], 'places': [0, 5], 'key_stride': 7}])"
            ),
            7,
        ),
        (
            (
                "element_place(5, [{'dim': 'slow', 'stride': 3, 'extent': 2, "
                "'origin': 8}, {'dim': 'phi', 'stride': 1, 'extent': 3, "
                "'origin': 0}])"
            ),
            {"slow": 9, "phi": 2},
        ),
    ],
)
def test_macros(
    con: duckdb.DuckDBPyConnection, macro: str, value: object
) -> None:
    """A place along some dims, a shared key, a coordinate by name."""
    assert con.sql(f"SELECT {macro}").fetchall() == [(value,)]


def test_pairs_of_images_and_of_places(tmp_path: Path) -> None:
    """Large images are read side by side, and measured in one pass."""
    image = np.arange(1.0, 7.0).reshape(2, 3)
    axes: dict[str, Any] = {"slow": range(2), "fast": range(3)}
    actual = traced(fired("I", image * [1, 1, 2], **axes))
    expected = traced(fired("I", image, **axes))
    with connect(
        actual=actual.save(tmp_path / "a"),
        expected=expected.save(tmp_path / "b"),
        by_position=1,
    ) as con:
        for asked, row in (
            ("pair, tap FROM image_pair", (1, "I")),
            ("pair, elements FROM by_position", (1, 6)),
            ("pair, number, tap FROM stacked", (1, 1, "I")),
            (
                "compared, odd, diverged, first, worst, sound FROM quick",
                (6, 0, 2, 2, 5, True),
            ),
        ):
            assert con.sql(f"SELECT {asked}").fetchall() == [row]


def test_every_query_has_a_test_of_its_rows() -> None:
    """Each file of queries/ is asked by its name in a test beside this one."""
    texts = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(__file__).parent.glob("test_*.py")
    )
    for name in (*queries.ONE_SIDE, *queries.TWO_SIDES):
        asked = rf"FROM {name}\b|[\"' ]{name}\(|\"{name}\""
        assert re.search(asked, texts), name
