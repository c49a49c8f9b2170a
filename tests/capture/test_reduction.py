"""Taps too large to keep: their statistics, and selected pixels in full."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.helpers import about, cells, firings, grid, labels, recorded, stored
from tracekit.capture.statistics import statistics
from tracekit.errors import RecordingError
from tracekit.storage.repair import repair

KEPT = ["count", "nan", "inf", "zeros", "min", "max", "mean", "hash"]
IMAGE = np.linspace(-1, 2, 35).reshape(5, 7)


def program(image: Any = IMAGE) -> None:
    """An image in a loop, what is summed of it, and a list of cells."""
    for phi in range(2):
        with tk.scope("phi", phi=phi):
            tk.tap(image * (phi + 1), "image", "slow fast", unit="m")
    tk.tap(float(image.sum()), "total")
    tk.tap(np.arange(40), "cells", "cell")


def ending(*names: str) -> list[str]:
    """The names of taps and of their statistics."""
    return [
        f"{n}{end}" for n in names for end in ("", *(f".{k}" for k in KEPT))
    ]


def texts(trace: tk.Trace, name: str) -> list[str]:
    """The texts of a tap, sorted by coordinate."""
    number = trace.tables["tap"]["name"].to_pylist().index(name)
    found: list[str] = trace.elements(number)["text"].to_pylist()
    return found


@pytest.mark.parametrize("path", [None, "a"])
def test_pixels_are_kept_in_full_and_statistics_of_the_rest(
    tmp_path: Path, path: str | None
) -> None:
    """Each statistic is a tap in the loops of its tap, in memory and not."""
    trace = recorded(
        program, path=path and tmp_path / path, pixels=[(4, 6), (0, 1)],
        reduce=["ima*"],
    )  # fmt: skip
    whole = cells(recorded(program), "image")
    assert set(trace.taps) == {*ending("image"), "total", "cells"}
    assert grid(trace, "image") == {
        "phi": (0, 2),
        "slow": (0, 5),
        "fast": (0, 7),
    }
    assert len(cells(trace, "image")) == 4
    assert cells(trace, "image").items() <= whole.items()
    for phi in range(2):
        (expected,) = statistics(IMAGE * (phi + 1), 2)
        names = ["count", "nan", "inf", "zeros", "low", "high"]
        for statistic, field in zip(KEPT, names, strict=False):
            got = cells(trace, f"image.{statistic}")
            assert got[frozenset({("phi", phi)})] == getattr(expected, field)
        assert texts(trace, "image.hash")[phi] == f"{expected.hash:016x}"
        means = stored(trace, "image.mean").reshape(2, 2)[phi].tolist()
        assert means == [expected.mean, expected.absolute]
    assert labels(trace, "image.mean") == ["mean", "absolute"]
    units = {name: about(trace, f"image.{name}")["unit"] for name in KEPT}
    assert {name for name in KEPT if units[name]} == {"min", "max", "mean"}


def test_a_size_reduces_what_has_more_numbers() -> None:
    """Whatever is selected of it; a value without coordinates never is."""

    def more() -> None:
        program()
        tk.tap(np.ones((10, 10)), "matrix", "row column")

    trace = recorded(more, reduce=35, pixels=[(0, 0)])
    assert set(trace.taps) == {"image", "total", "matrix", *ending("cells")}
    assert cells(trace, "cells") == {}
    trace = recorded(more, reduce=0)
    assert set(trace.taps) == {*ending("image", "cells"), "total", "matrix"}


def test_every_value_can_be_reduced() -> None:
    """Components, planes, complex, masked, narrow, whole, empty."""
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)

    def kinds() -> None:
        tk.tap(x, "vector", "n xyz")
        tk.tap(tuple(x.unbind(-1)), "planes", "n xyz")
        tk.tap(torch.complex(x, -x), "complex", "n m")
        tk.tap(x, "masked", "n m", where=x > 0)
        tk.tap(x.bfloat16(), "narrow", "n m")
        tk.tap((x * 10).to(torch.int8), "whole", "n m")
        tk.tap(x > 0, "bool", "n m")
        tk.tap(x[:0], "empty", "n m")
        tk.tap(x[:0].long(), "no integer", "n m")

    trace = recorded(kinds, reduce=["*"])
    assert labels(trace, "vector.max") == ["x", "y", "z"]
    assert labels(trace, "vector.mean")[:3] == [
        "x mean",
        "x absolute",
        "y mean",
    ]
    assert stored(trace, "vector.max").tolist() == x.amax(0).tolist()
    assert texts(trace, "planes.hash") == texts(trace, "vector.hash")
    assert labels(trace, "complex.min") == ["re", "im"]
    assert stored(trace, "complex.min").tolist() == [-1, -1]
    assert stored(trace, "masked.count").tolist() == [6]
    assert stored(trace, "masked.min").tolist() == [float(x[2, 0])]
    assert about(trace, "narrow.mean")["dtype"] == "bfloat16"
    assert stored(trace, "whole.max").dtype == np.int8
    assert about(trace, "bool.max")["kind"] == "bool"
    assert np.isnan(stored(trace, "empty.max")).all()
    assert stored(trace, "no integer.max").tolist() == []
    assert stored(trace, "no integer.count").tolist() == [0]


def test_a_loop_that_is_not_selected_leaves_nothing() -> None:
    """at= of a loop chooses firings; of an axis what is kept in full."""
    trace = recorded(program, reduce=["*"], at={"phi": 1, "cell": [3, 4]})
    assert grid(trace, "image.max") == {"phi": (1, 1)}
    assert cells(trace, "image") == {}
    assert stored(trace, "cells").tolist() == [3, 4]
    assert stored(trace, "cells.count").tolist() == [40]


def test_blocks_have_statistics_where_they_begin() -> None:
    """Blocks of one image stand at their place, not in the order they came."""

    def blocks(order: range) -> None:
        for slow in order:
            with tk.scope("rows", slow=slow):
                tk.tap(IMAGE[slow : slow + 2], "image", "slow fast")

    one, other = (
        recorded(lambda o=order: blocks(o), reduce=["image"])  # type: ignore[misc]
        for order in (range(0, 5, 2), range(4, -1, -2))
    )
    assert stored(one, "image.count").tolist() == [14, 14, 7]
    assert cells(one, "image.max") == cells(other, "image.max")
    assert tk.compare(one, other).verdict == "close"


def sines(x: torch.Tensor) -> torch.Tensor:
    """A tap that many ways of running a program meet."""
    with tk.scope("loop", phi=1):
        return tk.tap(x.sin() * 2, "wave", "n m").sum()


WAYS: dict[str, Callable[[torch.Tensor], Any]] = {
    "aot_eager": torch.compile(sines, fullgraph=True, backend="aot_eager"),
    "inductor": torch.compile(sines, fullgraph=True),
    "grad": torch.func.grad(sines),
    "vmap": torch.func.vmap(
        lambda row: tk.tap(row.sin() * 2, "wave", "m").sum()
    ),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("way", WAYS)
def test_compiled_and_transformed_code_is_reduced_as_eager_code_is(
    way: str,
) -> None:
    """The same taps of the same numbers; vmap's rows are a coordinate."""
    x = torch.linspace(-3, 3, 40, dtype=torch.float64).reshape(8, 5)
    eager = recorded(lambda: sines(x), reduce=["wave"])
    trace = recorded(lambda: WAYS[way](x), reduce=["wave"])
    assert trace.taps == tuple(ending("wave"))
    assert stored(trace, "wave.count").tolist() == [40]
    assert stored(trace, "wave.max") == pytest.approx(
        stored(eager, "wave.max")
    )
    mean = stored(eager, "wave.mean")
    assert stored(trace, "wave.mean") == pytest.approx(mean)
    if way in ("aot_eager", "grad"):
        assert texts(trace, "wave.hash") == texts(eager, "wave.hash")
    if way != "vmap":
        assert firings(trace)[0]["axes"]["phi"] == (1, 1)


def test_gradients_are_reduced_under_their_own_names() -> None:
    """NAME.grad is a tap as any."""
    x = torch.ones(3, 4, requires_grad=True)

    def backward() -> None:
        tk.tap(x * 2, "y", "n m", grad=True).sum().backward()  # type: ignore[no-untyped-call]

    trace = recorded(backward, reduce=["y.grad"])
    assert trace.taps == ("y", *ending("y.grad"))
    assert stored(trace, "y.grad.max").tolist() == [1]


def at_one_place(number: float) -> Any:
    """The image with another number at a pixel that is not selected."""
    image = IMAGE.copy()
    image[2, 2] = number
    return image


def test_a_difference_that_no_pixel_shows_is_found() -> None:
    """First the statistic that differs, then the hash alone."""
    options: dict[str, Any] = {"pixels": [(0, 0)], "reduce": ["image"]}
    expected = recorded(program, **options)
    again = tk.compare(recorded(program, **options), expected)
    assert again.verdict == "close"
    assert again.summary["compared"] == 2 * 10 + 1 + 40
    swapped = IMAGE.copy()
    swapped[1:4] = IMAGE[3:0:-1]
    for image, statistic in (
        (at_one_place(np.nan), "nan"),
        (at_one_place(9.0), "max"),
        (at_one_place(0.5), "mean"),
        (swapped, "hash"),
    ):
        actual = recorded(lambda x=image: program(x), **options)  # type: ignore[misc]
        found = tk.compare(actual, expected)
        assert found.verdict == "diverged"
        assert found.first_divergence is not None
        assert found.first_divergence["tap"] == f"image.{statistic}"
        assert found.first_divergence["coordinate"] == {"phi": 0}


def test_a_policy_for_a_tap_holds_for_its_statistics(tmp_path: Path) -> None:
    """A rule of a statistic itself comes before it where it stands later."""
    options: dict[str, Any] = {"reduce": ["image"]}
    expected = recorded(program, **options)
    actual = recorded(lambda: program(IMAGE * (1 + 1e-7)), **options)
    policy = tmp_path / "policy.toml"
    rule = '[[tap]]\nname = "{}"\n{}\n'
    loose = rule.format("image", "rtol = 1e-6") + rule.format(
        "total", "rtol = 1e-6"
    )
    policy.write_text(loose)
    found = tk.compare(actual, expected, policy=policy)
    assert [row["tap"] for row in found.taps if row["diverged"]] == [
        "image.hash"
    ]
    policy.write_text(loose + rule.format("*.hash", 'need = "ignored"'))
    assert tk.compare(actual, expected, policy=policy).verdict == "close"
    policy.write_text(loose + rule.format("*.mean", "rtol = 1e-9"))
    first = tk.compare(actual, expected, policy=policy).first_divergence
    assert first is not None
    assert first["tap"] == "image.mean"


def test_a_mean_that_cancels_is_compared_by_what_was_added() -> None:
    """Rounding around a mean of zero is no divergence."""

    def waves(noise: float) -> tk.Trace:
        x = np.sin(np.arange(64) * np.pi / 32)
        x[3] += noise
        return recorded(lambda: tk.tap(x, "wave", "n"), reduce=["wave"])

    rows = {row["tap"]: row for row in tk.compare(waves(1e-14), waves(0)).taps}
    assert rows["wave.mean"]["max_rel_error"] > 1
    assert rows["wave.mean"]["diverged"] == 0


def test_a_tap_of_which_nothing_is_kept_still_has_to_fire() -> None:
    """expect= counts it, and a reduced trace expects no statistics."""
    first = recorded(program, reduce=["image"], expect=["image"])
    assert recorded(program, expect=first).taps == ("image", "total", "cells")
    with pytest.raises(RecordingError, match="'image' never fired"):
        recorded(lambda: tk.tap(1.0, "total"), reduce=["*"], expect=first)
    trace = recorded(program, reduce=["image"], taps=["image"], every=2)
    assert stored(trace, "image.count").tolist() == [35]


def test_a_bad_number_that_is_not_kept_ends_the_run() -> None:
    """stop_when sees all numbers, and the firing is there as a whole."""
    bad, reached = IMAGE.copy(), []
    cases: dict[Any, float] = {"nan": np.nan, "inf": -np.inf}
    for stop, number in cases.items():
        bad[3, 3] = number
        with tk.record(
            pixels=[(0, 0)], reduce=20, stop_when=stop
        ) as recording:
            tk.tap(bad, "image", "slow fast")
            reached.append(stop)
        assert recording.trace.taps == tuple(ending("image"))
    assert reached == []


def test_what_a_killed_program_reduced_is_repaired(tmp_path: Path) -> None:
    """Coverage and statistics of what was flushed are those of the whole."""
    root = tmp_path / "a"
    child = os.fork()
    if not child:
        with tk.record(root, reduce=["image"]) as recording:
            program()
            recording._delivery.store.spill()
            os._exit(0)
    os.waitpid(child, 0)
    whole = recorded(program, reduce=["image"])
    for trace in (tk.read_trace(root), repair(root)):
        assert trace.tables["coverage"].equals(whole.tables["coverage"])
        hashes = trace.tables["tap"]["value_hash"]
        assert hashes.equals(whole.tables["tap"]["value_hash"])
    assert tk.compare(trace, recorded(program)).gaps == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forked_children_reduce_too(tmp_path: Path) -> None:
    """Their parts have statistics and coverage as the parent's."""
    with tk.record(tmp_path / "a", reduce=["image"]) as recording:
        child = os.fork()
        if not child:
            program()
            os._exit(0)
        os.waitpid(child, 0)
    whole = recorded(program, reduce=["image"])
    assert tk.compare(recording.trace, whole).verdict == "close"
    assert tk.compare(recording.trace, recorded(program)).gaps == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"reduce": "image"}, r"expected a list, \['image'\]"),
        ({"reduce": True}, "names or globs of taps"),
        ({"reduce": [1]}, "names or globs of taps"),
        ({"reduce": -1}, "0 or more"),
    ],
)
def test_a_reduction_that_means_nothing_is_refused(
    options: dict[str, Any], says: str
) -> None:
    """The error comes before anything is recorded."""
    with pytest.raises(RecordingError, match=says), tk.record(**options):
        pass
