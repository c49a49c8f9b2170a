"""What tracekit.h costs a C program: off, and by line when it is on.

Run it with ``python tests/benchmarks/c_tap_cost.py``. The loops with and
without a tap take turns in one process, and the fastest round of each counts.
``short`` is a dependent chain of a multiplication and an addition, the
smallest loop that anybody would tap; ``sine`` is one ratio of sines, as in a
sum over a lattice.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from tracekit.native import FOLDER

SOURCE = r"""
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <time.h>
#include "tracekit.h"

enum { COUNT = 200000, ROUNDS = 60 };
static volatile double begin = 0.3;
static double result;

#define LOOP(name, body, tap) \
    __attribute__((noinline)) static void name(void) \
    { \
        double x = begin; \
        for (int i = 0; i < COUNT; i++) { \
            body; \
            tap; \
        } \
        result += x; \
    }
LOOP(short_plain, x = x * 0.999 + 1e-3, (void)0)
LOOP(short_tapped, x = x * 0.999 + 1e-3, TK_TAP("x", x, "m"))
LOOP(sine_plain, x = sin(5.0 * x) / sin(x + 1.5), (void)0)
LOOP(sine_tapped, x = sin(5.0 * x) / sin(x + 1.5), TK_TAP("x", x, "m"))

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    void (*loops[4])(void) = {short_plain, short_tapped, sine_plain,
                              sine_tapped};
    double best[4] = {1e9, 1e9, 1e9, 1e9};
    int rounds = argc > 1 ? 1 : ROUNDS;
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < 4; i++) {
            double began = seconds();
            loops[i]();
            double took = seconds() - began;
            if (took < best[i])
                best[i] = took;
        }
    for (int i = 0; i < 4; i++)
        printf("%.4f ", best[i] / COUNT * 1e9);
    (void)argv;
    return 0;
}
"""


def times(program: Path, *words: str, **environment: str) -> list[float]:
    """Nanoseconds a turn of each loop."""
    done = subprocess.run(
        [str(program), *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "p.c", Path(folder) / "p"
        source.write_text(SOURCE)
        subprocess.run(
            [
                *("cc", "-O2", "-std=c99", f"-I{FOLDER}"),
                *("-o", str(program), str(source), "-lm"),
            ],
            check=True,
        )
        states: dict[str, dict[str, str]] = {
            "off": {},
            "on, another tap asked for": {
                "TRACEKIT_LOG": f"{folder}/c.log",
                "TRACEKIT_TAPS": "other",
            },
        }
        for state, environment in states.items():
            found = times(program, **environment)
            for name, place in (("short", 0), ("sine", 2)):
                plain, tapped = found[place : place + 2]
                print(
                    f"{state}, {name}: {tapped:.2f} ns, without the tap "
                    f"{plain:.2f} ns, ratio {tapped / plain:.3f}"
                )
        found = times(program, "once", TRACEKIT_LOG=f"{folder}/c.log")
        print(f"on: {found[1]:.0f} ns a line, each on disk at once")


if __name__ == "__main__":
    main()
