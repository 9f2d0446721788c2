"""Honing: changes of a bot are tried, and the best goes before the gate. Done in Rust."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from . import _native
from ._progress import Bar
from ._run import Store, opened

__all__ = ["Honing", "hone"]

Proposer = Literal["examples", "parameters", "assertions", "instructions"]
End = Literal["planned", "promoted", "ready", "advisory", "refused"]


@dataclass(frozen=True)
class Honing:
    """How a honing ended, and why; a notebook shows it as a page."""

    #: All of it, as `botsmith hone --json` prints it.
    story: dict[str, Any]

    @property
    def end(self) -> End:
        """How it ended.

        ``ready``: a variant passed the gate and waits for a person's yes. ``advisory``: nothing passed and nothing was
        refused, since a judge made the scores and too few people have labelled; they may label more, or a person may
        promote the variant, knowing that.
        """
        end: End = self.story["end"]
        return end

    @property
    def bot(self) -> str:
        """The bot, as the store knows it."""
        name: str = self.story["bot"]
        return name

    @property
    def reasons(self) -> list[str]:
        """Why it ended so."""
        reasons: list[str] = self.story["reasons"]
        return reasons

    @property
    def version(self) -> str | None:
        """The version that went before the gate: give it to :meth:`botsmith.versions.Versions.promote`."""
        finalist = self.story["finalist"]
        return None if finalist is None else finalist["version"]

    @property
    def gate(self) -> dict[str, Any] | None:
        """What the gate said."""
        gate: dict[str, Any] | None = self.story["gate"]
        return gate

    @property
    def tried(self) -> list[dict[str, Any]]:
        """What was tried, best first. Their scores on dev are of what was chosen by them: expect less."""
        tried: list[dict[str, Any]] = self.story["tried"]
        return tried

    @property
    def refused(self) -> list[dict[str, Any]]:
        """Variants that hold words of cases which judge them."""
        refused: list[dict[str, Any]] = self.story["refused"]
        return refused

    def __hash__(self) -> int:
        return hash((self.bot, self.end, self.version))

    def __repr__(self) -> str:
        return f"<Honing of {self.bot!r}: {self.end}>"

    def _repr_html_(self) -> str:
        from ._html import page, table

        story = self.story
        cases = story["cases"]
        parts = [
            f"<b>{escape(self.bot)}</b> by {escape(story['metric']['metric'])}: {escape(self.end)}",
            f'<div class="bs-dim">{cases["train"]} cases teach, {cases["dev"]} rank, {cases["gate"]} only judge</div>',
        ]
        if self.tried:
            rows = [
                [escape(one["name"]), escape(one["about"]), _points(one["difference"])] for one in self.tried
            ]
            parts.append(table(["variant", "what is different", "on dev (selected)"], rows, 2))
        tested = None if self.gate is None else self.gate["tested"]
        if self.gate is not None and tested is not None:
            rows = [
                [
                    str(self.gate["look"]), str(tested["n"]), _points(tested["difference"]), _points(tested["bound"]),
                    "–" if tested["p"] is None else f"{tested['p']:.4f}", f"{self.gate['alpha_of_look']:.4f}",
                ]
            ]
            parts.append(table(["look of the gate", "cases", "difference", "at least", "p", "allowed"], rows, 0))
        parts += [f"<div>{escape(reason)}</div>" for reason in self.reasons]
        return page("".join(parts))


def _points(difference: float | None) -> str:
    return "–" if difference is None else f"{100 * difference:+.1f} points"


def hone(
    bot: str | os.PathLike[str],
    *,
    suite: str | os.PathLike[str],
    metric: str | None = None,
    budget: int | str | None = None,
    proposers: Iterable[Proposer] = (),
    optimiser: str | os.PathLike[str] | None = None,
    alpha: float | None = None,
    margin: float | None = None,
    p95_latency: float | None = None,
    cost: float | None = None,
    regressions: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    auto: bool = False,
    dry_run: bool = False,
    by: str | None = None,
    store: Store | str | None = None,
    threads: int = 0,
    concurrency: int | None = None,
    allow_commands: bool = False,
    progress: bool | Callable[..., Any] = True,
    stop: Any = None,
) -> Honing:
    """Tries changes of a bot, and brings the best before the gate.

    Nothing changes the bot until a variant has passed the gate and was promoted
    (:meth:`botsmith.versions.Versions.promote`). A honing that was stopped goes on where it was.

    Parameters
    ----------
    bot : str or path
        Its name in the suite, or its cartridge's file.
    suite : str or path
        The file of the suite that judges it.
    metric : str, optional
        The metric that is to become better; what the suite says by default, else the first that passes or fails.
    budget : int or str, optional
        What may be spent on train and dev: a number of answers, or a price such as ``"cost:2.50"``.
    proposers : iterable of {"examples", "parameters", "assertions", "instructions"}
        Who proposes; the first three by default, and ``instructions`` with an optimiser.
    optimiser : str or path, optional
        The bot that rewrites instructions: a cartridge.
    alpha : float, optional
        The chance, over all looks at these gate cases, of passing a variant that is no better. The first look states it
        for all; by default it is what that stated, and 0.05 where nobody looked yet.
    margin : float, optional
        How much worse a cheaper variant may be, stated beforehand; it must be better by default.
    p95_latency : float, optional
        The 95th percentile of latency that a variant may have, in seconds; what the suite says by default.
    cost : float, optional
        The mean cost of an answer that a variant may have, in the currency of the prices; what the suite says by
        default.
    regressions : str or path, optional
        Where regression cases go; beside the suite by default.
    seed : int, optional
        Seed of the order in which cases are drawn; the suite's by default.
    auto : bool
        Whether a variant that passed becomes the bot at once, where feedback and calibration allow it.
    dry_run : bool
        Say what would be done, and ask nobody.
    by : str, optional
        Who does it; the user of this system by default.
    store : Store or str, optional
        Where runs, feedback and versions are; the configuration's by default.
    threads, concurrency, allow_commands, progress
        As in :func:`botsmith.evaluate`.

    Returns
    -------
    Honing

    Examples
    --------
    >>> import json, tempfile
    >>> from pathlib import Path
    >>> import botsmith as bs
    >>> folder = Path(tempfile.mkdtemp())
    >>> rows = [{"id": f"c{n}", "input": f"say {n}", "reference": f"{n}"} for n in range(200)]
    >>> text = "".join(json.dumps(row) + chr(10) for row in rows)
    >>> _ = (folder / "cases.jsonl").write_text(text)
    >>> _ = (folder / "bot.yml").write_text("provider: {id: script, settings: {otherwise: no}}")
    >>> suite = folder / "suite.yaml"
    >>> _ = suite.write_text(
    ...     "{version: 1, dataset: cases.jsonl, bots: [{name: b, cartridge: bot.yml}], evaluators: [equals]}"
    ... )
    >>> plan = bs.hone("b", suite=suite, store="memory:", dry_run=True)
    >>> plan.end, plan.story["spent"]["answers"]
    ('planned', 0)
    """
    order: dict[str, Any] = {
        "bot": os.fspath(bot), "suite": os.fspath(suite), "metric": metric, "budget": budget,
        "proposers": list(proposers), "optimiser": None if optimiser is None else os.fspath(optimiser),
        "alpha": alpha, "margin": margin, "p95_latency": p95_latency, "cost": cost,
        "regressions": None if regressions is None else os.fspath(regressions),
        "seed": seed, "auto": auto,
    }
    wanted = {
        "order": order, "by": by, "begin": not dry_run, "threads": threads, "concurrency": concurrency,
        "allow_commands": allow_commands,
    }
    stop = stop if stop is not None else _native.Stop()
    with Bar(progress) as bar:
        text = _native.hone(json.dumps(wanted), opened(store)._native, stop, bar.update)
    return Honing(json.loads(text))
