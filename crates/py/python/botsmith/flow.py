"""Workflows: durable graphs of steps, whose steps may be Python functions.

A workflow is a YAML file; its steps are done by workers, in this process or in others, on one store. A worker
that dies costs one lease: another goes on where it stopped, and nothing is done anew whose output is stored.

Examples
--------
>>> import tempfile, pathlib
>>> from botsmith import flow
>>> def greet(name: str) -> str:
...     return f"hello {name}"
>>> path = pathlib.Path(tempfile.mkdtemp()) / "hello.yaml"
>>> _ = path.write_text('''
... version: 1
... name: hello
... inputs: {type: object, properties: {names: {type: array}}, required: [names]}
... steps:
...   each: {uses: map, over: "{{ inputs.names }}", step: {uses: greet, with: {name: "{{ item }}"}}}
... ''')
>>> run = flow.Workflow(path, kinds={"greet": greet}).run(inputs={"names": ["Ada", "Alan"]})
>>> run.status, run.output("each")
('done', ['hello Ada', 'hello Alan'])
"""

from __future__ import annotations

import json
import math
import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from . import _native, _steps
from ._run import Store, opened
from ._schedules import Schedule, of_store
from ._steps import StepError, Task

__all__ = [
    "Event",
    "FlowRun",
    "Schedule",
    "Step",
    "StepError",
    "Task",
    "Worker",
    "Workflow",
    "open_run",
    "runs",
    "schedules",
]

Status: TypeAlias = Literal["running", "cancelling", "done", "failed", "cancelled"]
StepStatus: TypeAlias = Literal[
    "pending", "ready", "running", "delayed", "waiting", "done", "skipped", "failed", "dead", "cancelled"
]
#: Names of kinds of steps, and the functions that do them.
StepKinds: TypeAlias = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Step:
    """A step of a run. ``waits_for`` names the signal that it waits for, and ``about`` what people are shown."""

    key: str
    kind: str
    status: StepStatus
    attempts: int
    started: float | None
    ended: float | None
    output: Any = field(hash=False)
    error: str | None
    error_class: str | None
    waits_for: str | None
    about: Any = field(hash=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Step:
        """From what Rust says of it."""
        wait, error = row.get("wait") or {}, row.get("error") or (None, None)
        return cls(
            row["key"], row["kind"], row["status"], row["attempts"], _seconds(row["started_ms"]),
            _seconds(row["ended_ms"]), row["output"], error[1], error[0], wait.get("signal"), wait.get("about"),
        )


@dataclass(frozen=True)
class Event:
    """Something that happened in a run, in seconds since 1970."""

    at: float
    what: str
    step: str | None
    detail: str | None


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


class Workflow:
    """A workflow's file, checked: the steps that it uses have to be known.

    Parameters
    ----------
    path : str or path
        The YAML file.
    kinds : mapping, optional
        Kinds of steps of your own: names, and functions that are called with what stands under ``with``. A
        parameter ``task`` is given the :class:`Task`. May be async.

    Raises
    ------
    SpecError
        With line and column, where the file is wrong.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import botsmith as bs
    >>> from botsmith import flow
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "double.yaml"
    >>> _ = path.write_text("version: 1\\nname: double\\nsteps: {two: {uses: twice, with: {number: 21}}}\\n")
    >>> workflow = flow.Workflow(path, kinds={"twice": lambda number: number * 2})
    >>> workflow.name, workflow.steps
    ('double', ('two',))
    >>> workflow.run().output("two")
    42
    """

    def __init__(self, path: str | os.PathLike[str], *, kinds: StepKinds | None = None) -> None:
        self.path = os.fspath(path)
        self._kinds = dict(kinds or {})
        self._facts: dict[str, Any] = json.loads(_native.flow_check(self.path, _steps.kinds(self._kinds)))

    @property
    def name(self) -> str:
        """Its name."""
        name: str = self._facts["name"]
        return name

    @property
    def hash(self) -> str:
        """The hash that its runs are pinned to; comments do not change it."""
        found: str = self._facts["hash"]
        return found

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of its steps."""
        return tuple(self._facts["steps"])

    @property
    def inputs(self) -> dict[str, Any] | None:
        """The JSON Schema of what it is started with."""
        found: dict[str, Any] | None = self._facts["inputs"]
        return found

    def run(
        self,
        *,
        inputs: Mapping[str, Any] | None = None,
        store: Store | str | None = None,
        id: str | None = None,
        concurrency: int = 4,
        allow_commands: bool = False,
        stop: Any = None,
    ) -> FlowRun:
        """Starts a run and works on it here, until it has ended or waits for somebody.

        Parameters
        ----------
        inputs : mapping, optional
            What it is started with.
        store : Store or str, optional
            Where it is kept; in memory by default.
        id : str, optional
            Its id; one that is there already goes on where it stopped.
        concurrency : int
            Steps at once.
        allow_commands : bool
            Whether steps may start programs.

        Raises
        ------
        KeyboardInterrupt
            At Ctrl-C; the run is kept, and goes on when it is run again under its id.
        """
        held = opened(store if store is not None else "memory:")
        run = id or f"{self.name}-{uuid.uuid4().hex[:12]}"
        stop = stop if stop is not None else _native.Stop()
        folder = os.path.dirname(os.path.abspath(self.path))
        wanted = _wanted(concurrency, (), (), 0, 30.0, folder, allow_commands)
        _native.flow_work(
            held._native, self.path, _steps.kinds(self._kinds), run, _json(inputs or {}), wanted, stop
        )
        return FlowRun(run, held)

    def submit(
        self, *, store: Store | str, inputs: Mapping[str, Any] | None = None, id: str | None = None
    ) -> FlowRun:
        """Starts a run and leaves it to workers of the store."""
        held = opened(store)
        run = id or f"{self.name}-{uuid.uuid4().hex[:12]}"
        _native.flow_start(held._native, self.path, _steps.kinds(self._kinds), run, _json(inputs or {}))
        return FlowRun(run, held)

    def graph(self) -> Any:
        """Its steps and what needs what, as a picture that a notebook shows."""
        from ._plot import Picture

        return Picture(_native.flow_graph(self.path, _steps.kinds(self._kinds), False))

    def schedule(
        self,
        name: str,
        cron: str,
        *,
        zone: str = "UTC",
        inputs: Mapping[str, Any] | None = None,
        misfire: Literal["one", "skip", "all"] = "one",
        store: Store | str | None = None,
    ) -> Schedule:
        """Has runs of it start by the clock, as long as a worker of the store is there.

        Parameters
        ----------
        name : str
            The schedule's name; one of the same name is replaced.
        cron : str
            When: minute, hour, day, month, day of the week.
        zone : str
            The time zone, such as ``"Europe/Berlin"``.
        inputs : mapping, optional
            What its runs are started with.
        misfire : {"one", "skip", "all"}
            What is done about times that passed while no worker was there: one run for all of them, none, or one
            for each.
        store : Store or str, optional
            The store; the configuration's by default.
        """
        held = opened(store)
        wanted = _json({"name": name, "cron": cron, "zone": zone, "misfire": misfire, "inputs": inputs or {}})
        _native.flow_schedule(held._native, self.path, _steps.kinds(self._kinds), wanted)
        return Schedule(name, held)

    def mermaid(self) -> str:
        """The same as a Mermaid flow chart."""
        return _native.flow_graph(self.path, _steps.kinds(self._kinds), True)

    def _repr_html_(self) -> str:
        return str(self.graph()._repr_html_())

    def __repr__(self) -> str:
        return f"<Workflow {self.name!r}, {len(self.steps)} steps>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _workflow, (type(self), self.path, self._kinds)


def _workflow(kind: type[Workflow], path: str, kinds: dict[str, Any]) -> Workflow:
    return kind(path, kinds=kinds)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _wanted(
    concurrency: int, labels: Iterable[str], devices: Iterable[str], memory: int, lease: float, folder: str | None,
    allow_commands: bool,
) -> str:
    return json.dumps({
        "concurrency": concurrency, "labels": list(labels), "devices": list(devices), "memory": memory,
        "lease": lease, "folder": folder, "allow_commands": allow_commands,
    }, allow_nan=False)


class FlowRun:
    """One execution of a workflow; made by :meth:`Workflow.run` and :meth:`Workflow.submit`. What it says is read from
    the store each time.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from botsmith import flow
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "ask.yaml"
    >>> _ = path.write_text("version: 1\\nname: ask\\nsteps: {check: {uses: approval}}\\n")
    >>> run = flow.Workflow(path).run(store="memory:")
    >>> run.status, [step.key for step in run.waiting]
    ('running', ['check'])
    >>> run.approve("check", by="Ann")["approved"]
    True
    """

    def __init__(self, id: str, store: Store) -> None:
        self.id = id
        self._store = store

    def _show(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(_native.flow_show(self._store._native, self.id))
        return found

    @property
    def workflow(self) -> str:
        """The workflow's name."""
        name: str = self._show()["workflow"]
        return name

    @property
    def status(self) -> Status:
        """``running`` also while it waits for somebody; see :attr:`waiting`."""
        found: Status = self._show()["status"]
        return found

    @property
    def paused(self) -> bool:
        """Whether it is held."""
        return bool(self._show()["paused"])

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps, those that were added as it went too."""
        return tuple(map(Step.of, self._show()["steps"]))

    @property
    def waiting(self) -> tuple[Step, ...]:
        """The steps that wait for a signal, an approval or an answer."""
        return tuple(step for step in self.steps if step.status == "waiting" and step.waits_for is not None)

    def step(self, key: str) -> Step:
        """One step."""
        for step in self.steps:
            if step.key == key:
                return step
        raise KeyError(f"no step {key!r}; there are {[step.key for step in self.steps]}")

    def output(self, step: str) -> Any:
        """What a step gave; ``None`` where it is not done."""
        return self.step(step).output

    def events(self, start: int = 0) -> list[Event]:
        """What happened, from an event on."""
        rows = json.loads(_native.flow_events(self._store._native, self.id, start))
        return [Event(row["at_ms"] / 1000, row["what"], row.get("step"), row.get("detail")) for row in rows]

    def signal(self, name: str, data: Any = None) -> Any:
        """Gives a signal; gives back the data that hold, as the first word counts."""
        return json.loads(_native.flow_signal(self._store._native, self.id, name, _json(data)))

    def approve(self, step: str, *, by: str | None = None, comment: str | None = None) -> Any:
        """Approves a step that waits for it; gives back the word that counts."""
        return json.loads(_native.flow_decide(self._store._native, self.id, step, True, by, comment))

    def reject(self, step: str, *, by: str | None = None, comment: str | None = None) -> Any:
        """Rejects a step that waits for approval."""
        return json.loads(_native.flow_decide(self._store._native, self.id, step, False, by, comment))

    def answer(self, step: str, answer: Any) -> Any:
        """Answers a step that asks; gives back the answer that counts."""
        return json.loads(_native.flow_answer(self._store._native, self.id, step, _json(answer)))

    def cancel(self) -> None:
        """Cancels it: attempts at work are told."""
        _native.flow_steer(self._store._native, self.id, "cancel")

    def pause(self) -> None:
        """Holds it: no step begins until it is resumed."""
        _native.flow_steer(self._store._native, self.id, "pause")

    def resume(self) -> None:
        """Lets it go on."""
        _native.flow_steer(self._store._native, self.id, "resume")

    def retry(self) -> None:
        """Makes failed and dead steps ready again."""
        _native.flow_steer(self._store._native, self.id, "requeue")

    def wait(self, timeout: float | None = None, *, stop: Any = None) -> bool:
        """Waits until it has ended, is paused or waits for somebody; says whether it has within the time."""
        stop = stop if stop is not None else _native.Stop()
        return _native.flow_wait(self._store._native, self.id, math.inf if timeout is None else timeout, stop)

    def graph(self) -> Any:
        """Its steps with how each stands, as a picture that a notebook shows."""
        from ._plot import Picture

        return Picture(_native.flow_run_graph(self._store._native, self.id, False))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FlowRun) and (self.id, self._store.url) == (other.id, other._store.url)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<FlowRun {self.id!r}>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.flow_run(self.id, self._show())

    def __reduce__(self) -> tuple[Any, ...]:
        return FlowRun, (self.id, self._store)


class Worker:
    """Does steps of the runs of a store, until it is stopped; a context manager.

    Parameters
    ----------
    store : Store or str, optional
        The store; the configuration's by default.
    kinds : mapping, optional
        Kinds of steps of your own, as for :class:`Workflow`.
    concurrency : int
        Steps at once.
    labels, devices, memory
        What it offers to steps that require it: names, devices such as ``cuda:0``, GiB of memory.
    lease : float
        Seconds after which others take over what a dead worker held.
    folder : path, optional
        Where relative paths of steps start.
    allow_commands : bool
        Whether steps may start programs.

    Examples
    --------
    >>> from botsmith import flow
    >>> with flow.Worker("memory:", kinds={"double": lambda number: number * 2}) as worker:
    ...     pass
    >>> worker.done["claimed"]
    0
    """

    def __init__(
        self,
        store: Store | str | None = None,
        *,
        kinds: StepKinds | None = None,
        concurrency: int = 4,
        labels: Iterable[str] = (),
        devices: Iterable[str] = (),
        memory: int = 0,
        lease: float = 30.0,
        folder: str | os.PathLike[str] | None = None,
        allow_commands: bool = False,
    ) -> None:
        self.store = opened(store)
        self._kinds = _steps.kinds(kinds or {})
        place = None if folder is None else os.fspath(folder)
        self._wanted = _wanted(concurrency, labels, devices, memory, lease, place, allow_commands)
        self._native: _native.FlowWorker | None = None
        #: What it did in all, once it has stopped.
        self.done: dict[str, int] = {}

    def start(self) -> Worker:
        """Starts it; gives itself."""
        if self._native is None:
            self._native = _native.FlowWorker(self.store._native, self._kinds, self._wanted)
        return self

    def stop(self, grace: float = 30.0) -> None:
        """Claims no more, and waits for what is at work, so many seconds; the rest is given back."""
        native, self._native = self._native, None
        found = None if native is None else native.stop(grace, _native.Stop())
        if found is not None:
            self.done = json.loads(found)

    def __enter__(self) -> Worker:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Worker of {self.store.url!r}{'' if self._native is None else ', at work'}>"


def open_run(id: str, store: Store | str | None = None) -> FlowRun:
    """A run of a store.

    Parameters
    ----------
    id : str
        Its id, or the beginning of it.
    store : Store or str, optional
        The store or its URL; the configuration's by default.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import botsmith as bs
    >>> from botsmith import flow
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "double.yaml"
    >>> _ = path.write_text("version: 1\\nname: double\\nsteps: {two: {uses: twice, with: {number: 21}}}\\n")
    >>> workflow = flow.Workflow(path, kinds={"twice": lambda number: number * 2})
    >>> store = bs.Store("memory:")
    >>> _ = workflow.run(store=store, id="monday")
    >>> flow.open_run("mon", store).status
    'done'
    """
    held = opened(store)
    found = json.loads(_native.flow_show(held._native, id))
    return FlowRun(found["run"], held)


def runs(store: Store | str | None = None) -> list[FlowRun]:
    """The runs of a store.

    Parameters
    ----------
    store : Store or str, optional
        The store or its URL; the configuration's by default.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import botsmith as bs
    >>> from botsmith import flow
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "double.yaml"
    >>> _ = path.write_text("version: 1\\nname: double\\nsteps: {two: {uses: twice, with: {number: 21}}}\\n")
    >>> workflow = flow.Workflow(path, kinds={"twice": lambda number: number * 2})
    >>> store = bs.Store("memory:")
    >>> _ = workflow.run(store=store, id="monday")
    >>> flow.runs(store)
    [<FlowRun 'monday'>]
    """
    held = opened(store)
    return [FlowRun(row["run"], held) for row in json.loads(_native.flow_list(held._native))]


def schedules(store: Store | str | None = None) -> list[Schedule]:
    """The schedules of a store.

    Parameters
    ----------
    store : Store or str, optional
        The store or its URL; the configuration's by default.

    Examples
    --------
    >>> from botsmith import flow
    >>> flow.schedules("memory:")
    []
    """
    return of_store(opened(store))
