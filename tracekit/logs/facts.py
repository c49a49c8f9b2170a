"""Facts about a run that a program states in prose between its trace lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tracekit.logs.dialect import ConfigKey, Dialect, Fact
from tracekit.logs.numbers import (
    EXACT,
    Number,
    PrintFormat,
    is_number,
    parse_number,
)
from tracekit.schema import ConfigValue, FileUse

_DEFAULT = PrintFormat("g", 6)


@dataclass(slots=True)
class Facts:
    """What the prose of one log has stated so far; the last word counts."""

    dialect: Dialect
    config: dict[str, ConfigValue] = field(default_factory=dict)
    stated: list[ConfigValue] = field(default_factory=list)
    files: dict[tuple[str, str], FileUse] = field(default_factory=dict)

    def read(self, line: str, origin: str) -> bool:
        """Take the facts out of a line; False if it states none."""
        stated = False
        for fact in self.dialect.facts:
            found = fact.pattern.search(line)
            if found is None:
                continue
            stated = True
            groups = {k: v for k, v in found.groupdict().items() if v}
            self._use_file(fact, groups.pop("file", fact.file), origin)
            for key, text in (*fact.states, *groups.items()):
                self.state(key, text, origin)
        return stated

    def state(self, key: str, text: str, origin: str) -> None:
        """Keep one fact."""
        rule = self.dialect.config.get(key, ConfigKey())
        self.keep(config_value(key, text, rule, origin))

    def keep(self, fact: ConfigValue) -> None:
        """Keep one fact; of a key the last one counts, all are kept."""
        self.config[fact.key] = fact
        self.stated.append(fact)

    def number(self, key: str) -> int | None:
        """The fact as a count, None where it isn't stated."""
        fact = self.config.get(key)
        if fact is None or fact.value is None or not fact.value.is_integer():
            return None
        return int(fact.value)

    def hold(self, conditions: Iterable[tuple[str, str]]) -> bool | None:
        """Whether these facts are stated so; None where one isn't stated."""
        known: bool | None = True
        for key, wanted in conditions:
            fact = self.config.get(key)
            if fact is None:
                known = None
            elif fact.text != wanted:
                return False
        return known

    def conclude(self, origin: str) -> None:
        """Add what silence says, where a witness shows that it would speak.

        A log that was cut to its trace lines states nothing by silence.
        """
        for silence in self.dialect.silences:
            witness = self.config.get(silence.witness)
            if witness is not None and silence.key not in self.config:
                self.state(silence.key, silence.says, witness.origin or origin)

    def _use_file(self, fact: Fact, name: str, origin: str) -> None:
        if fact.role:
            use = FileUse(name, fact.role, origin=origin)
            self.files[fact.role, name] = use


def config_value(
    key: str, text: str, rule: ConfigKey, origin: str
) -> ConfigValue:
    """One fact with the precision it was printed with."""
    text = text.strip()
    if rule.kind == "text" or not is_number(text):
        return ConfigValue(
            key, text=text, decisive=rule.decisive, origin=origin
        )
    number = parse_number(text)
    digits, quantum = _precision(number, rule.format or _DEFAULT)
    return ConfigValue(
        key,
        number.value,
        text,
        rule.unit,
        digits,
        quantum,
        decisive=rule.decisive,
        origin=origin,
    )


def _precision(
    number: Number, form: PrintFormat
) -> tuple[int | None, int | None]:
    digits, quantum = form.precision_of(number)
    return (None, None) if quantum == EXACT else (digits, quantum)
