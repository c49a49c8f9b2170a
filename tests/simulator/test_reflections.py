"""Structure factors of MTZ and CIF files, images through fabio."""

from __future__ import annotations

import sys
from pathlib import Path

import gemmi
import numpy as np
import pytest

import simulator.__main__ as command
from simulator import SimulatorError, reflections
from simulator.images import read_image
from simulator.reflections import read_reflections

CELL = "50 60 70 90 90 90"
SMALL = (
    f"-cell {CELL} -default_F 5 -distance 100 -pixel 0.4 -detpixels_x 12"
    " -detpixels_y 9 -lambda 1 -N 5 -oversample 1"
)
# h k l, FP, SIGFP, FC, IMEAN
ROWS = np.array(
    [[1, 2, 3, 10.5, 1, 11, 110], [0, 0, 4, 20.25, 1, 21, 400],
     [2, 0, 1, np.nan, 1, 7, 49], [3, 1, 0, 7.125, 1, 6, 36]],
    dtype=np.float32,
)  # fmt: skip
GIVEN = [[0, 0, 4, 20.25], [1, 2, 3, 10.5], [3, 1, 0, 7.125]]


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory in which no Fdump.bin lies."""
    monkeypatch.chdir(tmp_path)


def write_mtz(path: Path, labels: str = "FP SIGFP FC IMEAN") -> Path:
    """ROWS in P 21 21 21, with some of their columns."""
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.find_spacegroup_by_name("P 21 21 21")
    mtz.set_cell_for_all(gemmi.UnitCell(*map(float, CELL.split())))
    mtz.add_dataset("made")
    kinds = dict(zip(["FP", "SIGFP", "FC", "IMEAN"], "FQFJ", strict=True))
    for label in labels.split():
        mtz.add_column(label, kinds[label])
    at = [3 + list(kinds).index(label) for label in labels.split()]
    mtz.set_data(np.ascontiguousarray(ROWS[:, [0, 1, 2, *at]]))
    mtz.write_to_file(str(path))
    return path


def write_cif(path: Path, prefix: str = "_refln.") -> Path:
    """ROWS as a CIF with a measured amplitude and its error."""
    head = ["index_h", "index_k", "index_l", "F_meas_au", "F_meas_sigma_au"]
    lines = ["data_made", "_symmetry.space_group_name_H-M 'P 21 21 21'"]
    lines += ["loop_", *(prefix + word for word in head)]
    for h, k, l, F, sigma, *_ in ROWS:  # noqa: E741 - the field's name
        value = "?" if np.isnan(F) else f"{F}"
        lines.append(f"{h:.0f} {k:.0f} {l:.0f} {value} {sigma}")
    path.write_text("\n".join(lines) + "\n")
    return path


def run(words: str) -> int:
    """The exit status of a command line."""
    return command.main(words.split())


@pytest.mark.parametrize("kind", ["mtz", "cif"])
def test_a_file_is_read_as_it_is(kind: str) -> None:
    """No symmetry, no Friedel mates, and nothing where a value is missing."""
    path = Path(f"f.{kind}")
    write_mtz(path, "FP SIGFP") if kind == "mtz" else write_cif(path)
    rows = read_reflections(path)
    assert sorted(rows.tolist()) == GIVEN


@pytest.mark.parametrize("kind", ["mtz", "cif"])
def test_a_file_is_expanded_when_told(kind: str) -> None:
    """All equivalents of P 21 21 21 and their Friedel mates: mmm."""
    path = Path(f"f.{kind}")
    write_mtz(path, "FP") if kind == "mtz" else write_cif(path)
    rows = read_reflections(path, expanded=True)
    signs = [(a, b, c) for a in (1, -1) for b in (1, -1) for c in (1, -1)]
    expected = {
        (a * h, b * k, c * m, F) for h, k, m, F in GIVEN for a, b, c in signs
    }
    assert {tuple(row) for row in rows.tolist()} == expected
    assert len(rows) == len(expected) == 2 + 8 + 4


def test_a_trigonal_group_turns_indices() -> None:
    """P 3 1 2: what gemmi's own operations say, for each reflection."""
    path = write_mtz(Path("f.mtz"), "FP")
    mtz = gemmi.read_mtz_file(str(path))
    mtz.spacegroup = gemmi.find_spacegroup_by_name("P 3 1 2")
    mtz.write_to_file(str(path))
    expected = {
        (*(s * i for i in op.apply_to_hkl([int(h), int(k), int(m)])), F)
        for h, k, m, F in GIVEN
        for op in mtz.spacegroup.operations().sym_ops
        for s in (1, -1)
    }
    rows = read_reflections(path, expanded=True)
    assert {tuple(row) for row in rows.tolist()} == expected


def test_columns_are_chosen_and_never_guessed() -> None:
    """Two amplitudes need --hkl-column; an intensity is refused."""
    path = write_mtz(Path("f.mtz"))
    with pytest.raises(SimulatorError, match="FP, FC; choose one with --hkl-"):
        read_reflections(path)
    assert read_reflections(path, "FC")[:, 3].tolist() == [11, 21, 7, 6]
    with pytest.raises(
        SimulatorError, match=r"IMEAN: no amplitude .*FP \(F\)"
    ):
        read_reflections(path, "IMEAN")
    with pytest.raises(SimulatorError, match="FOBS: not there"):
        read_reflections(path, "FOBS")
    path = write_mtz(Path("i.mtz"), "IMEAN")
    with pytest.raises(SimulatorError, match=r"no amplitude column .*IMEAN"):
        read_reflections(path)


@pytest.mark.parametrize("suffix", ["mtz", "cif"])
def test_a_broken_file_is_said(suffix: str) -> None:
    """Neither an absent file nor a wrong one gives a traceback."""
    path = Path(f"f.{suffix}")
    with pytest.raises(SimulatorError, match="can't be read"):
        read_reflections(path)
    path.write_text("data_none\n_cell.length_a 5\n")
    with pytest.raises(SimulatorError, match=r"can't be read|no _refln"):
        read_reflections(path)


def test_both_programs_see_one_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """MTZ in PyTorch and the list made of it in C give the same image."""
    write_mtz(Path("f.mtz"))
    more = "--hkl-column FP --expand-symmetry"
    assert run(f"{SMALL} -hkl f.mtz {more} --image torch.npy") == 0
    assert reflections.main(f"f.mtz f.hkl {more}".split()) == 0
    assert run(f"{SMALL} -hkl f.hkl --backend c --image c.npy") == 0
    ours, theirs = np.load("torch.npy"), np.load("c.npy")
    assert np.abs(ours - theirs).max() <= 1e-14 * theirs.max()
    assert run(f"{SMALL} -hkl f.mtz --backend c --image c.npy") == 2
    assert "python -m simulator.reflections" in capsys.readouterr().err
    assert run(f"{SMALL} -hkl f.hkl {more} --image i.npy") == 2
    assert "a plain list has no columns" in capsys.readouterr().err
    assert reflections.main(["f.mtz", "g.hkl"]) == 2
    assert "choose one" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["gemmi", "fabio"])
def test_a_missing_extra_is_named(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the library the error says what to install."""
    monkeypatch.setitem(sys.modules, module, None)
    read = read_reflections if module == "gemmi" else read_image
    name = "f.mtz" if module == "gemmi" else "f.img"
    with pytest.raises(SimulatorError, match=r"tracekit\[crystallography\]"):
        read(Path(name))


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_images_are_read_back(backend: str) -> None:
    """Through fabio comes the SMV file back; .npy needs no library."""
    words = f"{SMALL} -intfile i.img -scale 3 -adc 7 --image f.npy"
    assert run(f"{words} --backend {backend}") == 0
    image = read_image(Path("f.npy"))
    counts = read_image(Path("i.img"))
    assert counts.shape == image.shape == (9, 12)
    single = image.astype(np.float32).astype(np.float64)
    expected = np.clip(np.floor(single * 3 + 7.5), 0, 65535)
    assert np.array_equal(counts, expected)
    Path("text.img").write_text("no image")
    with pytest.raises(SimulatorError, match="no image that fabio can read"):
        read_image(Path("text.img"))
