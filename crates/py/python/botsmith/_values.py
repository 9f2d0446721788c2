"""Values that runs and bots give: immutable, equal by content, picklable.

What a value holds as a mapping or as data of any kind is part of its equality, and not of its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

Outcome: TypeAlias = Literal["answered", "refused", "failed"]
Interval: TypeAlias = tuple[float, float]


def _interval(found: Any) -> Interval | None:
    return None if found is None else (float(found[0]), float(found[1]))


@dataclass(frozen=True)
class Evidence:
    """A span of an answer that a score rests on.

    ``start`` and ``end`` are code points of ``answer.text``; ``supports`` says whether the span speaks for
    the answer.
    """

    start: int
    end: int
    supports: bool


@dataclass(frozen=True)
class Verdict:
    """What one evaluator made of one answer.

    ``value`` is ``None`` where there was nothing to judge (``skipped`` says why) or the evaluator failed
    (``error`` says why): neither is a score of 0.
    """

    value: float | None
    passed: bool | None = None
    explanation: str | None = None
    evidence: tuple[Evidence, ...] = ()
    skipped: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Verdict:
        """From a row of a run."""
        spans = tuple(Evidence(**span) for span in row.get("evidence", ()))
        return cls(
            value=row.get("value"),
            passed=row.get("passed"),
            explanation=row.get("explanation"),
            evidence=spans,
            skipped=row.get("skipped"),
            error=row.get("error"),
        )


@dataclass(frozen=True)
class Usage:
    """Tokens that an answer took, all rounds together."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool: its arguments, what it gave, whether it ran and failed, in which round."""

    name: str
    arguments: Any = field(hash=False)
    output: str
    ran: bool
    failed: bool
    round: int
    seconds: float

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> ToolCall:
        """From a turn."""
        return cls(
            row["name"], row["arguments"], row["output"], row["ran"], row.get("failed", False),
            row["round"], row["seconds"],
        )


@dataclass(frozen=True)
class Answer:
    """What a bot said, and how it came about.

    ``outcome`` is ``"answered"``, ``"refused"`` or ``"failed"``; a failure is never a score of 0.
    ``value`` is the answer as data, where the bot has an output schema. ``scores`` are there in runs.
    """

    text: str
    outcome: Outcome = "answered"
    bot: str | None = None
    repeat: int = 1
    error: str | None = None
    value: Any = field(default=None, hash=False)
    latency: float | None = None
    cost: float | None = None
    usage: Usage | None = None
    provider: str | None = None
    model: str | None = None
    tools: tuple[ToolCall, ...] = ()
    messages: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    notes: tuple[str, ...] = ()
    scripted: bool = False
    cached: bool = False
    overall: float | None = None
    scores: Mapping[str, Verdict] = field(default_factory=lambda: cast("dict[str, Verdict]", {}), hash=False)

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Answer:
        """From a row of a run."""
        asked: Mapping[str, Any] = row.get("asked") or {}
        return cls(
            text=row["text"],
            outcome=row["outcome"],
            bot=row["bot"],
            repeat=row["repeat"],
            error=row.get("error"),
            latency=row.get("latency"),
            cost=row.get("cost"),
            usage=Usage(**asked["usage"]) if asked.get("usage") else None,
            provider=asked.get("provider"),
            model=asked.get("model"),
            tools=tuple(map(ToolCall.of, asked.get("tools", ()))),
            messages=tuple(asked.get("transcript", ())),
            notes=tuple(asked.get("notes", ())),
            scripted=asked.get("scripted", False),
            cached=asked.get("cached", False),
            overall=row.get("overall"),
            scores={name: Verdict.of(score) for name, score in row["scores"].items()},
        )

    @classmethod
    def of_turn(cls, turn: Mapping[str, Any], bot: str | None, value: Any = None) -> Answer:
        """From a turn of a bot."""
        said: Mapping[str, Any] = turn["response"]
        refused = said.get("refusal")
        withheld = said.get("finish") == "content_filter"
        return cls(
            text=turn["text"],
            outcome="refused" if refused or withheld else "answered",
            bot=bot,
            error=refused or ("the provider withheld the answer" if withheld else None),
            value=value,
            latency=turn["seconds"],
            cost=said.get("cost"),
            usage=Usage(**said["usage"]) if said.get("usage") else None,
            provider=said.get("provider") or None,
            model=said.get("model") or None,
            tools=tuple(map(ToolCall.of, turn.get("tools", ()))),
            messages=tuple(turn.get("messages", ())),
            notes=tuple(turn.get("notes", ())),
            scripted=said.get("provider") == "script",
            cached=said.get("cached", False),
        )

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from . import _html

        return _html.answer(self)


@dataclass(frozen=True)
class CaseResult:
    """A case of a run with all its answers."""

    id: str
    row: int
    input: str
    references: tuple[str, ...]
    context: tuple[str, ...]
    tags: tuple[str, ...]
    group: str | None
    messages: tuple[dict[str, Any], ...] = field(hash=False)
    slices: Mapping[str, str] = field(hash=False)
    answers: tuple[Answer, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> CaseResult:
        """From a row of a run."""
        return cls(
            id=row["id"],
            row=row["row"],
            input=row["input"],
            references=tuple(row["references"]),
            context=tuple(row.get("context", ())),
            tags=tuple(row["tags"]),
            group=row.get("group"),
            messages=tuple(row.get("messages", ())),
            slices=row["slices"],
            answers=tuple(map(Answer.of_row, row["answers"])),
        )

    def answer(self, bot: str | None = None, repeat: int = 1) -> Answer:
        """The answer of a bot; without a name, of the first."""
        for answer in self.answers:
            if bot in (None, answer.bot) and answer.repeat == repeat:
                return answer
        raise KeyError(f"case {self.id!r} has no answer of {bot!r}, repeat {repeat}")

    def _repr_html_(self) -> str:
        from . import _html

        return _html.case(self)


@dataclass(frozen=True)
class Summary:
    """One metric over all judged answers of a bot; ``n`` counts them.

    ``mean`` is that of the values with its 95 % ``interval``; ``pass_rate`` and ``pass_interval`` are
    ``None`` where nothing decides pass or fail; where all values are 0 or 1, ``interval`` is that of the pass
    rate, and ``pass_interval`` is ``None``. Refused and failed answers are in none of them.
    """

    n: int
    mean: float | None
    interval: Interval | None
    passed: int | None
    pass_rate: float | None
    pass_interval: Interval | None
    corpus: float | None
    sd: float | None
    skipped: int
    errors: int
    method: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Summary:
        """From a report."""
        return cls(
            n=row["n"],
            mean=row.get("mean"),
            interval=_interval(row.get("interval")),
            passed=row.get("passed"),
            pass_rate=row.get("pass_rate"),
            pass_interval=_interval(row.get("pass_interval")),
            corpus=row.get("corpus"),
            sd=row.get("sd"),
            skipped=row.get("skipped", 0),
            errors=row.get("errors", 0),
            method=row.get("method"),
        )


@dataclass(frozen=True)
class Totals:
    """What the answers of a bot used; ``None`` where no answer says so.

    ``cost`` is in the currency of the price table or recording. ``hops`` are attempts of a router,
    ``failed_hops`` those that failed. The names in ``n`` tell of how many answers each is.
    """

    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    hops: int | None
    failed_hops: int | None
    n: Mapping[str, int] = field(hash=False)

    def __str__(self) -> str:
        words = [
            None if self.input_tokens is None else f"{self.input_tokens} + {self.output_tokens} tokens",
            None if self.cost is None else f"cost {self.cost:.4g}",
            None if self.hops is None else f"{self.hops} hops, {self.failed_hops} failed",
        ]
        return ", ".join(word for word in words if word)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Totals:
        """From a report."""
        tokens, cost, hops = (row.get(key) or {} for key in ("tokens", "cost", "hops"))
        return cls(
            tokens.get("input"), tokens.get("output"), cost.get("total"), hops.get("total"), hops.get("failed"),
            {name: total["n"] for name, total in row.items()},
        )


@dataclass(frozen=True)
class BotResult:
    """One bot of a run: how many answers came, each metric's summary, and what the answers used.

    ``totals`` is ``None`` where no answer says what it used, as most recorded ones.
    """

    name: str
    cases: int
    answered: int
    refused: int
    failed: int
    overall: float | None
    scores: Mapping[str, Summary] = field(hash=False)
    totals: Totals | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> BotResult:
        """From a report."""
        overall, totals = row.get("overall"), row.get("totals")
        return cls(
            row["name"], row["cases"], row["answered"], row["refused"], row["failed"],
            overall["mean"] if overall else None,
            {name: Summary.of(score) for name, score in row["scores"].items()},
            Totals.of(totals) if totals else None,
        )


@dataclass(frozen=True)
class Difference:
    """Two bots, or one bot in two runs, on one metric over the cases that both answered.

    ``difference`` is mean(b) - mean(a) with its 95 % ``interval``; ``p`` is that of ``test``,
    ``p_adjusted`` corrected for the number of tests. ``better`` is ``"a"``, ``"b"`` or ``None``.
    """

    a: str
    b: str
    metric: str
    n: int
    difference: float | None
    interval: Interval | None
    p: float | None
    p_adjusted: float | None
    test: str | None
    effect: tuple[str, float] | None
    better: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Difference:
        """From a report."""
        effect = row.get("effect")
        return cls(
            row["a"], row["b"], row["metric"], row["n"], row.get("difference"),
            _interval(row.get("interval")), row.get("p"), row.get("p_adjusted"), row.get("test"),
            (effect["name"], effect["value"]) if effect else None, row.get("better"),
        )


@dataclass(frozen=True)
class Flip:
    """A case whose verdict changed between two runs; ``now`` is whether it passes in the second."""

    case: str
    bot: str
    metric: str
    now: bool


@dataclass(frozen=True)
class Comparison:
    """Two runs over the cases that both have; iterates over its :class:`Difference` values."""

    a: str
    b: str
    shared: int
    only_a: int
    only_b: int
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    correction: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Comparison:
        """From what Rust compared."""
        return cls(
            row["a"], row["b"], row["shared"], row["only_a"], row["only_b"],
            tuple(map(Difference.of, row["comparisons"])),
            tuple(Flip(**flip) for flip in row["flips"]),
            row["correction"],
        )

    def __iter__(self) -> Any:
        return iter(self.differences)

    def __len__(self) -> int:
        return len(self.differences)

    def plot(self) -> Any:
        """The differences with their intervals as a picture that a notebook shows."""
        from ._plot import Picture, differences

        return Picture(differences(self.differences))

    def _repr_html_(self) -> str:
        from . import _html

        return _html.comparison(self)
