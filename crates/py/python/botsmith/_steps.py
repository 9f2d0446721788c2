"""Kinds of workflow steps that are Python functions: what they take, from their parameters; what they gave, for
Rust."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from . import _schema
from ._loop import finished, home


@dataclass(frozen=True)
class Task:
    """One attempt of a step; a step function with a parameter ``task`` is given it.

    ``idempotency_key`` is the same for every attempt of the step: for effects outside of the store.
    """

    run: str
    workflow: str
    step: str
    attempt: int
    idempotency_key: str
    folder: str
    devices: tuple[str, ...]
    inputs: Any = field(hash=False)


class StepError(Exception):
    """Raised by a step function: a failure of a class that ``retry: {on: […]}`` can name.

    Any other exception is a failure of the class that its type is called, such as ``TimeoutError``.

    Examples
    --------
    >>> from botsmith import flow
    >>> raise flow.StepError("rate-limit", "the server asks to wait")
    Traceback (most recent call last):
      ...
    botsmith._steps.StepError: the server asks to wait
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def __reduce__(self) -> tuple[Any, ...]:
        return StepError, (self.kind, str(self))


#: What a type hint is in a workflow's check before anything runs.
_TYPES: dict[Any, str] = {
    str: "text", int: "number", float: "number", bool: "bool", list: "list", tuple: "list", dict: "map",
}


def _type(hint: Any) -> str:
    found: Any = typing.get_origin(hint) or hint
    try:
        return _TYPES.get(found) or ("map" if issubclass(found, Mapping) else "list" if issubclass(found, Sequence) else "any")
    except TypeError:
        return "any"


def kinds(given: Mapping[str, Callable[..., Any]]) -> list[tuple[str, Callable[[str], str]]]:
    """Kinds of steps for Rust: what they are as JSON, and what does them."""
    return [(json.dumps(_facts(name, function)), _does(function)) for name, function in given.items()]


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        # Of functions of C nothing is known: they are given everything by name.
        return [inspect.Parameter("with_", inspect.Parameter.VAR_KEYWORD)]


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - hints that cannot be read say nothing
        return {}


def _facts(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    if not callable(function):
        raise TypeError(f"the kind {name!r} wants a callable, not {type(function).__name__}")
    hints, takes, opened = _hints(function), [], False
    for parameter in _parameters(function):
        if parameter.kind is parameter.VAR_KEYWORD:
            opened = True
        elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise TypeError(f"the kind {name!r} is called with names; `{parameter.name}` has none that may be said")
        elif parameter.name != "task":
            required = parameter.default is parameter.empty
            # In a workflow, words of a key stand with hyphens.
            key = parameter.name.rstrip("_").replace("_", "-")
            takes.append((key, _type(hints.get(parameter.name, Any)), required, ""))
    about = (inspect.getdoc(function) or "A Python function.").partition("\n\n")[0]
    return {
        "name": name, "about": about, "takes": takes, "open": opened,
        "gives": _type(hints.get("return", Any)), "version": int(getattr(function, "version", 1)),
    }


def _does(function: Callable[..., Any]) -> Callable[[str], str]:
    names = {p.name.rstrip("_").replace("_", "-"): p.name for p in _parameters(function)}
    wants_task = "task" in names
    hints, at = _hints(function), home()

    def call(text: str) -> str:
        given = json.loads(text)
        options = cast("dict[str, Any]", given.pop("with") or {})
        named = {names.get(key, key.replace("-", "_")): value for key, value in options.items()}
        try:
            named = {name: _schema.build(hints.get(name, Any), value) for name, value in named.items()}
            if wants_task:
                named["task"] = Task(**{**given, "devices": tuple(given["devices"])})
            output = finished(function(**named), at)
            return json.dumps({"output": _plain(output)}, ensure_ascii=False, allow_nan=False)
        except StepError as error:
            return json.dumps({"class": error.kind, "message": str(error)})
        except Exception as error:  # noqa: BLE001 - whatever it is, the step has failed by it
            kind = type(error).__name__
            return json.dumps({"class": kind, "message": f"{kind}: {error}"})

    return call


def _plain(value: Any) -> Any:
    """A value as JSON has it, data classes, models of pydantic and answers too."""
    import dataclasses

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    dump = getattr(value, "model_dump", None)
    return dump() if callable(dump) else value
