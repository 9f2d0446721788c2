"""Threads that callables run on while Rust waits: they end with the interpreter."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable

from . import _native


def begin() -> None:
    """Has the interpreter wait for calls that are going on before it goes."""
    atexit.register(_native.leave)


def start(call: Callable[[str], str], argument: str, answered: Callable[[str | None, str, str], None]) -> None:
    """Begins a call; `answered` is told its text, or the class and words of what it raised."""

    def work() -> None:
        try:
            text = call(argument)
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
