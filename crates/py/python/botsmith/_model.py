"""Models of this machine that chat and score, on the local engine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, overload

from . import _engine, _schema
from ._bots import Question, conversation
from ._chat import ChatResponse
from ._scores import Scores, TextScore
from ._tools import Tool, tool

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from . import _native
    from ._chat import Sampling

__all__ = ["ChatStream", "Model"]


class Model:
    """A decoder in this process: no server, no network.

    Parameters
    ----------
    path : str or path
        A folder of the Hugging Face layout, a ``.gguf`` file, or ``hf:org/name[@revision][:file]`` of a model
        that ``botsmith model pull`` fetched.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda:0"``, ``"metal"``.
    context : int, optional
        Tokens of prompt and answer together; what the model was trained for by default.
    kv_bytes : int, optional
        Memory for keys and values, those of remembered prompts included; 1 GiB by default, or a quarter of what
        is free.
    parallel : int, optional
        Answers under way at once, at most; 64 by default.
    cancel : optional
        A ``Stop`` that another thread may set to end the loading.

    Raises
    ------
    FileError
        If there is no model at the path, or one of its files is missing.
    EngineError
        If the model is damaged, of a kind that is not known, or does not fit into memory; if this build has no
        engine (:func:`has_engine`).

    Notes
    -----
    Any number of threads may use one model: answers are made together, and prompts that begin alike are read
    once. A pickle holds path and options, no weights. A model does not live on in a forked process.

    Examples
    --------
    >>> import botsmith as bs
    >>> def judge(model: bs.Model, answer: str) -> float:
    ...     prompt = [{"role": "user", "content": f"Is this polite? Answer yes or no.\\n{answer}"}]
    ...     return model.score(prompt, ["yes", "no"]).weighted([1, 0])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        device: str = "auto",
        context: int | None = None,
        kv_bytes: int | None = None,
        parallel: int | None = None,
        cancel: Any = None,
    ) -> None:
        kind = _engine.native("Model")
        name, stop = _engine.path_of(path), _engine.stopped_by(cancel)
        self._config = {
            "path": name, "device": device, "context": context, "kv_bytes": kv_bytes, "parallel": parallel,
        }
        self._native: _native.Model = kind(name, device, stop, context, kv_bytes, parallel)

    @property
    def path(self) -> str:
        """The path or name that it was loaded by."""
        return str(self._config["path"])

    @property
    def facts(self) -> dict[str, Any]:
        """What it is: ``model``, ``context`` and ``vocabulary`` in tokens, whether it has a ``chat_template`` and
        knows ``tools``; and ``kv``, the memory for keys and values in use."""
        found: dict[str, Any] = json.loads(self._native.facts_json())
        return found

    def chat(
        self,
        messages: Question,
        *,
        schema: Any = None,
        regex: str | None = None,
        lark: str | None = None,
        tools: Iterable[Any] = (),
        tool_choice: str | None = None,
        logprobs: int | None = None,
        raw: bool = False,
        timeout: float | None = None,
        cancel: Any = None,
        **sampling: Unpack[Sampling],
    ) -> ChatResponse:
        """Answers.

        Parameters
        ----------
        messages : str or list of messages
            What the user says, or a conversation: ``{"role": …, "content": …}``.
        schema : type or mapping, optional
            The answer is JSON of this form: a JSON Schema, a pydantic model, a dataclass, any type hint. It is
            then the response's ``value``.
        regex, lark : str, optional
            The answer matches this expression from beginning to end, or follows this grammar in Lark's syntax.
        tools : iterable, optional
            Functions or JSON specifications that the model may ask for. Nothing is called: see
            :class:`Bot` for that.
        tool_choice : str, optional
            ``"auto"``, ``"none"``, ``"required"``, or the name of a tool that must be called.
        logprobs : int, optional
            Gives the log-probability of each token, and of so many others at its place.
        raw : bool
            Takes a text as the prompt as it stands, without the chat template.
        timeout : float, optional
            Seconds for the whole answer.
        cancel : optional
            A ``Stop`` that another thread may set.
        **sampling
            See :class:`Sampling`: ``max_tokens``, ``temperature``, ``top_k``, ``top_p``, ``min_p``, ``seed``,
            ``stop`` and more.

        Raises
        ------
        EngineError
            If prompt and answer do not fit into the context; the message has the numbers.
        SpecError
            If a setting, schema, expression or grammar cannot be used.
        ModelError
            If the time is over, or it was stopped.
        """
        asked = _asked(messages, raw, schema, regex, lark, tools, tool_choice, logprobs, sampling)
        return ChatResponse.of_json(self._native.chat(asked, _engine.stopped_by(cancel), timeout), schema)

    def stream(
        self,
        messages: Question,
        *,
        schema: Any = None,
        regex: str | None = None,
        lark: str | None = None,
        tools: Iterable[Any] = (),
        tool_choice: str | None = None,
        logprobs: int | None = None,
        raw: bool = False,
        timeout: float | None = None,
        cancel: Any = None,
        **sampling: Unpack[Sampling],
    ) -> ChatStream:
        """The answer piece by piece: an iterator of texts, whose ``response`` is there at its end.

        Takes what :meth:`chat` takes. Closing the stream, or letting go of it, stops the model.
        """
        asked = _asked(messages, raw, schema, regex, lark, tools, tool_choice, logprobs, sampling)
        return ChatStream(self._native.stream(asked, _engine.stopped_by(cancel), timeout), schema)

    def prompt(self, messages: Question, *, tools: Iterable[Any] = (), **sampling: Unpack[Sampling]) -> str:
        """The text that the chat template makes of a conversation, up to the opening of the answer."""
        return self._native.prompt(_asked(messages, False, None, None, None, tools, None, None, sampling))

    def score(
        self,
        prompt: Question,
        continuations: Iterable[str],
        *,
        timeout: float | None = None,
        cancel: Any = None,
    ) -> Scores:
        """How likely continuations of a prompt are; nothing is decoded.

        Parameters
        ----------
        prompt : str or list of messages
            Text as it stands, or a conversation, which the chat template writes, up to where its answer
            begins: with thinking off where the template knows it, and a thought that it opens closed.
        continuations : iterable of str
            What may follow. A token that crosses the border belongs to the continuation.
        """
        return self.score_all([(prompt, continuations)], timeout=timeout, cancel=cancel)[0]

    def score_all(
        self,
        requests: Iterable[tuple[Question, Iterable[str]]],
        *,
        timeout: float | None = None,
        cancel: Any = None,
    ) -> list[Scores]:
        """The scores of many prompts with their continuations: what they share is read once."""
        given = [(prompt, _engine.texts_of(texts)[0]) for prompt, texts in requests]
        rows = self._native.score(
            [
                (prompt, False, texts) if isinstance(prompt, str) else (conversation(prompt), True, texts)
                for prompt, texts in given
            ],
            _engine.stopped_by(cancel),
            timeout,
        )
        return [Scores.of(texts, row) for (_, texts), row in zip(given, rows, strict=True)]

    @overload
    def score_texts(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self, texts: str, *, timeout: float | None = None, cancel: Any = None
    ) -> TextScore: ...
    @overload
    def score_texts(
        self, texts: Iterable[str], *, timeout: float | None = None, cancel: Any = None
    ) -> list[TextScore]: ...
    def score_texts(
        self, texts: str | Iterable[str], *, timeout: float | None = None, cancel: Any = None
    ) -> TextScore | list[TextScore]:
        """How likely whole texts are: log-probability, perplexity, bits per byte; of one text, or of several."""
        found, alone = _engine.texts_of(texts)
        rows = self._native.score_texts(found, _engine.stopped_by(cancel), timeout)
        scores = [TextScore(*row) for row in rows]
        return scores[0] if alone else scores

    def encode(self, text: str, *, special: bool = True) -> list[int]:
        """The ids of a text's tokens; ``special`` adds what the model wants around it."""
        return self._native.encode(text, special)

    def decode(self, ids: Iterable[int], *, skip_special: bool = True) -> str:
        """The text of tokens."""
        return self._native.decode(list(ids), skip_special)

    def forget(self) -> None:
        """Forgets the prompts that were read, and frees their memory."""
        self._native.forget()

    def __repr__(self) -> str:
        facts = self.facts
        return f"<Model {facts['model']!r}, context of {facts['context']} tokens>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._config)


def _again(kind: type[Model], config: dict[str, Any]) -> Model:
    return kind(**config)


class ChatStream:
    """An answer of a :class:`Model` as it is made: iterate over its texts. Letting go of it stops the model."""

    def __init__(self, native: _native.ChatStream, schema: Any = None) -> None:
        self._native = native
        self._schema = schema

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._native)

    @property
    def response(self) -> ChatResponse | None:
        """The whole answer, once the stream is at its end; thought and tool calls are in it alone."""
        text = self._native.response_json
        return None if text is None else ChatResponse.of_json(text, self._schema)

    def close(self) -> None:
        """Stops the model."""
        self._native.close()

    def __enter__(self) -> ChatStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _asked(
    messages: Any,
    raw: bool,
    schema: Any,
    regex: str | None,
    lark: str | None,
    tools: Iterable[Any],
    tool_choice: str | None,
    logprobs: int | None,
    sampling: Mapping[str, Any],
) -> str:
    """What is asked, as JSON. Settings go as they are: the engine names one that it does not know."""
    held = [name for name, value in (("schema", schema), ("regex", regex), ("lark", lark)) if value is not None]
    if len(held) > 1:
        raise TypeError(f"one of schema, regex and lark holds an answer, not {' and '.join(held)}")
    if raw and not isinstance(messages, str):
        raise TypeError(f"a prompt as it stands is a text, not {type(messages).__name__}")
    request: dict[str, Any] = {
        "messages": json.loads(conversation(messages)),
        "native": {name: value for name, value in sampling.items() if value is not None},
        "sampling": {} if logprobs is None else {"top_logprobs": logprobs},
        "tools": [_spec(one) for one in tools],
    }
    if tool_choice is not None:
        named = tool_choice not in ("auto", "none", "required")
        request["tool_choice"] = {"named": tool_choice} if named else tool_choice
    if schema is not None:
        request["output"] = {"json-schema": {"name": "answer", "schema": _schema.of_type(schema)}}
    asked = {"request": request, "raw": bool(raw), "regex": regex, "lark": lark}
    return json.dumps(asked, ensure_ascii=False, allow_nan=False)


def _spec(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        found: dict[str, Any] = dict(given)
        return found
    return (given if isinstance(given, Tool) else tool(given)).spec
