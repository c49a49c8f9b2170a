r"""What comparing large traces takes, beside NumPy over memory-mapped .npy.

Two sides of float64 taps: an ulp of noise on a tenth of all numbers, a sign
flip that heals, a drift of 1e-6 in half of the taps, one NaN inside it. NumPy
computes the same figures of each tap in blocks of a million numbers, which
takes it less time and memory than whole taps.

    python tests/benchmarks/compare_size.py [--megapixels 1] [--taps 12] \
        [--everywhere] [FOLDER]

with ``--everywhere`` the drift is in all taps, so that every number diverges;
a folder keeps what was stored for the next time. It prints seconds,
nanoseconds a pair of numbers, the ratio and the peak memory of each in a
process of its own, and checks that both found the same: all figures of every
tap, and what diverged first at every pixel; then the whole report, the report
of two equal sides, two pixels beside one dense side, and ``tracekit compare``
on a small pair and on the equal one. Seconds of CPU tell them apart on a
machine that does other things, too.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.comparison.compare import compare
from tracekit.comparison.database import Library
from tracekit.schema import Axis, Coverage, Event, Run
from tracekit.storage.trace import Trace, open_trace

Array = npt.NDArray[Any]
Figures = dict[str, Any]
BLOCK = 1 << 20
RTOL = 1e-9


def numbers(
    tap: int, taps: int, pixels: int, *, everywhere: bool
) -> tuple[Array, Array]:
    """Actual and expected numbers of one tap."""
    rng = np.random.default_rng(tap)
    expected = rng.uniform(0.5, 1.0, pixels) * 10.0 ** (tap - 6)
    noisy = rng.random(pixels) < 0.1
    actual = np.where(noisy, np.nextafter(expected, 0), expected)
    if tap in (1, 2):
        actual[pixels // 5 : pixels // 5 + 1000] *= -1
    if everywhere or tap >= taps // 2:
        actual *= 1 + 1e-6
    if tap == taps - 2:
        actual[pixels // 3] = np.nan
    return actual, expected


def store(root: Path, taps: int, size: int, *, everywhere: bool) -> None:
    """Write both sides as traces and as .npy; two pixels as a trace, too."""
    axes = (Axis("slow", 0, size), Axis("fast", 0, size))
    run = Run(family="python")
    for place, side in enumerate(("actual", "expected")):
        events = []
        for tap in range(taps):
            sides = numbers(tap, taps, size * size, everywhere=everywhere)
            values = sides[place]
            np.save(root / f"{side}{tap}.npy", values)
            events.append(Event(f"tap{tap}", values, axes))
        Trace.build(events, run=run).save(root / side)
    two = np.array([0, size * size // 2])
    Trace.build(
        [Event(e.tap, e.values[two], axes, positions=two) for e in events],
        run=run,
        coverage=[
            Coverage(
                ("slow", "fast"),
                selected=tuple((int(n) // size, int(n) % size) for n in two),
            )
        ],
    ).save(root / "pixels")


def ordered(values: Array) -> Array:
    """Bits of doubles, as integers in the order of the numbers."""
    bits = values.view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def numpy_figures(root: Path, taps: int) -> dict[str, Figures]:
    """Per tap what ``outcome`` says, in blocks."""
    return {f"tap{tap}": _of_tap(root, tap) for tap in range(taps)}


def _of_tap(root: Path, tap: int) -> Figures:
    sides = [
        np.load(root / f"{side}{tap}.npy", mmap_mode="r")
        for side in ("actual", "expected")
    ]
    found: Figures = dict.fromkeys(
        ("diverged", "max_abs_error", "max_rel_error", "max_ulps", "signal",
         "nan_mismatches", "both_nan", "least_ulps"), 0,
    )  # fmt: skip
    worst, first = (-1.0, -1), None
    for start in range(0, len(sides[0]), BLOCK):
        a, e = (np.asarray(side[start : start + BLOCK]) for side in sides)
        same, size = a == e, np.abs(e)
        error = np.abs(a - e)
        error[same] = 0
        nan_a, nan_e = np.isnan(a), np.isnan(e)
        both = nan_a & nan_e
        rel = error / size
        rel[same] = 0
        bad = ~((error <= RTOL * size) | both)
        ulps = np.abs(ordered(a) - ordered(e))
        ulps[nan_a | nan_e] = 0
        found["diverged"] += int(bad.sum())
        found["nan_mismatches"] += int((nan_a != nan_e).sum())
        found["both_nan"] += int(both.sum())
        for name, values in (
            ("max_abs_error", error), ("max_rel_error", rel),
            ("signal", size), ("max_ulps", ulps),
        ):  # fmt: skip
            found[name] = max(found[name], np.nanmax(values).item())
        if bad.any():
            found["least_ulps"] = max(
                found["least_ulps"], int(ulps[bad].max())
            )
            first = start + int(bad.argmax()) if first is None else first
            far = np.where(nan_a != nan_e, np.inf, error)
            far[~bad] = -1
            place = int(far.argmax())
            worst = max(worst, (far[place], -start - place))
    return {
        **found,
        "first": first,
        "worst": None if first is None else -worst[1],
    }


def tracekit_figures(root: Path, taps: int) -> dict[str, Figures]:
    """The same of the query ``outcome``."""
    del taps
    sides = {side: open_trace(root / side) for side in ("actual", "expected")}
    library = Library(sides, keep=("outcome",), threads=2)
    library.need(["outcome"])
    rows = library.con.execute(
        "SELECT tap, diverged, max_abs_error, max_rel_error, "
        "o.max_ulps, signal, nan_mismatches, both_nan, least_ulps, "
        "o.first.expected_ordinal AS first, CASE WHEN diverged > 0 "
        "THEN -worst.expected END AS worst "
        "FROM outcome AS o JOIN pair USING (pair) ORDER BY tap_order"
    )
    names = [column[0] for column in rows.description or ()]
    found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return {row.pop("tap"): row for row in found}


def numpy_first(root: Path, taps: int) -> dict[str, Figures]:
    """Of every pixel the row of ``first_by_pixel``; by tap, what they hold."""
    found: dict[str, Figures] = {}
    files = [
        [np.load(root / f"{side}{tap}.npy", "r") for tap in range(taps)]
        for side in ("actual", "expected")
    ]
    for start in range(0, len(files[0][0]), BLOCK):
        sides = [
            [np.asarray(file[start : start + BLOCK]) for file in side]
            for side in files
        ]
        for tap, rows in _first_of_block(start, *sides):
            new, known = _summed(*rows), found.get(f"tap{tap}")
            found[f"tap{tap}"] = _together(known, new) if known else new
    return dict(sorted(found.items()))


def _together(one: Figures, other: Figures) -> Figures:
    pairs = zip(one["largest"], other["largest"], strict=True)
    return {
        **{name: one[name] + other[name] for name in one if name != "largest"},
        "largest": [max(pair) for pair in pairs],
    }


def _first_of_block(
    start: int, actual: list[Array], expected: list[Array]
) -> Iterator[tuple[int, Array]]:
    first = np.full(len(actual[0]), -1, np.int16)
    count = np.zeros(len(first), np.int64)
    one, other = np.empty(len(first)), np.empty(len(first))
    for tap, (a, e) in enumerate(zip(actual, expected, strict=True)):
        close = np.abs(a - e) <= RTOL * np.abs(e)
        close |= np.isnan(a) & np.isnan(e)
        new = ~close & (first < 0)
        count += ~close
        first[new], one[new], other[new] = tap, a[new], e[new]
    error = np.abs(one - other)
    ulps = np.abs(ordered(one) - ordered(other)).astype(float)
    ulps[np.isnan(error)] = np.nan
    every = np.arange(start, start + len(first)), count, one, other, error
    rows = np.array([*every, error / np.abs(other), ulps])
    for tap in np.unique(first[first >= 0]).tolist():
        yield tap, rows[:, first == tap]


def _summed(
    place: Array, count: Array, one: Array, other: Array, *far: Array
) -> Figures:
    return {
        "pixels": len(place),
        "places": int(place.sum()),
        "taps": int(count.sum()),
        "largest": [
            float(np.fmax.reduce(each, initial=-1e308))
            for each in (one, other, *far)
        ],
    }


def tracekit_first(root: Path, taps: int) -> dict[str, Figures]:
    """The same of the query ``first_by_pixel``."""
    del taps
    sides = {side: open_trace(root / side) for side in ("actual", "expected")}
    library = Library(sides, threads=2)
    library.need(["first_by_pixel"])
    (elements,), *_ = (
        library.con.table("by_position").project("elements").fetchall()
    )
    size = round(math.sqrt(elements))
    rows = library.con.execute(
        "SELECT tap, count(*), sum(slow * $size + fast)::BIGINT, "
        "sum(taps)::BIGINT, max(actual) FILTER (NOT isnan(actual)), "
        "max(expected) FILTER (NOT isnan(expected)), max(abs_error), "
        "max(rel_error), max(ulps)::DOUBLE FROM first_by_pixel() GROUP BY tap",
        {"size": size},
    ).fetchall()
    return {
        tap: {
            "pixels": pixels,
            "places": places,
            "taps": diverged,
            "largest": [-1e308 if n is None else n for n in largest],
        }
        for tap, pixels, places, diverged, *largest in sorted(rows)
    }


def tracekit_pixels(root: Path, taps: int) -> dict[str, int]:
    """Two pixels beside the dense side: compared and diverged numbers."""
    del taps
    found = compare(root / "pixels", root / "expected", threads=2).summary
    return {name: found[name] for name in ("compared", "uncovered")}


def tracekit_report(root: Path, taps: int) -> str:
    """All that ``tracekit compare`` asks and says."""
    del taps
    found = compare(root / "actual", root / "expected", threads=2)
    return str(found)


def tracekit_equal(root: Path, taps: int) -> str:
    """The same of two equal sides."""
    del taps
    found = compare(root / "expected", root / "expected", threads=2)
    return str(found)


WORK = {
    work.__name__: work
    for work in (
        numpy_figures,
        tracekit_figures,
        numpy_first,
        tracekit_first,
        tracekit_report,
        tracekit_equal,
        tracekit_pixels,
    )
}


def timed(root: Path, taps: int, name: str) -> list[Any]:
    """Seconds, those of the processor, peak MB and result of a piece of work.

    Each is a process of its own.
    """
    done = subprocess.run(
        [sys.executable, __file__, "--child", name, "--taps", str(taps),
         str(root)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return list(json.loads(done.stdout))


def child(root: Path, taps: int, name: str) -> None:
    """Print what ``timed`` reads."""
    start, busy = time.perf_counter(), time.process_time()
    with np.errstate(all="ignore"):
        result = WORK[name](root, taps)
    seconds = time.perf_counter() - start, time.process_time() - busy
    # the peak of this program alone: ru_maxrss has the parent's, too
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    print(json.dumps([*seconds, peak, result]))


def show(root: Path, taps: int, pairs: int) -> None:
    """The table."""
    print(f"{'':24}{'seconds':>9}{'of CPU':>9}{'ns a pair':>11}{'peak MB':>9}")
    took, results = {}, {}
    for name in WORK:
        seconds, busy, peak, result = timed(root, taps, name)
        took[name], results[name] = seconds, result
        each = seconds / pairs * 1e9
        print(f"{name:24}{seconds:9.2f}{busy:9.2f}{each:11.1f}{peak:9}")
    for what, title in (
        ("figures", "all figures of every tap"),
        ("first", "first divergence of every pixel"),
    ):
        one, other = f"tracekit_{what}", f"numpy_{what}"
        if results[one] != results[other]:
            sys.exit(f"they differ:\n{results[one]}\n{results[other]}")
        print(f"{title}: {took[one] / took[other]:.2f} of NumPy's time")
    small, large = (command(root / side) for side in ("pixels", "expected"))
    print(f"tracekit compare, two pixels a side: {small:.2f} s")
    print(
        f"tracekit compare, equal sides: {large:.2f} s, {large / small:.2f} "
        "times that; start included"
    )


def command(side: Path) -> float:
    """Seconds of ``tracekit compare`` on two equal sides."""
    line = [sys.executable, "-m", "tracekit.cli", "compare", *[str(side)] * 2]
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(line, check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Store two sides, time everything on them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=1)
    parser.add_argument("--taps", type=int, default=12)
    parser.add_argument("--everywhere", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("root", nargs="?", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(Path(args.root), args.taps, args.child)
        return
    size = round(math.sqrt(args.megapixels * 1e6))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(args.root or folder)
        root.mkdir(exist_ok=True)
        if not (root / "pixels").exists():
            store(root, args.taps, size, everywhere=args.everywhere)
        print(f"{size} x {size} pixels, {args.taps} taps a side")
        show(root, args.taps, size * size * args.taps)


if __name__ == "__main__":
    main()
