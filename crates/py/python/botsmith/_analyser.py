"""Pipelines of stages: a document, and beside it what each stage found."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast

from . import _native
from ._native import Doc

__all__ = ["Analyser", "Analysis"]


@dataclass(frozen=True)
class Analysis:
    """A document with its layers: what each stage beyond tokens, tags and lemmas found.

    In layers, ``start`` and ``end`` are code points of ``doc.text``.
    """

    doc: Doc
    layers: Mapping[str, Any] = field(hash=False)

    def __getitem__(self, layer: str) -> Any:
        return self.layers[layer]

    def _repr_html_(self) -> str:
        from . import _html

        return _html.analysis(self)


class Analyser:
    """A pipeline of stages.

    Parameters
    ----------
    stages : path, list or mapping
        A pipeline file; or its ``stages``: names, mappings of a name to options, and Python callables,
        which are given the :class:`Doc` and give whatever JSON can hold; or the whole file as a mapping
        (``language`` or ``model``, and ``stages``).

    Examples
    --------
    >>> from botsmith import nlp
    >>> words = nlp.Analyser(["tokenise", "sentences", "counts", lambda doc: len(doc)])
    >>> found = words("Cats chase mice. Dogs bark.")
    >>> found["counts"]["sentences"], found["function"]
    (2, 7)
    """

    def __init__(
        self, stages: str | os.PathLike[str] | Sequence[Any] | Mapping[str, Any]
    ) -> None:
        self._given: Any = stages
        own: list[tuple[str, list[str], Callable[[Doc], str]]] = []
        path = "pipeline"
        if isinstance(stages, str | os.PathLike):
            path = os.fspath(cast("str", stages))
            try:
                text = Path(path).read_text(encoding="utf-8")
            except OSError as error:
                from ._errors import FileError

                words = f"cannot read {path}: {error.strerror or error}"
                raise FileError(words, code="BS-CORE-002", path=path) from error
        else:
            whole = dict(stages) if isinstance(stages, Mapping) else {"stages": list(stages)}
            whole["stages"] = [_stage(stage, own) for stage in whole.get("stages", ())]
            text = json.dumps(whole, ensure_ascii=False, allow_nan=False)
        self._native = _native.Analyser(text, path, own)

    @property
    def stages(self) -> list[str]:
        """The names of its stages, in order."""
        return self._native.stages

    def __call__(self, text: str | Doc, *, given: str = "nothing") -> Analysis:
        """Analyses one text, or a document that is annotated already."""
        if isinstance(text, Doc):
            return _analysis(*self._native.analyse_doc(text))
        return _analysis(*self._native.analyse(text, given))

    def pipe(
        self, texts: Iterable[str], *, batch_size: int = 256, threads: int = 0, stop: Any = None
    ) -> Iterator[Analysis]:
        """Analyses many texts, in order, batch after batch; `stop` ends it where another thread sets it."""
        if isinstance(texts, str):
            raise TypeError("pipe wants many texts: pass a list, or call the pipeline with one text")
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: 1 or more is wanted")
        return self._pipe(iter(texts), batch_size, threads, stop if stop is not None else _native.Stop())

    def _pipe(
        self, texts: Iterator[str], batch_size: int, threads: int, stop: _native.Stop
    ) -> Iterator[Analysis]:
        while batch := list(islice(texts, batch_size)):
            for doc, layers in self._native.analyse_all(batch, threads, stop):
                yield _analysis(doc, layers)

    def __repr__(self) -> str:
        return f"<Analyser {', '.join(self.stages)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Analyser, (self._given,)


def _analysis(doc: Doc, layers: str) -> Analysis:
    return Analysis(doc, json.loads(layers))


def _stage(stage: Any, own: list[tuple[str, list[str], Callable[[Doc], str]]]) -> Any:
    """A stage of the file; a callable is noted and named."""
    if isinstance(stage, str | Mapping):
        return cast("Any", stage)
    if not callable(stage):
        raise TypeError(f"a stage is a name, a mapping or a callable; {stage!r} is none of them")
    from ._callables import name_of

    name, taken = name_of(stage), {taken for taken, _, _ in own}
    while name in taken:
        name += "'"
    needs = [str(fact) for fact in getattr(stage, "needs", ())]
    own.append((name, needs, _layer(cast("Callable[[Doc], Any]", stage))))
    return name


def _layer(call: Callable[[Doc], Any]) -> Callable[[Doc], str]:
    return lambda doc: json.dumps(call(doc), ensure_ascii=False, allow_nan=False)
