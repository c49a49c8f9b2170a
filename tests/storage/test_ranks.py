"""Ranks that wait for one another, and what they say meanwhile."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

import tracekit as tk
from tests.helpers import grid, recorded
from tracekit.errors import RecordingError
from tracekit.storage import ranks
from tracekit.storage.trace import open_trace


def test_ranks_that_never_began_are_told_from_those_that_did_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that began may write still, so no trace is made without them."""
    monkeypatch.setattr(ranks, "RANK_SECONDS", 0)
    lacks = ranks.wait_for_ranks(tmp_path, 2)
    assert re.search("rank1 never began .* on every rank, with", lacks)
    (tmp_path / "recording.rank1.arrow").touch()
    with pytest.raises(RecordingError, match="rank1 did not end") as failure:
        ranks.wait_for_ranks(tmp_path, 3)
    assert "and rank2 never began" in str(failure.value)


def test_rank_0_says_for_whom_it_waits(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Often only rank 0 enters record(); its end is an error, and a trace."""
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setattr(ranks, "RANK_SECONDS", 0.1)
    monkeypatch.setattr(ranks, "TOLD_SECONDS", 0)
    with (
        structlog.testing.capture_logs() as told,
        pytest.raises(RecordingError, match="rank1, rank2 never began"),
    ):
        recorded(lambda: tk.tap(1.0, "t"), path=tmp_path / "a")
    (line,) = told
    assert "rank 0 of 3 waits" in line["event"]
    assert "with taps=[]" in line["event"]
    assert line["never_began"] == "rank1, rank2"
    trace = open_trace(tmp_path / "a")
    assert trace.taps == ("t",)
    (run,) = trace.tables["run"].to_pylist()
    ended = dict(run["facts"])["recording"]
    assert ended.startswith("incomplete: rank1, rank2 never began")
    assert not list((tmp_path / "a").glob("recording*"))


def test_a_forked_child_ends_no_part_of_its_parent(tmp_path: Path) -> None:
    """It leaves the block of a rank, which goes on."""
    root = tmp_path / "a"
    with tk.record(root):
        done, part = root / "recording.rank1.done", ranks.joined(root, "rank1")
        part.__enter__()
        child = os.fork()
        if not child:
            part.__exit__(None, None, None)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert not done.exists()
        part.__exit__(None, None, None)
        assert done.exists()


def test_a_rank_says_that_it_waits_for_rank_0(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would not record alone, and says so before it gives up."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(ranks, "RANK_SECONDS", 0.1)
    monkeypatch.setattr(ranks, "TOLD_SECONDS", 0)
    with (
        structlog.testing.capture_logs() as told,
        pytest.raises(RecordingError, match="rank 0 doesn't record"),
        tk.record(tmp_path / "a"),
    ):
        pass
    (line,) = told
    assert "rank1 waits until rank 0" in line["event"]


RANKED = """
import os, sys
import tracekit as tk
rank = int(os.environ["RANK"])
with tk.record(sys.argv[1], taps=[] if rank else None):
    tk.tap(1.0, "t")
"""


def test_a_rank_may_leave_nothing(tmp_path: Path) -> None:
    """What errors advise: each enters the block, and one has no taps."""
    command = [sys.executable, "-c", RANKED, str(tmp_path / "a")]
    both = [
        subprocess.Popen(
            command, env={**os.environ, "RANK": rank, "WORLD_SIZE": "2"}
        )
        for rank in "01"
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    trace = open_trace(tmp_path / "a")
    assert grid(trace, "t") == {"rank": (0, 1)}
