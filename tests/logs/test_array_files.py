"""Arrays beside a log: only those, and only plain numbers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tracekit.logs.array_files import read_array
from tracekit.logs.log import parse_log


def test_an_array_is_read_whatever_its_layout(tmp_path: Path) -> None:
    """Big-endian and Fortran order come out as C has them, bit for bit."""
    values = np.asfortranarray(np.arange(6.0).reshape(2, 3) / 3).astype(">f8")
    np.save(tmp_path / "a.npy", values)
    found = read_array("a.npy", tmp_path)
    assert found.dtype == np.dtype("=f8")
    assert found.tolist() == (np.arange(6) / 3).tolist()


@pytest.mark.parametrize(
    "name", ["../a.npy", "/b/a.npy", "b/a.npy", "b\\a.npy", ".npy", "a.txt"]
)
def test_no_path_leaves_the_folder(name: str, tmp_path: Path) -> None:
    """A log names files beside it, never any other file."""
    np.save(tmp_path / "a.npy", np.ones(3))
    folder = tmp_path / "logs"
    folder.mkdir()
    with pytest.raises(ValueError, match="no name of a"):
        read_array(name, folder)


def test_links_and_folders_are_no_arrays(tmp_path: Path) -> None:
    """A link could lead anywhere."""
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "link.npy").symlink_to(tmp_path / "a.npy")
    (tmp_path / "folder.npy").mkdir()
    for name in ("link.npy", "folder.npy", "none.npy"):
        with pytest.raises(ValueError, match="doesn't lie beside the log"):
            read_array(name, tmp_path)


def test_nothing_pickled_is_read(tmp_path: Path) -> None:
    """Objects, archives, texts and cut files are refused with a reason."""
    objects = np.array([{"a": 1}], dtype=object)
    np.save(tmp_path / "objects.npy", objects, allow_pickle=True)
    np.save(tmp_path / "texts.npy", np.array(["a"]))
    np.save(tmp_path / "cut.npy", np.ones(100))
    whole = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:300])
    with zipfile.ZipFile(tmp_path / "zip.npy", "w") as archive:
        archive.write(tmp_path / "texts.npy", "a.npy")
    for name in ("objects.npy", "texts.npy", "cut.npy", "zip.npy"):
        with pytest.raises(ValueError, match=r"can't be read|no real numbers"):
            read_array(name, tmp_path)


def test_a_lost_array_is_a_reject(tmp_path: Path) -> None:
    """A log without its arrays is read, and says what it misses."""
    log = tmp_path / "c.log"
    log.write_text("TRACEKIT tap a : 1\nTRACEKIT array b : c.log.1.npy\n")
    parsed = parse_log(log, "tracekit")
    assert [event.tap for event in parsed.events] == ["a"]
    assert "c.log.1.npy doesn't lie" in parsed.rejects[0].reason


def test_an_array_must_have_the_size_that_its_line_states(
    tmp_path: Path,
) -> None:
    """An array of another run isn't taken for this one's."""
    np.save(tmp_path / "c.log.1.npy", np.ones(5))
    log = tmp_path / "c.log"
    log.write_text("TRACEKIT array b slow=0:2 fast=0:3 : c.log.1.npy\n")
    parsed = parse_log(log, "tracekit")
    assert "expected 6 numbers" in parsed.rejects[0].reason
