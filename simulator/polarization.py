"""Kahn's polarization factor."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.fields import Field, cross, dot, unit


def polarization_factor(
    kahn: float, incident: Field, diffracted: Field, axis: Field
) -> Tensor:
    """0.5 (1 + cos^2 2theta - kahn cos 2psi sin^2 2theta).

    psi is the angle of the diffracted ray about the beam. The C program has
    it from an arctangent of d.B and d.E; the cosine of twice that angle is
    taken here from the two products themselves, which is the same number
    without a function whose last bit depends on the vector lane.

    Args:
        kahn: Kahn's factor, 1 for a fully polarized beam.
        incident: [...], thrice.
        diffracted: [...], thrice.
        axis: the polarization plane's vector.

    Returns:
        [...], without a unit.
    """
    i, d = unit(incident), unit(diffracted)
    cos_2theta = dot(i, d)
    cos_sqr = cos_2theta * cos_2theta
    factor = 1.0 + cos_sqr
    if kahn == 0.0:
        factor *= 0.5
        return factor
    B = unit(cross(unit(axis), i))
    E = unit(cross(i, B))
    across, along = dot(d, B), dot(d, E)
    across_sqr, along_sqr = across * across, along * along
    # In the beam itself both are 0 and psi is 0: its cosine must be tiny/tiny.
    # Beside any other square it is too small to change the quotient.
    along_sqr += torch.finfo(d[0].dtype).tiny
    cos_2psi = along_sqr - across_sqr
    across_sqr += along_sqr
    cos_2psi /= across_sqr
    cos_2psi *= kahn
    cos_2psi *= 1.0 - cos_sqr
    factor -= cos_2psi
    factor *= 0.5
    return factor
