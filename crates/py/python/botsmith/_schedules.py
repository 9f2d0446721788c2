"""Schedules: runs of a workflow that start by the clock, as long as a worker is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import _native
from ._run import Store


class Schedule:
    """Runs that start by the clock; made by :meth:`Workflow.schedule`. What it says is read from the store each time.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import botsmith as bs
    >>> from botsmith import flow
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "daily.yaml"
    >>> _ = path.write_text("version: 1\\nname: daily\\nsteps: {check: {uses: approval}}\\n")
    >>> with bs.Store("memory:") as store:
    ...     daily = flow.Workflow(path).schedule("at-nine", "0 9 * * *", store=store)
    ...     daily.cron, daily.paused, [one.name for one in flow.schedules(store)]
    ('0 9 * * *', False, ['at-nine'])
    """

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self._store = store

    @property
    def facts(self) -> Mapping[str, Any]:
        """All of it: ``workflow``, ``cron``, ``zone``, ``misfire``, ``paused``, ``next_ms``, ``last_run``, ``fired``,
        ``missed``."""
        for row in _rows(self._store):
            if row["name"] == self.name:
                return row
        raise KeyError(f"no schedule {self.name!r}: it was removed")

    @property
    def workflow(self) -> str:
        """The workflow's name."""
        return str(self.facts["workflow"])

    @property
    def cron(self) -> str:
        """When, as cron writes it."""
        return str(self.facts["cron"])

    @property
    def zone(self) -> str:
        """The time zone."""
        return str(self.facts["zone"])

    @property
    def next(self) -> float:
        """When it is due next, in seconds since 1970."""
        return float(self.facts["next_ms"]) / 1000

    @property
    def last_run(self) -> str | None:
        """The id of the last run that it started."""
        run: str | None = self.facts["last_run"]
        return run

    @property
    def paused(self) -> bool:
        """Whether it is held."""
        return bool(self.facts["paused"])

    def pause(self) -> None:
        """Holds it: nothing starts until it is resumed."""
        _native.flow_schedule_steer(self._store._native, self.name, "pause")

    def resume(self) -> None:
        """Lets it go on from the next time after now."""
        _native.flow_schedule_steer(self._store._native, self.name, "resume")

    def remove(self) -> bool:
        """Removes it; whether it was there. Its runs stay."""
        return _native.flow_schedule_steer(self._store._native, self.name, "remove")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and (self.name, self._store.url) == (other.name, other._store.url)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<Schedule {self.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Schedule, (self.name, self._store)


def _rows(store: Store) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(_native.flow_schedules(store._native))
    return rows


def of_store(store: Store) -> list[Schedule]:
    """The schedules of a store."""
    return [Schedule(row["name"], store) for row in _rows(store)]
