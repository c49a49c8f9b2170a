"""What is a bug of the C program, each with a name and a switch.

All are on by default: the simulator is there to agree with the program that
people have. ``--without NAME`` (or ``Quirks(NAME=False)``) turns one off,
and the trace's configuration says which were on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from simulator.errors import SimulatorError


@dataclass(frozen=True, slots=True)
class Quirks:
    """One switch a bug; True reproduces it.

    Args:
        phi_carry_over: at phi = 0 the crystal is not turned back: it stands
            as the phi step before it left it, also that of the pixel before.
            Off: at phi = 0 the crystal is unrotated.
        interpolation_switch_off: the first sample outside the table ends
            interpolation for the rest of the run. Off: only that sample
            falls back to the nearest entry.
        running_sum: -oversample_thick, _polar and _omega multiply the whole
            sum so far at every sample. Off: each sample gets its own factor.
        fdump_reuse: without -hkl, an Fdump.bin in the working directory is
            read without a word. Off: only -hkl is read.
        renormalised_direction: computing the polarization factor normalises
            the diffracted direction once more, for the sources that follow.
        random_misset_radian: -misset random draws from a cap of 90 radian
            instead of 90 degree.
        curved_det_needs_follower: -curved_det as the last word of a command
            line is ignored.
        rescaled_c_star: the third component of c* is c* V/(a b c sin ga*),
            which bends the angles of a triclinic cell. Off: 1/c.
        repeated_layer_step: n sensor layers are thickness/(n-1) thick, so
            that together they are thicker than the sensor. Off: thickness/n.
        names_found_by_part: the beginning of a name is found, too:
            -twotheta_axis X Y Z also turns the arm by X degree about the
            sample, and -xtalsize_x (or _y, _z) sets all three sizes.
    """

    phi_carry_over: bool = True
    interpolation_switch_off: bool = True
    running_sum: bool = True
    fdump_reuse: bool = True
    renormalised_direction: bool = True
    random_misset_radian: bool = True
    curved_det_needs_follower: bool = True
    rescaled_c_star: bool = True
    repeated_layer_step: bool = True
    names_found_by_part: bool = True

    @property
    def on(self) -> tuple[str, ...]:
        """Names of the bugs that are reproduced."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name))

    def without(self, names: Iterable[str]) -> Quirks:
        """The same with these turned off.

        Raises:
            SimulatorError: a name that isn't in the list.
        """
        known = [f.name for f in fields(self)]
        for name in names:
            if name not in known:
                raise SimulatorError(
                    f"--without {name}: no quirk has this name; "
                    f"the names are {', '.join(known)}"
                )
        return replace(self, **dict.fromkeys(names, False))
