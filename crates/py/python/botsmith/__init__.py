"""Botsmith: judge AI bots with honest statistics, offline; build them, and read language.

- :func:`evaluate` judges bots over a dataset and gives a :class:`Run`; :func:`compare` compares two.
- :class:`Bot` is a cartridge with a model behind it.
- :class:`Model`, :class:`Embedder` and :class:`CrossEncoder` are models of this machine, where the build has the
  engine (:func:`has_engine`).
- :mod:`botsmith.metrics` has the text metrics as plain functions; :func:`embed` gives vectors of texts.
- :mod:`botsmith.stats` has the statistics: intervals, paired tests, corrections, power.
- :mod:`botsmith.nlp` reads language: tokens, sentences, parts of speech, morphology, lemmas.
- :mod:`botsmith.feedback` keeps what people say of answers, and says how far they agree.
- :func:`hone` tries changes of a bot and brings the best before a gate; :mod:`botsmith.versions` has the versions
  of a bot, :mod:`botsmith.online` shares its sessions among them.
- :mod:`botsmith.flow` runs workflows, whose steps may be Python functions.
- :mod:`botsmith.batches` has steps over batches of rows, as Ray Data maps them.
- :mod:`botsmith.aio` has the same with awaitables.

Examples
--------
>>> import botsmith as bs
>>> bs.metrics.levenshtein("flaw", "lawn")
0.5
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import _log, _threads
from ._errors import (
    BotError,
    EngineError,
    Error,
    EvalError,
    FileError,
    FlowError,
    InternalError,
    LanguageError,
    ModelError,
    NotFoundError,
    SpecError,
    StoreError,
)
from ._native import __version__

if TYPE_CHECKING:
    from . import aio, batches, feedback, flow, metrics, nlp, online, stats, versions
    from ._answers import Refused
    from ._bots import Bot, Session, Stream
    from ._callables import Score
    from ._chat import ChatResponse, Sampling, TokenLogprob
    from ._embed import embed
    from ._encoders import CrossEncoder, Embedder, Int8Vectors
    from ._engine import has_engine
    from ._eval import Evaluator, evaluate
    from ._hone import Honing, hone
    from ._model import ChatStream, Model
    from ._run import Run, Store, compare, open_run, runs
    from ._scores import Continuation, Scores, TextScore
    from ._tools import Tool, tool
    from ._values import Answer, CaseResult, Comparison, Difference, Verdict

__all__ = [
    "Answer",
    "Bot",
    "BotError",
    "CaseResult",
    "ChatResponse",
    "ChatStream",
    "Comparison",
    "Continuation",
    "CrossEncoder",
    "Difference",
    "Embedder",
    "EngineError",
    "Error",
    "EvalError",
    "Evaluator",
    "FileError",
    "FlowError",
    "Honing",
    "Int8Vectors",
    "InternalError",
    "LanguageError",
    "Model",
    "ModelError",
    "NotFoundError",
    "Refused",
    "Run",
    "Sampling",
    "Score",
    "Scores",
    "Session",
    "SpecError",
    "Store",
    "StoreError",
    "Stream",
    "TextScore",
    "TokenLogprob",
    "Tool",
    "Verdict",
    "__version__",
    "aio",
    "batches",
    "compare",
    "embed",
    "evaluate",
    "feedback",
    "flow",
    "has_engine",
    "hone",
    "metrics",
    "nlp",
    "online",
    "open_run",
    "runs",
    "stats",
    "tool",
    "versions",
]

#: Where names come from when they are first asked for: importing all at once would take several times as long.
_HOMES = {
    "_answers": ("Refused",),
    "_bots": ("Bot", "Session", "Stream"),
    "_callables": ("Score",),
    "_chat": ("ChatResponse", "Sampling", "TokenLogprob"),
    "_embed": ("embed",),
    "_encoders": ("CrossEncoder", "Embedder", "Int8Vectors"),
    "_engine": ("has_engine",),
    "_eval": ("Evaluator", "evaluate"),
    "_hone": ("Honing", "hone"),
    "_model": ("ChatStream", "Model"),
    "_run": ("Run", "Store", "compare", "open_run", "runs"),
    "_scores": ("Continuation", "Scores", "TextScore"),
    "_tools": ("Tool", "tool"),
    "_values": ("Answer", "CaseResult", "Comparison", "Difference", "Verdict"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in ("aio", "batches", "feedback", "flow", "metrics", "nlp", "online", "stats", "versions"):
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_log.begin()
_threads.begin()
