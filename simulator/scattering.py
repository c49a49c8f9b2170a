"""The scattering vector of each sample, and which samples count at all."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.beam import Beam
from simulator.samples import loop_order
from simulator.vectors import magnitude, unit


def incident_field(beam: Beam) -> Tensor:
    """Incident directions with the samples' axes, [xyz 1 1 1 source ...]."""
    return beam.incident.reshape(3, 1, 1, 1, -1, 1, 1, 1, 1)


def scattering_vector(direction: Tensor, beam: Beam) -> Tensor:
    """Q = (d - i)/lambda, 1/metre.

    Args:
        direction: d, [xyz layer sub_slow sub_fast 1|source 1 1 slow fast].
        beam: the sources.

    Returns:
        [xyz layer sub_slow sub_fast source 1 1 slow fast].
    """
    wavelength = beam.wavelength.reshape(1, 1, 1, -1, 1, 1, 1, 1)
    return (direction - incident_field(beam)) / wavelength


def resolved(q: Tensor, dmin: float) -> Tensor:
    """Samples inside the resolution limit (metre), of q's shape."""
    stol = 0.5 * magnitude(q)
    return ~((stol > 0.0) & (dmin > 0.5 / stol))


def first_of_pixel(counted: Tensor) -> Tensor:
    """The first counted sample of each pixel in the order of the loops.

    Args:
        counted: bool, [layer sub_slow sub_fast source 1 1 slow fast].

    Returns:
        bool, of the same shape: one sample a pixel, or none.
    """
    order = loop_order(counted)
    late = torch.iinfo(order.dtype).max
    place = torch.where(counted, order, late)
    earliest = place.amin(dim=tuple(range(6)), keepdim=True)
    return counted & (place == earliest)


def renormalised(direction: Tensor, polarized: Tensor) -> Tensor:
    """The directions as each source meets them in the C program.

    Where the polarization factor is computed, d is normalised in place, and
    the sources that follow at this sub-pixel use d/|d|: an ulp away from d.

    Args:
        direction: d, [xyz layer sub_slow sub_fast 1 1 1 slow fast].
        polarized: samples whose polarization factor is computed, bool,
            [layer sub_slow sub_fast source 1 1 slow fast].

    Returns:
        [xyz layer sub_slow sub_fast source 1 1 slow fast].
    """
    met = [direction]
    for source in range(polarized.shape[3] - 1):
        taken = polarized[:, :, :, source : source + 1]
        met.append(torch.where(taken, unit(met[-1]), met[-1]))
    return torch.cat(met, dim=4)
