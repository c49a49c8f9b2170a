"""What is recorded of a value is what NumPy indexing of the whole gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tracekit as tk
from tests.helpers import Cells, about, cells, grid, recorded, stored
from tracekit.errors import RecordingError, TapError
from tracekit.schema import Event

DIMS = ("slow", "fast", "layer", "phi")


@dataclass
class Case:
    """A value, where its block begins, and what is asked for."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    indices: dict[str, int]
    pixels: list[tuple[int, int]] | None
    at: dict[str, list[int]]
    where: np.ndarray[Any, Any] | None
    components: bool

    @property
    def value(self) -> np.ndarray[Any, Any]:
        """Numbers that are all different."""
        shape = (*self.shape, 3) if self.components else self.shape
        return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)

    def expected(self) -> Cells:
        """The elements one by one, from the words of the documentation."""
        found: Cells = {}
        for local in product(*map(range, self.shape)):
            place = dict(self.indices)
            for dim, index in zip(self.dims, local, strict=True):
                place[dim] = self.indices.get(dim, 0) + index
            masked = self.where is not None and not self.where[local]
            if masked or not self.selects(place):
                continue
            for component in range(3) if self.components else (None,):
                full, key = local, dict(place)
                if component is not None:
                    full, key = (
                        (*local, component),
                        place | {"component": component},
                    )
                found[frozenset(key.items())] = self.value[full]
        return found

    def selects(self, place: dict[str, int]) -> bool:
        """Whether a coordinate is asked for; a dim it lacks doesn't matter."""
        slow, fast = place.get("slow"), place.get("fast")
        return all(
            place[dim] in wanted
            for dim, wanted in self.at.items()
            if dim in place
        ) and (
            self.pixels is None
            or (slow is None and fast is None)
            or any(
                slow in (None, s) and fast in (None, f) for s, f in self.pixels
            )
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Blocks, masks and selections in any combination, also outside."""
    dims = tuple(draw(st.permutations(DIMS))[: draw(st.integers(0, 4))])
    shape = tuple(draw(st.integers(1, 3)) for _ in dims)
    index = st.integers(0, 2) | st.integers(-1, 4)
    some = st.lists(index, min_size=1, max_size=3, unique=True)
    pairs = st.lists(st.tuples(index, index), min_size=1, max_size=4)
    begins = st.dictionaries(st.sampled_from(DIMS), st.integers(-1, 1))
    count = int(np.prod(shape))
    raw = draw(st.none() | st.binary(min_size=count, max_size=count))
    where = None if raw is None else np.frombuffer(raw, np.uint8) % 4 > 0
    return Case(
        dims,
        shape,
        draw(st.just({}) | begins),
        draw(st.none() | pairs),
        draw(
            st.just({})
            | st.dictionaries(st.sampled_from(DIMS[2:]), some, min_size=1)
        ),
        None if where is None else where.reshape(shape),
        draw(st.booleans()),
    )


class InOrder:
    """A sink that insists on elements in row-major order."""

    def write(self, event: Event) -> None:
        """Look at the places."""
        if event.positions is not None:
            assert np.all(np.diff(event.positions) > 0)

    def close(self) -> None:
        """Nothing to end."""


@settings(max_examples=150)
@given(cases(), st.booleans(), st.booleans())
def test_selection_is_indexing_of_the_whole(
    case: Case, torch_too: bool, shortly: bool
) -> None:
    """Pixels, at=, where= and blocks take just the elements they name.

    Whether few numbers go the short way, or the one that sinks need.
    """
    value: Any = torch.from_numpy(case.value) if torch_too else case.value
    where: Any = case.where
    if torch_too and where is not None:
        where = torch.from_numpy(where.copy())
    dims = " ".join([*case.dims, "xyz"] if case.components else case.dims)

    def program() -> None:
        with tk.scope("block", **case.indices):
            tk.tap(value, "t", dims, where=where)

    sinks = [] if shortly else [InOrder()]
    trace = recorded(program, pixels=case.pixels, at=case.at, sinks=sinks)
    assert cells(trace, "t") == case.expected()


def block(start: int, values: Sequence[float]) -> None:
    """Tap a block of a longer row."""
    with tk.scope("block", fast=start):
        tk.tap(np.array(values), "row", "fast")


def test_blocks_land_at_their_global_coordinates() -> None:
    """A program that computes in blocks leaves one whole."""

    def program() -> None:
        block(0, [0, 1])
        block(2, [2, 3])
        block(4, [4])

    trace = recorded(program)
    assert grid(trace, "row") == {"fast": (0, 5)}
    assert list(cells(trace, "row").values()) == [0, 1, 2, 3, 4]


def test_pixel_dims_may_have_other_names() -> None:
    """pixels= means the two dims that the user names."""
    value = np.arange(6.0).reshape(2, 3)
    trace = recorded(
        lambda: tk.tap(value, "t", "y x"),
        pixels=[(1, 2)],
        pixel_dims=("y", "x"),
    )
    assert cells(trace, "t") == {frozenset({("y", 1), ("x", 2)}): 5.0}
    assert trace.tables["run"]["pixel_dims"].to_pylist() == [["y", "x"]]


def test_a_tap_with_one_pixel_dim_takes_each_of_its_indices_once() -> None:
    """Two pixels in one row are one index of a value along the rows."""
    trace = recorded(
        lambda: tk.tap(np.arange(4.0), "t", "slow"),
        pixels=[(2, 0), (2, 3), (9, 1)],
    )
    assert cells(trace, "t") == {frozenset({("slow", 2)}): 2.0}


def test_a_tap_without_the_selected_dims_is_recorded_in_full() -> None:
    """A value that no pixel belongs to is needed by all of them."""

    def program() -> None:
        tk.tap(1.5, "fluence")
        tk.tap(np.arange(2.0), "phi_angle", "phi")

    trace = recorded(program, pixels=[(7, 7)], at={"layer": 0})
    assert len(cells(trace, "fluence")) == 1
    assert len(cells(trace, "phi_angle")) == 2


def test_where_takes_a_mask_that_broadcasts() -> None:
    """A mask over trailing axes, or one number, holds for all of the rest."""
    value = np.arange(4.0).reshape(2, 2)
    mask = torch.tensor([True, False])
    kept = recorded(lambda: tk.tap(value, "t", "slow fast", where=mask))
    assert list(cells(kept, "t").values()) == [0, 2]
    none = recorded(lambda: tk.tap(value, "t", "slow fast", where=False))
    assert none.taps == ("t",)
    assert cells(none, "t") == {}


@pytest.mark.parametrize(
    ("where", "says"),
    [(np.array([1, 0]), "give a bool mask"), (np.ones(3, bool), "of shape")],
)
def test_a_mask_that_does_not_fit_is_refused(where: Any, says: str) -> None:
    """The error names the tap, its shape and the mask's."""
    with tk.record(), pytest.raises(TapError, match=says):
        tk.tap(np.zeros(2), "t", "n", where=where)


@pytest.mark.parametrize("make", [torch.from_numpy, np.asarray])
@pytest.mark.parametrize("dtype", [np.float64, np.complex64, np.int16])
def test_a_tuple_is_a_vector_of_planes(make: Any, dtype: Any) -> None:
    """It is recorded as the stacked array, whatever is selected of it."""
    whole = np.arange(60).reshape(4, 5, 3).astype(dtype)
    planes = tuple(make(whole[..., n].copy()) for n in range(3))
    mask = whole[..., 0].real % 2 == 0
    for options in ({}, {"pixels": [(3, 1), (0, 4), (9, 9)]}):
        for dims in ("slow fast xyz", "slow fast n", ""):
            for where in (None, mask if dims[-1:] == "z" else None):
                one, other = (
                    recorded(
                        lambda v=v, d=dims, w=where: tk.tap(  # type: ignore[misc]
                            v, "v", d, where=w
                        ),
                        **options,
                    )
                    for v in (planes, make(whole))
                )
                assert cells(one, "v") == cells(other, "v")
                assert about(one, "v") == about(other, "v")
                assert grid(one, "v") == grid(other, "v")


def test_planes_that_differ_are_refused() -> None:
    """Components have one shape and one type; gradients need one tensor."""
    x = torch.ones(3)
    for bad in ((x, x[:2]), (x, x.int())):
        with tk.record(), pytest.raises(TapError, match="one by one"):
            tk.tap(bad, "v")
    with tk.record(), pytest.raises(TapError, match="tap one tensor"):
        tk.tap((x, x), "v", grad=True)


def test_large_tensors_are_gathered_not_copied() -> None:
    """Two pixels of an expanded 10^12-element tensor are two elements."""
    value = torch.ones(1, 1).expand(10**6, 10**6)
    trace = recorded(
        lambda: tk.tap(value, "t", "slow fast"),
        pixels=[(0, 0), (999_999, 999_999)],
    )
    assert about(trace, "t")["elements"] == 2


def test_the_trace_says_what_it_covers() -> None:
    """Coverage lists the pixels, each of their dims alone, and at=."""
    trace = recorded(
        lambda: None, pixels=[(2, 1), (0, 1), (2, 1)], at={"layer": (3, 0)}
    )
    rows = trace.tables["coverage"].to_pylist()
    assert [(row["dims"], row["selected"]) for row in rows] == [
        (["layer"], [[0], [3]]),
        (["slow", "fast"], [[0, 1], [2, 1]]),
        (["slow"], [[0], [2]]),
        (["fast"], [[1]]),
    ]


def test_an_empty_selection_takes_nothing_that_has_its_dims() -> None:
    """pixels=[] records what belongs to no pixel."""

    def program() -> None:
        tk.tap(np.eye(2), "image", "slow fast")
        tk.tap(1.0, "fluence")

    assert recorded(program, pixels=[]).taps == ("fluence",)
    assert recorded(program, at={"slow": []}).taps == ("fluence",)


def test_numpy_integers_select() -> None:
    """Whatever is an integer can name an index."""
    value = np.arange(4.0).reshape(2, 2)
    trace = recorded(
        lambda: tk.tap(value, "t", "slow fast"),
        pixels=np.array([[1, 0]]),
        at={"layer": np.int64(3)},
    )
    assert list(cells(trace, "t").values()) == [2]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"pixels": [1, 2]}, "pairs of integers"),
        ({"pixels": [(1, 2, 3)]}, "pairs of integers"),
        ({"pixels": [(0.5, 1)]}, "pairs of integers"),
        ({"at": {"layer": 0.5}}, "an integer or several"),
        ({"at": {"layer": "all"}}, "an integer or several"),
        ({"pixels": [(0, 0)], "at": {"slow": 1}}, "give one of the two"),
        ({"pixel_dims": ("y",)}, "expected two names"),
        ({"pixel_dims": "yx"}, "expected two names"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(
    options: dict[str, Any], says: str
) -> None:
    """The error comes before anything is recorded, and says what to write."""
    with pytest.raises(RecordingError, match=says), tk.record(**options):
        pass


@pytest.mark.parametrize("make", [np.ones, torch.ones])
def test_blocks_beside_all_pixels_leave_nothing_and_hide_no_error(
    make: Any,
) -> None:
    """Tensors and planes, in any order of the blocks, twice each."""

    def program() -> None:
        for first in (8, 0, 4, 8, 0):
            with tk.scope("rows", slow=first):
                value = make((4, 5)) * first
                tk.tap(value, "one", "slow fast")
                tk.tap((value, value, value), "three", "slow fast xyz")

    trace = recorded(program, pixels=[(5, 1)])
    assert stored(trace, "one").tolist() == [4.0]
    assert stored(trace, "three").tolist() == [4.0, 4.0, 4.0]
    with tk.record(pixels=[(5, 1)]):
        for dims, unit in (("slow fast ab", None), ("slow fast", 1)):
            with pytest.raises(TapError):
                tk.tap(make((4, 5)), "one", dims, unit=unit)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["array", "tensor", "bfloat16", "compiled"])
@pytest.mark.parametrize("masked", [False, True])
def test_axes_name_a_value_that_is_kept_in_another_order(
    kind: str, masked: bool
) -> None:
    """It is recorded as what has the axes of dims, its mask and all."""
    x = torch.arange(24.0).reshape(2, 3, 1, 4)
    value: Any = {"array": x.numpy(), "bfloat16": x.bfloat16()}.get(kind, x)
    where = x[:1] % 5 > 1 if masked else None

    def kept(value: Any) -> Any:
        for name, shown in (("one", value), ("two", (value, value + 1))):
            dims = "slow fast n (a b)" if name == "two" else "slow fast n"
            tk.tap(shown, name, dims, where=where, axes=(1, 3, 0))
        return value * 2

    def named(value: Any) -> None:
        seen = torch.as_tensor(value).permute(1, 3, 0, 2)[..., 0]
        mask = None if where is None else where.permute(1, 3, 0, 2)[..., 0]
        tk.tap(seen, "one", "slow fast n", where=mask)
        tk.tap((seen, seen + 1), "two", "slow fast n (a b)", where=mask)

    program: Any = kept
    if kind == "compiled":
        program = torch.compile(kept, backend="eager", fullgraph=True)
    for pixels in (None, [(2, 5), (0, 6), (9, 9)]):
        traces = []
        for function in (program, named):
            with tk.record(pixels=pixels) as recording:
                for first in (0, 4, 8):
                    with tk.scope("block", fast=first):
                        function(value)
            traces.append(recording.trace)
        for name in ("one", "two"):
            one, other = (cells(trace, name) for trace in traces)
            assert one == other
            assert len(one) > 0
            assert grid(traces[0], name) == grid(traces[1], name)
            assert about(traces[0], name) == about(traces[1], name)


def test_axes_that_do_not_fit_are_refused() -> None:
    """The error names the tap, the axes and the shape."""
    value = np.zeros((2, 1, 3))
    for axes in ((2,), (0, 0, 2), (0, 3), (-1, 0)):
        with tk.record(), pytest.raises(TapError, match=r"'t'.*\(2, 1, 3\)"):
            tk.tap(value, "t", axes=axes)
    wrong: Any = 1
    with tk.record(), pytest.raises(TapError, match="axes=1; expected"):
        tk.tap(value, "t", axes=wrong)
    tensor = torch.zeros(2, 3, requires_grad=True)
    with tk.record(), pytest.raises(TapError, match="grad=True with axes="):
        tk.tap(tensor, "t", "fast slow", axes=(1, 0), grad=True)
