"""A dialect for a log that nobody has described yet."""

import io
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.helpers import Cli
from tests.shared_files import NANOBRAGG, needs_shared
from tracekit.logs.checking import Check, check
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.file import LogFile
from tracekit.logs.log import parse, parse_log
from tracekit.logs.proposal import propose
from tracekit.logs.proposal_text import dialect_text
from tracekit.logs.shapes import Shapes
from tracekit.logs.tokens import HOLE

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


CLIMATE = """\
STENCIL 3.1  (c) somebody    built Mar  3 2025
------------------------------------------------
 step=  10 time=    300.0 s  cfl= 0.1344
   step=10 T(3,4)= 2.5e-01 K
   step=10 u(3,4)= 7.5e-01 v(3,4)= 1.25e-01 m/s
   flux[3][4] = ( 0.5, 0.25, 0.125 ) W/m2
 step=  11 time=    330.0 s  cfl= 0.4328
   step=11 T(3,4)= 3.5e-01 K
   step=11 u(3,4)= 8.5e-01 v(3,4)= 2.25e-01 m/s
Total energy :   1.5E+15 J
mass imbalance=  -2.5D-12
wall clock 12.3 s, 4 threads
"""
RAYS = """\
raytrace v0.9.2 on 4 threads
[00:00:00.100] pixel (10, 20) begin
[00:00:00.101] ray depth=0 o=(0.5,0.25,0.125) d=(1,0,0) tmin=0 tmax=inf
[00:00:00.102] hit depth=0 t=0.75 uv=[0.5 0.25] mat="glass"
[00:00:00.102] bsdf depth=0 f={0.1, 0.2, 0.3} pdf=0.5
[00:00:00.103] L = 0.25 0.5 0.125 (W/sr/m^2)
[00:00:00.104] pixel (10, 20) end, 3 bounces
"""
FLUID = """\
[2024-05-01 12:00:00.1] [solver] [info] cell(2,3): rho=1.5 kg/m3 u=(10, 0, -1)
[2024-05-01 12:00:00.2] [solver] [debug] iteration 3: residual 1e-3, drag 0.25
[2024-05-01 12:00:00.3] [io] [info] wrote out.h5
"""
TABLE = """\
solver (2 Aug 2023)
# Step, T[K], p(Pa), status
     0,  1.5, 1e5, ok
WARNING: slow
   100,  inf, -2, ok
Loop time of 0.05 on 4 procs
"""
JSON = """\
{"step": 1, "loss": {"mean": 0.5}, "mode": "fast"}
{"step": 2, "loss": {"mean": 0.25}, "mode": "fast"}
"""
TEXTS = {
    "table": TABLE,
    "json": JSON,
    "climate": CLIMATE,
    "rays": RAYS,
    "fluid": FLUID,
}
WANTED: dict[str, dict[tuple[str, str, str | None], list[list[float]]]] = {
    "table": {
        ("T", "step=0", "K"): [[1.5]],
        ("T", "step=100", "K"): [[float("inf")]],
        ("p", "step=100", "Pa"): [[-2]],
        ("status", "step=0", None): [[]],
    },
    "json": {("loss.mean", "step=2", None): [[0.25]]},
    "climate": {
        ("time", "", "s"): [[300.0], [330.0]],
        ("T", "step=10 slow=3 fast=4", "K"): [[0.25]],
        ("T", "step=11 slow=3 fast=4", "K"): [[0.35]],
        ("v", "step=11 slow=3 fast=4", "m/s"): [[0.225]],
        ("flux", "slow=3 fast=4", "W/m^2"): [[0.5, 0.25, 0.125]],
        ("energy", "", "J"): [[1.5e15]],
        ("imbalance", "", None): [[-2.5e-12]],
    },
    "rays": {
        ("o", "slow=10 fast=20 depth=0", None): [[0.5, 0.25, 0.125]],
        ("tmax", "slow=10 fast=20 depth=0", None): [[float("inf")]],
        ("uv", "slow=10 fast=20 depth=0", None): [[0.5, 0.25]],
        ("f", "slow=10 fast=20 depth=0", None): [[0.1, 0.2, 0.3]],
        ("L", "slow=10 fast=20", "W/sr/m^2"): [[0.25, 0.5, 0.125]],
    },
    "fluid": {
        ("rho", "slow=2 fast=3", "kg/m^3"): [[1.5]],
        ("u", "slow=2 fast=3", None): [[10, 0, -1]],
        ("residual", "iteration=3", None): [[1e-3]],
        ("drag", "iteration=3", None): [[0.25]],
    },
}


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
    assert parsed.pixels.tolist() == [[3, 4], [5, 6]]
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


@pytest.mark.parametrize("program", TEXTS)
def test_logs_of_several_kinds_are_read_with_their_proposals(
    program: str, tmp_path: Path
) -> None:
    """Tables, JSON, subscripts, records, times of day, products of units.

    Every number lies at its own place, before anybody corrects the proposal.
    """
    log = tmp_path / "c.log"
    log.write_text(TEXTS[program], encoding="utf-8")
    dialect = proposed(tmp_path, log)
    parsed = parse_log(log, dialect)
    assert parsed.rejects == []
    found: dict[tuple[str, str, str | None], list[list[float]]] = {}
    for event in parsed.events:
        axes = {a.dim: a.origin for a in event.axes if a.dim != "component"}
        dims = sorted(axes, key=lambda dim: "step slow fast".find(dim) % 99)
        place = " ".join(f"{dim}={axes[dim]}" for dim in dims)
        key = (event.tap, place if event.tap != "time" else "", event.unit)
        found.setdefault(key, []).append(event.values.tolist())
    for key, values in WANTED[program].items():
        assert found.get(key) == values, key
    assert check(dialect, log).share > 0.9


@pytest.mark.parametrize("program", TEXTS)
def test_lines_read_by_column_are_those_read_one_by_one(
    program: str, tmp_path: Path
) -> None:
    """A proposal's patterns don't keep lines from being read by column."""
    log = tmp_path / "c.log"
    log.write_text(TEXTS[program] * 20, encoding="utf-8")
    dialect = proposed(tmp_path, log)
    at_once = parse_log(log, dialect)
    lines = log.read_text(encoding="utf-8").splitlines()
    singly = parse(lines, load_dialect(dialect), "c.log")
    for one, other in zip(at_once.events, singly.events, strict=True):
        assert repr(one) == repr(other)
    shape = f" step= {HOLE} time= {HOLE} s  cfl= {HOLE}".encode()
    understood = Shapes(load_dialect(dialect)).meaning(shape) is not None
    assert understood == (program == "climate")
    assert at_once.rejects == singly.rejects
    assert at_once.coordinates == singly.coordinates


def test_names_are_asked_for_only_if_so_wished(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer is what the file says, Enter takes what was proposed."""
    log, file = tmp_path / "c.log", tmp_path / "c.toml"
    log.write_text("step=10 T(3,4)= 2.5e-1 K E= 3\n" * 3)
    words = ["dialect", "init", log, "-o", file]
    answers = io.StringIO("temperature\n\nrow column\n\nJ\n")
    monkeypatch.setattr("sys.stdin", answers)
    status, _, told = cli(*words, "--ask")
    assert status == 0, told
    first = parse_log(log, file).events[0]
    assert (first.tap, first.unit) == ("temperature", "K")
    assert [a.dim for a in first.axes] == ["step", "row", "column"]
    assert parse_log(log, file).events[1].unit == "J"
    file.unlink()
    assert cli(*words)[0] == 0
    file.unlink()
    status, _, told = cli(*words, "--ask")
    assert (status, "no more answers" in told) == (2, True)


def test_prose_stays_prose(heat: Path, tmp_path: Path) -> None:
    """A version and a duration aren't taken for taps."""
    taps = {e.tap for e in parse_log(heat, proposed(tmp_path, heat)).events}
    assert taps == {"flux", "T", "residual", "h", "dt", "kappa", "length_mm"}


def test_nothing_to_propose_is_no_proposal() -> None:
    """A log without numbers has no groups."""
    assert propose(["hello", "world", ""]).groups == ()


@example(["\U00010000=0", "a\x7fb = 1"])
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
