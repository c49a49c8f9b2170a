"""``tap(..., grad=True)``: the gradient that flows through a tap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import structlog
import torch
from torch.func import grad, jacrev, vmap

import tracekit as tk
from tests.helpers import (
    assert_same_firings,
    cells,
    firings,
    grid,
    recorded,
    stored,
)
from tracekit.errors import RecordingError

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:The .grad attribute:UserWarning"
)
X = torch.linspace(-2, 2, 5, dtype=torch.float64)


def energy(x: torch.Tensor, step: Any = 1) -> torch.Tensor:
    """Two taps whose gradients are 2 phi cos(2 phi x) and cos."""
    total = x.sum() * 0
    for phi in range(2):
        with tk.scope("phi", phi=phi, step=step):
            angle = tk.tap(x * 2 * phi, "angle", "n", unit="rad", grad=True)
            total = total + angle.sin().sum()
    return tk.tap(total, "total", grad=True)


def backward(function: Callable[..., Any], x: torch.Tensor = X) -> None:
    """Run a function and its gradient."""
    x = x.clone().requires_grad_()
    function(x).backward()


def compiled(function: Callable[..., Any], backend: str) -> Any:
    """The function as one graph."""
    return torch.compile(function, fullgraph=True, backend=backend)


WAYS: dict[str, Callable[[], Any]] = {
    "eager": lambda: backward(energy),
    "compile eager": lambda: backward(compiled(energy, "eager")),
    "aot_eager": lambda: backward(compiled(energy, "aot_eager")),
    "inductor": lambda: backward(compiled(energy, "inductor")),
    "grad": lambda: grad(energy)(X),
    "compile(grad)": lambda: compiled(grad(energy), "aot_eager")(X),
}


@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_taps(way: str) -> None:
    """By name, dims, loop indices, phase and value, whatever runs it."""
    trace = recorded(WAYS[way])
    assert set(trace.taps) == {"angle", "angle.grad", "total", "total.grad"}
    events = firings(trace)
    phases = {event["tap"]: event["phase"] for event in events}
    assert phases["angle"] == phases["total"] == "forward"
    assert phases["angle.grad"] == phases["total.grad"] == "backward"
    lines = {event["tap"]: event["at"] for event in events}
    assert lines["angle.grad"] == lines["angle"]
    expected = {
        frozenset({"phi": phi, "step": 1, "n": n}.items()): float(slope)
        for phi in range(2)
        for n, slope in enumerate((X * 2 * phi).cos())
    }
    assert cells(trace, "angle.grad") == pytest.approx(expected, rel=1e-12)
    assert stored(trace, "total.grad").reshape(-1)[0] == 1.0


def test_the_rows_of_a_jacobian_are_a_dim_of_its_gradients() -> None:
    """Jacrev pulls all rows back at once, by a vmap of its own."""
    double = recorded(
        lambda: jacrev(lambda x: tk.tap(x * 2, "t", "n", grad=True))(X)
    )
    assert grid(double, "t") == {"n": (0, 5)}
    assert grid(double, "t.grad") == {"batch": (0, 5), "n": (0, 5)}
    slopes = stored(double, "t.grad").reshape(5, 5)
    assert slopes.tolist() == torch.eye(5).tolist()


@pytest.mark.parametrize("backend", [None, "eager", "aot_eager"])
def test_rows_that_autograd_maps_itself_are_the_same_dim(
    backend: str | None,
) -> None:
    """autograd.functional with vectorize, and what gradcheck does so."""

    def square(x: torch.Tensor) -> torch.Tensor:
        return tk.tap(x * x, "y", "n", where=x > 0, grad=True)

    expected = recorded(lambda: torch.func.jacrev(square)(X))
    compiled = torch.compile(square, backend=backend) if backend else square
    jacobian: Any = torch.autograd.functional.jacobian
    found = recorded(lambda: jacobian(compiled, X, vectorize=True))
    assert_same_firings(found, expected)
    x = X.clone().requires_grad_()
    with tk.record() as recording:
        assert torch.autograd.gradcheck(square, x, check_batched_grad=True)
    assert "y.grad" in recording.trace.taps


def square(x: torch.Tensor) -> torch.Tensor:
    """What ``tapped_square`` computes."""
    return x * x


def tapped_square(x: torch.Tensor) -> torch.Tensor:
    """The same, with a tap."""
    return tk.tap(x * x, "y", "n", grad=True)


def rows_of_autograd(function: Callable[..., Any]) -> torch.Tensor:
    """The rows of a Jacobian, mapped by autograd."""
    jacobian: Any = torch.autograd.functional.jacobian
    rows: torch.Tensor = jacobian(function, X, vectorize=True)
    return rows


def rows_of_vmap(function: Callable[..., Any]) -> torch.Tensor:
    """The same, by vmap over autograd."""
    x = X.clone().requires_grad_()
    y = function(x)
    return vmap(
        lambda row: torch.autograd.grad(y, x, row, retain_graph=True)[0]
    )(torch.eye(len(X), dtype=X.dtype))


@pytest.mark.parametrize(
    ("rows", "backend"),
    [
        (rows_of_autograd, "inductor"),
        (rows_of_vmap, "inductor"),
        (rows_of_vmap, "aot_eager"),
    ],
)
def test_rows_that_torch_cannot_pull_back_compiled_are_its_own_matter(
    rows: Callable[..., torch.Tensor], backend: str
) -> None:
    """Taps neither cause nor hide that; where torch can, they are there."""

    def outcome(function: Callable[..., Any]) -> list[list[float]] | str:
        torch._dynamo.reset()
        try:
            found = rows(compiled(function, backend)).tolist()
        except RuntimeError as error:
            return str(error).partition("\n")[0]
        return list(found)

    plain, off = outcome(square), outcome(tapped_square)
    with tk.record() as recording:
        found = outcome(tapped_square)
    assert plain == off == found
    if isinstance(found, str):
        assert "y" in recording.trace.taps
    else:
        jacobian = recorded(lambda: torch.func.jacrev(tapped_square)(X))
        assert_same_firings(recording.trace, jacobian)


def test_gradients_under_vmap_have_its_dim() -> None:
    """vmap(grad), compiled or not: the rows are a dim of the gradient."""
    rows = torch.stack([X, X + 1])
    eager = recorded(lambda: vmap(grad(energy))(rows))
    both = compiled(vmap(grad(energy)), "aot_eager")
    for trace in (eager, recorded(lambda: both(rows))):
        assert grid(trace, "angle.grad")["batch"] == (0, 2)
        second = {
            dict(place)["n"]: value
            for place, value in cells(trace, "angle.grad").items()
            if dict(place)["batch"] == 1 and dict(place)["phi"] == 1
        }
        slopes = dict(enumerate((2 * (X + 1)).cos().tolist()))
        assert second == pytest.approx(slopes, rel=1e-12)


@pytest.mark.parametrize("backend", ["", "aot_eager", "inductor"])
def test_a_gradient_remembers_the_scopes_around_its_tap(backend: str) -> None:
    """They are closed, or others are open, when the backward pass runs."""
    function = compiled(energy, backend) if backend else energy

    def run() -> None:
        totals = []
        x = X.clone().requires_grad_()
        for source in range(2):
            with tk.scope("source", source=source):
                totals.append(function(x, source + 4))
        with tk.scope("source", source=99):
            sum(totals).backward()  # type: ignore[union-attr]

    trace = recorded(run)
    assert grid(trace, "angle.grad")["source"] == (0, 2)
    steps = {
        (dict(place)["source"], dict(place)["step"])
        for place in cells(trace, "angle.grad")
    }
    assert steps == {(0, 4), (1, 5)}


@pytest.mark.parametrize("backend", ["", "aot_eager", "inductor"])
def test_recording_gradients_changes_no_bit(backend: str) -> None:
    """Values and gradients are those of a run without a recorder."""
    function = compiled(energy, backend) if backend else energy
    slopes = []
    for recording in (True, False):
        x = X.clone().requires_grad_()
        if recording:
            with tk.record():
                function(x).backward()
        else:
            function(x).backward()
        slopes.append(x.grad)
    assert torch.equal(slopes[0], slopes[1])  # type: ignore[arg-type]


def test_gradients_compare_as_any_tap() -> None:
    """Eager against compiled: close, gradients counted in."""
    eager = recorded(WAYS["eager"])
    result = tk.compare(recorded(WAYS["aot_eager"]), eager)
    assert result.verdict == "close"
    wrong = recorded(lambda: backward(lambda x: energy(x) * 2))
    assert tk.compare(wrong, eager).verdict == "diverged"


def test_a_value_without_gradient_has_no_gradient_tap() -> None:
    """Nothing flows where nothing requires a gradient, or after the end."""
    assert recorded(lambda: energy(X)).taps == ("angle", "total")
    x = X.clone().requires_grad_()
    with tk.record() as recording:
        total = energy(x)
    total.backward()  # type: ignore[no-untyped-call]
    assert recording.trace.taps == ("angle", "total")


def test_a_masked_gradient_keeps_its_mask() -> None:
    """The gradient stands at the coordinates of its tap."""

    def masked(x: torch.Tensor) -> torch.Tensor:
        return tk.tap(x * 3, "t", "n", where=x > 0, grad=True).sum()

    for function in (masked, compiled(masked, "aot_eager")):
        trace = recorded(lambda f=function: backward(f))  # type: ignore[misc]
        assert cells(trace, "t.grad").keys() == cells(trace, "t").keys()
        assert stored(trace, "t.grad").tolist() == [1.0, 1.0]


def test_a_parameter_has_one_gradient_a_backward_pass() -> None:
    """A leaf outlives its step; the hooks of earlier steps do not."""
    weight = torch.ones(2, requires_grad=True)
    with tk.record() as recording:
        for step in range(3):
            with tk.scope("step", step=step):
                y = tk.tap(weight, "w", "n", grad=True)
                y.sum().backward()  # type: ignore[no-untyped-call]
    assert grid(recording.trace, "w.grad") == {"step": (0, 3), "n": (0, 2)}
    assert len(stored(recording.trace, "w.grad")) == 6


@pytest.mark.parametrize("write", ["base", "view", "other"])
def test_a_view_written_in_place_says_that_its_gradient_never_came(
    write: str,
) -> None:
    """Autograd goes around such a view; the program's own gradients stay."""

    def energy(x: torch.Tensor) -> torch.Tensor:
        base = x * 2
        view = tk.tap(base[1:], "view", "n", grad=True)
        {"base": base, "view": view, "other": base[:1]}[write].mul_(3)
        return view.square().sum() + base.sum()

    x = torch.ones(3, requires_grad=True)
    energy(x).backward()  # type: ignore[no-untyped-call]
    again = x.detach().clone().requires_grad_()
    with (
        pytest.raises(RecordingError, match=r"'view.grad' never came: the"),
        tk.record(expect=["view.grad"]) as recording,
    ):
        energy(again).backward()  # type: ignore[no-untyped-call]
    with structlog.testing.capture_logs() as logs, tk.record():
        backward(energy)
    assert [entry["tap"] for entry in logs] == ["view.grad"]
    assert x.grad is not None
    assert again.grad is not None
    assert torch.equal(x.grad, again.grad)
    assert recording.trace.taps == ("view",)
    with tk.record(taps=["view"]):
        energy(again).backward()  # type: ignore[no-untyped-call]


def test_a_view_used_before_its_base_is_written_has_that_gradient() -> None:
    """It is recorded, and the log says what it leaves out."""

    def energy(x: torch.Tensor) -> torch.Tensor:
        base = x * 2
        view = tk.tap(base[1:], "view", "n", grad=True)
        total = (view * 5).sum()
        base.mul_(3)
        return total + base.sum()

    with structlog.testing.capture_logs() as logs:
        trace = recorded(lambda: backward(energy))
    assert set(stored(trace, "view.grad").tolist()) == {5.0}
    assert [entry["tap"] for entry in logs] == ["view.grad"]


def test_a_view_that_nothing_writes_has_its_gradient_once() -> None:
    """Views are watched in silence, in every pass."""
    x = torch.ones(3, requires_grad=True)
    with structlog.testing.capture_logs() as logs, tk.record() as recording:
        view = tk.tap((x * 2).reshape(3, 1)[:, 0], "view", "n", grad=True)
        for _ in range(2):
            view.sum().backward(retain_graph=True)  # type: ignore[no-untyped-call]
    assert stored(recording.trace, "view.grad").tolist() == [1.0] * 6
    assert not logs
