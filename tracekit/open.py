"""One way in for everything that can be compared: a trace, a log, a path."""

from __future__ import annotations

import os
import shutil
import weakref
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp

from tracekit.errors import TraceError
from tracekit.storage.trace import MARKER, Trace, found_trace

LOG_SUFFIXES = (".log", ".txt")
PACKED = (".gz", ".zst", ".bz2", ".xz")
_BEGINNING = 10_000
_LARGE = 32 << 20  # bytes of arrays that wait on the disk


class _Aside:
    """A directory that is removed with the last trace that lies there."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="tracekit-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def as_trace(source: Trace | str | Path, dialect: str | None = None) -> Trace:
    """A trace from a trace, a trace directory, a log, a table or an array.

    Args:
        source: what to open.
        dialect: how the log is spelled, if it is one; by default tracekit's
            own where a line near its beginning says so, else nanoBragg's.

    Raises:
        TraceError: there is nothing that can be opened.
        LogError: the log can't be read.
    """
    if isinstance(source, Trace):
        return source
    if not isinstance(source, str | os.PathLike):
        raise TraceError(
            f"{source!r} is no trace and no path of one; of a recording give "
            "its .trace, after its block"
        )
    path = Path(source)
    if (path / MARKER).is_file() or path.is_dir():
        return found_trace(path)
    return _read_other(path, dialect)


def _read_other(path: Path, dialect: str | None) -> Trace:
    """What is no trace; its readers take 0.1 s to load."""
    from tracekit.logs.log import read_log
    from tracekit.readers.arrays import (
        is_array_file,
        read_arrays,
        store_arrays,
    )
    from tracekit.readers.tables import read_csv, read_parquet

    plain = path.with_suffix("") if path.suffix in PACKED else path
    if plain.suffix in LOG_SUFFIXES:
        return read_log(path, dialect=dialect or dialect_of(path))
    if path.suffix == ".parquet":
        return read_parquet(path)
    if path.suffix in (".csv", ".tsv"):
        return read_csv(path)
    if not path.exists():
        raise TraceError(
            f"{path} does not exist; give a trace, a log, a table, or an "
            "array or image file"
        )
    if is_array_file(path):
        if path.stat().st_size < _LARGE:
            return read_arrays(path)
        aside = _Aside()
        stored = store_arrays(path, aside.path)
        return Trace(stored.tables, {}, stored.path, aside)
    raise TraceError(
        f"{path} is neither a trace directory, a log "
        f"({', '.join(LOG_SUFFIXES)}), a table (.parquet, .csv) nor an array "
        "(.npy, .npz, .h5, .nc, .safetensors, a detector's image); "
        "'tracekit array' reads plain numbers"
    )


def dialect_of(log: Path) -> str:
    """Tracekit's own where a line near its beginning is, else nanoBragg's."""
    from tracekit.logs.file import LogFile

    if not log.is_file() or not log.stat().st_size:
        return "nanobragg"
    beginning = islice(LogFile(log).lines(), _BEGINNING)
    own = any(line.startswith("TRACEKIT ") for line in beginning)
    return "tracekit" if own else "nanobragg"
