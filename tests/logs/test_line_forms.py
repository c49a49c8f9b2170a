"""Every form of line gives back the numbers printed in it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.log_lines import nanobragg

doubles = st.floats(allow_nan=False, allow_infinity=False)


Form = Callable[[list[str]], str]
FORMS: list[tuple[str, int, Form]] = [
    ("named", 1, lambda n: f"TRACE_C: some_value {n[0]}"),
    ("vector", 3, lambda n: f"TRACE_C: some_vec {n[0]} {n[1]} {n[2]}"),
    ("assigned", 3, lambda n: f"TRACE_C:some_vec={n[0]} {n[1]} {n[2]}"),
    ("matrix", 4, lambda n: f"TRACE_C:M=[{n[0]} {n[1]}; {n[2]} {n[3]}]"),
    (
        "bare matrix",
        4,
        lambda n: f"TRACE_PY: M [{n[0]} {n[1]}; {n[2]} {n[3]}]",
    ),
    ("pairs", 2, lambda n: f"TRACE_C:some=x:{n[0]} y:{n[1]}"),
    ("bare pairs", 2, lambda n: f"TRACE_PY: some x:{n[0]} y:{n[1]}"),
    ("record", 2, lambda n: f"TRACE_C_PHI phi_tic=3 one={n[0]} two={n[1]}"),
    (
        "long record",
        3,
        lambda n: f"TRACE_C_TAP5_HKL: v={n[0]} {n[1]} w={n[2]}",
    ),
    ("alternating", 2, lambda n: f"TRACE_C_TAP4: pixel 0 0 p {n[0]} q {n[1]}"),
    ("tuple", 1, lambda n: f"TRACE_C_OMEGA: pixel=(0,1) omega={n[0]}"),
    ("index", 1, lambda n: f"TRACE_C_SOURCE2: some {n[0]}"),
    ("list", 3, lambda n: f"TRACE_PY: v = [{n[0]}, {n[1]}, {n[2]}]"),
    ("array", 3, lambda n: f"TRACE_PY:v=[ {n[0]}  {n[1]} {n[2]} ]"),
    (
        "bare list",
        2,
        lambda n: f"TRACE_PY_TRICUBIC_H_COORDS: [{n[0]}, {n[1]}]",
    ),
    ("element", 1, lambda n: f"TRACE_PY_TRICUBIC: [0,1,2]={n[0]}"),
    ("expression name", 1, lambda n: f"TRACE_C: -Fbeam*fdet[1] {n[0]}"),
    ("unit", 1, lambda n: f"TRACE_PY: airpath = {n[0]} m"),
    ("norm", 3, lambda n: f"TRACE: a = [{n[0]}, {n[1]}] |a| = {n[2]} meters"),
    ("two names", 2, lambda n: f"TRACE:   V = {n[0]}, W = {n[1]}"),
    ("chain", 1, lambda n: f"TRACE: V cell: V = p . (q x r) = {n[0]}"),
    ("parentheses", 3, lambda n: f"TRACE: a* (1) = ({n[0]}, {n[1]}, {n[2]})"),
    ("unprefixed", 3, lambda n: f"DETECTOR_FAST_AXIS {n[0]} {n[1]} {n[2]}"),
    ("after a message", 1, lambda n: f"be printed! TRACE_C: some {n[0]}"),
    ("diff", 1, lambda n: f"-TRACE_C: some {n[0]}"),
    ("two traces", 2, lambda n: f"TRACE_C: r {n[0]}\tTRACE_PY: r {n[1]}"),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
@given(values=st.lists(doubles, min_size=4, max_size=4))
def test_every_form_gives_back_what_was_printed(
    form: tuple[str, int, Form], values: list[float]
) -> None:
    """Random doubles printed in a line form come back with the same bits."""
    _, count, line = form
    printed = line([f"{value:.17g}" for value in values[:count]])
    parsed = nanobragg(printed)
    assert not parsed.rejects
    found = [v for event in parsed.events for v in event.values.tolist()]
    assert [v.hex() for v in found] == [v.hex() for v in values[:count]]
