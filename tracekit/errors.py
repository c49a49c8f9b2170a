"""Every exception that tracekit raises.

TracekitError
├── TapError        a tap was called with something that it can't record
├── RecordingError  recording can't start, go on or close
│   └── RecordingStopped  record(stop_when=...) ends its block; it catches it
├── TraceError      a stored trace can't be opened
├── LogError        a log or a dialect can't be read
├── PolicyError     a policy file is wrong
└── CompareError    two traces can't be compared at all

A message says what happened, where, what was expected and what to do.
"""

from collections.abc import Iterable


class TracekitError(Exception):
    """The base of all errors that tracekit raises on purpose."""


class TapError(TracekitError, ValueError):
    """A tap was called with something that it can't record."""


class RecordingError(TracekitError, RuntimeError):
    """Recording can't start, go on or close."""


class RecordingStopped(RecordingError):  # noqa: N818 - no failure
    """``record(stop_when=...)`` ends its block here, and catches this."""


class TraceError(TracekitError, ValueError):
    """A stored trace can't be opened."""


class LogError(TracekitError, ValueError):
    """A log or a dialect can't be read."""


class PolicyError(TracekitError, ValueError):
    """A policy file is wrong."""


class CompareError(TracekitError, ValueError):
    """Two traces can't be compared at all."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that nothing bears.

    >>> did_you_mean("compar", ["compare", "show"])
    "; did you mean 'compare'?"
    >>> did_you_mean("xyz", ["compare", "show"])
    ''
    """
    import difflib  # only where something is wrong already

    near = difflib.get_close_matches(name, known, 3, 0.6)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
