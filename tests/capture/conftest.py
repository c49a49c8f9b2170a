"""What holds for every test of taps."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    """Nothing compiled in one test is there in the next."""
    yield
    if "torch._dynamo" in sys.modules:
        import torch
        from torch._dynamo.utils import counters

        torch._dynamo.reset()
        counters.clear()
