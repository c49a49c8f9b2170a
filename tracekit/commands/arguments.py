"""How a command says which words it takes.

``argparse`` reads them: what is larger takes longer to load than a small
comparison does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

Function = TypeVar("Function", bound=Callable[..., int | None])


@dataclass(frozen=True, slots=True)
class Argument:
    """What ``ArgumentParser.add_argument`` is given.

    Args:
        names: its name, or its flags.
        settings: the rest.
    """

    names: tuple[str, ...]
    settings: dict[str, Any]


def argument(*names: str, **settings: Any) -> Argument:
    """An argument, or an option with a value."""
    return Argument(names, settings)


def flag(name: str, said: str, **settings: Any) -> Argument:
    """An option that is given or not."""
    return Argument((name,), {"action": "store_true", "help": said} | settings)


class Parser(argparse.ArgumentParser):
    """Names the command in its one sentence about a wrong call."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"{self.format_usage()}tracekit: {message}\n")


def takes(*arguments: Argument) -> Callable[[Function], Function]:
    """Declare the arguments of a function that is a command."""

    def declared(function: Function) -> Function:
        function.__dict__["arguments"] = arguments
        return function

    return declared


def parser_of(name: str, function: Callable[..., int | None]) -> Parser:
    """The parser of a command's words."""
    parser = Parser(
        prog=f"tracekit {name}",
        description=function.__doc__,
        allow_abbrev=False,
    )
    for one in function.__dict__["arguments"]:
        parser.add_argument(*one.names, **one.settings)
    return parser
