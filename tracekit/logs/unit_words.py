"""Words behind a value that are taken for its unit, where nobody said so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

UNITS = {
    "A": "angstrom",
    "Angstrom": "angstrom",
    "Angstroms": "angstrom",
    "angstrom": "angstrom",
    "angstroms": "angstrom",
    "Å": "angstrom",
    "deg": "degree",
    "degree": "degree",
    "degrees": "degree",
    "eV": "eV",
    "keV": "keV",
    "cm": "cm",
    "km": "km",
    "kg": "kg",
    "g": "g",
    "m": "m",
    "meter": "m",
    "meters": "m",
    "mm": "mm",
    "nm": "nm",
    "um": "um",
    "photons": "photon",
    "rad": "rad",
    "radians": "rad",
    "s": "s",
    "ms": "ms",
    "h": "hour",
    "mol": "mol",
    "sr": "sr",
    "J": "J",
    "kJ": "kJ",
    "K": "K",
    "N": "N",
    "Pa": "Pa",
    "hPa": "hPa",
    "kPa": "kPa",
    "GPa": "GPa",
    "T": "tesla",
    "V": "V",
    "W": "W",
    "Hz": "Hz",
}
_FACTOR = re.compile(
    r"(?P<word>[^\W\d_]{1,9})(?:(?:\^|\*\*)?(?P<power>[-+]?\d|⁻?[¹²³⁴]))?"
)
_BETWEEN = re.compile(r"((?<!\*)\*(?!\*)|[/·.])")
_RAISED = str.maketrans("⁻¹²³⁴", "-1234")
_LONGEST = 30


class UnitWords(Mapping[str, str]):
    """Words of units, products and powers of them, in brackets or not.

    >>> UnitWords()["W/m2"], UnitWords()["[1/s]"], "cells" in UnitWords()
    ('W/m^2', '1/s', False)
    """

    def __getitem__(self, word: str) -> str:
        unit = _unit(word)
        if unit is None:
            raise KeyError(word)
        return unit

    def __iter__(self) -> Iterator[str]:
        return iter(UNITS)

    def __len__(self) -> int:
        return len(UNITS)


def _unit(word: str) -> str | None:
    """The unit that a word spells, None if it spells none."""
    if word == "1":
        return None
    bare = word[1:-1] if word[:1] + word[-1:] in ("()", "[]") else word
    factors = _BETWEEN.split(bare) if len(bare) <= _LONGEST else [""]
    spelled = [_factor(text, place) for place, text in enumerate(factors)]
    known = [text for text in spelled if text is not None]
    return "".join(known) if len(known) == len(spelled) > 0 else None


def _factor(text: str, place: int) -> str | None:
    """A factor of a unit, or what stands between two of them."""
    if place % 2:
        return "/" if text == "/" else "*"
    if text == "1" and place == 0:
        return text
    found = _FACTOR.fullmatch(text)
    unit = UNITS.get(found["word"]) if found else None
    if found is None or unit is None:
        return None
    power = (found["power"] or "").translate(_RAISED)
    return unit + (f"^{power}" if power else "")
