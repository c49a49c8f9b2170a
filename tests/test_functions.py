"""``instrument``: taps on functions by their names."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from statistics import mean
from types import ModuleType

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.helpers import stored
from tracekit.errors import RecordingError, TapError


class Beam:
    """Methods of every kind."""

    def energy(self, wavelength: float) -> float:
        """An instance's."""
        return 12.5 / wavelength

    @staticmethod
    def twice(x: float) -> float:
        """Nobody's."""
        return 2 * x

    @classmethod
    def named(cls, x: float) -> dict[str, object]:
        """The class'."""
        return {"value": x, "name": cls.__name__}


class Laser(Beam):
    """An heir."""


@pytest.fixture
def optics(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module with a class and its heir."""
    module = ModuleType("optics")
    vars(module).update(Beam=Beam, Laser=Laser)
    monkeypatch.setitem(sys.modules, "optics", module)
    return module


def test_a_function_is_tapped_under_every_name_and_given_back() -> None:
    """Code that imported it by name calls the tapped one, then the old one."""
    before = statistics.mean
    with tk.record() as recording, tk.instrument("statistics:mean") as names:
        assert mean([1.0, 2.0]) == 1.5
        assert statistics.mean([3.0]) == 3.0
    assert names == ("mean",)
    assert stored(recording.trace, "mean").tolist() == [1.5, 3.0]
    assert statistics.mean is before
    assert mean is before


def test_an_error_in_the_block_gives_the_function_back() -> None:
    """Under every name, and the program's error goes on."""
    before = statistics.mean
    with (
        pytest.raises(ZeroDivisionError),
        tk.instrument("statistics:mean"),
    ):
        raise ZeroDivisionError
    assert statistics.mean is mean is before


def test_methods_of_every_kind_are_tapped(optics: ModuleType) -> None:
    """Instance, static and class methods, also where they are inherited."""
    names = ("Beam.energy", "Beam.twice", "Laser.named")
    with (
        tk.record() as recording,
        tk.instrument(*(f"optics:{name}" for name in names)),
    ):
        assert optics.Beam().energy(2.5) == 5.0
        assert optics.Beam.twice(2.0) == 4.0
        assert optics.Laser.named(1.0)["name"] == "Laser"
        assert optics.Beam.named(1.0)["name"] == "Beam"
    taps = ("Beam.energy", "Beam.twice", "Laser.named.value")
    assert recording.trace.taps == taps
    assert "named" not in vars(optics.Laser)
    assert optics.Beam.twice(2.0) == 4.0


@pytest.mark.parametrize(
    "target",
    ["nowhere:f", "statistics:nothing", "statistics", "statistics:NormalDist"],
)
def test_what_is_no_function_is_refused(target: str) -> None:
    """The error says how a target is written, or what it is."""
    with pytest.raises(TapError, match="instrument"), tk.instrument(target):
        pass


def test_one_function_under_two_names_is_refused() -> None:
    """It would be tapped twice at each call; blocks inside blocks, too."""
    with (
        pytest.raises(TapError, match="instrumented already"),
        tk.instrument("statistics:mean", f"{__name__}:mean"),
    ):
        pass
    with (
        pytest.raises(TapError, match="instrumented already"),
        tk.instrument(f"{__name__}:mean"),
        tk.instrument("statistics:mean"),
    ):
        pass
    assert not hasattr(mean, "__wrapped__")


def test_a_function_that_was_never_called_is_an_error() -> None:
    """Silence would look like a pass."""
    with (
        pytest.raises(RecordingError, match="mean was never called"),
        tk.instrument("statistics:mean"),
    ):
        pass


def doubled(x: torch.Tensor) -> torch.Tensor:
    """A function of this module."""
    return 2 * x


def test_compiled_code_of_an_earlier_block_counts_its_calls() -> None:
    """It isn't traced again, and recorded it says what it calls."""
    x, target = torch.ones(2), f"{__name__}:doubled"
    program = torch.compile(
        lambda x: doubled(x) + 1, fullgraph=True, backend="aot_eager"
    )
    for _ in range(3):
        program(x)
        with tk.record() as recording, tk.instrument(target):
            program(x)
        assert recording.trace.taps == ("doubled",)
        with tk.instrument(target):
            program(x)
        with tk.record() as recording:
            program(x)
        assert not recording.trace.taps
    with (
        pytest.raises(RecordingError, match="doubled was never called"),
        tk.record(),
        tk.instrument(target),
    ):
        pass
    torch._dynamo.reset()


@pytest.mark.usefixtures("optics")
def test_compiled_code_that_keeps_a_method_is_told() -> None:
    """Dynamo doesn't look whether a class changes; the error says so."""
    beam, x = Beam(), torch.ones(2)
    program = torch.compile(lambda some: some.energy(x), backend="eager")
    program(beam)
    target = "optics:Beam.energy"
    with (
        pytest.raises(RecordingError, match=r"torch\.compiler\.reset"),
        tk.record(),
        tk.instrument(target),
    ):
        program(beam)
    torch._dynamo.reset()
    with tk.record() as recording, tk.instrument(target):
        program(beam)
    assert recording.trace.taps == ("Beam.energy",)
    torch._dynamo.reset()


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize(
    "target", ["numpy:asarray", "builtins:len", "builtins:sorted"]
)
def test_calls_that_recording_needs_are_not_the_program_s(
    target: str, on_disk: bool, tmp_path: Path
) -> None:
    """What tracekit calls itself to record is neither tapped nor counted."""

    def other() -> None:
        with tk.scope("phi", phi=1):
            tk.tap(np.arange(3.0), "x")

    path = tmp_path / "a" if on_disk else None
    owner = sys.modules[target.partition(":")[0]]
    with tk.record(path) as recording, tk.instrument(target) as (name,):
        other()
        getattr(owner, name)([1.0])
    assert len(recording.trace.tables["event"]) == 2
    with (
        pytest.raises(RecordingError, match="was never called"),
        tk.record(),
        tk.instrument(target),
    ):
        other()


def test_a_function_that_calls_itself_is_tapped_each_time() -> None:
    """Recursion nests the scopes, and every result is a tap."""
    with tk.record() as recording, tk.instrument(f"{__name__}:countdown"):
        assert countdown(3) == 0
    assert stored(recording.trace, "countdown").tolist() == [0] * 4


def countdown(number: int) -> int:
    """Down to 0."""
    return countdown(number - 1) if number else 0


def test_a_method_of_one_object_is_tapped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is called with its object, and others of its class are not tapped."""
    module = ModuleType("beams")
    module.one = Beam()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "beams", module)
    with tk.record() as recording, tk.instrument("beams:one.energy"):
        assert module.one.energy(2.0) == Beam().energy(2.0) == 6.25
    assert len(recording.trace.tables["event"]) == 1
    assert "energy" not in vars(module.one)


def test_targets_are_texts_and_there_is_one() -> None:
    """A function or a list is told what to write, and so is nothing."""
    for targets in ((), (["math:sqrt"],), (sys.exit,)):
        with (
            pytest.raises(TapError, match='expected one or more of "package'),
            tk.instrument(*targets),
        ):
            raise AssertionError


def test_one_instrument_begins_one_block() -> None:
    """Entered once more it says so; as a decorator it is entered anew."""
    made = tk.instrument("statistics:mean")
    with made:
        mean([1.0])
    with pytest.raises(RecordingError, match="this instrument"), made:
        raise AssertionError

    @tk.instrument("statistics:mean")
    def program() -> None:
        mean([1.0])

    for _ in range(2):
        with tk.record() as recording:
            program()
        assert recording.trace.taps == ("mean",)
