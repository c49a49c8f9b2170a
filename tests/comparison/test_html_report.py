"""The report as one HTML file."""

from __future__ import annotations

import math
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.queries.blueprint import fired, traced
from tracekit.comparison.compare import compare
from tracekit.comparison.html_report import render_html
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import ConfigValue
from tracekit.storage.trace import Trace

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></pre><h1>& ' `",
    "x\x00y\n]]>-->",
)
_VOID = {"meta", "rect"}


class Page(HTMLParser):
    """What a browser's parser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: dict[str, int] = {}
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Count an element and remember that it is open."""
        self.elements[tag] = self.elements.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that is open."""
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


def side(tap: str, *, wrong: bool = False, text: str = "fine") -> Trace:
    """A run with one image, wrong in a corner."""
    values = np.ones((20, 20))
    if wrong:
        values[:3, :4] = 1.5
        values[9, 9] = math.nan
    return traced(
        fired(tap, values, slow=range(20), fast=range(20), unit="m"),
        config=[ConfigValue("key " + text, text=text)],
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name: str) -> None:
    """A tap, a fact or a file may be called anything and stays text."""
    result = compare(side(name, wrong=True, text=name), side(name), maps=True)
    page = Page(render_html(result))
    assert page.open == []
    assert {"script", "img"} & set(page.elements) == set()
    assert page.elements["h1"] == page.elements["title"] - len(result.maps)
    assert not any(name.startswith("on") for name in page.attributes)
    assert page.text.count(name.replace("\x00", "\ufffd")) or "\x00" in name


def test_right_to_left() -> None:
    """A Hebrew or Arabic name turns nothing around that stands beside it."""
    name = "שלום (עולם)"
    result = compare(side(name, wrong=True), side(name), maps=True)
    page = render_html(result)
    assert "First divergence: <bdi>שלום</bdi> (<bdi>עולם</bdi>) at" in page
    assert Page(page).elements["bdi"] == page.count("שלום") * 2


def test_what_stands_in_it() -> None:
    """First divergence, faults, every tap and a map of the wrong one."""
    result = compare(side("R", wrong=True), side("R"), maps=True)
    text = render_html(result)
    page = Page(text)
    assert "First divergence: R at pixel (0, 0)" in page.text
    assert "2 independent faults" in page.text
    assert (page.elements["svg"], page.elements["figure"]) == (1, 1)
    assert page.elements["rect"] == len(result.maps) == 100
    assert "http" not in text.replace("http-equiv", "")
    assert len(text) < 40_000


def test_images_and_distributions() -> None:
    """What the plain report says behind the taps stands in the page, too."""
    rng = np.random.default_rng(1)
    drawn = [
        traced(
            fired("noise", rng.normal(size=500), n=range(500)),
            fired("R", np.ones((20, 20)), slow=range(20), fast=range(20)),
        )
        for _ in range(2)
    ]
    policy = Policy((Tolerance(), Tolerance("noise", compare="distribution")))
    page = Page(render_html(compare(*drawn, policy=policy)))
    for title in ("Compared as distributions, actual / expected", "Images"):
        assert title in page.text
    assert "1 on both sides, 0 diverged;\n400 numbers" in page.text
    assert page.elements["table"] == 3


def test_in_a_browser(tmp_path: Path) -> None:
    """No script of a tap's name runs, and all names are where they belong."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs chromium or google-chrome")
    names = [
        "<script>document.title='owned'</script>",
        "<img src=x onerror=\"document.title='owned'\">",
        "n" * 200,
    ]
    sides = [
        traced(*[fired(name, value) for name in names]) for value in (1.0, 2.0)
    ]
    page = tmp_path / "report.html"
    page.write_text(render_html(compare(*sides)), encoding="utf-8")
    found = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    shown = Page(found.stdout)
    assert "<title>tracekit: diverged</title>" in found.stdout
    assert {"script", "img"} & set(shown.elements) == set()
    assert all(name in shown.text for name in names)


def test_a_close_run() -> None:
    """A page without a divergence has all taps and no map."""
    page = Page(render_html(compare(side("R"), side("R"), maps=True)))
    assert "CLOSE" in page.text
    assert "svg" not in page.elements
    assert page.elements["tr"] == 4  # of the taps and of the images
