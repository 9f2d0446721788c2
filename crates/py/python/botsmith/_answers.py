"""What callables in the place of bots and providers may give, as the response that Rust reads.

A text; a mapping with ``text`` or ``content``; an object with one of these (LangChain's messages,
OpenAI's completions); a list with one of them (the pipelines of transformers); a generator or async generator of
pieces of a text, or what clients stream; ``None`` is no answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ._loop import Home

#: Keys and attributes that hold the text, the likeliest first.
_TEXT = ("text", "content", "output_text", "generated_text", "summary_text", "translation_text", "answer",
         "output", "result", "response", "message")

#: The most characters that pieces may be together.
_LONGEST = 1 << 26

#: Keys of a response of Rust that a mapping may bring along.
_MORE = ("refusal", "cost", "model", "reasoning", "tool_calls", "finish")


class Refused(Exception):
    """Raised by a bot or provider that declines: the answer is then a refusal, no failure and no score.

    Examples
    --------
    >>> import botsmith as bs
    >>> def careful(question):
    ...     raise bs.Refused("I do not give medical advice.")
    >>> run = bs.evaluate(bots=careful, dataset=[{"input": "?"}], evaluators=["words"])
    >>> run.bots[0].refused
    1
    """


def response(reply: Any) -> str:
    """The response as JSON."""
    return json.dumps(_response(reply), ensure_ascii=False, default=str)


def _response(reply: Any) -> dict[str, Any]:
    if isinstance(reply, str):
        return {"text": reply}
    if isinstance(reply, Mapping):
        mapping = cast("Mapping[str, Any]", reply)
        found: dict[str, Any] = {"text": text_of(mapping)}
        found.update({key: mapping[key] for key in _MORE if mapping.get(key) is not None})
        usage = _usage(mapping.get("usage"))
        if usage:
            found["usage"] = usage
        return found
    found = {"text": text_of(reply)}
    usage = _usage(getattr(reply, "usage", None) or getattr(reply, "usage_metadata", None))
    if usage:
        found["usage"] = usage
    return found


def _usage(usage: Any) -> dict[str, int] | None:
    """Tokens, by any of the words that are in use for them."""
    if usage is None:
        return None
    get = usage.get if isinstance(usage, Mapping) else lambda name: getattr(usage, name, None)
    words = {
        "input_tokens": ("input_tokens", "prompt_tokens"),
        "output_tokens": ("output_tokens", "completion_tokens"),
    }
    found: dict[str, int] = {}
    for name, others in words.items():
        count = next((value for value in map(get, others) if isinstance(value, int)), None)
        if count is not None:
            found[name] = count
    return found or None


def text_of(reply: Any) -> str:
    """The text of whatever a callable gave."""
    if isinstance(reply, str):
        return reply
    if reply is None:
        raise ValueError("the callable gave None; a text is wanted")
    if isinstance(reply, Mapping):
        mapping = cast("Mapping[str, Any]", reply)
        for key in _TEXT:
            if mapping.get(key) is not None:
                return text_of(mapping[key])
        if mapping.get("choices"):
            return text_of(mapping["choices"])
        raise ValueError(f"no text in the keys {sorted(map(str, mapping))}; `text` is wanted")
    if isinstance(reply, Sequence) and not isinstance(reply, bytes | bytearray):
        parts = cast("Sequence[Any]", reply)
        if not parts:
            raise ValueError("the callable gave an empty list; a text is wanted")
        return _of_list(parts)
    if isinstance(reply, bool | int | float):
        return str(reply)
    choices = getattr(reply, "choices", None)
    if choices:
        return text_of(choices)
    for name in _TEXT:
        value = getattr(reply, name, None)
        if value is not None and not callable(value):
            return text_of(value)
    raise ValueError(f"no text in a {type(reply).__name__}; a text, or something with `.text`, is wanted")


def comes_in_pieces(reply: Any) -> bool:
    """Whether it is a generator, an async generator, or another iterator: of pieces of a text."""
    return hasattr(type(reply), "__anext__") or hasattr(type(reply), "__next__")


def text_in_pieces(reply: Any, piece: Callable[[str], bool] | None, home: Home) -> str:
    """The text of an iterator's pieces, each of which goes to `piece` as it comes."""
    if hasattr(type(reply), "__anext__"):
        return cast("str", home.wait(_async_pieces(reply, piece)))
    joined = _Joined(piece)
    try:
        for chunk in reply:
            if not joined.takes(chunk):
                break
    finally:
        close = getattr(reply, "close", None)
        if callable(close):
            close()
    return joined.text()


async def _async_pieces(reply: Any, piece: Callable[[str], bool] | None) -> str:
    joined = _Joined(piece)
    try:
        async for chunk in reply:
            if not joined.takes(chunk):
                break
    finally:
        close = getattr(reply, "aclose", None)
        if callable(close):
            await cast("Any", close())
    return joined.text()


class _Joined:
    """Pieces on their way to whoever reads them, and the whole."""

    def __init__(self, piece: Callable[[str], bool] | None) -> None:
        self._piece, self._parts, self._size = piece, cast("list[str]", []), 0

    def takes(self, chunk: Any) -> bool:
        """Takes a piece; whether another is wanted."""
        text = piece_of(chunk)
        if not text:
            return True
        self._size += len(text)
        if self._size > _LONGEST:
            raise ValueError(f"the pieces are more than {_LONGEST} characters together")
        self._parts.append(text)
        return self._piece is None or self._piece(text)

    def text(self) -> str:
        """The whole."""
        if not self._parts:
            raise ValueError("the callable gave no piece of a text")
        return "".join(self._parts)


def piece_of(chunk: Any) -> str:
    """The text of a piece: a text, what OpenAI's client streams, or whatever else has a text."""
    if isinstance(chunk, str):
        return chunk
    if chunk is None:
        return ""
    choices = _of(chunk, "choices")
    if isinstance(choices, Sequence) and not isinstance(choices, str):
        # A chunk without choices tells of usage alone.
        delta = _of(choices[0], "delta") if choices else None
        if delta is not None or not choices:
            return text_of(_of(delta, "content") or "")
    return text_of(chunk)


def _of(thing: Any, name: str) -> Any:
    if isinstance(thing, Mapping):
        return cast("Mapping[str, Any]", thing).get(name)
    return getattr(thing, name, None)


def _of_list(parts: Sequence[Any]) -> str:
    """Parts of a message together; of a conversation its last message, of several answers the first."""
    kinds = [part.get("type") if isinstance(part, Mapping) else None for part in parts]
    if any(kinds):
        return "\n".join(text_of(p) for p, kind in zip(parts, kinds, strict=True) if kind == "text")
    last = parts[-1]
    role = last.get("role") if isinstance(last, Mapping) else getattr(last, "type", None)
    return text_of(last if role is not None else parts[0])
