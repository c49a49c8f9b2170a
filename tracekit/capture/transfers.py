"""Values on their way from a GPU to memory, while the program goes on.

A tap copies what is selected on the device, in the order of the program's own
stream: the next kernel may overwrite the value, and this copy is the one that
is over in time, at the speed of the device's memory. The program's stream
could wait for the way to the host instead, which is the slow one. A
thread takes that way, through pinned memory on a stream of its own, and hands
the events on, each behind those of all taps before it.

A GPU is here whatever accelerator PyTorch finds that has streams.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

AHEAD = 64 << 20  # bytes that may be on their way before a tap waits

Step = Callable[[], object]


class Transfers:
    """Runs steps in a thread, in the order in which they came."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Step, int]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ends = False
        self._bytes = 0
        self._error: BaseException | None = None

    @property
    def started(self) -> bool:
        """Whether what comes now must wait for its turn."""
        return self._thread is not None

    def put(self, step: Step, size: int = 0) -> None:
        """Run a step behind all before it; none once it was closed.

        Args:
            step: what to do; it may wait.
            size: bytes that it holds until then.
        """
        with self._changed:
            while self._steps and self._bytes + size > AHEAD:
                self._changed.wait()
            if self._ends:
                return
            if self._thread is None:
                thread = threading.Thread(
                    target=self._run, name="tracekit transfers", daemon=True
                )
                thread.start()  # where none can be, nothing waits for it
                self._thread = thread
            self._steps.append((step, size))
            self._bytes += size
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._steps and not self._ends:
                    self._changed.wait()
                if not self._steps:
                    return
                step, size = self._steps[0]
            try:
                if self._error is None:
                    step()
            except BaseException as error:  # what close tells
                self._error = error
            with self._changed:
                self._steps.popleft()
                self._bytes -= size
                self._changed.notify_all()
            del step

    def close(self) -> BaseException | None:
        """Run what is left.

        Returns:
            What a step raised; none was run behind it.
        """
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        return self._error


class Copies:
    """Copies of tensors on their GPU, as these are now."""

    def __init__(self) -> None:
        self.size = 0
        self._made: list[Any] = []

    def of(self, value: Any) -> Any:
        """The copy of a tensor; what lies elsewhere is given back."""
        if not on_gpu(value):
            return value
        torch = sys.modules["torch"]
        copy = value.clone(memory_format=torch.contiguous_format)
        own = torch.accelerator.current_stream(copy.device)
        self._made.append(_event(own))
        self.size += copy.nbytes
        return copy

    def home(self, copy: Any) -> Any:
        """A copy in pinned memory; only for a thread without streams."""
        if not on_gpu(copy):
            return copy
        torch = sys.modules["torch"]
        side = _side_stream(copy.device)
        torch.accelerator.set_stream(side)
        for made in self._made:
            made.wait(side)
        host = _pinned(copy.shape, copy.dtype)
        host.copy_(copy, non_blocking=True)
        # its memory is given to others in the order of the program's stream
        _event(side).synchronize()
        return host


def on_gpu(value: Any) -> bool:
    """Whether it is a tensor on an accelerator that has streams."""
    torch = sys.modules.get("torch")
    return (
        torch is not None
        and isinstance(value, torch.Tensor)
        and not value.is_cpu
        and _side_stream(value.device) is not None
    )


def sent(array: Any, device: Any) -> Any:
    """A NumPy array on a device; the program doesn't wait for it."""
    torch = sys.modules["torch"]
    tensor = torch.from_numpy(array)
    if device.type == "cpu" or _side_stream(device) is None:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


@cache
def _side_stream(device: Any) -> Any:
    """A stream beside the program's; None where a device has none."""
    torch = sys.modules["torch"]
    try:
        accelerator = torch.accelerator.current_accelerator()
        if accelerator is None or accelerator.type != device.type:
            return None
        _pinned((1,), torch.uint8)
        side = torch.Stream(device)
        _event(side)
        # a device that has one alone, as mps, gives it out again and again
        return None if side == torch.Stream(device) else side
    except RuntimeError:
        return None


def _event(stream: Any) -> Any:
    """What is over with all that a stream was given until now."""
    torch = sys.modules["torch"]
    event = torch.Event(stream.device, enable_timing=False)
    event.record(stream)
    return event


def _pinned(shape: Any, dtype: Any) -> Any:
    torch = sys.modules["torch"]
    return torch.empty(shape, dtype=dtype, device="cpu", pin_memory=True)
