"""Expressions over taps: what a tap is that a program prints and never uses.

    wavelength * 1e10
    close_distance["m"] / R["m"]
    dot(incident_vec, diffracted_vec)
    [cos(rotz), -sin(rotz), 0]

They may come from strangers, so they are read here, by nothing that could run
them: numbers, taps, + - * /, whole powers, a few functions, and lists that
make vectors. A tap whose name is no word stands in quotes; behind a tap may
stand one of its components, ``pos.x`` or ``pos[0]``, and the unit that it is
meant in, ``pos.x["mm"]``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast

FUNCTIONS = {
    "sqrt": 1,
    "abs": 1,
    "sin": 1,
    "cos": 1,
    "radians": 1,
    "degrees": 1,
    "norm": 1,
    "dot": 2,
    "float32": 1,
}
"""How many arguments each function has."""

_LONGEST = 1000
_DEEPEST = 30
_MOST = 200
_POWER = 16
_DIGITS = 6
_LOOSE, _TIGHT = ("+", "-"), ("*", "/")
_POWERS = 4  # how tightly ** binds
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<word>[^\W\d]\w*)"
    r"""|(?P<quoted>"[^"\n]*"|'[^'\n]*')"""
    r"|(?P<sign>\*\*|[-+*/()\[\],.])"
)
_WORD = re.compile(r"[^\W\d]\w*")


class ExpressionError(ValueError):
    """A text is no expression."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number, finite; negative in an exponent alone."""

    value: float


@dataclass(frozen=True, slots=True)
class Tap:
    """The numbers of a tap.

    Args:
        name: the tap's name.
        component: the name or the place of one of its components, None for
            the tap as it is.
        unit: the unit that is meant, "" for the one it has.
    """

    name: str
    component: str | int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """A sign or a function with what stands beside it.

    Args:
        name: "+", "-" (of two, or of one), "*", "/", "**" with a whole number,
            "list", or one of ``FUNCTIONS``.
        operands: in the order in which they are written.
    """

    name: str
    operands: tuple[Expression, ...]


Expression = Number | Tap | Operation


def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionError: with the column of what is wrong, and what was
            expected.

    >>> spelled(parse("2*(x.y+1)"))
    '2.0 * (x.y + 1.0)'
    """
    if len(text) > _LONGEST:
        raise ExpressionError(
            f"it has {len(text)} characters; expected at most {_LONGEST}"
        )
    found = _Reader(text).whole()
    if not any(True for _ in taps(found)):
        raise ExpressionError("it names no tap, so there is nothing to derive")
    return found


def taps(expression: Expression) -> Iterator[Tap]:
    """Its taps, from left to right."""
    if isinstance(expression, Tap):
        yield expression
    elif isinstance(expression, Operation):
        for operand in expression.operands:
            yield from taps(operand)


def with_taps(
    expression: Expression, change: Callable[[Tap], Tap]
) -> Expression:
    """The expression with each of its taps changed."""
    if isinstance(expression, Tap):
        return change(expression)
    if isinstance(expression, Operation):
        parts = [with_taps(part, change) for part in expression.operands]
        return replace(expression, operands=tuple(parts))
    return expression


def spelled(expression: Expression) -> str:
    """A text that reads as this expression, with all brackets it needs."""
    if isinstance(expression, Number):
        short = f"{expression.value:g}"
        return (
            short
            if float(short) == expression.value
            else repr(expression.value)
        )
    if isinstance(expression, Tap):
        return _spelled_tap(expression)
    name, operands = expression.name, expression.operands
    if name == "list" or name in FUNCTIONS:
        inside = ", ".join(map(spelled, operands))
        return f"[{inside}]" if name == "list" else f"{name}({inside})"
    if name == "**":
        return f"{_within(operands[0], _POWERS + 1)}**{power(expression)}"
    own = _binds(expression)
    if len(operands) == 1:
        return f"-{_within(operands[0], own)}"
    left, right = _within(operands[0], own), _within(operands[1], own + 1)
    return f"{left} {name} {right}"


def _within(part: Expression, least: int) -> str:
    """The part of an expression, in brackets where it binds less."""
    text = spelled(part)
    return text if _binds(part) >= least else f"({text})"


def _binds(part: Expression) -> int:
    """How tightly: sums, products, signs, powers, all others."""
    if not isinstance(part, Operation):
        return _POWERS + 1
    if part.name in _LOOSE and len(part.operands) > 1:
        return 1
    levels = {"*": 2, "/": 2, "-": 3, "**": _POWERS}
    return levels.get(part.name, _POWERS + 1)


def power(operation: Operation) -> int:
    """The exponent of a power."""
    return int(cast(Number, operation.operands[1]).value)


def _spelled_tap(tap: Tap) -> str:
    text = tap.name if _WORD.fullmatch(tap.name) else _quoted(tap.name)
    if isinstance(tap.component, str):
        text += f".{tap.component}"
    elif tap.component is not None:
        text += f"[{tap.component}]"
    return text + (f"[{_quoted(tap.unit)}]" if tap.unit else "")


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


class _Reader:
    """Reads a text from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0
        self._count = 0
        self._kind, self._token = "", ""
        self._next()

    def whole(self) -> Expression:
        """The expression that the whole text is."""
        found = self._sum()
        if self._kind != "end":
            raise self._unlike("an operator or the end")
        return found

    def _next(self) -> str:
        """Go on to the next token; returns the one before it."""
        before = self._token
        while self._text[self._place : self._place + 1].isspace():
            self._place += 1
        match = _TOKEN.match(self._text, self._place)
        self._start = self._place
        if match is not None:
            self._kind, self._token = str(match.lastgroup), match[0]
            self._place = match.end()
        elif self._place < len(self._text):
            self._kind, self._token = "unknown", self._text[self._place]
        else:
            self._kind, self._token = "end", ""
        return before

    def _unlike(self, expected: str) -> ExpressionError:
        got = "the end" if self._kind == "end" else repr(self._token)
        return ExpressionError(
            f"column {self._start + 1}: got {got}, expected {expected}"
        )

    def _is(self, *signs: str) -> bool:
        return self._kind == "sign" and self._token in signs

    def _is_place(self) -> bool:
        """Whether the token is a whole number of few digits."""
        return self._token.isdecimal() and len(self._token) <= _DIGITS

    def _expect(self, sign: str) -> None:
        if not self._is(sign):
            raise self._unlike(repr(sign))
        self._next()

    def _made(self, name: str, *operands: Expression) -> Operation:
        self._count += 1
        if self._count > _MOST:
            raise ExpressionError(f"it has more than {_MOST} operations")
        return Operation(name, operands)

    def _sum(self) -> Expression:
        found = self._product()
        while self._is(*_LOOSE):
            found = self._made(self._next(), found, self._product())
        return found

    def _product(self) -> Expression:
        found = self._signed()
        while self._is(*_TIGHT):
            found = self._made(self._next(), found, self._signed())
        return found

    def _signed(self) -> Expression:
        """What a minus may stand before; all that nests goes through here."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(
                f"column {self._start + 1}: nested more than {_DEEPEST} deep"
            )
        if self._is("-"):
            self._next()
            found: Expression = self._made("-", self._signed())
        else:
            found = self._atom()
            if self._is("**"):
                self._next()
                found = self._made("**", found, self._exponent())
        self._depth -= 1
        return found

    def _exponent(self) -> Number:
        minus = self._is("-")
        if minus:
            self._next()
        if not self._is_place() or int(self._token) > _POWER:
            raise self._unlike(f"a whole power from -{_POWER} to {_POWER}")
        found = float(self._next())
        return Number(-found if minus else found)

    def _atom(self) -> Expression:
        if self._kind == "number":
            value = float(self._token)
            if not math.isfinite(value):
                raise self._unlike("a number that a float64 can hold")
            self._next()
            return Number(value)
        if self._kind == "word":
            word = self._next()
            return self._call(word) if self._is("(") else self._tap(word)
        if self._kind == "quoted":
            return self._tap(self._next()[1:-1])
        if self._is("("):
            self._next()
            found = self._sum()
            self._expect(")")
            return found
        if self._is("["):
            self._next()
            return self._made("list", *self._parts("]"))
        raise self._unlike("a number, a tap, a function or a bracket")

    def _parts(self, end: str) -> list[Expression]:
        found = [self._sum()]
        while self._is(","):
            self._next()
            found.append(self._sum())
        self._expect(end)
        return found

    def _call(self, name: str) -> Expression:
        if name not in FUNCTIONS:
            raise ExpressionError(
                f"there is no function {name!r}; known are "
                f"{', '.join(FUNCTIONS)}"
            )
        self._next()
        given = self._parts(")")
        if len(given) != FUNCTIONS[name]:
            raise ExpressionError(
                f"{name}() has {len(given)} arguments; expected "
                f"{FUNCTIONS[name]}"
            )
        return self._made(name, *given)

    def _tap(self, name: str) -> Tap:
        component: str | int | None = None
        if self._is("."):
            self._next()
            if self._kind != "word":
                raise self._unlike("the name of a component")
            component = self._next()
        unit = ""
        while self._is("[") and not unit:
            self._next()
            if self._kind == "quoted":
                unit = self._next()[1:-1]
            elif self._is_place() and component is None:
                component = int(self._next())
            else:
                raise self._unlike('a component\'s place or a "unit"')
            self._expect("]")
        return Tap(name, component, unit)
