"""A log is a log, however it is packed, piped or broken."""

import bz2
import gzip
import hashlib
import lzma
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import tracekit as tk
from tracekit.errors import LogError
from tracekit.logs.file import LogFile
from tracekit.logs.log import parse_log
from tracekit.open import as_trace

LOG = "".join(f"TRACEKIT tap R n={n} : 0.{n}\n" for n in range(1, 400))
Pack = Callable[[bytes], bytes]


def zstd(data: bytes) -> bytes:
    """What zstd makes of the data."""
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def small_blocks(data: bytes) -> bytes:
    """What bzip2 makes of the data; a block that is cut is lost."""
    return bz2.compress(data, compresslevel=1)


@pytest.mark.parametrize(
    ("ending", "pack"),
    [
        *(("", bytes), (".gz", gzip.compress), (".zst", zstd)),
        *((".bz2", bz2.compress), (".xz", lzma.compress)),
    ],
)
def test_what_is_packed_reads_as_what_is_not(
    tmp_path: Path, ending: str, pack: Pack
) -> None:
    """The numbers are the same; the hash is that of the file on disk."""
    path = tmp_path / f"c.log{ending}"
    path.write_bytes(pack(LOG.encode()))
    parsed = parse_log(path, "tracekit")
    assert len(parsed.events) == 399
    assert parsed.rejects == []
    (use,) = parsed.files
    assert use.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert use.size == path.stat().st_size
    assert as_trace(path).taps == ("R",)


PACKED = [gzip.compress, zstd, small_blocks, lzma.compress]


@pytest.mark.parametrize("pack", PACKED)
def test_a_packed_file_that_is_cut_off_gives_its_beginning(
    tmp_path: Path, pack: Pack
) -> None:
    """What was read stays, and one reject says that the rest is missing."""
    path = tmp_path / "c.log"
    noise = hashlib.shake_128(b"").hexdigest(500_000)
    lines = "".join(
        f"# {noise[n : n + 40]}\n" for n in range(0, 1_000_000, 40)
    )
    packed = pack((LOG + lines).encode())
    path.write_bytes(packed[: len(packed) // 2])
    parsed = parse_log(path, "tracekit")
    assert len(parsed.events) == 399
    (reject,) = parsed.rejects
    assert "cut off or damaged" in reject.reason
    assert reject.line > 399


def test_a_number_that_is_torn_is_not_read(tmp_path: Path) -> None:
    """The line at which a packed file breaks off is the reject's text."""
    path = tmp_path / "c.log"
    path.write_bytes(gzip.compress(LOG.encode()[:-2]) + b"junk")
    parsed = parse_log(path, "tracekit")
    assert len(parsed.events) == 398
    (reject,) = parsed.rejects
    assert (reject.line, reject.text) == (399, "TRACEKIT tap R n=399 : 0.39")


@pytest.mark.parametrize("pack", PACKED)
def test_a_packed_file_with_nothing_to_read_is_an_error(
    tmp_path: Path, pack: Pack
) -> None:
    """Only the first bytes of it are there."""
    path = tmp_path / "c.log"
    path.write_bytes(pack(LOG.encode())[:12])
    with pytest.raises(LogError, match="can't be read"):
        parse_log(path, "tracekit")


def test_a_directory_and_an_empty_file_are_named(tmp_path: Path) -> None:
    """The error says what lies there."""
    with pytest.raises(LogError, match="is a directory"):
        LogFile(tmp_path)
    (tmp_path / "c.log").touch()
    with pytest.raises(LogError, match="is empty"):
        list(LogFile(tmp_path / "c.log").lines())


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_is_a_log(tmp_path: Path, pack: Pack) -> None:
    """``tracekit parse -`` reads standard input, packed or not."""
    trace = tmp_path / "c.trace"
    words = ["parse", "-", "-o", str(trace), "--dialect", "tracekit"]
    subprocess.run(
        [sys.executable, "-m", "tracekit", *words],
        input=pack(LOG.encode()),
        check=True,
        capture_output=True,
    )
    opened = tk.read_trace(trace)
    assert len(opened.elements(0)) == 399
