"""The C program's files, errors and build."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from simulator import SimulatorError, parse_options, reference
from tests.simulator.reference_runs import CUBIC, simulated


def test_a_stale_dump_is_used_and_named(tmp_path: Path, kept: Path) -> None:
    """Reading hkl leaves Fdump.bin, which a later run without hkl reads."""
    words = (CUBIC + " -pixel 1").split()
    clean = simulated(words, tmp_path, kept)
    (tmp_path / "few.hkl").write_text("0 0 0 5\n1 -1 2 50\n")
    first = reference.run(
        [*words, "-hkl", "few.hkl"], tmp_path, directory=kept
    )
    assert "TRACEKIT file output : Fdump.bin" in first
    assert "TRACEKIT config hkls : 2\n" in first
    with_file = simulated([*words, "-hkl", "few.hkl"], tmp_path, kept)
    log = reference.run(words, tmp_path, directory=kept)
    assert "TRACEKIT file side : Fdump.bin" in log
    assert "TRACEKIT config structure_factors : Fdump.bin" in log
    assert "TRACEKIT config hkls : 12\n" in log
    stale = simulated(words, tmp_path, kept)
    assert np.array_equal(stale, with_file)
    assert not np.array_equal(stale, clean)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (CUBIC + " -wrong 3", "unknown option '-wrong'"),
        (CUBIC + " -distance", "-distance: a value is missing"),
        (CUBIC + " -distance far", "-distance: expected a number"),
        (CUBIC + " -oversample 1e1", "-oversample: expected a whole number"),
        (CUBIC + " -hkl none.hkl", "-hkl: can't read 'none.hkl'"),
        (CUBIC + " -mat none.mat", "-mat: can't read 'none.mat'"),
        (CUBIC + " -sourcefile none", "-sourcefile: can't read 'none'"),
        (CUBIC + " -mask none", "-mask: can't read 'none'"),
        (CUBIC + " -image no/where.npy", "can't write 'no/where.npy'"),
        (CUBIC + " -noisefile n.img", "-noisefile: noise images"),
        (CUBIC + " -trace_pixel 64 0", "outside the detector"),
        (CUBIC + " -osc 0 -phistep 1", "no phi step"),
        ("-default_F 1", "no unit cell"),
        ("-cell 9 9 9 90 90 90", "no structure factors"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    options: str, message: str, tmp_path: Path, kept: Path
) -> None:
    """A wrong command line ends with status 2 and one clear line."""
    line = reference.command(options.split(), directory=kept)
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    with pytest.raises(SimulatorError, match=re.escape(message)):
        reference.run(options.split(), tmp_path, directory=kept)


def test_output_files(tmp_path: Path, kept: Path) -> None:
    """float32, SMV and PGM hold the image; the mask leaves pixels out."""
    words = [*CUBIC.split(), "-floatfile", "f", "-intfile", "i",
             "-pgmfile", "p", "-scale", "2"]  # fmt: skip
    image = simulated(words, tmp_path, kept)
    floats = np.fromfile(tmp_path / "f", "<f4").reshape(64, 64)
    assert np.array_equal(floats, image.astype(np.float32))
    raw = (tmp_path / "i").read_bytes()
    assert raw.startswith(b"{\nHEADER_BYTES=512;")
    counts = np.frombuffer(raw[512:], "<u2").reshape(64, 64)
    assert np.array_equal(counts, np.floor(floats.astype(float) * 2 + 40.5))
    assert (tmp_path / "p").read_bytes().startswith(b"P5\n64 64\n")
    header, mask = raw[:512], np.ones((64, 64), "<u2")
    mask[32] = 0
    (tmp_path / "m").write_bytes(header + mask.tobytes())
    left = simulated([*words, "-mask", "m"], tmp_path, kept)
    assert not left[32].any()
    assert np.array_equal(np.delete(left, 32, 0), np.delete(image, 32, 0))


@pytest.mark.parametrize(
    ("words", "there"),
    [("-pgmfile p -nopgm", False), ("-nopgm -pgmfile p", True),
     ("-pgmfile p -nopgm -pgmscale 2", True)],
)  # fmt: skip
def test_a_pgm_is_written_unless_nopgm_comes_last(
    words: str, there: bool, tmp_path: Path, kept: Path
) -> None:
    """-pgmfile and -pgmscale take an earlier -nopgm back."""
    options = f"{CUBIC} -detpixels 4 {words}".split()
    reference.run(options, tmp_path, directory=kept)
    assert (tmp_path / "p").exists() == there
    (tmp_path / "p").unlink(missing_ok=True)
    assert parse_options(options).pgm == there


def test_builds_at_once_are_safe(tmp_path: Path) -> None:
    """Two builders get the same whole program and leave nothing behind."""
    quick = ("-O0", "-std=c11")
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(reference.build, tmp_path, flags=quick)
            for _ in range(2)
        ]
    (program,) = {built.result() for built in both}
    assert [p.name for p in program.parent.iterdir()] == ["nanobragg"]
    assert reference.build(tmp_path, flags=quick) == program


def test_a_missing_compiler_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without cc the message says what is missing and what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorError, match="no C compiler"):
        reference.build(tmp_path)


def test_the_compilers_own_words_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing build shows what the compiler said, and keeps no program."""
    (tmp_path / "broken.c").write_text("int main(void) { return x; }\n")
    monkeypatch.setattr(reference, "SOURCES", tmp_path)
    with pytest.raises(SimulatorError, match=r"(?s)broken\.c.*undeclared"):
        reference.build(tmp_path / "kept")
    assert list(tmp_path.rglob("nanobragg")) == []
