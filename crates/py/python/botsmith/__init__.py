"""Botsmith: judge AI bots with honest statistics, offline; build them, and read language.

- :func:`evaluate` judges bots over a dataset and gives a :class:`Run`; :func:`compare` compares two.
- :class:`Bot` is a cartridge with a model behind it.
- :mod:`botsmith.metrics` has the text metrics as plain functions.
- :mod:`botsmith.stats` has the statistics: intervals, paired tests, corrections, power.
- :mod:`botsmith.nlp` reads language: tokens, sentences, parts of speech, morphology, lemmas.
- :mod:`botsmith.aio` has the same with awaitables.

Examples
--------
>>> import botsmith as bs
>>> bs.metrics.levenshtein("flaw", "lawn")
0.5
"""

from __future__ import annotations


from . import _log, _threads, aio, metrics, nlp, stats
from ._answers import Refused
from ._bots import Bot, Session, Stream
from ._callables import Score
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
from ._eval import Evaluator, evaluate
from ._native import __version__
from ._run import Run, Store, compare, open_run, runs
from ._tools import Tool, tool
from ._values import Answer, CaseResult, Comparison, Difference, Verdict

__all__ = [
    "Answer",
    "Bot",
    "BotError",
    "CaseResult",
    "Comparison",
    "Difference",
    "Error",
    "EvalError",
    "Evaluator",
    "FileError",
    "InternalError",
    "LanguageError",
    "ModelError",
    "NotFoundError",
    "Refused",
    "Run",
    "Score",
    "Session",
    "SpecError",
    "Store",
    "StoreError",
    "Stream",
    "Tool",
    "Verdict",
    "__version__",
    "aio",
    "compare",
    "evaluate",
    "metrics",
    "nlp",
    "open_run",
    "runs",
    "stats",
    "tool",
]

_log.begin()
