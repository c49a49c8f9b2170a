"""The statements of the query library, and which of them each one reads.

A connection is quick to make if it is given only what will be asked: to
create a view takes DuckDB as long as to plan a query.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain

from tracekit.columns import TABLES
from tracekit.comparison import queries
from tracekit.errors import CompareError

_CREATE = re.compile(
    r"^CREATE OR REPLACE (VIEW|TABLE|MACRO) (\w+)(\(\))?", re.M
)
# Relations behind FROM and JOIN, macros before a parenthesis, and the texts
# that are given to a macro or to getvariable.
_READ = re.compile(r"(?:FROM|JOIN)\s+(\w+)|(\w+)\(|(?<=\()'(\w+)'(?=\))")
_TABLES = {f"trace_{name}" for name in TABLES}
_COMMENT = re.compile(r"--.*")
# Names that stand for statements, as getvariable has them.
VARIABLES = (
    "suspects", "rest", "early", "beside", "gappy", "tried", "quickly",
    "drawn", "ordering", "holes",
)  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """One CREATE of a file of ``queries/``.

    Args:
        name: what it creates.
        sql: its text.
        body: what it would return, of a macro without parameters; else "".
        place: its number in load order.
    """

    name: str
    sql: str
    body: str
    place: int

    @cached_property
    def reads(self) -> frozenset[str]:
        """Other statements, all before it, and variables that name one."""
        known = library()
        return frozenset(
            name
            for name in self._named
            if name in VARIABLES
            or (name in known and known[name].place < self.place)
        )

    @cached_property
    def tables(self) -> frozenset[str]:
        """Tables of the traces that it reads."""
        return self._named & _TABLES

    @cached_property
    def _named(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(_READ.findall(self.sql)))

    @property
    def kept(self) -> str:
        """The text that makes a table of what it would make a view."""
        view, table = f" VIEW {self.name} AS", f" TABLE {self.name} AS"
        return self.sql.replace(view, table)


@cache
def library() -> dict[str, Statement]:
    """All statements by name, in load order."""
    found: dict[str, Statement] = {}
    for file in (*queries.ONE_SIDE, *queries.TWO_SIDES):
        text = _COMMENT.sub("", queries.text(file))
        places = list(_CREATE.finditer(text))
        ends = [match.start() for match in places[1:]] + [len(text)]
        for match, end in zip(places, ends, strict=True):
            sql = text[match.start() : end].strip().rstrip(";")
            kind, name, bare = match.groups()
            _, _, body = sql.partition(" AS TABLE")
            found[name] = Statement(
                name,
                sql,
                body.strip() if kind == "MACRO" and bare else "",
                len(found),
            )
    return found


def named(name: str) -> Statement:
    """The statement of a name.

    Raises:
        CompareError: the library has none of this name.
    """
    if name not in library():
        raise CompareError(
            f"no query {name!r}; 'tracekit query --list' shows them all"
        )
    return library()[name]


def needed(
    names: Iterable[str], variables: Mapping[str, str]
) -> list[Statement]:
    """The statements of these names and all that they read, in load order.

    Args:
        names: what is wanted.
        variables: what each of VARIABLES stands for.
    """
    known = library()
    wanted: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        name = variables.get(name, name)
        if name not in wanted:
            wanted.add(name)
            ahead += named(name).reads
    return [known[name] for name in known if name in wanted]


def created_by(files: Collection[str]) -> list[str]:
    """Names of all that the files of these names create."""
    return [
        match[2]
        for file in files
        for match in _CREATE.finditer(queries.text(file))
    ]
