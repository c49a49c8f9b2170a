"""compare, query, sql and calibrate: exit status, one JSON document."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tracekit as tk
from tests.helpers import Cli


def test_compare_exits_0_when_close(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A trace is close to itself, and the status says so."""
    status, out, _ = cli("compare", traces[1], traces[1])
    assert status == 0
    assert out.startswith("CLOSE")


def test_compare_exits_1_and_names_the_first_divergence(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A diverged comparison says which tap and pixel came first."""
    status, out, _ = cli("compare", *traces)
    assert status == 1
    assert "First divergence: area at pixel (0, 0)" in out


def test_compare_json_is_one_document_with_the_promised_keys(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """Scripts get one JSON document with every documented key."""
    status, out, _ = cli("compare", *traces, "--json")
    document = json.loads(out)
    assert status == 1
    assert document["verdict"] == "diverged"
    assert document["configuration"] == []
    assert document["gaps"] == []
    first = document["first_divergence"]
    assert first["tap"] == "area"
    assert first["pixel"] == [0, 0]
    assert first["coordinate"] == {}
    assert first["component"] is None
    assert first["unit"] == "m^2"
    assert first["abs_error"] == pytest.approx(1e-3)
    assert {"actual", "expected", "rel_error", "ulps"} <= first.keys()
    assert [tap["tap"] for tap in document["taps"]] == ["R", "area"]
    assert {
        "compared", "diverged", "max_abs_error", "max_rel_error", "max_ulps",
        "nan_mismatches", "worst_pixel",
    } <= document["taps"][1].keys()  # fmt: skip


def test_incomparable_exits_2_with_one_sentence(
    cli: Cli, tmp_path: Path, traces: tuple[Path, Path]
) -> None:
    """Two traces without a common tap can't be compared."""
    with tk.record(tmp_path / "other"):
        tk.tap(1.0, "something_else")
    status, out, err = cli("compare", tmp_path / "other", traces[1])
    assert status == 2
    assert "INCOMPARABLE" in out
    assert err.strip().startswith("tracekit: no number lines up")


def test_nan_and_large_integers_are_strings_in_json(
    cli: Cli, tmp_path: Path
) -> None:
    """JSON has no NaN, infinity or exact 2^60: they are spelled as strings."""
    for name, value in (("a", np.inf), ("e", 1.0)):
        with tk.record(tmp_path / name):
            tk.tap(value, "x")
            tk.tap(2**60 + (name == "a"), "big")
    _, out, _ = cli("compare", tmp_path / "a", tmp_path / "e", "--json")
    document = json.loads(out)
    assert document["first_divergence"]["actual"] == "inf"
    assert document["taps"][0]["max_abs_error"] == "inf"


def test_query_and_sql_answer_as_rows(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A library query, own SQL and an own file with a parameter all run."""
    _, out, _ = cli("query", "first_divergence", *traces, "--json")
    assert [row["tap"] for row in json.loads(out)] == ["area"]
    _, out, _ = cli("sql", "SELECT 7 AS seven", traces[0], "--json")
    assert json.loads(out) == [{"seven": 7}]
    own = traces[0].parent / "own.sql"
    own.write_text("SELECT count(*) AS n FROM element WHERE tap = $tap")
    _, out, _ = cli("query", own, traces[0], "--param", "tap=R", "--json")
    assert json.loads(out) == [{"n": 4}]


def test_parameters_of_a_query(cli: Cli, traces: tuple[Path, Path]) -> None:
    """A query of the library takes its own parameters, and no others."""
    _, out, _ = cli(
        "query", "worst_numbers", *traces, "--param", "how_many=2",
        "--param", "tap_glob=are*", "--json",
    )  # fmt: skip
    assert [row["tap"] for row in json.loads(out)] == ["area", "area"]
    _, out, _ = cli(
        "query", "elements_of", traces[0], "--param", "at_pixel=[0, 1]",
        "--json",
    )  # fmt: skip
    assert len(json.loads(out)) == 2
    status, _, err = cli("query", "worst_numbers", *traces, "--param", "top=2")
    assert status == 2
    assert "no parameter 'top'; it has: tap_glob, how_many" in err
    status, _, err = cli("query", "faults", *traces, "--param", "oops")
    assert (status, "expected name=value" in err) == (2, True)


def test_a_query_that_can_not_be_asked(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A question about two traces, and a parameter, are asked for."""
    status, _, err = cli("query", "faults", traces[0])
    assert (status, "give ACTUAL and EXPECTED" in err) == (2, True)
    own = traces[0].parent / "own.sql"
    own.write_text("FROM element WHERE tap = $tap AND slow = $slow")
    status, _, err = cli("query", own, traces[0], "--param", "tap=R")
    assert (status, "give --param slow=VALUE" in err) == (2, True)
    status, _, err = cli("sql", " ", traces[0])
    assert (status, "the query is empty" in err) == (2, True)


def test_calibrate_proposes_a_policy(
    cli: Cli, traces: tuple[Path, Path], tmp_path: Path
) -> None:
    """Two runs are close under what calibrate writes; a policy is kept."""
    policy = tmp_path / "policy.toml"
    assert cli("calibrate", *traces, "-o", policy)[0] == 0
    assert cli("compare", *traces, "--policy", policy)[0] == 0
    status, _, err = cli("calibrate", *traces, "-o", policy)
    assert (status, "exists" in err) == (2, True)
    status, out, err = cli("calibrate", traces[0])
    assert (status, out, "two runs" in err) == (2, "", True)
    assert cli("calibrate", *traces)[1] == policy.read_text()


def test_compare_writes_html(
    cli: Cli, traces: tuple[Path, Path], tmp_path: Path
) -> None:
    """--html writes a page beside what is printed."""
    page = tmp_path / "report.html"
    assert cli("compare", *traces, "--html", page)[0] == 1
    assert "First divergence: area" in page.read_text()


def test_query_list_documents_every_query(cli: Cli) -> None:
    """--list shows each query with its header."""
    status, out, _ = cli("query", "--list")
    assert status == 0
    assert "first_divergence" in out
    assert "where the two runs first differ" in out
