"""Every file that a program opened is known, and what the run took."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

import tracekit as tk
from tests.greeting import facts_of, files_of
from tracekit.processes.opened import Way, strace_works
from tracekit.programs import run

OPENS = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void *nap(void *unused) { usleep(200000); return unused; }
int main(int count, char **words)
{
    char *memory = calloc(64, 1 << 20);
    pthread_t thread[3];
    memset(memory, 1, 64 << 20);
    FILE *file = fopen("side file.bin", "rb");
    for (int i = 0; i < 3; i++) pthread_create(thread + i, NULL, nap, NULL);
    FILE *named = count > 1 ? fopen(words[1], "r") : NULL;
    FILE *made = fopen("made.bin", "wb");
    fputs("made", made);
    fflush(made);
    int again = open("side file.bin", O_RDONLY);
    fprintf(stderr, "to stderr\n");
    printf("no end of line %d %d", file != NULL, named != NULL);
    for (int i = 0; i < 3; i++) pthread_join(thread[i], NULL);
    return again < 0;
}
"""


@pytest.fixture(scope="module")
def opens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of four threads that reads two files and writes one."""
    folder = tmp_path_factory.mktemp("opens")
    (folder / "o.c").write_text(OPENS)
    subprocess.run(
        ["cc", "-pthread", "-o", str(folder / "o"), str(folder / "o.c")],
        check=True,
    )
    return folder / "o"


@pytest.mark.parametrize("way", ["strace", "preload", "proc"])
def test_every_opened_file_is_known(
    way: Way, opens: Path, tmp_path: Path
) -> None:
    """Whichever way it is seen: read, read by name, or written."""
    if way == "strace" and not strace_works():
        pytest.skip("strace is not installed, or may not trace")
    working = tmp_path / "working"
    working.mkdir()
    (working / "side file.bin").write_bytes(b"side")
    (tmp_path / "named.hkl").write_bytes(b"named")
    trace, status = run(
        [str(opens), str(tmp_path / "named.hkl")],
        trace=tmp_path / "t",
        cwd=working,
        dialect="tracekit",
        files=way,
    )
    assert status == 0
    files = files_of(trace)
    for role, name in (
        ("side", "side file.bin"),
        ("input", "named.hkl"),
        ("output", "made.bin"),
    ):
        content = name.split(".")[0].split()[0].encode()
        assert files[role, name] == hashlib.sha256(content).hexdigest()
    assert files["present", "side file.bin"] == files["side", "side file.bin"]
    assert ("present", "made.bin") not in files
    roles = {role for role, _ in files}
    assert roles == {"side", "input", "output", "present", "binary"}
    assert way in facts_of(trace)["files_by"]


def test_what_a_run_took_and_was(opens: Path, tmp_path: Path) -> None:
    """Binary, build id, threads, memory and time; both streams are kept."""
    trace, _ = run(
        [str(opens)], trace=tmp_path / "t", cwd=tmp_path, dialect="tracekit"
    )
    facts, files = facts_of(trace), files_of(trace)
    content = opens.read_bytes()
    assert files["binary", "o"] == hashlib.sha256(content).hexdigest()
    assert facts["threads"] == "4"
    assert 64 << 20 < int(facts["peak_memory_bytes"]) < 90 << 20
    assert 0.2 < float(facts["wall_seconds"]) < 60
    assert 0 < float(facts["cpu_seconds"]) < 60
    log = (tmp_path / "t" / "output.log").read_text()
    assert log == "to stderr\nno end of line 0 0"
    assert (tmp_path / "t" / "stderr.log").read_text() == "to stderr\n"
    assert "nothing of the dialect" in facts["log"]
    if shutil.which("readelf"):
        said = subprocess.run(
            ["readelf", "-n", str(opens)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert facts["build_id"].startswith("(") or (
            f"Build ID: {facts['build_id']}" in said
        )


def test_the_other_run_did_not_read_it(opens: Path, tmp_path: Path) -> None:
    """A file that the log never names is a difference, too."""
    traces = []
    for name in ("actual", "expected"):
        working = tmp_path / name
        working.mkdir()
        if name == "expected":
            (working / "side file.bin").write_bytes(b"old")
        traces.append(
            run(
                [str(opens)],
                trace=tmp_path / f"{name}.trace",
                cwd=working,
                dialect="tracekit",
            )[0]
        )
    (fact,) = tk.compare(*traces).configuration
    digest = hashlib.sha256(b"old").hexdigest()
    assert fact["key"] == "file side file.bin"
    assert (fact["kind"], fact["actual"]) == ("differs", "not read")
    assert fact["expected"] == f"read, sha256 {digest}"


def test_what_a_way_cannot_see_is_said(tmp_path: Path) -> None:
    """A preloaded library sees nothing of a program that is static."""
    (tmp_path / "s.c").write_text(
        "#include <stdio.h>\n"
        'int main(void) { return !fopen("side.bin", "r"); }\n'
    )
    (tmp_path / "side.bin").write_text("")
    built = subprocess.run(
        ["cc", "-static", "-o", "s", "s.c"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    if built.returncode:
        pytest.skip("this machine has no static C library")
    said = {}
    ways: tuple[Way, ...] = ("preload", "auto")
    for way in ways:
        trace, status = run(
            [str(tmp_path / "s")],
            trace=tmp_path / way,
            cwd=tmp_path,
            files=way,
        )
        assert status == 0
        said[way] = facts_of(trace)["files_by"]
    assert "sees nothing, since the program is linked" in said["preload"]
    assert said["auto"].startswith(("strace", "/proc"))
