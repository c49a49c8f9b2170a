"""Statistics of one side meet what the other kept in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.helpers import recorded
from tests.queries.blueprint import fired, log

IMAGE = np.linspace(-1, 2, 35).reshape(5, 7)


def program() -> None:
    """An image in a loop, what is summed of it, and a list of cells."""
    for phi in range(2):
        with tk.scope("phi", phi=phi):
            tk.tap(IMAGE * (phi + 1), "image", "slow fast", unit="m")
    tk.tap(float(IMAGE.sum()), "total")
    tk.tap(np.arange(40), "cells", "cell")


def test_a_log_lacks_no_statistic() -> None:
    """A side that never made them has no gap, whether log or recording."""
    reduced = recorded(program, reduce=["image"], pixels=[(0, 1)])
    texts = [
        fired("image", IMAGE[0, 1] * (1 + phi), slow=0, fast=1, phi=phi)
        for phi in range(2)
    ]
    total = fired("total", float(IMAGE.sum()))
    cells = fired("cells", np.arange(40), cell=range(40))
    for pair in (
        (reduced, log(*texts, total, cells)),
        (recorded(program), reduced),
    ):
        found = tk.compare(*pair)
        assert (found.verdict, found.gaps) == ("close", [])
    kept = {"reduce": ["image", "cells"], "pixels": [(0, 1)]}
    found = tk.compare(recorded(program, **kept), log(*texts, total, cells))
    assert [gap["tap"] for gap in found.gaps] == ["cells"]  # no number meets


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_run_that_kept_everything_is_compared_by_statistics(
    tmp_path: Path, on_disk: bool
) -> None:
    """They are made of its numbers, and are the same to the last bit."""

    def values(shift: float) -> None:
        for phi in range(2):
            with tk.scope("phi", phi=phi):
                x = torch.arange(12.0).reshape(4, 3) + phi
                tk.tap(x.bfloat16(), "narrow", "n m", unit="m")
                tk.tap(torch.complex(x, -x), "complex", "n m")
                tk.tap(x + shift, "masked", "n xyz", where=x[:, 0] > 2)
                tk.tap(x.numpy() > 3, "bool", "n m")
                with tk.scope("rows", n=2):
                    tk.tap((x * 5).long(), "block", "n m")
                    tk.tap((x * 5).long(), "block", "n m")

    reduced = recorded(lambda: values(0.0), reduce=["*"])
    for shift, tap in ((0.0, None), (1e-3, "masked.min")):
        path = tmp_path / str(shift) if on_disk else None
        whole = recorded(lambda s=shift: values(s), path=path)  # type: ignore[misc]
        pair = (whole, reduced) if shift else (reduced, whole)
        found = tk.compare(*pair)
        assert found.gaps == []
        first = found.first_divergence
        assert (first and first["tap"]) == tap
        assert len(found.taps) == 5 * 9
    limited = recorded(lambda: values(1.0), at={"n": 0})
    assert tk.compare(limited, reduced).verdict == "incomparable"


@pytest.mark.parametrize("other", [0.0, 1.0])
def test_a_loop_that_one_side_lacks_leaves_statistics_to_compare(
    other: float,
) -> None:
    """As the rank, of which a program that runs alone knows nothing."""

    def ranks() -> None:
        for rank in range(2):
            with tk.scope("rank", rank=rank):
                tk.tap(torch.eye(3), "image", "slow fast")

    def alone() -> None:
        tk.tap(torch.eye(3) * (1 - other), "image", "slow fast")

    reduced = recorded(ranks, reduce=["image"])
    result = tk.compare(reduced, recorded(alone))
    assert result.verdict == ("diverged" if other else "close")
    assert "image.hash" in {row["tap"] for row in result.taps}


@pytest.mark.parametrize("other", [0.0, 1.0])
def test_rows_in_a_loop_meet_an_image_as_a_whole(other: float) -> None:
    """Each row's statistics are those of the image's part."""
    image = np.arange(18.0).reshape(2, 3, 3)

    def rows() -> None:
        for n, row in enumerate(image):
            with tk.scope("row", n=n):
                tk.tap(row, "image", "m xyz", where=row[:, 0] > 2)

    def whole() -> None:
        moved = image.copy()
        moved[1, 2, 1] += other
        tk.tap(moved, "image", "n m xyz", where=image[..., 0] > 2)

    reduced = recorded(rows, reduce=["image"])
    result = tk.compare(reduced, recorded(whole))
    assert result.gaps == []
    first = result.first_divergence
    assert (first and first["coordinate"]) == ({"n": 1} if other else None)
    assert "image.hash" in {row["tap"] for row in result.taps}


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("other", [0.0, 1.0])
def test_selected_rows_meet_an_image_as_a_whole(
    index: int, other: float
) -> None:
    """Whichever side selects one row, it is held against that row."""
    image = np.arange(18.0).reshape(2, 3, 3)

    def rows() -> None:
        for n, row in enumerate(image):
            with tk.scope("row", n=n):
                tk.tap(row, "image", "m k")

    def whole() -> None:
        moved = image.copy()
        moved[index, 2, 1] += other
        tk.tap(moved, "image", "n m k")

    some: dict[str, Any] = {"at": {"n": index}}
    for pair in (
        (recorded(rows, reduce=["image"], **some), recorded(whole)),
        (recorded(rows, reduce=["image"]), recorded(whole, **some)),
    ):
        result = tk.compare(*pair)
        assert result.gaps == []
        assert result.summary["compared"] == 9
        assert result.verdict == ("diverged" if other else "close")


@pytest.mark.parametrize("other", [0.0, 1.0])
def test_an_image_that_was_kept_row_by_row_meets_one_that_was_reduced(
    other: float,
) -> None:
    """Its statistics are made of all rows, which are no firings of it."""
    image = np.arange(18.0).reshape(2, 3, 3)
    mask = image[..., 0] > 2

    def rows() -> None:
        for n in range(2):
            with tk.scope("row", n=n):
                row = image[n] + other * n
                tk.tap(row, "image", "m xyz", where=mask[n])

    def whole() -> None:
        tk.tap(image, "image", "n m xyz", where=mask)

    reduced = recorded(whole, reduce=["image"])
    result = tk.compare(recorded(rows), reduced)
    assert result.gaps == []
    assert result.verdict == ("diverged" if other else "close")

    def again() -> None:
        rows()
        rows()

    assert tk.compare(recorded(again), reduced).verdict == "diverged"


@pytest.mark.parametrize("other", [0.0, 1.0])
def test_every_rank_meets_what_one_program_reduced(other: float) -> None:
    """The loop that only ranks have is theirs, not the value's."""

    def ranks() -> None:
        for rank in range(2):
            with tk.scope("rank", rank=rank):
                tk.tap(np.eye(3) + rank * other, "image", "slow fast")

    def alone() -> None:
        tk.tap(np.eye(3), "image", "slow fast")

    result = tk.compare(recorded(ranks), recorded(alone, reduce=["image"]))
    assert result.gaps == []
    first = result.first_divergence
    assert (first and first["coordinate"]) == ({"rank": 1} if other else None)


def test_a_hash_meets_that_of_dims_in_another_order() -> None:
    """A loop or another layout changes the order of dims, not the numbers."""
    image = np.arange(6.0).reshape(2, 3)

    def columns() -> None:
        for m in range(3):
            with tk.scope("column", m=m):
                tk.tap(image[:, m], "image", "n")

    reduced = recorded(lambda: tk.tap(image, "image", "n m"), reduce=["image"])
    turned = recorded(lambda: tk.tap(image.T, "image", "m n"))
    for trace in (recorded(columns), turned):
        assert tk.compare(trace, reduced).verdict == "close"


def test_a_value_without_dims_meets_no_statistics() -> None:
    """It is another tap, which is told, whether a mask left it or not."""
    reduced = recorded(program, reduce=["image"])
    for left in (True, False):
        alone = recorded(lambda x=left: tk.tap(1.0, "image", where=x))  # type: ignore[misc]
        assert tk.compare(reduced, alone).verdict == "incomparable"


def test_rows_that_lie_far_apart_are_not_put_into_one_value() -> None:
    """What would not fit into memory is a gap, never a pass."""

    def rows() -> None:
        for n in (0, 10**12):
            with tk.scope("row", n=n):
                tk.tap(np.ones(3), "image", "m")

    whole = recorded(lambda: tk.tap(np.ones((2, 3)), "image", "n m"),
                     reduce=["image"])  # fmt: skip
    result = tk.compare(whole, recorded(rows))
    assert [gap["tap"] for gap in result.gaps] == ["image"]
    assert result.verdict == "incomparable"


def test_a_reduced_tap_of_which_nothing_is_compared_is_a_gap() -> None:
    """The other side has one pixel, which the reduced one didn't keep."""

    def program() -> None:
        tk.tap(1.0, "same")
        tk.tap(np.ones((2, 3)), "image", "slow fast")

    reduced = recorded(program, reduce=["image"])
    pixel = recorded(program, pixels=[(1, 1)])
    for pair in ((reduced, pixel), (pixel, reduced)):
        result = tk.compare(*pair)
        assert [gap["tap"] for gap in result.gaps] == ["image"]
        assert result.verdict == "diverged"
    kept = recorded(program, reduce=["image"], pixels=[(1, 1)])
    assert tk.compare(kept, pixel).verdict == "close"
