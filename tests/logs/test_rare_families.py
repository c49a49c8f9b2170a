"""Families of lines that only a few logs of the real program have."""

import re

import pytest

from tests.logs.log_lines import nanobragg
from tests.shared_files import NANOBRAGG, needs_shared

RARE = tuple(
    f"TRACE_{name}"
    for name in ("ROTATE", "BEAM_CENTER", "PY_BASE", "PY_ROTSTAR")
)
SUM = "Ybeam + 0.5*pixel = 0.0125 + 0.5*0.0001"


@pytest.mark.parametrize(
    ("line", "taps"),
    [
        ("TRACE_ROTATE:before=[1 -0 0]", {"rotate.before": [1, -0.0, 0]}),
        (
            "TRACE_ROTATE:by=x:0.5 y:0 z:-2e-3",
            {"rotate.by.x": [0.5], "rotate.by.y": [0], "rotate.by.z": [-2e-3]},
        ),
        (
            "TRACE_ROTATE:about_x ryy=0.75 ryz=-0.125",
            {"rotate.ryy": [0.75], "rotate.ryz": [-0.125]},
        ),
        (
            "TRACE_BEAM_CENTER:Fclose=(size - 0*pixel)/2.0 = 0.25/2.0 = 0.125",
            {"beam_center.Fclose": [0.125]},
        ),
        (
            f"TRACE_BEAM_CENTER:MOSFLM Fbeam_calc={SUM} = 0.01255",
            {"beam_center.Fbeam_calc": [0.01255]},
        ),
        (
            "TRACE_PY_BASE:   a = [-0.5, 0.25, 1] |a| = 1.75 meters",
            {"base.a": [-0.5, 0.25, 1], "base.|a|": [1.75]},
        ),
        (
            "TRACE_PY_BASE:   diffracted (d) = [0.5, 0.25, -0.125]",
            {"base.diffracted (d)": [0.5, 0.25, -0.125]},
        ),
        ("TRACE_PY_BASE:   wavelength = 1.5 Å", {"base.wavelength": [1.5]}),
        ("TRACE_PY_BASE:   V = 2e-09 m³ = 2e+21 Å³", {"base.V": [2e21]}),
        (
            "TRACE_PY_ROTSTAR phi_tic=3 ap_y=-21.5 bp_y=0.75",
            {"rotstar.ap_y": [-21.5], "rotstar.bp_y": [0.75]},
        ),
    ],
)
def test_every_number_of_a_rare_line_is_read(
    line: str, taps: dict[str, list[float]]
) -> None:
    """Names, components, units and what stands before the last sign."""
    parsed = nanobragg(line)
    assert parsed.rejects == []
    found = {
        event.tap: event.values.tolist()
        for event in parsed.events
        if event.kind != "text"
    }
    assert found == taps


@pytest.mark.parametrize(
    "line",
    [
        "TRACE_BEAM_CENTER:sums:",
        "TRACE_PY_BASE: === φ=0° ===",
        "TRACE_PY_BASE:",
    ],
)
def test_a_banner_of_a_rare_family_is_kept_as_text(line: str) -> None:
    """It is neither a number nor a reject."""
    parsed = nanobragg(line)
    assert [event.kind for event in parsed.events] == ["text"]
    assert parsed.rejects == []


def test_a_phi_step_is_an_index() -> None:
    """``phi_tic`` says which step the numbers of its line belong to."""
    event = nanobragg("TRACE_PY_ROTSTAR phi_tic=3 ap_y=-21.5").events[0]
    assert ("phi", 3) in [(axis.dim, axis.origin) for axis in event.axes]


@needs_shared
def test_no_example_of_a_rare_line_is_rejected() -> None:
    """The lines that the grammar quotes from real logs are all read."""
    text = (NANOBRAGG / "log_grammar.md").read_text(encoding="utf-8")
    lines = [
        quoted.replace("\\|", "|")
        for row in text.splitlines()
        for quoted in re.findall(r"`((?:[^`])*)` \|$", row)
        if quoted.startswith(RARE)
    ]
    assert len(lines) >= 20
    for line in lines:
        parsed = nanobragg(line)
        assert parsed.events, line
        assert parsed.rejects == [], line
