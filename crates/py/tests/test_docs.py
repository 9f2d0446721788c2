"""Every public function and main class shows how it is used, by an example that runs."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
from typing import Any

import pytest

from botsmith import _native
from test_hostile import public_modules

#: What is made by a function that has the example, or needs a model's weights, which no example can bring along.
EXCUSED = {
    "botsmith.ChatStream": "made by Model.stream",
    "botsmith.aio.ChatStream": "made by aio.Model.stream",
    **{f"botsmith.aio.{name}": f"as botsmith.{name}, awaited" for name in ("Model", "Embedder", "CrossEncoder")},
    "botsmith.online.Bandit": "takes versions that passed a gate, which hundreds of answers make",
}


def is_value(thing: Any) -> bool:
    """Data classes, exceptions, typed dictionaries and aliases: they are given, not made."""
    if not isinstance(thing, type):
        return not inspect.isroutine(thing) and not hasattr(thing, "corpus")
    return dataclasses.is_dataclass(thing) or issubclass(thing, BaseException | dict)


#: Data classes that users make themselves.
MADE = {"botsmith.Evaluator", "botsmith.Score"}


def public() -> dict[str, Any]:
    """Functions and classes of `__all__`, by their names; each once."""
    found: dict[str, Any] = {}
    for module in public_modules():
        for name in module.__all__:
            thing = getattr(module, name)
            place = f"{module.__name__}.{name}"
            if callable(thing) and (place in MADE or not is_value(thing)):
                found[place] = thing
    return found


@pytest.mark.parametrize("name", sorted(set(public()) - set(EXCUSED)))
def test_every_public_function_and_class_has_an_example(name: str) -> None:
    words = inspect.getdoc(public()[name]) or ""
    assert ">>> " in words, f"{name} has no example"


@pytest.mark.parametrize("name", sorted(public()))
def test_parameters_of_public_functions_are_said(name: str) -> None:
    thing = public()[name]
    if not inspect.isfunction(thing):
        return
    parameters = [p for p in inspect.signature(thing).parameters if p not in ("threads", "stop", "k")]
    if parameters:
        assert "Parameters\n---" in (inspect.getdoc(thing) or ""), f"{name} does not say {parameters}"


def test_nothing_is_excused_that_has_an_example_or_is_gone() -> None:
    for name in EXCUSED:
        assert ">>> " not in (inspect.getdoc(public()[name]) or ""), name


@pytest.mark.parametrize("kind", [_native.Doc, _native.Sentence, _native.Token, _native.Word])
def test_examples_of_native_classes_run(kind: type) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(kind) or "")
    assert examples
    failed: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    test = doctest.DocTest(examples, {}, kind.__name__, None, 0, None)
    runner.run(test, out=failed.append)
    assert not failed, "".join(failed)
