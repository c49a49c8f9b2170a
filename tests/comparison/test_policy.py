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


def test_empty_file(tmp_path: Path) -> None:
    """An empty file is the default policy."""
    assert read(tmp_path, "").tolerances[0].rtol is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[tap]\n", "is no TOML"),
        ("[taps]\n", "unknown table 'taps'"),
        ("[[tap]]\nrtol = 1e-3\n", "needs name"),
        ("[[tap]]\nname = []\n", "needs name"),
        ('[[tap]]\nname = "a"\nrtl = 1\n', "unknown key 'rtl'"),
        ('[[tap]]\nname = "a"\nrtol = "1"\n', "rtol"),
        ('[[tap]]\nname = "a"\nrtol = true\n', "rtol"),
        ('[[tap]]\nname = "a"\nrtol = -1.0\n', "not negative"),
        ('[[tap]]\nname = "a"\nrtol = nan\n', "finite"),
        ('[[tap]]\nname = "a"\natol = inf\n', "finite"),
        ('[[tap]]\nname = "a"\nmax_ulps = 1.5\n', "max_ulps"),
        (
            '[[tap]]\nname = "a"\nmax_ulps = 1_000_000_000_000_000_000_0\n',
            "max_ulps",
        ),
        ('[[tap]]\nname = "a"\nneed = "maybe"\n', "required, optional"),
        ('[[tap]]\nname = "a"\nrelative_to = "x"\n', "vector, element"),
        ("default = 3\n", "[default]"),
        ('[tap]\nname = "a"\n', "[[tap]]"),
    ],
)
def test_errors(tmp_path: Path, text: str, message: str) -> None:
    """What a policy can't say is refused, with the file and what to write."""
    with pytest.raises(PolicyError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert "policy.toml" in str(caught.value)


def test_unreadable(tmp_path: Path) -> None:
    """A file that isn't there, or is no text, is an error of the policy."""
    with pytest.raises(PolicyError, match="can't be read"):
        Policy.from_toml(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="can't be read"):
        Policy.from_toml(tmp_path / "bad.toml")


def test_table() -> None:
    """The table begins with the default, so that every tap has a rule."""
    rows = Policy((Tolerance("a", atol=2),)).table().to_pylist()
    assert [(r["position"], r["pattern"], r["atol"]) for r in rows] == [
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
