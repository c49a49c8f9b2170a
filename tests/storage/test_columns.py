"""Events by column are the same events."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracekit.schema import Axis, Event
from tracekit.storage.columns import EventColumns, columns_of
from tracekit.storage.repeats import without_repeats

EVENTS = st.lists(
    st.builds(
        lambda place, count, values, text, line, context: Event(
            "t",
            np.array(values[:count]),
            axes=(Axis("n", place), Axis("component", 0, count)),
            text=[text] * count if text is not None else None,
            digits=np.full(count, line, np.int16) if line > 1 else None,
            line=line,
            time_ns=line,
            context=context,
        ),
        st.integers(0, 2),
        st.integers(1, 2),
        st.lists(
            st.sampled_from([0.0, -0.0, 1.5, float("nan")]),
            min_size=2,
            max_size=2,
        ),
        st.sampled_from([None, "a", "b"]),
        st.integers(1, 3),
        st.sampled_from(["", "c"]),
    ),
    max_size=12,
)


def told(event: Event) -> str:
    """All of an event, NaN equal to NaN and -0 unlike 0."""
    text = None if event.text is None else list(event.text)
    own = (event.values.tolist(), text, event.axes, event.line, event.context)
    digits = None if event.digits is None else event.digits.tolist()
    return repr((own, digits, event.time_ns))


def put_back(columns: list[EventColumns]) -> list[tuple[int, str]]:
    """The events in the order of firing."""
    numbered = [pair for part in columns for pair in part.events()]
    return sorted((number, told(event)) for number, event in numbered)


@given(EVENTS)
def test_columns_give_their_events_back(events: list[Event]) -> None:
    """Each with its place, values and line."""
    found = put_back(columns_of(enumerate(events)))
    assert found == [(n, told(event)) for n, event in enumerate(events)]


@given(EVENTS)
def test_what_is_said_again_is_left_out(events: list[Event]) -> None:
    """Of equal values in equal boxes the first stays, and all others."""
    seen: set[str] = set()
    expected = []
    for number, event in enumerate(events):
        said = repr((event.axes, event.values.tobytes(), event.text))
        if said not in seen:
            expected.append((number, told(event)))
        seen.add(said)
    assert put_back(without_repeats(columns_of(enumerate(events)))) == expected


def test_events_in_new_places_are_not_compared() -> None:
    """Places that ascend are no repeats, whatever their values."""
    events = [
        Event("t", np.ones(1), axes=(Axis("n", n // 3), Axis("m", n % 3)))
        for n in range(9)
    ]
    columns = columns_of(enumerate(events))
    assert without_repeats(columns)[0] is columns[0]


def test_events_move_behind_others() -> None:
    """Two logs of one run are put one behind the other."""
    (part,) = columns_of(enumerate([Event("t", np.ones(1))] * 2))
    assert part.moved(5).sequence.tolist() == [5, 6]
