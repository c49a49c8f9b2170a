"""Why does your port's number differ? Taps, traces, and SQL that finds out.

>>> import tracekit as tk
>>> with tk.record() as recording:
...     energy = tk.tap(0.5 * 3.0**2, "energy", unit="J")
>>> recording.trace.taps
('energy',)
"""

from tracekit.errors import TracekitError as TracekitError
from tracekit.recorder import record as record
from tracekit.taps import config as config
from tracekit.taps import input_file as input_file
from tracekit.taps import scope as scope
from tracekit.taps import tap as tap
from tracekit.taps import traced as traced
from tracekit.trace import Trace as Trace
