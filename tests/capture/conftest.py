"""What holds for every test of taps."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    """Nothing compiled in one test, of any folder, is there in the next."""
    _forget_graphs()
    yield
    _forget_graphs()


def _forget_graphs() -> None:
    if "torch._dynamo" in sys.modules:
        import torch
        from torch._dynamo.utils import counters

        torch._dynamo.reset()
        counters.clear()
