"""The query library: what its headers say is what its queries return."""

from __future__ import annotations

import re

import duckdb
import pytest

import tracekit as tk
from tracekit.comparison import queries
from tracekit.comparison.database import Library, connect
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.comparison.statements import VARIABLES, library, named
from tracekit.errors import CompareError

ALL = (*queries.ONE_SIDE, *queries.TWO_SIDES)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """A connection to two small traces."""
    with tk.record() as recording:
        tk.tap(2.5, "R", unit="m")
    return connect(actual=recording.trace, expected=recording.trace)


def test_every_file_is_loaded() -> None:
    """Each file in queries/ is one that is loaded, and the other way round."""
    files = {path.stem for path in queries.folder().glob("*.sql")}
    assert files == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_columns(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """The header lists exactly the columns of the rows, in their order."""
    query = queries.load(name)
    if not query.call:
        assert query.columns == {}
        return
    rows = con.execute(f"DESCRIBE FROM {query.call}").fetchall()
    assert list(query.columns) == [row[0] for row in rows]
    assert all(query.columns.values())


@pytest.mark.parametrize("name", ALL)
def test_parameters(name: str) -> None:
    """The header explains every parameter of a macro."""
    query = queries.load(name)
    assert all(query.parameters.values()), query.parameters
    assert bool(query.call) or query.parameters


@pytest.mark.parametrize("name", ALL)
def test_style(name: str) -> None:
    """80 columns, a sentence first, keywords in capitals."""
    query = queries.load(name)
    assert max(map(len, query.sql.splitlines())) <= 80
    assert re.match(r"[A-Z][^.:]*[.:]", query.documentation)
    assert len(query.sql.splitlines()) <= 300
    code = re.sub(r"--.*|'[^']*'|\"[^\"]*\"", "", query.sql)
    small = re.findall(r"\b(select|from|where|join|case|with|as|and)\b", code)
    assert small == []


def test_readme_is_current() -> None:
    """queries/README.md is what the headers make of it."""
    written = (queries.folder() / "README.md").read_text(encoding="utf-8")
    assert written == queries.readme()


def test_unknown_query() -> None:
    """A name that is no query is refused with what to do."""
    with pytest.raises(CompareError, match="--list"):
        queries.load("nothing")


def test_calls() -> None:
    """A view is called by its name, a table macro with parentheses."""
    assert queries.load("element").call == "element"
    assert queries.load("gaps").call == "gaps()"
    assert queries.load("ulp_distance").call == ""
    assert list(queries.load("elements_of").parameters) == [
        "tap_glob",
        "at_pixel",
    ]


def test_kept() -> None:
    """A kept view is a table of the same rows."""
    assert "CREATE OR REPLACE TABLE judged AS" in named("judged").kept
    assert "VIEW judged" not in named("judged").kept


def test_a_statement_reads_only_what_stands_before_it() -> None:
    """In the order of the library each statement finds what it reads."""
    known = library()
    order = {name: place for place, name in enumerate(known)}
    for statement in known.values():
        earlier = statement.reads - set(VARIABLES)
        assert all(order[name] < order[statement.name] for name in earlier)
    assert "by_position" in known["_met_by_key"].reads


def test_each_query_is_asked_alone() -> None:
    """A connection that is given only one query's statements can ask it."""
    with tk.record() as recording:
        tk.tap(2.5, "R", unit="m")
    sides = {"actual": recording.trace, "expected": recording.trace}
    drawn = Policy((Tolerance(compare="distribution"),))
    for name in ALL:
        if queries.load(name).call:
            Library(sides, policy=drawn, briefly=True).rows(name)
