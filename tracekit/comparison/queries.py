"""The query library: finds ``queries/`` and knows what each query says.

The files stand in ``queries/`` at the top of a checkout and in
``tracekit/queries`` in an installed wheel. Their README is written from their
headers by ``python -m tracekit.comparison.queries``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tracekit.errors import CompareError, did_you_mean

# A view or a macro needs what it reads when it is created, so files load in
# this order. The second group needs the sides "actual" and "expected".
ONE_SIDE = (
    "run",
    "config",
    "event",
    "rejects",
    "sizes",
    "stated_units",
    "tap_axes",
    "element_place",
    "element",
    "taps",
    "elements_of",
    "tap_statistics",
    "statistics",
    "pixel_contrast",
)
TWO_SIDES = (
    "ulp_distance",
    "partial_ordinal",
    "element_key",
    "rule",
    "unused_rules",
    "derived_taps",
    "need",
    "meeting",
    "pair_axis",
    "place_order",
    "pair",
    "pair_pixel",
    "by_position",
    "by_lookup",
    "quick",
    "aligned",
    "judged",
    "suspect",
    "outcome",
    "reach_limit",
    "reach_place",
    "unmatched",
    "missing",
    "hole",
    "tap_number",
    "located",
    "divergence",
    "inventory",
    "gaps",
    "configuration_differences",
    "tap_summary",
    "first_divergence",
    "image_pair",
    "stacked",
    "image_metrics",
    "image_peaks",
    "distributions",
    "first_by_pixel",
    "wrong_pixels",
    "signatures",
    "faults",
    "introduced",
    "worst_numbers",
    "error_map",
    "error_along",
    "changed_bits",
    "kind_by_value",
    "kind_sample",
    "kind_by_place",
    "kind_by_tap",
    "error_kinds",
    "pixels_to_trace",
    "verdict",
)

_CREATE = re.compile(
    r"^CREATE OR REPLACE (VIEW|TABLE|MACRO) (\w+)"
    r"(?:\(([^)]*)\) AS( TABLE)?)?",
    re.M,
)
_ENTRY = re.compile(r"(\w+(?:, \w+)*)(?:  +(.*))?")
_SECTIONS = ("Parameters", "Columns")


@dataclass(frozen=True, slots=True)
class Query:
    """One file of the library.

    Args:
        name: the file's name and the name of what it creates.
        documentation: the header, without comment signs.
        sql: the whole text.
        call: what to write behind FROM; "" for a scalar macro.
        parameters: what its parameters mean, by name.
        columns: what the columns of its rows mean, by name, in order.
    """

    name: str
    documentation: str
    sql: str
    call: str
    parameters: dict[str, str]
    columns: dict[str, str]

    def ask(self, parameters: Collection[str] = ()) -> str:
        """SQL that asks the query, with ``$name`` for each parameter.

        Raises:
            CompareError: it can't be asked, or has no such parameter.
        """
        if not self.call:
            raise CompareError(f"{self.name} is no table: use it in SQL")
        unknown = set(parameters) - set(self.parameters)
        if unknown:
            known = ", ".join(self.parameters) or "none"
            raise CompareError(
                f"{self.name} has no parameter {min(unknown)!r}; it has: "
                f"{known}"
            )
        given = ", ".join(f"{name} := ${name}" for name in parameters)
        return f"FROM {self.name}({given})" if given else f"FROM {self.call}"


@cache
def folder() -> Path:
    """Where the queries lie."""
    here = Path(__file__).parents[1]
    for place in (here / "queries", here.parent / "queries"):
        if (place / "element.sql").is_file():
            return place
    raise CompareError(
        f"no queries/ beside {here}: the installation is incomplete; install "
        "tracekit again"
    )


@cache
def text(name: str) -> str:
    """The text of one file of the library."""
    return (folder() / f"{name}.sql").read_text(encoding="utf-8")


@cache
def load(name: str) -> Query:
    """One query of the library.

    Raises:
        CompareError: there is none of this name.
    """
    known = (*ONE_SIDE, *TWO_SIDES)
    if name not in known:
        raise CompareError(
            f"no query {name!r}; 'tracekit query --list' shows them all"
            + did_you_mean(name, known)
        )
    sql = text(name)
    header = list(_header(sql))
    created = next(m for m in _CREATE.finditer(sql) if m[2] == name)
    kind, _, arguments, is_table = created.groups()
    call = name if kind != "MACRO" else f"{name}()" if is_table else ""
    sections = _sections(header)
    return Query(
        name,
        "\n".join(header).strip(),
        sql,
        call,
        _entries(sections.get("Parameters", []), arguments or ""),
        _entries(sections.get("Columns", []), ""),
    )


def readme() -> str:
    """The text of ``queries/README.md``, made from all headers."""
    parts = [_README.strip()]
    for title, names in (
        ("Any trace", ONE_SIDE),
        ("Two traces: actual and expected", TWO_SIDES),
    ):
        parts.append(f"## {title}")
        parts += [_described(load(name)) for name in names]
    return "\n\n".join(parts) + "\n"


_README = """
# Queries

Every query that tracekit asks, one a file, in the order in which they are
built on each other. `tracekit.connect(actual=..., expected=...)` gives an
ordinary DuckDB connection that has all of them; with other names for the
traces it has the first group. This page is made from the headers of the files:
`python -m tracekit.comparison.queries` writes it again.
"""


def _header(sql: str) -> Iterator[str]:
    for line in sql.splitlines():
        if not line.startswith("--"):
            return
        yield line.removeprefix("--").removeprefix(" ")


def _sections(header: list[str]) -> dict[str, list[str]]:
    """The lines of a header below each of its section titles."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in header:
        if line in _SECTIONS:
            current = found.setdefault(line, [])
        elif line.strip():
            current.append(line)
    return found


def _entries(lines: list[str], arguments: str) -> dict[str, str]:
    """Names and what they mean; several names may share one meaning."""
    texts: dict[str, list[str]] = {}
    names: list[str] = []
    for line in lines:
        entry = _ENTRY.fullmatch(line)
        if entry is not None:
            names = entry[1].split(", ")
            texts |= {name: [entry[2] or ""] for name in names}
            continue
        for name in names:
            texts[name].append(line.strip())
    if arguments:
        given = [part.split(":=")[0].strip() for part in arguments.split(",")]
        texts = {name: texts.get(name, []) for name in given}
    return {name: " ".join(parts).strip() for name, parts in texts.items()}


def _described(query: Query) -> str:
    prose = query.documentation
    for section in _SECTIONS:
        prose = prose.split(f"\n{section}\n")[0]
    shown = f"`FROM {query.call}`" if query.call else "a scalar macro"
    blocks = [f"### {query.name}", f"{shown}, in `{query.name}.sql`"]
    blocks.append(prose.strip())
    for title, entries in (
        ("Parameter", query.parameters),
        ("Column", query.columns),
    ):
        if entries:
            rows = [f"| `{name}` | {text} |" for name, text in entries.items()]
            blocks.append(
                "\n".join((f"| {title} | Meaning |", "|---|---|", *rows))
            )
    return "\n\n".join(blocks)


if __name__ == "__main__":
    (folder() / "README.md").write_text(readme(), encoding="utf-8")
