"""What a dialect reads of a log, said in figures."""

import re
from pathlib import Path

import tracekit.logs
from tracekit.logs.checking import check

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
