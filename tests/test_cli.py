"""The command line: exit status, one JSON document, one clear sentence."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracekit as tk
from tests.helpers import Cli


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


def test_compare_exits_0_when_close(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A trace is close to itself, and the status says so."""
    status, out, _ = cli("compare", traces[1], traces[1])
    assert status == 0
    assert out.startswith("CLOSE")


def test_compare_exits_1_and_names_the_first_divergence(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A diverged comparison says which tap and pixel came first."""
    status, out, _ = cli("compare", *traces)
    assert status == 1
    assert "First divergence: area at pixel (0, 0)" in out


def test_compare_json_is_one_document_with_the_promised_keys(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """Scripts get one JSON document with every documented key."""
    status, out, _ = cli("compare", *traces, "--json")
    document = json.loads(out)
    assert status == 1
    assert document["verdict"] == "diverged"
    assert document["configuration"] == []
    assert document["gaps"] == []
    first = document["first_divergence"]
    assert first["tap"] == "area"
    assert first["pixel"] == [0, 0]
    assert first["coordinate"] == {}
    assert first["component"] is None
    assert first["unit"] == "m^2"
    assert first["abs_error"] == pytest.approx(1e-3)
    assert {"actual", "expected", "rel_error", "ulps"} <= first.keys()
    assert [tap["tap"] for tap in document["taps"]] == ["R", "area"]
    assert {
        "compared", "diverged", "max_abs_error", "max_rel_error", "max_ulps",
        "nan_mismatches", "worst_pixel",
    } <= document["taps"][1].keys()  # fmt: skip


def test_incomparable_exits_2_with_one_sentence(
    cli: Cli, tmp_path: Path, traces: tuple[Path, Path]
) -> None:
    """Two traces without a common tap can't be compared."""
    with tk.record(tmp_path / "other"):
        tk.tap(1.0, "something_else")
    status, out, err = cli("compare", tmp_path / "other", traces[1])
    assert status == 2
    assert "INCOMPARABLE" in out
    assert err.strip().startswith("tracekit: no number lines up")


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "missing.trace", "missing.log"),
        ("show", "missing.trace"),
        ("parse", "missing.log"),
        ("query", "no_such_query", "missing.trace"),
        ("sql", "SELECT 1"),
        ("run", "-o", "t.trace"),
        ("export", "missing.trace", "-o", "x.csv"),
    ],
)
def test_what_cannot_be_done_exits_2(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    """A wrong call ends with status 2 and a sentence, not a traceback."""
    status, out, err = cli(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("tracekit: ")
    assert "Traceback" not in err


def test_nan_and_large_integers_are_strings_in_json(
    cli: Cli, tmp_path: Path
) -> None:
    """JSON has no NaN, infinity or exact 2^60: they are spelled as strings."""
    for name, value in (("a", np.inf), ("e", 1.0)):
        with tk.record(tmp_path / name):
            tk.tap(value, "x")
            tk.tap(2**60 + (name == "a"), "big")
    _, out, _ = cli("compare", tmp_path / "a", tmp_path / "e", "--json")
    document = json.loads(out)
    assert document["first_divergence"]["actual"] == "inf"
    assert document["taps"][0]["max_abs_error"] == "inf"


def test_query_and_sql_answer_as_rows(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A library query, own SQL and an own file with a parameter all run."""
    _, out, _ = cli("query", "first_divergence", *traces, "--json")
    assert [row["tap"] for row in json.loads(out)] == ["area"]
    _, out, _ = cli("sql", "SELECT 7 AS seven", traces[0], "--json")
    assert json.loads(out) == [{"seven": 7}]
    own = traces[0].parent / "own.sql"
    own.write_text("SELECT count(*) AS n FROM element WHERE tap = $tap")
    _, out, _ = cli("query", own, traces[0], "--param", "tap=R", "--json")
    assert json.loads(out) == [{"n": 4}]


def test_parameters_of_a_query(cli: Cli, traces: tuple[Path, Path]) -> None:
    """A query of the library takes its own parameters, and no others."""
    _, out, _ = cli(
        "query", "worst_numbers", *traces, "--param", "how_many=2",
        "--param", "tap_glob=are*", "--json",
    )  # fmt: skip
    assert [row["tap"] for row in json.loads(out)] == ["area", "area"]
    _, out, _ = cli(
        "query", "elements_of", traces[0], "--param", "at_pixel=[0, 1]",
        "--json",
    )  # fmt: skip
    assert len(json.loads(out)) == 2
    status, _, err = cli("query", "worst_numbers", *traces, "--param", "top=2")
    assert status == 2
    assert "no parameter 'top'; it has: tap_glob, how_many" in err
    status, _, err = cli("query", "faults", *traces, "--param", "oops")
    assert (status, "expected name=value" in err) == (2, True)


def test_a_query_that_can_not_be_asked(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A question about two traces, and a parameter, are asked for."""
    status, _, err = cli("query", "faults", traces[0])
    assert (status, "give ACTUAL and EXPECTED" in err) == (2, True)
    own = traces[0].parent / "own.sql"
    own.write_text("FROM element WHERE tap = $tap AND slow = $slow")
    status, _, err = cli("query", own, traces[0], "--param", "tap=R")
    assert (status, "give --param slow=VALUE" in err) == (2, True)
    status, _, err = cli("sql", " ", traces[0])
    assert (status, "the query is empty" in err) == (2, True)


def test_calibrate_proposes_a_policy(
    cli: Cli, traces: tuple[Path, Path], tmp_path: Path
) -> None:
    """Two runs are close under what calibrate writes; a policy is kept."""
    policy = tmp_path / "policy.toml"
    assert cli("calibrate", *traces, "-o", policy)[0] == 0
    assert cli("compare", *traces, "--policy", policy)[0] == 0
    status, _, err = cli("calibrate", *traces, "-o", policy)
    assert (status, "exists" in err) == (2, True)
    status, out, err = cli("calibrate", traces[0])
    assert (status, out, "two runs" in err) == (2, "", True)
    assert cli("calibrate", *traces)[1] == policy.read_text()


def test_compare_writes_html(
    cli: Cli, traces: tuple[Path, Path], tmp_path: Path
) -> None:
    """--html writes a page beside what is printed."""
    page = tmp_path / "report.html"
    assert cli("compare", *traces, "--html", page)[0] == 1
    assert "First divergence: area" in page.read_text()


def test_query_list_documents_every_query(cli: Cli) -> None:
    """--list shows each query with its header."""
    status, out, _ = cli("query", "--list")
    assert status == 0
    assert "first_divergence" in out
    assert "where the two runs first differ" in out


def test_show_prints_the_numbers_of_a_tap(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A tap's numbers at one pixel can be read without SQL."""
    _, out, _ = cli(
        "show", traces[1], "--tap", "R", "--pixel", "0", "1", "--json"
    )
    assert [row["value"] for row in json.loads(out)] == ["0.1"]
    _, out, _ = cli("show", traces[1], "--json")
    assert [row["tap"] for row in json.loads(out)["taps"]] == ["R", "area"]


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


@pytest.mark.parametrize("words", ["compare", "--help", "query --list"])
def test_main_needs_no_torch(traces: tuple[Path, Path], words: str) -> None:
    """What is large isn't loaded, and stored traces are compared by SQL."""
    of = map(str, traces if words == "compare" else ())
    program = (
        "import sys\n"
        "from tracekit.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'pint', 'pandas', 'rich', 'structlog', 'asyncio',"
        " 'numpy', 'pyarrow', 'tracekit.schema'} & {*sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words.split(), *of],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "set()"


def test_a_dialect_is_proposed_and_checked(cli: Cli, tmp_path: Path) -> None:
    """``dialect init`` writes a file that ``dialect check`` and parse read."""
    log, dialect = tmp_path / "c.log", tmp_path / "mine.toml"
    log.write_text("DEBUG: omega = 1.5 sr\nDEBUG: hkl = 1 2 3\n")
    status, _, err = cli("dialect", "init", log, "-o", dialect)
    assert (status, err[:5]) == (0, "wrote")
    status, out, _ = cli("dialect", "check", dialect, log, "--json")
    assert json.loads(out)["share"] == 1.0
    status, out, _ = cli("parse", log, "--dialect", dialect, "--json")
    assert json.loads(out)["taps"] == ["omega", "hkl"]
    status, _, err = cli("dialect", "init", log, "-o", dialect)
    assert status == 2
    assert "it may hold your corrections" in err


def test_derived_taps_of_a_dialect_are_checked(
    cli: Cli, tmp_path: Path
) -> None:
    """``dialect check`` holds expressions against the log's own numbers."""
    log, dialect = tmp_path / "c.log", tmp_path / "mine.toml"
    log.write_text("DEBUG: a = 2\nDEBUG: b = 4\nDEBUG: c = 5\nDEBUG: d = 1\n")
    cli("dialect", "init", log, "-o", dialect)
    rules = {"b": "a * 2", "c": "a * 2", "d": "a.x"}
    text = dialect.read_text()
    (title,) = [line for line in text.splitlines() if line.endswith(".a]")]
    for name, rule in rules.items():
        own = title.replace(".a]", f".{name}]")
        text = text.replace(own, f'{own}\nderived = "{rule}"')
    dialect.write_text(text)
    status, out, _ = cli("dialect", "check", dialect)
    assert (status, out.split(", ")[-1]) == (0, "3 derived taps\n")
    status, out, _ = cli("dialect", "check", dialect, log)
    line = text[: text.index('"a * 2"')].count("\n") + 1
    assert f"{dialect}:{line}: b = a * 2: holds for 1 of its numbers" in out
    assert "c = a * 2: 1 of 1 number differ, the largest error is 0.2" in out
    assert "d = a.x: a has no component 'x'; it is a single number" in out
    status, out, _ = cli("dialect", "check", dialect, log, "--json")
    rows = {row["tap"]: row for row in json.loads(out)["derived"]}
    assert (rows["b"]["diverged"], rows["c"]["diverged"]) == (0, 1)


def test_a_wrong_dialect_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    """``dialect check`` names the file, the key and what is wrong."""
    wrong = tmp_path / "mine.toml"
    wrong.write_text('dialect = "mine"\nprogram = "mine"\nfamly = 1\n')
    status, _, err = cli("dialect", "check", wrong)
    assert status == 2
    assert "family: is missing" in err


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


def test_a_tap_that_is_not_there_is_no_empty_table(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """A name that is spelled wrong is told, with the names there are."""
    status, _, said = cli("show", traces[0], "--tap", "aera")
    assert status == 2
    assert "has no tap 'aera'; it has R, area; did you mean 'area'?" in said
    assert cli("show", traces[0], "--tap", "ar*")[0] == 0


def test_a_misspelled_command_or_query_has_a_near_one(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """The name that was meant stands at the end of the error."""
    assert "did you mean 'compare'?" in cli("compar")[2]
    assert "did you mean 'faults'?" in cli("query", "fault", *traces)[2]


def test_parse_knows_our_own_lines(cli: Cli, tmp_path: Path) -> None:
    """As comparisons do; what the user says goes first."""
    log = tmp_path / "c.log"
    log.write_text("prose\nTRACEKIT tap x : 1.5\n")
    assert json.loads(cli("parse", log, "--json")[1])["taps"] == ["x"]
    assert cli("parse", log, "--dialect", "nanobragg")[0] == 2
