"""What holds for every test."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tracekit import _state

# time limits of single examples would fail on a busy machine
settings.register_profile("tracekit", deadline=None, max_examples=50)
settings.load_profile("tracekit")


@pytest.fixture(autouse=True)
def _no_recorder_is_left() -> Iterator[None]:
    """A test that leaves a recorder active would spoil the next one."""
    yield
    assert _state.recorders == ()
    assert not _state.recording
    assert _state.scopes.get() == ()
