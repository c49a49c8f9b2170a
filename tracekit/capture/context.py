"""What structlog has bound to the context around a tap.

structlog finds it among all variables of the context, and torch has hundreds
there; it knows its own, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from sys import modules
from typing import Any


def variables() -> Mapping[Any, Any]:
    """What ``is_bound`` looks at: while it is empty, nothing is bound."""
    structlog = modules.get("structlog.contextvars")
    found = getattr(structlog, "_CONTEXT_VARS", None)
    return found if isinstance(found, dict) else {"": "not known"}


def is_bound() -> bool:
    """Whether an event has to carry something."""
    structlog: Any = modules.get("structlog.contextvars")
    if structlog is None:
        return False
    variables = getattr(structlog, "_CONTEXT_VARS", None)
    if variables is None:  # a structlog that keeps no list of them
        return bool(structlog.get_contextvars())
    for variable in tuple(variables.values()):
        if variable.get(...) is not ...:
            return True
    return False


def bound() -> str:
    """It as a JSON object, or ""."""
    if not is_bound():
        return ""
    values = modules["structlog.contextvars"].get_contextvars()
    return json.dumps(values, default=str, sort_keys=True)
