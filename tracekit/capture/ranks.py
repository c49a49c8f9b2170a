"""Which of several processes this one is, as torchrun and its like say."""

from __future__ import annotations

import os

from tracekit.errors import RecordingError

DIM = "rank"


def rank_of_world() -> tuple[int, int]:
    """This process' rank and how many there are; (0, 1) for one alone.

    Raises:
        RecordingError: RANK and WORLD_SIZE are no such numbers.
    """
    stated = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if None in stated:
        return 0, 1
    try:
        rank, world = (int(text or "") for text in stated)
    except ValueError:
        rank, world = -1, -1
    if not 0 <= rank < world:
        raise RecordingError(
            f"RANK={stated[0]!r} and WORLD_SIZE={stated[1]!r} in the "
            "environment are no rank of a world; unset or correct them"
        )
    return rank, world
