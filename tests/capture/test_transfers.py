"""Values on a GPU reach the trace in order, and the program doesn't wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
import torch

import tracekit as tk
from tests.helpers import assert_same_firings, recorded, stored
from tracekit.capture.transfers import AHEAD, Transfers
from tracekit.errors import TapError

needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no GPU is here"
)


def test_steps_are_run_in_the_order_in_which_they_came() -> None:
    """What needs no wait stays behind what has to wait."""
    transfers, there = Transfers(), threading.Event()
    done: list[int] = []
    transfers.put(partial(done.append, 0), there.wait)
    for number in range(1, 100):
        transfers.put(partial(done.append, number))
    assert transfers.started
    assert done == []
    there.set()
    assert transfers.close() is None
    assert done == list(range(100))


def test_a_tap_waits_when_too_much_is_on_its_way() -> None:
    """Memory is bounded; one value larger than the bound goes alone."""
    transfers = Transfers()
    there = [threading.Event() for _ in range(3)]
    sizes = [AHEAD // 2, AHEAD // 2 + 1, 3 * AHEAD]
    begun: SimpleQueue[int] = SimpleQueue()

    def taps() -> None:
        for number, size in enumerate(sizes):
            transfers.put(lambda: None, there[number].wait, size)
            begun.put(number)

    thread = threading.Thread(target=taps)
    thread.start()
    for number in range(3):
        assert begun.get() == number
        assert begun.empty()
        there[number].set()
    thread.join()
    assert transfers.close() is None


def test_what_a_step_raises_is_told_and_nothing_comes_behind_it() -> None:
    """A trace has no hole in its middle."""
    transfers, done = Transfers(), list[int]()
    transfers.put(partial(done.append, 0))
    transfers.put(partial(int, "no number"))
    transfers.put(partial(done.append, 1))
    assert isinstance(transfers.close(), ValueError)
    assert done == [0]


def program(device: str) -> None:
    """Values that are overwritten right after their taps, and host ones."""
    x = torch.arange(1 << 16, device=device, dtype=torch.float64)
    image = x.reshape(256, 256)
    for step in range(20):
        with tk.scope("step", step=step):
            tk.tap(image, "image", "slow fast", where=image % 7 < 3)
            tk.tap((image[0], image[:, 1]), "planes", "n (a b)")
            tk.tap(float(step), "host")
            tk.tap(torch.complex(x, -x)[:3].conj(), "complex")
            tk.tap(image.T[::2], "turned", "fast slow")
            image.mul_(1.5).add_(step)


@needs_gpu
@pytest.mark.parametrize("pixels", [None, [(0, 1), (255, 3)]])
def test_a_gpu_records_what_a_cpu_does(tmp_path: Path, pixels: Any) -> None:
    """Values, order and coordinates, whatever is written afterwards."""
    on_gpu = recorded(
        lambda: program("cuda"), path=tmp_path / "a", pixels=pixels
    )
    assert_same_firings(
        on_gpu, recorded(lambda: program("cpu"), pixels=pixels)
    )


@needs_gpu
def test_the_program_does_not_wait_for_its_copies() -> None:
    """A tap behind a long kernel returns before that has ended."""
    x = torch.ones(1 << 20, device="cuda")
    recorded(lambda: tk.tap(x, "memory that is asked for once", "n"))
    torch.cuda.synchronize()
    with tk.record() as recording:
        torch.cuda._sleep(1 << 31)  # type: ignore[no-untyped-call]
        tk.tap(x, "behind", "n")
        x.zero_()
        ended = torch.cuda.current_stream().query()
    assert not ended
    assert stored(recording.trace, "behind").sum() == 1 << 20


@needs_gpu
@pytest.mark.parametrize("options", [{"reduce": ["*"]}, {"stop_when": "inf"}])
def test_what_must_be_seen_at_once_is(options: dict[str, Any]) -> None:
    """Statistics, and the first bad value, are those of a CPU."""
    on_gpu = recorded(lambda: program("cuda"), **options)
    on_cpu = recorded(lambda: program("cpu"), **options)
    assert tk.compare(on_gpu, on_cpu).verdict == "close"


def inside(x: torch.Tensor) -> torch.Tensor:
    """A tap in what is captured."""
    tk.tap(1.0, "host")
    return tk.tap(x * 2, "inside")


def captured() -> None:
    """Capture a graph by hand."""
    x = torch.ones(3, device="cuda")
    with torch.cuda.graph(torch.cuda.CUDAGraph()):
        inside(x)


def reduced_overhead() -> None:
    """Let the compiler make graphs."""
    function = torch.compile(inside, mode="reduce-overhead", fullgraph=True)
    function(torch.ones(3, device="cuda"))


@needs_gpu
@pytest.mark.parametrize("run", [captured, reduced_overhead])
def test_cuda_graphs_are_refused(run: Callable[[], None]) -> None:
    """Their replays would run no tap."""
    with tk.record(), pytest.raises(Exception, match="CUDA graph") as caught:
        run()
    assert "TapError" in f"{caught.type} {caught.value}" or isinstance(
        caught.value, TapError
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_mode_of_cuda_graphs_records_on_a_cpu() -> None:
    """There it makes none."""
    function = torch.compile(inside, mode="reduce-overhead", fullgraph=True)
    trace = recorded(lambda: function(torch.ones(3)))
    assert stored(trace, "inside").tolist() == [2, 2, 2]
