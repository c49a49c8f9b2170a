"""Where each convention puts the axes, the beam centre and the pivot."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from simulator.numerics import plain
from simulator.options import Options
from simulator.vectors import cross, magnitude, unit, vector

XYZ = tuple[float, float, float]
_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_DOWN, _BACK = (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)
_LEFT = (-1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Axes:
    """Directions before the detector is turned; unit vectors [xyz].

    Args:
        beam: the way the X-rays go.
        fast, slow, normal: of the detector.
        twotheta: axis of the detector arm, not normalised.
        polarization: the plane that the polarization factor counts from.
        spindle: axis of phi.
    """

    beam: Tensor
    fast: Tensor
    slow: Tensor
    normal: Tensor
    twotheta: Tensor
    polarization: Tensor
    spindle: Tensor

    @property
    def vertical(self) -> Tensor:
        """Across the beam and the polarization."""
        return unit(cross(self.beam, self.polarization))


# beam, fast, slow, normal, twotheta axis, polarization, spindle
_AXES: dict[str, tuple[XYZ, ...]] = {
    "MOSFLM": (_X, _Z, _DOWN, _X, _BACK, _Z, _Z),
    "DENZO": (_X, _Z, _DOWN, _X, _BACK, _Z, _Z),
    "ADXV": (_Z, _X, _DOWN, _Z, _LEFT, _X, _X),
    "XDS": (_Z, _X, _Y, _Z, _X, _X, _X),
    "DIALS": (_Z, _X, _Y, _Z, _Y, _Y, _Y),
    "CUSTOM": (_X, _Z, _DOWN, _X, _Y, _Z, _Z),
}
_FORCED_PIVOT = {
    "MOSFLM": "beam",
    "DENZO": "beam",
    "ADXV": "beam",
    "XDS": "sample",
    "DIALS": "sample",
}


def axes_of(options: Options) -> Axes:
    """The axes of a convention; CUSTOM takes those of the command line."""
    chosen = [vector(*v) for v in _AXES[options.convention]]
    if options.convention == "CUSTOM":
        given = (
            options.beam_vector,
            options.fdet_vector,
            options.sdet_vector,
            options.odet_vector,
            options.twotheta_axis,
            options.polar_vector,
            options.spindle_axis,
        )
        chosen = [
            own if user is None else vector(*user)
            for own, user in zip(chosen, given, strict=True)
        ]
    beam, fast, slow, normal, twotheta, polarization, spindle = chosen
    beam, fast, slow = unit(beam), unit(fast), unit(slow)
    if plain(magnitude(normal)) != 1.0:
        normal = unit(cross(fast, slow))
    polarization, spindle = unit(polarization), unit(spindle)
    return Axes(beam, fast, slow, normal, twotheta, polarization, spindle)


def pivot_of(options: Options) -> str:
    """What the detector turns about; only CUSTOM leaves a choice."""
    return _FORCED_PIVOT.get(options.convention, options.pivot)
