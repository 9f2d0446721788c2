"""Coroutines of Python called from threads of Rust: an event loop on a thread of its own, made when the
first coroutine needs it, and anew in a forked process."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

_lock = threading.Lock()
_running: tuple[int, asyncio.AbstractEventLoop] | None = None


def _loop() -> asyncio.AbstractEventLoop:
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


def finished(result: Any) -> Any:
    """What a call gave; of an awaitable, what it gives in the end."""
    if not hasattr(type(result), "__await__"):
        return result
    import asyncio

    return asyncio.run_coroutine_threadsafe(_wait(result), _loop()).result()
