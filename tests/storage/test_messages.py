"""The messages of a stream are Arrow's, and written whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tracekit.storage import messages
from tracekit.storage.messages import Messages, Piece

SCHEMA = pa.schema([("n", pa.int64()), ("value", pa.float64())])
FEW = 1000  # rows of a row group


def batches() -> list[pa.RecordBatch]:
    """Small ones and large ones."""
    return [
        pa.record_batch([np.arange(size), np.arange(size) / 7], schema=SCHEMA)
        for size in (0, 3, 2500, 4000, 1)
    ]


def test_they_are_the_bytes_of_an_arrow_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether values were copied or cut, the file is what Arrow writes."""
    monkeypatch.setattr(messages, "LARGE", 8 * 2000)
    monkeypatch.setattr(messages, "ROWS", FEW)
    written = Messages(tmp_path / "one", SCHEMA)
    with pa.ipc.new_stream(str(tmp_path / "other"), SCHEMA) as stream:
        for number, batch in enumerate(batches()):
            about = {b"number": str(number).encode()}
            stream.write_batch(batch, custom_metadata=about)
            written.gather(batch, about)
            written.write(batch["value"].to_numpy())
    written.close(whole=True)
    one, other = ((tmp_path / name).read_bytes() for name in ("one", "other"))
    assert one == other


def test_who_is_told_finds_the_piece_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each piece of large values lies there, as many rows as a row group."""
    monkeypatch.setattr(messages, "LARGE", 8 * 2000)
    monkeypatch.setattr(messages, "ROWS", FEW)
    told = list[Piece]()
    written = Messages(tmp_path / "s", SCHEMA, told.append)
    batch = batches()[2]
    written.gather(batch, {})
    written.write(batch["value"].to_numpy())
    written.close(whole=True)
    data = (tmp_path / "s").read_bytes()
    pieces = [data[b : b + size] for b, size, own in told if own]
    assert [len(p) // 8 for p in pieces] == [1000, 1000, 500] * 2
    assert b"".join(pieces[3:]) == batch["value"].to_numpy().tobytes()
    assert sum(size for _, size, _ in told) == len(data)


def test_what_is_not_whole_has_no_end(tmp_path: Path) -> None:
    """Nothing is written behind what the disk took last."""
    written = Messages(tmp_path / "s", SCHEMA)
    written.gather(batches()[1], {})
    assert written.gathered()
    assert not written.tell()
    written.close(whole=False)
    assert not (tmp_path / "s").stat().st_size


@pytest.mark.parametrize("number", [0, 2])
def test_a_signal_behind_the_write_repeats_nothing(
    number: int, tmp_path: Path
) -> None:
    """What was written before Ctrl-C came is not written again at the end."""
    due = [False]

    def told(piece: Piece) -> None:
        if due[0] and sum(piece[:2]) == size:
            raise KeyboardInterrupt

    size = 0
    for turn in range(2):  # the first one says how much there is
        path = tmp_path / str(turn)
        written = Messages(path, SCHEMA, told)
        for batch in batches()[:number]:
            written.gather(batch, {})
            written.write()
        written.gather(batches()[3], {})
        if due[0]:
            with pytest.raises(KeyboardInterrupt):
                written.write()
        else:
            written.write()
            size, due[0] = written.tell(), True
        written.close(whole=True)
    assert path.read_bytes() == (tmp_path / "0").read_bytes()
    with pa.ipc.open_stream(path.read_bytes()) as stream:
        assert len(list(stream)) == number + 1
