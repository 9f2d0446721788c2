"""No panic reaches Python: wrong types, huge values, lone surrogates, NaN, deleted files and closed stores go to
every public callable, which answers with an ordinary exception or a result."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import math
import pkgutil
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import botsmith as bs
from botsmith import _native, metrics, nlp, stats

from conftest import MODELS, put_decoder

#: What nobody expects. No value makes work that takes long.
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    2**200,
    math.nan,
    math.inf,
    -0.0,
    "",
    "\ud800 lone",
    "\x00",
    "a" * 100_000,
    b"bytes",
    [],
    [None],
    ["\udfff"],
    [math.nan, math.inf],
    {},
    {"a": object()},
    {"\ud800": 1},
    object(),
    int,
    lambda *_, **__: object(),
    lambda: None,
    range(3),
    iter(()),
    Path("/no/such/file/at/all"),
]

#: Called with arguments that change the process, or that the tests of the command line cover.
LEFT_OUT = {"main", "leave", "forward_log"}

#: Classes of which there are objects only where the build has the engine.
OF_THE_ENGINE = {"Model", "ChatStream", "Embedder", "CrossEncoder"}


CLERK = "meta: {name: Clerk, version: 1.0.0}\nprovider: {id: script, settings: {model: m, otherwise: Hm.}}\n"

SUITE = """
version: 1
dataset: [{id: first, input: a, reference: b}]
bots: [{name: clerk, cartridge: clerk.yml}]
evaluators: [equals]
feedback: {questions: [{name: verdict, kind: thumb}]}
"""


class Closed:
    """Things whose store was closed or whose file is gone."""

    def __init__(self, folder: Path) -> None:
        path, self.gone = folder / "clerk.yml", folder / "gone.yml"
        self.folder, self.path, self.suite = folder, path, folder / "closed.yaml"
        for file in (path, self.gone):
            file.write_text(CLERK)
        self.suite.write_text(SUITE)
        self.store = bs.Store(f"sqlite:{folder / 'state.db'}")
        self.run = bs.evaluate(
            bots=len, dataset=[{"input": "a"}], evaluators=["words"], store=self.store, progress=False
        )
        self.judged = bs.evaluate(self.suite, store=self.store, progress=False, warn=False)
        self.review = bs.feedback.review(self.judged, "ana")
        self.bot = bs.Bot(self.gone, store=self.store)
        self.session = self.bot.session("kept")
        self.versions = bs.versions.Versions(path, store=self.store)
        new = self.versions.propose(CLERK.replace("Hm", "Hum"))
        self.versions.promote(new, without_gate="a trial")
        self.canary, self.bandit = bs.online.Canary.start(self.versions), bs.online.Bandit(self.versions)
        file = folder / "closed-flow.yaml"
        file.write_text("version: 1\nname: small\nsteps: {ask: {uses: approval}}\n")
        self.workflow = bs.flow.Workflow(file)
        self.flow_run = self.workflow.run(store=self.store, id="monday")
        self.schedule = self.workflow.schedule("daily", "0 9 * * *", store=self.store)
        self.gone.unlink()
        self.store.close()

    def hostile(self) -> list[Any]:
        """What nobody expects, and what was right before: closed, deleted, or of other libraries."""
        found = [*HOSTILE, self.store, self.run, self.gone, str(self.gone)]
        others: dict[str, Callable[[Any], Any]] = {
            "numpy": lambda numpy: numpy.arange(3), "pandas": lambda pandas: pandas.DataFrame({"input": ["a"]}),
        }
        installed = [name for name in others if importlib.util.find_spec(name) is not None]
        return [*found, *(others[name](importlib.import_module(name)) for name in installed)]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    return Closed(tmp_path_factory.mktemp("closed"))


async def _awaited(found: Any) -> Any:
    return await found


def survives(call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Whatever comes of it is a result or an exception of Python, and no bug of ours."""
    try:
        found = call(*args, **kwargs)
        if inspect.isawaitable(found):
            found = asyncio.run(_awaited(found))
        if isinstance(found, Iterator):
            for _ in zip(range(3), found, strict=False):
                pass
        repr(found)
    except bs.InternalError as error:
        raise AssertionError(f"a panic came out of {call!r} {args!r} {kwargs!r}: {error}") from error
    except Exception:  # noqa: BLE001 - any ordinary exception will do
        pass


def signatures(call: Any) -> tuple[int, list[str]]:
    """How many arguments must be given, and the names of those that may."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return 1, []
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY or (p.default is not p.empty and p.kind is not p.POSITIONAL_ONLY)]
    return len(places), named


def public_modules() -> list[Any]:
    """The package and all its modules without an underscore; a new one is here by itself."""
    names = [info.name for info in pkgutil.iter_modules(bs.__path__) if not info.name.startswith("_")]
    modules = [importlib.import_module(f"botsmith.{name}") for name in names if name != "pytest_plugin"]
    return [bs, *modules]


def test_every_public_name_is_listed_and_every_native_one_is_typed() -> None:
    assert {module.__name__ for module in public_modules()} >= {
        "botsmith", "botsmith.aio", "botsmith.batches", "botsmith.flow", "botsmith.metrics", "botsmith.nlp", "botsmith.stats",
    }
    for module in public_modules()[1:]:
        own = {
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and callable(value) and getattr(value, "__module__", "") == module.__name__
        }
        # Types of type checkers alone are no callables that users call.
        missing = {name for name in own if not isinstance(getattr(module, name), typing.TypeVar | typing.ParamSpec)}
        assert missing <= set(module.__all__), f"{module.__name__} does not list {missing - set(module.__all__)}"
    native = {name for name in dir(_native) if not name.startswith("_")} | {"__version__"}
    assert native == set(_native.__all__) | {"__version__"}


def callables() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in public_modules():
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value) and not (isinstance(value, type) and issubclass(value, BaseException)):
                found[f"{module.__name__}.{name}"] = value
    for name in _native.__all__:
        value = getattr(_native, name)
        if callable(value) and name not in LEFT_OUT:
            found[f"_native.{name}"] = value
    return found


@pytest.mark.parametrize("name", sorted(callables()))
def test_public_callables_take_anything(
    name: str, closed: Closed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call = callables()[name]
    count, named = signatures(call)
    for value in closed.hostile():
        for given in range(max(0, count - 1), count + 2):
            survives(call, *[value] * given)
        for other in named:
            survives(call, *["a"] * count, **{other: value})


def shout(text: str) -> str:
    """Shouts."""
    return text.upper()


def models(folder: Path) -> list[Any]:
    """Tiny models of this machine, where the build has the engine."""
    if not bs.has_engine():
        return []
    decoder = put_decoder(folder / "decoder")
    model, other = bs.Model(decoder, kv_bytes=1 << 22), bs.aio.Model(decoder, kv_bytes=1 << 22)
    embedder, nli = bs.Embedder(MODELS / "sentence"), bs.CrossEncoder(MODELS / "bert")
    found = [model, model.stream("a"), other, other.stream("a"), embedder, nli]
    found += [bs.aio.Embedder(MODELS / "sentence"), bs.aio.CrossEncoder(MODELS / "bert")]
    found += [model.score("a", ["b"]), model.chat("a", max_tokens=2), embedder.embed_int8(["a"])]
    return [*found, model._native, embedder._native, nli._native, model.stream("a")._native]


def objects(closed: Closed) -> list[Any]:
    en = nlp.load("en")
    doc = en("Don't stop. 😀")
    run = bs.evaluate(bots=str.upper, dataset=[{"input": "a"}], evaluators=["words"], progress=False)
    bot = bs.Bot(provider=str.upper)
    analyser = nlp.Analyser(["tokenise", "sentences", "counts"])
    case = next(iter(run))
    other = bs.aio.Bot(provider=str.upper)
    steps = [bs.batches.Annotate(), bs.batches.Score("words"), bs.batches.Ask(str.upper), bs.batches.Judge("words")]
    found = [analyser("One."), nlp.verbs(doc), bs.compare(run, run), run.bots[0], run.plot(), stats.confusion("ab", "ab")]
    file = closed.folder / "flow.yaml"
    file.write_text("version: 1\nname: small\nsteps:\n  ask: {uses: approval}\n")
    workflow = bs.flow.Workflow(file)
    flows = [workflow, bs.aio.Workflow(file), workflow.run(), bs.flow.Worker("memory:"), bs.flow.Worker("memory:").start()]
    found += [*flows, flows[2].step("ask"), flows[4]._native, workflow.schedule("daily", "0 9 * * *", store="memory:")]
    suite = closed.folder / "asked.yaml"
    suite.write_text(
        "version: 1\ndataset: [{input: a, said: b}]\nbots: [{name: one, recorded: {answer: /said}}]\nevaluators: [words]\n"
        "feedback: {questions: [{name: verdict, kind: thumb}]}\n"
    )
    review = bs.feedback.review(bs.evaluate(suite, store="memory:", progress=False), "ana")
    found += [review, review._native]
    cartridge = closed.folder / "kept.yml"
    cartridge.write_text("meta: {name: Kept, version: 1.0.0}\nprovider: {id: script, settings: {model: m, otherwise: Hm.}}\n")
    versions = bs.versions.Versions(cartridge, store=f"sqlite:{closed.folder / 'versions.db'}")
    found += [versions, versions._native, versions.history, bs.online.Canary(versions), bs.online.Bandit(versions)]
    live = [en, doc, doc[0], doc.words[0], doc.sentences[0], analyser, run, case, case.answers[0], bot, bot.session(), bot.stream("a"), other, other.session(), other.stream("a"), bs.tool(shout), metrics.bleu, bs.Store("memory:"), *steps, *found]
    gone = [closed.store, closed.run, closed.bot, closed.session, closed.versions, closed.canary, closed.bandit]
    gone += [closed.review, closed.flow_run, closed.schedule]
    natives = [_native.Metric("rouge"), _native.Stop(), run._native, bot._native, en._native, analyser._native]
    natives += models(closed.folder)
    natives += [_native.Store("memory:"), closed.store._native, closed.run._native, closed.bot._native, closed.session._native, run._native.cases()]
    return [*live, *gone, *natives]


def test_an_object_of_every_class_with_methods_is_tried(closed: Closed) -> None:
    tried = {type(thing) for thing in objects(closed)}
    classes = {value for value in callables().values() if isinstance(value, type)}
    for kind in classes - tried:
        methods = [
            name
            for name, value in vars(kind).items()
            if not name.startswith("_") and (callable(value) or isinstance(value, property))
        ]
        wanted = kind.__module__.startswith("botsmith") and methods and not hasattr(kind, "__dataclass_fields__")
        untried = {"Answered", "Stream"} | (set() if bs.has_engine() else OF_THE_ENGINE)
        assert not wanted or kind.__name__ in untried, f"no object of {kind} is tried"


# With models, in a build without optimisation, half a minute.
@pytest.mark.timeout(240)
def test_methods_take_anything(closed: Closed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for thing in objects(closed):
        for name in dir(thing):
            if name.startswith("__") and name not in ("__call__", "__getitem__", "__len__", "__iter__", "__eq__", "__hash__", "__repr__", "__str__", "__reduce__"):
                continue
            try:
                method = getattr(thing, name)
            except Exception as error:  # noqa: BLE001 - of a closed store
                assert not isinstance(error, bs.InternalError)
                continue
            if not callable(method) or isinstance(method, type):
                continue
            count, named = signatures(method)
            for value in closed.hostile():
                survives(method, *[value] * count)
                survives(method, *[value] * (count + 1))
                for other in named:
                    survives(method, *["a"] * count, **{other: value})


def test_keywords_take_anything_where_all_else_is_right(
    closed: Closed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "clerk.yml"
    path.write_text(CLERK)
    en, bot, rows = nlp.load("en"), bs.Bot(provider=str.upper), [{"input": "a", "reference": "A"}]
    analyser = nlp.Analyser(["tokenise", "sentences", "counts"])
    run = bs.evaluate(bots=str.upper, dataset=rows, evaluators=["equals"], progress=False)
    versions = bs.versions.Versions(path, store="memory:")
    new = versions.propose(CLERK.replace("Hm", "Hum"))
    calls: list[tuple[Callable[..., Any], tuple[Any, ...], tuple[str, ...]]] = [
        (bot.ask, ("a",), ("timeout", "stop")),
        (bot.stream, ("a",), ("timeout", "stop")),
        (bot.session().ask, ("a",), ("timeout", "stop")),
        (bs.aio.Bot(provider=str.upper).ask, ("a",), ("timeout", "stop")),
        (bot.session, (), ("key", "user", "store")),
        (en.pipe, (["One.", "Two."],), ("batch_size", "threads", "given", "stop")),
        (analyser.pipe, (["One.", "Two."],), ("batch_size", "threads", "stop")),
        (run.filter, (), ("condition", "bot", "metric", "passed", "outcome", "tag")),
        (run.compare, (run,), ("correction",)),
        (closed.workflow.run, (), tuple(signatures(closed.workflow.run)[1])),
        (closed.workflow.submit, (), ("id", "inputs", "store")),
        (versions.promote, (new,), ("without_gate", "by")),
        (versions.rollback, (), ("to", "by")),
        (bs.feedback.review, (run, "ana"), tuple(signatures(bs.feedback.review)[1])),
        (bs.hone, ("clerk",), tuple(signatures(bs.hone)[1])),
        (metrics.rouge, (["a"], ["b"]), ("variant", "n", "measure", "threads")),
    ]
    for call, given, names in calls:
        assert set(names) <= set(signatures(call)[1]), f"{call!r} has no such keywords"
        rest = {"suite": closed.suite, "store": "memory:", "progress": False, "dry_run": True} if call is bs.hone else {}
        for name in names:
            for value in closed.hostile():
                survives(call, *given, **{**rest, name: value})


#: What works with a store, given one that is closed, or made with it before.
WITH_STORE: dict[str, Callable[[Closed], Any]] = {
    "cases": lambda c: list(c.run),
    "a case": lambda c: c.run["a"],
    "filter": lambda c: c.run.filter(passed=True),
    "rows": lambda c: c.run.columns(),
    "save": lambda c: c.run.save(c.folder / "a.html"),
    "compare": lambda c: bs.compare(c.run, c.run),
    "open_run": lambda c: bs.open_run("latest", c.store),
    "runs": lambda c: bs.runs(c.store),
    "evaluate": lambda c: bs.evaluate(c.suite, store=c.store, progress=False),
    "hone": lambda c: bs.hone("clerk", suite=c.suite, store=c.store, progress=False),
    "Bot": lambda c: bs.Bot(provider=str.upper, store=c.store),
    "Bot.session": lambda c: bs.Bot(provider=str.upper).session("key", store=c.store),
    "feedback.add": lambda c: bs.feedback.add(c.judged, case="first", question="verdict", value="up", rater="ana"),
    "feedback.records": lambda c: bs.feedback.records(c.judged),
    "feedback.write": lambda c: bs.feedback.write(c.judged, c.folder / "said.jsonl"),
    "feedback.read": lambda c: bs.feedback.read(c.judged, c.suite),
    "feedback.agreement": lambda c: bs.feedback.agreement(c.judged),
    "feedback.calibrate": lambda c: bs.feedback.calibrate(c.judged, metric="equals"),
    "feedback.estimate": lambda c: bs.feedback.estimate(c.judged),
    "feedback.review": lambda c: bs.feedback.review(c.judged, "ana"),
    "Review.answer": lambda c: c.review.answer("up"),
    "Versions": lambda c: bs.versions.Versions(c.path, store=c.store).history,
    "Versions.history": lambda c: c.versions.history,
    "Versions.promote": lambda c: c.versions.promote("1.0.0", without_gate="why not"),
    "Canary.start": lambda c: bs.online.Canary.start(c.versions),
    "Canary.version": lambda c: c.canary.version("s"),
    "Canary.record": lambda c: c.canary.record("s", 1.0),
    "Canary.status": lambda c: c.canary.status,
    "Bandit.start": lambda c: bs.online.Bandit.start(c.versions, ["1.0.0", "1.0.1"]),
    "Bandit.status": lambda c: c.bandit.status,
    "flow.runs": lambda c: bs.flow.runs(c.store),
    "flow.open_run": lambda c: bs.flow.open_run("monday", c.store),
    "flow.schedules": lambda c: bs.flow.schedules(c.store),
    "Workflow.run": lambda c: c.workflow.run(store=c.store),
    "Workflow.submit": lambda c: c.workflow.submit(store=c.store),
    "Workflow.schedule": lambda c: c.workflow.schedule("daily", "0 9 * * *", store=c.store),
    "Worker.start": lambda c: bs.flow.Worker(c.store).start(),
    "FlowRun.status": lambda c: c.flow_run.status,
    "FlowRun.wait": lambda c: c.flow_run.wait(1),
    "FlowRun.approve": lambda c: c.flow_run.approve("ask"),
    "Schedule.next": lambda c: c.schedule.next,
    "Schedule.pause": lambda c: c.schedule.pause(),
    "aio.evaluate": lambda c: bs.aio.evaluate(c.suite, store=c.store, progress=False),
    "aio.compare": lambda c: bs.aio.compare(c.run, c.run),
    "aio.open_run": lambda c: bs.aio.open_run("latest", c.store),
    "aio.runs": lambda c: bs.aio.runs(c.store),
    "aio.hone": lambda c: bs.aio.hone("clerk", suite=c.suite, store=c.store, progress=False),
    "aio.Bot": lambda c: bs.aio.Bot(provider=str.upper, store=c.store),
    "aio.Bot.session": lambda c: bs.aio.Bot(provider=str.upper).session("key", store=c.store),
    "aio.Workflow": lambda c: bs.aio.Workflow(c.workflow.path).run(store=c.store),
}


@pytest.mark.parametrize("name", WITH_STORE)
def test_what_is_asked_of_a_closed_store_says_so(name: str, closed: Closed) -> None:
    with pytest.raises(bs.StoreError, match="it was closed; open it again"):
        found = WITH_STORE[name](closed)
        if inspect.isawaitable(found):
            asyncio.run(_awaited(found))


def test_what_holds_a_store_or_a_file_goes_on(tmp_path: Path) -> None:
    closed = Closed(tmp_path)
    assert closed.bot.ask("still there?").text == closed.session.ask("and you?").text == "Hm."
    assert closed.review.step is not None and closed.run.bot("len").answered == 1
    for thing in (closed.run, closed.flow_run, closed.versions, closed.schedule, closed.session, closed.store):
        assert repr(thing).startswith("<")


def test_many_threads_are_refused_before_the_system_refuses_them() -> None:
    en, rows = nlp.load("en"), [{"input": "a"}]
    for many in (1025, 10**6, 2**63 - 1):
        for call in (
            lambda: metrics.rouge(["a"], ["a"], threads=many),  # noqa: B023
            lambda: metrics.mrr([["a"]], [["a"]], threads=many),  # noqa: B023
            lambda: metrics.self_bleu([["a", "b"]], threads=many),  # noqa: B023
            lambda: list(en.pipe(["One.", "Two."], threads=many)),  # noqa: B023
            lambda: list(nlp.Analyser(["tokenise"]).pipe(["One.", "Two."], threads=many)),  # noqa: B023
            lambda: bs.evaluate(bots=str.upper, dataset=rows, evaluators=["words"], threads=many, progress=False),  # noqa: B023
        ):
            with pytest.raises(ValueError, match="at most 1024 is allowed"):
                call()
    for many in (65_537, 2**63 - 1):
        with pytest.raises(ValueError, match="at most 65536 is allowed"):
            bs.evaluate(bots=str.upper, dataset=rows, evaluators=["words"], concurrency=many, progress=False)
        with pytest.raises(ValueError, match="at most 65536 is allowed"):
            bs.flow.Worker("memory:", concurrency=many).start()
    run = bs.evaluate(bots=str.upper, dataset=rows * 50, evaluators=["words"], threads=64, concurrency=65_536, progress=False)
    assert len(run) == 50


def test_files_that_go_while_they_are_used_are_errors(tmp_path: Path) -> None:
    suite, data, base = tmp_path / "suite.yaml", tmp_path / "rows.jsonl", tmp_path / "state.db"
    data.write_text('{"input": "a", "said": "b"}\n')
    suite.write_text("version: 1\ndataset: rows.jsonl\nbots: [{name: one, recorded: {answer: /said}}]\nevaluators: [words]\n")
    store = bs.Store(f"sqlite:{base}")
    run = bs.evaluate(suite, store=store, progress=False)
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    calls: list[Callable[[], Any]] = [
        lambda: list(run), lambda: run[next(iter(run)).id], lambda: bs.runs(store), lambda: bs.open_run("latest", store),
        lambda: run.save(tmp_path / "report.html"), lambda: bs.compare(run, run), lambda: bs.evaluate(suite, store=store, progress=False),
        lambda: bs.feedback.records(run), lambda: bs.flow.runs(store), lambda: bs.open_run("latest", f"sqlite:{base}"),
        store.close,
    ]
    for call in calls:
        survives(call)
    data.unlink()
    with pytest.raises(bs.Error, match=r"rows\.jsonl"):
        bs.evaluate(suite, store="memory:", progress=False)
    with pytest.raises(bs.FileError, match="dataset"):
        bs.evaluate(bots=str.upper, dataset=data, evaluators=["words"], progress=False)
    suite.unlink()
    with pytest.raises(bs.Error, match="no such"):
        bs.evaluate(suite, store="memory:", progress=False)
    with pytest.raises(bs.Error, match="no such"):
        bs.hone("one", suite=suite, store="memory:")


def test_the_plugin_of_pytest_takes_anything() -> None:
    from botsmith import pytest_plugin as plugin

    for value in HOSTILE:
        survives(plugin._assert_passes, value, answer="x")
        survives(plugin._assert_passes, "x", bot=value)
        survives(plugin._assert_passes, "x", answer=value)
        survives(plugin._assert_passes, "x", answer="x", evaluators=value)
        survives(plugin._assert_passes, "x", answer="x", gate=value)
    names = plugin._Names()
    shown = [names.free(name) for name in ("", "\x00", "a::b", "a:b", "::", "\ud800", "x" * 10_000, "")]
    assert len(set(shown)) == len(shown) and not any("::" in name for name in shown)


def test_deep_and_wide_data_is_refused_or_judged() -> None:
    deep: Any = []
    for _ in range(3000):
        deep = [deep]
    survives(bs.evaluate, bots=str.upper, dataset=[{"input": "a", "extra": deep}], evaluators=["words"], progress=False)
    survives(bs.evaluate, bots=str.upper, dataset=[{f"k{n}": n for n in range(20_000)}], evaluators=["words"], progress=False)
    survives(bs.Bot, {"provider": deep})
    survives(metrics.score, "equals", ["a"], ["a"], value=deep)
    survives(nlp.Analyser, [{"matcher": deep}])


def test_callables_that_misbehave_are_failures_of_theirs() -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no words")

        __repr__ = __str__

    def raises_odd(_: str) -> str:
        raise type("OddError", (Exception,), {"__str__": Odd.__str__})("x")

    for function in (lambda _: Odd(), lambda _: "\ud800", raises_odd, lambda _: {"text": 3}, lambda: "x"):
        run = bs.evaluate(bots={"b": function}, dataset=[{"input": "a"}], evaluators=["words"], progress=False)
        assert run.bots[0].answered + run.bots[0].failed == 1
    for judge in (lambda a: Odd(), lambda a: "words", lambda a: (1, 2, 3), lambda a: math.inf, lambda a: {"x": 1}):
        run = bs.evaluate(bots=str.upper, dataset=[{"input": "a"}], evaluators=[judge], progress=False)
        assert run.bots[0].scores["function"].errors == 1
