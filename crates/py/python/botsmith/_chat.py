"""What a model of this machine answers: immutable, equal by content, picklable."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from . import _schema
from ._values import Usage

__all__ = ["ChatResponse", "Sampling", "TokenLogprob"]


class Sampling(TypedDict, total=False):
    """How tokens are chosen. What is not given is as the model's makers recommend; the seed is then 0."""

    max_tokens: int | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    min_p: float | None
    seed: int | None
    stop: str | list[str] | None
    repetition_penalty: float | None
    repeat_last_n: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    logit_bias: Mapping[int, float] | None
    think: bool | None
    chat_template_kwargs: Mapping[str, Any] | None


@dataclass(frozen=True)
class TokenLogprob:
    """A token of an answer: its text, the natural logarithm of the probability that the model gave it, and the
    likeliest tokens at its place with theirs, as many as were asked for."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class ChatResponse:
    """A whole answer of a :class:`Model`.

    ``reasoning`` is what the model thought aloud, ``tool_calls`` are calls that it wants made (``id``, ``name``,
    ``arguments`` as JSON text). ``value`` is the answer as data where a schema held it and it came to its end.
    """

    text: str
    finish: Literal["stop", "length", "tool-calls", "content-filter", "other"] = "stop"
    reasoning: str | None = None
    usage: Usage = Usage()
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    value: Any = field(default=None, hash=False)
    model: str = ""

    @classmethod
    def of_json(cls, text: str, schema: Any = None) -> ChatResponse:
        """From what Rust says of it."""
        row = json.loads(text)
        value = None
        if schema is not None and row["finish"] == "stop" and not row.get("tool_calls"):
            value = json.loads(row["text"])
            value = value if isinstance(schema, Mapping) else _schema.build(schema, value)
        return cls(
            text=row["text"],
            finish=row["finish"],
            reasoning=row.get("reasoning"),
            usage=Usage(**(row.get("usage") or {})),
            logprobs=tuple(_logprob(one) for one in row.get("logprobs", ())),
            tool_calls=tuple(row.get("tool_calls", ())),
            value=value,
            model=row["model"],
        )

    @property
    def message(self) -> dict[str, Any]:
        """The answer as the next message of its conversation."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.tool_calls:
            message["tool_calls"] = [dict(call) for call in self.tool_calls]
        return message

    def __str__(self) -> str:
        return self.text


def _logprob(row: Mapping[str, Any]) -> TokenLogprob:
    top = tuple((token, _finite(value)) for token, value in row.get("top", ()))
    return TokenLogprob(row["token"], _finite(row["logprob"]), top)


def _finite(value: float | None) -> float:
    # JSON has no infinity.
    return -math.inf if value is None else value
