"""``attach``: taps on torch modules."""

from __future__ import annotations

import pytest
import torch

import tracekit as tk
from tests.helpers import grid, stored
from tracekit.errors import RecordingError, TapError


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


def test_compiled_modules_are_refused() -> None:
    """Hooks on compiled code would be ignored in silence."""
    net = Net()
    compiled = torch.compile(net, backend="eager")
    with (
        pytest.raises(RecordingError, match="compiled already"),
        tk.attach(compiled),
    ):
        pass
    with (
        pytest.raises(TapError, match=r"expected a torch\.nn\.Module"),
        tk.attach(len),
    ):
        pass


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


def test_a_block_that_calls_no_attached_module_is_an_error() -> None:
    """A program compiled before is noticed, whatever compiled it."""
    net = Net()
    program = torch.compile(lambda x: net(x)["y"], backend="eager")
    program(torch.ones(3, 2))
    with (
        pytest.raises(RecordingError, match="attach first and compile then"),
        tk.record(),
        tk.attach(net),
    ):
        program(torch.ones(3, 2))


def test_a_name_of_no_submodule_is_an_error() -> None:
    """A mistyped name among good ones is not lost; a text is no list."""
    for taps in (["layer", "haed"], "layer"):
        with (
            pytest.raises(TapError, match=r"'haed' selects none|\['layer'\]"),
            tk.attach(Net(), taps),
        ):
            raise AssertionError
