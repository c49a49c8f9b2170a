"""Policy files: what they may say, and how errors tell where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracekit.comparison.policy import Policy, Tolerance, as_policy
from tracekit.errors import PolicyError


def read(tmp_path: Path, text: str) -> Policy:
    """The policy of a file with this text."""
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return Policy.from_toml(path)


def test_rules(tmp_path: Path) -> None:
    """A rule takes from the default what it doesn't say."""
    policy = read(
        tmp_path,
        '[default]\natol = 1e-3\n\n[[tap]]\nname = "F_*"\nrtol = 0\n'
        'reason = "a product"\n',
    )
    default, rule = policy.tolerances
    assert (default.pattern, default.rtol, default.atol) == ("*", None, 1e-3)
    assert (rule.pattern, rule.rtol, rule.atol) == ("F_*", 0, 1e-3)
    assert rule.reason == "a product"
    assert rule.origin == f"{tmp_path / 'policy.toml'}:4"


def test_several_names(tmp_path: Path) -> None:
    """One rule may name several taps."""
    policy = read(tmp_path, '[[tap]]\nname = ["a", "b"]\nmax_ulps = 4\n')
    assert [t.pattern for t in policy.tolerances] == ["*", "a", "b"]
    assert {t.max_ulps for t in policy.tolerances[1:]} == {4}


def test_line_of_each_rule(tmp_path: Path) -> None:
    """Each rule knows its line, with a comment behind its title too."""
    policy = read(
        tmp_path,
        '[[tap]] # one\nname = "a"\n\n  [[ tap ]]\nname = "b"\n',
    )
    lines = [t.origin.rpartition(":")[2] for t in policy.tolerances[1:]]
    assert lines == ["1", "4"]


def test_line_of_a_rule_below_a_renamed_tap(tmp_path: Path) -> None:
    """The key ``tap`` of a translation is not taken for a rule's title."""
    policy = read(
        tmp_path,
        '[[actual]]\nname = "pixel"\ntap = "pixel_pos"\n[[tap]]\nname = "b"\n',
    )
    assert policy.tolerances[1].origin.endswith(":4")
    assert policy.translations[0].origin.endswith(":1")


def test_empty_file(tmp_path: Path) -> None:
    """An empty file is the default policy."""
    assert read(tmp_path, "").tolerances[0].rtol is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[default]\n[[tap]\n", 2, "is no TOML"),
        ("[default]\natol = 1\n[taps]\n", 3, "unknown table 'taps'"),
        ("\nrtol = 1\n", 2, "unknown table 'rtol'"),
        ("\n[[tap]]\nrtol = 1e-3\n", 2, "needs name"),
        ("[[tap]]\nname = []\n", 1, "needs name"),
        ("[[tap]]\nname = 3\n", 1, "needs name"),
        ('[[tap]]\nname = "a"\nrtl = 1\n', 3, "unknown key 'rtl'"),
        ("[default]\n# rtl\n rtl = 1\n", 3, "unknown key 'rtl'"),
        ('[[tap]]\nname = "a"\n"rtol" = "1"\n', 3, "expected a whole number"),
        ('[[tap]]\nname = "a"\nrtol = true\n', 3, "rtol = True"),
        ('[[tap]]\nname = "a"\nrtol = -1.0\n', 3, "not negative"),
        ('[[tap]]\nname = "a"\nrtol = nan\n', 3, "finite"),
        ('[[tap]]\nname = "a"\natol = inf\n', 3, "finite"),
        ('[[tap]]\nname = "a"\nmax_ulps = 1.5\n', 3, "max_ulps"),
        (f'[[tap]]\nname = "a"\nmax_ulps = {10**19}\n', 3, "at most"),
        ('[[tap]]\nname = "a"\nneed = "maybe"\n', 3, "required, optional"),
        ('[[tap]]\nname = "a"\nrelative_to = "x"\n', 3, "vector, element"),
        ('[[tap]]\nname = "a"\nsignificance = 1.0\n', 3, "below 1"),
        ("default = 3\n", 1, "as [default]"),
        ('\n[tap]\nname = "a"\n', 2, "[[tap]]"),
        (
            '[[tap]]\nname = "a"\nrtol = 1\n[[tap]]\nname = "b"\nrtol = ""\n',
            6,
            "rtol = ''",
        ),
        ('[[actual]]\nname = "a"\nrtol = 1\n', 3, "unknown key 'rtol'"),
        ('[[expected]]\nname = ["a"]\n', 2, "expected a text"),
        ('[[actual]]\nname = "a*"\ntap = "b"\n', 3, "renames one tap"),
        ("[[actual]]\ndims = { x = 1 }\n", 2, "x = 1"),
        ('[[actual]]\nindex_base = { x = "1" }\n', 2, "a whole number"),
        ('[[actual]]\ndims = "x"\n', 2, "a table such as"),
        ('[[derived]]\ntap = "d"\n', 1, '[[derived]] needs tap = "..." and'),
        ('[[derived]]\ntap = "d"\nis = 3\n', 3, "expected a text"),
        ('[[derived]]\ntap = "d"\nis = "2 *"\n', 3, "column 4: got the end"),
        ('[[derived]]\ntap = "d"\nis = "d + 1"\n', 3, "d is derived itself"),
        ('[[derived]]\ntap = "d"\nis = "a"\nrtol = 1\n', 4, "unknown key"),
    ],
)
def test_errors(tmp_path: Path, text: str, line: int, message: str) -> None:
    """What a policy can't say is refused with file:line and what to do."""
    with pytest.raises(PolicyError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert f"policy.toml:{line}" in str(caught.value)


def test_derived(tmp_path: Path) -> None:
    """A derived tap has an expression, and the line that says it."""
    text = '[[derived]]\ntap = "wave_A"\nis = "wave*1e10"\nunit = "angstrom"\n'
    (rule,) = read(tmp_path, text).derived
    assert (rule.tap, rule.expression) == ("wave_A", "wave * 1e+10")
    assert (rule.unit, rule.origin[-13:]) == ("angstrom", "policy.toml:3")


def test_unreadable(tmp_path: Path) -> None:
    """A file that isn't there, or is no text, is an error of the policy."""
    with pytest.raises(PolicyError, match="can't be read"):
        Policy.from_toml(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="can't be read"):
        Policy.from_toml(tmp_path / "bad.toml")


def test_table() -> None:
    """The table begins with the default, so that every tap has a rule."""
    rows = Policy((Tolerance("a", atol=2),)).rows()
    assert [(r[0], r[1], r[3]) for r in rows] == [
        (0, "*", 0.0),
        (1, "a", 2.0),
    ]


def test_what_a_caller_gives(tmp_path: Path) -> None:
    """A policy, a path or nothing."""
    policy = Policy((Tolerance("a"),))
    assert as_policy(policy) is policy
    assert as_policy(None) == Policy()
    path = tmp_path / "p.toml"
    path.write_text("[default]\nrtol = 1\n")
    assert as_policy(str(path)).tolerances[0].rtol == 1
