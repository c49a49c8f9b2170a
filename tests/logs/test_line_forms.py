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


BARE: dict[str, list[tuple[int, Form]]] = {
    "named": [
        (3, lambda n: f"x {n[0]} {n[1]} {n[2]}"),
        (1, lambda n: f"x [{n[0]}]"),
    ],
    "assigned": [
        (3, lambda n: f"x={n[0]} y=({n[1]},{n[2]})"),
        (2, lambda n: f"a b: x = {n[0]} |x| = {n[1]} eV"),
    ],
    "pairs": [(3, lambda n: f"x=y:{n[0]} z:[{n[1]}, {n[2]}]")],
    "alternating": [(3, lambda n: f"x {n[0]} {n[1]} y {n[2]}")],
    "indexed": [(1, lambda n: f"[0, 1]={n[0]}")],
    "listed": [
        (3, lambda n: f"[{n[0]}, {n[1]}; {n[2]}]"),
        (1, lambda n: f"({n[0]})"),
    ],
    "mixed": [
        (3, lambda n: f"step=3 x {n[0]} eV y: {n[1]}, z(3, -4) = {n[2]}"),
        (3, lambda n: f'cell(1,2): x=[[{n[0]}, {n[1]}], [{n[2]}]] m="a b"'),
        (3, lambda n: f"x[0][1] = {{{n[0]} {n[1]}}} |y|={n[2]}; m = fast"),
    ],
    "columns": [
        (3, lambda n: f"{n[0]} {n[1]}  ok\t{n[2]}"),
        (3, lambda n: f"{n[0]},{n[1]} ; {n[2]}"),
    ],
    "json": [
        (
            3,
            lambda n: (
                f'{{"step": 3, "x": {{"y": {n[0]}}}, "m": true, '
                f'"z": [[{n[1]}], {n[2]}], "name": "1.5"}}'
            ),
        )
    ],
    "text": [(0, lambda n: f"{n[0]} of some words")],
}
PRINTED: list[Callable[[float], str]] = [
    lambda value: f"{value:.17g}",
    lambda value: f"{value:.16e}",
    lambda value: f"{value:+.16E}".replace("E", "D"),
    float.hex,
]


@pytest.mark.parametrize("form", FORMS_BY_NAME)
@given(
    values=st.lists(doubles, min_size=3, max_size=3),
    spelling=st.sampled_from(PRINTED),
)
def test_each_form_by_itself_gives_back_what_was_printed(
    form: str, values: list[float], spelling: Callable[[float], str]
) -> None:
    """Also in hexadecimal and with Fortran's D, whatever dialect needs it."""
    plain = form == "json"  # which has no other spelling of a number
    words = [(PRINTED[0] if plain else spelling)(value) for value in values]
    for count, line in BARE[form]:
        printed = line(words)
        found = FORMS_BY_NAME[form](printed, {"eV": "eV"})
        assert found is not None, printed
        assert form != "text" or found[0].text == printed
        read = [
            parse_number(text).value.hex()
            for statement in found
            if statement.name not in ("step", "index", "cell")
            for text in statement.numbers
        ]
        assert read == [value.hex() for value in values[:count]]


def test_the_mixed_form_knows_names_indices_texts_and_units() -> None:
    """Each statement has its own."""
    found = FORMS_BY_NAME["mixed"](
        'step=3 T(3, -4)= 2.5 K, mode="a b" E 1e-3 eV/s info=4',
        {"K": "K", "eV/s": "eV/s"},
    )
    assert found is not None
    assert [
        (s.name, s.subscripts, s.numbers, s.text, s.unit) for s in found
    ] == [
        ("step", (), ("3",), None, None),
        ("T", ("3", "-4"), ("2.5",), None, "K"),
        ("mode", (), (), "a b", None),
        ("E", (), ("1e-3",), None, "eV/s"),
        ("info", (), ("4",), None, None),
    ]


def test_json_keeps_names_texts_and_digits() -> None:
    """Names inside of others are joined, and nothing is rounded."""
    line = '{"a": {"b": 0.10, "c": "x"}, "n": null, "v": [1, "y"], "k": NaN}'
    found = FORMS_BY_NAME["json"](line, {})
    assert found is not None
    assert [(s.name, s.numbers, s.text) for s in found] == [
        ("a.b", ("0.10",), None),
        ("a.c", (), "x"),
        ("n", (), "null"),
        ("v.0", ("1",), None),
        ("v.1", (), "y"),
        ("k", ("NaN",), None),
    ]
    for broken in ("[1]", "{", "{}", '{"a": 01}', '{"a":' * 100_000):
        assert FORMS_BY_NAME["json"](broken, {}) is None


@pytest.mark.parametrize(
    "line", ["x 1", "T(3.5)=1", "a(b)=1", "ray depth=0", "a=1 at last", "x="]
)
def test_what_is_no_record_is_left_to_other_forms(line: str) -> None:
    """A record has a sign or whole indices, and nothing besides."""
    assert FORMS_BY_NAME["mixed"](line, {}) is None


def test_a_value_between_two_signs_is_not_hidden() -> None:
    """``step=10 T(3,4)= 2.5`` doesn't state a step of 2.5."""
    assigned = FORMS_BY_NAME["assigned"]
    assert assigned("step=10 T(3,4)= 2.5", {}) is None
    assert assigned("V = 2 m = 3", {"m": "m"}) is not None


SPECIAL = ["nan", "-nan", "inf", "-inf", "-0", "0x1.8p+1", "1.#INF", "1D+03"]
SPECIAL += ["nan(0x8000000000000)", "-1.#IND00", "Infinity"]


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
