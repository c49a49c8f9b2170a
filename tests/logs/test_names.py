"""What a printed name and its value become."""

import math

from tests.logs.log_lines import nanobragg, only
from tracekit.logs.numbers import PLACEHOLDER_DIGITS


def test_a_known_name_becomes_its_tap() -> None:
    """The dialect gives tap, unit and components; the name's unit may lie."""
    event = only(nanobragg("TRACE_C: scattering_vec_A_inv -1.5 2 0.25"))
    assert (event.tap, event.unit) == ("scattering_vec", "1/m")
    assert event.axes[-1].labels == ("x", "y", "z")
    assert event.values.tolist() == [-1.5, 2, 0.25]
    assert event.need == "required"


def test_an_unknown_name_becomes_a_tap_of_its_own() -> None:
    """A name that the dialect doesn't have is read and required of nobody."""
    event = only(nanobragg("TRACE_C: airmass 1.25"))
    assert (event.tap, event.need, event.unit) == ("airmass", "optional", None)


def test_the_quantum_is_the_format_s_and_not_the_number_s() -> None:
    """F_cell 100 is known to fifteen digits, since %.15g drops zeros."""
    event = only(nanobragg("TRACE_C: F_cell 100"))
    assert event.digits is not None
    assert event.quantum is not None
    assert (event.digits.tolist(), event.quantum.tolist()) == ([15], [-12])


def test_a_family_without_a_format_takes_its_widest_number() -> None:
    """A short number of a port is as precise as the longest beside it."""
    parsed = nanobragg(
        "TRACE_PY: F_cell 100", "TRACE_PY: polar 0.9612769396904330"
    )
    assert parsed.events[0].quantum is not None
    assert parsed.events[0].quantum.tolist() == [-13]


def test_integers_stay_integers() -> None:
    """hkl_rounded is int64, also where a port prints it as floats."""
    for text in ("-8 39 -39", "-8.000e+00 3.900e+01 -3.900e+01"):
        event = only(nanobragg(f"TRACE_C: hkl_rounded {text}"))
        assert event.kind == "int"
        assert event.values.tolist() == [-8, 39, -39]
    event = only(nanobragg("TRACE_C: steps 9007199254740993"))
    assert event.values.tolist() == [9007199254740993]
    assert event.text == ["9007199254740993"]


def test_nan_and_a_placeholder_differ() -> None:
    """A printed NaN is a value; NOT_EXTRACTED is none and keeps its text."""
    real, placeholder = nanobragg(
        "TRACE_PY: I_before_scaling nan",
        "TRACE_PY: I_before_scaling NOT_EXTRACTED",
    ).events
    assert math.isnan(float(real.values[0]))
    assert math.isnan(float(placeholder.values[0]))
    assert placeholder.kind == real.kind == "float"
    assert real.digits is not None
    assert placeholder.digits is not None
    assert real.digits.tolist() == [0]
    assert placeholder.digits.tolist() == [PLACEHOLDER_DIGITS]
    assert placeholder.text == ["NOT_EXTRACTED"]


def test_a_string_is_a_text_event() -> None:
    """Strings keep every character, whatever brackets and signs are in it."""
    mapping = "Fbeam←Ybeam_mm(+0.5px),Sbeam←Xbeam_mm(+0.5px),beam_vec=[1 0 0]"
    event = only(nanobragg(f"TRACE_C:convention_mapping={mapping}"))
    assert (event.kind, event.text) == ("text", [mapping])


def test_banners_are_kept_and_never_compared() -> None:
    """A heading behind a prefix is a text that no comparison asks for."""
    event = only(nanobragg("TRACE_PY: === PIXEL (262, 368) TRACE START ==="))
    assert (event.tap, event.need) == ("banner", "ignored")


def test_an_expression_is_kept_beside_its_value() -> None:
    """The last value of ``name = expression = value`` counts."""
    value, expression = nanobragg(
        "TRACE:   V_star = a . (b x c) = 1e-06"
    ).events
    assert value.values.tolist() == [1e-06]
    assert expression.text == ["a . (b x c)"]


def test_the_prose_dump_is_ignored_under_names_of_its_own() -> None:
    """``TRACE: a_star`` with six digits doesn't meet the tap a_star."""
    event = only(nanobragg("TRACE:   a_star (raw) = [1, 0, 0]"))
    assert event.tap.startswith("prose.")
    assert event.need == "ignored"


def test_a_cut_vector_is_a_reject() -> None:
    """A line that ends inside a vector is kept with its place and reason."""
    parsed = nanobragg("banner", "TRACE_C: hkl_frac -7.9 39.3")
    assert not parsed.events
    reject = parsed.rejects[0]
    assert (reject.file, reject.line) == ("c.log", 2)
    assert reject.reason == "expected 3 numbers after 'hkl_frac', got 2"
    assert reject.text == "TRACE_C: hkl_frac -7.9 39.3"


def test_a_line_glued_to_the_next_loses_neither() -> None:
    """A missing line end inside two joined logs is bridged."""
    parsed = nanobragg("TRACE_C: hkl_frac 1 2 3.5mosflm convention selected.")
    assert only(parsed).values.tolist() == [1, 2, 3.5]
    assert parsed.config[0].text == "MOSFLM"


def test_a_command_is_no_trace_line() -> None:
    """An environment assignment in a file of commands is kept as text."""
    event = only(nanobragg("TRACE_C_TAP5=1 ./nanoBragg -cell 100 100 100"))
    assert (event.tap, event.kind, event.need) == (
        "command",
        "text",
        "ignored",
    )
