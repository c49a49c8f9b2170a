"""float32, SMV and PGM: the same bytes from both programs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from simulator import reference
from simulator.__main__ import main

WIDE, HIGH = 7, 5
SMALL = (
    "-cell 70 80 90 75 85 95 -default_F 100 -N 5 -pixel 1 -oversample 1"
    f" -detpixels_x {WIDE} -detpixels_y {HIGH}"
)
LONG = (
    "-phi 1.2345678 -osc 0.12345678 -detector_rotx 1.2345678 -distance"
    " 123.45678 -detector_roty -2.3456789 -detector_rotz 3.3333333 -twotheta"
    " 1.1111111 -Xbeam -1.2345678 -Ybeam -0.0012345678 -energy 12345.678"
)


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with a mask that leaves two pixels out."""
    monkeypatch.chdir(tmp_path)
    header = f"{{\nHEADER_BYTES=512;\nSIZE1={WIDE};\nSIZE2={HIGH};\n}}\f"
    mask = np.ones((HIGH, WIDE), "<u2")
    mask[1:3, 2] = 0
    Path("m").write_bytes(header.ljust(512).encode() + mask.tobytes())


def written(words: str, kept: Path) -> tuple[bytes, bytes, bytes]:
    """The three files of one run, which both programs write alike."""
    names = "-floatfile f -intfile i -pgmfile p"
    files = []
    for program in ("torch", "c"):
        argv = f"{SMALL} {words} {names}".split()
        if program == "c":
            reference.run(argv, directory=kept)
        else:
            assert main(argv) == 0
        files.append(tuple(Path(name).read_bytes() for name in "fip"))
    ours, theirs = files
    assert ours == theirs
    f, i, p = ours
    return f, i, p


def header_of(smv: bytes) -> dict[str, str]:
    """Keys and values of an SMV header."""
    text = smv.split(b"}")[0].decode()
    return dict(re.findall(r"(\w+)=([^;\n]*);?\n", text))


@pytest.mark.parametrize(
    "words",
    [
        "",
        "-mask m -roi 1 4 0 3 -adc 10.3",
        "-scale 1e4 -pgmscale 3 -adc -20 -dispersion 2 -dispsteps 3",
        "-roi 2 2 2 2",
        "-roi 20 30 1 2",
        "-xds -twotheta 20 -ORGX 3 -detector_rotx 5",
        LONG,
    ],
)
def test_both_programs_write_the_same_bytes(words: str, kept: Path) -> None:
    """Scales, offsets, regions, masks and headers are the same."""
    f, i, p = written(words, kept)
    start = int(header_of(i)["HEADER_BYTES"])
    assert len(f) == 4 * WIDE * HIGH
    assert len(i) == start + 2 * WIDE * HIGH
    assert p.startswith(f"P5\n{WIDE} {HIGH}\n#".encode())


def test_counts_end_at_the_region(kept: Path) -> None:
    """0 outside the region, the offset where masked, else to 55000."""
    f, i, _ = written("-mask m -roi 1 4 0 3", kept)
    counts = np.frombuffer(i, "<u2", offset=512).reshape(HIGH, WIDE)
    values = np.frombuffer(f, "<f4").reshape(HIGH, WIDE).astype(float)
    inside = np.zeros((HIGH, WIDE), bool)
    inside[0:4, 1:5] = True
    assert not counts[~inside].any()
    assert counts[1:3, 2].tolist() == [40, 40]
    expected = values[inside] * (55000.0 / values.max()) + 40.5
    assert counts.max() == 55040
    assert np.abs(counts[inside] - np.floor(expected)).max() <= 1


def test_the_header_is_nanobraggs(kept: Path) -> None:
    """Its keys in their order; the wavelength is the central one."""
    header = header_of(written("-dispersion 2 -Xbeam 3 -Ybeam 2", kept)[1])
    assert " ".join(header) == (
        "HEADER_BYTES DIM BYTE_ORDER TYPE SIZE1 SIZE2 PIXEL_SIZE DISTANCE"
        " WAVELENGTH BEAM_CENTER_X BEAM_CENTER_Y ADXV_CENTER_X"
        " ADXV_CENTER_Y MOSFLM_CENTER_X MOSFLM_CENTER_Y DENZO_X_BEAM"
        " DENZO_Y_BEAM DIALS_ORIGIN XDS_ORGX XDS_ORGY CLOSE_DISTANCE PHI"
        " OSC_START OSC_RANGE TWOTHETA DETECTOR_SN BEAMLINE"
    )
    assert header["WAVELENGTH"] == "1"
    assert (header["MOSFLM_CENTER_X"], header["MOSFLM_CENTER_Y"]) == ("3", "2")
    assert header["DENZO_X_BEAM"] == "3.5"
    assert (header["ADXV_CENTER_X"], header["ADXV_CENTER_Y"]) == ("2.5", "1.5")
    assert header["DIALS_ORIGIN"] == "-2.5,3.5,-100"
    assert (header["XDS_ORGX"], header["XDS_ORGY"]) == ("3", "4")


def test_a_flat_image_has_the_integer_images_scale(kept: Path) -> None:
    """Without a deviation the PGM takes the scale of the counts."""
    _, i, p = written("-roi 2 2 2 2", kept)
    assert np.frombuffer(i, "<u2", offset=512).max() == 55040
    assert p[-WIDE * HIGH :].count(255) == 1
