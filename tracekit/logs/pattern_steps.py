r"""How many steps a regular expression takes at most, without running it.

A pattern is read from its end to its beginning. Of each part it is known
which characters it can go on with, so that a repeat multiplies what follows
only where both can take the same character: ``\d+,`` never gives back a
digit in vain, ``.*,`` may at every comma. Steps are polynomials of the number
of characters that are left, since a pattern may be tried at each of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MANY = 100
"""A repeat of more than so many is one without limit."""
_PARTS = 10_000
"""Parts that are looked at, those in repeats each time."""
_POWER = 8
"""Of a line's length: steps that grow faster aren't looked at further."""

_ASCII = frozenset(map(chr, range(128)))
# a letter, a digit, a blank and a sign stand for all characters above ASCII
_OTHERS = frozenset("\u00e9\u0663\u2003\u2192")
_ANY = _ASCII | _OTHERS
_ALL = _ANY | {""}
"""Any character, and the end of the line."""
_ENDS = (sre.AT_END, sre.AT_END_STRING)
_STARTS = (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)

_FOLDS = re.compile(r"\(\?[a-zA-Z-]*i")

Letters = frozenset[str]
Steps = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Rest:
    """A part of a pattern with all that follows it.

    Args:
        steps: at most, until it fails; by powers of the characters left.
        first: with which characters it takes more than one step.
        word: the plain text that it begins with.
        anchored: whether it fits at the line's beginning only.
    """

    steps: Steps = (1.0,)
    first: Letters = _ALL
    word: str = ""
    anchored: bool = False


def most_steps(pattern: str, length: int) -> float:
    """Steps of a search in so many characters, at most.

    Args:
        pattern: it compiles.
        length: of the text.

    Raises:
        ValueError: they can't be bounded, or not in the time of a look.

    >>> most_steps("^[a-z]+=", 100) < 400 < most_steps(".*=", 100)
    True
    """
    folded = _FOLDS.search(pattern) is not None
    whole = _Reader(folded).sequence(parser.parse(pattern), _Rest())
    steps = whole.steps
    if not whole.anchored:
        steps = _over(steps, _apart(whole.word))
    return _value(_plus(steps, (0.0, 1.0 + len(whole.word))), length)


@dataclass(slots=True)
class _Reader:
    """Reads the parts of one pattern.

    Args:
        folded: whether a letter stands for both its cases somewhere.
    """

    folded: bool
    _seen: int = 0

    def sequence(self, parts: Iterable[Any], rest: _Rest) -> _Rest:
        """These parts, one behind the other, before the rest."""
        for operator, argument in reversed(list(parts)):
            self._seen += 1
            if self._seen > _PARTS:
                raise ValueError("its repeats inside repeats are too many")
            rest = self._part(operator, argument, rest)
            if len(rest.steps) > _POWER:
                raise ValueError(
                    "too many of its repeats without limit may take the same "
                    "characters: [^=]*= instead of .*="
                )
        return rest

    def _part(self, operator: Any, argument: Any, rest: _Rest) -> _Rest:
        letters = self._letters(operator, argument)
        if letters is not None:
            word = ""
            if operator is sre.LITERAL:
                word = chr(argument).lower() + rest.word
            return _Rest(_plus(rest.steps, (1.0,)), letters, word)
        if operator is sre.AT:
            return _at(argument, rest)
        if operator is sre.SUBPATTERN:
            return self.sequence(argument[-1], rest)
        if operator is sre.BRANCH:
            return _either([self.sequence(b, rest) for b in argument[1]])
        if operator in (sre.ASSERT, sre.ASSERT_NOT):
            return self._look(operator, argument, rest)
        if operator is sre.ATOMIC_GROUP:
            return self._once(argument, rest)
        if operator is sre.POSSESSIVE_REPEAT:
            return self._kept(argument, rest)
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self._repeat(argument, rest)
        raise ValueError("it refers back to a group, which may be slow")

    def _repeat(self, argument: Any, rest: _Rest) -> _Rest:
        low, high, body = argument
        if high > _MANY:
            return self._endless(low, body, rest)
        for _ in range(high - low):
            rest = _either([self.sequence(body, rest), rest])
        for _ in range(low):
            rest = self.sequence(body, rest)
        return rest

    def _endless(self, low: int, body: Any, rest: _Rest) -> _Rest:
        """A repeat that may end at each of its turns."""
        _check_body(body)
        inside = self.sequence(body, _Rest())
        turns = _plus(_over(inside.steps), (0.0, 1.0 + len(rest.word)))
        if inside.first & rest.first:
            after = _over(rest.steps, _apart(rest.word))
        else:
            after = rest.steps
        first = inside.first if low else inside.first | rest.first
        return _Rest(_plus(turns, after), first)

    def _kept(self, argument: Any, rest: _Rest) -> _Rest:
        """A repeat that gives nothing back."""
        low, _, body = argument
        inside = self.sequence(body, _Rest())
        first = inside.first if low else inside.first | rest.first
        return _Rest(_plus(_over(inside.steps), rest.steps), first)

    def _once(self, body: Any, rest: _Rest) -> _Rest:
        """A group that gives nothing back."""
        inside = self.sequence(body, _Rest())
        first = self.sequence(body, rest).first
        return _Rest(_plus(inside.steps, rest.steps), first)

    def _look(self, operator: Any, argument: Any, rest: _Rest) -> _Rest:
        """Something that is looked at and not taken."""
        direction, body = argument
        inside = self.sequence(body, _Rest())
        steps = _plus(inside.steps, rest.steps)
        if operator is sre.ASSERT_NOT or direction < 0:
            return replace(rest, steps=steps)
        first = inside.first & rest.first
        word = max(inside.word, rest.word, key=len)
        return _Rest(steps, first, word, rest.anchored)

    def _letters(self, operator: Any, argument: Any) -> Letters | None:
        """The characters that a part takes one of; None: it does not."""
        if operator is sre.ANY:
            return _ANY
        if operator is sre.NOT_LITERAL:
            return _ANY - ({chr(argument)} & _ASCII)
        if operator is sre.LITERAL:
            return self._fold(_member(sre.LITERAL, argument))
        return self._set(argument) if operator is sre.IN else None

    def _set(self, members: Any) -> Letters:
        """What a set takes, rather too much than too little."""
        taken: set[str] = set()
        surely: set[str] = set()
        for kind, value in members:
            letters = _member(kind, value)
            taken |= letters
            whole = kind is sre.CATEGORY
            surely |= letters if whole else letters & _ASCII
        if members[0][0] is sre.NEGATE:
            return _ANY - surely
        return self._fold(frozenset(taken))

    def _fold(self, letters: Letters) -> Letters:
        if not self.folded:
            return letters
        cased = any(letter.isalpha() for letter in letters)
        swapped = {letter.swapcase() for letter in letters & _ASCII}
        return letters | swapped | (_OTHERS if cased else frozenset())


def _member(kind: Any, value: Any) -> Letters:
    """The characters of one member of a set."""
    if kind is sre.LITERAL:
        return frozenset({chr(value)} & _ASCII) or _OTHERS
    if kind is sre.RANGE:
        low, high = value
        inside = {letter for letter in _ASCII if low <= ord(letter) <= high}
        return frozenset(inside) | (_OTHERS if high > 127 else frozenset())
    if kind is sre.CATEGORY:
        name = str(value).rpartition("CATEGORY_")[2]
        wanted = not name.startswith("NOT_")
        test = _CATEGORIES[name.removeprefix("NOT_")]
        return frozenset(c for c in _ANY if test(c) is wanted)
    return frozenset()  # the sign of negation


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


_CATEGORIES: dict[str, Callable[[str], bool]] = {
    "DIGIT": str.isdecimal,
    "SPACE": str.isspace,
    "WORD": _is_word,
}


def _at(place: Any, rest: _Rest) -> _Rest:
    """A place in the line: its ends, or the edge of a word."""
    steps = _plus(rest.steps, (1.0,))
    if place in _ENDS:
        return _Rest(steps, frozenset(("", "\n")))
    anchored = rest.anchored or place in _STARTS
    return replace(rest, steps=steps, anchored=anchored)


def _either(parts: Sequence[_Rest]) -> _Rest:
    """Several ways to go on: those that the next character allows."""
    ways = {
        tuple(n for n, part in enumerate(parts) if letter in part.first)
        for letter in _ALL
    }
    most: Steps = (0.0,)
    for way in ways:
        steps: Steps = (float(len(parts)),)
        for number in way:
            steps = _plus(steps, parts[number].steps)
        most = tuple(map(max, zip_longest(most, steps, fillvalue=0.0)))
    return _Rest(
        most,
        frozenset().union(*(part.first for part in parts)),
        anchored=all(part.anchored for part in parts),
    )


def _check_body(body: Any) -> None:
    """What is repeated without limit has one length and no choice in it."""
    low, high = body.getwidth()
    if low != high or not low or _chooses(body):
        raise ValueError(
            "a repeat without limit holds a choice or another repeat, so "
            "that it may take for ever; repeat one character or one set of "
            "them: [a-z]+ instead of ([a-z]+)+"
        )


def _chooses(parts: Any) -> bool:
    """Whether there is a choice somewhere inside."""
    if isinstance(parts, (tuple, list, parser.SubPattern)):
        return any(part is sre.BRANCH or _chooses(part) for part in parts)
    return False


def _apart(word: str) -> int:
    """How many characters lie at least between two places of a word."""
    return next(
        (n for n in range(1, len(word)) if word.startswith(word[n:])),
        max(len(word), 1),
    )


def _plus(one: Steps, two: Steps) -> Steps:
    return tuple(map(sum, zip_longest(one, two, fillvalue=0.0)))


def _over(steps: Steps, apart: int = 1) -> Steps:
    """The sum over all places, or over those that lie so far apart."""
    summed = (0.0, *(value / (n + 1) for n, value in enumerate(steps)))
    return _plus(steps, tuple(value / apart for value in summed))


def _value(steps: Steps, length: int) -> float:
    return sum(value * float(length) ** n for n, value in enumerate(steps))
