"""Paragraphs are found in texts of any size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracekit.logs.scanning import scan


@given(
    st.lists(st.sampled_from([0, 1, 7, 900, 16_370, 16_384, 40_000])),
    st.sampled_from([b"AT: ", b"TRACE_CONFIG: tracing pixel (spixel="]),
    st.booleans(),
)
def test_paragraphs_begin_with_their_leader(
    sizes: list[int], leader: bytes, preamble: bool
) -> None:
    """Wherever the text is looked at in pieces."""
    text = b"x " + leader + b"\n" if preamble else b""
    begins = []
    for size in sizes:
        begins.append(len(text))
        text += leader + b"1" * size + b"\n"
    found = scan(text, leader, ())
    assert found.starts.tolist() == [*begins, len(text)]
