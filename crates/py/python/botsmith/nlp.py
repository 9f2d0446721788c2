"""Language, offline: tokens, sentences, parts of speech, morphology and lemmas.

Offsets are code points, so that ``doc.text[token.start:token.end] == token.text``.

Examples
--------
>>> from botsmith import nlp
>>> en = nlp.load("en")
>>> doc = en("She was running late.")
>>> doc.lemmas
['she', 'be', 'run', 'late', '.']
>>> [token.upos for token in doc]
['PRON', 'AUX', 'VERB', 'ADV', 'PUNCT']
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from . import _native
from ._analyser import Analyser, Analysis
from ._native import Doc, Sentence, Token, Word
from ._verbs import PersonMark, Subject, Utterance, VerbGroup, Verbs, verbs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Analyser",
    "Analysis",
    "Doc",
    "PersonMark",
    "Pipeline",
    "Sentence",
    "Stage",
    "Subject",
    "TagScore",
    "Token",
    "Utterance",
    "VerbGroup",
    "Verbs",
    "Word",
    "evaluate",
    "from_bytes",
    "from_conllu",
    "from_json",
    "load",
    "to_numpy",
    "verbs",
]

#: What of a text is known: nothing, a sentence a line, or that and tokens with white space between.
Given: TypeAlias = Literal["nothing", "sentences", "tokens"]

#: A stage of your own: a document goes in, and whatever it gives is what the pipeline gives.
Stage: TypeAlias = Callable[[Any], Any]

_english: Pipeline | None = None


class Pipeline:
    """Annotates text; made by :func:`load`.

    A pipeline may be called from any number of threads. It is pickled by its name, never with its
    model.

    Parameters
    ----------
    name : str or path
        ``"en"``, or the path of a model.
    stages : iterable of callables
        Stages of your own, see :meth:`with_stages`.

    Examples
    --------
    >>> from botsmith import nlp
    >>> en = nlp.Pipeline("en", stages=[lambda doc: doc.lemmas])
    >>> en("She was late.")
    ['she', 'be', 'late', '.']
    """

    __slots__ = ("_name", "_native", "_stages")

    def __init__(self, name: str | os.PathLike[str] = "en", *, stages: Iterable[Stage] = ()) -> None:
        self._name = os.fspath(name)
        self._native = _native.Pipeline(None if self._name == "en" else self._name)
        self._stages = _checked(stages)

    @property
    def name(self) -> str:
        """``en``, or the path of the model."""
        return self._name

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of your own, in order."""
        return self._stages

    def with_stages(self, *stages: Stage) -> Pipeline:
        """The same pipeline with more stages of your own after the others.

        Parameters
        ----------
        *stages : callable
            Each is called with what the one before it gave, the first with a :class:`Doc`.

        Examples
        --------
        >>> from botsmith import nlp
        >>> nouns = nlp.load("en").with_stages(
        ...     lambda doc: [word.lemma for word in doc.words if word.upos == "NOUN"])
        >>> nouns("The cat sat on the mat.")
        ['cat', 'mat']
        """
        new = object.__new__(Pipeline)
        new._name, new._native = self._name, self._native
        new._stages = self._stages + _checked(stages)
        return new

    def __call__(self, text: str, *, given: Given = "nothing") -> Any:
        """Annotates one text.

        Parameters
        ----------
        text : str
            The text, at most 2 GiB of UTF-8.
        given : {"nothing", "sentences", "tokens"}
            What of it is known: with ``"sentences"`` a line is a sentence, with ``"tokens"`` tokens are
            what stands between white space, too.

        Returns
        -------
        Doc
            Or what the last stage of your own gave.
        """
        result: Any = self._native.annotate(text, given)
        for stage in self._stages:
            result = stage(result)
        return result

    def pipe(
        self,
        texts: Iterable[str],
        *,
        batch_size: int = 256,
        threads: int = 0,
        given: Given = "nothing",
        stop: Any = None,
    ) -> Iterator[Any]:
        """Annotates many texts, in order, without having all of them at once.

        Parameters
        ----------
        texts : iterable of str
            Read as far as they are needed.
        batch_size : int
            Texts that are annotated at once.
        threads : int
            Working threads; 0 is one a core.
        given : {"nothing", "sentences", "tokens"}
            As in a call.
        stop : Stop, optional
            Ends it where another thread sets it.

        Examples
        --------
        >>> from botsmith import nlp
        >>> [len(doc) for doc in nlp.load("en").pipe(["One.", "Two words."])]
        [2, 3]
        """
        if isinstance(texts, str):
            raise TypeError("pipe wants many texts: pass a list, or call the pipeline with one text")
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: 1 or more is wanted")
        return self._pipe(iter(texts), batch_size, threads, given, stop if stop is not None else _native.Stop())

    def _pipe(
        self, texts: Iterator[str], batch_size: int, threads: int, given: Given, stop: _native.Stop
    ) -> Iterator[Any]:
        while batch := list(islice(texts, batch_size)):
            for doc in self._native.annotate_all(batch, given, threads, stop):
                if stop.is_set():
                    raise KeyboardInterrupt("it was stopped")
                result: Any = doc
                for stage in self._stages:
                    result = stage(result)
                yield result

    def retag(self, doc: Doc) -> Doc:
        """Tags and lemmas anew; sentences, tokens and words stay as they are."""
        return self._native.retag(doc)

    @property
    def info(self) -> dict[str, Any]:
        """What the model says of itself: data, seed, columns, scores."""
        import json

        found: dict[str, Any] = json.loads(self._native.info_json())
        return found

    def __repr__(self) -> str:
        stages = f" and {len(self._stages)} stages of your own" if self._stages else ""
        return f"<Pipeline {self._name!r}{stages}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._name, self._stages)


def _checked(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    stages = tuple(stages)
    for stage in stages:
        if not callable(stage):
            raise TypeError(f"a stage is called with what the one before it gave; {stage!r} cannot be")
    return stages


def _restored(name: str, stages: tuple[Stage, ...]) -> Pipeline:
    return load(name).with_stages(*stages)


def load(name: str | os.PathLike[str] = "en") -> Pipeline:
    """A pipeline: ``"en"`` is the English model inside the package, anything else a model file.

    Pipelines of stages (matchers, readability, keyphrases and so on) are :class:`Analyser`.

    Parameters
    ----------
    name : str or path
        ``"en"``, or the path of a ``.bsm`` file that ``botsmith nlp train`` made.

    Raises
    ------
    LanguageError
        If the file holds no usable model.
    FileError
        If it cannot be read.

    Examples
    --------
    >>> from botsmith import nlp
    >>> nlp.load("en")
    <Pipeline 'en'>
    """
    global _english
    if os.fspath(name) != "en":
        return Pipeline(name)
    if _english is None:
        _english = Pipeline("en")
    return _english


def from_conllu(text: str, *, path: str = "text") -> Doc:
    """Reads CoNLL-U.

    Parameters
    ----------
    text : str
        What a ``.conllu`` file holds.
    path : str
        Its name in errors.

    Raises
    ------
    SpecError
        With line and column where it is not CoNLL-U.

    Examples
    --------
    >>> from botsmith import nlp
    >>> doc = nlp.load("en")("Hello there.")
    >>> nlp.from_conllu(doc.to_conllu()).lemmas == doc.lemmas
    True
    """
    return _native.from_conllu(text, path)


def from_bytes(data: bytes, *, path: str = "bytes") -> Doc:
    """Reads what :meth:`Doc.to_bytes` wrote.

    Parameters
    ----------
    data : bytes
        The bytes.
    path : str
        Its name in errors.

    Examples
    --------
    >>> from botsmith import nlp
    >>> doc = nlp.load("en")("Hello there.")
    >>> nlp.from_bytes(doc.to_bytes()) == doc
    True
    """
    return _native.from_bytes(data, path)


def from_json(text: str, *, path: str = "text") -> Doc:
    """Reads what :meth:`Doc.to_json` wrote.

    Parameters
    ----------
    text : str
        The JSON.
    path : str
        Its name in errors.

    Examples
    --------
    >>> from botsmith import nlp
    >>> doc = nlp.load("en")("Hello there.")
    >>> nlp.from_json(doc.to_json()) == doc
    True
    """
    return _native.from_json(text, path)


@dataclass(frozen=True)
class TagScore:
    """How far one kind of annotation agrees, in percent; ``aligned`` is the share that is right of the words that
    match, ``None`` for what is no annotation of words."""

    precision: float
    recall: float
    f1: float
    aligned: float | None = None


def evaluate(gold: Doc, system: Doc) -> dict[str, TagScore]:
    """How far a document agrees with a right one, by the metrics of the CoNLL 2018 shared task.

    Parameters
    ----------
    gold : Doc
        As it should be, such as :func:`from_conllu` reads it.
    system : Doc
        The same text as a pipeline annotates it.

    Returns
    -------
    dict of str to TagScore
        ``Tokens``, ``Sentences``, ``Words``, ``UPOS``, ``XPOS``, ``UFeats``, ``AllTags``, ``Lemmas``.

    Raises
    ------
    LanguageError
        If the two do not hold the same characters, white space left out.

    Examples
    --------
    >>> from botsmith import nlp
    >>> doc = nlp.load("en")("She was late.")
    >>> gold = nlp.from_conllu(doc.to_conllu().replace("late\\tlate\\tADJ", "late\\tlate\\tADV"))
    >>> nlp.evaluate(gold, doc)["UPOS"].f1
    75.0
    """
    import json

    found: dict[str, dict[str, float]] = json.loads(_native.nlp_evaluate(gold, system))
    return {name: TagScore(**score) for name, score in found.items()}


Column: TypeAlias = Literal[
    "word_start",
    "word_end",
    "word_token",
    "token_start",
    "token_end",
    "token_word",
    "sentence_token",
]
TextColumn: TypeAlias = Literal["form", "lemma", "upos", "xpos", "feats"]


@overload
def to_numpy(doc: Doc, column: Column) -> NDArray[np.uint32]: ...
@overload
def to_numpy(doc: Doc, column: TextColumn) -> NDArray[np.object_]: ...
def to_numpy(doc: Doc, column: str) -> Any:
    """A column of a document as a NumPy array.

    Parameters
    ----------
    doc : Doc
        The document.
    column : str
        Of words: ``form``, ``lemma``, ``upos``, ``xpos``, ``feats``, ``word_start``, ``word_end`` (code
        points), ``word_token`` (number of its token). Of tokens: ``token_start``, ``token_end``,
        ``token_word`` (number of its first word). Of sentences: ``sentence_token`` (number of its first
        token).

    Returns
    -------
    numpy.ndarray
        Of ``uint32``, read-only; of objects where the column is text.

    Examples
    --------
    >>> from botsmith import nlp
    >>> nlp.to_numpy(nlp.load("en")("Hi you."), "token_start").tolist()
    [0, 3, 6]
    """
    import numpy

    texts = {"form": "forms", "lemma": "lemmas", "upos": "upos", "xpos": "xpos", "feats": "feats"}
    if column in texts:
        return numpy.array(getattr(doc, texts[column]), dtype=object)
    return numpy.frombuffer(doc.numbers(column), dtype=numpy.uint32)


def _part(doc: Doc, kind: str, index: int) -> Any:
    """A view of a document, for pickles."""
    return getattr(doc, kind)[index]
