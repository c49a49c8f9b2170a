"""Real logs as their authors had them: how many of their numbers are read."""

import re
from pathlib import Path

import pytest

from tests.shared_files import NANOBRAGG, needs_shared
from tracekit.logs.log import Parsed, parse_log

REAL = NANOBRAGG / "real_logs"
CASES = NANOBRAGG / "cases"
PREFIX = re.compile(
    rb"(?<![A-Z_])(?:TRACE(?:_[A-Z0-9_]+)?(?: \d+:|[:= ])"
    rb"|TRACE_[A-Z0-9_]+$|DETECTOR_(?:FAST|SLOW|NORMAL|PIX0)_[A-Z]+ )"
)
NUMBER = re.compile(
    rb"(?<![A-Za-z0-9_.])[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan\b|inf\b)"
)
PLAIN = re.compile(r"TRACE_C: ([\w.]+) ([-+\d.e ]+)$", re.MULTILINE)


def numbers_in(path: Path) -> int:
    """Numbers on lines with a prefix, counted without tracekit."""
    count = 0
    for line in path.read_bytes().split(b"\n"):
        found = PREFIX.search(line)
        if found:
            count += len(NUMBER.findall(line[found.end() :]))
    return count


def numbers_read(parsed: Parsed) -> int:
    """Numbers that were read, as a value, a coordinate or inside a text."""
    counts = parsed.counts()
    keys = ("elements", "coordinates", "text_numbers")
    return sum(counts[key] for key in keys)


def real_logs() -> list[Path]:
    """The logs that the index lists."""
    return [REAL / name for name in (REAL / "INDEX.txt").read_text().split()]


def table(paths: list[Path], root: Path) -> tuple[int, int]:
    """Print one row a file; returns the sums of numbers there and read."""
    there = found = 0
    print(f"{'numbers':>8} {'read':>8} {'rejects':>8}  file")
    for path in paths:
        parsed = parse_log(path)
        count, read = numbers_in(path), numbers_read(parsed)
        print(
            f"{count:8} {read:8} {len(parsed.rejects):8}  "
            f"{path.relative_to(root)}"
        )
        for reject in parsed.rejects:
            assert reject.reason
            assert reject.line > 0
        there += count
        found += min(count, read)
    print(f"{there:8} {found:8} {'':8}  in all, {found / there:.2%}")
    return there, found


@needs_shared
def test_nearly_all_numbers_of_real_logs_are_read() -> None:
    """At least 99.5 % of the numbers on lines with a prefix are read."""
    there, found = table(real_logs(), REAL)
    assert there > 14000
    assert found >= 0.995 * there


@needs_shared
def test_nothing_of_the_program_s_own_logs_is_rejected() -> None:
    """Every prefixed line of the C program's logs is understood."""
    paths = sorted(CASES.glob("*/trace_*_0_0.log"))
    assert paths
    for path in paths:
        assert parse_log(path).rejects == [], path


@needs_shared
@pytest.mark.parametrize(
    "name", ["worked_A_64", "worked_B_64", "xds_rot_128", "dmin_64"]
)
def test_values_are_those_of_the_lines(name: str) -> None:
    """Every plain line's numbers stand in one event, in the same order."""
    for path in sorted((CASES / name).glob("trace_*.log")):
        text = path.read_text(encoding="utf-8")
        lines = [
            [float(word) for word in found[2].split()]
            for found in PLAIN.finditer(text)
        ]
        events = [
            event.values.tolist()
            for event in parse_log(path).events
            if event.family == "TRACE_C"
        ]
        assert events == lines, path


@needs_shared
def test_every_loop_of_the_worked_example_is_counted() -> None:
    """Two layers of two by two sub-pixels, two phi steps in their records."""
    parsed = parse_log(CASES / "worked_B_64" / "trace_tap5_10_52.log")
    radii = [e for e in parsed.events if e.tap == "R"]
    found = [
        tuple(axis.origin for axis in event.axes if axis.dim != "component")
        for event in radii
    ]
    assert found == [
        (10, 52, layer, slow, fast)
        for layer in (0, 1)
        for slow in (0, 1)
        for fast in (0, 1)
    ]
    phis = {
        axis.origin
        for event in parsed.events
        for axis in event.axes
        if event.family == "TRACE_C_PHI" and axis.dim == "phi"
    }
    assert phis == {0, 1}


@needs_shared
def test_skipped_samples_leave_a_hole_in_the_count() -> None:
    """A sample that dmin skips has a scattering vector and no h, k, l."""
    counts: dict[str, int] = {}
    for path in sorted((CASES / "dmin_64").glob("trace_[0-9]*.log")):
        for event in parse_log(path).events:
            if event.family == "TRACE_C":
                counts[event.tap] = counts.get(event.tap, 0) + 1
    assert counts["scattering_vec"] > counts["hkl_frac"]
