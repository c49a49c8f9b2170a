"""An edge and a centre pixel of 4096 x 4096, before and after scaling.

    python examples/edge_vs_centre.py --pixel 0 0 --tag edge \
        --oversample 2 --taps intensity --json --out-dir D
    python examples/edge_vs_centre.py --pixel 2048 2048 --tag centre \
        --oversample 2 --taps intensity --json --out-dir D

Each call traces one pixel with the PyTorch program and with the C program,
and writes it to the same directory; ``pre_norm_summary.md`` then compares all
that is there. Every number in it comes from SQL over the traces. Without any
argument both pixels are traced in a temporary directory.
"""

import argparse
import contextlib
import json
import os
import platform
import shlex
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the pair isn't installed

import simulator.__main__ as pair
import tracekit as tk

SQL = Path(pair.__file__).parent / "queries"
PROBLEM = (
    "-default_F 100 -cell 100 100 100 90 90 90 -lambda 0.5 -distance 500"
    " -pixel 0.05 -detpixels 4096 -N 5 -mosflm -nonoise -nopgm"
)
TAPS = {
    "config": "config_snapshot", "omega": "omega_subpixel",
    "f_cell": "f_cell_stats", "intensity": "intensity_pre_norm",
    "hkl_subpixel": "hkl_subpixel", "hkl_bounds": "hkl_bounds",
    "accumulation": "accumulation", "post_scale": "intensity_post_scale",
    "final": "final_output",
}  # fmt: skip
SAFE = ("CUDA_VISIBLE_DEVICES", "MKL_NUM_THREADS", "OMP_NUM_THREADS",
        "PYTHONHASHSEED", "PYTHONPATH")  # fmt: skip
SCALED = ["I_before_scaling", "steps", "capture_fraction", "polar",
          "omega_applied", "intensity"]  # fmt: skip
AGREEMENT = """
SELECT tap, actual AS "PyTorch", expected AS "C", actual - expected AS "error"
FROM aligned WHERE list_contains($scaled, tap) ORDER BY tap_order
"""
CONTRAST = """
SELECT one.tap, one.value AS one, other.value AS other,
    other.value / one.value AS "other/one"
FROM element AS one JOIN element AS other USING (tap)
WHERE one.side = 'one' AND other.side = 'other'
    AND list_contains($scaled, tap)
ORDER BY one.tap_id
"""


def arguments() -> argparse.Namespace:
    """The options of the original task, and which programs to run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pixel", nargs=2, type=int, metavar=("S", "F"))
    parser.add_argument("--tag", default="pixel")
    parser.add_argument("--oversample", type=int, default=2)
    parser.add_argument("--taps", default="intensity", help=", ".join(TAPS))
    parser.add_argument("--json", action="store_true", help="write JSON files")
    parser.add_argument("--out-dir", type=Path)
    asked = parser.parse_args()
    unknown = set(asked.taps.split(",")) - set(TAPS)
    if unknown or not asked.tag.isidentifier():
        parser.error(f"--taps takes {', '.join(TAPS)}; --tag takes one word")
    return asked


def trace(asked: argparse.Namespace) -> None:
    """Trace the pixel with both programs; only this pixel is computed."""
    slow, fast = asked.pixel
    for backend, place in (
        ("torch", asked.out_dir),
        ("c", asked.out_dir / "c"),
    ):
        place.mkdir(parents=True, exist_ok=True)
        kept = place / f"{asked.tag}.trace"
        shutil.rmtree(kept, ignore_errors=True)
        line = [*shlex.split(PROBLEM), "-oversample", str(asked.oversample)]
        line += ["--backend", backend, "--trace", str(kept.resolve())]
        line += ["--trace-pixel", str(slow), str(fast)]
        # an Fdump.bin that lies about here must not be read
        with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
            if pair.main(line) != 0:
                sys.exit(f"{backend}: the simulator failed; see above")
        note(asked, line)
        if asked.json:
            write_json(asked, place, kept)


def note(asked: argparse.Namespace, line: list[str]) -> None:
    """What was run, and what decides its result besides the code."""
    packages = {name: version(name) for name in ("numpy", "torch", "duckdb")}
    facts = {"python": platform.python_version(), **packages}
    facts |= {name: os.environ[name] for name in SAFE if name in os.environ}
    with (asked.out_dir / "commands.txt").open("a", encoding="utf-8") as file:
        file.write(f"python -m simulator {shlex.join(line)}\n")
        file.writelines(f"    {name}={text}\n" for name, text in facts.items())


def rows(con: Any, sql: str, values: Any = None) -> list[dict[str, Any]]:
    """The rows of a query as dicts."""
    answer = con.execute(sql, values)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def write_json(asked: argparse.Namespace, place: Path, kept: Path) -> None:
    """One file for each numbered tap, and one for what the run was."""
    slow, fast = asked.pixel
    con = tk.connect({asked.tag: kept})
    stem = f"pixel_{slow}_{fast}"
    run = rows(con, "FROM run")[0]
    time = {"timestamp_utc": run["started"]}
    for tap in asked.taps.split(","):
        sql = (SQL / f"{TAPS[tap]}.sql").read_text(encoding="utf-8")
        at = {"slow": slow, "fast": fast} if "$slow" in sql else None
        found = rows(con, sql, at)
        for row in found:
            del row["side"]
        document = {
            "tap_id": TAPS[tap], "pixel_coords": [slow, fast],
            "values": found[0] if at or tap == "hkl_bounds" else found, **time,
        }  # fmt: skip
        dump(place / f"{stem}_{TAPS[tap]}.json", document)
    facts = rows(con, "SELECT key, coalesce(value::JSON, to_json(text)) AS "
                 "value, unit FROM config WHERE key <> 'argv'")  # fmt: skip
    dump(place / f"{stem}_metadata.json", {
        "pixel_slow": slow, "pixel_fast": fast, "tag": asked.tag,
        "program": run["program"], "oversample": asked.oversample,
        "configuration": {f["key"]: json.loads(f["value"]) for f in facts},
        "units": {f["key"]: f["unit"] for f in facts if f["unit"]}, **time,
    })  # fmt: skip


def dump(path: Path, document: Any) -> None:
    """Numbers stay numbers; NaN would be an error."""
    text = json.dumps(document, indent=2, allow_nan=False)
    path.write_text(f"{text}\n", encoding="ascii")


def table(found: list[dict[str, Any]]) -> list[str]:
    """A Markdown table of a query's rows."""
    head = list(found[0])
    lines = [head, ["---"] * len(head), *(r.values() for r in found)]
    return ["", *("| " + " | ".join(map(str, line)) + " |" for line in lines)]


def summary(out_dir: Path) -> str:
    """All that was traced into a directory, compared."""
    torch = {p.stem: p for p in sorted(out_dir.glob("*.trace"))}
    text = ["# Before and after normalisation", "",
            f"    {PROBLEM}"]  # fmt: skip
    for tag, path in torch.items():
        against = out_dir / "c" / path.name
        result = tk.compare(path, against, policy=SQL.parent / "policy.toml")
        con = tk.connect(actual=path, expected=against)
        pixel = rows(con, "SELECT slow, fast FROM element WHERE tap = 'image'")
        at = "(slow {slow}, fast {fast})".format(**pixel[0])
        text += ["", f"## {tag} {at}: PyTorch against C, {result.verdict}"]
        text += table(rows(con, AGREEMENT, {"scaled": SCALED}))
    for one, other in zip(list(torch)[:1], reversed(torch), strict=False):
        if one != other:
            text += ["", f"## one: {one}, other: {other}; PyTorch"]
            both = tk.connect({"one": torch[one], "other": torch[other]})
            text += table(rows(both, CONTRAST, {"scaled": SCALED}))
    written = "\n".join(text) + "\n"
    (out_dir / "pre_norm_summary.md").write_text(written, encoding="ascii")
    return written


def main() -> None:
    """One pixel as asked, or edge and centre where none is asked."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        asked.out_dir = asked.out_dir or Path(scratch)
        pixels = {asked.tag: asked.pixel}
        if asked.pixel is None:
            pixels = {"centre": [2048, 2048], "edge": [0, 0]}
        for asked.tag, asked.pixel in pixels.items():
            trace(asked)
        print(summary(asked.out_dir))


if __name__ == "__main__":
    main()
