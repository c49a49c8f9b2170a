"""Pages for readers: their code runs, and what they name is there."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_the_code_of_the_readme_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its blocks, one after the other, in a folder of their own."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) >= 2
    monkeypatch.chdir(tmp_path)
    code = compile("\n".join(blocks), str(README), "exec")
    exec(code, {"__name__": "readme"})  # noqa: S102 - our own page
    assert "CLOSE" in capsys.readouterr().out


def test_every_path_of_the_readme_is_there() -> None:
    """Files and folders that the page names exist."""
    named = re.findall(
        r"`((?:tracekit|examples|queries|simulator)/[\w./]*)`",
        README.read_text(),
    )
    assert named
    for path in named:
        assert (README.parent / path).exists(), path


def test_the_oldest_torch_is_the_one_that_the_tests_run_with() -> None:
    """What is installed, what the README says and CONTRIBUTING's command."""
    root = README.parent
    (oldest,) = re.findall(
        r'"torch>=([\d.]+)"', (root / "pyproject.toml").read_text()
    )
    assert f"torch {oldest}+" in README.read_text()
    assert f"torch=={oldest}.0\n" in (root / "CONTRIBUTING.md").read_text()


def test_the_page_of_capture_names_each_of_its_files() -> None:
    """A file that is new stands in its table, and none that is gone."""
    folder = README.parent / "tracekit" / "capture"
    text = (folder / "README.md").read_text()
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    table = text.partition("## The files")[2].partition("##")[0]
    assert set(re.findall(r"`(\w+\.py)`", table)) == files
