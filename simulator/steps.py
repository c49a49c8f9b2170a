"""How many steps a range is sampled in, where a command line leaves it open.

``None`` is "not given". The cases follow nanoBragg's, odd ones included:
asking for a number of steps without a range sets the range, too.
"""

from __future__ import annotations

import math

from simulator.errors import SimulatorError

Steps = tuple[int, float, float]  # count, range, step


def spread_steps(
    extent: float | None,
    step: float | None,
    count: int | None,
    full: float = 1.0,
) -> Steps:
    """Steps over a divergence (radian) or a dispersion (fraction).

    Both ends of the range are sampled.

    Args:
        extent: the full range.
        step: distance of two samples.
        count: number of samples.
        full: the range of a count that comes alone.
    """
    r = -1.0 if extent is None else extent
    s = -1.0 if step is None else step
    n = -1 if count is None else count
    if n <= 0:
        n, r, s = _count_spread(r, s)
    elif r < 0:
        n, r, s = (n, full, full / n) if s <= 0 else (2, s, s)
    elif s <= 0:
        n = max(n, 2)
        s = r / (n - 1)
    if r <= 0 or s <= 0 or n <= 0:
        return 1, 0.0, 0.0
    return n, r, s


def _count_spread(r: float, s: float) -> Steps:
    if r < 0:
        return (1, 0.0, 0.0) if s <= 0 else (2, s, s)
    return (2, r, r) if s <= 0 else (math.ceil(r / s), r, s)


def phi_steps(
    oscillation: float | None, step: float | None, count: int | None
) -> Steps:
    """Steps of the spindle in radian; the end of the range isn't sampled.

    Raises:
        SimulatorError: the range has no step at all (-osc 0 -phistep 1).
    """
    osc = -1.0 if oscillation is None else oscillation
    s = -1.0 if step is None else step
    if count is None or count < 0:
        return _count_phi(osc, s)
    n = max(count, 1)
    if osc < 0:
        if s <= 0:
            osc = 1.0 / (180.0 / math.pi)
            return n, osc, osc / n
        return 2, s, s
    return n, osc, osc / n if s < 0 else s


def _count_phi(osc: float, s: float) -> Steps:
    if osc < 0:
        return (1, 0.0, 0.0) if s <= 0 else (2, s, s)
    if s <= 0:
        return 2, osc, osc / 2.0
    n = math.ceil(osc / s)
    if n == 0:
        raise SimulatorError(
            "-osc 0 with -phistep makes no phi step, so no image; leave "
            "-phistep out, or give a range"
        )
    return n, osc, s


def layer_steps(thickness: float, count: int | None, *, inside: bool) -> Steps:
    """Layers of the sensor, in metre.

    Args:
        thickness: of the whole sensor.
        count: number of layers.
        inside: n layers fill the sensor; otherwise, as in the C program,
            they are thickness/(n-1) each and stick out of it.
    """
    if thickness <= 0:
        return 1, 0.0, 0.0
    n = 2 if count is None or count <= 0 else max(count, 2)
    unset = count is None or count <= 0
    parts = n if inside or unset else n - 1
    return n, thickness, thickness / parts


def mosaic_steps(spread: float | None, count: int | None) -> tuple[int, float]:
    """Number of mosaic domains and their spread (unit as given)."""
    if spread is None or spread <= 0:
        return 1, 0.0
    return 10 if count is None or count <= 0 else count, spread
