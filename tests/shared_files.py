"""Where the files of the real nanoBragg program lie, for tests."""

import os
from pathlib import Path

import pytest

SHARED = Path(
    os.environ.get("TRACEKIT_SHARED", Path(__file__).parents[2] / "shared")
)
NANOBRAGG = SHARED / "nanobragg"

needs_shared = pytest.mark.skipif(
    not NANOBRAGG.is_dir(),
    reason=f"needs the real program's files in {NANOBRAGG.parent.name}/"
    "nanobragg beside the checkout, or TRACEKIT_SHARED",
)
