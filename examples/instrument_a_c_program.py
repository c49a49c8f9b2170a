"""A C program with five added lines, compared with its PyTorch port.

``heat/heat.c`` is the program; it includes ``tracekit.h``. ``tracekit run``
would do the same from a shell:

    cc -I"$(tracekit c-header --folder)" -o heat examples/heat/heat.c
    tracekit run -o c.trace -- ./heat 32 10
"""

import subprocess
import tempfile
from pathlib import Path

import torch

import tracekit as tk
from tracekit.native import FOLDER
from tracekit.programs import run

SOURCE = Path(__file__).parent / "heat" / "heat.c"
DIFFUSIVITY, CELL, INTERVAL = 1e-4, 0.01, 0.1
N, STEPS = 32, 10


def port(*, mistake: bool) -> tk.Trace:
    """The same plate in PyTorch; the mistake turns the plate by 90 degrees."""
    y = torch.arange(N, dtype=torch.float64)
    T = 293.0 + 10.0 * torch.outer(y, y) / (N * N)
    T[(N // 3, N // 2) if mistake else (N // 2, N // 3)] = 500.0
    with tk.record() as recording:
        tk.config("diffusivity", DIFFUSIVITY, "m^2/s")
        for step in range(STEPS):
            with tk.scope("step", step=step):
                around = (
                    T[:-2, 1:-1] + T[2:, 1:-1] + T[1:-1, :-2] + T[1:-1, 2:]
                )
                bend = torch.zeros_like(T)
                bend[1:-1, 1:-1] = (around - 4.0 * T[1:-1, 1:-1]) / CELL**2
                tk.tap(bend, "curvature", "y x", unit="K/m^2")
                T = T + DIFFUSIVITY * INTERVAL * bend
                tk.tap(T, "T", "y x", unit="K")
    return recording.trace


def main() -> None:
    """Compile, run, compare: the port, then the port with a mistake."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "heat"
        subprocess.run(
            ["cc", "-O2", f"-I{FOLDER}", "-o", program, SOURCE], check=True
        )
        command = [str(program), str(N), str(STEPS)]
        expected, _ = run(command, trace=Path(folder) / "c.trace")
        print(tk.compare(port(mistake=False), expected))
        print(tk.compare(port(mistake=True), expected))


if __name__ == "__main__":
    main()
