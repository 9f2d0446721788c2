"""JSON Schema of Python's types, and values of these types from JSON.

Type hints of functions (tools), dataclasses, pydantic models, enums, literals, typed dictionaries and the
usual containers; what has no hint may be anything.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union, cast, get_args, get_origin

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
    dict: {"type": "object"},
    list: {"type": "array"},
    tuple: {"type": "array"},
}


def of_type(hint: Any) -> dict[str, Any]:
    """The schema of a type."""
    if hint in (Any, inspect.Parameter.empty):
        return {}
    if isinstance(hint, Mapping):
        return dict(cast("Mapping[str, Any]", hint))
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:
        schema = of_type(arguments[0])
        words = next((word for word in arguments[1:] if isinstance(word, str)), None)
        return schema if words is None else {**schema, "description": words}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [of_type(argument) for argument in arguments]}
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        items = [of_type(argument) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        more = of_type(arguments[1]) if len(arguments) == 2 else {}
        return {"type": "object", "additionalProperties": more or True}
    if isinstance(origin, type) and issubclass(origin, (Sequence, set, frozenset)):
        return {"type": "array", "items": of_type(arguments[0]) if arguments else {}}
    if isinstance(hint, type):
        return _of_class(hint)
    raise TypeError(f"no JSON Schema is known for {hint!r}")


def _of_class(kind: type) -> dict[str, Any]:
    if issubclass(kind, enum.Enum):
        return {"enum": [member.value for member in kind]}
    schema = getattr(kind, "model_json_schema", None)
    if callable(schema):
        return cast("dict[str, Any]", schema())
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        fields = [field for field in dataclasses.fields(kind) if field.init]
        required = [
            field.name
            for field in fields
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        ]
        return _object({field.name: of_type(hints[field.name]) for field in fields}, required)
    if typing.is_typeddict(kind):
        hints = typing.get_type_hints(kind)
        required = sorted(cast("frozenset[str]", getattr(kind, "__required_keys__", frozenset())))
        return _object({name: of_type(hint) for name, hint in hints.items()}, required)
    raise TypeError(f"no JSON Schema is known for {kind.__name__}: a dataclass or a pydantic model has one")


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": required, "additionalProperties": False,
    }


def of_function(function: Callable[..., Any]) -> dict[str, Any]:
    """The schema of a function's parameters; words about them are taken of its docstring."""
    hints = typing.get_type_hints(function, include_extras=True)
    about = _about(inspect.getdoc(function) or "")
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"a tool's parameters have names that may be said; `{name}` has none")
        schema = of_type(hints.get(name, Any))
        if name in about and "description" not in schema:
            schema["description"] = about[name]
        if parameter.default is parameter.empty:
            required.append(name)
        properties[name] = schema
    return _object(properties, required)


def _about(words: str) -> dict[str, str]:
    """Words about parameters in a numpy-style or Google-style docstring."""
    found: dict[str, str] = {}
    numpy = re.search(r"Parameters\n-+\n(.*?)(?:\n\n\w+\n-+|\Z)", words, re.S)
    if numpy:
        for match in re.finditer(r"^(\w+)(?: *:.*)?\n((?:[ \t]+.*\n?)+)", numpy[1], re.M):
            found[match[1]] = " ".join(match[2].split())
    google = re.search(r"Args:\n(.*?)(?:\n\n|\Z)", words, re.S)
    if google:
        for match in re.finditer(r"^[ \t]+(\w+)(?: *\(.*?\))?: *(.*)$", google[1], re.M):
            found[match[1]] = match[2].strip()
    return found


def build(hint: Any, value: Any) -> Any:
    """A value of a type from JSON that fits its schema."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:
        return build(arguments[0], value)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        kinds = [argument for argument in arguments if argument is not type(None)]
        for kind in kinds[:-1]:
            try:
                return build(kind, value)
            except (TypeError, ValueError, KeyError):
                continue
        return build(kinds[-1], value)
    if origin in (list, tuple, set, frozenset, Sequence) and arguments and isinstance(value, list):
        items = [build(arguments[0], item) for item in cast("list[Any]", value)]
        return items if origin in (list, Sequence) else cast("Any", origin)(items)
    if origin in (dict, Mapping) and len(arguments) == 2 and isinstance(value, dict):
        return {key: build(arguments[1], item) for key, item in cast("dict[str, Any]", value).items()}
    if not isinstance(hint, type):
        return value
    validate = getattr(hint, "model_validate", None)
    if callable(validate):
        return validate(value)
    if issubclass(hint, enum.Enum):
        return hint(value)
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return hint(**{name: build(hints[name], item) for name, item in value.items()})
    if hint in (datetime.datetime, datetime.date):
        return hint.fromisoformat(value)
    if hint is float and isinstance(value, int):
        return float(value)
    return value
