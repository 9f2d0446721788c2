"""Threads that callables run on while Rust waits, and that calls run on which are awaited: they end with the
interpreter."""

from __future__ import annotations

import atexit
import contextvars
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from . import _native
from ._loop import Home, making

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


def begin() -> None:
    """Has the interpreter wait for calls that are going on before it goes."""
    atexit.register(_native.leave)


def start(
    call: Callable[..., str],
    argument: str,
    answered: Callable[[str | None, str, str], None],
    piece: Callable[[str], bool] | None = None,
) -> None:
    """Begins a call; `answered` is told its text, or the class and words of what it raised. What gives its text in
    pieces is given `piece`, too."""

    def work() -> None:
        try:
            text = call(argument) if piece is None else call(argument, piece)
            # A lone surrogate is no text for Rust; better said here than by a thread that dies.
            text.encode()
        except BaseException as error:  # noqa: BLE001 - whatever it is, Rust waits for an answer
            answered(None, type(error).__name__, _words(error))
        else:
            answered(text, "", "")

    threading.Thread(target=work, name="botsmith-call", daemon=True).start()


def _words(error: BaseException) -> str:
    try:
        text = str(error)
        text.encode()
    except Exception:  # noqa: BLE001 - an exception that cannot be shown is still one
        return repr(error).encode("ascii", "backslashreplace").decode()
    return text


async def awaited(stop: Any, call: Callable[[], T], home: Home | None = None) -> T:
    """Waits for a call that a thread of its own makes; `stop` ends it where nobody waits any more. Coroutines that
    it needs run on the loop that waits."""
    import asyncio

    loop = asyncio.get_running_loop()
    held = home or Home()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            with making(held):
                result = call()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            failure = error
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:
            # The loop is closed: nobody waits.
            return

    run = contextvars.copy_context().run
    with held.at(loop):
        threading.Thread(target=run, args=(work,), name="botsmith-aio", daemon=True).start()
        try:
            return await future
        except asyncio.CancelledError:
            if stop is not None:
                stop.set()
            held.cancel(loop)
            raise
