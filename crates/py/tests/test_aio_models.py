"""Models of this machine in a running loop."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

import botsmith as bs

from conftest import MODELS

pytestmark = pytest.mark.skipif(not bs.has_engine(), reason="this build has no engine")


def test_many_chats_are_awaited_together(decoder: Path, model: bs.Model) -> None:
    async def main() -> list[str]:
        asked = await bs.aio.Model.load(decoder, device="cpu", kv_bytes=1 << 24)
        assert isinstance(asked, bs.aio.Model)
        answers = await asyncio.gather(*(asked.chat(f"{n}", max_tokens=20, temperature=0) for n in range(6)))
        return [answer.text for answer in answers]

    assert asyncio.run(main()) == [model.chat(f"{n}", max_tokens=20, temperature=0).text for n in range(6)]


def test_a_stream_comes_piece_by_piece_and_is_closed_early(decoder: Path, model: bs.Model) -> None:
    async def main() -> None:
        asked = bs.aio.Model(decoder, device="cpu", kv_bytes=1 << 24)
        stream = asked.stream("Hello", max_tokens=20, temperature=0)
        pieces = [piece async for piece in stream]
        whole = model.chat("Hello", max_tokens=20, temperature=0)
        assert stream.response is not None and stream.response.text == whole.text
        assert "".join(pieces) == stream.response.text
        async with asked.stream("Hello", max_tokens=200, temperature=0.7) as cut:
            async for _ in cut:
                break
        assert [piece async for piece in cut] == []
        with pytest.raises(bs.SpecError, match="temperature"):
            async for _ in asked.stream("Hello", temprature=1):
                pass

    asyncio.run(main())


def test_scores_and_vectors_are_awaited(decoder: Path, model: bs.Model, embedder: bs.Embedder, nli: bs.CrossEncoder) -> None:
    numpy = pytest.importorskip("numpy")

    async def main() -> None:
        asked = bs.aio.Model(decoder, device="cpu", kv_bytes=1 << 24)
        scores = await asked.score("The sky is", [" blue", " green"])
        assert scores.logprobs == pytest.approx(model.score("The sky is", [" blue", " green"]).logprobs, abs=1e-5)
        assert len(await asked.score_all([("a", ["b"]), ("c", ["d"])])) == 2
        assert await asked.score_texts("some text") == model.score_texts("some text")
        vectors = await (await bs.aio.Embedder.load(MODELS / "sentence")).embed(["a", "b"])
        assert numpy.abs(vectors - embedder.embed(["a", "b"])).max() < 1e-5
        assert (await bs.aio.Embedder(MODELS / "sentence").embed_int8(["a"])).values.shape == (1, 8)
        judge = await bs.aio.CrossEncoder.load(MODELS / "bert")
        assert numpy.abs(await judge.probabilities(("a", "b")) - nli.probabilities(("a", "b"))).max() < 1e-6
        assert (await judge.logits(["a"])).shape == (1, 3)

    asyncio.run(main())


def test_a_cancelled_task_stops_its_model_and_the_loop_goes_on(decoder: Path) -> None:
    async def main() -> None:
        asked = bs.aio.Model(decoder, device="cpu")
        texts = [f"{n} is one of very many texts, each of its own" for n in range(200_000)]
        task = asyncio.create_task(asked.score_texts(texts))
        beats = 0
        for _ in range(20):
            await asyncio.sleep(0.01)
            beats += 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert beats == 20
        # The work has ended: what it held is free again soon.
        for _ in range(500):
            asked.forget()
            if asked.facts["kv"]["tokens"] == 0:
                return
            time.sleep(0.01)
        raise AssertionError(asked.facts)

    asyncio.run(main())
