"""How likely a model finds texts: immutable, equal by content, picklable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Continuation", "Scores", "TextScore"]


@dataclass(frozen=True)
class Continuation:
    """What a model says of one continuation: the sum of its tokens' natural log-probabilities, and the tokens
    with theirs."""

    text: str
    logprob: float
    tokens: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Scores:
    """What a model says of the continuations of one prompt.

    ``shares`` are their parts of their common probability, which sum to 1. ``mass`` is the probability that the
    answer begins with any of them: where it is small, the model would have said something else. ``best`` is the
    likeliest continuation, ``best_by_token`` the one whose tokens are likeliest in the mean, which does not favour
    short ones; both ``None`` where there is no continuation.
    """

    continuations: tuple[Continuation, ...]
    shares: tuple[float, ...] = ()
    mass: float = 0.0
    _best: int | None = field(default=None, repr=False)
    _best_by_token: int | None = field(default=None, repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], row: tuple[Any, ...]) -> Scores:
        """From what Rust says of them."""
        continuations, shares, mass, best, best_by_token = row
        each = tuple(
            Continuation(text, logprob, tuple((token, value) for token, value in tokens))
            for text, (logprob, tokens) in zip(texts, continuations, strict=True)
        )
        return cls(each, tuple(shares), mass, best, best_by_token)

    @property
    def best(self) -> str | None:
        """The likeliest continuation."""
        return None if self._best is None else self.continuations[self._best].text

    @property
    def best_by_token(self) -> str | None:
        """The continuation whose tokens are likeliest in the mean."""
        return None if self._best_by_token is None else self.continuations[self._best_by_token].text

    @property
    def logprobs(self) -> tuple[float, ...]:
        """The log-probability of each, in nats."""
        return tuple(one.logprob for one in self.continuations)

    def weighted(self, values: Sequence[float]) -> float:
        """The mean of values, one for each continuation, weighted by their shares: a judgement as one number.

        Examples
        --------
        >>> from botsmith import Continuation, Scores
        >>> yes, no = Continuation("yes", -0.3), Continuation("no", -1.4)
        >>> Scores((yes, no), shares=(0.75, 0.25)).weighted([1, 0])
        0.75
        """
        if len(values) != len(self.shares):
            raise ValueError(f"{len(values)} values for {len(self.shares)} continuations")
        return float(sum(share * value for share, value in zip(self.shares, values, strict=True)))


@dataclass(frozen=True)
class TextScore:
    """How likely a model finds a whole text.

    ``logprob`` is the sum over the ``tokens`` that have something before them, in nats; ``perplexity`` is
    ``exp`` of their negative mean; ``bits_per_byte`` is what an ideal coder needs, comparable between tokenizers.
    """

    logprob: float
    tokens: int
    bytes: int
    perplexity: float
    bits_per_byte: float
