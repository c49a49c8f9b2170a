"""The query library: finds ``queries/`` and knows what each query says.

The files stand in ``queries/`` at the top of a checkout and in
``tracekit/queries`` in an installed wheel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tracekit.errors import CompareError

# A macro binds the names it uses when it is created, so files load in this
# order. The second group needs the sides "actual" and "expected".
ONE_SIDE = ("run", "config", "event", "tap_axes", "taps", "element", "elements_of")
TWO_SIDES = (
    "ulp_distance",
    "pair",
    "rule",
    "aligned",
    "judged",
    "need",
    "unmatched",
    "inventory",
    "gaps",
    "configuration_differences",
    "tap_summary",
    "first_divergence",
    "image_metrics",
    "verdict",
)

_CREATE = re.compile(
    r"^CREATE OR REPLACE (VIEW|TABLE|MACRO) (\w+)(\(([^)]*)\) AS TABLE)?", re.M
)


@dataclass(frozen=True, slots=True)
class Query:
    """One file of the library.

    Args:
        name: the file's name and the name of what it creates.
        documentation: the header, without comment signs.
        sql: the whole text.
        call: what to write behind FROM; "" for a scalar macro.
        parameters: names of its parameters.
    """

    name: str
    documentation: str
    sql: str
    call: str
    parameters: tuple[str, ...]


def folder() -> Path:
    """Where the queries lie."""
    here = Path(__file__).parent
    for place in (here / "queries", here.parent / "queries"):
        if (place / "element.sql").is_file():
            return place
    raise CompareError(
        f"no queries/ beside {here}: the installation is incomplete; install "
        "tracekit again"
    )


@cache
def load(name: str) -> Query:
    """One query of the library.

    Raises:
        CompareError: there is none of this name.
    """
    if name not in (*ONE_SIDE, *TWO_SIDES):
        raise CompareError(
            f"no query {name!r}; 'tracekit query --list' shows them all"
        )
    sql = (folder() / f"{name}.sql").read_text(encoding="utf-8")
    header = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        header.append(line.removeprefix("--").removeprefix(" "))
    created = [m for m in _CREATE.finditer(sql) if m[2] == name]
    table = bool(created) and (created[0][1] != "MACRO" or created[0][3])
    parameters = (created[0][4] or "") if created else ""
    names = tuple(
        part.split(":=")[0].strip() for part in parameters.split(",") if part
    )
    call = ""
    if table:
        call = name if created[0][1] != "MACRO" else f"{name}()"
    return Query(name, "\n".join(header).strip(), sql, call, names)
