"""A diffraction simulator in PyTorch that follows nanoBragg digit by digit.

``python -m simulator`` takes nanoBragg's own options. From Python:

>>> from simulator import parse_options, simulate
>>> image = simulate(parse_options(
...     "-cell 100 100 100 90 90 90 -default_F 100 -N 5 -lambda 1"
...     " -distance 100 -pixel 0.1 -detpixels 4 -oversample 1".split()))
>>> tuple(image.shape)
(4, 4)
"""

from simulator.blocks import simulate
from simulator.errors import SimulatorError
from simulator.options import Options, parse_options
from simulator.quirks import Quirks
from simulator.scene import Scene, build_scene

__all__ = [
    "Options",
    "Quirks",
    "Scene",
    "SimulatorError",
    "build_scene",
    "parse_options",
    "simulate",
]
