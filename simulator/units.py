"""From the units of the command line to metre and radian.

Divisions, not products with an inverse: they round as in the C program.
"""

from __future__ import annotations

import math

RTD = 180.0 / math.pi
MILLI = 1000.0  # mm in a metre, mrad in a radian
MICRO = 1e6  # um of water in a metre
MICROMETRE = 1e-6  # the sensor's depths are multiplied instead
ANGSTROM = 1e10  # angstrom in a metre
