"""Events become one sorted element table a tap."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import TraceError
from tracekit.schema import Axis, Event
from tracekit.storage.columns import columns_of
from tracekit.storage.rows import event_table
from tracekit.storage.seal import SealedTap
from tracekit.storage.seal import seal as seal_columns


def scalar(value: float, unit: str = "m", **indices: int) -> Event:
    """One number at a place."""
    axes = tuple(Axis(dim, index) for dim, index in indices.items())
    return Event("t", np.array([value]), axes=axes, unit=unit)


def seal(events: list[Event], *, merge: bool) -> list[SealedTap]:
    """The taps of events in program order."""
    return seal_columns(columns_of(enumerate(events)), merge=merge)


def only(events: list[Event], *, merge: bool = False) -> SealedTap:
    """The single tap that these events make."""
    (tap,) = seal(events, merge=merge)
    return tap


def dims(tap: SealedTap) -> list[tuple[str, int, int]]:
    """The grid of a tap."""
    return [(axis.dim, axis.origin, axis.extent) for axis in tap.grid]


def row(start: int, *values: float) -> Event:
    """A block of a longer row."""
    return Event(
        "t", np.array(values), axes=(Axis("fast", start, len(values)),)
    )


@st.composite
def blocks(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """A plane cut into blocks, in the order of place and in another one."""
    slow = sorted(draw(st.sets(st.integers(1, 5), max_size=3)) | {0, 6})
    fast = sorted(draw(st.sets(st.integers(1, 3), max_size=2)) | {0, 4})
    plane = np.arange(24.0).reshape(6, 4)
    ordered = [
        Event(
            "t",
            plane[s : slow[i + 1], f : fast[j + 1]].reshape(-1),
            axes=(
                Axis("slow", s, slow[i + 1] - s),
                Axis("fast", f, fast[j + 1] - f),
            ),
        )
        for i, s in enumerate(slow[:-1])
        for j, f in enumerate(fast[:-1])
    ]
    return ordered, draw(st.permutations(ordered))


@given(blocks())
def test_blocks_in_any_order_give_one_element_table(
    both: tuple[list[Event], list[Event]],
) -> None:
    """The order in which blocks are computed leaves no mark on elements."""
    ordered, shuffled = (only(events) for events in both)
    assert shuffled.elements.equals(ordered.elements)
    assert shuffled.contents.key_hash == ordered.contents.key_hash
    assert shuffled.contents.value_hash == ordered.contents.value_hash
    assert ordered.elements["ordinal"].to_pylist() == list(range(24))
    assert ordered.elements["float"].to_pylist() == list(np.arange(24.0))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_the_nth_firing_at_a_place_is_occurrence_n(places: list[int]) -> None:
    """Repeats are counted place by place, in the order of firing."""
    tap = only([scalar(n, phi=phi) for n, phi in enumerate(places)])
    expected = sorted(
        (phi, places[:n].count(phi), n) for n, phi in enumerate(places)
    )
    assert tap.elements["float"].to_pylist() == [n for *_, n in expected]
    low, count = min(places), max(map(places.count, places))
    ordinals = [(phi - low) * count + nth for phi, nth, _ in expected]
    assert tap.elements["ordinal"].to_pylist() == ordinals
    repeated = ("occurrence", 0, count)
    assert (repeated in dims(tap)) == (count > 1)


def test_occurrences_keep_vectors_together() -> None:
    """The occurrence stands before the component."""
    vector = [Axis("phi", 2), Axis("component", 0, 2)]
    events = [
        Event("t", np.array(v), axes=tuple(vector))
        for v in ([1.0, 2.0], [3.0, 4.0])
    ]
    tap = only(events)
    assert dims(tap) == [
        ("phi", 2, 1),
        ("occurrence", 0, 2),
        ("component", 0, 2),
    ]
    assert tap.elements["float"].to_pylist() == [1, 2, 3, 4]


def test_overlapping_blocks_count_in_the_order_of_firing() -> None:
    """Of two blocks the one that fired first has occurrence 0."""
    tap = only([row(1, 10, 11), row(0, 20, 21)])
    assert tap.elements["float"].to_pylist() == [20, 10, 21, 11]
    assert tap.elements["ordinal"].to_pylist() == [0, 2, 3, 4]
    assert event_table([tap])["event"].to_pylist() == [1, 0]
    assert tap.elements["event"].to_pylist() == [0, 1, 0, 1]


def test_equal_repeats_of_a_log_merge_and_are_counted() -> None:
    """A log prints one value many times; other values at a place stay."""
    events = [scalar(v, phi=0) for v in (1.0, 1.0, 2.0, 1.0, 2.0)]
    merged = only(events, merge=True)
    assert merged.merged == 3
    assert merged.elements["float"].to_pylist() == [1, 2]
    kept = only(events)
    assert kept.merged == 0
    assert len(kept.elements) == 5


def test_nan_repeats_merge_and_zeros_of_two_signs_do_not() -> None:
    """Equal means the same bits."""
    nan = only([scalar(np.nan), scalar(np.nan)], merge=True)
    assert nan.merged == 1
    zeros = only([scalar(0.0), scalar(-0.0)], merge=True)
    assert zeros.merged == 0


def test_taps_come_in_the_order_of_first_firing() -> None:
    """Program order, whatever fires later."""
    events = [
        Event(name, np.ones(1)) for name in ("late", "early", "late", "mid")
    ]
    assert [tap.name for tap in seal(events, merge=False)] == [
        "late",
        "early",
        "mid",
    ]
    assert [tap.order for tap in seal(events, merge=False)] == [0, 1, 3]


def test_other_dims_units_and_kinds_are_taps_of_their_own() -> None:
    """What has no common grid or unit is not thrown together."""
    events = [
        scalar(1.0),
        scalar(1.0, unit="mm"),
        scalar(1.0, phi=0),
        Event("t", np.array([1]), kind="int", unit="m"),
    ]
    assert len(seal(events, merge=False)) == 4


def test_several_types_of_one_tap_are_stored_in_one_that_holds_them() -> None:
    """No number is rounded, and the tap tells the stored type."""
    single = Event("t", np.array([0.1], np.float32), dtype="float32")
    tap = only([single, Event("t", np.array([0.1]))])
    assert tap.elements["float"].to_pylist() == [float(np.float32(0.1)), 0.1]
    assert tap.dtype == "float64"
    assert only([single, single]).dtype == "float32"


def test_sparse_positions_land_in_the_grid() -> None:
    """Selected elements keep their place in the box, and the box its own."""
    event = Event(
        "t",
        np.array([7.0, 8.0]),
        axes=(Axis("slow", 10, 2), Axis("fast", 20, 3)),
        positions=np.array([1, 5]),
    )
    tap = only(
        [
            event,
            Event("t", np.array([9.0]), event.axes, positions=np.array([0])),
        ]
    )
    assert tap.elements["ordinal"].to_pylist() == [0, 1, 5]
    assert tap.elements["float"].to_pylist() == [9, 7, 8]


def test_texts_and_digits_follow_their_numbers() -> None:
    """Sorting moves a number's text, digits and last place along."""
    events = [
        Event(
            "t",
            np.array([value]),
            axes=(Axis("phi", phi),),
            text=[text],
            digits=None if text is None else np.array([3], np.int16),
            quantum=None if text is None else np.array([-2], np.int16),
        )
        for phi, value, text in ((1, 1.0, "1.00"), (0, 0.0, None))
    ]
    table = only(events).elements
    assert table["text"].to_pylist() == [None, "1.00"]
    assert table["digits"].to_pylist() == [None, 3]
    assert table["quantum"].to_pylist() == [None, -2]
    assert table.schema.field("digits").type == pa.int16()


def test_pure_texts_have_no_number_column() -> None:
    """A text tap stores texts only."""
    event = Event("t", np.empty(0), kind="text", dtype="text", text=["MOSFLM"])
    table = only([event]).elements
    assert table.column_names == ["ordinal", "event", "text"]
    assert table["text"].to_pylist() == ["MOSFLM"]


def test_a_grid_too_large_to_number_is_refused() -> None:
    """Loop indices that span more than 2^62 places are an error."""
    events = [scalar(1.0, a=0, b=0), scalar(1.0, a=2**40, b=2**40)]
    with pytest.raises(TraceError, match="from a smaller range"):
        seal(events, merge=False)


def test_hashes_tell_keys_from_values() -> None:
    """Same place and other number: the keys' hash agrees, the values' not."""
    one, two = only([row(0, 1, 2)]), only([row(0, 1, 3)])
    moved = only([row(1, 1, 2)])
    assert one.contents.key_hash == two.contents.key_hash
    assert one.contents.value_hash != two.contents.value_hash
    assert one.contents.key_hash != moved.contents.key_hash
    assert one.contents.value_hash == moved.contents.value_hash
