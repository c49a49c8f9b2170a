"""show: numbers without SQL."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import tracekit as tk
from tests.helpers import Cli


def test_show_prints_the_numbers_of_a_tap(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A tap's numbers at one pixel can be read without SQL."""
    _, out, _ = cli(
        "show", traces[1], "--tap", "R", "--pixel", "0", "1", "--json"
    )
    assert [row["value"] for row in json.loads(out)] == ["0.1"]
    _, out, _ = cli("show", traces[1], "--json")
    assert [row["tap"] for row in json.loads(out)["taps"]] == ["R", "area"]


def test_a_tap_that_is_not_there_is_no_empty_table(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A name that is spelled wrong is told, with the names there are."""
    status, _, said = cli("show", traces[0], "--tap", "aera")
    assert status == 2
    assert "has no tap 'aera'; it has R, area; did you mean 'area'?" in said
    assert cli("show", traces[0], "--tap", "ar*")[0] == 0


def test_a_number_of_a_row_is_shown_beside_its_pixels(
    cli: Cli, tmp_path: Path
) -> None:
    """A tap may have only one of a pixel's two dims."""
    with tk.record(tmp_path / "a"):
        tk.tap(np.arange(3), "row_sum", "slow")
    for slow in (1, 2):
        pixel = ("--pixel", str(slow), "7", "--json")
        _, out, _ = cli("show", tmp_path / "a", *pixel)
        assert [row["value"] for row in json.loads(out)] == [str(slow)]
