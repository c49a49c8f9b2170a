"""Every example runs as it stands."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SAYS = {
    "tap_a_function": "diffract",
    "read_a_c_log": "First divergence: omega at pixel (2, 3)",
    "find_the_bug": "First divergence: scattering_vec",
    "ask_your_own_question": "error",
}


def test_every_example_is_listed() -> None:
    """Each file in examples/ stands in its README and in this test."""
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    readme = (EXAMPLES / "README.md").read_text()
    assert names == set(SAYS)
    assert all(f"`{name}.py`" in readme for name in names)


@pytest.mark.parametrize("name", sorted(SAYS))
def test_example_runs(name: str) -> None:
    """An example ends well and says what it is about."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert SAYS[name] in done.stdout
