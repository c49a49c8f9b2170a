"""Every dtype and layout reaches the disk bit by bit, or is refused."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing._internal.two_tensor import TwoTensor

import tracekit as tk
from tests.helpers import about, cells, grid, labels, recorded, stored
from tracekit.errors import TapError

pytestmark = pytest.mark.filterwarnings(
    "ignore:ComplexHalf support", "ignore:Sparse CS. tensor support"
)

NARROW = [
    torch.float16,
    torch.bfloat16,
    torch.float8_e4m3fn,
    torch.float8_e5m2,
]
FLOATS = [torch.float64, torch.float32, *NARROW]
INTEGERS = [
    *(torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.uint8, torch.uint16, torch.uint32, torch.uint64),
]
COMPLEX = [torch.complex128, torch.complex64, torch.complex32]
STORED = {
    **dict.fromkeys(NARROW, "float32"),
    torch.complex32: "float32",
    torch.complex64: "float32",
    torch.complex128: "float64",
}


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """Any bit pattern in any dtype: NaN, inf, -0 and denormals are there."""
    dtype = draw(st.sampled_from([*FLOATS, *INTEGERS, *COMPLEX]))
    count = draw(st.integers(0, 6))
    size = count * dtype.itemsize
    raw = draw(st.binary(min_size=size, max_size=size))
    if not count:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(bytearray(raw), dtype=dtype)


def bits(values: Any) -> np.ndarray[Any, Any]:
    """Bit patterns, all NaN alike."""
    array = np.array(values)
    if array.dtype.kind != "f":
        return array
    array[np.isnan(array)] = np.nan
    return array.view(f"u{array.dtype.itemsize}")


def through_parquet(value: Any, dims: str = "n") -> tk.Trace:
    """The trace of one tap, read from its files by a second reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.trace"
        recorded(lambda: tk.tap(value, "t", dims), path=path)
        read = tk.read_trace(path)
        return tk.Trace(read.tables, {0: read.elements(0)})


@given(tensors())
def test_every_dtype_survives(tensor: torch.Tensor) -> None:
    """Record, Parquet, read: the same bits; narrow floats are widened."""
    trace = through_parquet(tensor)
    numbers = tensor
    if tensor.is_complex():
        wide = tensor.to(torch.complex128)
        numbers = torch.stack([wide.real, wide.imag], -1).reshape(-1)
    got = stored(trace, "t")
    name = str(tensor.dtype).removeprefix("torch.")
    assert about(trace, "t")["dtype"] == name
    assert got.dtype == STORED.get(tensor.dtype, name)
    if tensor.dtype in {*FLOATS, *COMPLEX}:
        expected = numbers.double().numpy()
        with np.errstate(invalid="ignore"):  # a signalling NaN stays a NaN
            got = got.astype(np.float64)
    else:
        expected = numbers.numpy()
    assert np.array_equal(bits(got), bits(expected))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, *COMPLEX, torch.bool])
def test_every_dtype_can_be_selected(dtype: torch.dtype) -> None:
    """A selection works in every dtype and takes the same numbers."""
    whole = (torch.arange(6) % 2).reshape(2, 3).to(dtype)
    pixels = [(0, 1), (1, 2)]
    picked = recorded(lambda: tk.tap(whole, "t", "slow fast"), pixels=pixels)
    everything = cells(recorded(lambda: tk.tap(whole, "t", "slow fast")), "t")
    for place, value in cells(picked, "t").items():
        assert everything[place] == value
    assert len(stored(picked, "t")) == 2 * (1 + dtype.is_complex)


def test_bool_is_stored_as_an_integer_of_its_own_kind() -> None:
    """True is 1, and the tap says that it is a bool."""
    trace = through_parquet(torch.tensor([True, False]))
    assert stored(trace, "t").tolist() == [1, 0]
    assert about(trace, "t")["kind"] == "bool"


@pytest.mark.parametrize(
    ("value", "kind", "dtype"),
    [
        (2.5, "float", "float64"),
        (-0.0, "float", "float64"),
        (2**53 + 1, "int", "int64"),
        (2**64 - 1, "uint", "uint64"),
        (True, "bool", "bool"),
        (np.float32(0.1), "float", "float32"),
        (np.float16(0.1), "float", "float16"),
        (np.uint8(7), "uint", "uint8"),
        (torch.tensor(3.5, dtype=torch.bfloat16), "float", "bfloat16"),
    ],
)
def test_a_number_is_a_tap_without_dims(
    value: Any, kind: str, dtype: str
) -> None:
    """Python, NumPy and 0-d torch numbers keep their type and digits."""
    trace = through_parquet(value, "")
    (number,) = stored(trace, "t").tolist()
    assert number == value
    assert np.signbit(float(number)) == np.signbit(float(value))
    assert grid(trace, "t") == {}
    assert (about(trace, "t")["kind"], about(trace, "t")["dtype"]) == (
        kind,
        dtype,
    )


def test_complex_numbers_have_two_components() -> None:
    """Real and imaginary part are labelled, also inside a vector."""
    vector = torch.tensor([[1 + 2j, 3 - 4j, 5j]])
    scalars = through_parquet(vector[0])
    assert labels(scalars, "t") == ["re", "im"]
    assert stored(scalars, "t").tolist() == [1, 2, 3, -4, 0, 5]
    vectors = through_parquet(vector, "n xyz")
    assert labels(vectors, "t")[:3] == ["x.re", "x.im", "y.re"]
    unnamed = through_parquet(vector, "n component")
    assert labels(unnamed, "t") == []
    assert labels(through_parquet(np.ones((4, 2)), "n component"), "t") == []
    assert labels(through_parquet(1j, ""), "t") == ["re", "im"]


class Plain(torch.Tensor):
    """A subclass that adds nothing."""


LAYOUTS: dict[str, Callable[[torch.Tensor], Any]] = {
    "transposed": lambda t: t.T.contiguous().T,
    "strided": lambda t: t.repeat_interleave(2, dim=0)[::2],
    "flipped view": lambda t: t.flip(0).flip(0),
    "parameter": torch.nn.Parameter,
    "with a graph": lambda t: t.clone().requires_grad_() * 1,
    "sparse coo": lambda t: t.to_sparse(),
    "sparse csr": lambda t: t.to_sparse_csr(),
    "sparse csc": lambda t: t.to_sparse_csc(),
    "sparse bsr": lambda t: t.to_sparse_bsr((1, 1)),
    "sparse bsc": lambda t: t.to_sparse_bsc((1, 1)),
    "sparse twice": lambda t: (t / 2).to_sparse() + (t / 2).to_sparse(),
    "subclass": lambda t: t.as_subclass(Plain),
    "negated view": lambda t: torch.complex(t, -t).conj().imag,
    "numpy": lambda t: t.numpy(),
    "numpy fortran": lambda t: np.asfortranarray(t.numpy()),
    "numpy big endian": lambda t: t.numpy().astype(">f8"),
    "list": lambda t: t.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_does_not_matter(layout: str) -> None:
    """However a value lies in memory, its elements come row by row."""
    plain = torch.arange(6, dtype=torch.float64).reshape(2, 3)
    value = LAYOUTS[layout](plain)
    trace = through_parquet(value, "slow fast")
    assert stored(trace, "t").tolist() == [0, 1, 2, 3, 4, 5]


def test_an_expanded_tensor_is_stored_in_full() -> None:
    """What broadcasting shows is what is stored."""
    trace = through_parquet(torch.tensor([[1.0], [2.0]]).expand(2, 3), "a b")
    assert stored(trace, "t").tolist() == [1, 1, 1, 2, 2, 2]


def test_a_tangent_that_is_zero_is_stored() -> None:
    """Torch keeps no memory for it, in forward mode."""
    trace = through_parquet(torch._efficientzerotensor((2, 3)), "a b")
    assert stored(trace, "t").tolist() == [0] * 6


def test_a_conjugate_view_is_resolved() -> None:
    """A lazy conjugation is carried out before it is stored."""
    trace = through_parquet(torch.tensor([1 + 2j]).conj())
    assert stored(trace, "t").tolist() == [1, -2]


QUANTISED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "by tensor": lambda t: torch.quantize_per_tensor(
        t, 0.25, 10, torch.quint8
    ),
    "wide": lambda t: torch.quantize_per_tensor(t, 0.5, 0, torch.qint32),
    "by channel": lambda t: torch.quantize_per_channel(
        t, torch.tensor([0.5, 0.25]), torch.tensor([0, 9]), 0, torch.qint8
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", QUANTISED)
def test_a_quantised_tensor_is_the_numbers_it_stands_for(kind: str) -> None:
    """Scale and zero point are applied."""
    value = QUANTISED[kind](torch.tensor([1.0, -0.5]))
    assert stored(through_parquet(value), "t").tolist() == [1.0, -0.5]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "options",
    [{"pixels": [(1, 2)]}, {"reduce": ["*"]}, {"stop_when": "nan"}],
    ids=str,
)
@pytest.mark.parametrize("layout", ["coo", "csr", "quantised"])
def test_odd_layouts_can_be_selected_and_reduced(
    layout: str, options: dict[str, Any]
) -> None:
    """Whatever is asked for of them is that of the plain numbers."""
    plain = torch.arange(6.0).reshape(2, 3)
    odd = {
        "coo": plain.to_sparse(),
        "csr": plain.to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(plain, 0.5, 0, torch.qint8),
    }
    traces = [
        recorded(lambda v=value: tk.tap(v, "t", "slow fast"), **options)  # type: ignore[misc]
        for value in (odd[layout], plain)
    ]
    found, expected = traces
    assert found.taps == expected.taps
    assert tk.compare(found, expected).verdict == "close"
    for name in {*found.taps} - {"t.hash"}:
        assert stored(found, name).tolist() == stored(expected, name).tolist()


@pytest.mark.parametrize(
    ("shape", "dims"), [((0,), "n"), ((0, 3), "n xyz"), ((2, 0), "a b")]
)
def test_an_empty_value_is_an_event_without_elements(
    shape: tuple[int, ...], dims: str
) -> None:
    """A tap that fired on nothing is known to have fired."""
    trace = through_parquet(torch.zeros(shape), dims)
    assert trace.taps == ("t",)
    assert trace.tables["event"].num_rows == 1
    assert stored(trace, "t").tolist() == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (torch.empty(2, device="meta"), "meta tensor"),
        (np.ones(1, np.longdouble), "more digits than a trace can hold"),
        (2**64, "doesn't fit 64 bits"),
        ([2**63, -1], "no common type of 64 bits"),
        ("text", "tk.config"),
        (None, "dtype object"),
        ([[1.0], [2.0, 3.0]], "inhomogeneous"),
        (np.ma.masked_array([1.0], [True]), "where="),
        (np.datetime64("2026-01-01"), "datetime64"),
    ],
)
def test_what_can_not_be_recorded_is_refused(value: Any, says: str) -> None:
    """An error names the tap and what to do, and nothing is dropped."""
    with tk.record(), pytest.raises(TapError, match=says) as caught:
        tk.tap(value, "strange")
    assert "'strange'" in str(caught.value)


@pytest.mark.filterwarnings("ignore")
def test_a_nested_tensor_is_refused() -> None:
    """Rows of several lengths have no grid."""
    value = torch.nested.nested_tensor([torch.ones(1), torch.ones(2)])
    with tk.record(), pytest.raises(TapError, match="differ in length"):
        tk.tap(value, "ragged")


def two(tensor: torch.Tensor) -> torch.Tensor:
    """A wrapper of two tensors."""
    return TwoTensor(tensor, tensor + 1)  # type: ignore[no-untyped-call]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (two, "of a TwoTensor can't be read"),
        (lambda t: torch.masked.masked_tensor(t, t > 2), "MaskedTensor"),
        (lambda _: torch.nn.UninitializedParameter(), "without values yet"),
    ],
)
def test_a_tensor_that_stands_for_others_is_refused(
    make: Callable[[torch.Tensor], Any], says: str
) -> None:
    """What holds no numbers of its own is an error that says what to tap."""
    value = make(torch.arange(6.0))
    with tk.record(), pytest.raises(TapError, match=says):
        tk.tap(value, "wrapped")
