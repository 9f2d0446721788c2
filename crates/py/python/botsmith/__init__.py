"""Botsmith: judge AI bots with honest statistics, offline; build them, and read language.

- :func:`evaluate` judges bots over a dataset and gives a :class:`Run`; :func:`compare` compares two.
- :class:`Bot` is a cartridge with a model behind it.
- :mod:`botsmith.metrics` has the text metrics as plain functions.
- :mod:`botsmith.nlp` reads language: tokens, sentences, parts of speech, morphology, lemmas.
- :mod:`botsmith.aio` has the same with awaitables.

Examples
--------
>>> import botsmith as bs
>>> bs.metrics.levenshtein("flaw", "lawn")
0.5
"""

from __future__ import annotations


from . import _log, metrics, nlp
from ._errors import (
    BotError,
    Error,
    EvalError,
    FileError,
    InternalError,
    LanguageError,
    ModelError,
    NotFoundError,
    SpecError,
    StoreError,
)
from ._native import __version__


__all__ = [
    "BotError",
    "Error",
    "EvalError",
    "FileError",
    "InternalError",
    "LanguageError",
    "ModelError",
    "NotFoundError",
    "SpecError",
    "StoreError",
    "__version__",
    "metrics",
    "nlp",
]

_log.begin()
