"""The same with awaitables and async iterators, for any running loop, Jupyter's too.

Work goes on in threads of Rust; cancelling a task stops it there. Coroutines of yours (bots, evaluators, tools,
steps) run on the loop that waits, so that clients and sessions made for it serve.

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

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from . import _bots, _eval, _hone, _native, _run as _kept, flow, nlp
from ._aio_models import ChatStream, CrossEncoder, Embedder, Model
from ._loop import Home
from ._run import Run
from ._threads import awaited as _run
from ._values import Answer, Comparison

F = TypeVar("F", bound=Callable[..., Any])

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
    "compare",
    "evaluate",
    "hone",
    "open_run",
    "pipe",
    "runs",
]


def _like(other: Callable[..., Any]) -> Callable[[F], F]:
    """Gives a function the signature of another; its words stay."""

    def made(function: F) -> F:
        setattr(function, "__signature__", inspect.signature(other))
        return function

    return made


@_like(_eval.evaluate)
async def evaluate(*args: Any, **kwargs: Any) -> Run:
    """As :func:`botsmith.evaluate`; a cancelled task stops it.

    Coroutines of bots and evaluators run on the loop that waits.

    Parameters
    ----------
    *args, **kwargs
        What :func:`botsmith.evaluate` takes.

    Examples
    --------
    >>> import asyncio
    >>> from botsmith import aio
    >>> async def shouts(text):
    ...     return text.upper()
    >>> run = asyncio.run(aio.evaluate(
    ...     bots=shouts, dataset=[{"input": "a", "reference": "A"}], evaluators=["equals"], progress=False))
    >>> run.bots[0].scores["equals"].mean
    1.0
    """
    stop = _native.Stop()
    return await _run(stop, functools.partial(_eval.evaluate, *args, stop=stop, **kwargs))


@_like(_hone.hone)
async def hone(*args: Any, **kwargs: Any) -> _hone.Honing:
    """As :func:`botsmith.hone`; a cancelled task stops it, and it goes on when it is begun again.

    Parameters
    ----------
    *args, **kwargs
        What :func:`botsmith.hone` takes.

    Examples
    --------
    >>> import asyncio, json, pathlib, tempfile
    >>> from botsmith import aio
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> rows = ({"id": f"c{n}", "input": f"say {n}", "reference": f"{n}"} for n in range(200))
    >>> _ = (folder / "cases.jsonl").write_text("".join(json.dumps(row) + chr(10) for row in rows))
    >>> _ = (folder / "bot.yml").write_text("provider: {id: script, settings: {otherwise: no}}")
    >>> suite = folder / "suite.yaml"
    >>> _ = suite.write_text(
    ...     "{version: 1, dataset: cases.jsonl, bots: [{name: b, cartridge: bot.yml}], evaluators: [equals]}"
    ... )
    >>> asyncio.run(aio.hone("b", suite=suite, store="memory:", dry_run=True)).end
    'planned'
    """
    stop = _native.Stop()
    return await _run(stop, functools.partial(_hone.hone, *args, stop=stop, **kwargs))


@_like(_kept.open_run)
async def open_run(*args: Any, **kwargs: Any) -> Run:
    """As :func:`botsmith.open_run`: the loop goes on while the store is read.

    Parameters
    ----------
    *args, **kwargs
        What :func:`botsmith.open_run` takes.

    Examples
    --------
    >>> import asyncio
    >>> import botsmith as bs
    >>> async def main():
    ...     store = bs.Store("memory:")
    ...     given = {"dataset": [{"input": "a", "reference": "A"}], "evaluators": ["equals"], "progress": False}
    ...     made = await bs.aio.evaluate(bots=str.upper, store=store, **given)
    ...     return await bs.aio.open_run("latest", store) == made, len(await bs.aio.runs(store))
    >>> asyncio.run(main())
    (True, 1)
    """
    return await _run(None, functools.partial(_kept.open_run, *args, **kwargs))


@_like(_kept.runs)
async def runs(*args: Any, **kwargs: Any) -> list[dict[str, Any]]:
    """As :func:`botsmith.runs`: the loop goes on while the store is read.

    Parameters
    ----------
    *args, **kwargs
        What :func:`botsmith.runs` takes.

    Examples
    --------
    >>> import asyncio
    >>> from botsmith import aio
    >>> asyncio.run(aio.runs("memory:"))
    []
    """
    return await _run(None, functools.partial(_kept.runs, *args, **kwargs))


@_like(_kept.compare)
async def compare(*args: Any, **kwargs: Any) -> Comparison:
    """As :func:`botsmith.compare`: the loop goes on while cases are read and compared.

    Parameters
    ----------
    *args, **kwargs
        What :func:`botsmith.compare` takes.

    Examples
    --------
    >>> import asyncio
    >>> from botsmith import aio
    >>> async def main():
    ...     given = {"dataset": [{"input": "a", "reference": "A"}] * 9, "evaluators": ["equals"], "progress": False}
    ...     before = await aio.evaluate(bots={"bot": str.lower}, **given)
    ...     after = await aio.evaluate(bots={"bot": str.upper}, **given)
    ...     return (await aio.compare(before, after)).differences[0].difference
    >>> asyncio.run(main())
    1.0
    """
    return await _run(None, functools.partial(_kept.compare, *args, **kwargs))


def _piped(pipeline: nlp.Pipeline | nlp.Analyser, texts: Iterable[str], given: str, **options: Any) -> Iterator[Any]:
    # Stages of an analyser are given whole texts.
    more: dict[str, Any] = {"given": given} if isinstance(pipeline, nlp.Pipeline) or given != "nothing" else {}
    return pipeline.pipe(texts, **options, **more)


async def annotate(pipeline: nlp.Pipeline | nlp.Analyser, text: str, *, given: nlp.Given = "nothing") -> Any:
    """Annotates one text; no stage of your own begins once the task is cancelled.

    Parameters
    ----------
    pipeline : Pipeline or Analyser
        Made by :func:`botsmith.nlp.load`, or of stages.
    text : str
        The text.
    given : {"nothing", "sentences", "tokens"}
        What of it is known.

    Examples
    --------
    >>> import asyncio
    >>> from botsmith import aio, nlp
    >>> asyncio.run(aio.annotate(nlp.load("en"), "She was late.")).lemmas
    ['she', 'be', 'late', '.']
    """
    stop = _native.Stop()
    return await _run(stop, lambda: next(_piped(pipeline, (text,), given, threads=1, stop=stop)))


async def pipe(
    pipeline: nlp.Pipeline | nlp.Analyser,
    texts: Iterable[str],
    *,
    batch_size: int = 256,
    threads: int = 0,
    given: nlp.Given = "nothing",
) -> AsyncIterator[Any]:
    """Annotates many texts, in order, batch after batch; a cancelled task stops it.

    Parameters
    ----------
    pipeline : Pipeline or Analyser
        Made by :func:`botsmith.nlp.load`, or of stages.
    texts : iterable of str
        Read as far as they are needed.
    batch_size : int
        Texts that are annotated at once.
    threads : int
        Working threads; 0 is one a core.
    given : {"nothing", "sentences", "tokens"}
        What of each text is known.

    Examples
    --------
    >>> import asyncio
    >>> from botsmith import aio, nlp
    >>> async def main():
    ...     return [len(doc) async for doc in aio.pipe(nlp.load("en"), ["One.", "Two words."])]
    >>> asyncio.run(main())
    [2, 3]
    """
    stop = _native.Stop()
    docs = _piped(pipeline, texts, given, batch_size=batch_size, threads=threads, stop=stop)
    try:
        while True:
            batch = await _run(stop, lambda: list(islice(docs, batch_size)))
            for doc in batch:
                yield doc
            if len(batch) < batch_size:
                return
    finally:
        # Who stops reading stops the work.
        stop.set()


class Bot(_bots.Bot):
    """As :class:`botsmith.Bot`; :meth:`ask` is awaited, :meth:`stream` iterated over with ``async for``.

    Coroutines of its callables run on the loop that waits: its clients serve. Use it from one loop at a time.

    Examples
    --------
    >>> import asyncio
    >>> import botsmith as bs
    >>> async def answers(text):
    ...     await asyncio.sleep(0)
    ...     return text[::-1]
    >>> async def main():
    ...     return await bs.aio.Bot(provider=answers)("ahoy")
    >>> asyncio.run(main())
    'yoha'
    """

    async def ask(  # type: ignore[override]
        self, question: _bots.Question, *, timeout: float | None = None, stop: Any = None
    ) -> Answer:
        """Answers a question, and remembers nothing."""
        stop = stop if stop is not None else _native.Stop()
        call = functools.partial(super().ask, question, timeout=timeout, stop=stop)
        return await _run(stop, call, self._home)

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
    """As :class:`botsmith.Session`, with awaitables; made by :meth:`Bot.session`.

    Examples
    --------
    >>> import asyncio
    >>> import botsmith as bs
    >>> async def main():
    ...     session = bs.aio.Bot(provider=lambda messages: f"turn {len(messages)}").session()
    ...     return [(await session.ask("so?")).text for _ in range(2)]
    >>> asyncio.run(main())
    ['turn 1', 'turn 3']
    """

    async def ask(self, question: str, *, timeout: float | None = None, stop: Any = None) -> Answer:  # type: ignore[override]
        """One turn."""
        stop = stop if stop is not None else _native.Stop()
        call = functools.partial(super().ask, question, timeout=timeout, stop=stop)
        return await _run(stop, call, self.bot._home)

    def stream(self, question: str, *, timeout: float | None = None, stop: Any = None) -> Stream:  # type: ignore[override]
        """One turn, piece by piece; it begins when the first piece is waited for."""
        stop = stop if stop is not None else _native.Stop()
        return Stream(functools.partial(super().stream, question, timeout=timeout, stop=stop), stop, self.bot._home)


class Stream:
    """An answer as it comes, for ``async for``; ``answer`` is there at its end. Made by :meth:`Bot.stream`.

    Examples
    --------
    >>> import asyncio
    >>> import botsmith as bs
    >>> async def words(text):
    ...     for word in text.split():
    ...         yield word + " "
    >>> async def main():
    ...     stream = bs.aio.Bot(provider=words).stream("ahoy you")
    ...     return [piece async for piece in stream], stream.answer.text
    >>> asyncio.run(main())
    (['ahoy ', 'you ', '\\n'], 'ahoy you ')
    """

    #: The loop that waits for pieces, from the first to the last.
    _loop: asyncio.AbstractEventLoop | None = None

    def __init__(self, begin: Callable[[], _bots.Stream], stop: _native.Stop, home: Home) -> None:
        self._begin, self._stop, self._home = begin, stop, home
        self._stream: _bots.Stream | None = None

    def __aiter__(self) -> Stream:
        return self

    def _next(self) -> str | None:
        if self._stream is None:
            self._stream = self._begin()
        return next(self._stream, None)

    async def __anext__(self) -> str:
        if self._loop is None:
            # The bot goes on between two pieces, and is at this loop then, too.
            self._loop = asyncio.get_running_loop()
            self._home.enter(self._loop)
        try:
            piece = await _run(self._stop, self._next, self._home)
        except BaseException:
            self._end()
            raise
        if piece is None:
            self._end()
            raise StopAsyncIteration
        return piece

    def _end(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            self._home.leave(loop)

    @property
    def answer(self) -> Answer | None:
        """The whole answer."""
        return None if self._stream is None else self._stream.answer

    def set(self) -> None:
        """Stops the bot."""
        self._stop.set()
        if self._stream is not None:
            self._stream.close()
        self._end()

    async def aclose(self) -> None:
        """Stops the bot."""
        self.set()

    async def __aenter__(self) -> Stream:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.set()

    def __del__(self) -> None:
        self._end()

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a stream cannot be pickled: read it to its end, and pickle its answer")


class Workflow(flow.Workflow):
    """As :class:`botsmith.flow.Workflow`; :meth:`run` is awaited. A cancelled task stops its worker, and the run
    goes on when it is run again under its id.

    Examples
    --------
    >>> import asyncio, pathlib, tempfile
    >>> from botsmith import aio
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "greet.yaml"
    >>> _ = path.write_text("version: 1\\nname: greet\\nsteps: {hello: {uses: greet, with: {name: Ada}}}\\n")
    >>> async def greet(name: str) -> str:
    ...     return f"hello {name}"
    >>> asyncio.run(aio.Workflow(path, kinds={"greet": greet}).run()).output("hello")
    'hello Ada'
    """

    async def run(self, **options: Any) -> flow.FlowRun:  # type: ignore[override]
        """Starts a run and works on it here, until it has ended or waits for somebody."""
        stop = _native.Stop()
        return await _run(stop, functools.partial(super().run, stop=stop, **options))
