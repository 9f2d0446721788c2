"""Awaitables: coroutines run on the loop that waits, and what is cancelled ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import botsmith as bs
from botsmith import _native, aio, nlp


class Client:
    """A company's client, which is of the loop that it was made on, as those of aiohttp and httpx are."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[tuple[str, asyncio.Future[str]]] = asyncio.Queue()
        self.server = self.loop.create_task(self._serve())

    async def _serve(self) -> None:
        while True:
            text, future = await self.queue.get()
            future.set_result(text.upper())

    async def ask(self, text: str) -> str:
        assert asyncio.get_running_loop() is self.loop
        future = self.loop.create_future()
        await self.queue.put((text, future))
        return await future

    async def judge(self, answer: str) -> bool:
        return await self.ask(answer) == answer

    async def pieces(self, text: str) -> AsyncIterator[str]:
        for word in text.split():
            yield await self.ask(word) + " "


def calls_a_tool(messages: list[dict[str, Any]]) -> dict[str, Any]:
    last = messages[-1]
    if last["role"] == "tool":
        return {"text": last["content"]}
    call = {"id": "1", "name": "ask", "arguments": '{"text": "' + last["content"] + '"}'}
    return {"text": "", "tool_calls": [call], "finish": "tool-calls"}


def test_clients_of_the_running_loop_serve_as_bots_evaluators_and_tools() -> None:
    async def main() -> None:
        client = Client()
        rows = [{"input": f"a{n}", "reference": f"A{n}"} for n in range(20)]
        run = await aio.evaluate(
            bots={"client": client.ask, "bot": bs.Bot(provider=client.ask), "aio": aio.Bot(provider=client.ask)},
            dataset=rows, evaluators=["equals", client.judge], progress=False,
        )
        for name in ("client", "bot", "aio"):
            assert run.bot(name).failed == 0
            assert {score.pass_rate for score in run.bot(name).scores.values()} == {1.0}
        bot = aio.Bot(provider=client.ask)
        assert await asyncio.gather(*(bot(f"b{n}") for n in range(10))) == [f"B{n}" for n in range(10)]
        assert (await bot.session().ask("c")).text == "C"
        assert await aio.Bot(provider=calls_a_tool, tools=[client.ask])("d") == "D"
        client.server.cancel()

    asyncio.run(main())


def test_streams_of_the_running_loop_come_piece_by_piece() -> None:
    async def main() -> None:
        client = Client()
        stream = aio.Bot(provider=client.pieces).stream("one two three")
        assert stream.answer is None
        assert [piece async for piece in stream] == ["ONE ", "TWO ", "THREE ", "\n"]
        assert stream.answer is not None and stream.answer.text == "ONE TWO THREE "
        client.server.cancel()

    asyncio.run(main())


def test_steps_of_workflows_run_on_the_loop_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text("version: 1\nname: one\nsteps: {a: {uses: ask, with: {text: hello}}}\n")

    async def main() -> None:
        client = Client()
        run = await aio.Workflow(path, kinds={"ask": client.ask}).run()
        assert run.output("a") == "HELLO"
        client.server.cancel()

    asyncio.run(main())


def test_one_bot_serves_one_loop_after_another_and_none() -> None:
    seen: list[asyncio.AbstractEventLoop] = []

    async def answers(text: str) -> str:
        seen.append(asyncio.get_running_loop())
        return text

    bot = aio.Bot(provider=answers)
    for _ in range(2):
        asyncio.run(bot.ask("a"))
    bs.evaluate(bots=bot, dataset=[{"input": "a"}], evaluators=["words"], progress=False)
    assert len(set(seen)) == 3, "without a loop that waits there is ours"


def test_a_sync_call_on_the_thread_of_a_loop_does_not_wait_for_itself() -> None:
    async def answers(text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    async def main() -> None:
        waiting = asyncio.create_task(aio.evaluate(
            bots=answers, dataset=[{"input": "a"}] * 20, evaluators=["words"], progress=False,
        ))
        await asyncio.sleep(0)
        assert bs.Bot(provider=answers)("b") == "B"
        assert len(await waiting) == 20

    asyncio.run(main())


def test_a_cancelled_task_ends_the_coroutine_that_it_waits_for() -> None:
    ended: list[str] = []

    async def hangs(_: str) -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "late"

    async def main() -> None:
        task = asyncio.create_task(aio.Bot(provider=hangs).ask("x"))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        assert ended == ["cancelled"]

    asyncio.run(main())


def test_pipes_take_what_is_known_and_end_with_their_task(en: nlp.Pipeline) -> None:
    seen: list[int] = []
    entered = threading.Event()

    def slow(doc: nlp.Doc) -> int:
        entered.set()
        seen.append(len(doc))
        time.sleep(0.02)
        return len(doc)

    stages = en.with_stages(slow)

    async def main() -> None:
        docs = [doc async for doc in aio.pipe(en, ["don't stop\nnow"], given="tokens")]
        assert docs == list(en.pipe(["don't stop\nnow"], given="tokens"))
        assert (await aio.annotate(en, "don't", given="tokens")).forms == en("don't", given="tokens").forms

        async def reads() -> None:
            async for _ in aio.pipe(stages, ["One."] * 500, batch_size=500, threads=1):
                pass

        task = asyncio.create_task(reads())
        while not entered.is_set():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.2)
        before = len(seen)
        await asyncio.sleep(0.3)
        assert len(seen) == before < 400

    asyncio.run(main())


def test_runs_of_a_store_are_opened_listed_and_compared_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"input": f"a{n}", "reference": f"A{n}"} for n in range(9)]
    called: list[threading.Thread] = []
    for name in ("open_run", "list_runs", "compare"):
        call = getattr(_native, name)

        def noted(*args: Any, call: Any = call) -> Any:
            called.append(threading.current_thread())
            return call(*args)

        monkeypatch.setattr(_native, name, noted)

    async def main() -> None:
        store = bs.Store("memory:")
        given: dict[str, Any] = {"dataset": rows, "evaluators": ["equals"], "store": store, "progress": False}
        before = await aio.evaluate(bots={"bot": str.lower}, **given)
        after = await aio.evaluate(bots={"bot": str.upper}, **given)
        assert await aio.open_run("latest", store) == after
        assert [row["id"] for row in await aio.runs(store)] == [after.id, before.id]
        found = await aio.compare(before, after, correction="bonferroni")
        assert (found.differences[0].difference, found.correction) == (1.0, "bonferroni")
        with pytest.raises(bs.NotFoundError):
            await aio.open_run("none", store)
        with pytest.raises(bs.StoreError, match="closed"):
            store.close()
            await aio.runs(store)

    asyncio.run(main())
    assert len(called) == 5 and threading.main_thread() not in called


def test_analysers_are_awaited_too() -> None:
    async def main() -> None:
        analyser = nlp.Analyser(["tokenise", "sentences", "counts"])
        assert (await aio.annotate(analyser, "One two."))["counts"] == analyser("One two.")["counts"]
        assert len([found async for found in aio.pipe(analyser, ["One.", "Two."])]) == 2

    asyncio.run(main())
