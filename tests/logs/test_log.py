"""Log files: whatever is in them, nothing gets lost."""

import hashlib
from pathlib import Path

import pytest

from tests.logs.log_lines import nanobragg, own
from tracekit.errors import LogError
from tracekit.logs.file import LONGEST_LINE
from tracekit.logs.log import parse_log, read_log


def test_bytes_of_any_kind_lose_no_other_line(tmp_path: Path) -> None:
    """CRLF, NUL, bad UTF-8, a lone carriage return, no last newline."""
    path = tmp_path / "pixel_1_2.log"
    path.write_bytes(
        b"\xef\xbb\xbfTRACE_C: polar 0.5\r\n"
        b"\x00\x00TRACE_C: omega_pixel 1e-9\n"
        b"\xff\xfe broken TRACE_C: capture_fraction 0.25\n"
        b"50% done\rTRACE_C: I_pixel_final 3"
    )
    parsed = parse_log(path)
    assert not parsed.rejects
    assert [float(e.values[0]) for e in parsed.events] == [0.5, 1e-9, 0.25, 3]
    assert parsed.pixels.tolist() == [[1, 2]]


def test_a_line_without_an_end_is_bounded(tmp_path: Path) -> None:
    """A line of megabytes becomes a reject; the next one is read."""
    path = tmp_path / "c.log"
    path.write_bytes(
        b"TRACE_C: polar "
        + b"1" * (3 * LONGEST_LINE)
        + b"\nTRACE_C: steps 4\n"
    )
    parsed = parse_log(path)
    assert parsed.rejects[0].reason == f"longer than {LONGEST_LINE} bytes"
    assert len(parsed.rejects[0].text) < 2000
    assert [event.line for event in parsed.events] == [2]


def test_the_log_itself_is_a_file_of_the_run(tmp_path: Path) -> None:
    """Name, size and SHA-256 of the log are kept."""
    path = tmp_path / "c.log"
    path.write_text("TRACE_C: steps 4\n")
    use = parse_log(path).files[-1]
    assert (use.name, use.role, use.size) == ("c.log", "log", 17)
    assert use.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_no_log_is_one_clear_error(tmp_path: Path) -> None:
    """A directory, a missing, an empty or a foreign file are named so."""
    empty, other, wide = (
        tmp_path / name for name in ("empty", "other", "wide")
    )
    empty.touch()
    other.write_bytes(bytes(range(256)) * 100)
    wide.write_bytes("TRACE_C: steps 4\n".encode("utf-16"))
    for path, message in (
        (tmp_path, "is a directory"),
        (tmp_path / "none.log", "doesn't exist"),
        (empty, "is empty"),
        (other, "holds nothing of the dialect 'nanobragg'"),
        (wide, "is UTF-16"),
    ):
        with pytest.raises(LogError, match=message):
            read_log(path)


def test_counts_add_up() -> None:
    """Every number of a line is an element, a coordinate or inside a text."""
    parsed = nanobragg(
        "TRACE_C_TAP4: pixel 0 0 subpixel 1 0 source 0 h -7.9 k 39.3 h0 -8",
        "TRACE_C:convention_mapping=Fbeam(+0.5px),beam_vec=[1 0 0]",
    )
    counts = parsed.counts()
    assert counts["elements"] == 3
    assert counts["coordinates"] == 5
    assert counts["text_numbers"] == 4
    summary = parsed.summary()
    assert summary["pixels"] == [[0, 0]]
    assert summary["taps"] == ["hkl_frac", "hkl_rounded", "convention_mapping"]


def test_prose_is_counted() -> None:
    """Lines without a prefix are counted, facts or not."""
    parsed = nanobragg("hello", "", "TRACE_C: steps 4", "  1 sources")
    assert parsed.prose_lines == 2


def test_read_log_makes_a_trace(tmp_path: Path) -> None:
    """A log becomes a trace whose equal repeats are merged."""
    path = tmp_path / "pixel_1_2.log"
    path.write_text("TRACE_C: fdet_vec 0 0 1\n" * 2 + "TRACE_C: polar x y z\n")
    trace = read_log(path)
    assert "fdet_vec" in trace.taps
    assert trace.tables["tap"]["merged"].to_pylist()[0] == 1
    assert trace.tables["run"]["family"].to_pylist() == ["log"]


def test_pixels_far_apart_are_told_apart() -> None:
    """Their indices need more than one number of 64 bits together."""
    far = 1 << 60
    parsed = own(
        f"TRACEKIT tap a slow={far} fast=-{far} : 1",
        f"TRACEKIT tap b slow=-{far} fast={far} : 2",
        "TRACEKIT tap c slow=0 fast=0 : 3",
    )
    assert parsed.pixels.tolist() == [[-far, far], [0, 0], [far, -far]]
