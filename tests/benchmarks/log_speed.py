"""How fast a large trace log becomes a trace, beside a loop of ``re``.

Run it with ``python tests/benchmarks/log_speed.py [--gigabytes 1] [--own]``.
It writes a log of traced pixels as nanoBragg prints them, or with ``--own`` in
tracekit's own grammar, and then, each in a process of its own and in turns:

* ``tracekit parse LOG -o TRACE``: values, digits, pixels, loop indices, all
  of it sorted and stored as Parquet by tap;
* DuckDB splits the same lines at blanks, casts the words to doubles and writes
  them to one Parquet file, with the compression and encodings of a trace: no
  digits, no pixels, no order, nothing by tap. Less than that nobody can do;
* a Python loop that matches every line against one regular expression and
  yields its name, its numbers and its pixel, and keeps nothing.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq

ROUNDS = 2
SIDE = 2048
_AT_ONCE = 1000

_CONSTANT = """\
TRACE_C: pix0_vector_meters 0.1 0.0065 -0.0065
TRACE_C: fdet_vec 0 0 1
TRACE_C: sdet_vec 0 -1 0
TRACE_C: close_distance_meters 0.1
TRACE_C: incident_vec 1 0 -0
TRACE_C: lambda_meters 1e-10
TRACE_C: lambda_angstroms 1
TRACE_C: rot_a_angstroms 69.2803110929785 -7.95101471241758 6.0843947852719
TRACE_C: rot_b_angstroms -0 77.2881632186251 20.6528406349141
TRACE_C: rot_c_angstroms 0 0 90
TRACE_C: rot_a_star_A_inv 0.0144370471206682 0 -0
TRACE_C: rot_b_star_A_inv 0.00148521027386295 0.0129412198987652 -0
"""
_VECTORS = (
    *("pixel_pos_meters", "diffracted_vec", "scattering_vec_A_inv"),
    "hkl_frac",
)
_BEFORE = (
    *("R_distance_meters", "omega_pixel_sr", "obliquity_factor"),
    *("F_latt_a", "F_latt_b", "F_latt_c", "F_latt"),
)
_BEHIND = (
    *("I_before_scaling", "polar", "omega_pixel", "cos_2theta"),
    *("I_pixel_final", "floatimage_accumulated"),
)
_FACTORS = """\
TRACE_C: F_cell 100
TRACE_C: r_e_sqr 7.94079248018965e-30
TRACE_C: fluence_photons_per_m2 1.25932015286227e+29
TRACE_C: steps 1
TRACE_C: oversample_thick 0
TRACE_C: oversample_polar 0
TRACE_C: oversample_omega 0
TRACE_C: capture_fraction 1
"""
_OWN = "TRACEKIT tap {} slow=@S fast=@F {}type=float64 unit=m : {}\n"
_LINE = re.compile(r"(TRACE\w*)(?:: ?| tap |[ ])([\w.]+)(?: [^:\n]+ :)?(.*)")
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d.]*(?:e[-+]\d+)?")
_PIXEL = re.compile(r"slow=(\d+) fast=(\d+)|spixel=(\d+), fpixel=(\d+)")


def nanobragg() -> str:
    """The lines of one pixel; ``%.15g`` stands for its own numbers."""
    vectors = [f"TRACE_C: {n} %.15g %.15g %.15g\n" for n in _VECTORS]
    before, behind = (
        [f"TRACE_C: {name} %.15g\n" for name in names]
        for names in (_BEFORE, _BEHIND)
    )
    return "".join(
        [
            "TRACE_CONFIG: tracing pixel (spixel=@S, fpixel=@F)\n",
            *(_CONSTANT, *vectors, "TRACE_C: hkl_rounded 1 -4 12\n"),
            *(*before, "TRACE_C_PHI phi_tic=0 phi_deg=0 k_frac=%.15g "),
            *("F_latt_b=%.15g F_latt=%.15g\n", _FACTORS, *behind),
        ]
    )


def own() -> str:
    """The lines of one pixel as ``tracekit.h`` prints them."""
    vector = ("components=xyz ", "%.17g %.17g %.17g")
    return "".join(
        [
            *(_OWN.format(name, *vector) for name in _VECTORS),
            *(_OWN.format(n, "", "%.17g") for n in (*_BEFORE, *_BEHIND)),
        ]
    )


def write_log(path: Path, size: int, pixel: str) -> None:
    """Write pixel after pixel until the log is so large."""
    source = np.random.default_rng(1)
    count = pixel.count("%")
    with path.open("w") as file:
        written = number = 0
        while written < size:
            rows = source.uniform(-100, 100, (_AT_ONCE, count))
            rows *= 10.0 ** source.integers(-8, 9, count)
            for numbers in rows.tolist():
                slow, fast = divmod(number, SIDE)
                text = pixel.replace("@S", str(slow))
                text = text.replace("@F", str(fast)) % tuple(numbers)
                written += file.write(text)
                number += 1


def read_by_expressions(
    path: Path,
) -> Iterator[tuple[str, tuple[float, ...], tuple[str, ...]]]:
    """Name, numbers and pixel of every line."""
    pixel: tuple[str, ...] = ()
    with path.open() as file:
        for line in file:
            found = _LINE.match(line)
            if found is None:
                continue
            place = _PIXEL.search(line)
            if place is not None:
                pixel = place.groups()
            numbers = tuple(map(float, _NUMBER.findall(found[3])))
            yield found[2], numbers, pixel


def loop(path: Path) -> None:
    """Go through the log as a script would."""
    count = sum(len(numbers) for _, numbers, _ in read_by_expressions(path))
    assert count


def split(path: Path, target: Path, own: bool) -> None:
    """Split, cast and write all lines, and nothing else.

    Args:
        path: the log.
        target: the Parquet file.
        own: whether numbers are words 8 to 11 of a line, or 2 to 4.
    """
    name, places = ("w2", range(8, 12)) if own else ("w1", range(2, 5))
    numbers = [f"w{place}" for place in places]
    columns = {f"w{place}": "VARCHAR" for place in range(places.stop + 1)}
    duckdb.sql("SET preserve_insertion_order = false")
    duckdb.sql("SET memory_limit = '400MB'")
    # a cast alone becomes the reader's own, which fails at the first word
    casts = ", ".join(
        f"TRY_CAST(nullif({n}, '') AS DOUBLE) AS {n}" for n in numbers
    )
    lines = duckdb.read_csv(
        str(path),
        columns=columns,
        delimiter=" ",
        header=False,
        auto_detect=False,
        quotechar="",
        escapechar="",
        null_padding=True,
        strict_mode=False,
    )
    batches = lines.project(f"{name}, {casts}").to_arrow_reader(1 << 17)
    with pq.ParquetWriter(
        target,
        batches.schema,
        compression="zstd",
        compression_level={name: 1, **dict.fromkeys(numbers, -1)},
        use_dictionary=[name],
        column_encoding=dict.fromkeys(numbers, "BYTE_STREAM_SPLIT"),
        write_statistics=False,
    ) as writer:
        for batch in batches:
            writer.write_batch(batch)


def run(*words: str) -> tuple[float, float, int]:
    """Seconds, those of all cores, peak memory in bytes of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    code = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try:\n    runpy.run_module(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "status = open('/proc/self/status').read()\n"
        "print(status.split('VmHWM:')[1].split()[0], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cores, int(done.stderr.split()[-1]) << 10


def main() -> None:
    """Print MB/s, memory and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=0.2)
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--split", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.split:
        split(given.split, given.into, given.own)
        return
    if given.loop:
        loop(given.loop)
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "c.log"
        pixel = own() if given.own else nanobragg()
        write_log(log, int(given.gigabytes * 1e9), pixel)
        print(
            f"{log.stat().st_size / 1e6:.0f} MB, {pixel.count(chr(10))} "
            "lines a pixel"
        )
        dialect = "tracekit" if given.own else "nanobragg"
        show(log, dialect, Path(folder), given.rounds)


def show(log: Path, dialect: str, folder: Path, rounds: int) -> None:
    """Run both ways in turns; the fastest of each counts."""
    size = log.stat().st_size / 1e6
    best: dict[str, tuple[float, float, int]] = {}
    for turn in range(rounds):
        trace = str(folder / f"{turn}.trace")
        words = ("tracekit", "parse", str(log), "-o", trace)
        ways = {
            "tracekit parse -o": (*words, "--dialect", dialect),
            "split, cast, write": (
                *("tests.benchmarks.log_speed", "--split", str(log)),
                *("--into", str(folder / "split.parquet")),
                *(["--own"] if dialect == "tracekit" else []),
            ),
            "loop of re": ("tests.benchmarks.log_speed", "--loop", str(log)),
        }
        for name, way in ways.items():
            best[name] = min(best.get(name, (1e9, 0, 0)), run(*way))
    for name, (seconds, cores, memory) in best.items():
        print(
            f"{name:18} {size / seconds:7.1f} MB/s  {seconds:6.1f} s, "
            f"{cores:6.1f} s of all cores, peak {memory / 1e6:.0f} MB"
        )
    mine, loop = best["tracekit parse -o"], best["loop of re"]
    least = best["split, cast, write"]
    print(
        f"{loop[0] / mine[0]:.2f} times the loop's speed; takes "
        f"{mine[0] / least[0]:.2f} times as long as to split, cast and write"
    )


if __name__ == "__main__":
    main()
