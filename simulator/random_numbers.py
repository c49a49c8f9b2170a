"""nanoBragg's random numbers: a shuffled Lehmer generator, and rotations.

Park and Miller's minimal generator behind a shuffle table of 32 entries,
in single precision at the end, as the C program has it.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, field

import numpy as np

_A, _M, _Q, _R, _SIZE = 16807, 2147483647, 127773, 2836, 32
_SPAN = 1 + (_M - 1) // _SIZE
_LARGEST = np.float32(1.0 - 1.2e-7)
_Rows = tuple[tuple[float, ...], ...]


@dataclass(slots=True)
class Generator:
    """All of a run's random numbers; a seed <= 0 starts it anew.

    The seeds of a command line are negated, so a negative one is a state > 0
    that goes on with the table that the user before it left.
    """

    seed: int = 0
    latest: int = 0
    table: list[int] = field(default_factory=lambda: [0] * _SIZE)

    def draw(self) -> float:
        """The next number in (0, 1), a float32 value."""
        if self.seed <= 0 or self.latest == 0:
            self.seed = max(1, -self.seed)
            for slot in reversed(range(_SIZE + 8)):
                self._advance()
                if slot < _SIZE:
                    self.table[slot] = self.seed
            self.latest = self.table[0]
        self._advance()
        slot = self.latest // _SPAN
        self.latest = self.table[slot]
        self.table[slot] = self.seed
        return float(min(np.float32(1.0 / _M * self.latest), _LARGEST))

    def _advance(self) -> None:
        quotient = self.seed // _Q
        self.seed = _A * (self.seed - quotient * _Q) - _R * quotient
        if self.seed < 0:
            self.seed += _M


def random_rotation(spread: float, generator: Generator) -> _Rows:
    """A random rotation inside a cap, as three rows.

    Args:
        spread: the largest rotation, in radian.
        generator: gives three numbers.
    """
    r1, r2, r3 = (2.0 * generator.draw() - 1.0 for _ in range(3))
    xy = math.sqrt(1.0 - r2 * r2)
    v1, v2, v3 = xy * math.sin(math.pi * r1), xy * math.cos(math.pi * r1), r2
    power = _single_power(1.0 - r3 * r3, 1.0 / 3.0)
    angle = float(np.float32(np.float32(spread) * np.float32(power)))
    c, s = math.cos(angle), math.sin(angle)
    t1 = 1.0 - c
    t6 = t1 * v1
    t7, t8 = t6 * v2, t6 * v3
    t9 = t1 * v2
    t10 = t9 * v3
    return (
        (c + t6 * v1, t7 - s * v3, t8 + s * v2),
        (t7 + s * v3, c + t9 * v2, t10 - s * v1),
        (t8 - s * v2, t10 + s * v1, c + t1 * v3 * v3),
    )


def mosaic_rotations(
    domains: int, spread: float, seed: int, generator: Generator
) -> list[_Rows]:
    """A rotation for each mosaic domain; the first one is the identity.

    Args:
        domains: how many.
        spread: the largest rotation, in radian.
        seed: as on the command line (the generator starts from -seed).
        generator: of the run.
    """
    generator.seed = -seed
    rotations = [random_rotation(spread, generator) for _ in range(domains)]
    return [
        ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        *rotations[1:],
    ]


def random_misset(
    spread: float, seed: int, generator: Generator
) -> tuple[float, float, float]:
    """Angles x, y, z of a random orientation, in radian.

    Args:
        spread: the largest rotation, in radian.
        seed: as on the command line.
        generator: of the run.
    """
    generator.seed = -seed
    rows = random_rotation(spread, generator)
    u = [[x / math.sqrt(sum(y * y for y in row)) for x in row] for row in rows]
    return (
        math.atan2(u[2][1], u[2][2]),
        math.atan2(-u[2][0], math.sqrt(u[2][1] ** 2 + u[2][2] ** 2)),
        math.atan2(u[1][0], u[0][0]),
    )


def _single_power(base: float, exponent: float) -> float:
    """The C library's powf; NumPy's may round its last bit otherwise."""
    library = ctypes.CDLL(None)
    library.powf.restype = ctypes.c_float
    library.powf.argtypes = [ctypes.c_float, ctypes.c_float]
    return float(library.powf(base, exponent))
