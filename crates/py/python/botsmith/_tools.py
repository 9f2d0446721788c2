"""Tools: Python functions that a model may call, with the schema of their type hints."""

from __future__ import annotations

import functools
import inspect
import json
import sys
import typing
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, overload

from . import _schema
from ._loop import finished

P = ParamSpec("P")
T = TypeVar("T")


class Tool(Generic[P, T]):
    """A function that a model may call; still a function for everybody else. Made by :func:`tool`."""

    def __init__(self, function: Callable[P, T], name: str | None, description: str | None) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name: str = name or function.__name__
        words = inspect.getdoc(function) or ""
        self.description: str | None = description or words.partition("\n\n")[0] or None
        self.parameters: dict[str, Any] = _schema.of_function(function)
        self._hints = typing.get_type_hints(function, include_extras=True)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.function(*args, **kwargs)

    @property
    def spec(self) -> dict[str, Any]:
        """Name, description and JSON Schema of the parameters, as a model sees them."""
        return {"name": self.name, "description": self.description, "parameters": self.parameters}

    def call_json(self, arguments: str) -> str:
        """Calls it with arguments of JSON; gives a text, or JSON of what is none."""
        given = json.loads(arguments)
        named = {name: _schema.build(self._hints.get(name, Any), value) for name, value in given.items()}
        result = finished(self.function(**named))  # type: ignore[call-arg]
        return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=_shown)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        # A decorated function goes by its name, as functions do.
        name = self.function.__qualname__
        if getattr(sys.modules.get(self.function.__module__), name, None) is self:
            return name
        return _again, (self.function, self.name, self.description)


def _again(function: Callable[..., Any], name: str, description: str | None) -> Tool[..., Any]:
    return Tool(function, name, description)


def _shown(value: Any) -> Any:
    import dataclasses

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    dump = getattr(value, "model_dump", None)
    return dump() if callable(dump) else str(value)


@overload
def tool(function: Callable[P, T], /) -> Tool[P, T]: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None
) -> Callable[[Callable[P, T]], Tool[P, T]]: ...
def tool(function: Any = None, /, *, name: str | None = None, description: str | None = None) -> Any:
    """Makes a tool of a function: its type hints are the schema, its docstring says what it does.

    Parameters
    ----------
    name : str, optional
        Its name for the model; that of the function by default.
    description : str, optional
        What it does; the first paragraph of the docstring by default.

    Examples
    --------
    >>> import botsmith as bs
    >>> @bs.tool
    ... def add(a: int, b: int) -> int:
    ...     '''Adds two numbers.'''
    ...     return a + b
    >>> add.parameters["properties"]["a"], add(1, 2)
    ({'type': 'integer'}, 3)
    """
    if function is None:
        return lambda given: Tool(given, name, description)
    return Tool(function, name, description)
