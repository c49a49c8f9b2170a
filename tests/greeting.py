"""A small C program that prints tracekit's lines, and what its run kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

import tracekit as tk

SOURCE = r"""
#include <stdio.h>
int main(int count, char **words)
{
    FILE *side = fopen("side.bin", "rb");
    printf("a greeting\n");
    if (side) printf("TRACEKIT file side : side.bin\n");
    printf("TRACEKIT config steps : %d\n", count);
    printf("TRACEKIT tap R slow=0 fast=1 unit=m : %.17g\n", 0.1);
    fprintf(stderr, "TRACEKIT tap omega slow=0 fast=1 unit=sr : 1e-6\n");
    return count > 1 ? 3 : 0;
}
"""


def greeting(folder: Path) -> Path:
    """The compiled program; with an argument it ends with status 3."""
    (folder / "p.c").write_text(SOURCE)
    subprocess.run(
        ["cc", "-o", str(folder / "p"), str(folder / "p.c")], check=True
    )
    return folder / "p"


def facts_of(trace: tk.Trace) -> dict[str, str]:
    """The facts of a trace's run."""
    return dict(trace.tables["run"].to_pylist()[0]["facts"])


def files_of(trace: tk.Trace) -> dict[tuple[str, str], str]:
    """Hashes by role and name."""
    return {
        (row["role"], row["name"]): row["sha256"]
        for row in trace.tables["file"].to_pylist()
    }
