"""Coroutines of Python called from threads of Rust.

What :mod:`botsmith.aio` calls runs on the loop that waits for it, so that clients of that loop serve. For all else
there is an event loop on a thread of its own, made when the first coroutine needs it, and anew in a forked process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

_lock = threading.Lock()
_running: tuple[int, asyncio.AbstractEventLoop] | None = None


class Home:
    """Where the coroutines of a callable run: on the loop that waits for them now, else on ours."""

    def __init__(self) -> None:
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._going: set[tuple[asyncio.AbstractEventLoop, Future[Any]]] = set()

    def enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on `loop` waits; the newest of several is asked."""
        with _lock:
            self._loops.append(loop)

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """`loop` waits no more."""
        with _lock:
            if loop in self._loops:
                self._loops.remove(loop)

    @contextmanager
    def at(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """As long as `loop` waits."""
        self.enter(loop)
        try:
            yield
        finally:
            self.leave(loop)

    def cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ends what goes on at `loop`: nobody waits for it any more."""
        with _lock:
            going = [future for at, future in self._going if at is loop]
        for future in going:
            future.cancel()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that waits now."""
        with _lock:
            return self._loops[-1] if self._loops else None

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        """What an awaitable gives in the end. Called on a thread that is no loop's."""
        import asyncio

        loop = self.loop
        if loop is None or not loop.is_running():
            loop = _ours()
        future = asyncio.run_coroutine_threadsafe(_wait(awaitable), loop)
        entry = (loop, future)
        with _lock:
            self._going.add(entry)
        try:
            return future.result()
        finally:
            with _lock:
                self._going.discard(entry)


#: The home of callables that are made now: that of the awaited call which makes them.
_HOME: ContextVar[Home | None] = ContextVar("botsmith_home", default=None)


def home() -> Home:
    """The home of a callable that is made here."""
    return _HOME.get() or Home()


@contextmanager
def making(home: Home) -> Iterator[None]:
    """Callables that are made meanwhile have this home."""
    token = _HOME.set(home)
    try:
        yield
    finally:
        _HOME.reset(token)


@contextmanager
def lent(homes: list[Home]) -> Iterator[None]:
    """Where an awaited call uses what others made, they are at its loop meanwhile."""
    here = _HOME.get()
    loop = None if here is None else here.loop
    with ExitStack() as stack:
        if loop is not None:
            for other in homes:
                if other is not here:
                    stack.enter_context(other.at(loop))
        yield


def _ours() -> asyncio.AbstractEventLoop:
    import asyncio

    global _running
    with _lock:
        if _running is None or _running[0] != os.getpid():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever, name="botsmith-async", daemon=True)
            thread.start()
            _running = (os.getpid(), loop)
        return _running[1]


async def _wait(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def finished(result: Any, home: Home | None = None) -> Any:
    """What a call gave; of an awaitable, what it gives in the end."""
    if not hasattr(type(result), "__await__"):
        return result
    return (home or Home()).wait(result)
