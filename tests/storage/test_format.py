"""The stored format: written down, stable, and readable by others."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

import tracekit as tk
from tests.helpers import Cli
from tests.storage.sample import sample
from tracekit import schema
from tracekit.errors import TraceError
from tracekit.storage import arrow_tables
from tracekit.storage import trace as stored

SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())
PAGE = Path(stored.__file__).with_name("README.md").read_text("utf-8")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_sample_of_each_version(cli: Cli, path: Path) -> None:
    """A trace that an older tracekit wrote opens, compares and is shown."""
    today = sample()
    opened = tk.read_trace(path)
    assert opened.taps == today.taps
    assert tk.compare(opened, today).verdict == "close"
    facts = tk.compare(opened, today).configuration
    assert [row for row in facts if row["kind"] == "differs"] == []
    shown = cli("show", path, "--json")[1]
    assert {tap["tap"] for tap in json.loads(shown)["taps"]} == set(today.taps)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_sample_values(path: Path) -> None:
    """Every bit of a sample is read back as it was written."""
    opened, today = tk.read_trace(path), sample()
    newest = path == SAMPLES[-1]
    for column in ("key_hash", "value_hash") if newest else ("key_hash",):
        assert opened.tables["tap"][column] == today.tables["tap"][column]
    for number in range(len(today.taps)):
        found, wanted = opened.elements(number), today.elements(number)
        assert found.schema.equals(wanted.schema)
        assert repr(found.to_pylist()) == repr(wanted.to_pylist())


def test_there_is_a_sample_of_today() -> None:
    """Whoever raises the version adds a sample."""
    names = [path.name for path in SAMPLES]
    assert names == [f"format_{n + 1}" for n in range(schema.FORMAT_VERSION)]


@pytest.mark.parametrize("version", [schema.FORMAT_VERSION + 1, 0, "1", None])
def test_other_versions(tmp_path: Path, version: object) -> None:
    """A version that isn't known is refused with what to do."""
    root = tmp_path / "t"
    shutil.copytree(SAMPLES[-1], root)
    marker = {"format": "tracekit", "version": version}
    (root / "trace.json").write_text(json.dumps(marker))
    with pytest.raises(TraceError, match="install the tracekit that wrote"):
        tk.read_trace(root)


def test_page_has_every_column() -> None:
    """The page of the format lists each column with its type, in order."""
    tables = {**arrow_tables.TABLES, "event": arrow_tables.STORED_EVENT}
    for name, table in tables.items():
        part = PAGE.split(f"### {name}.parquet\n")[1].split("\n#")[0]
        rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", part, re.M)
        assert [row[0] for row in rows] == table.names
        assert [row[1] for row in rows] == [
            str(field.type).replace("list<element: ", "list<")
            for field in table
        ]
    assert f"Format version {schema.FORMAT_VERSION}." in PAGE


def test_page_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's example finds the NaN of a sample with DuckDB alone."""
    monkeypatch.chdir(SAMPLES[-1])
    (code,) = re.findall(r"```python\n(.+?)```", PAGE, re.S)
    found: dict[str, object] = {}
    exec(code, found)  # noqa: S102 (our own page)
    assert str(found["rows"]) == "[(2, nan)]"


def test_pyarrow_reads_it() -> None:
    """Pyarrow reads a sample's elements without anything else."""
    table = pq.read_table(
        SAMPLES[-1] / "elements/tap=1/0.parquet", partitioning=None
    )
    assert table["float"].to_pylist()[0] == 1.5
    assert table["ordinal"].to_pylist() == [0, 1, 2, 3, 4, 5]


def test_nan_is_found_without_any_setting() -> None:
    """Plain SQL over an element file finds its NaN: it has no statistics."""
    file = str(SAMPLES[-1] / "elements/tap=1/0.parquet")
    found = duckdb.connect().execute(
        'SELECT count(*) FROM read_parquet($file) WHERE isnan("float")',
        {"file": file},
    )
    assert found.fetchall() == [(1,)]


def test_storage_is_shown(cli: Cli) -> None:
    """``show --storage`` tells each tap's bytes, encodings and ratio."""
    path = SAMPLES[-1]
    shown = json.loads(cli("show", path, "--storage", "--json")[1])
    rows = {row["tap"]: row for row in shown}
    image = rows["image"]
    file = path / "elements" / "tap=1" / "0.parquet"
    assert (image["elements"], image["raw"]) == (6, 48)
    assert image["bytes"] == file.stat().st_size
    assert "float BYTE_STREAM_SPLIT" in image["encodings"]
    assert "ordinal DELTA_BINARY_PACKED" in image["encodings"]
    assert rows["(tables)"]["bytes"] == sum(
        table.stat().st_size for table in path.glob("*.parquet")
    )
    assert "BYTE_STREAM_SPLIT" in cli("show", path, "--storage")[1]


def test_storage_in_memory(cli: Cli, tmp_path: Path) -> None:
    """What isn't stored takes no storage, and says so."""
    log = tmp_path / "a.log"
    log.write_text("TRACE_C: fluence_photons_per_m2 1e24\n")
    status, _, told = cli("show", log, "--storage")
    assert (status, "save it to a path" in told) == (2, True)
