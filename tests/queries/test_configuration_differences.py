"""Did both runs solve the same problem?"""

from __future__ import annotations

from typing import Any

import pytest

from tests.queries.blueprint import LOG, ask, fired, traced, verdict
from tracekit.schema import ConfigValue, FileUse, Run
from tracekit.storage.trace import Trace

PYTHON = Run(family="python")


def stating(*facts: ConfigValue, files: Any = (), run: Run = PYTHON) -> Trace:
    """A trace of one number that states these facts and files."""
    return traced(fired("x", 1.0), run=run, config=facts, files=files)


def differences(actual: Trace, expected: Trace) -> list[tuple[str, str]]:
    """The facts that are not known to agree, as (key, kind)."""
    return ask("configuration_differences", actual, expected, "key", "kind")


def number(value: float, **more: Any) -> Trace:
    """A trace that states one number."""
    return stating(ConfigValue("fluence", value, **more))


def test_equal_facts() -> None:
    """Equal numbers and texts are no difference."""
    facts = (ConfigValue("a", 1.5), ConfigValue("b", text="square"))
    assert differences(stating(*facts), stating(*facts)) == []


def test_different_numbers() -> None:
    """A decisive number that differs forbids the word close."""
    actual, expected = number(1.0), number(2.0)
    rows = ask(
        "configuration_differences", actual, expected, "key", "kind",
        "actual", "expected", "actual_value", "decisive",
    )  # fmt: skip
    assert rows == [("fluence", "differs", "1", "2", 1.0, True)]
    assert verdict(actual, expected) == "diverged"


def test_different_texts() -> None:
    """A text that differs is a difference, beside a number too."""
    square = stating(ConfigValue("shape", text="square"))
    round_ = stating(ConfigValue("shape", text="round"))
    five = stating(ConfigValue("shape", 5.0))
    assert differences(square, round_) == [("shape", "differs")]
    assert differences(square, five) == [("shape", "differs")]


def test_informative() -> None:
    """What is merely good to know is shown and doesn't count."""
    actual = stating(ConfigValue("host", text="a", decisive=False))
    expected = stating(ConfigValue("host", text="b"))
    assert differences(actual, expected) == [("host", "differs")]
    assert verdict(actual, expected) == "close"


def test_stated_on_one_side() -> None:
    """What only one side states is shown, and is no difference."""
    assert differences(number(1.0), stating()) == [("fluence", "actual only")]
    assert differences(stating(), number(1.0)) == [
        ("fluence", "expected only")
    ]
    assert verdict(number(1.0), stating()) == "close"


def test_printed_digits() -> None:
    """A number is compared to the digits that were printed of it."""
    printed = number(1.25932e29, text="1.25932e+29", digits=6, quantum=24)
    assert differences(number(1.2593201528622709e29), printed) == []
    assert differences(printed, number(1.2593201528622709e29)) == []
    assert differences(number(1.25933e29), printed) != []


def test_printed_digits_of_both_sides() -> None:
    """Two printed numbers may differ by both of their half places."""
    one = number(0.3, text="0.3", digits=1, quantum=-1)
    two = number(0.34, text="0.34", digits=2, quantum=-2)
    far = number(0.37, text="0.37", digits=2, quantum=-2)
    assert differences(one, two) == []
    assert differences(one, far) != []


def test_units() -> None:
    """Numbers are converted before they are compared."""
    one = number(1.0, unit="angstrom")
    assert differences(one, number(1e-10, unit="m")) == []
    assert differences(one, number(2e-10, unit="m")) != []


def test_converted_digits() -> None:
    """The last printed place is converted with the number."""
    printed = number(1.5, unit="mm", digits=2, quantum=-1, text="1.5")
    assert differences(printed, number(1.54e-3, unit="m")) == []
    assert differences(printed, number(1.56e-3, unit="m")) != []


def test_units_that_do_not_convert() -> None:
    """Equal numbers in units that don't convert differ, and say so."""
    actual, expected = number(1.0, unit="m"), number(1.0, unit="second")
    rows = ask(
        "configuration_differences", actual, expected, "actual", "expected"
    )
    assert rows == [("1 m", "1 second")]
    assert verdict(actual, expected) == "diverged"


def test_each_side_in_its_own_unit() -> None:
    """5 mm beside 5 m is shown as that, as text in both."""
    sides = number(5.0, unit="mm"), number(5.0, unit="m")
    (row,) = ask("configuration_differences", *sides)
    assert (row["actual"], row["expected"]) == ("5 mm", "5 m")
    assert (row["actual_value"], row["expected_value"]) == (None, None)
    assert row["unit"] is None


def test_restated_in_another_unit() -> None:
    """5 mm and then 5 m is no repetition."""
    facts = [ConfigValue("distance", 5.0, unit=unit) for unit in ("mm", "m")]
    sides = stating(*facts), stating(facts[1])
    (row,) = ask("configuration_differences", *sides)
    assert (row["kind"], row["actual"]) == ("restated", "5 mm, then 5 m")


def test_unit_on_one_side() -> None:
    """A number without a unit is taken to be in the other side's."""
    assert differences(number(1.0), number(1.0, unit="m")) == []


def test_large_integers() -> None:
    """Whole numbers beyond 2^53 are compared to the last digit."""
    one = number(float(2**53), text=str(2**53))
    two = number(float(2**53), text=str(2**53 + 1))
    assert differences(one, two) == [("fluence", "differs")]
    assert differences(two, two) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_odd_numbers(value: float) -> None:
    """NaN agrees with NaN and infinity with infinity, with nothing else."""
    assert differences(number(value), number(value)) == []
    assert differences(number(value), number(1.0)) != []
    assert differences(number(value), number(-value)) == [] or value == value


def test_file_that_changed() -> None:
    """A file of one name and another content is a decisive difference."""
    clean = stating(files=[FileUse("P1.hkl", "input", "aa")])
    stale = stating(files=[FileUse("P1.hkl", "input", "bb")])
    assert differences(clean, clean) == []
    rows = ask(
        "configuration_differences", stale, clean, "key", "actual", "expected"
    )
    assert rows == [("file P1.hkl", "read, sha256 bb", "read, sha256 aa")]
    assert verdict(stale, clean) == "diverged"


def test_file_that_only_one_read() -> None:
    """A program that tracekit ran states that it did not read a file."""
    with_dump = stating(files=[FileUse("Fdump.bin", "side", "aa")])
    rows = ask(
        "configuration_differences", with_dump, stating(), "kind", "expected"
    )
    assert rows == [("differs", "not read")]
    assert differences(stating(), with_dump) == [("file Fdump.bin", "differs")]


def test_file_beside_a_log() -> None:
    """A log that was cut states no file by its silence."""
    with_dump = stating(files=[FileUse("Fdump.bin", "side", "aa")])
    cut = stating(run=LOG)
    assert differences(with_dump, cut) == [("file Fdump.bin", "actual only")]
    assert verdict(with_dump, cut) == "close"


def test_file_of_unknown_content() -> None:
    """A log names a file without its hash: no difference is known."""
    named = stating(files=[FileUse("P1.hkl", "input")], run=LOG)
    hashed = stating(files=[FileUse("P1.hkl", "input", "aa")])
    assert differences(named, hashed) == []


def test_file_under_another_name() -> None:
    """A copy of a file is the same file."""
    one = stating(files=[FileUse("P1.hkl", "input", "aa")])
    two = stating(files=[FileUse("copy.hkl", "input", "aa")])
    assert differences(one, two) == []


def test_file_in_two_roles() -> None:
    """A file that was read twice is one fact."""
    use = [FileUse("P1.hkl", "input", "aa"), FileUse("P1.hkl", "side", "aa")]
    assert differences(stating(files=use), stating()) == [
        ("file P1.hkl", "differs")
    ]


def test_outputs_do_not_count() -> None:
    """What a run wrote, and its own log, are no part of the problem."""
    use = [FileUse("a.img", "output", "aa"), FileUse("a.log", "log", "bb")]
    assert differences(stating(files=use), stating()) == []


def test_order() -> None:
    """Differences come first, decisive ones before the others."""
    actual = stating(
        ConfigValue("a", 1.0, decisive=False), ConfigValue("b", 1.0),
        ConfigValue("c", 1.0),
    )  # fmt: skip
    expected = stating(
        ConfigValue("a", 2.0), ConfigValue("c", 2.0), ConfigValue("d", 1.0)
    )
    keys = [key for key, _ in differences(actual, expected)]
    assert keys == ["c", "a", "b", "d"]


def test_restated() -> None:
    """A fact that one run states twice, unequally, is shown; the last counts.

    It is no difference by itself.
    """
    twice = stating(
        ConfigValue("fluence", 1.0, origin="c.log:3"),
        ConfigValue("fluence", 2.0, unit="m", origin="c.log:9"),
    )
    rows = ask(
        "configuration_differences", twice, number(2.0, unit="m"), "key",
        "kind", "actual", "expected",
    )  # fmt: skip
    shown = "1 (c.log:3), then 2 m (c.log:9)"
    assert rows == [("fluence", "restated", shown, None)]
    row = ask("verdict", twice, number(2.0, unit="m"))[0]
    assert (row["verdict"], row["restated"]) == ("close", 1)
    assert verdict(twice, number(1.0)) == "diverged"


def test_restated_equally() -> None:
    """The same value again, or with more digits, is not shown."""
    again = stating(ConfigValue("n", 2.0), ConfigValue("n", 2.0))
    assert differences(again, stating(ConfigValue("n", 2.0))) == []
    finer = stating(
        ConfigValue("n", 0.3, text="0.3", digits=1, quantum=-1),
        ConfigValue("n", 0.32, text="0.32", digits=2, quantum=-2),
    )
    assert differences(finer, stating(ConfigValue("n", 0.32))) == []
