"""F_cell: lists, dumps, the nearest entry, and values between entries."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import tracekit as tk
from simulator import Options, Quirks, SimulatorError, parse_options, simulate
from simulator.hkl_files import read_dump, read_hkl, write_dump
from simulator.scene import build_scene
from simulator.structure_factors import interpolated, nearest

SHARED = Path(
    os.environ.get("TRACEKIT_SHARED", Path(__file__).parents[3] / "shared")
)
CASES = SHARED / "nanobragg" / "cases"
SMALL = (
    "-cell 50 60 70 80 100 90 -distance 100 -pixel 0.4 -detpixels 12"
    " -lambda 1 -oversample 1"
)


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory in which no Fdump.bin lies."""
    monkeypatch.chdir(tmp_path)


def options_of(words: str) -> Options:
    """The small problem with more words."""
    return parse_options(f"{SMALL} {words}".split())


def write_list(path: Path, extent: int = 4) -> None:
    """A list with F = 100 h + 10 k + l + 1000, without (0, 0, 0)."""
    span = range(-extent, extent + 1)
    rows = [
        f"{h} {k} {m} {1000 + 100 * h + 10 * k + m}"
        for h in span
        for k in span
        for m in span
        if (h, k, m) != (0, 0, 0)
    ]
    path.write_text("\n".join(rows) + "\n", encoding="ascii")


def test_a_list_becomes_a_dump_and_back(tmp_path: Path) -> None:
    """The dump holds the box, its bounds as text, and a plane of padding."""
    write_list(tmp_path / "f.hkl", extent=1)
    table = read_hkl(tmp_path / "f.hkl", default_F=7.0)
    write_dump(table)
    data = Path("Fdump.bin").read_bytes()
    assert data.startswith(b"-1 1 -1 1 -1 1\n\f")
    assert len(data) == 16 + 8 * 4**3
    again = read_dump()
    assert again.bounds == table.bounds == ((-1, 1),) * 3
    assert np.array_equal(again.values, table.values)
    assert (table.count, again.count) == (26, 27)
    assert table.values[1, 1, 1] == 7.0
    assert not table.values[3].any()


def test_a_list_is_dumped_into_the_working_directory() -> None:
    """-hkl leaves Fdump.bin behind, which the next run picks up."""
    write_list(Path("f.hkl"))
    clean = simulate(options_of("-default_F 5 -N 5"))
    listed = simulate(options_of("-default_F 5 -N 5 -hkl f.hkl"))
    assert not torch.equal(clean, listed)
    Path("f.hkl").unlink()
    stale = simulate(options_of("-default_F 5 -N 5"))
    assert torch.equal(stale, listed)


def test_a_stale_dump_is_stated() -> None:
    """The trace names the dump as a side file and says what was read."""
    write_list(Path("f.hkl"))
    simulate(options_of("-N 5 -hkl f.hkl"))
    with tk.record(pixels=[(0, 0)]) as recording:
        simulate(options_of("-N 5"))
    con = tk.connect(actual=recording.trace)
    facts = dict(
        con.sql(
            "SELECT key, coalesce(text, value::text) FROM config"
        ).fetchall()
    )
    assert facts["structure_factors"] == "Fdump.bin"
    assert float(facts["Fdump_read"]) == 1
    assert float(facts["hkls"]) == 9**3
    files = recording.trace.tables["file"].to_pylist()
    assert [(f["name"], f["role"]) for f in files] == [("Fdump.bin", "side")]


def test_without_the_quirk_a_dump_is_left_alone() -> None:
    """--without fdump_reuse makes a run depend on its command line only."""
    clean = simulate(options_of("-default_F 5 -N 5"))
    write_list(Path("f.hkl"))
    simulate(options_of("-N 5 -hkl f.hkl"))
    honest = Quirks(fdump_reuse=False)
    again = simulate(options_of("-default_F 5 -N 5"), quirks=honest)
    assert torch.equal(clean, again)


def test_the_nearest_entry_or_the_default() -> None:
    """Indices in the box, its corners included, are looked up."""
    write_list(Path("f.hkl"))
    scene = build_scene(options_of("-default_F 5 -N 5 -hkl f.hkl"))
    index = torch.tensor(
        [[0, 4, -4, 5, 4], [0, 4, -4, 0, -5], [0, 4, -4, 0, 0]]
    )
    assert nearest(scene.factors, index).tolist() == [5, 1444, 556, 5, 5]


def test_a_cubic_is_met_between_the_entries() -> None:
    """Interpolation is exact for what varies linearly."""
    write_list(Path("f.hkl"), extent=8)
    scene = build_scene(options_of("-default_F 1000 -N 2 -hkl f.hkl"))
    assert scene.factors.interpolate
    hkl = torch.rand(3, 50, dtype=torch.float64) * 8 - 4
    expected = 1000 + 100 * hkl[0] + 10 * hkl[1] + hkl[2]
    assert torch.allclose(interpolated(scene.factors, hkl), expected)


@pytest.mark.parametrize(
    ("words", "interpolates"),
    [
        ("-N 5 -hkl f.hkl", False),
        ("-N 2 -hkl f.hkl", True),
        ("-Na 5 -Nb 5 -hkl f.hkl", True),
        ("-N 5 -hkl f.hkl -interpolate", True),
        ("-N 2 -hkl f.hkl -nointerpolate", False),
        ("-N 2 -default_F 1", False),
        ("-xtalsize 0.001 -hkl f.hkl", True),
    ],
)
def test_few_cells_interpolate(words: str, interpolates: bool) -> None:
    """Cells on the command line decide, and only where there is a table."""
    write_list(Path("f.hkl"))
    scene = build_scene(options_of(words))
    assert scene.factors.interpolate is interpolates


def test_leaving_the_table_ends_interpolation_for_good() -> None:
    """With the quirk all pixels behind the first one outside are nearest."""
    write_list(Path("f.hkl"), extent=3)
    words = "-N 5 -hkl f.hkl -default_F 3 -detpixels 24"
    options = options_of(f"{words} -interpolate")
    near = simulate(options_of(f"{words} -nointerpolate"))
    quirk = simulate(options, block=100)
    honest = simulate(
        options, block=100, quirks=Quirks(interpolation_switch_off=False)
    )
    assert torch.equal(quirk, near)
    assert not torch.equal(honest, near)
    centre = slice(10, 14)
    inside = honest[centre, centre] != near[centre, centre]
    assert bool(inside.all())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3\n", r"f.hkl:1: expected h k l F"),
        ("1 2 3 4\n1 2 x 4\n", "f.hkl:2"),
        ("\n", "holds no reflection"),
    ],
)
def test_a_broken_list_is_refused(text: str, message: str) -> None:
    """The error names the file and the line."""
    Path("f.hkl").write_text(text, encoding="ascii")
    with pytest.raises(SimulatorError, match=message):
        build_scene(options_of("-hkl f.hkl"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "no dump"),
        (b"0 1 0 1 0 1\n\f" + bytes(80), "ends after"),
    ],
)
def test_a_broken_dump_is_refused(data: bytes, message: str) -> None:
    """A file of that name that is no dump stops the run, with advice."""
    Path("Fdump.bin").write_bytes(data)
    with pytest.raises(SimulatorError, match=message):
        build_scene(options_of("-N 5"))


@pytest.mark.skipif(
    not CASES.is_dir(),
    reason="the real program's dumps (TRACEKIT_SHARED) are absent",
)
@pytest.mark.parametrize(
    "name", ["hkl_defaultF_64/holes.hkl", "interpolate_in_range_64/full.hkl"]
)
def test_dumps_equal_those_of_the_c_program(name: str) -> None:
    """Fdump.bin is the real program's, byte for byte."""
    case = CASES / name
    default_F = 7.0 if "holes" in name else 0.0
    shutil.copy(case, ".")
    write_dump(read_hkl(Path(case.name), default_F))
    expected = (case.parent / "Fdump.bin").read_bytes()
    assert Path("Fdump.bin").read_bytes() == expected


def test_every_file_that_is_read_is_stated() -> None:
    """Matrix, sources and mask are inputs of the run, with their hashes."""
    Path("A.mat").write_text("0.01 0 0\n0 0.01 0\n0 0 0.01\n", "ascii")
    Path("s.txt").write_text("-10 0 0 1 1e-10\n", "ascii")
    mask = b"{\nHEADER_BYTES=512;\nSIZE1=12;\nSIZE2=12;\n}\f".ljust(512)
    Path("m.img").write_bytes(mask + b"\x01" * 288)
    with tk.record(pixels=[(0, 0)]) as recording:
        words = "-mat A.mat -sourcefile s.txt -mask m.img -default_F 1"
        simulate(options_of(words))
    files = recording.trace.tables["file"].to_pylist()
    assert {f["name"] for f in files} == {"A.mat", "s.txt", "m.img"}
    assert {f["role"] for f in files} == {"input"}
    assert all(f["sha256"] for f in files)
