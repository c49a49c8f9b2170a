"""What commands print."""

from __future__ import annotations

import pytest

from tracekit.commands.console import print_table


def test_a_table_for_another_program_is_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no terminal ends the line, no column and no cell is cut off."""
    monkeypatch.delenv("COLUMNS", raising=False)
    columns = [f"column_{number}" for number in range(40)]
    print_table([dict.fromkeys(columns, "a long text")], as_json=False)
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == columns
    assert row.count("a long text") == 40


def test_a_table_keeps_to_the_width_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """COLUMNS says how wide a line may be."""
    monkeypatch.setenv("COLUMNS", "60")
    print_table([{"a": "x" * 100, "b": 1}], as_json=False)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60
