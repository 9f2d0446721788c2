"""The same with awaitables and async iterators, for any running loop, Jupyter's too.

Work goes on in threads of Rust; cancelling a task stops it there.

Examples
--------
>>> import asyncio
>>> import botsmith as bs
>>> async def main():
...     bot = bs.aio.Bot(provider=str.upper)
...     return (await bot.ask("ahoy")).text, [piece async for piece in bot.stream("ho")]
>>> asyncio.run(main())
('AHOY', ['HO', '\\n'])
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterable
from typing import Any

from . import _bots, _eval, _hone, _native, flow, nlp
from ._aio_models import ChatStream, CrossEncoder, Embedder, Model
from ._run import Run
from ._threads import awaited as _run
from ._values import Answer

__all__ = [
    "Bot",
    "ChatStream",
    "CrossEncoder",
    "Embedder",
    "Model",
    "Session",
    "Stream",
    "Workflow",
    "annotate",
    "evaluate",
    "hone",
    "pipe",
]


@functools.wraps(_eval.evaluate)
async def evaluate(*args: Any, **kwargs: Any) -> Run:
    """As :func:`botsmith.evaluate`."""
    stop = _native.Stop()
    return await _run(stop, functools.partial(_eval.evaluate, *args, stop=stop, **kwargs))


@functools.wraps(_hone.hone)
async def hone(*args: Any, **kwargs: Any) -> _hone.Honing:
    """As :func:`botsmith.hone`; a cancelled task stops it, and it goes on when it is begun again."""
    stop = _native.Stop()
    return await _run(stop, functools.partial(_hone.hone, *args, stop=stop, **kwargs))


async def annotate(pipeline: nlp.Pipeline, text: str, *, given: nlp.Given = "nothing") -> Any:
    """Annotates one text."""
    return await _run(None, functools.partial(pipeline, text, given=given))


async def pipe(
    pipeline: nlp.Pipeline, texts: Iterable[str], *, batch_size: int = 256, threads: int = 0
) -> AsyncIterator[Any]:
    """Annotates many texts, in order, batch after batch."""
    docs = pipeline.pipe(texts, batch_size=batch_size, threads=threads)
    while True:
        batch = await _run(None, lambda: [doc for _, doc in zip(range(batch_size), docs, strict=False)])
        for doc in batch:
            yield doc
        if len(batch) < batch_size:
            return


class Bot(_bots.Bot):
    """As :class:`botsmith.Bot`; :meth:`ask` is awaited, :meth:`stream` iterated over with ``async for``."""

    async def ask(  # type: ignore[override]
        self, question: _bots.Question, *, timeout: float | None = None, stop: Any = None
    ) -> Answer:
        """Answers a question, and remembers nothing."""
        stop = stop if stop is not None else _native.Stop()
        call = functools.partial(super().ask, question, timeout=timeout, stop=stop)
        return await _run(stop, call)

    async def __call__(  # type: ignore[override]
        self, question: _bots.Question, *, timeout: float | None = None
    ) -> str:
        """The text of the answer alone."""
        return (await self.ask(question, timeout=timeout)).text

    def stream(self, question: str, *, timeout: float | None = None, stop: Any = None) -> Stream:  # type: ignore[override]
        """The answer piece by piece."""
        return self.session().stream(question, timeout=timeout, stop=stop)

    def session(self, *args: Any, **kwargs: Any) -> Session:
        """A conversation that is remembered."""
        found = super().session(*args, **kwargs)
        return Session(found.bot, found._native)


class Session(_bots.Session):
    """As :class:`botsmith.Session`, with awaitables."""

    async def ask(self, question: str, *, timeout: float | None = None, stop: Any = None) -> Answer:  # type: ignore[override]
        """One turn."""
        stop = stop if stop is not None else _native.Stop()
        return await _run(stop, functools.partial(super().ask, question, timeout=timeout, stop=stop))

    def stream(self, question: str, *, timeout: float | None = None, stop: Any = None) -> Stream:  # type: ignore[override]
        """One turn, piece by piece."""
        return Stream(super().stream(question, timeout=timeout, stop=stop))


class Stream:
    """An answer as it comes, for ``async for``; ``answer`` is there at its end."""

    def __init__(self, stream: _bots.Stream) -> None:
        self._stream = stream

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> str:
        piece = await _run(self, lambda: next(self._stream, None))
        if piece is None:
            raise StopAsyncIteration
        return piece

    @property
    def answer(self) -> Answer | None:
        """The whole answer."""
        return self._stream.answer

    def set(self) -> None:
        """Stops the bot."""
        self._stream.close()

    async def aclose(self) -> None:
        """Stops the bot."""
        self._stream.close()


class Workflow(flow.Workflow):
    """As :class:`botsmith.flow.Workflow`; :meth:`run` is awaited. A cancelled task stops its worker, and the run
    goes on when it is run again under its id."""

    async def run(self, **options: Any) -> flow.FlowRun:  # type: ignore[override]
        """Starts a run and works on it here, until it has ended or waits for somebody."""
        stop = _native.Stop()
        return await _run(stop, functools.partial(super().run, stop=stop, **options))
