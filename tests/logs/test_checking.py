"""What a dialect reads of a log, said in figures."""

import re
from pathlib import Path

import tracekit.logs
from tracekit.logs.checking import check
from tracekit.logs.log import parse_log
from tracekit.logs.proposal import propose
from tracekit.logs.proposal_text import dialect_text

DIALECT = """\
dialect = "mine"
program = "mine"

[[family]]
name = "debug"
prefix = 'DEBUG:'
forms = ["assigned"]
names = ["debug"]

[names.debug.omega]
"""
LOG = """\
DEBUG: omega = 1.5
DEBUG: R = 2.5
DEBUG: nothing that 1 form fits
speed = 3.5
"""


def test_every_number_and_every_gap_is_counted(tmp_path: Path) -> None:
    """Numbers read, names without a rule, lines overlooked, rejects."""
    dialect, log = tmp_path / "mine.toml", tmp_path / "mine.log"
    dialect.write_text(DIALECT)
    log.write_text(LOG)
    found = check(dialect, log)
    assert found.lines == {"debug": 3}
    assert found.elements == {"debug": 2}
    assert (found.read, found.numbers) == (2, 3)
    assert found.share == 2 / 3
    assert found.unnamed == {"R": 1}
    assert found.overlooked == 1
    assert found.example == "mine.log:4: speed = 3.5"
    assert [reject.line for reject in found.rejects] == [3]


def test_the_example_of_the_documentation_reads_its_log(
    tmp_path: Path,
) -> None:
    """The dialect that logs/README.md shows means what it says."""
    page = Path(tracekit.logs.__path__[0]) / "README.md"
    text = re.search(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    assert text
    dialect, log = tmp_path / "mine.toml", tmp_path / "mine.log"
    dialect.write_text(text[1])
    log.write_text(
        "[debug] pixel 3 4\n[debug] T: 300.25 K\n[debug] flux_mm = 1 2 3\n"
    )
    found = check(dialect, log)
    assert found.elements == {"debug": 4}
    assert found.share == 1
    assert not found.unnamed


def test_lines_that_no_family_reads_are_found_and_proposed(
    tmp_path: Path,
) -> None:
    """Names with and without a sign, odd names: init writes, check agrees."""
    log, dialect = tmp_path / "l.log", tmp_path / "l.toml"
    lines = [
        "TRACE: pos = 1.0 2.0 nan",
        "TRACE: ../../etc/x = 1",
        "TRACE: '; DROP TABLE tap;-- = 2",
        "step=3 energy -1.5e-3 eV",
        "step=4 energy inf eV",
    ]
    log.write_text("\n".join(lines))
    dialect.write_text(DIALECT)
    assert check(dialect, log).overlooked == 5
    dialect.write_text(dialect_text(propose(lines), "l", "l.log"))
    found = check(dialect, log)
    assert (found.overlooked, found.unnamed, found.rejects) == (0, {}, ())
    assert found.share == 1
    parsed = parse_log(log, dialect)
    energies = [e for e in parsed.events if e.tap == "energy"]
    assert [(e.values.tolist(), e.unit) for e in energies] == [
        ([-1.5e-3], "eV"),
        ([float("inf")], "eV"),
    ]


def test_a_family_behind_a_shorter_prefix_is_told(tmp_path: Path) -> None:
    """The first prefix that fits counts; check says what reads nothing."""
    log, dialect = tmp_path / "l.log", tmp_path / "l.toml"
    log.write_text("TRACE: a = 1\nTRACE b = 2\n")
    family = (
        "[[family]]\nname = \"{0}\"\nprefix = '{0}'\nforms = ['assigned']\n"
    )
    top = 'dialect = "l"\nprogram = "l"\n'
    short, long = family.format("TRACE"), family.format("TRACE:")
    dialect.write_text(top + short + long)
    assert check(dialect, log).covered == {"TRACE:": "TRACE"}
    dialect.write_text(top + long + short)
    assert check(dialect, log).covered == {}
