"""Feedback: what people say of the answers of a run, and how far they agree.

:func:`review` walks a rater through what is to be labelled, in a notebook with buttons; :func:`agreement` says
whether raters agree and whether anything may be learnt from what they said.

Examples
--------
>>> import botsmith as bs
>>> from botsmith import feedback
>>> run = bs.evaluate(
...     bots={"loud": lambda text: text.upper()}, dataset=[{"id": "a", "input": "hi", "reference": "HI"}],
...     evaluators=["equals"], store="memory:", progress=False,
... )
>>> kept = feedback.add(run, case="a", question="verdict", value="up", rater="ana")
>>> kept["value"], [record["rater"] for record in feedback.records(run)]
('up', ['ana'])
>>> feedback.agreement(run)[0]["verdict"]
'one-view'
"""

from __future__ import annotations

import json
import os
from typing import Any, Literal

from . import _native
from ._review import Review
from ._run import Run

__all__ = ["Review", "add", "agreement", "read", "records", "review", "write"]

Record = dict[str, Any]
Source = Literal["expert", "user", "implicit"]


def _only(run: Run, bot: str | None) -> str:
    if bot is not None:
        return bot
    names = [known.name for known in run.bots]
    if len(names) != 1:
        raise ValueError(f"bot= tells which of {', '.join(names)}")
    return names[0]


def add(
    run: Run,
    *,
    case: str,
    question: str,
    value: Any,
    rater: str,
    bot: str | None = None,
    against: str | None = None,
    repeat: int = 1,
    comment: str | None = None,
    correction: str | None = None,
    source: Source = "expert",
    blind: bool = False,
    suite: str | os.PathLike[str] | None = None,
) -> Record:
    """Keeps one thing about one answer; what the rater said of it before is replaced.

    Parameters
    ----------
    run : Run
        The run that the answer is of.
    case, question : str
        The case's id, and the question's name.
    value : Any
        The answer to the question, as its kind has it. Spans count code points.
    rater : str
        Who says it.
    bot, against : str, optional
        Whose answer; of a pair, ``a`` and ``b``. The run's only bot by default.
    repeat : int
        The repeat of the answer.
    comment, correction : str, optional
        Why, and the answer as it should have been.
    source : {"expert", "user", "implicit"}
        Whose word it is; implicit ones never count as truth.
    blind : bool
        Whether the rater could not see which bot it was.
    suite : path, optional
        The suite file that asks; the run's own by default, as it is now.

    Returns
    -------
    dict
        The record as it is kept.
    """
    record = {
        "case": case, "bot": _only(run, bot), "repeat": repeat, "question": question, "value": value,
        "rater": rater, "source": source, "blind": blind, "comment": comment, "correction": correction,
        "against": None if against is None else {"bot": against},
    }
    given = {key: what for key, what in record.items() if what is not None}
    text = _native.feedback_add(run.store._native, run.id, json.dumps(given), _path(suite))
    kept: Record = json.loads(text)
    return kept


def _path(path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else os.fspath(path)


def _which(run: Run, every: bool, of: dict[str, str | None]) -> str:
    return json.dumps({"run": run.id, "all": every, **of})


def records(
    run: Run,
    *,
    question: str | None = None,
    rater: str | None = None,
    case: str | None = None,
    bot: str | None = None,
    all: bool = False,
) -> list[Record]:
    """What was said of a run: the latest word of each rater on each thing, spans in bytes.

    Parameters
    ----------
    run : Run
        The run.
    question, rater, case, bot : str, optional
        Only records of these.
    all : bool
        Everything that was ever written: drafts, what was taken back or replaced, too.
    """
    which = _which(run, all, {"question": question, "rater": rater, "case": case, "bot": bot})
    found: list[Record] = json.loads(_native.feedback_records(run.store._native, which))
    return found


def write(run: Run, path: str | os.PathLike[str], *, all: bool = False) -> int:
    """Writes what was said of a run to a ``.jsonl`` or ``.csv`` file; gives the number of records."""
    return _native.feedback_write(run.store._native, _which(run, all, {}), os.fspath(path))


def read(
    run: Run,
    path: str | os.PathLike[str],
    *,
    shape: Literal["records", "argilla", "langfuse"] | None = None,
    rater: str | None = None,
    bot: str | None = None,
    source: Source = "expert",
    suite: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Reads feedback on a run from a file: our records, or what Argilla or Langfuse export.

    Parameters
    ----------
    run : Run
        The run that it is about.
    path : path
        A ``.jsonl``, ``.json`` or ``.csv`` file.
    shape : {"records", "argilla", "langfuse"}, optional
        What its rows are; told by the first by default.
    rater, bot, source
        Those of records that do not say so.
    suite : path, optional
        The suite file that asks; the run's own by default, as it is now.

    Returns
    -------
    dict
        ``shape``, how many are ``new`` or were ``known``, what was ``passed_over``, and records of questions
        that are ``unasked``.
    """
    wanted = {
        "path": os.fspath(path), "run": run.id, "shape": shape, "rater": rater, "bot": bot, "source": source,
        "suite": _path(suite),
    }
    found: dict[str, Any] = json.loads(_native.feedback_read(run.store._native, json.dumps(wanted)))
    return found


def agreement(run: Run, *, suite: str | os.PathLike[str] | None = None) -> list[dict[str, Any]]:
    """How far raters agree on each question: alpha, kappas, raters, disputes, and the ``verdict``.

    ``"halted"`` says that the rubric is the defect, ``"one-view"`` that there is one rater, ``"undecided"`` that
    too few answers have two labels, ``"sound"`` that raters agree.
    """
    text = _native.feedback_agreement(run.store._native, run.id, _path(suite))
    found: list[dict[str, Any]] = json.loads(text)
    return found


def review(
    run: Run,
    rater: str,
    *,
    questions: list[str] | None = None,
    budget: int | None = None,
    seed: int | None = None,
    again: bool = False,
    suite: str | os.PathLike[str] | None = None,
) -> Review:
    """A rater's way through the answers of a run; in a notebook it shows itself, with buttons where
    ``ipywidgets`` is there.

    Parameters
    ----------
    run : Run
        The run.
    rater : str
        Who labels.
    questions : list of str, optional
        Ask only these.
    budget : int, optional
        How many labels are asked for; what the suite says by default, else 100.
    seed : int, optional
        The seed of what is chosen, and of its order; the suite's by default.
    again : bool
        Label 20 answers again that the rater labelled, without seeing what they said.
    suite : path, optional
        The suite file that asks; the run's own by default, as it is now.
    """
    wanted = {
        "run": run.id, "rater": rater, "questions": questions, "budget": budget, "seed": seed, "again": again,
        "suite": _path(suite),
    }
    return Review(_native.Review(run.store._native, json.dumps(wanted)))
