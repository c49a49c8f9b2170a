"""Lines of a log, as text, read without a file."""

from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.log import Parsed, parse
from tracekit.schema import Event

_NANOBRAGG = load_dialect("nanobragg")
_OWN = load_dialect("tracekit")


def nanobragg(*lines: str, file: str = "c.log") -> Parsed:
    """Lines of a nanoBragg log."""
    return parse(lines, _NANOBRAGG, file)


def own(*lines: str) -> Parsed:
    """Lines of tracekit's own grammar."""
    return parse(lines, _OWN, "own.log")


def only(parsed: Parsed) -> Event:
    """The one event of a log."""
    assert not parsed.rejects
    assert len(parsed.events) == 1
    return parsed.events[0]


def place(event: Event) -> dict[str, tuple[int, str]]:
    """Index and state of every dim but the components."""
    return {
        axis.dim: (axis.origin, axis.state)
        for axis in event.axes
        if axis.dim != "component"
    }
