"""A recorded Python program's files are facts of its run."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

import tracekit as tk


def files_of(trace: tk.Trace) -> dict[str, tuple[str, str]]:
    """Role and hash by name."""
    return {
        row["name"]: (row["role"], row["sha256"])
        for row in trace.tables["file"].to_pylist()
    }


def test_files_that_were_read_are_known_by_content(tmp_path: Path) -> None:
    """open, np.load and os.open while it records; not before, not after."""
    for name in ("before.txt", "a.txt", "b.txt", "after.txt"):
        (tmp_path / name).write_text(name)
    np.save(tmp_path / "c.npy", np.ones(3))
    (tmp_path / "before.txt").read_text()
    with tk.record(tmp_path / "t") as recording:
        (tmp_path / "a.txt").read_text()
        os.close(os.open(tmp_path / "b.txt", os.O_RDONLY))
        np.load(tmp_path / "c.npy")
    (tmp_path / "after.txt").read_text()
    files = files_of(recording.trace)
    assert set(files) == {"a.txt", "b.txt", "c.npy"}
    assert files["a.txt"] == ("side", hashlib.sha256(b"a.txt").hexdigest())


def test_what_decides_nothing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules, hidden and system files, and what the program itself wrote."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "module.py").write_text("x = 1")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "kept").write_text("x")
    with tk.record() as recording:
        Path("module.py").read_text()
        Path(".cache/kept").read_text()
        Path("/etc/hostname").exists() and Path("/etc/passwd").read_bytes()
        Path("written.txt").write_text("x")
        Path("written.txt").read_text()
        with pytest.raises(FileNotFoundError):
            Path("missing.txt").read_text()
    assert files_of(recording.trace) == {}


def test_a_stated_file_keeps_its_role(tmp_path: Path) -> None:
    """What the program says of a file goes first."""
    (tmp_path / "P1.hkl").write_text("1 2 3 4")
    with tk.record() as recording:
        (tmp_path / "P1.hkl").read_text()
        tk.input_file(tmp_path / "P1.hkl")
    assert [role for role, _ in files_of(recording.trace).values()] == [
        "input"
    ]


def test_only_one_run_read_it(tmp_path: Path) -> None:
    """A comparison says which run read a file and with what content."""

    def program(reads: bool) -> tk.Trace:
        with tk.record() as recording:
            if reads:
                (tmp_path / "Fdump.bin").read_bytes()
            tk.tap(1.0, "x")
        return recording.trace

    (tmp_path / "Fdump.bin").write_bytes(b"old")
    (fact,) = tk.compare(
        program(reads=False), program(reads=True)
    ).configuration
    assert fact["key"] == "file Fdump.bin"
    assert fact["actual"] == "not read"
    assert fact["expected"].startswith(
        "read, sha256 cba06b5736faf67e54b07b561"
    )
