"""Exceptions: one tree under :class:`Error`, each with its stable code and its place.

Codes are those of the command line; the book's page on errors lists each with its remedy.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "BotError",
    "EngineError",
    "Error",
    "EvalError",
    "FileError",
    "FlowError",
    "InternalError",
    "LanguageError",
    "ModelError",
    "NotFoundError",
    "SpecError",
    "StoreError",
]


class Error(Exception):
    """Anything that Botsmith says is wrong.

    Attributes
    ----------
    code : str
        The stable code, such as ``BS-EVAL-004``.
    message : str
        What is wrong, in one line.
    path : str or None
        The file.
    line, column : int or None
        The place in it, from 1.
    field : str or None
        The field, as a path: ``bots[0].recorded.path``.
    hint : str or None
        What to do about it.

    Examples
    --------
    >>> import botsmith as bs
    >>> try:
    ...     bs.metrics.rouge("a", "b", variant="M")
    ... except bs.Error as error:
    ...     print(error.code, error.line)
    BS-CORE-001 1
    """

    code: str
    message: str
    path: str | None
    line: int | None
    column: int | None
    field: str | None
    hint: str | None

    def __init__(
        self,
        text: str = "",
        *,
        code: str = "BS-PY-002",
        message: str | None = None,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        Exception.__init__(self, text)
        self.code = code
        self.message = text if message is None else message
        self.path = path
        self.line = line
        self.column = column
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        state = {
            name: getattr(self, name)
            for name in ("code", "message", "path", "line", "column", "field", "hint")
        }
        return _again, (type(self), str(self), state)


def _again(kind: type[Error], text: str, state: dict[str, Any]) -> Error:
    return kind(text, **state)


class SpecError(Error, ValueError):
    """A file, or options, that say something else than was wanted; with the place."""


class FileError(Error, OSError):
    """A file that cannot be read or written."""


class StoreError(Error, OSError):
    """A store that cannot be opened, read or written, or that is closed."""


class NotFoundError(Error, LookupError):
    """Something asked for by name that is not there: a run, a case, a bot, an evaluator."""


class LanguageError(Error, ValueError):
    """A model or a text that cannot be annotated."""


class BotError(Error, RuntimeError):
    """A bot whose turn did not end well: tools, limits, form of the answer, session."""


class ModelError(BotError):
    """A provider that did not answer."""


class EngineError(Error, RuntimeError):
    """A model of this machine that cannot be loaded or asked, or an engine that this build has not."""


class EvalError(Error, RuntimeError):
    """A case or a suite that cannot be judged."""


class FlowError(Error, RuntimeError):
    """A run of a workflow, or a step, that does not stand so that what was asked can be done."""


class InternalError(Error, RuntimeError):
    """A bug in Botsmith; please report it."""


_KINDS: tuple[tuple[str, type[Error]], ...] = (
    ("BS-PY-001", InternalError),
    ("BS-PY-003", LanguageError),
    ("BS-PY-004", EngineError),
    ("BS-PY-005", EngineError),
    ("BS-ENG-001", FileError),
    ("BS-ENG-002", FileError),
    ("BS-ENG-004", SpecError),
    ("BS-ENG-019", SpecError),
    ("BS-ENG-020", FileError),
    ("BS-ENG-025", SpecError),
    ("BS-ENG", EngineError),
    ("BS-CORE-002", FileError),
    ("BS-CORE-003", FileError),
    ("BS-CORE-01", StoreError),
    ("BS-EVAL-004", NotFoundError),
    ("BS-BOT-001", NotFoundError),
    ("BS-FLOW-002", NotFoundError),
    ("BS-FLOW-003", FlowError),
    ("BS-FLOW-004", FlowError),
    ("BS-FLOW-005", FlowError),
    ("BS-FLOW-006", StoreError),
    ("BS-FLOW-007", StoreError),
    ("BS-FLOW-019", FlowError),
    ("BS-FLOW-023", FlowError),
    # What is left of workflows is a file, inputs or options that do not fit.
    ("BS-FLOW", SpecError),
    ("BS-MODEL", ModelError),
    ("BS-NLP", LanguageError),
    ("BS-BOT", BotError),
    ("BS-EVAL", EvalError),
)


def of(
    code: str,
    text: str,
    message: str,
    path: str | None,
    line: int | None,
    column: int | None,
    field: str | None,
    hint: str | None,
) -> Error:
    """The exception for facts that come from Rust."""
    kind: type[Error] = SpecError
    if line is None and field is None:
        kind = next((kind for prefix, kind in _KINDS if code.startswith(prefix)), SpecError)
    return kind(
        text,
        code=code,
        message=message,
        path=path,
        line=line,
        column=column,
        field=field,
        hint=hint,
    )
