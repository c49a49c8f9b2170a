"""The report in words."""

from typing import Any

import numpy as np

import tracekit as tk
from tests.queries.blueprint import fired, traced
from tracekit.comparison.report import render
from tracekit.schema import Reject


def recorded(error: float = 0.0, **facts: float) -> tk.Trace:
    """Two taps, the second one off by ``error`` at pixel (1, 0)."""
    with tk.record() as recording:
        for key, value in facts.items():
            tk.config(key, value)
        x = tk.tap(np.ones((2, 2)), "x", "slow fast", unit="m")
        y = x * 2
        y[1, 0] += error
        tk.tap(y, "y", "slow fast", unit="m")
    return recording.trace


def test_the_answers_come_in_the_promised_order() -> None:
    """Same problem, gaps, first divergence, taps: in this order."""
    text = render(tk.compare(recorded(1e-3, hkls=5), recorded(hkls=0)))
    marks = ["DIVERGED", "same problem? No: 1 fact", "Gaps", "First", "Taps"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_first_divergence_says_where_and_how_far() -> None:
    """Pixel, both values, error and tolerance stand together."""
    text = render(tk.compare(recorded(1e-3), recorded()))
    assert "y at pixel (1, 0)" in text
    assert "actual    2.001 " in text
    assert "expected  2 " in text
    assert "error 0.001" in text
    assert "2e-09 allowed by default" in text


def test_close_taps_of_a_diverged_run_are_shown_on_request() -> None:
    """By default only what diverged is listed, with --all everything."""
    result = tk.compare(recorded(1e-3), recorded())
    assert "\n     x " not in render(result)
    assert "\n     x " in render(result, every_tap=True)


def test_a_close_run_lists_every_tap() -> None:
    """What was compared is shown when all of it agrees."""
    text = str(tk.compare(recorded(), recorded()))
    assert text.startswith("CLOSE")
    assert "2 on both sides, 0 diverged" in text
    assert len([line for line in text.splitlines() if " 4 " in line]) == 4


def test_each_tap_says_its_tolerance_and_what_it_needs() -> None:
    """Bound, file and line, and the smallest that would pass, in one line."""
    rule = tk.Tolerance("y", rtol=1e-6, origin="tests/policy.toml:8")
    policy = tk.Policy((tk.Tolerance(), rule))
    text = render(tk.compare(recorded(1e-3), recorded(), policy=policy))
    line, _ = [one for one in text.splitlines() if one.startswith("  x  y")]
    assert "rtol 0.0005  rtol 1e-06  policy.toml:8" in line
    assert "y would pass with rtol 0.0005, or atol 0.001\n" in text
    nan = tk.compare(recorded(float("nan")), recorded(), policy=policy)
    assert "no tolerance makes y close" in render(nan)
    assert "NaN on the actual side only: no tolerance of" in render(nan)


def test_what_closeness_may_hide_stands_in_the_line_of_a_tap() -> None:
    """A coarser type on one side, and nothing but zeros on both."""
    zeros = np.zeros((2, 2), np.float32)
    pixels: dict[str, Any] = {"slow": range(2), "fast": range(2)}
    events = [fired("single", zeros + 1, **pixels), fired("one", 0.0)]
    actual = traced(fired("dark", zeros, **pixels), *events)
    expected = traced(
        fired("dark", zeros, **pixels),
        fired("single", np.ones(4), **pixels),
        events[1],
    )
    table = str(tk.compare(actual, expected)).partition("Taps in")[2]
    lines = table.partition("\n\n")[0].splitlines()[3:]
    ends = {line.split()[0]: line for line in lines}
    assert ends["dark"].endswith("(0, 0); all that was compared is 0")
    assert ends["single"].endswith("(0, 0); float32 beside float64")
    assert ends["one"].endswith("default")


def test_the_smallest_tolerance_is_never_rounded_down() -> None:
    """What is printed is enough when it is typed into a policy."""
    for error in (3.00001e-7, 0.1 + 0.2):
        text = render(tk.compare(recorded(error), recorded()))
        rtol = float(text.split("would pass with rtol ")[1].split(",")[0])
        policy = tk.Policy((tk.Tolerance(rtol=rtol),))
        assert (
            tk.compare(recorded(error), recorded(), policy=policy).verdict
            == "close"
        )


def test_warnings_stand_at_the_top() -> None:
    """Vacuous tolerances, taps that don't fit and restated facts are shown."""
    wide = tk.Policy((tk.Tolerance("y", atol=3.0, need="optional"),))
    head = render(tk.compare(recorded(1e-3), recorded(), policy=wide))
    assert head.startswith("CLOSE")
    assert "warning: y would pass with zeros, too: " in head.split("\n\n")[0]

    def other_unit() -> tk.Trace:
        with tk.record() as recording:
            tk.config("hkls", 1)
            tk.config("hkls", 0)
            tk.tap(np.ones((2, 2)), "x", "slow fast", unit="m")
            tk.tap(np.ones((2, 2)), "y", "slow fast", unit="kg")
        return recording.trace

    result = tk.compare(other_unit(), recorded(hkls=0), policy=wide)
    text = render(result)
    assert text.startswith("CLOSE")
    assert "warning: y could not be compared: it is in kg" in text
    assert "optional y: the actual side is in kg" in text
    assert "warning: the actual side states hkls as 1 (" in text
    assert result.summary["not_compared"] == 1
    assert result.summary["optional_gaps"] == 1
    assert result.to_dict()["taps"][1]["not_compared"]


def test_a_misspelled_name_in_a_policy_is_told() -> None:
    """It would change nothing, and nobody would see why."""
    rules = (tk.Tolerance("F_lat", origin="p.toml:3"), tk.Tolerance("rare"))
    side = traced(fired("F_latt", 1.0))
    result = tk.compare(side, side, policy=tk.Policy(rules))
    head = render(result).split("\n\n")[0]
    assert head.endswith(
        "warning: no tap is called F_lat, as p.toml:3 says; F_latt is"
    )
    assert [row["pattern"] for row in result.to_dict()["unused_rules"]] == [
        "F_lat",
        "rare",
    ]


def test_lines_that_were_not_read_are_told() -> None:
    """A tap may be missing because its line was not understood."""
    lost = Reject("c.log", 7, "no number", "R = ?")
    side = traced(fired("x", 1.0))
    expected = traced(fired("x", 1.0), rejects=[lost, lost])
    head = render(tk.compare(side, expected)).split("\n\n")[0]
    assert head.endswith(
        "warning: 2 lines of the expected side not read, the first c.log:7: "
        "no number"
    )
    assert "not read" not in render(tk.compare(side, side))


def test_integers_are_said_to_be_exact() -> None:
    """No relative tolerance is shown that would not have applied."""

    def counted(last: int) -> tk.Trace:
        with tk.record() as recording:
            tk.tap(np.array([1, 2, last]), "hits", "n")
        return recording.trace

    text = render(tk.compare(counted(4), counted(3)))
    (line,) = [one for one in text.splitlines() if one.startswith("  x  hits")]
    assert "  exact " in line
    assert "error 1; integers compare exactly" in text
    assert "rtol" not in text


def test_names_that_would_forge_a_line() -> None:
    """Line breaks, terminal escapes and changes of direction are spelled."""
    name = "a\nFirst divergence: none.\x1b[2K\u202elive"

    def run(value: float) -> tk.Trace:
        with tk.record() as recording:
            tk.tap(value, name)
        return recording.trace

    result = tk.compare(run(1.0), run(2.0))
    text = render(result)
    assert "\nFirst divergence: none" not in text
    assert all(c.isprintable() or c == "\n" for c in text)
    assert r"a\nFirst divergence: none.\x1b[2K\u202elive" in text
    assert result.taps[0]["tap"] == name


def test_long_names_are_cut_in_tables_only() -> None:
    """A name of 200 characters leaves room for the figures beside it."""

    def run(value: float) -> tk.Trace:
        with tk.record() as recording:
            tk.tap(np.full((16, 16), value), "n" * 200, "slow fast")
        return recording.trace

    text = render(tk.compare(run(1.0), run(2.0)))
    lines = [one for one in text.splitlines() if one.startswith("  x  n")]
    assert len(lines) == 2  # the taps' and the images'
    assert max(map(len, lines)) < 130
    assert f"First divergence: {'n' * 200} at" in text


def test_distributions_say_why() -> None:
    """A drawn tap that diverged has its reason; too few numbers a warning."""
    rule = tk.Tolerance("noise", compare="distribution")
    policy = tk.Policy((tk.Tolerance(), rule))

    def run(numbers: list[float]) -> tk.Trace:
        with tk.record() as recording:
            tk.tap(np.array(numbers), "noise", "n")
        return recording.trace

    many = [n / 500 for n in range(500)]
    odd = tk.compare(run([*many, np.nan]), run(many), policy=policy)
    assert "1 NaN or infinite on the actual side only" in render(odd)
    few = tk.compare(run([1.0, 2.0]), run([7.0]), policy=policy)
    head = render(few).split("\n\n")[0]
    assert "warning: noise has too few numbers" in head
    assert head.endswith(": 2 and 1")


def test_taps_that_do_not_fit_say_what_to_do() -> None:
    """Other dims, units and components lead to the policy's words."""

    def run(dims: str) -> tk.Trace:
        with tk.record() as recording:
            tk.tap(np.ones((2, 2)), "x", dims)
            tk.tap(1.0, "y")
        return recording.trace

    text = render(tk.compare(run("line sample"), run("slow fast")))
    assert "has the dims line sample where the expected side has" in text
    assert "say so in a policy: [[actual]]" in text
    same = render(tk.compare(run("slow fast"), run("slow fast")))
    assert "[[actual]]" not in same


def test_kinds_of_later_taps() -> None:
    """A default below a sign is told, what is told already is not again."""
    base = np.random.default_rng(1).uniform(1, 2, (4, 4))

    def run(sign: float, table: float) -> tk.Trace:
        with tk.record() as recording:
            tk.tap(sign * base, "q", "slow fast")
            tk.tap(sign * base * 2, "h", "slow fast")
            tk.tap(base**table - table, "F", "slow fast")
        return recording.trace

    text = render(tk.compare(run(-1, 0), run(1, 3)))
    assert (
        "    sign: actual = -1 * expected (16 of 16 numbers)\n"
        "  Later taps, by what they inherit or add:\n"
        "    F: one number: actual is 1 in all of them (16 of 16 numbers)\n"
    ) in text


def test_many_kinds_of_later_taps() -> None:
    """Six of them are told, and how many more there are."""
    base = np.random.default_rng(1).uniform(1, 2, 16)

    def run(wrong: float) -> tk.Trace:
        with tk.record() as recording:
            for tap in range(10):
                tk.tap(base**tap * (1 + wrong * tap), f"tap{tap}", "n")
        return recording.trace

    text = render(tk.compare(run(0.5), run(0)))
    told = [line for line in text.splitlines() if ": factor: actual" in line]
    assert len(told) == 6
    assert "    and 2 more: tracekit query error_kinds\n" in text


def test_a_second_fault_below_the_first_one() -> None:
    """A tap at which an inherited error grows a hundredfold is named."""

    def run(scale: float, more: float) -> tk.Trace:
        with tk.record() as recording:
            x = tk.tap(np.arange(1.0, 5.0) * scale, "x", "slow")
            tk.tap(2 * x, "double", "slow")
            tk.tap(3 * x + more, "triple", "slow")
        return recording.trace

    text = render(tk.compare(run(1 + 1e-6, 0.3), run(1, 0)))
    assert (
        "The error grows at triple: relative 0.1 after 1e-06 before." in text
    )
    assert "grows at double" not in text
    assert "grows" not in render(tk.compare(run(1 + 1e-6, 0), run(1, 0)))
