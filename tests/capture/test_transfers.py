"""Values on a GPU reach the trace in order, and the program doesn't wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.helpers import (
    GPU,
    assert_same_firings,
    firings,
    needs_gpu,
    recorded,
    stored,
)
from tracekit.capture.transfers import AHEAD, Transfers
from tracekit.errors import RecordingError, TapError
from tracekit.schema import Event

needs_gpus = pytest.mark.skipif(
    torch.accelerator.device_count() < 2, reason="no two GPUs are here"
)
needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA GPU is here"
)


def test_steps_are_run_in_the_order_in_which_they_came() -> None:
    """What needs no wait stays behind what has to wait."""
    transfers, there = Transfers(), threading.Event()
    done: list[int] = []
    transfers.put(there.wait)
    for number in range(100):
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
            transfers.put(there[number].wait, size)
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
    transfers.put(partial(done.append, 2), AHEAD)
    transfers.put(partial(done.append, 3), AHEAD)
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
            tk.tap(image - step, "given back at once", "slow fast")
            image.mul_(1.5).add_(step)


@needs_gpu
@pytest.mark.parametrize("pixels", [None, [(0, 1), (255, 3)]])
def test_a_gpu_records_what_a_cpu_does(tmp_path: Path, pixels: Any) -> None:
    """Values, order and coordinates, whatever is written afterwards."""
    on_gpu = recorded(lambda: program(GPU), path=tmp_path / "a", pixels=pixels)
    assert_same_firings(
        on_gpu, recorded(lambda: program("cpu"), pixels=pixels)
    )


@needs_gpu
def test_the_program_does_not_wait_for_its_copies() -> None:
    """A tap behind a long kernel returns before that has ended."""
    sleep = getattr(torch.get_device_module(GPU), "_sleep", None)
    if sleep is None:
        pytest.skip(f"nothing of {GPU} lasts as long as one likes")
    x = torch.ones(1 << 20, device=GPU)
    above, places = x > 0, [0, 7]

    def taps() -> None:
        tk.tap(x, "behind", "n")
        tk.tap(x, "picked", "slow", where=above)
        x.zero_()

    recorded(taps, at={"slow": places})  # what is loaded and asked for once
    x.fill_(1)
    torch.accelerator.synchronize()
    with tk.record(at={"slow": places}) as recording:
        sleep(1 << 31)
        taps()
        ended = torch.accelerator.current_stream().query()
    assert not ended
    assert stored(recording.trace, "behind").sum() == 1 << 20
    assert stored(recording.trace, "picked").sum() == len(places)


@needs_cuda
@pytest.mark.parametrize("pixels", [None, [(0, 1), (255, 3)]])
def test_cuda_finds_no_operation_that_waits(pixels: Any) -> None:
    """PyTorch's own search for waits objects to none, in any thread."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        recorded(lambda: program("cuda"), pixels=pixels)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@needs_gpu
def test_a_full_gpu_records_all_the_same() -> None:
    """Where a value's copy finds no room, the program waits instead."""
    module = torch.get_device_module(GPU)
    limit = getattr(module, "set_per_process_memory_fraction", None)
    if limit is None:
        pytest.skip(f"{GPU} has no limit that a test could set")
    x = torch.ones(1 << 24, device=GPU)
    torch.accelerator.synchronize()
    module.empty_cache()
    limit(1e-6)
    try:
        with pytest.raises(torch.OutOfMemoryError):
            x.clone()
        with tk.record() as recording:
            tk.tap(x, "full", "n")
            x.zero_()
    finally:
        limit(1.0)
    assert stored(recording.trace, "full").sum() == 1 << 24


class Full:
    """A sink that takes two events."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def write(self, event: Event) -> None:
        """Take it, or say why not."""
        if len(self.taken) == 2:
            raise OSError("the sink is full")
        self.taken.append(event.tap)

    def close(self) -> None:
        """Nothing is left to do."""


def test_where_no_thread_starts_nothing_waits_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tap says so, and the recording can be closed."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    transfers = Transfers()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start"):
        transfers.put(lambda: None)
    assert not transfers.started
    assert transfers.close() is None


@needs_gpu
def test_what_fails_behind_the_program_is_told_at_the_end() -> None:
    """A sink's error as well; what came before it is in the trace."""
    x, sink = torch.ones(3, device=GPU), Full()
    recordings = []

    def run() -> None:
        with tk.record(sinks=[sink]) as recording:
            recordings.append(recording)
            for name in ("a", "b", "c", "d"):
                tk.tap(x, name, "n")

    with pytest.raises(RecordingError, match="the sink is full"):
        run()
    assert sink.taken == ["a", "b"]
    names = [event["tap"] for event in firings(recordings[0].trace)]
    assert names == ["a", "b", "c"]  # stored before the sink saw it
    (run_record,) = recordings[0].trace.tables["run"].to_pylist()
    assert dict(run_record["facts"])["recording"].startswith("incomplete: ")


@needs_gpu
def test_streams_and_devices_of_the_program_stay_as_they_are() -> None:
    """Each thread taps what its own stream computes, and goes on there."""
    size, stayed = 1 << 16, list[bool]()

    def work(number: int) -> None:
        stream = torch.Stream(torch.device(GPU, 0))
        torch.accelerator.set_stream(stream)
        x = torch.full((size,), float(number), device=GPU)
        for step in range(10):
            with tk.scope("thread", thread=number, step=step):
                tk.tap(x, "x", "n")
            x.add_(1)
            stayed.append(torch.accelerator.current_stream() == stream)

    with tk.record() as recording:
        threads = [threading.Thread(target=work, args=(n,)) for n in (0, 100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stayed == 20 * [True]
    values = stored(recording.trace, "x").reshape(2, 10, size)
    expected = [range(10), range(100, 110)]
    assert np.array_equal(values[:, :, 0], expected)
    assert np.array_equal(values[:, :, -1], expected)


@needs_gpus
def test_parts_on_several_gpus_are_recorded() -> None:
    """Values and masks, from whichever device is the current one."""
    first, second = torch.device(GPU, 0), torch.device(GPU, 1)
    x = torch.arange(1 << 16, device=second, dtype=torch.float64)

    def taps() -> None:
        tk.tap(x, "second", "n", where=(x > 3).to(first))
        tk.tap((x.to(first), x), "both", "n v")
        x.zero_()

    trace = recorded(taps)
    values = np.arange(1 << 16)
    assert np.array_equal(stored(trace, "second"), values[4:])
    assert np.array_equal(stored(trace, "both")[::2], values)
    assert torch.accelerator.current_stream().device == first


@needs_gpu
def test_a_default_device_is_where_the_program_computes_alone() -> None:
    """What tracekit makes lies on the host all the same."""
    on_cpu = recorded(lambda: program("cpu"))
    with torch.device(GPU):
        assert_same_firings(recorded(lambda: program(GPU)), on_cpu)


def scaled(x: torch.Tensor) -> torch.Tensor:
    """Two taps, one of which picks pixels."""
    with tk.scope("scale", scale=2):
        y = tk.tap(x * 2, "twice", "slow fast")
    return tk.tap(y.sum(0), "sums", "fast")


@needs_gpu
@pytest.mark.parametrize("pixels", [None, [(1, 2), (30, 3)]])
def test_compiled_code_records_on_a_gpu(pixels: Any) -> None:
    """What eager code does."""
    x = torch.arange(2048.0, device=GPU).reshape(32, 64)
    backend = "inductor" if GPU in ("cuda", "xpu") else "aot_eager"
    compiled = torch.compile(scaled, backend=backend, fullgraph=True)

    def twice(function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        y = x.clone()
        for _ in range(2):
            function(y)
            y.add_(1)

    assert_same_firings(
        recorded(lambda: twice(compiled), pixels=pixels),
        recorded(lambda: twice(scaled), pixels=pixels),
    )


@needs_gpu
@pytest.mark.parametrize("options", [{"reduce": ["*"]}, {"stop_when": "inf"}])
def test_what_must_be_seen_at_once_is(options: dict[str, Any]) -> None:
    """Statistics, and the first bad value, are those of a CPU."""
    on_gpu = recorded(lambda: program(GPU), **options)
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


@needs_cuda
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
