"""Feedback: what people say of the answers of a run, and how far they agree.

:func:`review` walks a rater through what is to be labelled, in a notebook with buttons; :func:`agreement` says
whether raters agree and whether anything may be learnt from what they said; :func:`calibrate` holds a judge
against it.

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
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from . import _native
from ._estimate import Estimate, Estimates, Gap, estimates
from ._review import Review
from ._run import Run

__all__ = [
    "Estimate", "Estimates", "Gap", "Held", "Review", "add", "agreement", "calibrate", "estimate", "read", "records",
    "review", "write",
]

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

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": "a", "input": "hi", "reference": "HI"}]
    >>> run = bs.evaluate(bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False)
    >>> feedback.add(run, case="a", question="verdict", value="down", rater="ana", correction="Hi!")["correction"]
    'Hi!'
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

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": "a", "input": "hi", "reference": "HI"}]
    >>> run = bs.evaluate(bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False)
    >>> for value in ("down", "up"):
    ...     _ = feedback.add(run, case="a", question="verdict", value=value, rater="ana")
    >>> [record["value"] for record in feedback.records(run)], len(feedback.records(run, all=True))
    (['up'], 2)
    """
    which = _which(run, all, {"question": question, "rater": rater, "case": case, "bot": bot})
    found: list[Record] = json.loads(_native.feedback_records(run.store._native, which))
    return found


def write(run: Run, path: str | os.PathLike[str], *, all: bool = False) -> int:
    """Writes what was said of a run to a ``.jsonl`` or ``.csv`` file; gives the number of records.

    Parameters
    ----------
    run : Run
        The run.
    path : path
        The file.
    all : bool
        As in :func:`records`.

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": "a", "input": "hi", "reference": "HI"}]
    >>> run = bs.evaluate(bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False)
    >>> import pathlib, tempfile
    >>> _ = feedback.add(run, case="a", question="verdict", value="up", rater="ana")
    >>> feedback.write(run, pathlib.Path(tempfile.mkdtemp()) / "said.jsonl")
    1
    """
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

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": "a", "input": "hi", "reference": "HI"}]
    >>> run = bs.evaluate(bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False)
    >>> import json, pathlib, tempfile
    >>> said = pathlib.Path(tempfile.mkdtemp()) / "said.jsonl"
    >>> record = {"case": "a", "bot": "loud", "rater": "ana", "question": "verdict", "value": "up"}
    >>> _ = said.write_text(json.dumps(record))
    >>> feedback.read(run, said)["new"], feedback.read(run, said)["known"]
    (1, 1)
    """
    wanted = {
        "path": os.fspath(path), "run": run.id, "shape": shape, "rater": rater, "bot": bot, "source": source,
        "suite": _path(suite),
    }
    found: dict[str, Any] = json.loads(_native.feedback_read(run.store._native, json.dumps(wanted)))
    return found


def agreement(run: Run, *, suite: str | os.PathLike[str] | None = None) -> list[dict[str, Any]]:
    """How far raters agree on each question: alpha, kappas, their intervals, raters, disputes, and the ``verdict``.

    ``"halted"`` says that the rubric is the defect, ``"one-view"`` that there is one rater, ``"undecided"`` that
    too few answers have two labels, ``"sound"`` that raters agree. Labels given when the question read otherwise do
    not count; ``reworded`` is how many there are.

    Parameters
    ----------
    run : Run
        The run.
    suite : path, optional
        The suite file that asks; the run's own by default, as it is now.

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": "a", "input": "hi", "reference": "HI"}]
    >>> run = bs.evaluate(bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False)
    >>> _ = feedback.add(run, case="a", question="verdict", value="up", rater="ana")
    >>> [(found["question"], found["verdict"]) for found in feedback.agreement(run)]
    [('verdict', 'one-view')]
    """
    text = _native.feedback_agreement(run.store._native, run.id, _path(suite))
    found: list[dict[str, Any]] = json.loads(text)
    return found


@dataclass(frozen=True)
class Held:
    """A judge held against what people said; shown as its reliability diagram in a notebook."""

    #: Whether the judge may gate; else it is advisory.
    gates: bool
    #: Why it may not.
    reason: str | None
    labels: int
    #: Raters whose labels do not count, since they are at odds with the others.
    excluded: tuple[str, ...]
    #: Agreement, rates, kappa, Brier score and calibration error.
    quality: Mapping[str, Any] = field(hash=False)
    #: All of it, as `botsmith feedback calibrate --json` prints it.
    report: Mapping[str, Any] = field(hash=False)
    svg: str

    def _repr_html_(self) -> str:
        from ._html import page

        return page(self.svg)


def calibrate(
    run: Run,
    *,
    metric: str | None = None,
    question: str | None = None,
    anew: bool = False,
    labels: int = 100,
    rarer: int = 30,
    kappa: float = 0.4,
    tpr: float = 0.7,
    tnr: float = 0.7,
    seed: int = 0,
) -> Held:
    """Holds the judge of a run against what people said of its answers, and keeps the calibration in the store.

    Newer labels are held against the calibration in force, until it is void; :func:`botsmith.hone` asks it whether
    the judge may gate.

    Parameters
    ----------
    run : Run
        The run.
    metric : str, optional
        The metric; the suite's judge by default.
    question : str, optional
        The question whose answers say what passes; the suite's first that does, by default.
    anew : bool
        Make a new calibration from all labels though the one in force holds.
    labels, rarer : int
        How many labels a judge needs to gate, and how many of the rarer verdict.
    kappa, tpr, tnr : float
        What the lower 95 % bounds of kappa and of both true rates have to reach.
    seed : int
        Seed of folds and resamples.

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": f"c{n}", "input": "hi", "reference": "HI" if n % 2 else "ho"} for n in range(120)]
    >>> run = bs.evaluate(
    ...     bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False
    ... )
    >>> for n in range(120):
    ...     _ = feedback.add(run, case=f"c{n}", question="verdict", value=bool(n % 2), rater="ana")
    >>> held = feedback.calibrate(run, metric="equals")
    >>> held.gates, held.labels
    (True, 120)
    """
    wanted = {
        "run": run.id, "metric": metric, "question": question, "anew": anew, "seed": seed,
        "requirements": {"labels": labels, "rarer": rarer, "kappa": kappa, "tpr": tpr, "tnr": tnr},
    }
    found = json.loads(_native.feedback_calibrate(run.store._native, json.dumps(wanted)))
    held = found["held"]
    return Held(
        held["gates"], held["reason"], held["labels"], tuple(held["excluded"]),
        held["calibration"]["calibration"]["quality"], held, found["svg"],
    )


def estimate(
    run: Run, *, metric: str | None = None, question: str | None = None, seed: int = 0
) -> Estimates:
    """What people would let pass of all answers of a run, from their labels on some and its judge's scores on all.

    Whatever the judge is wrong about, the labels take out: the interval holds however bad the judge is, and a good one
    makes it narrower. Labels weigh by the chance that they had of being asked for.

    Parameters
    ----------
    run : Run
        The run.
    metric : str, optional
        The metric that goes beside the labels; the suite's judge by default, without one the labels alone.
    question : str, optional
        The question whose answers say what passes; the suite's first that does, by default.
    seed : int
        Seed of the resamples by which raters are found to be at odds.

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": f"c{n}", "input": "hi", "reference": "HI" if n % 4 else "ho"} for n in range(120)]
    >>> run = bs.evaluate(
    ...     bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False
    ... )
    >>> for n in range(0, 120, 3):
    ...     _ = feedback.add(run, case=f"c{n}", question="verdict", value=bool(n % 4), rater="ana")
    >>> loud = feedback.estimate(run, metric="equals")["loud"]
    >>> loud.labels, round(loud.people.value, 2)
    (40, 0.75)
    """
    text = _native.feedback_estimate(run.store._native, run.id, metric, question, seed)
    return estimates(json.loads(text))


def review(
    run: Run,
    rater: str,
    *,
    beside: Run | None = None,
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
    beside : Run, optional
        A second run of the same cases: both answers to a random part of them come, mixed, and it is not shown whose
        they are.
    questions : list of str, optional
        Ask only these.
    budget : int, optional
        How many labels are asked for, with ``beside`` of each run; what the suite says by default, else 100.
    seed : int, optional
        The seed of what is chosen, and of its order; the suite's by default.
    again : bool
        Label 20 answers again that the rater labelled, without seeing what they said.
    suite : path, optional
        The suite file that asks; the run's own by default, as it is now.

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": "a", "input": "hi", "reference": "HI"}]
    >>> run = bs.evaluate(bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False)
    >>> review = feedback.review(run, "ana")
    >>> review.step["answers"][0]["text"], review.progress
    ('HI', (0, 1))
    >>> review.answer("up")["value"], review.step, review.progress
    ('up', None, (1, 1))
    """
    wanted = {
        "run": run.id, "beside": None if beside is None else beside.id, "rater": rater, "questions": questions or [],
        "budget": budget, "seed": seed, "again": again, "suite": _path(suite),
    }
    return Review(_native.Review(run.store._native, json.dumps(wanted)))
