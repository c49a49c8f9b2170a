"""Names of a dialect that are derived from others."""

from pathlib import Path

import pytest

import tracekit as tk
from tests.shared_files import NANOBRAGG, needs_shared
from tracekit.comparison.derived_check import check_derived
from tracekit.errors import LogError
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.log import read_log

DIALECT = """\
dialect = "mine"
program = "mine"

[[family]]
name = "debug"
prefix = 'DEBUG:'
forms = ["assigned"]
names = ["debug"]

[names.debug.pos]
unit = "m"
components = "xyz"
[names.debug.wave]
unit = "m"
[names.debug.label]
kind = "text"
[names.debug.wave_A]
unit = "angstrom"
derived = "wave * 1e10"
"""
TWO_UNITS = """\
[names.a.k1]
tap = "k"
unit = "m"
[names.a.k2]
tap = "k"
unit = "nm"
"""
IGNORED = """\
[names.debug.x]
derived = "wave"
need = "ignored"
why = "a literal"
"""
ALWAYS = (
    "lambda_angstroms",
    "obliquity_factor",
    "r_e_meters",
    "floatimage_accumulated",
)


def loaded(folder: Path, derived: str, more: str = "") -> dict[str, str]:
    """What is derived by a dialect with this rule for ``d``, by name."""
    file = folder / "mine.toml"
    text = f"{DIALECT}{more}[names.debug.d]\nderived = '''{derived}'''\n"
    file.write_text(text)
    (family,) = load_dialect(file).families
    return {name: r.derived for name, r in family.names.items() if r.derived}


def test_an_expression_leaves_with_its_units(tmp_path: Path) -> None:
    """Each tap is spelled with the unit in which the dialect has it."""
    found = loaded(tmp_path, 'norm(pos)/pos.x/wave["nm"]')
    assert found == {
        "wave_A": 'wave["m"] * 1e+10',
        "d": 'norm(pos["m"]) / pos.x["m"] / wave["nm"]',
    }


def test_a_trace_declares_it(tmp_path: Path) -> None:
    """The trace of a log has the rule, its unit and its line; optional."""
    loaded(tmp_path, "pos.y")
    log = tmp_path / "a.log"
    log.write_text("DEBUG: wave = 1e-10\nDEBUG: wave_A = 1\n")
    trace = read_log(log, tmp_path / "mine.toml")
    rows = {r["name"]: r for r in trace.tables["declared"].to_pylist()}
    assert rows["wave"]["derived"] is None
    row = rows["wave_A"]
    assert (row["derived"], row["unit"]) == ('wave["m"] * 1e+10', "angstrom")
    assert row["need"] == "optional"
    assert row["origin"] == f"{tmp_path / 'mine.toml'}:19"
    kept = tk.read_trace(trace.save(tmp_path / "t").path or "")
    assert kept.tables["declared"] == trace.tables["declared"]


@pytest.mark.parametrize(
    ("derived", "more", "message"),
    [
        ("wave +", "", "column 7: got the end, expected a number"),
        ("sqr(wave)", "", "there is no function 'sqr'; known are sqrt"),
        ("wav * 2", "", "makes a tap 'wav'; did you mean wave or wave_A?"),
        ("label * 2", "", "no name of this dialect makes a tap 'label'"),
        ("wave_A * 2", "", "wave_A is derived itself; write what that is"),
        ("d * 2", "", "d is derived itself"),
        ("pos.w", "", "pos has no component 'w'; it has x y z"),
        ("k * 2", TWO_UNITS, 'in m and in nm; say which is meant, k["m"]'),
        ("wave", IGNORED, "need = 'ignored', so nothing compares it"),
        (" + ".join(['pos["m"].x'] * 20), "", "column 9: got '.'"),
        ("+".join(["pos.x"] * 120), "", "characters; expected at most 1000"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(
    tmp_path: Path, derived: str, more: str, message: str
) -> None:
    """File and line, the expression, what is wrong and what is known."""
    with pytest.raises(LogError) as caught:
        loaded(tmp_path, derived, more)
    assert message in str(caught.value)
    assert f"{tmp_path / 'mine.toml'}:" in str(caught.value)
    assert ": derived = " in str(caught.value)


def test_the_table_of_the_name_says_the_unit_first(tmp_path: Path) -> None:
    """Where tables disagree, the unit is that of the name's own table."""
    more = '[names.port.wave_nm]\ntap = "wave"\nunit = "nm"\n'
    assert loaded(tmp_path, "wave * 2", more)["d"] == 'wave["m"] * 2'


@needs_shared
@pytest.mark.parametrize("name", ["worked_A_64", "xds_rot_128"])
def test_what_nanobragg_prints_twice_is_what_the_dialect_says(
    name: str,
) -> None:
    """Real logs hold to every expression of the built-in dialect."""
    for path in sorted((NANOBRAGG / "cases" / name).glob("trace_[0-9]*.log")):
        rows = check_derived(read_log(path))
        held = [row["tap"] for row in rows if row["compared"]]
        assert {*ALWAYS} <= {*held}
        assert [row for row in rows if row["diverged"] != 0] == []
