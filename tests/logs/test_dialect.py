"""Dialect files: what they say, and what is said about a wrong one."""

from pathlib import Path

import pytest

from tracekit.errors import LogError
from tracekit.logs.dialect import FOLDER
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.log import parse

SMALL = r"""
dialect = "small"
program = "prog"

[pixel]
file_names = ['at_(?P<slow>\d+)_(?P<fast>\d+)']

[[loop]]
dim = "row"
extent = "rows"
[[loop]]
dim = "column"
extent = "columns"

[units]
m = "m"

[[family]]
name = "OUT"
prefix = 'OUT:'
forms = ["named"]
names = ["all"]
format = "%.15g"
level = "pixel"

[names.all.start]
level = "column"
opens = true
[names.all.length]
tap = "distance"
unit = "m"
level = "column"

[config.columns]
[[fact]]
pattern = '(?P<columns>\d+) columns'
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A dialect of a few lines, as a user writes one."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")))
def test_shipped_dialects_load(path: Path) -> None:
    """Every dialect beside the code loads under its own name."""
    assert load_dialect(path.stem).name == path.stem


def test_every_ignored_name_says_why() -> None:
    """A name that the comparison leaves out has its reason in the dialect."""
    for family in load_dialect("nanobragg").families:
        for name, rule in family.names.items():
            assert rule.need != "ignored" or rule.why, name


def test_one_tap_is_needed_alike_in_every_family() -> None:
    """A tap that several families print is required in all or in none."""
    needs: dict[str, set[str]] = {}
    for family in load_dialect("nanobragg").families:
        for rule in family.names.values():
            if not rule.coordinates:
                needs.setdefault(rule.tap, set()).add(rule.need)
    assert {tap: n for tap, n in needs.items() if len(n) > 1} == {}


def test_a_user_s_dialect_counts_its_own_loops(small: Path) -> None:
    """The nest, the names and the pixel come from the file alone."""
    lines = ["3 columns", *["OUT: start 0", "OUT: length 1.5 m"] * 4]
    parsed = parse(lines, load_dialect(small), "at_7_8.txt")
    last = parsed.events[-1]
    assert last.tap == "distance"
    assert [(axis.dim, axis.origin) for axis in last.axes] == [
        ("slow", 7),
        ("fast", 8),
        ("row", 1),
        ("column", 0),
    ]


FORTRAN = """\
dialect = "fortran"
program = "stencil"
[pixel]
dims = ["row", "column"]
[[family]]
name = "values"
prefix = '^[ ]*(?=[TS]\\()'
forms = ["mixed"]
names = ["values"]
[[family]]
name = "rows"
prefix = '^(?=\\d)'
forms = ["columns"]
columns = ["step", "E"]
names = ["rows"]
[names.values.T]
indices = ["row", "column"]
first = 1
unit = "K"
[names.rows.step]
coordinates = ["step"]
first = 1
"""


def test_indices_behind_a_name_and_columns_of_a_table(tmp_path: Path) -> None:
    """They count from the program's first; a wrong number is a reject."""
    (tmp_path / "f.toml").write_text(FORTRAN)
    lines = [" T(3,4) = 0.5", "S(3,4)=1 S(5)=2", "T(1)=2", "1 0.25", "2 3 4"]
    parsed = parse(lines, load_dialect(tmp_path / "f.toml"), "f.log")
    assert [
        (e.tap, e.unit, [(a.dim, a.origin) for a in e.axes])
        for e in parsed.events
    ] == [
        ("T", "K", [("row", 2), ("column", 3)]),
        ("S", None, [("i", 3), ("j", 4)]),
        ("S", None, [("i", 5)]),
        ("E", None, [("step", 0)]),
    ]
    assert [reject.reason for reject in parsed.rejects] == [
        "expected 2 indices after 'T', got 1",
        "expected 2 columns (step, E ...), got 3",
    ]
    assert parsed.coordinates == 6


def test_numbers_under_a_name_that_is_a_text_are_kept_as_text(
    tmp_path: Path,
) -> None:
    """A status that is a word here and a number there loses neither."""
    (tmp_path / "f.toml").write_text(
        FORTRAN.replace('unit = "K"', 'kind = "text"')
    )
    lines = ["T(1,1)=melted", "T(1,2)=(1, 0.50)"]
    parsed = parse(lines, load_dialect(tmp_path / "f.toml"), "f.log")
    assert [event.text for event in parsed.events] == [["melted"], ["1 0.50"]]
    assert parsed.trace().elements(0).num_rows == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "OUT:'",
            "OUT('",
            r"family\[0\]: prefix: 'OUT\(': it doesn't compile",
        ),
        ('["named"]', '["columns"]', "columns: the form columns and the"),
        ('["named"]', '["naming"]', "forms: 'naming' is none of named"),
        ('"%.15g"', '"15g"', "format: '15g' is no print format"),
        ('["all"]', '["none"]', "there is no table names.none"),
        ('"column"\nopens', '"col"\nopens', "level: got 'col', expected one"),
        ("opens = true", 'opens = "yes"', "opens: expected bool, got str"),
        ("opens = true", "open = true", "open: is no key"),
        ('program = "prog"\n', "", "program: is missing"),
        ("[config.columns]", "", "there is no table config.columns"),
        ("(?P<fast>", "(?P<f>", "file_names: .* needs groups"),
        ('unit = "m"', 'need = "ignored"', "length: why: is missing"),
        ('unit = "m"', "unit = 1", "unit: expected str, got int"),
        ('dialect = "small"', "dialect = ", "can't be read"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(
    small: Path, old: str, new: str, message: str
) -> None:
    """A wrong key is an error that names the file, the key and what is off."""
    assert old in SMALL
    small.write_text(SMALL.replace(old, new))
    with pytest.raises(LogError, match=message) as caught:
        load_dialect(small)
    assert str(small) in str(caught.value)


def test_an_unknown_dialect_lists_the_known_ones() -> None:
    """A misspelt name tells which dialects there are."""
    with pytest.raises(LogError, match="nanobragg, tracekit"):
        load_dialect("nanobrag")


def test_a_dialect_without_families_is_refused(small: Path) -> None:
    """A dialect that describes no line is no dialect."""
    small.write_text('dialect = "a"\nprogram = "b"\n')
    with pytest.raises(LogError, match="family: is missing"):
        load_dialect(small)
