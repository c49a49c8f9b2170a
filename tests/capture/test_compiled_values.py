"""What compiled code can record, and what it says of the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.capture.compiled import WARNINGS, X, program
from tests.helpers import assert_same_firings, grid, recorded, stored
from tracekit.capture import torch_internals, torch_refusals
from tracekit.errors import TapError

pytestmark = WARNINGS
NUMBERS: list[Any] = [
    *(2.5, -0.0, 7, True, 1 + 2j, [1.0, 2.0], np.float32(0.1)),
    *(np.arange(3), torch.tensor(2.5), -(2**63), 2**64 - 1),
]


def test_numbers_and_arrays_are_taps_in_compiled_code_too() -> None:
    """They fire once, with the type that eager code records."""

    def numbers(x: torch.Tensor) -> torch.Tensor:
        for place, number in enumerate(NUMBERS):
            tk.tap(number, f"t{place}")
        return x * 2

    compiled = torch.compile(numbers, fullgraph=True, backend="aot_eager")
    trace = recorded(lambda: compiled(X))
    eager = recorded(lambda: numbers(X))
    assert_same_firings(trace, eager)
    assert np.signbit(stored(trace, "t1")[0])


def test_numbers_stay_on_the_cpu_whatever_the_default_device() -> None:
    """A number is no tensor of the program, and needs no other device."""
    compiled = torch.compile(lambda x: tk.tap(2.5, "n") * x, backend="eager")
    with torch.device("meta"):
        assert stored(recorded(lambda: compiled(X)), "n").tolist() == [2.5]


def test_numbers_that_only_the_run_knows_are_taps() -> None:
    """What is computed of an ``.item()`` has no bounds while it is traced."""

    def program(x: torch.Tensor) -> torch.Tensor:
        place = int(x.argmax().item())
        with tk.scope("place", place=place):
            tk.tap(place + 1, "next")
            tk.tap(2 * place - 3, "other")
        return x * 2

    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    with torch._dynamo.config.patch(capture_scalar_outputs=True):
        trace = recorded(lambda: compiled(X))
    assert_same_firings(trace, recorded(lambda: program(X)))


def test_a_custom_operator_has_the_scopes_that_it_can_see() -> None:
    """Its own, and those around compiled code; not those within that."""

    @torch.library.custom_op("tracekit_tests::double", mutates_args=())
    def double(x: torch.Tensor) -> torch.Tensor:
        with tk.scope("own", own=3):
            return tk.tap(x * 2, "inside", "n").clone()

    @double.register_fake
    def _(x: torch.Tensor) -> torch.Tensor:
        return torch.empty_like(x)

    def program(x: torch.Tensor) -> torch.Tensor:
        doubled: torch.Tensor = double(x)
        return doubled + 1

    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    for call in (program, compiled):
        with tk.record() as recording, tk.scope("around", around=5):
            call(X)
        axes = grid(recording.trace, "inside")
        assert axes == {"around": (5, 1), "own": (3, 1), "n": (0, 17)}


KINDS: dict[str, Callable[[torch.Tensor], Any]] = {
    "bfloat16": lambda x: x.bfloat16(),
    "float8": lambda x: x.to(torch.float8_e4m3fn),
    "int64": lambda x: (x * 10).long(),
    "uint8": lambda x: x.abs().to(torch.uint8),
    "bool": lambda x: x > 0,
    "complex": lambda x: torch.complex(x, -x),
    "conjugate": lambda x: torch.complex(x, x).conj(),
    "negative": lambda x: torch.complex(x, x).conj().imag,
    "expanded": lambda x: x[:, None].expand(17, 2),
    "transposed": lambda x: torch.outer(x, x[:2]).T,
    "empty": lambda x: x[:0],
    "numpy": lambda x: x.numpy(),
    "planes": lambda x: (x, x * 2),
    "numpy planes": lambda x: (x.numpy(), x.numpy()),
    "denormal": lambda x: x * 5e-324,
    "beyond 2^53": lambda x: x.long() + 2**60,
}


def test_every_kind_of_value_is_recorded_in_compiled_code() -> None:
    """Dtypes, views and strides arrive as they do in eager code."""

    def kinds(x: torch.Tensor) -> torch.Tensor:
        for name, make in KINDS.items():
            tk.tap(make(x), name)
        return x * 2

    compiled = torch.compile(kinds, fullgraph=True)
    trace = recorded(lambda: compiled(X))
    assert_same_firings(trace, recorded(lambda: kinds(X)))


ODD: dict[str, Callable[[torch.Tensor], Any]] = {
    "sparse coo": lambda x: x.to_sparse(),
    "sparse csr": lambda x: torch.outer(x, x).to_sparse_csr(),
    "quantised": lambda x: torch.quantize_per_tensor(
        x.float(), 0.1, 0, torch.qint8
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
@pytest.mark.parametrize("kind", ODD)
def test_what_breaks_the_graph_is_recorded_all_the_same(
    kind: str, backend: str
) -> None:
    """Sparse and quantised values, which torch leaves to eager code."""

    def odd(x: torch.Tensor) -> torch.Tensor:
        tk.tap(ODD[kind](x), "odd")
        return tk.tap(x * 2, "even")

    compiled = torch.compile(odd, backend=backend)
    trace = recorded(lambda: compiled(X))
    assert_same_firings(trace, recorded(lambda: odd(X)))


BAD: dict[str, tuple[Callable[[torch.Tensor], Any], str]] = {
    "text": (lambda _: tk.tap("text", "t"), "can't record a str"),
    "none": (lambda _: tk.tap(None, "t"), "can't record a NoneType"),
    "integer": (lambda _: tk.tap(2**64, "t"), "doesn't fit 64 bits"),
    "dims": (lambda x: tk.tap(x, "t", "a b"), "don't fit"),
    "list of dims": (lambda x: tk.tap(x, "t", ["a"]), "expected one text"),  # type: ignore[arg-type]
    "name asked": (lambda _: tk.is_recording(5), "name is a text"),  # type: ignore[arg-type]
    "name": (lambda x: tk.tap(x, ["t"]), "name is a text"),  # type: ignore[arg-type]
    "number for a name": (lambda x: tk.tap(x, 5), "name is a text"),  # type: ignore[arg-type]
    "mask": (lambda x: tk.tap(x, "t", where=x), "give a bool mask"),
    "reserved": (lambda x: scoped(x, occurrence=1), "reserved"),
    "fraction": (lambda x: scoped(x, phi=0.5), "no integer"),
    "vector": (lambda x: scoped(x, phi=x.long()), "one whole number"),
    "fact": (lambda _: tk.config("k", {1.5}), "numbers and texts"),  # type: ignore[arg-type]
}


def scoped(x: torch.Tensor, **indices: Any) -> torch.Tensor:
    """A tap in a scope."""
    with tk.scope("loop", **indices):
        return tk.tap(x, "t")


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("fullgraph", [True, False])
def test_what_can_not_be_recorded_is_an_error(
    case: str, fullgraph: bool
) -> None:
    """Compiled code raises what eager code raises, with or without breaks."""
    bad, says = BAD[case]

    def wrong(x: torch.Tensor) -> torch.Tensor:
        bad(x)
        return x * 2

    compiled = torch.compile(wrong, fullgraph=fullgraph, backend="aot_eager")
    with tk.record(), pytest.raises(Exception, match=says) as caught:
        compiled(X)
    assert "TapError" in f"{caught.type} {caught.value}"


def test_a_torch_that_lacks_a_private_part_records_eager_code_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the part and says what to do."""
    name = "_register_effectful_op"
    monkeypatch.delattr(torch.library, name, raising=False)
    assert f"torch.library:{name}" in torch_internals.missing()
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    with tk.record(), pytest.raises(Exception, match="_register_effectful"):
        compiled(X)
    with tk.record(), pytest.raises(TapError, match="_register_effectful"):
        torch.func.vmap(lambda x: tk.tap(x, "t"))(X)
    assert recorded(lambda: program(X)).taps[0] == "angle"


def test_this_torch_has_every_private_part() -> None:
    """What constraints.txt and anything newer installs has them."""
    needed = (*torch_internals.NEEDED, *torch_internals.INDUCTOR)
    torch_refusals.refuse_lacking("this torch", needed)
