"""The command line: each command calls the public API and prints.

Exit status: 0 close (or done), 1 diverged, 2 could not do it, with one
sentence on standard error that says why. With ``--json`` standard output is
one JSON document and nothing else.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from importlib import import_module

from tracekit.errors import TracekitError, did_you_mean

# Where the commands are; what one doesn't need isn't loaded.
COMMANDS = {
    "demo": "running:demo",
    "run": "running:run",
    "parse": "running:parse",
    "array": "running:array",
    "c-header": "running:c_header",
    "repair": "running:repair",
    "compare": "comparing:compare",
    "query": "comparing:query",
    "sql": "comparing:sql",
    "calibrate": "comparing:calibrate",
    "show": "showing:show",
    "export": "showing:export",
    "dialect init": "dialects:init",
    "dialect check": "dialects:check",
}
# What stands behind -- belongs to the program that they run.
_PASS_ON = ("run", "calibrate")
_INTERRUPTED = 130


def main() -> None:
    """Entry point: every foreseen failure is one sentence and status 2."""
    try:
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:  # a reader such as head has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if not isinstance(error, _foreseen()):
            raise
        from tracekit.commands.console import err

        err.print(f"tracekit: {error}", style="red")
        sys.exit(2)
    sys.exit(status)


def _foreseen() -> tuple[type[Exception], ...]:
    import duckdb  # loaded already by all that raises its errors

    return TracekitError, duckdb.Error, OSError


def _run(words: list[str]) -> int:
    name = " ".join(words[: 2 if words[:1] == ["dialect"] else 1])
    if name not in COMMANDS:
        return _help(name)
    words = words[len(name.split()) :]
    function = _load(name)
    cut = len(words)
    if name in _PASS_ON and "--" in words:
        cut = words.index("--")
    from tracekit.commands.arguments import parser_of

    given = vars(parser_of(name, function).parse_intermixed_args(words[:cut]))
    if name in _PASS_ON:
        given["words"] += words[cut + 1 :]
    return function(**given) or 0


def _load(name: str) -> Callable[..., int | None]:
    module, _, function = COMMANDS[name].partition(":")
    gc.disable()  # nothing that is loaded is garbage, now or later
    loaded = import_module(f"tracekit.commands.{module}")
    gc.freeze()
    gc.enable()
    found: Callable[..., int | None] = getattr(loaded, function)
    return found


def _help(name: str) -> int:
    """All commands with what they do; an error where one was misspelled."""
    asked = name.split(" ")[-1] in ("", "--help", "-h", "dialect")
    stream = sys.stdout if asked else sys.stderr
    lines = [
        "usage: tracekit COMMAND [OPTIONS], tracekit COMMAND --help",
        "",
        "Why does your port's number differ? Taps, traces, and SQL.",
        "",
        *(
            f"  {known:<14} {(_load(known).__doc__ or '').splitlines()[0]}"
            for known in COMMANDS
        ),
    ]
    stream.write("\n".join(lines) + "\n")
    if asked:
        return 0
    near = did_you_mean(name, COMMANDS)
    stream.write(f"\ntracekit: no command {name!r}{near}\n")
    return 2


if __name__ == "__main__":
    main()
