"""Vectors and rotations of the set-up, [xyz]; sums run in C's order."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator import numerics


def vector(*components: float | Tensor) -> Tensor:
    """Three numbers as a float64 vector [xyz]; gradients flow through."""
    return torch.stack(
        [torch.as_tensor(c, dtype=torch.float64) for c in components]
    )


def dot(v: Tensor, w: Tensor) -> Tensor:
    """V . w, added from x to z."""
    return v[0] * w[0] + v[1] * w[1] + v[2] * w[2]


def cross(v: Tensor, w: Tensor) -> Tensor:
    """V x w."""
    return torch.stack(
        [
            v[1] * w[2] - v[2] * w[1],
            v[2] * w[0] - v[0] * w[2],
            v[0] * w[1] - v[1] * w[0],
        ]
    )


def magnitude(v: Tensor) -> Tensor:
    """|v|."""
    return numerics.sqrt(dot(v, v))


def unit(v: Tensor) -> Tensor:
    """v/|v|; a vector without a length stays as it is."""
    length = magnitude(v)
    return v / torch.where(length == 0.0, 1.0, length)


def rotate_xyz(v: Tensor, angles: Tensor) -> Tensor:
    """R_z R_y R_x v, right-handed, angles [xyz] in radian.

    A factor whose angle is exactly 0 is left out, as in the C program; with
    a gradient wanted it stays, for its derivative isn't 0.
    """
    x, y, z = v[0], v[1], v[2]
    turned = [bool(a != 0) or angles.requires_grad for a in angles]
    if turned[0]:
        c, s = numerics.cos(angles[0]), numerics.sin(angles[0])
        y, z = y * c + z * -s, y * s + z * c
    if turned[1]:
        c, s = numerics.cos(angles[1]), numerics.sin(angles[1])
        x, z = x * c + z * s, x * -s + z * c
    if turned[2]:
        c, s = numerics.cos(angles[2]), numerics.sin(angles[2])
        x, y = x * c + y * -s, x * s + y * c
    return torch.stack([x, y, z])


def rotate_about(v: Tensor, axis: Tensor, angle: Tensor) -> Tensor:
    """Rodrigues' formula; the axis is not normalised.

    Args:
        v: [xyz].
        axis: [xyz].
        angle: a single number, in radian.
    """
    c, s = numerics.cos(angle), numerics.sin(angle)
    n, along = axis, dot(axis, v) * (1.0 - c)
    return torch.stack(
        [
            n[0] * along + v[0] * c + (-n[2] * v[1] + n[1] * v[2]) * s,
            n[1] * along + v[1] * c + (n[2] * v[0] - n[0] * v[2]) * s,
            n[2] * along + v[2] * c + (-n[1] * v[0] + n[0] * v[1]) * s,
        ]
    )
