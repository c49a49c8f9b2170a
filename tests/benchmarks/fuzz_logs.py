"""Throws damaged input at every reader: only tracekit's own errors may come.

Run it with ``python tests/benchmarks/fuzz_logs.py [SECONDS]`` (60 by default).
It reads any bytes as a log of each shipped dialect, and with the dialect that
is proposed for it, any bytes as a dialect file and as a pattern of one,
damaged arrays, and traces with damaged files: Parquet, Arrow IPC, journal,
marker. With atheris (the extra ``fuzz``) coverage leads it; without, and it
says so, bytes of good inputs are changed at random. An input that brings
another exception is written to ``crash-HASH`` and ends it with status 1.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np

LED = importlib.util.find_spec("atheris") is not None
if LED:
    import atheris

    watched = atheris.instrument_imports(include=["tracekit"])
else:
    watched = nullcontext()
with watched:
    import tracekit as tk
    from tracekit.errors import TracekitError
    from tracekit.logs.dialect import FOLDER
    from tracekit.logs.dialect_file import load_dialect
    from tracekit.logs.log import parse_log
    from tracekit.logs.patterns import SEARCHED, compiled
    from tracekit.logs.proposal import propose
    from tracekit.logs.proposal_text import dialect_text
    from tracekit.readers.array_formats import READERS
    from tracekit.readers.arrays import read_arrays

DIALECTS = sorted(path.stem for path in FOLDER.glob("*.toml"))
LINES = b"""\
TRACE_CONFIG: tracing pixel (spixel=1, fpixel=2)
TRACE_C:Rx=[1 -0 0; 0 1 0; 0 0 1]
TRACE_C_PHI phi_tic=0 phi_deg=0 k_frac=-3.8
TRACE_C_TAP4: pixel 0 0 subpixel 0 1 h -7.9 h0 -8
TRACE_PY_TRICUBIC: [0,0,1]=127.89
TRACE_BEAM_CENTER:x y=a + b = 0.5
  wave=1e-10 meters +/- 0% in 1 steps
TRACEKIT tap R slow=0:1 fast=0:2 unit=m components=xy : 1 2 3 4
TRACEKIT array T cell=0:3 : a.npy
TRACEKIT config k unit=m informative : 1e3
TRACEKIT covers slow fast : 0 0 ; 2 3
"""
OTHERS = b"""\
step=10 T(3,4)= 8.4e-01 K, mode="fast" flux[3][4] = ( 0.7, 0.1 ) W/m2
[00:00:00.100] pixel (10, 20) begin
hit depth=0 t=0.7 uv=[[0.2 0.2], [1]]
# iter   T[K]   p(Pa)  status
1  300.5  1e5  ok
2  301.5  1.1e5 ok
{"step": 1, "loss": {"mean": 0.5}, "v": [1, "a"]}
"""
PATTERNS = b"""\
(?:a|ab){3}[^=]*=\\s+(?P<x>\\d+)$
(.*) sources of (.*)
(?=a*+b)\\w++(?i:x)(?!y)
"""
SLOWEST = 2.0
"""Seconds that a pattern may take on one line, on a busy machine."""
Target = Callable[[bytes, Path], None]


def log_of(dialect: str) -> Target:
    """Any bytes as a log of this dialect."""

    def read(data: bytes, folder: Path) -> None:
        path = folder / "c.log"
        path.write_bytes(data)
        parse_log(path, dialect).trace()

    return read


def log_with_its_proposal(data: bytes, folder: Path) -> None:
    """Any bytes as a log, read with the dialect that is proposed for it."""
    dialect, log = folder / "p.toml", folder / "p.log"
    log.write_bytes(data)
    text = data.decode("utf-8", "backslashreplace")
    dialect.write_text(dialect_text(propose(text.splitlines()), "p", "p"))
    parse_log(log, dialect).trace()


def pattern(data: bytes, folder: Path) -> None:
    """Any text as a pattern: searched in what may be bad for it, in time."""
    del folder
    text = data.decode("utf-8", "replace").partition("\n")[0]
    try:
        found = compiled(text)
    except ValueError:
        return
    for part in {text[:n] for n in (1, 2, 5)} | {"a", "ab", "1", "a1= "}:
        line = (part * SEARCHED)[: SEARCHED - 1]
        for end in ("", "!"):
            began = time.monotonic()
            found.search(line + end)
            took = time.monotonic() - began
            if took > SLOWEST:
                raise TimeoutError(f"{text!r} took {took:.1f} s")


def arrays(data: bytes, folder: Path) -> None:
    """Any bytes as a file of arrays; HDF5's own library isn't tried."""
    kinds = [end for end in READERS if end in (".npy", ".npz", ".safetensors")]
    path = folder / f"a{kinds[data[0] % len(kinds)] if data else '.npy'}"
    path.write_bytes(data[1:])
    read_arrays(path)


def dialect_file(data: bytes, folder: Path) -> None:
    """Any bytes as a dialect, which then reads a log."""
    dialect, log = folder / "d.toml", folder / "d.log"
    dialect.write_bytes(data)
    log.write_bytes(LINES)
    load_dialect(dialect)
    parse_log(log, dialect).trace()


def damaged(trace: Path) -> Target:
    """A trace one of whose files has bytes changed where the input says."""
    files = sorted(p.relative_to(trace) for p in trace.rglob("*.*"))
    files = [f for f in files if (trace / f).is_file()]

    def read(data: bytes, folder: Path) -> None:
        copy = folder / "t"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(trace, copy)
        if data:
            path = copy / files[data[0] % len(files)]
            path.write_bytes(_flipped(path.read_bytes(), data[1:]))
        opened = tk.read_trace(copy)
        for tap in opened.taps:
            opened.elements(opened.taps.index(tap))

    return read


def _flipped(content: bytes, orders: bytes) -> bytes:
    """Every five bytes: four where, one what; a rest cuts the end off."""
    flipped = bytearray(content)
    for n in range(0, len(orders) - 4, 5):
        place = int.from_bytes(orders[n : n + 4], "little")
        if flipped:
            flipped[place % len(flipped)] ^= orders[n + 4]
    cut = len(orders) % 5
    return bytes(flipped[: len(flipped) * (5 - cut) // 5])


def array_file(kind: str) -> bytes:
    """A file of numbers behind the byte that says which kind it is."""
    content = io.BytesIO()
    if kind == ".npz":
        np.savez(content, a=np.eye(3), b=np.arange(3))
    else:
        np.save(content, np.eye(3))
    return bytes([kind == ".npz"]) + content.getvalue()


def closed_trace(folder: Path) -> Path:
    """A finished trace of two taps."""
    with tk.record(folder / "closed"):
        tk.config("k", 1.5, "m")
        for n in range(3):
            with tk.scope("layers", layer=n):
                tk.tap(0.1 * n, "R", unit="m")
    return folder / "closed"


def open_trace(folder: Path) -> Path:
    """The files of a recording that was killed."""
    copy = folder / "open"
    with tk.record(folder / "running"):
        tk.config("k", 1.5, "m")
        tk.tap(0.1, "R", unit="m")
        shutil.copytree(folder / "running", copy)
    return copy


class Fuzzer:
    """One input, one reader: the first byte says which."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.targets: dict[str, Target] = {
            **{f"log of {name}": log_of(name) for name in DIALECTS},
            "log with its proposal": log_with_its_proposal,
            "dialect file": dialect_file,
            "pattern": pattern,
            "arrays": arrays,
            "closed trace": damaged(closed_trace(folder)),
            "open trace": damaged(open_trace(folder)),
        }
        self.seen: Counter[str] = Counter()

    def seeds(self) -> list[bytes]:
        """Good inputs of every reader."""
        found = []
        for number, name in enumerate(self.targets):
            contents = [LINES] if name.startswith("log") else [bytes(20)]
            if name == "log with its proposal":
                contents = [OTHERS, LINES]
            if name == "pattern":
                contents = PATTERNS.splitlines()
            if name == "arrays":
                contents = [array_file(".npy"), array_file(".npz")]
            if name == "dialect file":
                contents = [
                    (FOLDER / "tracekit.toml").read_bytes(),
                    (FOLDER / "nanobragg.toml").read_bytes()[:3000],
                ]
            found += [bytes([number]) + content for content in contents]
        return found

    def __call__(self, data: bytes) -> None:
        """Read it; what isn't our own error escapes."""
        names = list(self.targets)
        name = names[data[0] % len(names)] if data else names[0]
        self.seen[name] += 1
        try:
            self.targets[name](data[1:], self.folder)
        except TracekitError:
            self.seen[f"{name}, refused"] += 1
        except Exception:
            digest = hashlib.sha256(data).hexdigest()[:12]
            Path(f"crash-{digest}").write_bytes(data)
            sys.stderr.write(f"{name}: crash-{digest}\n")
            raise


def changed(seed: bytes, chance: random.Random) -> bytes:
    """A seed with some bytes changed, put in, taken out or doubled."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(1, len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0 and place < len(data):
            data[place] = chance.randrange(256)
        elif kind == 1:
            data[place:place] = chance.randbytes(chance.randint(1, 8))
        elif kind == 2:
            del data[place : place + chance.randint(1, 20)]
        else:
            start = chance.randrange(1, len(data) + 1)
            data[place:place] = data[start : start + 40]
    return bytes(data)


def by_chance(fuzzer: Fuzzer, seconds: float, seed: int = 0) -> None:
    """Change seeds at random for so long."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    seeds, end = fuzzer.seeds(), time.monotonic() + seconds
    while time.monotonic() < end:
        fuzzer(changed(chance.choice(seeds), chance))


def by_coverage(fuzzer: Fuzzer, seconds: int) -> None:
    """Let atheris look for inputs that reach other lines of code."""
    corpus = fuzzer.folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(fuzzer.seeds()):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup(
        [
            *(sys.argv[0], str(corpus), f"-max_total_time={seconds}"),
            *("-max_len=4096", "-timeout=20", "-print_final_stats=1"),
        ],
        fuzzer,
    )
    atheris.Fuzz()


def main() -> None:
    """Half of the time by chance, half by coverage where that can be."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("seconds", type=int, nargs="?", default=60)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as place:
        fuzzer = Fuzzer(Path(place))
        try:
            by_chance(fuzzer, seconds / 2 if LED else seconds)
        except Exception:
            traceback.print_exc()
            sys.exit(1)
        for name, count in sorted(fuzzer.seen.items()):
            sys.stdout.write(f"{count:9}  {name}\n")
        if LED:
            sys.stdout.flush()
            by_coverage(fuzzer, seconds // 2)
        else:
            sys.stdout.write("atheris isn't installed: by chance alone\n")


if __name__ == "__main__":
    main()
