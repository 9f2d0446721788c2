"""A rater at work: one question at a time, as values, as a page, or as a widget of a notebook."""

from __future__ import annotations

import json
import time
from html import escape
from typing import Any

from . import _native

_TOO_WIDE = 20


class Review:
    """What is asked now, and what is said to it; made by :func:`botsmith.feedback.review`.

    Every answer is kept before the next question comes. :attr:`step` is what is asked, a mapping with ``case``,
    ``said``, ``answers``, ``question``, ``teaches``; ``None`` when all is done.

    Examples
    --------
    >>> import botsmith as bs
    >>> from botsmith import feedback
    >>> rows = [{"id": "a", "input": "hi", "reference": "HI"}]
    >>> run = bs.evaluate(bots={"loud": str.upper}, dataset=rows, evaluators=["equals"], store="memory:", progress=False)
    >>> review = feedback.review(run, "ana")
    >>> _ = review.answer("up", comment="as it should be")
    >>> review.undo(), review.progress
    (True, (0, 1))
    """

    def __init__(self, native: _native.Review) -> None:
        self._native = native
        self._since = time.monotonic()

    @property
    def step(self) -> dict[str, Any] | None:
        """What is asked now."""
        text = self._native.step()
        return None if text is None else json.loads(text)

    @property
    def progress(self) -> tuple[int, int]:
        """How many questions are answered, and how many there are."""
        return self._native.progress()

    @property
    def guidelines(self) -> str | None:
        """What every rater should know."""
        return self._native.guidelines()

    def answer(
        self, value: Any, *, comment: str | None = None, correction: str | None = None, draft: bool = False
    ) -> dict[str, Any] | None:
        """Keeps an answer and goes on; gives the record.

        Parameters
        ----------
        value : Any
            As the question's kind has it; of a pair, ``"a"`` is the one shown first. Spans count code points.
        comment, correction : str, optional
            Why, and the answer as it should have been.
        draft : bool
            It is not handed in yet, and comes again.
        """
        seconds = round(time.monotonic() - self._since, 1)
        text = self._native.answer(json.dumps(value), seconds, comment, correction, draft)
        self._since = time.monotonic()
        return None if text is None else json.loads(text)

    def discard(self, why: str | None = None) -> None:
        """Notes that this cannot be judged, and goes on."""
        self._native.discard(why)
        self._since = time.monotonic()

    def skip(self) -> None:
        """Puts the question to the end."""
        self._native.skip()
        self._since = time.monotonic()

    def undo(self) -> bool:
        """Takes back what was said last in this sitting; false where there is nothing."""
        return self._native.undo()

    def __repr__(self) -> str:
        done, total = self.progress
        return f"<Review {done} of {total} answered>"

    def _repr_html_(self) -> str:
        from ._html import page

        done, total = self.progress
        step = self.step
        if step is None:
            return page(f"{done} of {total} answered: all is done")
        teaches = "can teach" if step["teaches"] else "only judges"
        parts = [f'<div class="bs-dim">{done + 1} of {total} · {teaches}</div>']
        parts += [f"<b>{escape(who)}</b><pre>{escape(words)}</pre>" for who, words in step["said"]]
        for name, answer in zip(_names(step), step["answers"], strict=True):
            bot = f' <span class="bs-dim">{escape(answer["bot"])}</span>' if answer["bot"] else ""
            parts.append(f"<b>{name}</b>{bot}<pre>{escape(answer['text'])}</pre>")
        question = step["question"]
        parts.append(f"<b>{escape(question['ask'])}</b>")
        if question.get("guidelines"):
            parts.append(f'<div class="bs-dim">{escape(question["guidelines"])}</div>')
        return page("".join(parts))

    def widget(self) -> Any:
        """Buttons to answer with; ``ipywidgets`` must be there."""
        from ._review_widget import widget

        return widget(self)

    def _ipython_display_(self) -> None:
        from importlib.util import find_spec

        from IPython.display import HTML, display

        if find_spec("ipywidgets") is None:
            display(HTML(self._repr_html_()))  # type: ignore[no-untyped-call]
        else:
            display(self.widget())  # type: ignore[no-untyped-call]


def _names(step: dict[str, Any]) -> list[str]:
    return ["answer"] if len(step["answers"]) == 1 else ["A", "B"]


def choices(question: dict[str, Any]) -> list[tuple[str, Any]]:
    """The buttons that answer a question: words and values; none where it is answered by writing."""
    kind = question["kind"]
    if kind == "thumb":
        return [("yes", "up"), ("no", "down")]
    if kind == "rating" and question["max"] - question["min"] < _TOO_WIDE:
        return [(str(n), n) for n in range(question["min"], question["max"] + 1)]
    if kind == "label":
        return [(word, word) for word in question["options"]]
    if kind == "pairwise":
        ties = [("neither", "tie")] if question["ties"] else []
        return [("A is better", "a"), ("B is better", "b"), *ties]
    return []
