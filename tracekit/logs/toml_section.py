"""A table of a TOML file, read key by key with errors that name the key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from tracekit.errors import LogError
from tracekit.logs.numbers import PrintFormat, parse_format
from tracekit.logs.patterns import compiled

T = TypeVar("T")


class Section:
    """A table of the file whose keys are read once each, by type.

    Args:
        content: the table.
        where: the file and the key, for messages.
    """

    def __init__(self, content: dict[str, Any], where: str) -> None:
        self._left = dict(content)
        self._where = where

    def fail(self, key: str, reason: str) -> LogError:
        """The error that names the file and the key."""
        place = f"{self._where}: {key}" if key else self._where
        return LogError(f"{place}: {reason}")

    def take(self, key: str, kind: type[T], default: T) -> T:
        """One value of this type; the default where the key is missing."""
        value = self._left.pop(key, default)
        if not isinstance(value, kind) or (
            kind is int and isinstance(value, bool)
        ):
            raise self.fail(
                key, f"expected {kind.__name__}, got {type(value).__name__}"
            )
        return value

    def need(self, key: str) -> str:
        """A text that must be there."""
        if key not in self._left:
            raise self.fail(key, "is missing")
        return self.take(key, str, "")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self.take(key, list, [])
        if not all(isinstance(item, str) for item in found):
            raise self.fail(key, "expected a list of texts")
        return tuple(found)

    def one_of(self, key: str, choices: Iterable[str], default: str) -> str:
        """One of these words."""
        value = self.take(key, str, default)
        allowed = tuple(choices)
        if value not in allowed:
            words = ", ".join(repr(word) for word in allowed)
            raise self.fail(key, f"got {value!r}, expected one of {words}")
        return value

    def pattern(self, key: str, text: str) -> re.Pattern[str]:
        """A compiled regular expression that is safe to search."""
        try:
            return compiled(text)
        except ValueError as error:
            raise self.fail(key, f"{text!r}: {error}") from None

    def format(self, key: str) -> PrintFormat | None:
        """A print format, None where the key is missing."""
        text = self.take(key, str, "")
        try:
            return parse_format(text) if text else None
        except ValueError as error:
            raise self.fail(key, str(error)) from None

    def section(self, key: str) -> Section:
        """A table inside."""
        return Section(self.take(key, dict, {}), f"{self._where}: {key}")

    def sections(self, key: str) -> Iterator[Section]:
        """The tables of an array of tables."""
        for number, item in enumerate(self.take(key, list, [])):
            if not isinstance(item, dict):
                raise self.fail(key, "expected tables")
            yield Section(item, f"{self._where}: {key}[{number}]")

    def tables(self) -> Iterator[tuple[str, Section]]:
        """All tables inside, by key."""
        for key in list(self._left):
            yield key, self.section(key)

    def items(self) -> tuple[tuple[str, str], ...]:
        """All keys and values, as text."""
        found = tuple((key, str(value)) for key, value in self._left.items())
        self._left.clear()
        return found

    def done(self) -> None:
        """Complain about keys that nothing has read."""
        for key in self._left:
            raise self.fail(key, "is no key that a dialect has here")
