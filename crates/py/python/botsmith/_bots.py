"""Bots: a cartridge with a model behind it, or a Python function in the model's place."""

from __future__ import annotations

import difflib
import functools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from . import _callables, _loop, _native, _schema
from ._errors import BotError
from ._run import Store, opened
from ._tools import Tool, tools as _tools_of
from ._values import Answer

#: What is said to a bot: a text, or a conversation that ends with the user's message.
Question = str | Sequence[Mapping[str, Any]]


def conversation(question: Any) -> str:
    """What is said to a bot, as JSON."""
    if isinstance(question, str):
        return json.dumps([{"role": "user", "content": question}])
    if isinstance(question, Mapping) or not isinstance(question, Sequence):
        raise TypeError(f"a question is a text or a list of messages, not {type(question).__name__}")
    return json.dumps(list(cast("Sequence[Any]", question)))


#: How answers are chosen, in the words of all providers.
_SAMPLING = (
    "temperature", "top_p", "top_k", "max_tokens", "stop", "seed", "presence_penalty", "frequency_penalty",
    "top_logprobs",
)
#: What else a bot is made with.
_OPTIONS = (
    "provider", "model", "tools", "output_schema", "variables", "confirm", "store", "allow_commands", "version",
)


def _known(sampling: Mapping[str, Any]) -> None:
    """A key that no bot knows does nothing, and is more likely a slip."""
    for name in sampling:
        if name not in _SAMPLING:
            near = difflib.get_close_matches(name, (*_SAMPLING, *_OPTIONS), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(_SAMPLING)} is wanted"
            raise TypeError(f"no setting of a bot is called {name!r}; {hint}")


class Bot:
    """A bot: ask it, stream its answer, hold a session with it, judge it with :func:`evaluate`.

    Parameters
    ----------
    cartridge : str, path or mapping, optional
        The file of a cartridge, its name on the search path, or its content.
    provider : str, mapping or callable, optional
        Who answers, in place of the cartridge's provider: an id such as ``"ollama"``, a mapping with
        ``id``, ``model``, ``address``, ``settings``; or a Python callable, sync or async, that is called
        with the user's words (or with ``messages`` or ``request``, if it has such a parameter). A generator,
        or an async one, gives its text piece by piece. What is async runs on an event loop of ours; under
        :class:`botsmith.aio.Bot` it runs on the loop that waits.
    model : str, optional
        Another model.
    tools : iterable of callables
        Functions that the model may call, see :func:`tool`. They run without anybody being asked.
    output_schema : type or mapping, optional
        The form of the answer: a pydantic model, a dataclass, any type hint, or a JSON Schema. The answer's
        ``value`` is then of that type.
    variables : mapping, optional
        Values of the variables that the cartridge declares.
    confirm : callable or bool, optional
        Asked with name and arguments whether a tool of the cartridge may run; ``True`` is always yes.
    store : Store or str, optional
        Where sessions and cached answers are kept.
    allow_commands : bool
        Whether the cartridge may start programs.
    version : str, optional
        What tells one state of the callables from another, in runs.
    **sampling
        ``temperature``, ``top_p``, ``top_k``, ``max_tokens``, ``stop``, ``seed``, ``presence_penalty``,
        ``frequency_penalty``, ``top_logprobs``; settings of the cartridge win. What only one provider knows
        stands in its ``settings``: ``provider={"id": "ollama", "settings": {"num_ctx": 8192}}``.

    Examples
    --------
    >>> import botsmith as bs
    >>> bot = bs.Bot(provider=lambda text: text.upper())
    >>> bot.ask("ahoy").text
    'AHOY'
    """

    def __init__(
        self,
        cartridge: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        *,
        provider: Any = None,
        model: str | None = None,
        tools: Iterable[Callable[..., Any]] = (),
        output_schema: Any = None,
        variables: Mapping[str, Any] | None = None,
        confirm: Callable[[str, Any], Any] | bool | None = None,
        store: Store | str | None = None,
        allow_commands: bool = False,
        version: str | None = None,
        **sampling: Any,
    ) -> None:
        self._config = {
            "cartridge": cartridge, "provider": provider, "model": model, "tools": tuple(tools),
            "output_schema": output_schema, "variables": variables, "confirm": confirm, "store": store,
            "allow_commands": allow_commands, "version": version, **sampling,
        }
        _known(sampling)
        self._home = _loop.home()
        self._tools = _tools_of(self._config["tools"])
        self._output = output_schema
        wanted: dict[str, Any] = {
            "sampling": sampling, "variables": dict(variables or {}), "allow_commands": allow_commands,
            "call_tools": True if confirm is True else [t.name for t in self._tools] or False,
        }
        if callable(confirm) and wanted["call_tools"] is False:
            wanted["call_tools"] = []
        if isinstance(cartridge, Mapping):
            wanted["value"] = dict(cartridge)
        elif cartridge is not None:
            wanted["cartridge"] = os.fspath(cartridge)
        if output_schema is not None:
            wanted["output_schema"] = _schema.of_type(output_schema)
        with _loop.making(self._home):
            answers, over = self._provider(provider, model)
        self._calls_python = answers is not None
        if answers is not None:
            wanted["function"] = model or _callables.name_of(provider)
            wanted["revision"] = version
        elif over:
            wanted["provider"] = over
        elif cartridge is None:
            raise TypeError("a bot needs a cartridge or a provider")
        self._store = None if store is None else opened(store)
        self._native = _native.Bot(
            json.dumps(wanted, ensure_ascii=False, allow_nan=False),
            answers,
            [(json.dumps(t.spec), functools.partial(t.call_json, at=self._home)) for t in self._tools],
            _asked(confirm) if callable(confirm) else None,
            None if self._store is None else self._store._native,
        )
        self._facts: dict[str, Any] = json.loads(self._native.facts_json())
        for warning in self._facts["warnings"]:
            from ._log import logger

            logger.warning("%s", warning)

    @staticmethod
    def _provider(
        provider: Any, model: str | None
    ) -> tuple[Callable[[str], str] | None, dict[str, Any]]:
        over: dict[str, Any] = {} if model is None else {"model": model}
        if provider is None:
            return None, over
        if isinstance(provider, str):
            return None, {"id": provider, **over}
        if isinstance(provider, Mapping):
            return None, {**cast("Mapping[str, Any]", provider), **over}
        return _callables.bot(provider), {}

    @property
    def name(self) -> str:
        """Its name: the cartridge's, or that of the function."""
        return cast("str", self._facts["name"] or self._facts["model"] or "bot")

    @property
    def provider(self) -> str:
        """Id of the provider; ``function`` for a Python callable."""
        return cast("str", self._facts["provider"])

    @property
    def model(self) -> str | None:
        """The model that answers where a request names no other."""
        return self._facts["model"] or None

    @property
    def tools(self) -> tuple[Tool[..., Any], ...]:
        """The Python functions that its model may call."""
        return self._tools

    def revision(self, otherwise: str) -> str:
        """What tells it from another bot of the same cartridge: its version where Python answers."""
        if self._calls_python or self._tools:
            return str(self._config["version"] or otherwise)
        return ""

    def ask(self, question: Question, *, timeout: float | None = None, stop: Any = None) -> Answer:
        """Answers a question, and remembers nothing.

        Parameters
        ----------
        question : str or list of messages
            A conversation ends with the user's message; messages are ``{"role": …, "content": …}``.
        timeout : float, optional
            Seconds for the whole answer.

        Raises
        ------
        ModelError
            If the provider does not answer.
        BotError
            If a limit is reached, or the answer has not the form that is wanted.
        """
        stop = stop if stop is not None else _native.Stop()
        return self._answer(self._native.ask(conversation(question), stop, timeout))

    def _answer(self, text: str) -> Answer:
        turn = json.loads(text)
        value = turn.get("json")
        if value is not None and self._output is not None:
            value = self._built(value)
        return Answer.of_turn(turn, self.name, value)

    def _built(self, value: Any) -> Any:
        """The answer's data as what was asked for, which may hold it to more than its schema says."""
        try:
            return _schema.build(self._output, value)
        except Exception as error:
            kind = getattr(self._output, "__name__", None) or repr(self._output)
            words = f"the answer is no {kind}: {error}"
            raise BotError(words, code="BS-BOT-008", message=f"the answer is no {kind}") from error

    def __call__(self, question: Question, *, timeout: float | None = None) -> str:
        """The text of the answer alone."""
        return self.ask(question, timeout=timeout).text

    def stream(self, question: str, *, timeout: float | None = None, stop: Any = None) -> Stream:
        """The answer piece by piece: an iterator of texts, whose ``answer`` is there at its end.

        Examples
        --------
        >>> import botsmith as bs
        >>> stream = bs.Bot(provider=lambda text: "well, " + text).stream("yes")
        >>> "".join(stream).strip()
        'well, yes'
        >>> stream.answer.text
        'well, yes'
        """
        return self.session().stream(question, timeout=timeout, stop=stop)

    def session(
        self, key: str | None = None, *, user: str | None = None, store: Store | str | None = None
    ) -> Session:
        """A conversation that is remembered.

        Parameters
        ----------
        key : str, optional
            Kept under this key in the store; without it, for as long as the object lives.
        user : str, optional
            Whose it is.
        store : Store or str, optional
            Where it is kept, if not where the bot keeps things.
        """
        held = None if store is None else opened(store)
        if key is not None and held is None and self._store is None:
            held = opened(None)
        native = self._native.session(key, user, None if held is None else held._native)
        return Session(self, native)

    def request(self, question: Question) -> dict[str, Any]:
        """The request that a question would make; nothing is sent."""
        found: dict[str, Any] = json.loads(self._native.request_json(conversation(question)))
        return found

    def __repr__(self) -> str:
        return f"<Bot {self.name!r}, {self.provider} {self.model or ''}".rstrip() + ">"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.bot(self._facts)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._config)


def _again(kind: type[Bot], config: dict[str, Any]) -> Bot:
    return kind(**config)


def _asked(confirm: Callable[[str, Any], Any]) -> Callable[[str], str]:
    def ask(text: str) -> str:
        question = json.loads(text)
        return "yes" if confirm(question["name"], question["arguments"]) else "no"

    return ask


class Session:
    """A conversation with a bot; made by :meth:`Bot.session`. One turn at a time.

    Examples
    --------
    >>> import botsmith as bs
    >>> session = bs.Bot(provider=lambda messages: f"message {len(messages)}").session()
    >>> session.ask("so?").text, session.ask("and?").text
    ('message 1', 'message 3')
    >>> [event["who"] for event in session.history]
    ['user', 'AI', 'user', 'AI']
    """

    def __init__(self, bot: Bot, native: _native.Session) -> None:
        self.bot = bot
        self._native = native

    def ask(self, question: str, *, timeout: float | None = None, stop: Any = None) -> Answer:
        """One turn.

        Parameters
        ----------
        question : str
            What the user says.
        timeout : float, optional
            Seconds for the whole answer; waiting for turns of others that are before it counts.
        """
        stop = stop if stop is not None else _native.Stop()
        reply = json.loads(self._native.ask(question, stop, timeout))
        return self.bot._answer(json.dumps(reply["turn"]))

    def stream(self, question: str, *, timeout: float | None = None, stop: Any = None) -> Stream:
        """One turn, piece by piece."""
        stop = stop if stop is not None else _native.Stop()
        return Stream(self.bot, self._native.stream(question, stop, timeout))

    @property
    def history(self) -> list[dict[str, Any]]:
        """What was said so far: ``who``, ``message``, ``at`` and more."""
        found: list[dict[str, Any]] = json.loads(self._native.history_json())
        return found

    def forget(self) -> None:
        """Forgets everything, in the store too."""
        self._native.forget()

    def __repr__(self) -> str:
        return f"<Session with {self.bot.name!r}, {len(self.history)} events>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.session(self.history, self.bot.name)

    def __reduce__(self) -> tuple[Any, ...]:
        words = "pickle its bot, and open it there by its key in a store that lasts: bot.session(KEY, store='sqlite:PATH')"
        raise TypeError(f"a session cannot be pickled: {words}")


class Stream:
    """An answer as it comes: iterate over its texts. Letting go of it stops the bot. Made by :meth:`Bot.stream`.

    Examples
    --------
    >>> import botsmith as bs
    >>> def words(text):
    ...     yield from (word + " " for word in text.split())
    >>> with bs.Bot(provider=words).stream("ahoy you") as stream:
    ...     pieces = list(stream)
    >>> pieces, stream.answer.text
    (['ahoy ', 'you ', '\\n'], 'ahoy you ')
    """

    def __init__(self, bot: Bot, native: _native.Stream) -> None:
        self._bot = bot
        self._native = native

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._native)

    @property
    def answer(self) -> Answer | None:
        """The whole answer, once the stream is at its end."""
        text = self._native.reply_json
        if text is None:
            return None
        return self._bot._answer(json.dumps(json.loads(text)["turn"]))

    def close(self) -> None:
        """Stops the bot."""
        self._native.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a stream cannot be pickled: read it to its end, and pickle its answer")
