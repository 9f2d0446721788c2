"""A review with buttons, for notebooks that have ``ipywidgets``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._review import choices

if TYPE_CHECKING:
    from ._review import Review


def widget(review: Review) -> Any:
    """The widget: the question as a page, and what answers it."""
    w: Any = import_module("ipywidgets")
    page, answers, note = w.HTML(), w.HBox(), w.Label()
    comment = w.Text(placeholder="comment")
    begun: dict[str, Callable[[], Any]] = {}

    def give(value: Any) -> None:
        from ._errors import Error

        try:
            review.answer(value, comment=comment.value.strip() or None)
        except Error as error:
            note.value = str(error)
            return
        fresh("kept")

    def fresh(word: str = "") -> None:
        comment.value, note.value = "", word
        page.value = review._repr_html_()
        step = review.step
        answers.children = [] if step is None else tuple(controls(step["question"]))

    def button(word: str, act: Callable[[], object]) -> Any:
        made = w.Button(description=word)
        made.on_click(lambda _: act())
        return made

    def controls(question: dict[str, Any]) -> list[Any]:
        plain = choices(question)
        if plain:
            return [button(word, lambda value=value: give(value)) for word, value in plain]  # type: ignore[misc]
        kind = question["kind"]
        if kind == "multi-label":
            ticks = [w.Checkbox(description=word, indent=False) for word in question["options"]]
            begun["value"] = lambda: [tick.description for tick in ticks if tick.value]
            return [*ticks, button("hand in", lambda: give(begun["value"]()))]
        if kind == "rating":
            number = w.BoundedIntText(min=question["min"], max=question["max"])
            return [number, button("hand in", lambda: give(number.value))]
        words = w.Textarea(placeholder="words of the answer, a part a line" if kind == "span" else "")
        return [words, button("hand in", lambda: give(written(kind, words.value)))]

    def written(kind: str, words: str) -> Any:
        step = review.step
        if kind != "span" or step is None:
            return words
        text, spans = step["answers"][0]["text"], []
        for part in filter(None, map(str.strip, words.splitlines())):
            start = text.find(part)
            if start < 0:
                note.value = f"{part!r} does not stand in the answer"
            else:
                spans.append({"start": start, "end": start + len(part)})
        return spans

    def after(act: Callable[[], object], word: str) -> Callable[[], None]:
        def done() -> None:
            act()
            fresh(word)

        return done

    commands = w.HBox([
        button("later", after(review.skip, "put to the end")),
        button("cannot be judged", after(review.discard, "noted")),
        button("undo", after(review.undo, "taken back")),
    ])
    fresh()
    return w.VBox([page, answers, comment, commands, note])
