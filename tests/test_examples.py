"""Every example runs as it stands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_files import NANOBRAGG

EXAMPLES = Path(__file__).parents[1] / "examples"
SAYS = {
    "tap_a_function": "diffract",
    "read_a_c_log": "First divergence: omega at pixel (2, 3)",
    "instrument_a_c_program": "First divergence: curvature step=0 y=9 x=16",
    "find_the_bug": "First divergence: scattering_vec",
    "ask_your_own_question": "error",
    "edge_vs_centre": "## one: centre, other: edge",
}
# Of the real C program, as its log prints them: edge and centre.
REAL = {
    "accumulated_intensity": (141520.166457388, 612801040.285573),
    "last_omega_applied": (8.86109941671327e-09, 9.99999983125e-09),
    "last_polar": (0.961276939690433, 0.999999994375),
    "normalized_intensity": (0.000301366151806705, 1.53200256624388),
}
# What the story's own trace script wrote for the edge: of the pixel's centre
# alone, and yet divided by the number of sub-pixels.
STORY = 35428.86956119085


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


def test_notebook_runs() -> None:
    """The notebook runs from beginning to end, and holds no outputs."""
    path = EXAMPLES / "ask_two_runs.ipynb"
    cells = json.loads(path.read_text())["cells"]
    assert all(not cell.get("outputs") for cell in cells)
    program = (
        "import sys, nbformat, nbclient\n"
        "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
        "nbclient.NotebookClient(notebook, kernel_name='python3').execute()\n"
        "print(nbformat.writes(notebook))\n"
    )
    root = str(EXAMPLES.parent)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for said in (
        "First divergence: state step=0 cell=0",
        "actual holds float32 numbers only",
        "max_rel_error",
        "(2, 0.0159",
    ):
        assert said in done.stdout
    assert f"`{path.name}`" in (EXAMPLES / "README.md").read_text()


def test_edge_and_centre_are_the_real_programs(tmp_path: Path) -> None:
    """The original task's files hold the real C program's numbers."""
    example = str(EXAMPLES / "edge_vs_centre.py")
    for place, (tag, pixel) in enumerate(
        {"edge": "0 0", "centre": "2048 2048"}.items()
    ):
        words = f"--pixel {pixel} --tag {tag} --oversample 2 --json"
        words += f" --taps intensity,f_cell --out-dir {tmp_path}"
        secret = {**os.environ, "API_TOKEN": "hunter2"}
        done = subprocess.run(
            [sys.executable, example, *words.split()],
            env=secret, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        name = f"pixel_{pixel.replace(' ', '_')}"
        for side in (tmp_path, tmp_path / "c"):
            path = side / f"{name}_intensity_pre_norm.json"
            norm = json.loads(path.read_text())
            values = norm["values"]
            assert (values["steps"], values["last_capture_fraction"]) == (4, 1)
            for key, numbers in REAL.items():
                assert values[key] == pytest.approx(numbers[place], rel=1e-14)
            stats = json.loads(
                (side / f"{name}_f_cell_stats.json").read_text()
            )
            assert stats["values"]["mean_f_cell"] == 100.0
            assert stats["values"]["out_of_bounds_count"] == 0
    four = REAL["accumulated_intensity"][0] / STORY
    assert four == pytest.approx(3.9945, abs=1e-4)  # their "4x"
    same_keys_as_the_story(tmp_path)
    summary = (tmp_path / "pre_norm_summary.md").read_text(encoding="ascii")
    assert "| I_before_scaling | 612801040.285573" in summary
    assert "PyTorch against C, close" in summary
    commands = (tmp_path / "commands.txt").read_text()
    assert "torch=" in commands
    assert "hunter2" not in commands


def same_keys_as_the_story(place: Path) -> None:
    """The files have the keys and types of those in the story."""
    for name in ("intensity_pre_norm", "f_cell_stats"):
        path = NANOBRAGG / "tap_json" / f"pixel_0_0_{name}.json"
        if not path.is_file():
            continue
        theirs = json.loads(path.read_text())
        ours = json.loads((place / path.name).read_text())
        assert theirs["tap_id"] == ours["tap_id"]
        assert theirs["values"].keys() == ours["values"].keys()
        for key, value in theirs["values"].items():
            assert type(value) is type(ours["values"][key])
        if name == "f_cell_stats":
            assert theirs["values"] == ours["values"]


def test_five_lines_instrument_a_program() -> None:
    """Without them it is a C program like any other."""
    lines = (EXAMPLES / "heat" / "heat.c").read_text().splitlines()
    added = [line for line in lines if line.endswith("/* tap */")]
    assert len(added) == 5
    plain = "\n".join(line for line in lines if line not in added)
    assert "TK_" not in plain
    subprocess.run(
        ["cc", "-std=c99", "-Wall", "-Werror", "-fsyntax-only", "-xc", "-"],
        input=plain,
        text=True,
        check=True,
    )
