"""The scattering vector of each sample, and which samples count at all."""

from __future__ import annotations

import torch
from torch import Tensor

from simulator.beam import Beam
from simulator.fields import Field, both, field_of, magnitude, unit
from simulator.samples import loop_order


def incident_field(beam: Beam) -> Field:
    """Incident directions with the samples' axes, [1 1 1 source 1 1 1 1]."""
    return field_of(beam.incident.reshape(3, 1, 1, 1, -1, 1, 1, 1, 1))


def scattering_vector(direction: Field, beam: Beam) -> Field:
    """Q = (d - i)/lambda, 1/metre.

    Args:
        direction: d, [layer sub_slow sub_fast 1|source 1 1 slow fast],
            thrice.
        beam: the sources.

    Returns:
        [layer sub_slow sub_fast source 1 1 slow fast], thrice.
    """
    wavelength = beam.wavelength.reshape(1, 1, 1, -1, 1, 1, 1, 1)
    return both(
        lambda d, i: (d - i).div_(wavelength), direction, incident_field(beam)
    )


def resolved(q: Field, dmin: float) -> Tensor:
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


def renormalised(direction: Field, polarized: Tensor) -> Field:
    """The directions as each source meets them in the C program.

    Where the polarization factor is computed, d is normalised in place, and
    the sources that follow at this sub-pixel use d/|d|: an ulp away from d.

    Args:
        direction: d, [layer sub_slow sub_fast 1 1 1 slow fast], thrice.
        polarized: samples whose polarization factor is computed, bool,
            [layer sub_slow sub_fast source 1 1 slow fast].

    Returns:
        [layer sub_slow sub_fast source 1 1 slow fast], thrice.
    """
    met = [direction]
    for source in range(polarized.shape[3] - 1):
        taken = polarized[:, :, :, source : source + 1]
        again = unit(met[-1])
        met.append(
            both(lambda u, d, t=taken: torch.where(t, u, d), again, met[-1])  # type: ignore[misc]
        )
    x, y, z = (torch.cat(parts, dim=3) for parts in zip(*met, strict=True))
    return x, y, z
