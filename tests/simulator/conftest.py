"""Fixtures of the simulator's tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build for all tests of this file, apart from the user's cache."""
    return tmp_path_factory.mktemp("built")
