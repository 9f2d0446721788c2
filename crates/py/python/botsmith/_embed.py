"""Vectors of texts, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import _native

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["embed"]


def embed(texts: str | Iterable[str]) -> NDArray[np.float32]:
    """Vectors of English texts by the table inside, each of length 1: no model, a few microseconds a sentence.

    The cosine of two texts is the product of their vectors. Word order, and a "not", change little;
    :func:`botsmith.metrics.similarity` scores pairs of texts.

    Parameters
    ----------
    texts : str or iterable of str
        One text, or several.

    Returns
    -------
    numpy.ndarray
        Of float32: ``(width,)`` for one text, ``(texts, width)`` for several. All 0 where no word is known.

    Examples
    --------
    >>> import botsmith as bs
    >>> cat, kitten, rates = bs.embed(["A cat sleeps.", "The kitten is sleeping.", "Interest rates rose."])
    >>> bool(cat @ kitten > cat @ rates)
    True
    """
    import numpy

    alone = isinstance(texts, str)
    found = [texts] if isinstance(texts, str) else list(texts)
    vectors = numpy.frombuffer(_native.embed(found), dtype="<f4").reshape(len(found), _native.embed_width())
    return vectors[0] if alone else vectors
