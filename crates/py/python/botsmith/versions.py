"""Versions of a bot: which texts its cartridge had or may get, which one is in force, and what speaks for it.

:func:`botsmith.hone` proposes versions; here a person makes one of them the bot, brings an earlier one back, or
holds one in force. Each change is whole or not at all, and stands in the audit log.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> from botsmith.versions import Versions
>>> file = Path(tempfile.mkdtemp()) / "greeter.yml"
>>> _ = file.write_text("meta: {name: Greeter, version: 1.0.0}   # says hello")
>>> bot = Versions(file, store="memory:")
>>> warm = bot.propose("meta: {name: Greeter, version: 1.0.0}   # says good day")
>>> bot.promote(warm, without_gate="the boss wants it", by="ana").name
'1.0.1'
>>> file.read_text()
'meta: {name: Greeter, version: 1.0.1}   # says good day'
>>> print(bot.diff().text, end="")
@@ -1 +1 @@
-meta: {name: Greeter, version: 1.0.0}   # says hello
+meta: {name: Greeter, version: 1.0.1}   # says good day
>>> bot.rollback(by="ana").name, [move.action for move in bot.history.moves]
('1.0.0', ['adopt', 'promote', 'rollback'])
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, overload

from . import _native
from ._run import Store, opened

__all__ = ["Difference", "History", "Move", "Version", "Versions"]


@dataclass(frozen=True)
class Version:
    """One version; its text is :meth:`Versions.text`."""

    #: blake3 of its bytes.
    hash: str
    #: Its place in the list of the bot's versions, from 1.
    n: int
    #: Its ``meta.version``.
    name: str | None
    #: The version that it was made from.
    parent: str | None
    #: ``found``, ``proposed`` or ``promoted``.
    origin: str
    who: str
    #: When, in milliseconds since 1970.
    at: int
    #: What speaks for it; ``gate`` is what the gate said.
    evidence: Mapping[str, Any] = field(hash=False)

    @property
    def short(self) -> str:
        """The first twelve digits of its hash."""
        return self.hash[:12]

    def __repr__(self) -> str:
        return f"<Version {self.name or '?'} {self.short} {self.origin}>"


@dataclass(frozen=True)
class Move:
    """What was done to the version in force."""

    #: ``adopt``, ``promote``, ``rollback``, ``pin``, ``unpin`` or ``undo``.
    action: str
    before: str | None
    after: str | None
    who: str
    #: When, in milliseconds since 1970.
    at: int
    note: str | None


@dataclass(frozen=True)
class Difference:
    """What differs between two versions, as ``diff -u`` shows it."""

    text: str
    added: int
    removed: int
    #: Hashes of the older and the newer text.
    before: str
    after: str

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from ._html import page

        kinds = {"+": "bs-good", "-": "bs-bad", "@": "bs-dim"}
        lines = [
            f'<span class="{kinds.get(line[:1], "")}">{escape(line)}</span>' for line in self.text.splitlines()
        ]
        return page(f"<pre>{chr(10).join(lines) or 'no difference'}</pre>")


@dataclass(frozen=True)
class History:
    """The versions of a bot, and what was done with them."""

    versions: tuple[Version, ...]
    moves: tuple[Move, ...]
    #: Hashes of the version in force, the one before it, and the one that is held in force.
    current: str | None
    previous: str | None
    pinned: str | None
    #: Whether the file holds something else than the version in force.
    edited: bool
    #: Whether the audit log is whole.
    audit_whole: bool

    def _repr_html_(self) -> str:
        from ._html import page, table

        marks = {self.current: "in force", self.previous: "before it"}
        rows = [
            [
                escape(version.name or "–"), f"<code>{escape(version.short)}</code>", escape(version.origin),
                escape(version.who), marks.get(version.hash, ""),
            ]
            for version in self.versions
        ]
        body = table(["version", "hash", "origin", "by", "now"], rows, 4)
        if not self.audit_whole:
            body += '<div class="bs-bad">the audit log is damaged</div>'
        return page(body)


def _version(found: Mapping[str, Any]) -> Version:
    return Version(
        found["hash"], found["n"], found["name"], found["parent"], found["origin"], found["who"], found["at"],
        found.get("evidence") or {},
    )


def _moves(found: Mapping[str, Any]) -> Move:
    return Move(found["action"], found["from"], found["to"], found["who"], found["at"], found.get("note"))


class Versions:
    """The versions of one bot.

    A version is named by the first digits of its hash, its ``meta.version``, ``"current"`` or ``"previous"``, or is
    a :class:`Version`.

    Parameters
    ----------
    bot : str or path
        The cartridge: a file, or a name of the search path.
    store : Store or str, optional
        Where versions are kept; the configuration's by default.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from botsmith.versions import Versions
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> cartridge = "meta: {name: Clerk, version: 1.0.0}\\nprovider: {id: script, settings: {otherwise: Hm.}}\\n"
    >>> _ = (folder / "clerk.yml").write_text(cartridge)
    >>> bot = Versions(folder / "clerk.yml", store=f"sqlite:{folder / 'state.db'}")
    >>> better = bot.propose(cartridge.replace("Hm.", "Aha!"), by="ana")
    >>> bot.promote(better, without_gate="a new word", by="ana").name
    '1.0.1'
    >>> bot.diff().added, bot.rollback().name, bot.text() == cartridge
    (2, '1.0.0', True)
    """

    def __init__(self, bot: str | os.PathLike[str], *, store: Store | str | None = None) -> None:
        self._store = opened(store)
        self._native = _native.BotVersions(self._store._native, os.fspath(bot))

    @property
    def bot(self) -> str:
        """The name under which the store knows the bot."""
        return self._native.name

    @property
    def file(self) -> str:
        """The cartridge's file."""
        return self._native.file

    @property
    def history(self) -> History:
        """The versions, which are in force, and what was done with them."""
        found = json.loads(self._native.history())
        pointer = found["pointer"]
        return History(
            tuple(_version(one) for one in found["versions"]),
            tuple(_moves(one) for one in found["history"]),
            pointer["current"],
            pointer["previous"],
            pointer["pinned"],
            found["edited"],
            found["audit_whole"],
        )

    def find(self, version: str | Version = "current") -> Version:
        """The version that is meant."""
        return _version(json.loads(self._native.find(_named(version))))

    def text(self, version: str | Version = "current") -> str:
        """The text of a version; with ``"file"`` what stands in the file."""
        return self._native.text(_named(version))

    def diff(self, before: str | Version = "previous", after: str | Version = "current") -> Difference:
        """What differs between two versions; ``"file"`` is what stands in the file."""
        found = json.loads(self._native.diff(_named(before), _named(after)))
        return Difference(found["diff"], found["added"], found["removed"], found["from"], found["to"])

    def propose(self, text: str, *, by: str | None = None) -> Version:
        """Keeps a text as a proposed version, beside what stands in the file. It changes nothing."""
        return _version(json.loads(self._native.propose(text, by)))

    def promote(
        self, version: str | Version, *, without_gate: str | None = None, by: str | None = None
    ) -> Version:
        """Makes a proposed version the bot: its file, with ``meta.version`` counted up. Who calls this approves it.

        Parameters
        ----------
        version : str or Version
            The proposed version. A gate has to have passed it against the version in force, or have been advisory
            about it: who promotes such a version knows that people have not said enough of it.
        without_gate : str, optional
            Why it becomes the bot though no gate passed it; the reason is kept.
        by : str, optional
            Who approves it; the user of this system by default.

        Returns
        -------
        Version
            The version in force now.
        """
        return _moved(self._native.promote(_named(version), without_gate, by))

    def rollback(self, to: str | Version | None = None, *, by: str | None = None) -> Version:
        """Brings a version back to the byte; the one that was in force before, by default."""
        return _moved(self._native.rollback(_named(to), by))

    def pin(self, version: str | Version | None = None, *, by: str | None = None) -> Version:
        """Holds a version in force, the current one by default: nothing is promoted or rolled back meanwhile."""
        return _moved(self._native.pin(_named(version), by))

    def unpin(self, *, by: str | None = None) -> bool:
        """Lets changes in again; whether the bot was pinned."""
        was: bool = json.loads(self._native.unpin(by))
        return was

    def __repr__(self) -> str:
        return f"<Versions of {self.bot!r}>"


@overload
def _named(version: str | Version) -> str: ...
@overload
def _named(version: str | Version | None) -> str | None: ...
def _named(version: str | Version | None) -> str | None:
    """What Rust calls a version; of none, ``None``."""
    return version.hash if isinstance(version, Version) else version


def _moved(text: str) -> Version:
    return _version(json.loads(text)["version"])
