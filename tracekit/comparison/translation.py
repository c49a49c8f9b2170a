"""What names of one side mean, in the words of the other side.

    [[actual]]                       # or [[expected]]
    name = "pixel_vector"            # a tap as this side calls it, or a glob
    tap = "pixel_pos"                # what the other side calls it
    unit = "mm"                      # the unit that its numbers are in
    components = "zyx"               # in the order in which they stand
    dims = { line = "slow" }         # the other side's names of its dims
    index_base = { source = 1 }      # this side counts from 1

Names lie. Only the tables of a trace are read anew: its numbers stay where
they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracekit.columns import COMPONENT, STATISTIC
from tracekit.errors import PolicyError
from tracekit.globs import fits
from tracekit.storage.trace import Trace

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Translation:
    """What the names of one side's taps mean.

    Args:
        side: "actual" or "expected".
        pattern: name or glob of the taps, as that side calls them.
        tap: what the other side calls the tap, None for the same.
        unit: the unit of its numbers, None for the stated one.
        components: names of the components in the order in which they stand;
            components of the same names on both sides meet by name.
        dims: pairs of a dim and the other side's name for it.
        index_base: pairs of a dim, by its new name, and the index that this
            side gives to what the other one calls 0.
        origin: file:line, or "".
    """

    side: str
    pattern: str = "*"
    tap: str | None = None
    unit: str | None = None
    components: tuple[str, ...] = ()
    dims: tuple[tuple[str, str], ...] = ()
    index_base: tuple[tuple[str, int], ...] = ()
    origin: str = ""

    def fits(self, tap: str) -> bool:
        """Whether it speaks about the tap of this name."""
        return fits(self.pattern, tap)


def translated(
    trace: Trace, side: str, translations: Iterable[Translation]
) -> Trace:
    """The trace in the other side's words.

    Args:
        trace: one side.
        side: which one.
        translations: of either side; of several that fit a tap the last one
            that says something counts.

    Raises:
        PolicyError: components that a tap doesn't have or that don't stand
            last, or two dims of a tap with one name.
    """
    rules = tuple(rule for rule in translations if rule.side == side)
    if not rules:
        return trace
    taps = trace.tables["tap"].to_pylist()
    names = [_stem(row)[0] for row in taps]
    means = {row["tap_id"] for row in taps if _stem(row)[1] == ".mean"}
    import pyarrow as pa

    from tracekit.storage.arrow_tables import TABLES

    rows = {
        "tap": [_tap(row, rules) for row in taps],
        "declared": [
            {
                **row,
                "name": _name(row["name"], rules),
                "derived": row["derived"] and _derived(row["derived"], rules),
            }
            for row in trace.tables["declared"].to_pylist()
        ],
        "grid": _grid(trace.tables["grid"].to_pylist(), names, rules, means),
        "coverage": _coverage(
            trace.tables["coverage"].to_pylist(), names, rules
        ),
        "run": [_run(row, rules) for row in trace.tables["run"].to_pylist()],
    }
    tables = {
        name: pa.Table.from_pylist(part, schema=TABLES[name])
        for name, part in rows.items()
    }
    return trace.with_tables({**trace.tables, **tables})


def names_of(trace: Trace) -> set[str]:
    """What an entry of a policy may call the taps of a trace."""
    taps = trace.tables["tap"].to_pylist()
    declared = trace.tables["declared"]["name"].to_pylist()
    rows = [(tap["name"], tap["family"]) for tap in taps]
    return names_in([*rows, *((name, "") for name in declared)])


def names_in(taps: Collection[tuple[str, str]]) -> set[str]:
    """The same of names and families of taps; a statistic has two."""
    return {
        named
        for name, family in taps
        for named in (name, _stem({"name": name, "family": family})[0])
    }


def _stem(row: Row) -> tuple[str, str]:
    """What a tap is called, and the statistic of it that it is, or ""."""
    if row["family"] != STATISTIC:
        return row["name"], ""
    name, dot, statistic = row["name"].rpartition(".")
    return name, dot + statistic


def _name(tap: str, rules: Sequence[Translation]) -> str:
    said = [rule.tap for rule in rules if rule.tap and rule.fits(tap)]
    return said[-1] if said else tap


def _derived(text: str, rules: Sequence[Translation]) -> str:
    """An expression over taps under their new names."""
    from tracekit.expressions import ExpressionError, parse, spelled, with_taps

    try:
        return spelled(
            with_taps(
                parse(text),
                lambda tap: replace(tap, name=_name(tap.name, rules)),
            )
        )
    except ExpressionError:  # of a stranger's trace; said where it is used
        return text


def _dims(tap: str, rules: Sequence[Translation]) -> dict[str, str]:
    return {
        old: new for rule in rules if rule.fits(tap) for old, new in rule.dims
    }


def _bases(tap: str, rules: Sequence[Translation]) -> dict[str, int]:
    return {
        dim: base
        for rule in rules
        if rule.fits(tap)
        for dim, base in rule.index_base
    }


def _tap(row: Row, rules: Sequence[Translation]) -> Row:
    tap, statistic = _stem(row)
    units = [r.unit for r in rules if r.unit and r.fits(tap)]
    counts = statistic and row["unit"] is None
    return {
        **row,
        "name": f"{_name(tap, rules)}{statistic}",
        "unit": units[-1] if units and not counts else row["unit"],
    }


def _grid(
    rows: list[Row],
    names: Sequence[str],
    rules: Sequence[Translation],
    means: Collection[int],
) -> list[Row]:
    found: list[Row] = []
    taken: set[tuple[int, str]] = set()
    for row in rows:
        tap = names[row["tap_id"]]
        stated: str = row["dim"]
        dim = _dims(tap, rules).get(stated, stated)
        if (row["tap_id"], dim) in taken:
            raise PolicyError(
                f"{_last(rules, tap).origin}: the tap {tap!r} has two dims "
                f"that are called {dim!r} then; give each its own name"
            )
        taken.add((row["tap_id"], dim))
        if dim == COMPONENT and row["stride"] != 1:
            raise PolicyError(
                f"{_last(rules, tap).origin}: the dim {stated!r} of the "
                f"tap {tap!r} can't be {COMPONENT!r}: components stand last"
            )
        origin = row["origin"] - _bases(tap, rules).get(dim, 0)
        new = {**row, "dim": dim, "origin": origin}
        # a mean has two numbers a component, which meet by their place
        named = dim == COMPONENT and row["tap_id"] not in means
        found.append(_named(new, tap, rules) if named else new)
    return found


def _named(axis: Row, tap: str, rules: Sequence[Translation]) -> Row:
    """The components of a tap under the names that they are given."""
    count = axis["origin"] + axis["extent"]
    for rule in reversed(rules):
        if not (rule.components and rule.fits(tap)):
            continue
        if len(rule.components) != count:
            raise PolicyError(
                f"{rule.origin}: components = {' '.join(rule.components)!r} "
                f"names {len(rule.components)}, the tap {tap!r} has {count}"
            )
        return {**axis, "labels": rule.components}
    return axis


def _last(rules: Sequence[Translation], tap: str) -> Translation:
    return [rule for rule in rules if rule.dims and rule.fits(tap)][-1]


def _coverage(
    rows: list[Row], names: Sequence[str], rules: Sequence[Translation]
) -> list[Row]:
    """What is selected, in the new words.

    What holds for all taps is said again for those whose dims have their own
    names.
    """
    found = []
    for row in rows:
        tap = row["tap"]  # "" for all
        general = _covered(row, tap, tap and _name(tap, rules), rules)
        found.append(general)
        for tap in {} if row["tap"] else dict.fromkeys(names):
            own = _covered(row, tap, _name(tap, rules), rules)
            if own != {**general, "tap": own["tap"]}:
                found.append(own)
    return found


def _covered(
    row: Row, tap: str, name: str, rules: Sequence[Translation]
) -> Row:
    dims = [_dims(tap, rules).get(dim, dim) for dim in row["dims"]]
    bases = [_bases(tap, rules).get(dim, 0) for dim in dims]
    return {
        **row,
        "tap": name,
        "dims": dims,
        "selected": [
            [index - base for index, base in zip(place, bases, strict=True)]
            for place in row["selected"]
        ],
    }


def _run(row: Row, rules: Sequence[Translation]) -> Row:
    dims = {old: new for rule in rules for old, new in rule.dims}
    selected = list(row["selected_taps"])
    return {
        **row,
        "pixel_dims": [dims.get(dim, dim) for dim in row["pixel_dims"]],
        "selected_taps": selected
        + [
            rule.tap
            for rule in rules
            if rule.tap
            and any(fits(pattern, rule.pattern) for pattern in selected)
        ],
    }
