"""What holds for every test."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import structlog
import torch
from hypothesis import settings

import tracekit as tk
from tests.helpers import Cli
from tracekit import _state
from tracekit.cli import main

# time limits of single examples would fail on a busy machine
settings.register_profile("tracekit", deadline=None, max_examples=50)
settings.load_profile("tracekit")

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
PINNED = CONSTRAINTS.read_text("utf-8").partition("torch==")[2].strip()
LACKS = re.compile("taps in compiled or transformed .*, which torch .* lacks")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --slow, which runs what takes more than a few seconds, too."""
    parser.addoption("--slow", action="store_true", help="run slow tests too")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of slow tests."""
    config.addinivalue_line("markers", "slow: runs with --slow only")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Skip slow tests unless they are asked for."""
    if not config.getoption("--slow"):
        skip = pytest.mark.skip(reason="slow; run with --slow")
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Iterator[None]:
    """Skip what torch is too old for, as tracekit itself says.

    None of it is where torch is the one in constraints.txt, or newer.
    """
    try:
        return (yield)
    except Exception as error:
        lacks = LACKS.search(str(error))
        if lacks is None or torch.__version__ >= PINNED:
            raise
    pytest.skip(lacks[0])  # holds no frames, in which torch would keep hooks


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """A test that leaves a recorder or a logger would spoil the next one."""
    yield
    structlog.reset_defaults()
    assert _state.recorders == ()
    assert not _state.recording
    assert _state.scopes.get() == ()
    assert _state.traced == ()


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Run a command in this process; returns (status, stdout, stderr)."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        argv = ["tracekit", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", argv)
        monkeypatch.setenv("COLUMNS", "120")
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return int(stopped.value.code or 0), captured.out, captured.err

    return run


def record(path: Path, error: float = 0.0) -> Path:
    """A trace of two taps, the second one off by ``error``."""
    with tk.record(path):
        tk.config("fluence", 1e29, "photon/m^2")
        R = tk.tap(np.full((2, 2), 0.1), "R", "slow fast", unit="m")
        tk.tap(R**2 + error, "area", "slow fast", unit="m^2")
    return path


@pytest.fixture
def traces(tmp_path: Path) -> tuple[Path, Path]:
    """An actual trace that is wrong in its second tap, and the expected."""
    return record(tmp_path / "a", error=1e-3), record(tmp_path / "e")
