"""Work that another thread does, or this one where there is no other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


def aside(
    pool: Executor,
    function: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Future[T]:
    """Let a pool call a function; if it takes no more, call it here.

    Python starts no thread once its end has begun, in which a program may
    still close a recording (``atexit``).

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as pool:
    ...     aside(pool, max, 1, 2).result()
    2
    """
    try:
        return pool.submit(function, *args, **kwargs)
    except RuntimeError:
        done: Future[T] = Future()
        done.set_result(function(*args, **kwargs))
        return done
