"""A C program's log as a trace, compared with a few lines of Python."""

import tempfile
from pathlib import Path

import tracekit as tk

LOG = """\
TRACEKIT config wavelength unit=m : 1e-10
TRACEKIT covers slow fast : 2 3
TRACEKIT tap R slow=2 fast=3 unit=m : 0.10000719974082075
TRACEKIT tap omega slow=2 fast=3 unit=sr : 9.9978402807502427e-07
"""


def port() -> tk.Trace:
    """The same two numbers from Python, one of them slightly wrong."""
    with tk.record(pixels=[(2, 3)]) as recording:
        tk.config("wavelength", 1e-10, "m")
        with tk.scope("pixel", slow=2, fast=3):
            R = tk.tap((0.1**2 + 0.0012**2) ** 0.5, "R", unit="m")
            tk.tap(1e-8 / R**2, "omega", unit="sr")
    return recording.trace


def main() -> None:
    """Write the log where a C program would, read it, compare."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "c.log"
        log.write_text(LOG, encoding="utf-8")
        expected = tk.read_log(log, dialect="tracekit")
        print(tk.compare(port(), expected))


if __name__ == "__main__":
    main()
