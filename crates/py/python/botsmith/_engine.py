"""The local engine: whether this build has it, and what its classes share."""

from __future__ import annotations

import os
from typing import Any

from . import _native
from ._errors import EngineError

__all__ = ["has_engine"]

_HOW = "build a wheel that has it from a checkout: `pip install . --config-settings=build-args='--features engine'`"


def has_engine() -> bool:
    """Whether this build can run models of this machine: :class:`Model`, :class:`Embedder`, :class:`CrossEncoder`.

    Examples
    --------
    >>> import botsmith as bs
    >>> bs.has_engine() in (True, False)
    True
    """
    return hasattr(_native, "Model")


def native(name: str) -> Any:
    """A class of Rust that is there where the engine is."""
    if not has_engine():
        raise EngineError(
            f"this botsmith was built without the local engine, which `botsmith.{name}` needs: {_HOW}",
            code="BS-PY-004",
            hint=_HOW,
        )
    return getattr(_native, name)


def path_of(path: Any) -> str:
    """A path, or a name such as ``hf:org/name``, as text."""
    found = os.fspath(path)
    if not isinstance(found, str):
        raise TypeError(f"a path or a name is a text, not {type(found).__name__}")
    return found


def texts_of(texts: Any) -> tuple[list[str], bool]:
    """Several texts, and whether it was one alone."""
    if isinstance(texts, str):
        return [texts], True
    return list(texts), False


def stopped_by(cancel: Any) -> Any:
    """What stops a call: what was given, or nothing that anybody has."""
    return _native.Stop() if cancel is None else cancel
