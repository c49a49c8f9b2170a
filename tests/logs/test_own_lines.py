"""tracekit's own line grammar loses nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.log_lines import only, own, place
from tracekit.logs.numbers import EXACT

doubles = st.floats(allow_nan=False, allow_infinity=False)


def test_own_lines_describe_themselves() -> None:
    """Indices, unit, type and components stand on the line."""
    event = only(
        own(
            "TRACEKIT tap scattering_vec slow=10 fast=52 layer=1 unit=1/m "
            "type=float64 components=xyz need=optional : 1.5 -2 0.1"
        )
    )
    assert (event.tap, event.unit, event.need) == (
        "scattering_vec",
        "1/m",
        "optional",
    )
    assert event.values.tolist() == [1.5, -2, 0.1]
    assert event.axes[-1].labels == ("x", "y", "z")
    assert place(event)["layer"] == (1, "index")
    assert event.quantum is not None
    assert event.quantum.tolist() == [EXACT] * 3


@given(st.lists(doubles, min_size=1, max_size=5))
def test_own_lines_lose_nothing(values: list[float]) -> None:
    """Random doubles printed with %.17g come back with the same bits."""
    numbers = " ".join(f"{value:.17g}" for value in values)
    event = only(own(f"TRACEKIT tap v unit=m type=float64 : {numbers}"))
    assert [float(v).hex() for v in event.values] == [v.hex() for v in values]


@given(st.floats(width=32))
def test_own_float32_lines_lose_nothing(value: float) -> None:
    """A float32 comes back as the same float32, NaN and infinity included."""
    event = only(own(f"TRACEKIT tap v type=float32 : {value:.17g}"))
    assert event.dtype == "float32"
    assert event.values.dtype == np.float32
    np.testing.assert_array_equal(event.values, np.float32(value))


@given(st.integers(-(2**63), 2**63 - 1))
def test_own_integers_lose_nothing(value: int) -> None:
    """64-bit integers are never rounded to doubles."""
    event = only(own(f"TRACEKIT tap n type=int64 : {value}"))
    assert event.values.tolist() == [value]
    assert event.kind == "int"


def test_own_lines_hold_boxes() -> None:
    """An axis gives its first index and how many; components come last."""
    event = only(
        own(
            "TRACEKIT tap v step=3 slow=4:2 fast=0:1 type=int16 "
            "components=2x1 : 1 2 3 4"
        )
    )
    assert [(a.dim, a.origin, a.extent) for a in event.axes] == [
        ("step", 3, 1),
        ("slow", 4, 2),
        ("fast", 0, 1),
        ("component", 0, 2),
    ]
    assert event.axes[-1].labels == ("0,0", "1,0")
    assert (event.kind, event.dtype) == ("int", "int16")
    flags = only(own("TRACEKIT tap b cell=0:2 type=bool : 1 0"))
    assert (flags.kind, flags.values.tolist()) == ("bool", [True, False])


def test_own_lines_say_what_was_selected() -> None:
    """A tap that nobody asked for isn't missed."""
    assert own("TRACEKIT taps : q,F_*").run.selected_taps == ("q", "F_*")


def test_own_texts_and_special_values() -> None:
    """A text runs to the end of its line; nan and inf are numbers."""
    parsed = own(
        "TRACEKIT tap note type=text : a : b = [1 2]  ",
        "TRACEKIT tap v : nan -inf inf",
    )
    assert parsed.events[0].text == ["a : b = [1 2]  "]
    np.testing.assert_array_equal(
        parsed.events[1].values, [math.nan, -math.inf, math.inf]
    )


def test_own_facts_files_and_coverage() -> None:
    """Configuration, files and the traced pixels have lines of their own."""
    parsed = own(
        "TRACEKIT config fluence unit=photon/m^2 : 1.2593201528622709e+29",
        "TRACEKIT config argv informative : -cell 70 80",
        "TRACEKIT file side : Fdump.bin",
        "TRACEKIT covers slow fast : 0 0 ; 2048 2047",
    )
    fluence, argv = parsed.config
    assert (fluence.value, fluence.unit) == (
        1.2593201528622709e29,
        "photon/m^2",
    )
    assert fluence.quantum is None
    assert (argv.text, argv.decisive) == ("-cell 70 80", False)
    assert (parsed.files[0].name, parsed.files[0].role) == (
        "Fdump.bin",
        "side",
    )
    assert parsed.coverage[0].selected == ((0, 0), (2048, 2047))
    assert parsed.pixels.tolist() == [[0, 0], [2048, 2047]]
    assert parsed.declared == []
    assert not parsed.run.declares


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("TRACEKIT tap v 1.5", "expected ' : '"),
        ("TRACEKIT tap v : 1.5 x", "'x' is no number"),
        ("TRACEKIT tap v :", "needs a value"),
        ("TRACEKIT tap v type=int128 : 1", "type=int128 is none of"),
        ("TRACEKIT tap v type=int64 : 1.5", "a value is no int64"),
        ("TRACEKIT tap v slow=0:x : 1", "the index slow=x is no integer"),
        ("TRACEKIT tap v slow=0:-1 : 1", "less than no index"),
        ("TRACEKIT tap v slow=0:3 : 1 2", "expected 3 numbers for slow=0:3"),
        ("TRACEKIT tap v components=2x2 : 1 2", "expected 4 numbers"),
        ("TRACEKIT tap v type=bool : 2", "a value is no bool"),
        ("TRACEKIT tap v type=int8 : 128", "a value is no int8"),
        ("TRACEKIT array v : a.npy", "lies beside a log that is no file"),
        ("TRACEKIT array v : ../a.npy", "no name of a .npy file"),
        ("TRACEKIT array v : /etc/passwd", "no name of a .npy file"),
        ("TRACEKIT tap v slow=x : 1", "the index slow=x is no integer"),
        ("TRACEKIT tap v slow : 1", "'slow' is no dim=index"),
        ("TRACEKIT tap v need=maybe : 1", "need=maybe is none of"),
        ("TRACEKIT tap v components=xyz : 1 2", "expected 3 numbers"),
        ("TRACEKIT file lost : a", "names one role of"),
        ("TRACEKIT covers slow fast : 0", "as many indices as dims"),
        ("TRACEKIT config k weight=3 : 1", "weight= is no word"),
        ("TRACEKIT later v : 1", "no such line is known here"),
        ("TRACEKIT", "no such line is known here"),
        (
            "TRACEKIT refused a tap: a name or unit must be one word: 'a b'",
            "the program refused a tap: a name or unit must be one word",
        ),
    ],
)
def test_a_damaged_line_is_a_reject_with_its_reason(
    line: str, reason: str
) -> None:
    """A line of our grammar that isn't right is kept, never half-read."""
    parsed = own(line)
    assert not parsed.events
    assert reason in parsed.rejects[0].reason
    assert parsed.rejects[0].text == line
