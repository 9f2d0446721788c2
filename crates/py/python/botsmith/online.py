"""A bot's sessions shared among its versions: a canary takes a worse version back, a bandit gives the better ones
more.

A service asks which version a session gets, and says what came of it. All is in the store: any number of processes
may ask and tell.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> from botsmith.online import Canary
>>> from botsmith.versions import Versions
>>> file = Path(tempfile.mkdtemp()) / "greeter.yml"
>>> _ = file.write_text("meta: {name: Greeter, version: 1.0.0}")
>>> bot = Versions(file, store="memory:")
>>> bot.promote(bot.propose("meta: {name: Greeter, version: 1.0.0}   # rude"), without_gate="a trial").name
'1.0.1'
>>> canary = Canary.start(bot, salt="spring")
>>> for n in range(200):
...     version = canary.version(f"session {n}")
...     state = canary.record(f"session {n}", 0.0 if version == bot.find("1.0.1").hash else 1.0)
...     if state != "watching":
...         break
>>> canary.status.state, bot.find().name
('rolled-back', '1.0.0')
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

from .versions import Version, Versions, _named

__all__ = ["Arm", "Bandit", "BanditStatus", "Canary", "CanaryStatus", "Share", "State"]

State = Literal["watching", "rolled-back", "promoted"]


@dataclass(frozen=True)
class Arm:
    """What was seen of one version."""

    version: str
    n: int
    mean: float | None


def _arm(version: str, seen: Mapping[str, Any]) -> Arm:
    n = seen["n"]
    return Arm(version, n, seen["sum"] / n if n else None)


@dataclass(frozen=True)
class CanaryStatus:
    """Where a canary is, and what it has seen."""

    state: State
    sessions: int
    old: Arm
    new: Arm
    #: Evidence that the new version is worse, and that it is better; 20 decides.
    harm: float
    benefit: float
    why: str | None
    who: str | None
    #: Whether the bot's file follows the decision.
    settled: bool
    #: All of it, as `botsmith bot canary status --json` prints it.
    report: Mapping[str, Any] = field(hash=False)

    def _repr_html_(self) -> str:
        from ._html import page, table

        rows = [
            [word, f"<code>{escape(arm.version[:12])}</code>", str(arm.n), _mean(arm.mean)]
            for word, arm in (("old", self.old), ("new", self.new))
        ]
        why = "" if self.why is None else f"<div>{escape(self.why)}</div>"
        return page(
            f"<b>{escape(self.state)}</b>, harm {self.harm:.3g} of 20, benefit {self.benefit:.3g} of 20{why}"
            + table(["", "version", "sessions", "mean"], rows, 2)
        )


def _mean(mean: float | None) -> str:
    return "–" if mean is None else f"{mean:.3f}"


class _Shared:
    """A bot whose sessions are shared among its versions.

    Parameters
    ----------
    versions : Versions
        The bot. What shares its sessions is looked for when something is asked of it.
    """

    def __init__(self, versions: Versions) -> None:
        self.versions = versions

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.versions.bot!r}>"


class Canary(_Shared):
    """The canary of a bot, which is named by its :class:`Versions`; :meth:`start` begins one.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from botsmith.versions import Versions
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> cartridge = "meta: {name: Clerk, version: 1.0.0}\\nprovider: {id: script, settings: {otherwise: Hm.}}\\n"
    >>> _ = (folder / "clerk.yml").write_text(cartridge)
    >>> bot = Versions(folder / "clerk.yml", store=f"sqlite:{folder / 'state.db'}")
    >>> better = bot.propose(cartridge.replace("Hm.", "Aha!"), by="ana")
    >>> new = bot.promote(better, without_gate="a trial", by="ana")
    >>> from botsmith.online import Canary
    >>> canary = Canary.start(bot, share=0.2, salt="s")
    >>> canary.version("session-7") == canary.version("session-7")
    True
    >>> canary.record("session-7", 1.0), canary.status.sessions
    ('watching', 1)
    """

    @classmethod
    def start(
        cls,
        versions: Versions,
        *,
        new: str | Version | None = None,
        old: str | Version | None = None,
        share: float = 0.5,
        goal: Literal["better", "no-harm"] = "better",
        sessions: int = 1000,
        days: int = 14,
        salt: str | None = None,
    ) -> Canary:
        """Gives a share of the sessions to a version.

        Parameters
        ----------
        versions : Versions
            The bot.
        new : str or Version, optional
            The version on trial; the one in force by default. Another one has to have passed the gate, and an advisory
            verdict is no pass.
        old : str or Version, optional
            The version beside it: the one before it by default, of a proposed version the one in force.
        share : float
            The share of the sessions that get the new version, above 0 and below 1.
        goal : {"better", "no-harm"}
            What it has to show; ``no-harm`` is for a version that is cheaper or faster.
        sessions, days : int
            The watch ends after so many.
        salt : str, optional
            Chooses which sessions get the new version; another one each time by default.
        """
        wanted = {
            "new": _named(new), "old": _named(old), "share": share, "goal": goal, "sessions": sessions, "days": days,
            "salt": salt,
        }
        versions._native.canary_start(json.dumps(wanted))
        return cls(versions)

    def version(self, session: str) -> str:
        """The hash of the version that a session gets, the same at every call."""
        found: str = json.loads(self.versions._native.canary_version(session))
        return found

    def record(self, session: str, value: float | None) -> State:
        """Says what came of a session: from 0 to 1, or ``None`` for a failed answer. The first outcome counts.

        Gives where the canary is then. A decision changes the bot's file.
        """
        state: State = json.loads(self.versions._native.canary_record(session, value))["state"]
        return state

    @property
    def status(self) -> CanaryStatus:
        """Where it is, and what it has seen."""
        return _canary(self.versions._native.canary_status())

    def stop(self, keep: Literal["old", "new"], *, why: str = "stopped by hand", by: str | None = None) -> CanaryStatus:
        """Ends it: everybody gets the old or the new version."""
        if keep not in ("old", "new"):
            raise ValueError(f"keep is 'old' or 'new', not {keep!r}")
        return _canary(self.versions._native.canary_stop(keep == "new", why, by))


def _canary(text: str) -> CanaryStatus:
    found = json.loads(text)
    plan = found["plan"]
    return CanaryStatus(
        found["state"],
        found["sessions"],
        _arm(plan["old"], found["old"]),
        _arm(plan["new"], found["new"]),
        found["harm"],
        found["benefit"],
        found["why"],
        found["who"],
        found["settled"],
        found,
    )


@dataclass(frozen=True)
class Share:
    """What a bandit has seen of one version."""

    version: str
    n: int
    mean: float | None
    #: The probability that it is the best, as far as is known.
    best: float
    #: The probability with which the next session gets it.
    propensity: float
    #: What it would have earned had it got every session, doubly robust, with its interval.
    earned: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class BanditStatus:
    """What a bandit has seen."""

    rewards: int
    versions: tuple[Share, ...]
    #: The version that everybody gets since it was stopped.
    kept: str | None
    #: All of it, as `botsmith bot bandit status --json` prints it.
    report: Mapping[str, Any] = field(hash=False)

    def _repr_html_(self) -> str:
        from ._html import page, table

        rows = [
            [
                f"<code>{escape(one.version[:12])}</code>", str(one.n), _mean(one.mean), f"{one.best:.1%}",
                f"{one.propensity:.1%}", _mean(one.earned),
            ]
            for one in self.versions
        ]
        return page(table(["version", "sessions", "mean", "is best", "next gets it", "had all got it"], rows))


class Bandit(_Shared):
    """The bandit of a bot, which is named by its :class:`Versions`; :meth:`start` begins one among versions that passed
    the gate: those that :func:`botsmith.hone` brought."""

    @classmethod
    def start(
        cls,
        versions: Versions,
        among: Iterable[str | Version],
        *,
        graded: bool = False,
        variance: float | None = None,
        floor: float = 0.1,
        window: int | None = None,
        salt: str | None = None,
    ) -> Bandit:
        """Shares the sessions among versions that passed the gate, and the one in force.

        Parameters
        ----------
        versions : Versions
            The bot.
        among : iterable of str or Version
            The versions that take part, two or more.
        graded : bool
            Whether rewards are any numbers, not 0 and 1 alone.
        variance : float, optional
            The variance of graded rewards within a version; learned by default.
        floor : float
            The probability with which a version is drawn uniformly.
        window : int, optional
            Only so many of the newest rewards count.
        salt : str, optional
            The draws are made from it; another one each time by default.
        """
        wanted = {
            "versions": [_named(one) for one in among], "graded": graded, "variance": variance, "floor": floor,
            "window": window, "salt": salt,
        }
        versions._native.bandit_start(json.dumps(wanted))
        return cls(versions)

    def version(self, session: str) -> tuple[str, float]:
        """The hash of the version drawn for a session, and the probability with which it was drawn."""
        found = json.loads(self.versions._native.bandit_version(session))
        return found["version"], found["propensity"]

    def record(self, session: str, reward: float) -> bool:
        """Says what came of a session; whether it counted. The first reward of a session does."""
        counted: bool = json.loads(self.versions._native.bandit_record(session, float(reward)))
        return counted

    @property
    def status(self) -> BanditStatus:
        """What it has seen."""
        return _bandit(self.versions._native.bandit_status())

    def stop(self, keep: str | Version, *, why: str = "stopped by hand", by: str | None = None) -> BanditStatus:
        """Ends it: everybody gets one version, which becomes the bot."""
        return _bandit(self.versions._native.bandit_stop(_named(keep), why, by))


def _bandit(text: str) -> BanditStatus:
    found = json.loads(text)
    return BanditStatus(
        found["rewards"], tuple(_share(one) for one in found["versions"]), found["kept"], found
    )


def _share(found: Mapping[str, Any]) -> Share:
    arm, earned = _arm(found["version"], found["seen"]), found["doubly_robust"] or {}
    interval = earned.get("interval")
    return Share(
        arm.version,
        arm.n,
        arm.mean,
        found["best"],
        found["propensity"],
        earned.get("value"),
        None if interval is None else (interval[0], interval[1]),
    )
