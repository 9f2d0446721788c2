"""Python callables as Rust calls them: a text of JSON in, a text out.

A bot is called with the words of the user, or with what its parameters name: ``messages`` is the whole
conversation. An evaluator is called with what its parameters name, see :data:`GIVES`. Coroutines are
waited for.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ._answers import comes_in_pieces, response, text_in_pieces
from ._loop import finished, home

#: The parameters that an evaluator may have, and what each is given.
GIVES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "answer": lambda s: s["text"],
    "text": lambda s: s["text"],
    "output": lambda s: s["text"],
    "prediction": lambda s: s["text"],
    "candidate": lambda s: s["text"],
    "reference": lambda s: s["references"][0] if s["references"] else None,
    "expected": lambda s: s["references"][0] if s["references"] else None,
    "target": lambda s: s["references"][0] if s["references"] else None,
    "references": lambda s: s["references"],
    "input": lambda s: s["case"].get("input"),
    "question": lambda s: s["case"].get("input"),
    "prompt": lambda s: s["case"].get("input"),
    "context": lambda s: s["case"].get("context", []),
    "tags": lambda s: s["case"].get("tags", []),
    "case": lambda s: s["case"],
    "vars": lambda s: s["case"].get("vars", {}),
    "whole": lambda s: s["answer"],
}

#: What parameters of other names are given, in order.
_BY_PLACE = ("answer", "reference", "input")


def name_of(thing: Any) -> str:
    """A readable name of a callable."""
    name = getattr(thing, "__name__", None) or getattr(thing, "name", None)
    if isinstance(thing, functools.partial) and name is None:
        return name_of(cast("functools.partial[Any]", thing).func)
    if not isinstance(name, str):
        name = type(thing).__name__
    return "function" if name == "<lambda>" else name


def called(thing: Any) -> Callable[..., Any]:
    """What is called of a callable, or of a chain with ``ainvoke`` or ``invoke`` (LangChain)."""
    if callable(thing):
        return cast("Callable[..., Any]", thing)
    for name in ("ainvoke", "invoke", "ask", "predict"):
        method: Callable[..., Any] | None = getattr(thing, name, None)
        if callable(method):
            return method
    raise TypeError(
        f"a bot is a callable, a Bot, the path of a cartridge or a mapping; {thing!r} is none of them"
    )


def revision(version: str | None) -> str:
    """What tells one state of a function from another: its version, or a number that never comes again."""
    return version if version is not None else os.urandom(16).hex()


def bot(thing: Any) -> Callable[..., str]:
    """A bot or provider: a request as JSON in, a response as JSON out. What it gives in pieces goes to `piece`, which
    says whether more are wanted."""
    call, at = called(thing), home()
    parameters = _parameters(call)
    wants_messages = "messages" in parameters
    wants_request = "request" in parameters

    def said(request: Any) -> Any:
        messages = request["messages"]
        if wants_request:
            return call(request=request)
        if wants_messages:
            return call(messages=messages)
        users = [m for m in messages if m["role"] == "user"]
        return call(_words(users[-1]["content"] if users else ""))

    def answer(text: str, piece: Callable[[str], bool] | None = None) -> str:
        reply = finished(said(json.loads(text)), at)
        if comes_in_pieces(reply):
            reply = text_in_pieces(reply, piece, at)
        return response(reply)

    return answer


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = cast("list[Any]", content)
    return "\n".join(part["text"] for part in parts if isinstance(part, Mapping) and "text" in part)


def _parameters(call: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(call).parameters)
    except (TypeError, ValueError):
        # Something of C says nothing of its parameters.
        return {}


def evaluator(call: Callable[..., Any]) -> Callable[[str], str]:
    """An evaluator: a subject as JSON in, a verdict as JSON out."""
    at = home()
    places: list[str] = []
    names: list[str] = []
    left = list(_BY_PLACE)
    for name, parameter in _parameters(call).items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name in GIVES:
            if parameter.kind is parameter.POSITIONAL_ONLY:
                places.append(name)
            else:
                names.append(name)
        elif parameter.default is parameter.empty:
            if not left or parameter.kind is parameter.KEYWORD_ONLY:
                known = ", ".join(GIVES)
                raise TypeError(f"the evaluator's parameter `{name}` is none of {known}")
            places.append(left.pop(0))
    if not places and not names:
        places.append("answer")

    def judge(text: str) -> str:
        subject = json.loads(text)
        given = [GIVES[name](subject) for name in places]
        named = {name: GIVES[name](subject) for name in names}
        return json.dumps(verdict(finished(call(*given, **named), at)))

    return judge


@dataclass(frozen=True)
class Score:
    """What an evaluator makes of an answer, where a bare number or truth value is not enough.

    Parameters
    ----------
    value : float
        The value.
    passed : bool, optional
        Pass or fail; without it the suite's threshold decides, if there is one.
    explanation : str, optional
        Why, in one line.

    Examples
    --------
    >>> import botsmith as bs
    >>> def brief(answer):
    ...     words = len(answer.split())
    ...     return bs.Score(1 / words, passed=words < 3, explanation=f"{words} words")
    >>> run = bs.evaluate(bots=str.upper, dataset=[{"input": "one two"}], evaluators=[brief], progress=False)
    >>> next(iter(run)).answers[0].scores["brief"].explanation
    '2 words'
    """

    value: float
    passed: bool | None = None
    explanation: str | None = None


def verdict(given: Any) -> dict[str, Any]:
    """A verdict of Rust: truth values pass or fail, numbers are values, ``None`` is nothing to judge."""
    if given is None:
        return {"skipped": "the function gave None"}
    if isinstance(given, Score):
        return _judged(given.value, given.passed, given.explanation)
    if isinstance(given, Mapping):
        mapping = cast("Mapping[str, Any]", given)
        value = mapping.get("value", mapping.get("score"))
        passed = mapping.get("passed")
        if value is None and passed is None:
            raise ValueError(f"neither `value` nor `passed` in the keys {sorted(map(str, mapping))}")
        why = mapping.get("explanation", mapping.get("reason"))
        return _judged(bool(passed) if value is None else value, passed, why)
    if isinstance(given, tuple):
        value, why = cast("tuple[Any, Any]", given)
        return _judged(value, None, why)
    return _judged(given, None, None)


def _judged(value: Any, passed: bool | None, why: Any) -> dict[str, Any]:
    truth = type(value).__name__ in ("bool", "bool_")
    if passed is None and truth:
        passed = bool(value)
    score: dict[str, Any] = {"value": float(value), "passed": passed if passed is None else bool(passed)}
    if why is not None:
        score["explanation"] = str(why)
    if score["value"] != score["value"] or abs(score["value"]) == float("inf"):
        return {"failed": f"the function gave {value!r}, which is no score"}
    return {"judged": score}
