"""dialect init and dialect check."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers import Cli


def test_a_dialect_is_proposed_and_checked(cli: Cli, tmp_path: Path) -> None:
    """``dialect init`` writes a file that ``dialect check`` and parse read."""
    log, dialect = tmp_path / "c.log", tmp_path / "mine.toml"
    log.write_text("DEBUG: omega = 1.5 sr\nDEBUG: hkl = 1 2 3\n")
    status, _, err = cli("dialect", "init", log, "-o", dialect)
    assert (status, err[:5]) == (0, "wrote")
    status, out, _ = cli("dialect", "check", dialect, log, "--json")
    assert json.loads(out)["share"] == 1.0
    status, out, _ = cli("parse", log, "--dialect", dialect, "--json")
    assert json.loads(out)["taps"] == ["omega", "hkl"]
    status, _, err = cli("dialect", "init", log, "-o", dialect)
    assert status == 2
    assert "it may hold your corrections" in err


def test_derived_taps_of_a_dialect_are_checked(
    cli: Cli, tmp_path: Path
) -> None:
    """``dialect check`` holds expressions against the log's own numbers."""
    log, dialect = tmp_path / "c.log", tmp_path / "mine.toml"
    log.write_text("DEBUG: a = 2\nDEBUG: b = 4\nDEBUG: c = 5\nDEBUG: d = 1\n")
    cli("dialect", "init", log, "-o", dialect)
    rules = {"b": "a * 2", "c": "a * 2", "d": "a.x"}
    text = dialect.read_text()
    (title,) = [line for line in text.splitlines() if line.endswith(".a]")]
    for name, rule in rules.items():
        own = title.replace(".a]", f".{name}]")
        text = text.replace(own, f'{own}\nderived = "{rule}"')
    dialect.write_text(text)
    status, out, _ = cli("dialect", "check", dialect)
    assert (status, out.split(", ")[-1]) == (0, "3 derived taps\n")
    status, out, _ = cli("dialect", "check", dialect, log)
    line = text[: text.index('"a * 2"')].count("\n") + 1
    assert f"{dialect}:{line}: b = a * 2: holds for 1 of its numbers" in out
    assert "c = a * 2: 1 of 1 number differ, the largest error is 0.2" in out
    assert "d = a.x: a has no component 'x'; it is a single number" in out
    status, out, _ = cli("dialect", "check", dialect, log, "--json")
    rows = {row["tap"]: row for row in json.loads(out)["derived"]}
    assert (rows["b"]["diverged"], rows["c"]["diverged"]) == (0, 1)


def test_a_wrong_dialect_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    """``dialect check`` names the file, the key and what is wrong."""
    wrong = tmp_path / "mine.toml"
    wrong.write_text('dialect = "mine"\nprogram = "mine"\nfamly = 1\n')
    status, _, err = cli("dialect", "check", wrong)
    assert status == 2
    assert "family: is missing" in err
