"""What can't be read is refused by both programs, in one line each."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from simulator import reference
from simulator.__main__ import main

SMALL = "-default_F 10 -detpixels 4 -pixel 1 -oversample 1"
CELL = "-cell 50 60 70 80 90 100"


def smv(header: str, pixels: int = 16) -> bytes:
    """An SMV image with these header lines."""
    text = "{\n" + "".join(f"{line};\n" for line in header.split()) + "}\f"
    return text.ljust(512).encode() + b"\1\0" * pixels


BYTES = bytes(range(256)) * 4
FILES: dict[str, list[bytes]] = {
    "-hkl": [
        b"", BYTES, b"\0" * 600, b"\xff 1 2\n", b"# h k l F\n0 0 0 1\n",
        b"1 2 3\n", b"1 2 3 4 5\n", b"0.5 0 0 1\n", b"nan 0 0 1\n",
        b"inf 0 0 1\n", b"0 0 0 nan\n", b"0x1 0 0 1\n",
        b"0 0 0 1\n1e300 0 0 1",
        b"0 0 0 1\n999999 999999 999999 2\n",
    ],
    "-mat": [
        b"", BYTES, b"1 2 3 4 5 6 7 8", b"a b c\n", b"0 0 0 0 0 0 0 0 0",
        b"1 1 1 1 1 1 1 1 1", b"nan 0 0 0 1 0 0 0 1", b"inf 0 0 0 1 0 0 0 1",
    ],
    "-sourcefile": [
        b"", BYTES, b"\xff\xfe\n", b"# x y z\n-10 0 0\n", b" \n\t\n",
        b"nan 0 0\n", b"-10 0 0 1 1e-10x\n",
    ],
    "-mask": [
        b"", BYTES, smv("HEADER_BYTES=512"), smv("SIZE1=4 SIZE2=4"),
        smv("HEADER_BYTES=512 SIZE1=9 SIZE2=4", 36),
        smv("HEADER_BYTES=512 SIZE1=x SIZE2=4"),
        smv("HEADER_BYTES=512 SIZE1=4 SIZE2=4", 5),
        smv("HEADER_BYTES=-5 SIZE1=4 SIZE2=4"),
        smv("HEADER_BYTES=99999 SIZE1=4 SIZE2=4"),
        smv("HEADER_BYTES=512 TYPE=float SIZE1=4 SIZE2=4", 32),
    ],
}  # fmt: skip
WORDS = (
    "-bogus", "stray", "-lambda", "-lambda x", "-lambda 0x10", "-lambda inf",
    "-lambda 1e400", "-N x", "-N 1e1", "-N 99999999999", "-misset 1 2",
    "-misset rand", "-fdet_vector 1 0", "-roi 1 2 3", "-cell", "-cell x",
    "-cell -1", "-xtalsize 1e20", "-pivot up", "-beamsize 0 -flux 1e12",
    "-seed x", "-source_distance x", "-density", "-hkl none", "-hkl .",
    "-mat none", "-mat .", "-sourcefile none", "-sourcefile .", "-mask none",
    "-mask .", "-floatfile no/f", "-intfile no/f", "-pgmfile .",
)  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        *[f"{CELL} {SMALL} {words}" for words in WORDS],
        *[
            f"{'' if option == '-mat' else CELL} {SMALL} {option} {number}"
            for option, contents in FILES.items()
            for number in range(len(contents))
        ],
    ],
)
def test_bad_input_is_one_line(
    words: str,
    kept: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Status 2 and one line on standard error, never a traceback."""
    monkeypatch.chdir(tmp_path)
    *_, option, name = argv = words.split()
    if option in FILES and name.isdigit():
        Path(name).write_bytes(FILES[option][int(name)])
    line = reference.command(argv, directory=kept)
    theirs = subprocess.run(line, capture_output=True, check=False)
    assert theirs.returncode == 2
    assert theirs.stderr.startswith(b"nanobragg: error: ")
    assert theirs.stderr.count(b"\n") == 1
    assert main(argv) == 2
    ours = capsys.readouterr().err
    assert ours.startswith("simulator: ")
    assert ours.count("\n") == 1
