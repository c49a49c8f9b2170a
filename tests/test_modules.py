"""``attach``: taps on torch modules."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch._dynamo.convert_frame import input_codes
from torch._dynamo.utils import counters

import tracekit as tk
from tests.helpers import grid, stored
from tracekit.errors import RecordingError, TapError

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore:The .grad attribute:UserWarning",
    "ignore:The PyTorch API of nested tensors:UserWarning",
)


class Net(torch.nn.Module):
    """A module that calls one layer twice and returns parts."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)
        self.head = torch.nn.Sequential(torch.nn.ReLU())

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Go through the layer twice."""
        y = self.head(self.layer(self.layer(x)))
        return {"y": y, "twice": 2 * y}


def test_outputs_are_tapped_by_path_and_calls_are_counted() -> None:
    """Values are the module's, parts have names, hooks are gone after."""
    torch.manual_seed(0)
    net, x = Net(), torch.ones(3, 2)
    plain = net(x)
    with (
        tk.record() as recording,
        tk.attach(net, dims={"layer": "ray (u v)"}) as names,
    ):
        found = net(x)
    assert names == ("Net", "layer", "head", "head.0")
    trace = recording.trace
    assert trace.taps == ("layer", "head.0", "head", "Net.y", "Net.twice")
    assert torch.equal(found["twice"], plain["twice"])
    assert stored(trace, "Net.y").tolist() == plain["y"].reshape(-1).tolist()
    assert grid(trace, "layer")["occurrence"] == (0, 2)
    assert grid(trace, "layer")["ray"] == (0, 3)
    assert grid(trace, "head")["axis0"] == (0, 3)
    assert all(not part._forward_hooks for part in net.modules())


def test_an_error_in_the_block_leaves_no_hook() -> None:
    """What was attached is given back, and the program's error goes on."""
    net = Net()
    with pytest.raises(ZeroDivisionError), tk.attach(net):
        raise ZeroDivisionError
    assert all(not part._forward_hooks for part in net.modules())
    assert all("forward" not in vars(part) for part in net.modules())


@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
def test_attached_modules_compute_the_same_bits(backend: str) -> None:
    """The result is that of the module alone, compiled the same way."""
    torch.manual_seed(0)
    net, x = Net(), torch.rand(3, 2)
    compiled = torch.compile(net, fullgraph=True, backend=backend)
    plain = compiled(x)
    with tk.record() as recording, tk.attach(net):
        found = compiled(x)
    assert recording.trace.taps[0] == "layer"
    assert all(torch.equal(found[key], plain[key]) for key in plain)
    torch._dynamo.reset()


def test_globs_select_submodules() -> None:
    """What isn't selected has no hook; a glob without effect is an error."""
    net = Net()
    with (
        tk.record() as recording,
        tk.attach(net, ["a.he*"], name="a") as names,
    ):
        net(torch.ones(3, 2))
    assert names == ("a.head", "a.head.0")
    assert recording.trace.taps == ("a.head.0", "a.head")
    with pytest.raises(TapError, match="selects none"), tk.attach(net, ["b"]):
        pass


def test_what_has_no_hooks_is_refused() -> None:
    """The error says what it is, or what to attach instead."""
    with (
        pytest.raises(TapError, match=r"expected a torch\.nn\.Module"),
        tk.attach(len),
    ):
        pass
    net = torch.nn.Sequential(torch.nn.ReLU())
    net[0] = torch.jit.script(net[0])
    with pytest.raises(TapError, match="'0' is scripted"), tk.attach(net):
        pass


def compile_in_place(net: Net) -> Callable[..., Any]:
    """Module.compile."""
    net.compile(backend="aot_eager")
    return net


def compile_a_part(net: Net) -> Callable[..., Any]:
    """A module that wraps another."""
    net.head = torch.compile(net.head, backend="aot_eager")  # type: ignore[assignment]
    return net


WAYS: dict[str, Callable[[Net], Callable[..., Any]]] = {
    "module": lambda net: torch.compile(net, backend="aot_eager"),
    "function": lambda net: torch.compile(
        lambda x: net(x), backend="aot_eager", fullgraph=True
    ),
    "in place": compile_in_place,
    "a part": compile_a_part,
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_compiled_before_is_attached_too(way: str) -> None:
    """On and off six times; from the third on nothing is compiled."""
    net, x = Net(), torch.ones(3, 2)
    with tk.record() as eager, tk.attach(net) as names:
        net(x)
    torch._dynamo.reset()
    compiled = WAYS[way](net)
    compiled(x)
    for attempt in range(6):
        with tk.record() as recording, tk.attach(net) as found:
            compiled(x)
        assert found == names
        assert recording.trace.taps == eager.trace.taps
        with tk.record() as recording:
            compiled(x)
        assert not recording.trace.taps
        with tk.attach(net):
            compiled(x)
        if attempt == 1:
            graphs = counters["stats"]["unique_graphs"]
    assert counters["stats"]["unique_graphs"] == graphs
    with tk.record() as recording, tk.attach(net, ["n.layer"], name="n"):
        compiled(x)
    assert recording.trace.taps == ("n.layer",)
    assert all(not part._forward_hooks for part in net.modules())
    assert "forward" not in vars(net)
    torch._dynamo.reset()


def test_modules_are_attached_and_compiled_then() -> None:
    """The compiled program fires the same taps with the same numbers."""
    net, x = Net(), torch.ones(3, 2)
    compiled = torch.compile(lambda: net(x)["y"], fullgraph=True)
    with tk.record() as eager, tk.attach(net):
        net(x)
    with tk.attach(net), tk.record() as recording:
        compiled()
    assert recording.trace.taps == eager.trace.taps
    for name in eager.trace.taps:
        assert stored(recording.trace, name) == pytest.approx(
            stored(eager.trace, name)
        )
        assert grid(recording.trace, name) == grid(eager.trace, name)
    torch._dynamo.reset()


@pytest.mark.parametrize("compiled", [False, True])
def test_a_module_that_is_not_called_is_an_error(compiled: bool) -> None:
    """None at all, or one that is named; what a glob finds may be idle."""
    net, x = Net(), torch.ones(3, 2)
    layer = torch.compile(net.layer, backend="eager") if compiled else net
    with tk.record(), tk.attach(net):
        layer(x)
    for taps, says in (
        (["head", "layer"], "head was never called"),
        (["head*"], "none of the 2 attached modules was called"),
    ):
        with (
            pytest.raises(RecordingError, match=says),
            tk.record(),
            tk.attach(net, taps),
        ):
            net.layer(x)
    with tk.record(), tk.attach(net, ["layer", "head*"]):
        net.layer(x)


def test_a_copy_made_meanwhile_is_a_module_of_its_own() -> None:
    """It computes with its own parameters, then and afterwards."""
    net, x = Net(), torch.ones(3, 2)
    with tk.attach(net):
        copied = deepcopy(net)
        net(x)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    assert not copied(x)["y"].any()


def test_a_nested_tensor_is_refused() -> None:
    """A module that returns one is an error that says so."""
    rows = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    module = torch.nn.Identity()
    with (
        tk.record(),
        pytest.raises(TapError, match="nested tensor"),
        tk.attach(module),
    ):
        module(rows)


def test_a_name_of_no_submodule_is_an_error() -> None:
    """A mistyped name among good ones is not lost; a text is no list."""
    for taps in (["layer", "haed"], "layer"):
        with (
            pytest.raises(TapError, match=r"'haed' in taps=|\['layer'\]"),
            tk.attach(Net(), taps),
        ):
            raise AssertionError


def test_dims_of_no_submodule_are_an_error() -> None:
    """What is mistyped in dims= is not lost; taps= may leave some out."""
    with (
        pytest.raises(TapError, match="'laier' in dims= selects none"),
        tk.attach(Net(), dims={"laier": "row column"}),
    ):
        raise AssertionError
    with (
        pytest.raises(TapError, match="expected dims by name or glob"),
        tk.attach(Net(), dims="ray (u v)"),  # type: ignore[arg-type]
    ):
        raise AssertionError
    both = {"layer": "row column", "head": "row column"}
    with tk.attach(net := Net(), ["layer"], dims=both):
        net(torch.ones(2, 2))


def test_a_module_is_attached_once_under_a_name() -> None:
    """Each output would be two firings; another name is another tap."""
    net = Net()
    with tk.attach(net):
        net(torch.ones(2, 2))
        with (
            pytest.raises(TapError, match="'Net' is attached already"),
            tk.attach(net),
        ):
            raise AssertionError
    with tk.record() as recording, tk.attach(net), tk.attach(net, name="b"):
        net(torch.ones(2, 2))
    assert {"Net.y", "b.y"} <= set(recording.trace.taps)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a module may return."""

    hidden: torch.Tensor
    kind: type[Any]


class Odd(torch.nn.Module):
    """A module that sets no attribute, with a part of an odd name."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = torch.nn.ModuleDict({"x[0]": torch.nn.ReLU()})

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "forward":
            raise AttributeError(name)
        super().__setattr__(name, value)

    def forward(self, x: torch.Tensor) -> Encoded:
        """Go through the part."""
        return Encoded(self.parts["x[0]"](x), Encoded)


@pytest.mark.parametrize("compiled", [False, True])
def test_odd_modules_are_attached(compiled: bool) -> None:
    """A name with brackets is a name; fields of a dataclass are taps."""
    net, names = Odd(), ["parts.x[0]", "Odd"]
    call = torch.compile(net, backend="aot_eager") if compiled else net
    dims = {"parts.x[0]": "ray"}
    with tk.record() as recording, tk.attach(net, names, dims=dims):
        call(torch.ones(2))
    assert recording.trace.taps == ("parts.x[0]", "Odd.hidden")
    assert grid(recording.trace, "parts.x[0]") == {"ray": (0, 2)}
    assert not any(part._forward_hooks for part in net.modules())


def test_a_module_that_trains_is_attached_under_inductor() -> None:
    """What a kernel reads is still there behind a note of a call."""
    net, x = torch.nn.Sequential(torch.nn.BatchNorm1d(3)), torch.rand(5, 3, 8)
    twin = deepcopy(net)
    with tk.record() as recording, tk.attach(net):
        found = torch.compile(net)(x)
    torch.testing.assert_close(found, twin(x))
    assert recording.trace.taps == ("0", "Sequential")
    for one, other in zip(net.buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(one, other)


def test_hooks_that_come_while_a_recording_lasts_are_not_compiled() -> None:
    """Where Dynamo gives up on a module, its hooks are called as they are."""

    class Broken(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = torch.nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for phi in range(2):
                with tk.scope("phi", phi=phi):
                    torch._dynamo.graph_break()
                    x = self.part(x)
            return x

    net = Broken()
    compiled = torch.compile(net, backend="eager")
    with tk.record() as recording, tk.attach(net):
        compiled(torch.ones(2))
    assert grid(recording.trace, "part")["phi"] == (0, 2)
    seen = filter(None, [code() for code in input_codes.seen])
    assert "hook" not in {code.co_name for code in seen}
