"""Read a dialect file (TOML) and check every key of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal, cast, get_args

from tracekit.errors import LogError
from tracekit.logs.derived_names import resolved
from tracekit.logs.dialect import (
    FOLDER,
    ConfigKey,
    ConfigKind,
    Dialect,
    Fact,
    Family,
    Loop,
    NameRule,
    Printed,
    Reads,
    Silence,
)
from tracekit.logs.line_forms import FORMS
from tracekit.logs.patterns import first_letter, slowest
from tracekit.logs.toml_section import Section
from tracekit.schema import Kind, Need, Role

_NAMED_GROUP = re.compile(r"\(\?P<\w+>")


def load_dialect(name: str | Path) -> Dialect:
    """A shipped dialect by its name, or the one in a TOML file.

    Raises:
        LogError: no such dialect, or a key of it is wrong.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{name}.toml"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
            if Path(name).is_file():
                raise LogError(
                    f"{name} is no dialect: that is {known} or the path of a "
                    ".toml file; 'tracekit dialect check DIALECT LOG' takes "
                    "the log last"
                )
            raise LogError(
                f"no dialect is called {str(name)!r}; known are {known}, or "
                "give the path of a .toml file"
            )
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise LogError(f"dialect {path} can't be read: {error}") from error
    return _dialect(Section(content, str(path)), path, text)


def _dialect(top: Section, path: Path, text: str) -> Dialect:
    dims, file_names, restart = _pixel(top.section("pixel"))
    loops = tuple(_loop(item) for item in top.sections("loop"))
    levels = ("run", "pixel", *(loop.dim for loop in loops))
    groups = {
        group: {
            name: _rule(name, item, levels) for name, item in all_.tables()
        }
        for group, all_ in top.section("names").tables()
    }
    groups = resolved(groups, path, text)
    families = tuple(
        _family(item, groups, levels) for item in top.sections("family")
    )
    if not families:
        raise top.fail("family", "is missing: a dialect has families of lines")
    config = {
        key: _config_key(item) for key, item in top.section("config").tables()
    }
    dialect = Dialect(
        name=top.need("dialect"),
        program=top.need("program"),
        families=families,
        prefix=_any_prefix(families),
        declares=top.take("declares", bool, default=True),
        pixel=dims,
        file_names=file_names,
        loops=loops,
        restart=restart,
        units=dict(top.section("units").items()),
        config=config,
        facts=tuple(_fact(item, config) for item in top.sections("fact")),
        silences=tuple(
            _silence(item, config) for item in top.sections("silence")
        ),
    )
    top.take("about", str, "")
    top.done()
    slow = slowest(dialect.patterns())
    if slow:
        raise top.fail("patterns", slow)
    return dialect


def _pixel(
    item: Section,
) -> tuple[
    tuple[str, str], tuple[re.Pattern[str], ...], re.Pattern[str] | None
]:
    """The pixel's dims, the file names that state it, and the restart."""
    dims = item.texts("dims") or ("slow", "fast")
    if len(dims) != 2:
        raise item.fail("dims", "expected two names")
    file_names = _file_names(item, dims)
    restart = item.take("restart", str, "")
    item.done()
    compiled = item.pattern("restart", restart) if restart else None
    return (dims[0], dims[1]), file_names, compiled


def _file_names(
    pixel: Section, dims: tuple[str, ...]
) -> tuple[re.Pattern[str], ...]:
    found = tuple(
        pixel.pattern("file_names", text) for text in pixel.texts("file_names")
    )
    for pattern in found:
        if not set(dims) <= set(pattern.groupindex):
            raise pixel.fail(
                "file_names", f"{pattern.pattern!r} needs groups {dims}"
            )
    return found


def _loop(item: Section) -> Loop:
    loop = Loop(item.need("dim"), item.take("extent", str, ""))
    item.done()
    return loop


def _rule(name: str, item: Section, levels: tuple[str, ...]) -> NameRule:
    """A rule; one level is the pixel's, and ``levels`` has it second."""
    labels = item.take("components", str, "")
    components = tuple(labels.split() if " " in labels else labels)
    part = item.one_of("component", ("", *components), "")
    coordinates = item.texts("coordinates")
    derived = item.take("derived", str, "")
    need = "optional" if derived else "required"
    rule = NameRule(
        tap=item.take("tap", str, name),
        unit=item.take("unit", str, "") or None,
        components=components,
        part=components.index(part) if part else -1,
        level=item.one_of("level", levels, "run"),
        kind=cast(Kind, item.one_of("kind", get_args(Kind), "float")),
        need=cast(Need, item.one_of("need", get_args(Need), need)),
        format=item.format("format"),
        config=item.take("config", str, ""),
        opens=item.take("opens", bool, default=False),
        coordinates=coordinates,
        indices=item.texts("indices"),
        first=item.take("first", int, 0),
        only_if=item.section("only_if").items(),
        beside=item.take("beside", str, ""),
        derived=derived,
        why=item.take("why", str, ""),
    )
    if rule.need == "ignored" and not rule.why and not coordinates:
        raise item.fail("why", "is missing: say why the name is ignored")
    item.done()
    return rule


def _family(
    item: Section,
    groups: dict[str, dict[str, NameRule]],
    levels: tuple[str, ...],
) -> Family:
    usual = _names(item, "names", groups)
    rare = _names(item, "rare_names", groups)
    forms = item.texts("forms")
    for form in forms:
        if form not in FORMS:
            known = ", ".join(FORMS)
            raise item.fail("forms", f"{form!r} is none of {known}")
    match = item.take("match", str, "")
    family = Family(
        name=item.need("name"),
        prefix=item.pattern("prefix", item.need("prefix")),
        reads=cast(Reads, item.one_of("reads", get_args(Reads), "statements")),
        forms=forms,
        names={**rare, **usual},
        rare=frozenset(rare) - frozenset(usual),
        format=item.format("format"),
        list_format=item.format("list_format"),
        level=item.one_of("level", levels, "run"),
        need=cast(Need, item.one_of("need", get_args(Need), "optional")),
        tap_prefix=item.take("tap_prefix", str, ""),
        printed=cast(
            Printed, item.one_of("printed", get_args(Printed), "always")
        ),
        match=item.pattern("match", match) if match else None,
        scope=cast(
            Literal["family", "file"],
            item.one_of("scope", ("family", "file"), "family"),
        ),
        stream=item.take("stream", str, ""),
        columns=item.texts("columns"),
        commas=cast(
            Literal["unclear", "separate"],
            item.one_of("commas", ("unclear", "separate"), "unclear"),
        ),
    )
    if family.reads == "statements" and not (forms or match):
        raise item.fail("forms", "is missing: name a form or give a match")
    if ("columns" in forms) != bool(family.columns):
        raise item.fail(
            "columns", "the form columns and the columns' names go together"
        )
    item.done()
    return family


def _names(
    item: Section, key: str, groups: dict[str, dict[str, NameRule]]
) -> dict[str, NameRule]:
    """The rules of some tables; of one name, the first table's rule."""
    names: dict[str, NameRule] = {}
    for group in item.texts(key):
        if group not in groups:
            raise item.fail(key, f"there is no table names.{group}")
        names = {**groups[group], **names}
    return names


def _any_prefix(families: tuple[Family, ...]) -> re.Pattern[str]:
    """One pattern for all prefixes; ``lastgroup`` tells which it was.

    A prefix may stand anywhere in a line, since another message may have
    ended without a newline, but not inside a word of capitals. Where all
    prefixes begin with plain characters, only places of those are tried:
    else every family would be tried at every character of the log.
    """
    first = [first_letter(family.prefix) for family in families]
    letters = "".join(map(re.escape, sorted(set(first))))
    guard = f"(?=[{letters}])" if all(first) and first else ""
    parts = [
        f"(?P<f{number}>{_NAMED_GROUP.sub('(?:', family.prefix.pattern)})"
        for number, family in enumerate(families)
    ]
    return re.compile(rf"{guard}(?<![A-Z_])(?:{'|'.join(parts)})")


def _config_key(item: Section) -> ConfigKey:
    key = ConfigKey(
        unit=item.take("unit", str, "") or None,
        kind=cast(
            ConfigKind, item.one_of("kind", get_args(ConfigKind), "number")
        ),
        format=item.format("format"),
        decisive=item.take("decisive", bool, default=True),
    )
    item.done()
    return key


def _fact(item: Section, config: dict[str, ConfigKey]) -> Fact:
    pattern = item.pattern("pattern", item.need("pattern"))
    file = item.take("file", str, "")
    states = item.section("states").items()
    for key in [*pattern.groupindex, *(key for key, _ in states)]:
        if key not in config and key != "file":
            raise item.fail(key, f"there is no table config.{key}")
    fact = Fact(
        pattern=pattern,
        states=states,
        role=cast(
            Role, item.one_of("role", ("", *get_args(Role)), default="")
        ),
        file=file,
    )
    item.done()
    return fact


def _silence(item: Section, config: dict[str, ConfigKey]) -> Silence:
    silence = Silence(
        item.need("witness"), item.need("key"), item.need("says")
    )
    for key in (silence.witness, silence.key):
        if key not in config:
            raise item.fail(key, f"there is no table config.{key}")
    item.done()
    return silence
