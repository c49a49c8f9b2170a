"""The run record of a recording."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers import recorded
from tracekit.run_record import file_use, git_state


def run_of(**options: Any) -> dict[str, Any]:
    """The run row of a recording."""
    (row,) = recorded(lambda: None, **options).tables["run"].to_pylist()
    return {**row, "facts": dict(row["facts"])}


def test_a_recording_knows_how_it_was_run() -> None:
    """Arguments, versions, host, threads, dtype and device are kept."""
    run = run_of(program="simulator", taps=["F_*"])
    assert run["program"] == "simulator"
    assert run["family"] == "python"
    assert run["argv"] == sys.orig_argv
    assert run["selected_taps"] == ["F_*"]
    assert datetime.fromisoformat(run["started"]).tzinfo is not None
    facts = run["facts"]
    assert facts["torch"] == torch.__version__
    assert facts["threads"] == str(torch.get_num_threads())
    assert facts["dtype"] == "float32"
    assert facts["device"] == "cpu"
    assert facts["recording"] == "complete"
    for key in ("host", "platform", "cpus", "directory", "python", "numpy"):
        assert facts[key]


def test_the_default_dtype_of_the_moment_counts() -> None:
    """A program that computes in double precision says so."""
    torch.set_default_dtype(torch.float64)
    try:
        assert run_of()["facts"]["dtype"] == "float64"
    finally:
        torch.set_default_dtype(torch.float32)


def test_git_state_tells_commit_and_changes(tmp_path: Path) -> None:
    """Outside of git nothing is said; inside, commit and clean or changed."""
    assert git_state(tmp_path) == {}

    def git(*arguments: str) -> str:
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(
            ["git", "-C", str(tmp_path), *name, *arguments],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    git("init")
    git("commit", "--allow-empty", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert git_state(tmp_path) == {"git_commit": commit, "git_state": "clean"}
    (tmp_path / "new").touch()
    assert git_state(tmp_path)["git_state"] == "changed"


def test_a_machine_without_git_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no git can be run, nothing is said about it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(Path.cwd()) == {}


def test_a_file_is_its_name_size_and_hash(tmp_path: Path) -> None:
    """Files are known by content, also when they are large."""
    content = bytes(range(256)) * 8192
    (tmp_path / "Fdump.bin").write_bytes(content)
    use = file_use(tmp_path / "Fdump.bin", "side", "stdout:3")
    assert use.name == "Fdump.bin"
    assert use.size == len(content)
    assert use.sha256 == hashlib.sha256(content).hexdigest()
    assert (use.role, use.origin) == ("side", "stdout:3")
