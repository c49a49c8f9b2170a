"""Every form of line gives back the numbers printed in it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.log_lines import nanobragg
from tracekit.logs.line_forms import FORMS as FORMS_BY_NAME
from tracekit.logs.numbers import parse_number

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


@given(
    values=st.lists(doubles, min_size=2, max_size=2),
    step=st.integers(0, 2**40),
)
def test_names_with_and_without_a_sign_give_back_what_was_printed(
    values: list[float], step: int
) -> None:
    """The form ``mixed``, which no shipped dialect needs."""
    one, two = (f"{value:.17g}" for value in values)
    found = FORMS_BY_NAME["mixed"](
        f"step={step} energy {one} eV R = {two}", {"eV": "eV"}
    )
    assert found is not None
    assert [(s.name, s.unit) for s in found] == [
        ("step", None),
        ("energy", "eV"),
        ("R", None),
    ]
    numbers = [float(s.numbers[0]) for s in found]
    assert [n.hex() for n in numbers] == [
        float(step).hex(),
        *(v.hex() for v in values),
    ]


SPECIAL = ["nan", "-nan", "inf", "-inf", "-0", "0x1.8p+1", "1.#INF", "1D+03"]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
def test_every_form_reads_special_numbers(form: tuple[str, int, Form]) -> None:
    """NaN, infinities, -0, hexadecimal and Fortran's exponents."""
    _, count, line = form
    for word in SPECIAL:
        parsed = nanobragg(line([word] * count))
        assert not parsed.rejects
        found = [v for e in parsed.events for v in e.values.tolist()]
        wanted = parse_number(word).value
        assert [v.hex() for v in found] == [wanted.hex()] * count
