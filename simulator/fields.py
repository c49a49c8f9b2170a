"""Vectors of many samples: three planes, one for each component.

A single vector of the set-up is a tensor [xyz]; of the samples each component
is a tensor of its own, with the samples' axes (``samples.py``). So every
operation runs over one contiguous plane that stays in the cache, and compiled
code fuses all of them into one loop. Sums run in the order in which C adds.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from simulator import numerics

Field = tuple[Tensor, Tensor, Tensor]


def field_of(v: Tensor) -> Field:
    """A vector, [xyz ...], as three views."""
    x, y, z = v
    return x, y, z


def each(function: Callable[[Tensor], Tensor], v: Field) -> Field:
    """The field whose components are those of v, changed."""
    x, y, z = v
    return function(x), function(y), function(z)


def both(
    function: Callable[[Tensor, Tensor], Tensor],
    v: Field | Tensor,
    w: Field | Tensor,
) -> Field:
    """The field of a function of two fields' components."""
    x, y, z = (function(a, b) for a, b in zip(v, w, strict=True))
    return x, y, z


def dot(v: Field | Tensor, w: Field | Tensor) -> Tensor:
    """V . w, added from x to z."""
    total = v[0] * w[0]
    total += v[1] * w[1]
    total += v[2] * w[2]
    return total


def cross(v: Field, w: Field) -> Field:
    """V x w."""
    return (
        v[1] * w[2] - v[2] * w[1],
        v[2] * w[0] - v[0] * w[2],
        v[0] * w[1] - v[1] * w[0],
    )


def magnitude(v: Field) -> Tensor:
    """|v|."""
    return numerics.sqrt(dot(v, v), overwrite=True)


def unit(v: Field) -> Field:
    """v/|v|; a vector without a length stays as it is."""
    # A length of 0 becomes tiny, and 0/tiny is 0; no normal number changes.
    length = torch.clamp(magnitude(v), min=torch.finfo(v[0].dtype).tiny)
    return each(lambda x: x / length, v)


def rotate_field(v: Field | Tensor, axis: Tensor, angle: Tensor) -> Field:
    """Rodrigues' formula for a field of angles; the axis isn't normalised.

    The sines are torch's own, fast ones.

    Args:
        v: a field, or one vector [xyz].
        axis: [xyz].
        angle: radian, [...].
    """
    c, s, n = torch.cos(angle), torch.sin(angle), axis
    along = (n[0] * v[0] + n[1] * v[1] + n[2] * v[2]) * (1.0 - c)
    return (
        n[0] * along + v[0] * c + (-n[2] * v[1] + n[1] * v[2]) * s,
        n[1] * along + v[1] * c + (n[2] * v[0] - n[0] * v[2]) * s,
        n[2] * along + v[2] * c + (-n[1] * v[0] + n[0] * v[1]) * s,
    )
