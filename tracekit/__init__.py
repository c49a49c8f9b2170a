"""Why does your port's number differ? Taps, traces, and SQL that finds out.

>>> import tracekit as tk
>>> with tk.record() as recording:
...     energy = tk.tap(0.5 * 3.0**2, "energy", unit="J")
>>> recording.trace.taps
('energy',)
"""

import importlib as _importlib
import typing as _typing

from tracekit import endings as _endings
from tracekit.errors import TracekitError as TracekitError
from tracekit.scopes import scope as scope
from tracekit.taps import config as config
from tracekit.taps import input_file as input_file
from tracekit.taps import is_recording as is_recording
from tracekit.taps import tap as tap
from tracekit.taps import traced as traced

_endings.watch()

if _typing.TYPE_CHECKING:
    from tracekit import testing as testing
    from tracekit.capture import sinks as sinks
    from tracekit.capture.record import record as record
    from tracekit.comparison.compare import Comparison as Comparison
    from tracekit.comparison.compare import compare as compare
    from tracekit.comparison.database import connect as connect
    from tracekit.comparison.policy import Policy as Policy
    from tracekit.comparison.policy import Tolerance as Tolerance
    from tracekit.functions import instrument as instrument
    from tracekit.logs.log import read_log as read_log
    from tracekit.modules import attach as attach
    from tracekit.storage.trace import Trace as Trace
    from tracekit.storage.trace import open_trace as read_trace

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

# Where the others are: a program with taps doesn't load what compares, nor a
# comparison what records.
_LATER = {
    "Comparison": "comparison.compare:Comparison",
    "Policy": "comparison.policy:Policy",
    "Tolerance": "comparison.policy:Tolerance",
    "Trace": "storage.trace:Trace",
    "attach": "modules:attach",
    "compare": "comparison.compare:compare",
    "connect": "comparison.database:connect",
    "instrument": "functions:instrument",
    "read_log": "logs.log:read_log",
    "read_trace": "storage.trace:open_trace",
    "record": "capture.record:record",
    "sinks": "capture.sinks:",
    "testing": "testing:",
}


def __getattr__(name: str) -> _typing.Any:
    if name not in _LATER:
        raise AttributeError(f"module 'tracekit' has no attribute {name!r}")
    module, _, attribute = _LATER[name].partition(":")
    loaded = _importlib.import_module(f"tracekit.{module}")
    found = getattr(loaded, attribute) if attribute else loaded
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
