"""Why does your port's number differ? Taps, traces, and SQL that finds out.

>>> import tracekit as tk
>>> with tk.record() as recording:
...     energy = tk.tap(0.5 * 3.0**2, "energy", unit="J")
>>> recording.trace.taps
('energy',)
"""

from tracekit import sinks as sinks
from tracekit import testing as testing
from tracekit.compare import Comparison as Comparison
from tracekit.compare import compare as compare
from tracekit.database import connect as connect
from tracekit.errors import TracekitError as TracekitError
from tracekit.logs import read_log as read_log
from tracekit.policy import Policy as Policy
from tracekit.policy import Tolerance as Tolerance
from tracekit.recorder import record as record
from tracekit.taps import config as config
from tracekit.taps import input_file as input_file
from tracekit.taps import scope as scope
from tracekit.taps import tap as tap
from tracekit.taps import traced as traced
from tracekit.trace import Trace as Trace
from tracekit.trace import open_trace as read_trace

__all__ = [
    "Comparison",
    "Policy",
    "Tolerance",
    "Trace",
    "TracekitError",
    "compare",
    "config",
    "connect",
    "input_file",
    "read_log",
    "read_trace",
    "record",
    "scope",
    "sinks",
    "tap",
    "testing",
    "traced",
]
