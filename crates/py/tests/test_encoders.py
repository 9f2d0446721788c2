"""Encoders of this machine: vectors and classes, held against sentence-transformers and transformers."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest

import botsmith as bs

from conftest import MODELS

pytestmark = pytest.mark.skipif(not bs.has_engine(), reason="this build has no engine")

numpy = pytest.importorskip("numpy")
CASES = json.loads((MODELS / "sentence" / "cases.json").read_text())


def tensor(path: Path, name: str) -> Any:
    """A tensor of f32 of a safetensors file."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    entry = json.loads(data[8 : 8 + size])[name]
    begin, end = entry["data_offsets"]
    return numpy.frombuffer(data[8 + size + begin : 8 + size + end], dtype="<f4").reshape(entry["shape"])


def test_vectors_are_those_of_sentence_transformers(embedder: bs.Embedder) -> None:
    texts = CASES["texts"]
    vectors = embedder.embed(texts)
    assert vectors.dtype == numpy.float32 and vectors.shape == (len(texts), 8)
    assert numpy.abs(vectors - CASES["plain"]).max() < 1e-5
    assert numpy.abs(embedder.embed(texts, prompt_name="query") - CASES["query"]).max() < 1e-5
    assert numpy.abs(embedder.embed(iter(texts), prompt="query: ") - CASES["query"]).max() < 1e-5
    four = embedder.embed(texts, dimensions=4)
    assert four.shape == (len(texts), 4) and numpy.abs(four - CASES["four"]).max() < 1e-5
    assert embedder.embed([]).shape == (0, 8)
    alone = embedder.embed(texts[1])
    assert alone.shape == (8,) and numpy.abs(alone - vectors[1]).max() < 1e-5
    vectors[0] = 0  # an array of the caller's own
    long = embedder.embed(texts, normalise=False)
    assert not numpy.allclose(numpy.linalg.norm(long, axis=1), 1, atol=1e-3)
    assert embedder.facts == {"width": 8, "limit": 24, "pooling": "mean", "normalises": True, "prompts": {"document": "", "query": "query: "}}


def test_vectors_in_bytes_are_within_half_a_scale(embedder: bs.Embedder) -> None:
    texts = CASES["texts"]
    small = embedder.embed_int8(texts, prompt_name="query")
    assert small.values.dtype == numpy.int8 and small.values.shape == (len(texts), 8)
    assert small.scales.dtype == numpy.float32 and small.scales.shape == (len(texts),)
    off = numpy.abs(small.to_f32() - embedder.embed(texts, prompt_name="query"))
    assert (off <= small.scales[:, None] / 2 + 1e-6).all()


def test_what_the_model_has_not_says_what_it_has(embedder: bs.Embedder) -> None:
    with pytest.raises(bs.SpecError, match="`query`") as caught:
        embedder.embed("a", prompt_name="passage")
    assert caught.value.code == "BS-ENG-004"
    with pytest.raises(bs.SpecError, match="the model has 8"):
        embedder.embed("a", dimensions=9)
    with pytest.raises(bs.EngineError, match="at most 24") as long:
        embedder.embed("a long text " * 20, strict=True)
    assert long.value.code == "BS-ENG-013"
    with pytest.raises(OverflowError):
        embedder.embed("a", dimensions=-1)
    with pytest.raises(TypeError):
        embedder.embed([1])  # type: ignore[list-item]


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm-roberta", "distilbert", "modernbert", "deberta-v3"])
def test_logits_and_probabilities_are_those_of_transformers(name: str) -> None:
    model = bs.CrossEncoder(MODELS / name, device="cpu")
    cases = json.loads((MODELS / name / "cases.json").read_text())
    pairs = [case["first"] if case["second"] is None else (case["first"], case["second"]) for case in cases]
    wanted = tensor(MODELS / name / "expected.safetensors", "logits")
    logits = model.logits(pairs)
    assert logits.dtype == numpy.float32 and logits.shape == (len(cases), len(model.labels))
    assert numpy.abs(logits - wanted).max() < 1e-4
    shares = model.probabilities(pairs)
    assert shares.dtype == numpy.float64
    if len(model.labels) == 1:
        assert numpy.allclose(shares, 1 / (1 + numpy.exp(-wanted.astype(float))), atol=1e-4)
    else:
        assert numpy.allclose(shares.sum(axis=1), 1) and (shares.argmax(axis=1) == wanted.argmax(axis=1)).all()


def test_one_pair_is_a_tuple_and_several_are_a_list(nli: bs.CrossEncoder) -> None:
    assert nli.labels == ["entailment", "neutral", "contradiction"]
    one = nli.probabilities(("A cat sleeps.", "An animal sleeps."))
    assert one.shape == (3,)
    rows = nli.probabilities([("A cat sleeps.", "An animal sleeps."), "A cat sleeps.", ["a", "b"]])  # type: ignore[list-item]
    assert rows.shape == (3, 3) and numpy.abs(rows[0] - one).max() < 1e-5
    assert nli.probabilities("A cat sleeps.").shape == (3,)
    assert nli.logits([]).shape == (0, 3)
    with pytest.raises(bs.EngineError, match="at most 96"):
        nli.logits(("a " * 200, "b"), strict=True)
    with pytest.raises(ValueError):
        nli.logits([("a", "b", "c")])  # type: ignore[list-item]


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(bs.EngineError) as caught:
        bs.Embedder(MODELS / "decoder-qwen3")
    assert caught.value.code.startswith("BS-ENG-")
    with pytest.raises(bs.Error):
        bs.CrossEncoder(MODELS / "sentence")
    with pytest.raises(bs.FileError):
        bs.CrossEncoder("/no/such/model")


def test_encoders_are_pickled_by_their_path(embedder: bs.Embedder, nli: bs.CrossEncoder) -> None:
    again = pickle.loads(pickle.dumps(embedder))
    assert (again.embed("a") == embedder.embed("a")).all() and repr(again).endswith("8 dimensions>")
    other = pickle.loads(pickle.dumps(nli))
    assert (other.logits("a") == nli.logits("a")).all() and repr(other).endswith("3 labels>")
