"""Tools: Python functions that a model may call, with the schema of their type hints."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from . import _schema
from ._callables import name_of
from ._loop import Home, finished, home

P = ParamSpec("P")
T = TypeVar("T")


class Tool(Generic[P, T]):
    """A function that a model may call; still a function for everybody else. Made by :func:`tool`.

    A tool in a class is a method as others are: that of an object is a tool whose ``self`` is given already.

    Examples
    --------
    >>> import botsmith as bs
    >>> class Shop:
    ...     def __init__(self, prices):
    ...         self.prices = prices
    ...     @bs.tool
    ...     def price(self, of: str) -> float:
    ...         '''What something costs.'''
    ...         return self.prices[of]
    >>> shop = Shop({"tea": 2.5})
    >>> shop.price("tea"), list(shop.price.parameters["properties"])
    (2.5, ['of'])
    """

    def __init__(self, function: Callable[P, T], name: str | None, description: str | None) -> None:
        if not callable(function) and not isinstance(function, classmethod | staticmethod):
            raise TypeError(f"a tool is a callable, not {type(function).__name__}")
        inner = _schema.unwrapped(function)
        functools.update_wrapper(self, inner)
        self.function = function
        self.name: str = name or name_of(inner)
        words = inspect.getdoc(inner) or ""
        self.description: str | None = description or words.partition("\n\n")[0] or None
        self.parameters: dict[str, Any] = _schema.of_function(function)
        self._said = (name, description)
        self._hints = _schema.hints_of(function)
        self._home = home()

    def __set_name__(self, owner: type, _: str) -> None:
        # In a class the first parameter is the object, which nobody says.
        self.parameters = _schema.of_function(self.function, method=not isinstance(self.function, staticmethod))

    def __get__(self, thing: Any, owner: type | None = None) -> Any:
        bind = getattr(type(self.function), "__get__", None)
        if bind is None or (thing is None and not isinstance(self.function, classmethod | staticmethod)):
            return self
        return Tool(bind(self.function, thing, owner), *self._said)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.function(*args, **kwargs)

    @property
    def spec(self) -> dict[str, Any]:
        """Name, description and JSON Schema of the parameters, as a model sees them."""
        return {"name": self.name, "description": self.description, "parameters": self.parameters}

    def call_json(self, arguments: str, *, at: Home | None = None) -> str:
        """Calls it with arguments of JSON; gives a text, or JSON of what is none. Coroutines run at `at`."""
        given = json.loads(arguments)
        named = {name: _schema.build(self._hints.get(name, Any), value) for name, value in given.items()}
        result = finished(self.function(**named), at or self._home)  # type: ignore[call-arg]
        return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=_shown)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        # A decorated function goes by its name, as functions do.
        name, module = getattr(self.function, "__qualname__", ""), getattr(self.function, "__module__", "")
        if name and getattr(sys.modules.get(module), name, None) is self:
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


def tools(given: Iterable[Callable[..., Any]]) -> tuple[Tool[..., Any], ...]:
    """Callables as tools; no two may have one name, for a model says only that."""
    found = tuple(cast("Tool[..., Any]", one if isinstance(one, Tool) else tool(one)) for one in given)
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two tools are named {name!r}: give one of them another by bs.tool(name=…)")
    return found


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
