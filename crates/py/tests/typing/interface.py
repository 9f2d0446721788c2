"""The interface as a strictly typed program uses it; checked by pyright, never run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import assert_type

import botsmith as bs
from botsmith import metrics, nlp, online, versions


@bs.tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@dataclass
class City:
    name: str


def bot(question: str) -> str:
    return question.upper()


def close(answer: str, reference: str) -> bool:
    return answer == reference


assert_type(metrics.rouge("a", "b", stemmer=True), float)
assert_type(metrics.rouge(["a"], ["b"], variant="L", threads=2), list[float])
assert_type(metrics.distinct_n("a", ""), "float | None")
assert_type(metrics.distinct_n(["a"], [""], n=1), "list[float | None]")
assert_type(metrics.similarity("a", "b"), "float | None")
assert_type(metrics.bertscore(["a"], ["b"], measure="r"), "list[float | None]")
assert_type(metrics.score("latency", ["a"], ["b"], max=1), "list[float | None]")
assert_type(metrics.bleu.corpus(["a"], [["b", "c"]], tokenize="zh"), "float | None")
assert_type(add(1, 2), int)

en = nlp.load("en")
doc: nlp.Doc = en("Hello there.")
assert_type(doc.lemmas, list[str])
assert_type(doc[0], nlp.Token)
assert_type(doc[0].feats, dict[str, str])
assert_type([token.start for token in doc], list[int])
assert_type(doc.sentences[0].words, list[nlp.Word])
assert_type(doc.to_svg(), str)
assert_type(nlp.evaluate(doc, doc)["UPOS"].f1, float)

run = bs.evaluate(bots=[bot, "bots/a.yml"], dataset=[{"input": "a"}], evaluators=["rouge", close])
assert_type(run, bs.Run)
assert_type(iter(run), Iterator[bs.CaseResult])
assert_type(run["id"].answers[0], bs.Answer)
assert_type(run["id"].answers[0].scores["rouge"].value, "float | None")
assert_type(run.bots[0].scores["rouge"].interval, "tuple[float, float] | None")
assert_type(bs.compare(run, run), bs.Comparison)
assert_type("id" in run, bool)

asked = bs.Bot(provider=bot, tools=[add], output_schema=City, temperature=0.5)
assert_type(asked.ask("hi"), bs.Answer)
assert_type(asked("hi"), str)
assert_type(list(asked.stream("hi")), list[str])
assert_type(asked.session().ask("hi").text, str)


assert_type(metrics.ndcg(["a"], {"a": 2.0}, k=10), float)
assert_type(metrics.reciprocal_rank([["a"], ["b"]], [["a"], {"b": 1.0}]), list[float])
assert_type(metrics.mrr([["a"]], [["a"]]), "float | None")
assert_type(metrics.self_bleu(["a b", "c d"], tokenize="char"), "float | None")
assert_type(bs.stats.confusion(["a"], ["a"]).kappa, "float | None")
assert_type(bs.nlp.verbs(bs.nlp.load("en")("Go.")).groups[0].tense, "Literal['past', 'present', 'future'] | None")


async def main() -> None:
    found = await bs.aio.Bot(provider=bot).ask("hi")
    assert_type(found, bs.Answer)
    async for piece in bs.aio.Bot(provider=bot).stream("hi"):
        assert_type(piece, str)
    judged = await bs.aio.evaluate(bots=bot, dataset=[{"input": "a"}], evaluators=["words"])
    assert_type(judged, bs.Run)
    assert_type(await bs.aio.compare(judged, judged), bs.Comparison)
    assert_type(await bs.aio.open_run("latest", "memory:"), bs.Run)
    assert_type(await bs.aio.runs("memory:"), list[dict[str, Any]])


try:
    bs.evaluate("none.yaml")
except bs.SpecError as error:
    assert_type(error.line, "int | None")
    shown: dict[str, Any] = {"code": error.code, "hint": error.hint}


def loop() -> None:
    honing = bs.hone("prices", suite="suite.yaml", budget="cost:2.50", proposers=["examples"], store="memory:")
    assert_type(honing.version, "str | None")
    found = versions.Versions("prices.yml", store=bs.Store("memory:"))
    assert_type(found.promote(found.find("current"), without_gate="a trial"), versions.Version)
    assert_type(online.Canary.start(found, goal="no-harm").record("session", None), online.State)
    assert_type(online.Bandit.start(found, ["1.0.0", "1.0.1"]).version("session"), tuple[str, float])


def local(model: bs.Model, embedder: bs.Embedder, judge: bs.CrossEncoder) -> None:
    """Models of this machine."""
    answer = model.chat("Hello", max_tokens=20, temperature=0.7, stop=["."], schema=City, logprobs=2)
    assert_type(answer, bs.ChatResponse)
    assert_type(answer.logprobs, tuple[bs.TokenLogprob, ...])
    assert_type(list(model.stream([{"role": "user", "content": "Hello"}], seed=1)), list[str])
    assert_type(model.score("a", ["b"]).best, "str | None")
    assert_type(model.score_texts("a"), bs.TextScore)
    assert_type(model.score_texts(["a"]), list[bs.TextScore])
    assert_type(model.decode(model.encode("a")), str)
    assert_type(embedder.embed("a", prompt_name="query", dimensions=4).shape, tuple[Any, ...])
    assert_type(embedder.embed_int8(["a"]), bs.Int8Vectors)
    assert_type(judge.labels, list[str])
    judge.probabilities([("a", "b"), "c"])
    settings: bs.Sampling = {"min_p": 0.1, "logit_bias": {5: -1.0}}
    model.chat("a", **settings)


async def awaited() -> None:
    """The same, awaited."""
    model = await bs.aio.Model.load("folder")
    assert_type(model, bs.aio.Model)
    assert_type(await model.chat("a"), bs.ChatResponse)
    assert_type([piece async for piece in model.stream("a")], list[str])
