"""Judging: a suite file, or bots, a dataset and evaluators as Python has them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from . import _callables, _native
from ._bots import Bot
from ._data import write_rows
from ._errors import Error, FileError, NotFoundError
from ._log import logger
from ._loop import Home, lent
from ._progress import Bar
from ._run import Run, Store, opened

#: Rows of the dataset, in a folder of ours.
_ROWS = "rows.jsonl"


@dataclass(frozen=True)
class Evaluator:
    """A function as an evaluator, with what is to be known of it.

    Parameters
    ----------
    function : callable
        Called with what its parameters name: ``answer`` (or ``text``, ``output``), ``reference`` (or
        ``expected``), ``references``, ``input`` (or ``question``), ``context``, ``case``. Gives a truth
        value (pass or fail), a number, a :class:`Score`, a pair of value and reason, or ``None`` where
        there is nothing to judge. May be async.
    name : str, optional
        Its name in the run; that of the function by default.
    threshold : float, optional
        The least value that passes (the greatest, where smaller values are better).
    range : tuple, optional
        Least and greatest value, 0 and 1 by default; the greatest may be ``None``.
    higher_is_better : bool or None
        ``None``: neither end is.
    decides : bool, optional
        Whether it gives pass or fail by itself. By default: where its return annotation is ``bool``, or
        there is none.

    Examples
    --------
    >>> import botsmith as bs
    >>> length = bs.Evaluator(len, name="length", range=(0, None), higher_is_better=False, threshold=5)
    >>> rows = [{"input": "short"}, {"input": "much longer"}]
    >>> bs.evaluate(bots=str.upper, dataset=rows, evaluators=[length], progress=False).bots[0].scores["length"].pass_rate
    0.5
    """

    function: Callable[..., Any]
    name: str | None = None
    threshold: float | None = None
    range: tuple[float, float | None] = (0.0, 1.0)
    higher_is_better: bool | None = True
    decides: bool | None = None

    def facts(self) -> dict[str, Any]:
        """What Rust is told of it."""
        decides = self.decides
        if decides is None:
            said = getattr(self.function, "__annotations__", {}).get("return")
            decides = said in (None, bool, "bool")
        lo, hi = self.range
        return {"lo": lo, "hi": hi, "higher_is_better": self.higher_is_better, "decides": decides}


def _said_name(evaluator: Any) -> str | None:
    """The name that an evaluator is given by whoever names it."""
    if isinstance(evaluator, str):
        return evaluator
    if isinstance(evaluator, Evaluator):
        return evaluator.name
    if isinstance(evaluator, Mapping) and len(cast("Mapping[Any, Any]", evaluator)) == 1:
        ((kind, options),) = cast("Mapping[Any, Any]", evaluator).items()
        named = cast("Mapping[str, Any]", options).get("name") if isinstance(options, Mapping) else None
        return str(named or kind)
    return None


def _there(argument: str, path: str | os.PathLike[str]) -> str:
    """A path that begins at the root, if there is a file."""
    whole = os.path.abspath(os.fspath(path))
    if not os.path.exists(whole):
        words = f"{argument}: there is no file {whole}"
        hint = f"a relative path begins at the working folder, {os.getcwd()}"
        if argument == "bots":
            raise NotFoundError(words, code="BS-BOT-001", path=whole, field=argument, hint=hint)
        raise FileError(words, code="BS-CORE-002", path=whole, field=argument, hint=hint)
    return whole


def _rooted(value: Any) -> Any:
    """What a suite says, where files that are in the working folder are named from the root: the suite that is made
    of arguments has no folder of its own."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        return {key: _whole(item) if key in ("path", "cartridge") else _rooted(item) for key, item in mapping.items()}
    if isinstance(value, list | tuple):
        return [_rooted(item) for item in cast("Sequence[Any]", value)]
    return value


def _whole(path: Any) -> Any:
    """A path from the root, where it is one of a file."""
    if isinstance(path, str | os.PathLike) and os.path.exists(os.fspath(cast("str", path))):
        return os.path.abspath(os.fspath(cast("str", path)))
    return path


class Suite:
    """Bots, dataset and evaluators ready for Rust; names are given to all that have none."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        self.given: list[tuple[str, _native.Bot]] = []
        self.judging: list[tuple[str, Callable[[str], str]]] = []
        self.homes: list[Home] = []
        self._names: set[str] = set()

    def bots(self, bots: Any) -> list[Any]:
        """The suite's ``bots``."""
        if isinstance(bots, Mapping) and "cartridge" not in bots and "recorded" not in bots and "provider" not in bots:
            named = cast("Mapping[str, Any]", bots)
            return [self._bot(bot, name) for name, bot in named.items()]
        if isinstance(bots, Sequence) and not isinstance(bots, str):
            return [self._bot(bot, None) for bot in cast("Sequence[Any]", bots)]
        return [self._bot(bots, None)]

    def _bot(self, bot: Any, name: str | None) -> Any:
        if isinstance(bot, str | os.PathLike):
            path = _there("bots", cast("str", bot))
            return {"name": self._name(name or Path(path).stem), "cartridge": path}
        if isinstance(bot, Mapping):
            mapping = _rooted(dict(cast("Mapping[str, Any]", bot)))
            if name is not None:
                mapping["name"] = name
            if isinstance(mapping.get("cartridge"), str | os.PathLike):
                mapping["cartridge"] = _there("bots", mapping["cartridge"])
            if "name" in mapping:
                self._name(mapping["name"])
            return mapping
        if not isinstance(bot, Bot):
            bot = Bot(provider=bot, version=self.revision)
        name = self._name(name or bot.name)
        self.homes.append(bot._home)
        self.given.append((name, bot._native))
        settings = {"model": bot.model or "bot", "revision": bot.revision(self.revision)}
        return {"name": name, "provider": {"id": "function", "settings": settings}}

    def _name(self, name: str) -> str:
        new, count = name, 1
        while new in self._names:
            count += 1
            new = f"{name}#{count}"
        self._names.add(new)
        return new

    def evaluators(self, evaluators: Any) -> list[Any]:
        """The suite's ``evaluators``."""
        many: list[Any]
        if isinstance(evaluators, Mapping):
            mapping = cast("Mapping[str, Any]", evaluators)
            if all(callable(value) for value in mapping.values()):
                many = [Evaluator(value, name=name) for name, value in mapping.items()]
            else:
                many = [mapping]
        elif isinstance(evaluators, Sequence) and not isinstance(evaluators, str):
            many = list(cast("Sequence[Any]", evaluators))
        else:
            many = [evaluators]
        self._names = set(filter(None, map(_said_name, many)))
        return [self._evaluator(evaluator) for evaluator in many]

    def _evaluator(self, evaluator: Any) -> Any:
        if isinstance(evaluator, str | Mapping):
            return _rooted(cast("Any", evaluator))
        if not isinstance(evaluator, Evaluator):
            if not callable(evaluator):
                raise TypeError(
                    f"an evaluator is a name, a mapping or a callable; {evaluator!r} is none of them"
                )
            evaluator = Evaluator(evaluator)
        kind = f"function-{len(self.judging)}"
        call = _callables.evaluator(evaluator.function)
        self.judging.append((json.dumps(evaluator.facts()), call))
        options: dict[str, Any] = {
            "name": evaluator.name or self._name(_callables.name_of(evaluator.function)),
            "revision": self.revision,
        }
        if evaluator.threshold is not None:
            options["threshold"] = evaluator.threshold
        return {kind: options}


def evaluate(
    suite: str | os.PathLike[str] | None = None,
    *,
    bots: Any = None,
    dataset: Any = None,
    evaluators: Any = None,
    store: Store | str | None = None,
    name: str | None = None,
    gate: Sequence[Mapping[str, Any]] | None = None,
    extract: Sequence[Any] | None = None,
    seed: int | None = None,
    limit: int | None = None,
    sample: int | None = None,
    filter: str | None = None,
    repeat: int | None = None,
    threads: int = 0,
    concurrency: int | None = None,
    allow_commands: bool = False,
    version: str | None = None,
    progress: bool | Callable[..., Any] = True,
    fields: Mapping[str, Any] | None = None,
    warn: bool = True,
    stop: Any = None,
) -> Run:
    """Judges bots over a dataset.

    Parameters
    ----------
    suite : str or path, optional
        A suite file. Without it, ``bots``, ``dataset`` and ``evaluators`` say what one would. With it, those, ``name``,
        ``gate``, ``extract``, ``repeat``, ``version`` and ``fields`` are refused: the file says them, and knows the
        state of its bots by itself.
    bots
        One bot, a list, or a mapping of names to bots. A bot is any callable, sync or async (a function,
        a LangChain chain, a pipeline of transformers, a company's own client), a :class:`Bot`, the path of
        a cartridge, or what a suite says of one, such as
        ``{"name": "old", "recorded": {"answer": "/old"}}``. Async ones run on an event loop of ours: make
        their clients inside, or await :func:`botsmith.aio.evaluate`, which runs them on your loop.
    dataset
        The path of a file, a data frame (pandas, polars, pyarrow, anything with Arrow's PyCapsule), a list
        or iterator of mappings, or a mapping of columns. Fields are ``input``, ``reference`` or
        ``references``, ``id``, ``context``, ``tags``, ``messages``; see ``fields``.
    evaluators
        One or a list: names, mappings as in a suite, callables, :class:`Evaluator`; or a mapping of names
        to callables.
    store : Store or str, optional
        Where the run is kept. By default: the configuration's for a suite file, memory otherwise.
    name : str, optional
        A name for the run.
    gate, extract, repeat, seed
        As in a suite.
    limit, sample, filter
        At most so many cases, a seeded sample of so many, only those for which an expression holds.
    threads : int
        Working threads; 0 is one a core.
    concurrency : int, optional
        Questions at once, for each bot; 4 by default. Say 1 for a callable that only one thread may call.
    allow_commands : bool
        Whether cartridges may start programs.
    version : str, optional
        What tells one state of your callables from another. With it, and a store that lasts, a run that
        was cut short goes on where it stopped, and one that is there is found; without it every run is new.
    progress : bool or callable
        A bar by tqdm, where that is installed; or a callable that is given
        (cases, fraction, answers, of, failed, verdicts).
    fields : mapping, optional
        Which field is what, where names differ: ``{"input": "question", "reference": "answer"}``.
    warn : bool
        Whether :attr:`Run.warnings` are logged, too.

    Returns
    -------
    Run

    Examples
    --------
    >>> import botsmith as bs
    >>> run = bs.evaluate(
    ...     bots=str.upper,
    ...     dataset=[{"input": "yes", "reference": "YES"}, {"input": "no", "reference": "No"}],
    ...     evaluators=["equals", lambda answer: len(answer) <= 3],
    ... )
    >>> run.bots[0].scores["equals"].pass_rate
    0.5
    """
    overrides = {
        key: value
        for key, value in (("seed", seed), ("limit", limit), ("sample", sample), ("filter", filter))
        if value is not None
    }
    wanted: dict[str, Any] = {
        "overrides": overrides, "threads": threads, "concurrency": concurrency,
        "allow_commands": allow_commands,
    }
    stop = stop if stop is not None else _native.Stop()
    if suite is not None:
        said = {
            "bots": bots, "dataset": dataset, "evaluators": evaluators, "name": name, "gate": gate, "extract": extract,
            "repeat": repeat, "version": version, "fields": fields,
        }
        given = [name for name, value in said.items() if value is not None]
        if given:
            words = f"a suite file says {', '.join(given)} itself"
            raise TypeError(f"evaluate: {words}; give the file, or bots, dataset and evaluators: one or the other")
        wanted["path"] = os.fspath(suite)
        return _run(wanted, opened(store), Suite(""), progress, warn, stop)
    if bots is None or dataset is None or evaluators is None:
        raise TypeError("evaluate wants a suite file, or bots, dataset and evaluators")
    made = Suite(_callables.revision(version))
    text: dict[str, Any] = {
        "version": 1, "name": name or "evaluation", "bots": made.bots(bots),
        "evaluators": made.evaluators(evaluators),
    }
    for key, value in (("gate", gate), ("extract", extract), ("repeat", repeat)):
        if value is not None:
            text[key] = value
    with tempfile.TemporaryDirectory(prefix="botsmith-") as folder:
        text["dataset"] = _dataset(dataset, fields, Path(folder))
        # Rows are beside it under one name: a run is known again by what its suite says.
        wanted["path"] = os.path.join(folder, f"<{text['name']}>".replace(os.sep, "-"))
        wanted["text"] = json.dumps(text, ensure_ascii=False, allow_nan=False, default=_unknown)
        held = opened(store if store is not None else "memory:")
        try:
            return _run(wanted, held, made, progress, warn, stop)
        except Error as error:
            if error.path != wanted["path"]:
                raise
            raise _of_arguments(error) from None


def _of_arguments(error: Error) -> Error:
    """What is wrong with a suite that was made of arguments: the argument's name, and no place in a text that nobody
    wrote."""
    where = "" if error.field is None else f" {error.field}:"
    hint = "" if error.hint is None else f"; {error.hint}"
    words = f"evaluate:{where} {error.message}{hint}"
    return type(error)(words, code=error.code, message=error.message, field=error.field, hint=error.hint)


#: What a suite calls a field that rows may call otherwise.
_FIELDS = {"references": "reference"}


def _dataset(dataset: Any, fields: Mapping[str, Any] | None, folder: Path) -> dict[str, Any]:
    mapping = {_FIELDS.get(key, key): _pointer(value) for key, value in (fields or {}).items()}
    if isinstance(dataset, str | os.PathLike):
        return {"path": _there("dataset", cast("str", dataset)), **mapping}
    if write_rows(dataset, folder / _ROWS) == 0:
        raise ValueError("the dataset has no rows")
    return {"path": _ROWS, **mapping}


def _pointer(field: Any) -> Any:
    """A name of a field as a JSON Pointer; pointers stay."""
    if isinstance(field, int) and not isinstance(field, bool):
        # Columns of a data frame without names are numbered.
        field = str(field)
    if not isinstance(field, str) or field.startswith("/"):
        return field
    return "/" + field.replace("~", "~0").replace("/", "~1")


def _unknown(value: Any) -> Any:
    raise TypeError(f"{value!r} is nothing that a suite can hold")


def _run(
    wanted: dict[str, Any], store: Store, made: Suite, progress: bool | Callable[..., Any], warn: bool, stop: Any
) -> Run:
    with Bar(progress) as bar, lent(made.homes):
        native = _native.evaluate(
            json.dumps(wanted, ensure_ascii=False), store._native, made.given, made.judging, stop, bar.update
        )
    run = Run(native, store)
    for warning in run.warnings if warn else ():
        logger.warning("%s", warning)
    return run


