"""A comparison as one HTML file that needs nothing else.

Every text of a run passes ``html.escape``: a tap may be called anything. This
file computes nothing: each number was returned by a query.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from tracekit.comparison.report import findings, printable
from tracekit.comparison.report_tables import (
    Titled,
    distributions,
    images,
    taps,
)

if TYPE_CHECKING:
    from tracekit.comparison.compare import Comparison, Row

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em;
  padding: 0 1em; color: #222; background: #fff }
h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 2em }
.close { color: #17692c } .diverged { color: #a31515 }
.incomparable { color: #7a5a00 }
table { border-collapse: collapse; font-size: 0.9em }
th, td { padding: 0.2em 0.8em 0.2em 0; text-align: left; vertical-align: top;
  white-space: nowrap }
th { position: sticky; top: 0; background: #fff }
td:first-child, td:last-child { white-space: normal; overflow-wrap: anywhere;
  min-width: 12em }
tr:hover { background: #f4f4f4 }
tr.bad td:first-child { border-left: 3px solid #a31515; padding-left: 0.4em }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.9em }
svg { background: #eee; border: 1px solid #888 }
figure { display: inline-block; margin: 0 1em 1em 0 }
"""
_LEGEND = (
    "<h2>Maps of the error</h2>\n<p>White is close, red diverged (darker is a "
    "larger relative error), purple has a NaN on one side. Point at a square "
    "for its figures.</p>"
)
# Hebrew, Arabic and their kin, from the first letter to the last.
_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_RIGHT_TO_LEFT = re.compile(f"[{_RTL}](?:[^\\n:;,()]*[{_RTL}])?")
_MAP = 200
_MAPS = 6


def render_html(comparison: Comparison) -> str:
    """One self-contained page: the report, every tap, maps of the error.

    Args:
        comparison: what was found; its ``maps`` are drawn if it has some.
    """
    shown = printable(comparison)
    head, _, body = "\n\n".join(filter(None, findings(shown))).partition("\n")
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        (
            '<meta http-equiv="Content-Security-Policy" content="default-src '
            "'none'; style-src 'unsafe-inline'\">"
        ),
        f"<title>tracekit: {escape(comparison.verdict)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f'<h1 class="{escape(comparison.verdict)}">{escape(head)}</h1>',
        f"<pre>{_text(body)}</pre>",
        _LEGEND if shown.maps else "",
        *_maps(shown.maps),
        *_table(distributions(shown)),
        *_table(images(shown, every_tap=True)),
        *_table(taps(shown, every_tap=True)),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _table(shown: Titled) -> list[str]:
    """A table under its title: a heading up to the colon, and the rest."""
    title, header, rows = shown
    if not rows:
        return []
    heading, _, rest = title.partition(":")
    return [
        f"<h2>{_text(heading)}</h2>",
        f"<p>{_text(rest.strip())}</p>" if rest else "",
        "<table>",
        _line("th", header[1:], bad=False),
        *(_line("td", cells, bad=bool(mark)) for mark, *cells in rows),
        "</table>",
    ]


def _text(text: str) -> str:
    """Escaped, and what reads from right to left turns nothing around it."""
    return _RIGHT_TO_LEFT.sub(r"<bdi>\g<0></bdi>", escape(text))


def _line(kind: str, cells: Iterable[str], *, bad: bool) -> str:
    start = '<tr class="bad">' if bad else "<tr>"
    inner = "".join(f"<{kind}>{_text(cell)}</{kind}>" for cell in cells)
    return f"{start}{inner}</tr>"


def _maps(rows: Sequence[Row]) -> list[str]:
    """A square a block: the larger the relative error, the darker."""
    by_tap: dict[str, list[Row]] = {}
    for row in rows:
        by_tap.setdefault(row["tap"], []).append(row)
    return [_map(tap, blocks) for tap, blocks in list(by_tap.items())[:_MAPS]]


def _map(tap: str, blocks: list[Row]) -> str:
    size = blocks[0]["block"]
    slow = [(row["slow"] or 0) // size for row in blocks]
    fast = [(row["fast"] or 0) // size for row in blocks]
    high, wide = max(slow) - min(slow) + 1, max(fast) - min(fast) + 1
    side = max(1, _MAP // max(high, wide))
    squares = "".join(
        f'<rect x="{(f - min(fast)) * side}" y="{(s - min(slow)) * side}" '
        f'width="{side}" height="{side}" fill="{_color(row)}"><title>'
        f"{escape(_said(row))}</title></rect>"
        for row, s, f in zip(blocks, slow, fast, strict=True)
    )
    return (
        f'<figure><svg width="{wide * side}" height="{high * side}" '
        f'role="img">{squares}</svg><figcaption>{_text(tap)}: '
        f"{sum(row['diverged'] for row in blocks)} diverged; a square is "
        f"{size} x {size} pixels</figcaption></figure>"
    )


def _color(row: Row) -> str:
    """White where close, purple for NaN, else darker red by the decade."""
    if row["nan_mismatches"]:
        return "#7d26cd"
    if not row["diverged"]:
        return "#ffffff"
    error = row["max_rel_error"]
    decade = math.log10(error) if error and math.isfinite(error) else 0.0
    light = round(max(0.0, min(1.0, -decade / 16)) * 200)
    return f"rgb(220,{light},{light})"


def _said(row: Row) -> str:
    error: Any = row["max_rel_error"]
    shown = "none" if error is None else f"{error:.3g}"
    nan = f", {row['nan_mismatches']} NaN" if row["nan_mismatches"] else ""
    return (
        f"({row['slow']}, {row['fast']}): {row['diverged']} of "
        f"{row['compared']}{nan}, relative {shown}"
    )
