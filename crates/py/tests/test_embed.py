"""Vectors of texts, and metrics of meaning."""

from __future__ import annotations

import pytest

import botsmith as bs


def test_vectors_are_numpy_arrays_of_length_1_in_the_order_of_the_texts() -> None:
    numpy = pytest.importorskip("numpy")
    texts = ["A cat sleeps.", "", "The kitten naps.", "A cat sleeps."]
    vectors = bs.embed(texts)
    assert vectors.dtype == numpy.float32
    assert vectors.shape == (4, 128)
    lengths = numpy.linalg.norm(vectors, axis=1)
    assert numpy.allclose(lengths, [1, 0, 1, 1], atol=1e-5)
    assert (vectors[0] == vectors[3]).all()
    assert (bs.embed(texts[2]) == vectors[2]).all()
    assert bs.embed([]).shape == (0, 128)
    assert (bs.embed(iter(texts)) == vectors).all()
    vectors[0] = 0  # an array of the caller's own
    # More text than is embedded at once, on a thread beside the interpreter.
    many = bs.embed(texts * 20_000)
    assert many.shape == (80_000, 128)
    assert (many[-2] == vectors[2]).all()


def test_similarity_is_the_product_of_the_vectors() -> None:
    pytest.importorskip("numpy")
    a, b = bs.embed(["A cat sleeps.", "The kitten naps."])
    found = bs.metrics.similarity("A cat sleeps.", "The kitten naps.")
    assert found == pytest.approx(float(a @ b), abs=1e-5)
    assert bs.metrics.similarity(["x", "y"], ["x", ["z", "y"]]) == [1.0, 1.0]


def test_bertscore_and_similarity_see_the_same_meaning_in_other_words() -> None:
    reference = "You get your money back within 30 days."
    near, far = "We refund you for a month.", "Tulips need little water."
    for metric in (bs.metrics.similarity, bs.metrics.bertscore):
        scores = metric([near, far, reference], [reference] * 3)
        assert scores[0] > scores[1] + 0.05, metric
        assert scores[2] == pytest.approx(1.0, abs=1e-6)
        assert metric.corpus([near, far], [reference] * 2) == pytest.approx(sum(scores[:2]) / 2)
    assert bs.metrics.bertscore("the cat", "The cat sat.", measure="p") == pytest.approx(1.0, abs=1e-6)
    assert bs.metrics.bertscore("the cat", "The cat sat.", measure="r") < 1


def test_a_suite_in_python_takes_similarity_without_a_download() -> None:
    run = bs.evaluate(
        bots={"near": lambda _: "A kitten lies on the couch.", "far": lambda _: "Interest rates rose."},
        dataset=[{"input": "Where is the cat?", "reference": "The cat is on the sofa."}],
        evaluators=["similarity"],
        progress=False,
    )
    near, far = (bot.scores["similarity"].mean for bot in run.bots)
    assert near > far + 0.2


def test_a_model_that_is_not_there_is_an_error_that_names_it() -> None:
    with pytest.raises(bs.Error, match="no-such-model|engine"):
        bs.metrics.similarity("a", "b", model="no-such-model")


def test_texts_that_are_none_are_a_type_error() -> None:
    with pytest.raises(TypeError):
        bs.embed([1])  # type: ignore[list-item]
