"""Models of this machine that read: vectors of texts, and classes of texts and pairs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _engine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from . import _native

__all__ = ["CrossEncoder", "Embedder", "Int8Vectors"]


@dataclass(frozen=True, eq=False)
class Int8Vectors:
    """Vectors in bytes with a scale for each: a quarter of the memory.

    ``values`` is of int8, ``(texts, dimensions)``; ``scales`` is of float32, ``(texts,)``.
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float32]

    def to_f32(self) -> NDArray[np.float32]:
        """The vectors as float32 again, each value within half a scale of what it was."""
        import numpy

        return self.values.astype(numpy.float32) * self.scales[:, None]


class Embedder:
    """A model of sentence embeddings in this process, as ``sentence-transformers`` computes them.

    Parameters
    ----------
    path : str or path
        A folder (that of ``sentence-transformers`` is read as it is), a ``.gguf`` file, or ``hf:org/name``.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda:0"``, ``"metal"``.

    Raises
    ------
    FileError
        If there is no model at the path, or one of its files is missing.
    EngineError
        If it cannot be loaded, or this build has no engine (:func:`has_engine`).

    Examples
    --------
    >>> import botsmith as bs
    >>> def nearest(model: bs.Embedder, question: str, passages: list[str]) -> str:
    ...     question = model.embed(question, prompt_name="query")
    ...     return passages[int((model.embed(passages) @ question).argmax())]
    """

    def __init__(self, path: str | os.PathLike[str], *, device: str = "auto", cancel: Any = None) -> None:
        kind = _engine.native("Embedder")
        name, stop = _engine.path_of(path), _engine.stopped_by(cancel)
        self._config = {"path": name, "device": device}
        self._native: _native.Embedder = kind(name, device, stop)
        self._facts: dict[str, Any] = json.loads(self._native.facts_json())

    @property
    def width(self) -> int:
        """How many dimensions its vectors have."""
        return int(self._facts["width"])

    @property
    def facts(self) -> dict[str, Any]:
        """What it is: ``width``, ``limit`` (tokens of a text at most), ``pooling``, whether it ``normalises``, and
        its ``prompts`` by name."""
        return dict(self._facts)

    def embed(
        self,
        texts: str | Iterable[str],
        *,
        prompt_name: str | None = None,
        prompt: str | None = None,
        dimensions: int | None = None,
        normalise: bool | None = None,
        strict: bool = False,
        cancel: Any = None,
    ) -> NDArray[np.float32]:
        """The vectors of texts.

        Parameters
        ----------
        texts : str or iterable of str
            One text, or several. Equal ones are computed once.
        prompt_name : str, optional
            A prompt of the model by its name, such as ``"query"``, which goes in front of each text.
        prompt : str, optional
            A prompt by its text.
        dimensions : int, optional
            Only so many leading dimensions, for models that were trained so (Matryoshka).
        normalise : bool, optional
            Whether vectors have length 1; as the model says by default.
        strict : bool
            Whether a text that is too long is an error; else it is cut.
        cancel : optional
            A ``Stop`` that another thread may set.

        Returns
        -------
        numpy.ndarray
            Of float32: ``(dimensions,)`` for one text, ``(texts, dimensions)`` for several.
        """
        import numpy

        found, alone = _engine.texts_of(texts)
        how = (prompt_name, prompt, dimensions, normalise, strict)
        data = self._native.embed(found, how, _engine.stopped_by(cancel))
        vectors = numpy.frombuffer(data, dtype="<f4").reshape(len(found), dimensions or self.width)
        return vectors[0] if alone else vectors

    def embed_int8(
        self,
        texts: Iterable[str],
        *,
        prompt_name: str | None = None,
        prompt: str | None = None,
        dimensions: int | None = None,
        normalise: bool | None = None,
        strict: bool = False,
        cancel: Any = None,
    ) -> Int8Vectors:
        """The vectors of texts in bytes; takes what :meth:`embed` takes."""
        import numpy

        found, _ = _engine.texts_of(texts)
        how = (prompt_name, prompt, dimensions, normalise, strict)
        values, scales = self._native.embed_int8(found, how, _engine.stopped_by(cancel))
        shape = (len(found), dimensions or self.width)
        return Int8Vectors(
            numpy.frombuffer(values, dtype=numpy.int8).reshape(shape), numpy.frombuffer(scales, dtype="<f4")
        )

    def __repr__(self) -> str:
        return f"<Embedder {self._config['path']!r}, {self.width} dimensions>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._config)


class CrossEncoder:
    """A classifier of texts and pairs in this process: entailment, relevance, sentiment.

    Parameters
    ----------
    path : str or path
        A folder with a model for sequence classification, a ``.gguf`` file, or ``hf:org/name``.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda:0"``, ``"metal"``.

    Raises
    ------
    FileError
        If there is no model at the path, or one of its files is missing.
    EngineError
        If it cannot be loaded or has no classifying head, or this build has no engine (:func:`has_engine`).

    Examples
    --------
    >>> import botsmith as bs
    >>> def follows(model: bs.CrossEncoder, premise: str, hypothesis: str) -> float:
    ...     return float(model.probabilities((premise, hypothesis))[model.labels.index("entailment")])
    """

    def __init__(self, path: str | os.PathLike[str], *, device: str = "auto", cancel: Any = None) -> None:
        kind = _engine.native("CrossEncoder")
        name, stop = _engine.path_of(path), _engine.stopped_by(cancel)
        self._config = {"path": name, "device": device}
        self._native: _native.CrossEncoder = kind(name, device, stop)

    @property
    def labels(self) -> list[str]:
        """The names of the classes, in the order of the columns."""
        return self._native.labels

    def probabilities(
        self, pairs: str | tuple[str, str] | Iterable[str | tuple[str, str]], *, strict: bool = False, cancel: Any = None
    ) -> NDArray[np.float64]:
        """The probability of each class: softmax over several classes, the logistic function of a single one.

        Parameters
        ----------
        pairs : str, tuple of two str, or iterable of such
            A text, or two that are judged together (premise and hypothesis, question and passage); or several.
        strict : bool
            Whether a pair that is too long is an error; else its longer text is cut.
        cancel : optional
            A ``Stop`` that another thread may set.

        Returns
        -------
        numpy.ndarray
            Of float64: ``(labels,)`` for one, ``(pairs, labels)`` for several.
        """
        import numpy

        found, alone = _pairs(pairs)
        data = self._native.probabilities(found, strict, _engine.stopped_by(cancel))
        rows = numpy.frombuffer(data, dtype="<f8").reshape(len(found), len(self.labels))
        return rows[0] if alone else rows

    def logits(
        self, pairs: str | tuple[str, str] | Iterable[str | tuple[str, str]], *, strict: bool = False, cancel: Any = None
    ) -> NDArray[np.float32]:
        """What the model gives before it becomes probabilities, as float32; takes what :meth:`probabilities` takes.
        Rerankers are sorted by it."""
        import numpy

        found, alone = _pairs(pairs)
        data = self._native.logits(found, strict, _engine.stopped_by(cancel))
        rows = numpy.frombuffer(data, dtype="<f4").reshape(len(found), len(self.labels))
        return rows[0] if alone else rows

    def __repr__(self) -> str:
        return f"<CrossEncoder {self._config['path']!r}, {len(self.labels)} labels>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._config)


def _again(kind: Any, config: dict[str, Any]) -> Any:
    return kind(**config)


def _pairs(pairs: Any) -> tuple[list[tuple[str, str | None]], bool]:
    """Texts and pairs, and whether it was one alone: a text, or a tuple of two."""
    if isinstance(pairs, str):
        return [(pairs, None)], True
    if isinstance(pairs, tuple) and len(pairs) == 2 and all(isinstance(text, str) for text in pairs):
        return [pairs], True
    found: list[tuple[str, str | None]] = []
    for one in pairs:
        if isinstance(one, str):
            found.append((one, None))
        else:
            first, second = one
            found.append((first, second))
    return found, False
