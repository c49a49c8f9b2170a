"""What recording costs, and what is lost: tracekit beside its peers.

Run it with ``python tests/benchmarks/capture_peers.py``. Every peer gets an
environment of its own in a temporary folder (they are downloaded), and sees
this environment's torch and NumPy behind its own packages. Each records the
same ten tensors of the same program, which fires each of them twice and
changes one in place after its tap. Times are ratios to the same program
without any recorder, measured in turns in the same process.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import timeit
import venv
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

STEPS, STAGES, CHANGED = 2, 10, 4
SIZE, ROUNDS = 512, 10

Events = list[tuple[str, Any]]
Record = Callable[[nn.Module, torch.Tensor], Any]
Read = Callable[[Any], Events]
Peer = Callable[[], tuple[nn.Module, Record, Read]]


class Program(nn.Module):
    """Ten named values a step; the fifth is changed in place afterwards."""

    def __init__(self, point: Callable[[str], nn.Module]) -> None:
        super().__init__()
        self.points = nn.ModuleDict(
            {f"stage{n}": point(f"stage{n}") for n in range(STAGES)}
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``x``: any shape."""
        for _ in range(STEPS):
            for number, point in enumerate(self.points.values()):
                x = point(torch.sin(x) * (1 + number / 10))
                if number == CHANGED:
                    x += 1.0
        return x


class Call(nn.Module):
    """A named value that is handed to a function."""

    function: Callable[[torch.Tensor, str], Any]

    def __init__(
        self, name: str, function: Callable[[torch.Tensor, str], Any]
    ) -> None:
        super().__init__()
        self.name, self.function = name, function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Show the value, and pass it on."""
        self.function(x, self.name)
        return x


def plain() -> nn.Module:
    """The program with nothing that records."""
    return Program(lambda _: nn.Identity())


def truth(x: torch.Tensor) -> Events:
    """Every value that the program has at its taps, in order."""
    seen: Events = []
    copying = Program(
        lambda name: Call(name, lambda v, n: seen.append((n, v.clone())))
    )
    copying(x)
    return seen


def tracekit() -> tuple[nn.Module, Record, Read]:
    """This project: taps in the program, a trace in memory."""
    tk = importlib.import_module("tracekit")

    def record(model: nn.Module, x: torch.Tensor) -> Any:
        with tk.record() as recording:
            model(x)
        return recording  # the others, too, sort nothing before it is read

    def read(recording: Any) -> Events:
        trace, events = recording.trace, []
        for row in trace.tables["tap"].to_pylist():
            rows = trace.elements(row["tap_id"]).sort_by("event")
            values = rows["float"].to_numpy().reshape(-1, SIZE, SIZE)
            events += [(row["name"], value) for value in values]
        return events

    return Program(lambda name: Call(name, tk.tap)), record, read


def transformer_lens() -> tuple[nn.Module, Record, Read]:
    """TransformerLens: hook points and ``run_with_cache``."""
    lens = importlib.import_module("transformer_lens")
    hook = importlib.import_module("transformer_lens.hook_points").HookPoint

    class Hooked(Program, lens.HookedRootModule):  # type: ignore[name-defined,misc]
        setup: Callable[[], None]

        def __init__(self) -> None:
            super().__init__(lambda _: hook())
            self.setup()

    def record(model: Any, x: torch.Tensor) -> Any:
        return model.run_with_cache(x)[1]

    def read(cache: Any) -> Events:
        return [
            (name.removeprefix("points."), value)
            for name, value in cache.items()
        ]

    return Hooked(), record, read


def torchlens() -> tuple[nn.Module, Record, Read]:
    """Torchlens: every operation of a forward pass."""
    lens = importlib.import_module("torchlens")

    def read(log: Any) -> Events:
        return [
            (str(call).split(":")[0].removeprefix("points."), layer.out)
            for layer in log.layer_list
            for call in layer.output_of_module_calls
            if str(call).startswith("points.")
        ]

    return plain(), lens.trace, read


def nnsight() -> tuple[nn.Module, Record, Read]:
    """The package nnsight: saved outputs of modules."""
    sight = importlib.import_module("nnsight")

    def record(model: nn.Module, x: torch.Tensor) -> Any:
        wrapped = sight.NNsight(model)
        saved: Any = {}
        with wrapped.trace(x):
            for name in [f"stage{n}" for n in range(STAGES)]:
                saved[name] = getattr(wrapped.points, name).output.save()
        return saved

    return plain(), record, lambda saved: list(saved.items())


def debug_mode() -> tuple[nn.Module, Record, Read]:
    """PyTorch's DebugMode: every dispatched operation, outputs kept."""
    debug = importlib.import_module("torch.utils._debug_mode")

    def record(model: nn.Module, x: torch.Tensor) -> Any:
        with debug.DebugMode() as mode, debug.DebugMode.record_outputs():
            model(x)
        return mode

    def read(mode: Any) -> Events:
        # it knows no names: which product is which stage is known here
        products = [
            call.record["output"]
            for call in mode.operators
            if "mul.Tensor" in str(call.op) and call.record
        ]
        names = [f"stage{n}" for _ in range(STEPS) for n in range(STAGES)]
        return list(zip(names, products, strict=False))

    return plain(), record, read


def reprod_log() -> tuple[nn.Module, Record, Read]:
    """The package reprod_log: arrays added by hand, saved at the end."""
    package = importlib.import_module("reprod_log")
    logger = package.ReprodLogger()

    def record(model: nn.Module, x: torch.Tensor) -> Any:
        logger.data.clear()
        model(x)
        return dict(logger.data)

    model = Program(lambda n: Call(n, lambda v, n: logger.add(n, v.numpy())))
    return model, record, lambda data: list(data.items())


PEERS: dict[str, tuple[Peer, str]] = {
    "tracekit": (tracekit, ""),
    "transformer_lens": (transformer_lens, "transformer-lens"),
    "torchlens": (torchlens, "torchlens"),
    "nnsight": (nnsight, "nnsight"),
    "debug_mode": (debug_mode, ""),
    "reprod_log": (reprod_log, "reprod_log paddlepaddle setuptools"),
}


def right(found: Events, expected: Events) -> int:
    """How many firings are there with their value, each taken once."""
    left = defaultdict(list)
    for name, value in found:
        left[name].append(np.asarray(value))
    count = 0
    for name, value in expected:
        for position, candidate in enumerate(left[name]):
            if np.allclose(candidate, value, rtol=1e-12, atol=1e-14):
                del left[name][position]
                count += 1
                break
    return count


def measured(name: str) -> dict[str, Any]:
    """What one peer kept, and its time beside the plain program's."""
    torch.manual_seed(0)
    x = torch.randn(SIZE, SIZE, dtype=torch.float64)
    expected = truth(x)
    model, record, read = PEERS[name][0]()
    found = read(record(model, x))
    with torch.no_grad():
        bare, times = plain(), defaultdict(list)
        for _ in range(ROUNDS):
            for label, call in (
                ("bare", lambda: bare(x)),
                ("recorded", lambda: record(model, x)),
            ):
                times[label].append(timeit.timeit(call, number=1))
    answer: dict[str, Any] = {
        "kept": len(found),
        "right": right(found, expected),
        "ratio": min(times["recorded"]) / min(times["bare"]),
    }
    try:
        torch.compiler.reset()
        model, record, read = PEERS[name][0]()
        compiled: Any = torch.compile(model, fullgraph=True)
        answer["compiled"] = right(read(record(compiled, x)), expected)
    except Exception as error:  # each peer refuses in its own way
        answer["compiled"] = f"refused: {type(error).__name__}"
    return answer


def in_own_environment(name: str, folder: Path) -> dict[str, Any]:
    """Install a peer beside nothing else, and measure it there."""
    python = Path(sys.executable)
    if package := PEERS[name][1]:
        venv.create(folder / name, with_pip=True)
        python = folder / name / "bin" / "python"
        (site,) = (folder / name).glob("lib/python*/site-packages")
        (site / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *package.split()],
            check=True,
        )
    done = subprocess.run(
        [python, __file__, "--only", name],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TQDM_DISABLE": "1"},
    )
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["?"])[-1]}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """Print a table, one row a peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PEERS, help="measure here, as JSON")
    if (only := parser.parse_args().only) is not None:
        print(json.dumps(measured(only)))
        return
    total = STEPS * STAGES
    print(f"{total} values at {STAGES} taps, {SIZE} x {SIZE} float64")
    print(f"{'':18}{'kept':>6}{'right':>7}{'time':>9}  under torch.compile")
    with tempfile.TemporaryDirectory() as folder:
        for name in PEERS:
            row = in_own_environment(name, Path(folder))
            if "failed" in row:
                print(f"{name:18}{row['failed']}")
                continue
            compiled = row["compiled"]
            said = (
                compiled if isinstance(compiled, str) else f"{compiled} right"
            )
            print(
                f"{name:18}{row['kept']:6}{row['right']:7}"
                f"{row['ratio']:8.1f}x  {said}"
            )


if __name__ == "__main__":
    main()
