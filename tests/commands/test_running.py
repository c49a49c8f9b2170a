"""run, parse, array and c-header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import tracekit as tk
from tests.helpers import Cli


def test_parse_counts_what_was_read(cli: Cli, tmp_path: Path) -> None:
    """--json gives the counts; a line that isn't understood is one of them."""
    log = tmp_path / "c.log"
    log.write_text(
        "hello\n"
        "TRACEKIT tap R slow=1 fast=2 unit=m : 0.5 0.25\n"
        "TRACEKIT nonsense\n"
    )
    status, out, _ = cli("parse", log, "--dialect", "tracekit", "--json")
    counts: dict[str, Any] = json.loads(out)
    assert status == 0
    assert counts["events"] == 1
    assert counts["elements"] == 2
    assert counts["coordinates"] == 2
    assert counts["rejects"] == 1
    assert counts["pixels"] == [[1, 2]]
    assert counts["taps"] == ["R"]
    status, out, _ = cli(
        "parse", log, "--dialect", "tracekit", "-o", tmp_path / "c.trace"
    )
    assert status == 0
    assert tk.read_trace(tmp_path / "c.trace").taps == ("R",)
    assert tk.read_trace(tmp_path / "c.trace").rejects == 1


def test_array_makes_a_trace(cli: Cli, tmp_path: Path) -> None:
    """An image, plain numbers and a table become traces that compare."""
    image = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "a.npy", image)
    (tmp_path / "a.bin").write_bytes(image.tobytes())
    (tmp_path / "a.csv").write_text("slow,fast,image\n0,0,0.0\n1,2,5.0\n")
    named = ("--tap", "image", "--dims", "slow fast")
    a, b, c = (tmp_path / name for name in ("a", "b", "c"))
    raw = ("--dtype", "float32", "--shape", "2 3")
    assert cli("array", tmp_path / "a.npy", "-o", a, *named)[0] == 0
    assert cli("array", tmp_path / "a.bin", "-o", b, *named, *raw)[0] == 0
    csv = ("array", tmp_path / "a.csv", "-o", c, "--dims", "slow fast")
    assert cli(*csv)[0] == 0
    assert cli("compare", a, b)[0] == 0
    assert "image" in cli("show", c)[1]
    status, _, told = cli(
        "array", tmp_path / "a.bin", "-o", tmp_path / "d", "--dtype", "f4",
        "--shape", "2,x",
    )  # fmt: skip
    assert status == 2
    assert "give whole numbers" in told


def test_run_repeats_a_command(cli: Cli, tmp_path: Path) -> None:
    """--repeat exits 0 where the runs agree and 1 where they differ."""
    start = ("run", "--repeat", "2", "--dialect", "tracekit", "-o")
    shell = ("--", "sh", "-c")
    same = cli(*start, tmp_path / "a", *shell, "echo TRACEKIT tap x : 1")
    assert same[0] == 0
    assert "2 runs of the same command agree" in same[2]
    status, out, _ = cli(
        *start,
        tmp_path / "b",
        "--json",
        *shell,
        "echo TRACEKIT tap x : $(date +%s%N)",
    )
    assert status == 1
    told = json.loads(out)
    assert told["deterministic"] is False
    status, _, error = cli(
        "run", "--files", "magic", "-o", tmp_path / "c", *shell, "true"
    )
    assert status == 2
    assert "expected one of auto, strace, preload, proc" in error
    assert told["comparison"]["first_divergence"]["tap"] == "x"


def test_c_header_is_printed_copied_and_found(
    cli: Cli, tmp_path: Path
) -> None:
    """The header and the Fortran module come out as they were shipped."""
    status, printed, _ = cli("c-header")
    assert status == 0
    cli("c-header", "-o", tmp_path / "tracekit.h")
    assert (tmp_path / "tracekit.h").read_text() == printed
    folder = Path(cli("c-header", "--folder")[1].strip())
    assert (folder / "tracekit.h").read_text() == printed
    assert "module tracekit" in cli("c-header", "--fortran")[1]


def test_run_says_what_it_could_not_read(cli: Cli, tmp_path: Path) -> None:
    """Refused taps and rejected lines are counted, shown and in the JSON."""
    script = (
        "echo 'TRACEKIT tap v : 1';"
        "for i in 1 2 3 4 5 6 7 8 9 10 11; do echo 'TRACEKIT tap v : x'; done;"
        "echo \"TRACEKIT refused a tap: a name must be one word: 'a b'\";"
        "kill -KILL $$"
    )
    words = ("--dialect", "tracekit")
    command = ("--", "sh", "-c", script)
    one = tmp_path / "one"
    status, _, told = cli("run", "-o", one, *words, *command)
    assert status == 137
    assert "exit status 137 (SIGKILL)" in told
    assert "12 lines not read:" in told
    assert "output.log:2: 'x' is no number: TRACEKIT tap v : x" in told
    assert f"tracekit show {one} --rejects" in told
    _, out, _ = cli("show", one, "--rejects", "--json")
    assert len(json.loads(out)) == 12
    assert json.loads(out)[-1]["reason"].startswith("the program refused a ta")
    shown = [line.split() for line in cli("show", one)[1].splitlines()]
    assert ["signal", "SIGKILL"] in shown
    assert ["output.log", "log"] in [words[:2] for words in shown]
    two = tmp_path / "two"
    status, out, _ = cli("run", "-o", two, "--json", *words, *command)
    document = json.loads(out)
    assert (status, document["exit_status"]) == (137, 137)
    assert document["signal"] == "SIGKILL"
    assert (document["rejects"], document["events"]) == (12, 1)
    assert document["first_rejects"][0]["line"] == 2
    status, _, told = cli("run", "-o", two, "--repeat", "0", "--", "true")
    assert status == 2
    assert "give 1 for a plain run" in told


def test_parse_knows_our_own_lines(cli: Cli, tmp_path: Path) -> None:
    """As comparisons do; what the user says goes first."""
    log = tmp_path / "c.log"
    log.write_text("prose\nTRACEKIT tap x : 1.5\n")
    assert json.loads(cli("parse", log, "--json")[1])["taps"] == ["x"]
    assert cli("parse", log, "--dialect", "nanobragg")[0] == 2
