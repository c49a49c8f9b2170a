"""Operations as data."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tracekit.capture import deferred
from tracekit.capture.terms import lines_in, value_of
from tracekit.errors import TapError


def test_values() -> None:
    """A term computes with the lines before it and what comes along."""
    x, lengths = np.array([1.0, 4.0, 9.0]), [3]
    roots = ["sqrt", ["line", 1]]
    term = ["expand", ["at", roots, 2], "float32", ["integers", 0], 2]
    found = value_of(term)(([None, x], [], lengths, []))
    assert found.dtype == np.float32
    assert found.tolist() == [[3.0, 3.0]] * 3
    assert [*lines_in(["add", roots, ["line", 0]])] == [1, 0]
    numbers = value_of(["arange", 3, 1, 2, "int64"])(([], [], [], []))
    assert numbers.tolist() == [1, 3, 5]
    taken = ["select", ["array", ["values", 0]], 1, 0]
    given = [torch.tensor([[1.0, 2.0]], requires_grad=True)]
    assert value_of(taken)(([], given, [], [])).tolist() == [1.0]


@pytest.mark.parametrize(
    "term",
    [
        "object",
        "__import__",
        ["load", "x.npy"],
        ["__import__", "os"],
        ["line", -1],
        ["line", "0"],
        ["line"],
        ["values", 0.5],
        [],
        [["add"], 1, 2],
        None,
        {"add": 1},
    ],
    ids=str,
)
def test_what_is_no_operation(term: object) -> None:
    """It is refused before anything is computed, wherever it stands."""
    for forged in (term, ["add", 1.0, ["negative", term]]):
        with pytest.raises(TapError, match="none of the operations"):
            value_of(forged)
    with pytest.raises(TapError, match="none of the operations"):
        deferred.program(json.dumps([[term], [], []]))
