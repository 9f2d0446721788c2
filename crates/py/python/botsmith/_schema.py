"""JSON Schema of Python's types, and values of these types from JSON.

Type hints of functions (tools), dataclasses, pydantic models, enums, literals, typed dictionaries and the
usual containers; what has no hint may be anything.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
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
    """The schema of a type; what is part of itself stands under ``$defs``."""
    schemas = _Schemas()
    return schemas.whole(schemas.of(hint))


class _Schemas:
    """The schemas of one document. A class is written where it stands; one that is met again inside of itself, and
    what pydantic names, is written once and referred to."""

    def __init__(self) -> None:
        self._open: list[type] = []
        self._names: dict[type, str] = {}
        self._defs: dict[str, Any] = {}

    def whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with the definitions that it refers to. Its root is never a reference, which some providers
        would not take."""
        if not self._defs:
            return schema
        name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        root = {**self._defs[name], **schema} if name in self._defs else dict(schema)
        root.pop("$ref", None)
        return {**root, "$defs": self._defs}

    def of(self, hint: Any) -> dict[str, Any]:
        """The schema of a type, in its place."""
        if hint in (Any, inspect.Parameter.empty):
            return {}
        if isinstance(hint, Mapping):
            return dict(cast("Mapping[str, Any]", hint))
        if hint in _PLAIN:
            return dict(_PLAIN[hint])
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is typing.Annotated:
            schema = self.of(arguments[0])
            words = next((word for word in arguments[1:] if isinstance(word, str)), None)
            return schema if words is None else {**schema, "description": words}
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.of(argument) for argument in arguments]}
        if origin is tuple and arguments and arguments[-1] is not Ellipsis:
            items = [self.of(argument) for argument in arguments]
            return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            more = self.of(arguments[1]) if len(arguments) == 2 else {}
            return {"type": "object", "additionalProperties": more or True}
        if isinstance(origin, type) and issubclass(origin, (Sequence, set, frozenset)):
            return {"type": "array", "items": self.of(arguments[0]) if arguments else {}}
        if isinstance(hint, type):
            return self._of_class(hint)
        raise TypeError(f"no JSON Schema is known for {hint!r}")

    def _of_class(self, kind: type) -> dict[str, Any]:
        if issubclass(kind, enum.Enum):
            return {"enum": [member.value for member in kind]}
        if callable(getattr(kind, "model_json_schema", None)):
            return self._of_pydantic(kind)
        if kind in self._open:
            name = self._names.setdefault(kind, self._free(kind.__name__))
            # Its place is kept until it is known.
            self._defs.setdefault(name, {})
            return {"$ref": f"#/$defs/{name}"}
        if kind in self._names:
            return {"$ref": f"#/$defs/{self._names[kind]}"}
        self._open.append(kind)
        try:
            schema = self._of_fields(kind)
        finally:
            self._open.pop()
        if kind not in self._names:
            return schema
        self._defs[self._names[kind]] = schema
        return {"$ref": f"#/$defs/{self._names[kind]}"}

    def _of_fields(self, kind: type) -> dict[str, Any]:
        if dataclasses.is_dataclass(kind):
            hints = hints_of(kind)
            fields = [field for field in dataclasses.fields(kind) if field.init]
            required = [
                field.name
                for field in fields
                if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            ]
            return _object({field.name: self.of(hints[field.name]) for field in fields}, required)
        if typing.is_typeddict(kind):
            hints = hints_of(kind)
            required = sorted(cast("frozenset[str]", getattr(kind, "__required_keys__", frozenset())))
            return _object({name: self.of(hint) for name, hint in hints.items()}, required)
        raise TypeError(f"no JSON Schema is known for {kind.__name__}: a dataclass or a pydantic model has one")

    def _of_pydantic(self, kind: Any) -> dict[str, Any]:
        """Its own schema, whose definitions move to the root, where its references look for them."""
        if kind in self._names:
            return {"$ref": f"#/$defs/{self._names[kind]}"}
        plain = kind.model_json_schema()
        clash = any(self._defs.get(name, made) != made for name, made in plain.get("$defs", {}).items())
        prefix = f"{self._free(kind.__name__)}." if clash else ""
        schema: dict[str, Any] = kind.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
        self._defs.update({prefix + name: made for name, made in schema.pop("$defs", {}).items()})
        return schema

    def _free(self, name: str) -> str:
        taken, new = {*self._defs, *self._names.values()}, name
        while new in taken:
            new += "_"
        return new


def unwrapped(function: Any) -> Any:
    """The function under partial applications, class methods and static methods."""
    while True:
        if isinstance(function, functools.partial):
            function = cast("functools.partial[Any]", function).func
        elif isinstance(function, classmethod | staticmethod):
            function = cast("Any", function).__func__
        else:
            return function


def hints_of(thing: Any) -> dict[str, Any]:
    """The type hints of a class, a function, or an object that is called."""
    inner = unwrapped(thing)
    if not isinstance(inner, type) and not hasattr(inner, "__annotations__") and callable(inner):
        # An object with a call of its own; what is made in C has no hints.
        inner = inner.__call__
    try:
        return typing.get_type_hints(inner, include_extras=True)
    except NameError as error:
        name = getattr(inner, "__qualname__", repr(inner))
        raise TypeError(f"a type hint of {name} cannot be resolved ({error}): define it at the top of a module") from error
    except TypeError:
        return {}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": required, "additionalProperties": False,
    }


def of_function(function: Any, *, method: bool = False) -> dict[str, Any]:
    """The schema of a function's parameters; words about them are taken of its docstring. What a partial application
    has given already is no parameter, nor is the object of a `method`."""
    hints, schemas = hints_of(function), _Schemas()
    about = _about(inspect.getdoc(unwrapped(function)) or "")
    given: set[str] = set(function.keywords) if isinstance(function, functools.partial) else set()
    callable_ = cast("Any", function).__func__ if isinstance(function, classmethod | staticmethod) else function
    properties: dict[str, Any] = {}
    required: list[str] = []
    parameters = list(inspect.signature(callable_).parameters.items())
    for name, parameter in parameters[1:] if method else parameters:
        if name in given:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"a tool's parameters have names that may be said; `{name}` has none")
        schema = schemas.of(hints.get(name, Any))
        if name in about and "description" not in schema:
            schema["description"] = about[name]
        if parameter.default is parameter.empty:
            required.append(name)
        properties[name] = schema
    return schemas.whole(_object(properties, required))


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
    if origin is tuple and arguments and arguments[-1] is not Ellipsis and isinstance(value, list):
        return tuple(build(kind, item) for kind, item in zip(arguments, cast("list[Any]", value), strict=True))
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
        return _built_dataclass(hint, value)
    if hint in (datetime.datetime, datetime.date):
        return hint.fromisoformat(value)
    if hint is float and isinstance(value, int):
        return float(value)
    return value


def _built_dataclass(kind: Any, value: Mapping[str, Any]) -> Any:
    """A dataclass from a mapping. Fields that it fills in by itself are not taken from outside."""
    hints = hints_of(kind)
    own = {field.name for field in dataclasses.fields(kind) if not field.init}
    return kind(**{name: build(hints.get(name, Any), item) for name, item in value.items() if name not in own})
