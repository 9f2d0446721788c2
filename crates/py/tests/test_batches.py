"""Steps over batches: every kind of batch, and workers that are given steps as pickles."""

from __future__ import annotations

import multiprocessing
import pickle
from typing import Any

import pytest

import botsmith as bs
from botsmith import batches

ROWS = {
    "input": ["2 + 2?", "Capital of Peru?", "Anyone?"],
    "answer": ["4", "Lima is it.", None],
    "reference": ["4", "Lima", "yes"],
}


def shout(text: str) -> str:
    """Shouts; refuses nothing, fails at Peru."""
    if "Peru" in text:
        raise LookupError("no Peru")
    return text.upper()


def short(answer: str) -> bool:
    """Whether an answer is one word."""
    return len(answer.split()) == 1


#: What objects are made of crosses to a worker: by pickle, as Ray does with cloudpickle.
STEPS: dict[str, Any] = {
    "annotate": batches.Annotate(["lemmas"], text="reference"),
    "score": batches.Score("levenshtein"),
    "ask": batches.Ask(bs.Bot(provider=shout)),
    "judge": batches.Judge(["equals", {"contains": {"value": "Lima", "name": "lima"}}, short]),
}


def kinds() -> list[str]:
    return ["lists", "numpy", "pandas", "polars", "pyarrow"]


def batch_of(kind: str) -> Any:
    if kind == "lists":
        return dict(ROWS)
    if kind == "numpy":
        numpy = pytest.importorskip("numpy")
        return {name: numpy.array(values, dtype=object) for name, values in ROWS.items()}
    if kind == "pyarrow":
        return pytest.importorskip("pyarrow").table(ROWS)
    return pytest.importorskip(kind).DataFrame(ROWS)


def listed(batch: Any, name: str) -> list[Any]:
    from botsmith._batch import column

    return column(batch, name)


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_batch_comes_back_with_more_columns(kind: str) -> None:
    batch = batch_of(kind)
    for step in STEPS.values():
        batch = step(batch)
        assert type(batch) is type(batch_of(kind))
    assert listed(batch, "input") == ROWS["input"]
    assert listed(batch, "lemmas")[1] == ["Lima"]
    assert listed(batch, "levenshtein")[0] == 1.0 and listed(batch, "levenshtein")[2] is None
    # The answers of `Ask` took the place of those that were there.
    assert listed(batch, "answer") == ["2 + 2?", None, "ANYONE?"]
    assert listed(batch, "answer.outcome") == ["answered", "failed", "answered"]
    assert "no Peru" in listed(batch, "answer.error")[1]
    assert listed(batch, "lima.passed") == [False, None, False]
    assert listed(batch, "short.passed") == [False, None, True]


def test_empty_batches_stay_empty() -> None:
    nothing: dict[str, list[Any]] = {"input": [], "answer": [], "reference": [], "text": []}
    for step in (*STEPS.values(), batches.Annotate()):
        assert all(len(values) == 0 for values in step(nothing).values())


def test_wrong_batches_and_options_say_what_is_wanted() -> None:
    with pytest.raises(KeyError, match="no column 'answer'"):
        batches.Score("words")({"text": ["a"], "reference": ["b"]})
    with pytest.raises(TypeError, match="a batch is"):
        batches.Annotate()(["text"])
    with pytest.raises(ValueError, match="no column 'lemma'"):
        batches.Annotate(["lemma"])
    with pytest.raises(bs.NotFoundError, match="did you mean `rouge`"):
        batches.Score("roge")
    with pytest.raises(bs.SpecError):
        batches.Score("rouge", {"stemer": True})


def _on_a_worker(given: bytes) -> Any:
    """What a worker of Ray does: it has nothing but the pickle."""
    step, batch = pickle.loads(given)
    return step(batch)


def test_spawned_workers_give_what_this_process_gives() -> None:
    work = [pickle.dumps((step, ROWS)) for step in STEPS.values()]
    assert all(len(data) < 2_000 for data in work)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(_on_a_worker, work)
    assert found == [step(ROWS) for step in STEPS.values()]


def test_objects_are_pickled_by_what_they_are_made_of() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    local = 3
    steps = [
        batches.Ask(lambda text: text * local),
        batches.Judge([lambda answer: len(answer) > local]),
        batches.Annotate(pipeline=bs.nlp.load("en"), text="input"),
        bs.metrics.rouge,
        bs.nlp.Analyser(["tokenise", "sentences", lambda doc: local]),
        bs.Bot(provider=lambda text: text + str(local)),
    ]
    again = pickle.loads(cloudpickle.dumps(steps))
    for step, other in zip(steps[:3], again[:3], strict=True):
        assert other(ROWS) == step(ROWS)
    assert again[3] is bs.metrics.rouge
    assert again[4]("One.")["function"] == 3 and again[5].ask("a").text == "a3"


def test_ray_maps_batches() -> None:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        data = ray.data.from_items([{"answer": "flaw", "reference": "lawn"}] * 8)
        scored = data.map_batches(batches.Score("levenshtein"), batch_size=4).take_all()
        assert [row["levenshtein"] for row in scored] == [0.5] * 8
    finally:
        ray.shutdown()
