"""``python -m simulator``: files, traces, and what it says when it can't."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

import simulator.__main__ as command
import tracekit as tk
from simulator import Quirks, parse_options, simulate
from simulator.images import read_mask

SMALL = (
    "-cell 70 80 90 75 85 95 -default_F 100 -distance 100 -pixel 0.1"
    " -detpixels_x 24 -detpixels_y 16 -lambda 1 -N 5 -oversample 1"
)
TAPS = tomllib.loads(
    (Path(command.__file__).parent / "taps.toml").read_text(encoding="utf-8")
)


# Fired only where the problem has them.
SPECIAL = {
    "Fclose", "Sclose", "hkl_min", "hkl_max", "capture_subpixel",
    "polar_source",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory in which no Fdump.bin lies."""
    monkeypatch.chdir(tmp_path)


def run(words: str) -> int:
    """The exit status of a command line."""
    return command.main(words.split())


def test_images_are_written_in_every_format() -> None:
    """float64 with --image, float32 raw, 16-bit SMV and 8-bit PGM."""
    files = "-floatfile f.bin -intfile i.img -pgmfile p.pgm"
    assert run(f"{SMALL} --image f.npy {files} -nonoise") == 0
    image = np.load("f.npy")
    assert image.shape == (16, 24)
    assert image.dtype == np.float64
    raw = np.fromfile("f.bin", "<f4").reshape(16, 24)
    assert np.array_equal(raw, image.astype(np.float32))
    smv = Path("i.img").read_bytes()
    assert len(smv) == 512 + 2 * image.size
    counts = np.frombuffer(smv, "<u2", offset=512)
    assert counts.max() == 55040
    assert counts.min() >= 40
    pgm = Path("p.pgm").read_bytes()
    assert pgm.startswith(b"P5\n24 16\n")
    assert len(pgm.split(b"255\n", 1)[1]) == image.size


def test_a_mask_leaves_pixels_dark() -> None:
    """Pixels whose mask is 0 are 0 and have no taps; others don't change."""
    assert run(f"{SMALL} --image all.npy -intfile mask.img -adc 0") == 0
    kept = read_mask(Path("mask.img"), (16, 24))
    assert 0 < kept.sum() < kept.size
    assert run(f"{SMALL} --image some.npy -mask mask.img") == 0
    whole, masked = np.load("all.npy"), np.load("some.npy")
    assert np.array_equal(masked, np.where(kept, whole, 0.0))


def test_nopgm_beats_pgmfile() -> None:
    """-nopgm leaves the PGM image out."""
    assert run(f"{SMALL} -pgmfile p.pgm -nopgm") == 0
    assert not Path("p.pgm").exists()


@pytest.mark.parametrize("asks", ["--trace-pixel 3 17", "-trace_pixel 3 17"])
def test_a_trace_holds_the_pixel(asks: str) -> None:
    """Both spellings trace a pixel, with every tap of the list."""
    assert run(f"{SMALL} {asks} --trace t.trace") == 0
    trace = tk.read_trace("t.trace")
    assert set(trace.taps) == set(TAPS) - SPECIAL
    con = tk.connect(actual=trace)
    ((photons,),) = con.sql(
        "SELECT value FROM element WHERE tap = 'intensity'"
    ).fetchall()
    image = simulate(parse_options(SMALL.split()))
    assert photons == float(image[3, 17])


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_taps_have_the_listed_units(backend: str) -> None:
    """Every tap's unit is the one in taps.toml, and all others fire, too."""
    Path("list.hkl").write_text("0 0 0 3\n1 2 3 4\n")
    more = "-xds -oversample_omega -oversample_thick -oversample_polar"
    words = f"{SMALL} {more} -hkl list.hkl --backend {backend}"
    assert run(f"{words} --trace t.trace --trace-pixel 3 17") == 0
    taps = tk.read_trace("t.trace").tables["tap"].to_pylist()
    units = {tap["name"]: tap["unit"] for tap in taps}
    assert units == {name: TAPS[name]["unit"] for name in units}
    assert set(TAPS) - set(units) == {"Fbeam", "Sbeam", "distance"}


def test_taps_can_be_chosen() -> None:
    """--taps takes names and globs."""
    words = "--trace t.trace --trace-pixel 0 0 --taps F_*,R"
    assert run(f"{SMALL} {words}") == 0
    assert set(tk.read_trace("t.trace").taps) == {
        "R", "F_latt_a", "F_latt_b", "F_latt_c", "F_latt", "F_cell",
    }  # fmt: skip


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_quirks_are_stated_and_turned_off(backend: str) -> None:
    """--without names a bug that isn't reproduced, and the trace says so."""
    words = "--trace t.trace --trace-pixel 0 0 --without running_sum"
    assert run(f"{SMALL} {words} --backend {backend}") == 0
    con = tk.connect(actual=tk.read_trace("t.trace"))
    ((stated,),) = con.sql(
        "SELECT text FROM config WHERE key = 'quirks'"
    ).fetchall()
    assert set(stated.split()) == set(Quirks().on) - {"running_sum"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-lambdo 1", "-lambdo: unknown option"),
        ("--backend fortran", "torch and c"),
        ("--trace", "--trace: a value must follow"),
        ("--trace-pixel 1 x", "--trace-pixel 1 x"),
        ("--trase t", "--trase: unknown option"),
        ("--without wisdom", "no quirk has this name"),
        ("--backend c --without wisdom", "no quirk has this name"),
    ],
)
def test_what_can_not_be_done_is_said(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence on stderr, and the status 2."""
    assert run(f"{SMALL} {words}") == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["torch", "c"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--trace-pixel 99 0 --trace t.trace", "16 x 24 pixels"),
        ("--trace-pixel -1 0 --trace t.trace", "16 x 24 pixels"),
        ("-trace_pixel 0 24 --trace t.trace", "16 x 24 pixels"),
        ("-printout_pixel -1 0 --trace t.trace", "16 x 24 pixels"),
        ("--trace-pixel 99 0 --image i.npy", "16 x 24 pixels"),
        ("--trace-pixel 0 99 --trace t.trace --image i.npy", "16 x 24 pixels"),
        ("-lambdo 1", "-lambdo"),
        ("-lambda one", "'one'"),
        ("-lambda", "-lambda"),
        ("-hkl none.hkl", "none.hkl"),
        ("-hkl bad.hkl", "bad.hkl:2"),
        ("-hkl half.hkl", "half.hkl:1"),
        ("-hkl five.hkl", "five.hkl:1"),
        ("-sourcefile bad.hkl", "bad.hkl:2"),
        ("-mat none.mat", "none.mat"),
        ("-mat bad.hkl", "bad.hkl"),
        ("-sourcefile none.txt", "none.txt"),
        ("-mask none.img", "none.img"),
        ("-mask bad.hkl", "bad.hkl"),
        ("-noisefile n.img", "-noisefile"),
        ("-pivot wall", "-pivot"),
        ("-floatfile no/such/place.bin", "no/such/place.bin"),
    ],
)
def test_both_programs_refuse_what_makes_no_image(
    backend: str,
    words: str,
    message: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Wrong pixels, options and files: status 2, and what was wrong."""
    Path("bad.hkl").write_text("0 0 0 3\n1 2 x 4\n")
    Path("half.hkl").write_text("0.5 0 0 3\n")
    Path("five.hkl").write_text("1 0 0 3 1\n")
    assert run(f"{SMALL} {words} --backend {backend}") == 2
    assert message in capfd.readouterr().err


def test_help_lists_our_options(capsys: pytest.CaptureFixture[str]) -> None:
    """--help and --quirks explain themselves."""
    assert run("--help") == 0
    assert run("--quirks") == 0
    out = capsys.readouterr().out
    assert "--trace-pixel S F" in out
    assert "phi_carry_over" in out


def test_both_programs_make_one_image() -> None:
    """--backend c runs the C program on the same command line."""
    for backend in ("torch", "c"):
        more = f"--backend {backend} --image {backend}.npy"
        assert run(f"{SMALL} -polar 0.7 {more} --trace {backend}.trace"
                   " --trace-pixel 3 17") == 0  # fmt: skip
    ours, theirs = np.load("torch.npy"), np.load("c.npy")
    assert np.abs(ours - theirs).max() <= 1e-14 * theirs.max()
    result = tk.compare(tk.read_trace("torch.trace"), tk.read_trace("c.trace"))
    assert result.verdict == "close", str(result)
