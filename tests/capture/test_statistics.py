"""Statistics of a value are those of its numbers, wherever it lies."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.capture.test_tensors import FLOATS, INTEGERS
from tests.helpers import GPU, HAS_GPU
from tracekit.capture import statistics as module
from tracekit.capture.statistics import LEAF, Statistics, statistics
from tracekit.capture.tensors import Planes

DTYPES = [*FLOATS, *INTEGERS, torch.bool]
SHAPES = [(0, 3), (5,), (3, 4), (67, 1000)]  # the last has three leaves


def of(value: Any, where: Any = None) -> Statistics:
    """The statistics of a value without components."""
    (found,) = statistics(value, len(value.shape), where)
    return found


@st.composite
def values(draw: st.DrawFn) -> torch.Tensor:
    """Any bits in any dtype: NaN, infinities, -0, the largest integers."""
    dtype = draw(st.sampled_from([*FLOATS, *INTEGERS]))
    count = draw(st.integers(1, 12))
    size = count * dtype.itemsize
    raw = draw(st.binary(min_size=size, max_size=size))
    return torch.frombuffer(bytearray(raw), dtype=dtype)


@given(values(), st.data())
def test_they_are_what_exact_arithmetic_gives(
    value: torch.Tensor, data: st.DataObject
) -> None:
    """Counts, extremes and means of all numbers, or of those of a mask."""
    mask = torch.tensor(
        data.draw(st.lists(st.booleans(), min_size=len(value),
                           max_size=len(value)))
    )  # fmt: skip
    for where in (None, mask):
        kept = value.numpy(force=True) if value.dtype in INTEGERS else (
            value.double().numpy()
        )  # fmt: skip
        numbers = (kept if where is None else kept[where.numpy()]).tolist()
        finite = [x for x in numbers if math.isfinite(x)]
        found = of(value, where)
        assert found.count == len(numbers)
        assert found.nan == sum(map(math.isnan, numbers))
        assert found.inf == sum(map(math.isinf, numbers))
        assert found.zeros == numbers.count(0)
        assert found.low == min(finite, default=None)
        assert found.high == max(finite, default=None)
        means = [
            (found.mean, finite),
            (found.absolute, list(map(abs, finite))),
        ]
        for mean, those in means:
            if not those:
                assert math.isnan(mean)
                continue
            exact = sum(map(Fraction, those), Fraction()) / len(those)
            scale = Fraction(max(map(abs, those)))
            error: Fraction = abs(Fraction(mean) - exact)
            assert error <= scale / 2**50


@pytest.fixture(params=["numpy", "torch", "gpu"])
def way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """How a tensor gets to where it is computed with."""
    if request.param == "gpu":
        if not HAS_GPU:
            pytest.skip("no GPU is here")
        return lambda x: x.to(GPU)
    if request.param == "torch":  # the operations of a device, on this one
        own = lambda x: isinstance(x, np.ndarray)  # noqa: E731
        monkeypatch.setattr(module, "_at_home", own)
        return lambda x: x
    return lambda x: x


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_device_and_layout_has_the_same_bits(
    way: Any, dtype: torch.dtype
) -> None:
    """Strides, masks and numbers of threads change nothing."""
    threads = torch.get_num_threads()
    for shape in SHAPES:
        random = torch.Generator().manual_seed(1)
        wide = torch.randn(shape, dtype=torch.float64, generator=random) * 50
        value = wide.abs().to(dtype)
        plain = value.clone()
        if value.is_floating_point() and value.numel() > 3:
            plain = value.float().double()
            plain.view(-1)[:4] = torch.tensor([-0.0, 0.0, np.inf, np.nan])
            value = plain.to(dtype)
        array = value.float() if value.itemsize < 4 and (
            value.is_floating_point()
        ) else value  # fmt: skip
        expected = of(array.numpy())
        assert repr(of(way(value))) == repr(expected)
        turned = way(value).transpose(0, -1).contiguous().transpose(0, -1)
        assert repr(of(turned)) == repr(expected)
        where = torch.rand(shape, generator=random) > 0.5
        masked = of(array.numpy(), where.numpy())
        assert repr(of(way(value), way(where))) == repr(masked)
        try:
            torch.set_num_threads(1)
            assert repr(of(way(value))) == repr(expected)
        finally:
            torch.set_num_threads(threads)


def test_the_hash_sees_every_bit_and_place() -> None:
    """An ulp, a sign of zero, two that changed places, another shape."""
    x = np.linspace(0, 1, 5000).reshape(50, 100)
    ulp, sign, places = x.copy(), x.copy(), x.copy()
    ulp[7, 7] = np.nextafter(x[7, 7], 2)
    sign[0, 0] = -0.0
    places[3, [1, 2]] = x[3, [2, 1]]
    changed = [x, x.astype(np.float32), ulp, sign, places, x[::-1]]
    seen = {of(value).hash for value in changed}
    shapes = [(100, 50), (5000,), (2, 25, 100)]
    seen |= {of(x.reshape(shape)).hash for shape in shapes}
    seen.add(of(x, x > 0.5).hash)
    assert len(seen) == 6 + 3 + 1
    assert of(x.reshape(50, 1, 100)).hash == of(x).hash


def test_equal_numbers_have_one_hash_in_any_type() -> None:
    """NaN are alike, narrow floats count as float32, integers as integers."""
    quiet = np.array([0x7FF8000000000000, 0x7FF0000000000001], np.uint64)
    one, other = of(quiet.view(np.float64)[:1]), of(quiet.view(np.float64)[1:])
    assert one.hash == other.hash
    single = torch.tensor([1.0, -2.5])
    assert of(single.bfloat16()).hash == of(single).hash
    assert of(torch.tensor([3], dtype=torch.uint8)).hash == (
        of(torch.tensor([3])).hash
    )


@pytest.mark.parametrize("kind", ["i4", "u8", "f4", "f8", "c16"])
def test_the_order_of_bytes_changes_nothing(kind: str) -> None:
    """FITS files have the other one."""
    numbers = np.arange(-3, 3).astype(kind)
    own, other = (
        [repr(s) for s in statistics(array, 1)]
        for array in (numbers, numbers.astype(f">{kind}"))
    )
    assert own == other


def test_sums_beyond_the_range_of_doubles_have_a_mean() -> None:
    """Numbers near the largest double, and near the smallest."""
    large, small = 1.5e308, 5e-324
    assert of(np.full(100, large)).mean == pytest.approx(large, rel=1e-15)
    assert of(np.full(64, small)).mean == small
    top = np.full(LEAF, 2**63 - 1)
    assert of(top).mean == 2.0**63
    assert of(top.astype(np.uint64) * 2 + 1).high == 2**64 - 1


def test_no_copy_of_the_value_is_made() -> None:
    """A turned array of 16 MB needs little more than a leaf."""
    turned = np.ones((1000, 2000)).T
    tracemalloc.start()
    of(turned)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 8 * LEAF < turned.nbytes


def test_components_come_in_the_order_of_a_trace() -> None:
    """Vectors by component, complex ones by their parts."""
    x = np.arange(6.0).reshape(3, 2)
    parts = [of(x[:, 0]), of(x[:, 1])]
    assert statistics(x, 1) == parts
    assert statistics(torch.from_numpy(x), 1) == parts
    vector = Planes((x[:, 0], x[:, 1]))
    assert statistics(vector, 1) == parts
    assert statistics(vector, 2) == [of(x)]
    z = x[:, 0] + 1j * x[:, 1]
    assert statistics(z, 1) == parts
    assert statistics(torch.from_numpy(z).conj().resolve_conj(), 1) == [
        parts[0], of(-x[:, 1])
    ]  # fmt: skip
    assert replace(parts[0], hash=0) != replace(parts[1], hash=0)
