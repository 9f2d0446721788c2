"""Models of this machine with awaitables; see :mod:`botsmith.aio`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from . import _encoders, _engine, _model
from ._bots import Question
from ._chat import ChatResponse
from ._scores import Scores, TextScore
from ._threads import awaited

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")


async def _stoppable(call: Callable[..., T], *args: Any, cancel: Any = None, **options: Any) -> T:
    """Waits for a call that takes `cancel`: a task that is cancelled stops it."""
    stop = _engine.stopped_by(cancel)
    return await awaited(stop, functools.partial(call, *args, cancel=stop, **options))


class _Loaded:
    """What all models share."""

    @classmethod
    async def load(cls, path: str | os.PathLike[str], **options: Any) -> Self:
        """Loads a model while the loop goes on; takes what the class takes."""
        return await _stoppable(cls, path, **options)


class Model(_Loaded, _model.Model):
    """As :class:`botsmith.Model`, with awaitables; ``await Model.load(path)`` loads it beside the loop."""

    async def chat(self, messages: Question, *, cancel: Any = None, **options: Any) -> ChatResponse:  # type: ignore[override]
        """Answers; takes what :meth:`botsmith.Model.chat` takes."""
        return await _stoppable(super().chat, messages, cancel=cancel, **options)

    def stream(self, messages: Question, *, cancel: Any = None, **options: Any) -> ChatStream:  # type: ignore[override]
        """The answer piece by piece, for ``async for``; takes what :meth:`botsmith.Model.chat` takes."""
        stop = _engine.stopped_by(cancel)
        return ChatStream(functools.partial(super().stream, messages, cancel=stop, **options), stop)

    async def score(  # type: ignore[override]
        self, prompt: Question, continuations: Iterable[str], *, timeout: float | None = None, cancel: Any = None
    ) -> Scores:
        """How likely continuations of a prompt are."""
        return (await self.score_all([(prompt, continuations)], timeout=timeout, cancel=cancel))[0]

    async def score_all(  # type: ignore[override]
        self,
        requests: Iterable[tuple[Question, Iterable[str]]],
        *,
        timeout: float | None = None,
        cancel: Any = None,
    ) -> list[Scores]:
        """The scores of many prompts with their continuations."""
        return await _stoppable(super().score_all, requests, timeout=timeout, cancel=cancel)

    async def score_texts(  # type: ignore[override]
        self, texts: str | Iterable[str], *, timeout: float | None = None, cancel: Any = None
    ) -> TextScore | list[TextScore]:
        """How likely whole texts are."""
        found: TextScore | list[TextScore] = await _stoppable(
            super().score_texts, texts, timeout=timeout, cancel=cancel
        )
        return found


class ChatStream:
    """An answer as it is made, for ``async for``; ``response`` is there at its end. Letting go of it stops the model."""

    def __init__(self, begin: Callable[[], _model.ChatStream], stop: Any) -> None:
        self._begin = begin
        self._stop = stop
        self._stream: _model.ChatStream | None = None

    def __aiter__(self) -> ChatStream:
        return self

    def _next(self) -> str | None:
        if self._stream is None:
            self._stream = self._begin()
        return next(self._stream, None)

    async def __anext__(self) -> str:
        piece = await awaited(self._stop, self._next)
        if piece is None:
            raise StopAsyncIteration
        return piece

    @property
    def response(self) -> ChatResponse | None:
        """The whole answer."""
        return None if self._stream is None else self._stream.response

    async def aclose(self) -> None:
        """Stops the model."""
        self._stop.set()
        if self._stream is not None:
            self._stream.close()

    async def __aenter__(self) -> ChatStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Embedder(_Loaded, _encoders.Embedder):
    """As :class:`botsmith.Embedder`, with awaitables; ``await Embedder.load(path)`` loads it beside the loop."""

    async def embed(self, texts: str | Iterable[str], *, cancel: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """The vectors of texts; takes what :meth:`botsmith.Embedder.embed` takes."""
        return await _stoppable(super().embed, texts, cancel=cancel, **options)

    async def embed_int8(  # type: ignore[override]
        self, texts: Iterable[str], *, cancel: Any = None, **options: Any
    ) -> _encoders.Int8Vectors:
        """The vectors in bytes."""
        return await _stoppable(super().embed_int8, texts, cancel=cancel, **options)


class CrossEncoder(_Loaded, _encoders.CrossEncoder):
    """As :class:`botsmith.CrossEncoder`, with awaitables; ``await CrossEncoder.load(path)`` loads it beside the loop."""

    async def probabilities(self, pairs: Any, *, strict: bool = False, cancel: Any = None) -> Any:  # type: ignore[override]
        """The probability of each class."""
        return await _stoppable(super().probabilities, pairs, strict=strict, cancel=cancel)

    async def logits(self, pairs: Any, *, strict: bool = False, cancel: Any = None) -> Any:  # type: ignore[override]
        """What the model gives before it becomes probabilities."""
        return await _stoppable(super().logits, pairs, strict=strict, cancel=cancel)
