"""Values on their way from a GPU to memory, while the program goes on.

A tap copies what is selected on the device, in the order of the program's own
stream: the next kernel may overwrite the value, and this copy is the one that
is over in time, at the speed of the device's memory. The program's stream
could wait for the way to the host instead, which is fifty times as slow. That
way leads through pinned memory on a stream of its own. A thread waits for its
end and hands the events on, each behind those of all taps before it.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

AHEAD = 64 << 20  # bytes that may be on their way before a tap waits

Step = Callable[[], object]


class Transfers:
    """Runs steps in the order in which they came, some after a wait."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Step | None, Step, int]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ends = False
        self._bytes = 0
        self._error: BaseException | None = None

    @property
    def started(self) -> bool:
        """Whether what comes now must wait for its turn."""
        return self._thread is not None

    def put(self, step: Step, wait: Step | None = None, size: int = 0) -> None:
        """Run a step behind all before it.

        Args:
            step: what to do.
            wait: returns when the step may be run; None for at once.
            size: bytes that it holds until then.
        """
        with self._changed:
            while self._steps and self._bytes + size > AHEAD:
                self._changed.wait()
            self._steps.append((wait, step, size))
            self._bytes += size
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="tracekit transfers", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._steps and not self._ends:
                    self._changed.wait()
                if not self._steps:
                    return
                wait, step, size = self._steps[0]
            try:
                if self._error is None:
                    if wait is not None:
                        wait()
                    step()
            except BaseException as error:  # what close tells
                self._error = error
            with self._changed:
                self._steps.popleft()
                self._bytes -= size
                self._changed.notify_all()
            del wait, step

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
    """Copies of CUDA tensors in pinned memory, from when ``wait`` returns."""

    def __init__(self) -> None:
        self.size = 0
        self._done: list[Any] = []

    def of(self, value: Any) -> Any:
        """The copy of a tensor; what lies elsewhere is given back."""
        if not on_gpu(value):
            return value
        torch = sys.modules["torch"]
        device = value.device
        own = value.clone(memory_format=torch.contiguous_format)
        host = torch.empty(own.shape, dtype=own.dtype, pin_memory=True)
        side = _side_stream(device)
        side.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(side):
            host.copy_(own, non_blocking=True)
            done = torch.cuda.Event()
            done.record(side)
        # its memory is not given to others before the side stream is there
        own.record_stream(side)
        self.size += 2 * own.nbytes
        self._done.append(done)
        return host

    def wait(self) -> None:
        """Until all of them are whole."""
        for done in self._done:
            done.synchronize()


def on_gpu(value: Any) -> bool:
    """Whether it is a CUDA tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor) and (
        bool(value.is_cuda)
    )  # fmt: skip


_streams: dict[Any, Any] = {}


def _side_stream(device: Any) -> Any:
    if device not in _streams:
        _streams[device] = sys.modules["torch"].cuda.Stream(device)
    return _streams[device]
