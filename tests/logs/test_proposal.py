"""A dialect for a log that nobody has described yet."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared_files import NANOBRAGG, needs_shared
from tracekit.logs.checking import Check, check
from tracekit.logs.file import LogFile
from tracekit.logs.log import parse_log
from tracekit.logs.proposal import propose
from tracekit.logs.proposal_text import dialect_text

HEAT = """\
heat solver 1.2
2024-03-01 12:00:00 INFO  dt = 0.001 s
[debug] pixel 3 4
[debug] flux: (1.5, 2.5, 3.5)
[debug] T = 300.25 K
[debug] step 0 residual 1.5e-3 h 2.0
[debug] step 1 residual 1.5e-4 h 2.0
[debug] pixel 5 6
[debug] flux: (1.5, 2.5, 4.5)
[debug] T = 301.25 K
kappa = 0.6 W
length_mm = 12.5
done in 3 seconds
"""


def proposed(folder: Path, log: Path) -> Path:
    """The dialect file that is proposed for a log."""
    file = folder / "proposed.toml"
    found = propose(LogFile(log).lines())
    file.write_text(dialect_text(found, "mine", log.name), encoding="utf-8")
    return file


@pytest.fixture
def heat(tmp_path: Path) -> Path:
    """The log of a program that no dialect knows."""
    log = tmp_path / "heat.log"
    log.write_text(HEAT, encoding="utf-8")
    return log


def test_a_log_is_read_with_what_was_proposed_for_it(
    heat: Path, tmp_path: Path
) -> None:
    """Prefixes, vectors, units, pixels and steps come out of one look."""
    parsed = parse_log(heat, proposed(tmp_path, heat))
    assert parsed.rejects == []
    assert parsed.pixels == [(3, 4), (5, 6)]
    flux, later = (e for e in parsed.events if e.tap == "flux")
    assert flux.values.tolist() == [1.5, 2.5, 3.5]
    assert [(a.dim, a.origin) for a in later.axes[:2]] == [
        ("slow", 5),
        ("fast", 6),
    ]
    residuals = [e for e in parsed.events if e.tap == "residual"]
    assert [e.axes[-1].dim for e in residuals] == ["step", "step"]
    assert [e.axes[-1].origin for e in residuals] == [0, 1]
    units = {e.tap: e.unit for e in parsed.events}
    assert units["T"] == "K"
    assert units["dt"] == "s"
    assert units["length_mm"] is None  # names lie: only a comment says so


def test_prose_stays_prose(heat: Path, tmp_path: Path) -> None:
    """A version and a duration aren't taken for taps."""
    taps = {e.tap for e in parse_log(heat, proposed(tmp_path, heat)).events}
    assert taps == {"flux", "T", "residual", "h", "dt", "kappa", "length_mm"}


def test_nothing_to_propose_is_no_proposal() -> None:
    """A log without numbers has no groups."""
    assert propose(["hello", "world", ""]).groups == ()


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_text_gives_a_file_that_parses(lines: list[str]) -> None:
    """Whatever stands in a log, the proposal is TOML."""
    found = propose([line for text in lines for line in text.splitlines()])
    tomllib.loads(dialect_text(found, "any", "any"))


@needs_shared
def test_real_logs_are_read_with_their_proposals(tmp_path: Path) -> None:
    """Nine in ten numbers of every log, before a person corrects anything."""
    root = NANOBRAGG / "real_logs"
    logs = [root / name for name in (root / "INDEX.txt").read_text().split()]
    checks: list[Check] = [
        check(proposed(tmp_path, log), log)
        for log in logs
        if propose(LogFile(log).lines()).groups
    ]
    assert len(checks) >= 60
    assert min(c.share for c in checks) >= 0.9
    there = sum(c.numbers for c in checks)
    assert sum(min(c.read, c.numbers) for c in checks) >= 0.99 * there
    assert there > 14_000
