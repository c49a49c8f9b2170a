"""The statements of the query library, and which of them each one reads.

A connection is quick to make if it is given only what will be asked: to
create a view takes DuckDB as long as to plan a query.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from tracekit.comparison import queries
from tracekit.errors import CompareError

_CREATE = re.compile(
    r"^CREATE OR REPLACE (VIEW|TABLE|MACRO) (\w+)(\(\))?", re.M
)
# Relations behind FROM and JOIN, macros before a parenthesis, and the texts
# that are given to query_table.
_READ = re.compile(r"(?:FROM|JOIN)\s+(\w+)|(\w+)\(|'(\w+)'")
_COMMENT = re.compile(r"--.*")
# Names that stand for statements, as getvariable has them.
VARIABLES = ("suspects", "rest", "early", "beside", "gappy", "tried")


@dataclass(frozen=True, slots=True)
class Statement:
    """One CREATE of a file of ``queries/``.

    Args:
        name: what it creates.
        sql: its text.
        body: what it would return, of a macro without parameters; else "".
        reads: names of other statements, all of them before it, and of
            variables that name one.
    """

    name: str
    sql: str
    body: str
    reads: frozenset[str]

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
        text = _COMMENT.sub("", queries.load(file).sql)
        places = list(_CREATE.finditer(text))
        ends = [match.start() for match in places[1:]] + [len(text)]
        for match, end in zip(places, ends, strict=True):
            sql = text[match.start() : end].strip().rstrip(";")
            kind, name, bare = match.groups()
            named = {name for parts in _READ.findall(sql) for name in parts}
            _, _, body = sql.partition(" AS TABLE")
            found[name] = Statement(
                name,
                sql,
                body.strip() if kind == "MACRO" and bare else "",
                frozenset(named & {*found, *VARIABLES}),
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
        for match in _CREATE.finditer(queries.load(file).sql)
    ]
