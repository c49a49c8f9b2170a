"""Why does your port's number differ? Taps, traces, and SQL that finds out.

>>> import tracekit as tk
>>> with tk.record() as recording:
...     energy = tk.tap(0.5 * 3.0**2, "energy", unit="J")
>>> recording.trace.taps
('energy',)
"""

from tracekit import testing as testing
from tracekit.capture import sinks as sinks
from tracekit.capture.record import record as record
from tracekit.comparison.compare import Comparison as Comparison
from tracekit.comparison.compare import compare as compare
from tracekit.comparison.database import connect as connect
from tracekit.comparison.policy import Policy as Policy
from tracekit.comparison.policy import Tolerance as Tolerance
from tracekit.errors import TracekitError as TracekitError
from tracekit.functions import instrument as instrument
from tracekit.logs.log import read_log as read_log
from tracekit.modules import attach as attach
from tracekit.storage.trace import Trace as Trace
from tracekit.storage.trace import open_trace as read_trace
from tracekit.taps import config as config
from tracekit.taps import input_file as input_file
from tracekit.taps import is_recording as is_recording
from tracekit.taps import scope as scope
from tracekit.taps import tap as tap
from tracekit.taps import traced as traced

__all__ = [
    "Comparison",
    "Policy",
    "Tolerance",
    "Trace",
    "TracekitError",
    "attach",
    "compare",
    "config",
    "connect",
    "input_file",
    "instrument",
    "is_recording",
    "read_log",
    "read_trace",
    "record",
    "scope",
    "sinks",
    "tap",
    "testing",
    "traced",
]
