"""The dims grammar."""

import pytest

from tracekit.capture.dims import parse_dims, unnamed_dims
from tracekit.errors import TapError


@pytest.mark.parametrize(
    ("text", "coordinates", "components"),
    [
        ("", (), ()),
        ("slow", ("slow",), ()),
        ("slow fast xyz", ("slow", "fast"), (("x", "y", "z"),)),
        ("phi hkl", ("phi",), (("h", "k", "l"),)),
        ("row column", (), ((), ())),
        ("slow (re im)", ("slow",), (("re", "im"),)),
        ("(a b) (c d)", (), (("a", "b"), ("c", "d"))),
        ("  slow   fast ", ("slow", "fast"), ()),
        ("Höhe", ("Höhe",), ()),
    ],
)
def test_names_are_coordinates_then_components(
    text: str,
    coordinates: tuple[str, ...],
    components: tuple[tuple[str, ...], ...],
) -> None:
    """A name is a coordinate, or a component of a vector or a matrix."""
    dims = parse_dims(text)
    assert dims.coordinates == coordinates
    assert dims.components == components
    assert dims.rank == len(coordinates) + len(components)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("xyz slow", "stands behind 'xyz', which is a name of"),
        ("slow slow", "comes twice"),
        ("slow 2nd", "can't name an axis"),
        ("slow, fast", "can't name an axis"),
        ("occurrence", "reserved"),
        ("slow (re", "isn't closed"),
    ],
)
def test_what_is_no_name_is_refused(text: str, says: str) -> None:
    """An error names the dims, the word and what is wrong with it."""
    with pytest.raises(TapError, match=says) as caught:
        parse_dims(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shape", "labels"),
    [
        ("slow", (2,), ()),
        ("xyz", (3,), ("x", "y", "z")),
        ("slow xyz", (0, 3), ("x", "y", "z")),
        ("xyz xyz", (3, 3), tuple(a + b for a in "xyz" for b in "xyz")),
        ("row column", (1, 2), ("0,0", "0,1")),
        ("row xyz", (2, 3), tuple(f"{r},{c}" for r in "01" for c in "xyz")),
        ("component", (5,), ()),
    ],
)
def test_flattened_components_keep_their_labels(
    text: str, shape: tuple[int, ...], labels: tuple[str, ...]
) -> None:
    """A matrix is labelled row-major, one without any names not at all."""
    assert parse_dims(text).labels(shape) == labels


@pytest.mark.parametrize(
    ("text", "shape", "says"),
    [
        ("slow", (2, 3), "name 1 axes, the value has 2"),
        ("slow xyz", (2, 4), "names 3 components, the axis has 4"),
        ("slow xyz", (2, 3), ""),
        ("slow component", (2, 4), ""),
    ],
)
def test_a_misfit_is_told(
    text: str, shape: tuple[int, ...], says: str
) -> None:
    """Dims fit a value of their rank and of their labels' length."""
    misfit = parse_dims(text).misfit(shape)
    assert says in misfit
    assert bool(misfit) == bool(says)


def test_unnamed_axes_are_numbered() -> None:
    """Axes that nobody named are axis0, axis1, ..."""
    assert unnamed_dims(2).coordinates == ("axis0", "axis1")
    assert unnamed_dims(0).rank == 0
