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


def test_similarity_is_the_product_of_the_vectors() -> None:
    pytest.importorskip("numpy")
    a, b = bs.embed(["A cat sleeps.", "The kitten naps."])
    found = bs.metrics.similarity("A cat sleeps.", "The kitten naps.")
    assert found == pytest.approx(float(a @ b), abs=1e-5)
    assert bs.metrics.similarity(["x", "y"], ["x", ["z", "y"]]) == [1.0, 1.0]


def test_a_model_that_is_not_there_is_an_error_that_names_it() -> None:
    with pytest.raises(bs.Error, match="no-such-model|engine"):
        bs.metrics.similarity("a", "b", model="no-such-model")


def test_texts_that_are_none_are_a_type_error() -> None:
    with pytest.raises(TypeError):
        bs.embed([1])  # type: ignore[list-item]
