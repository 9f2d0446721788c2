"""Judging from Python: callables as bots and evaluators, data frames as datasets, runs."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import importlib
import io
import json
import pickle
import pkgutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import botsmith as bs

ROWS = [
    {"id": "fr", "input": "Capital of France?", "reference": "Paris", "tags": ["europe"]},
    {"id": "pe", "input": "Capital of Peru?", "reference": "Lima", "tags": ["america"]},
    {"id": "jp", "input": "Capital of Japan?", "reference": "Tokyo 東京", "tags": ["asia"]},
]

RIGHT = {"Capital of France?": "It is Paris.", "Capital of Peru?": "Lima", "Capital of Japan?": "Kyoto 😀"}


def knows(question: str) -> str:
    return RIGHT[question]


async def guesses(question: str) -> str:
    await asyncio.sleep(0)
    return "Paris"


def judged(**changes: Any) -> bs.Run:
    given: dict[str, Any] = {
        "bots": {"knows": knows, "guesses": guesses},
        "dataset": ROWS,
        "evaluators": [{"icontains": {"value": "{{ reference }}", "name": "right"}}],
        "progress": False,
    }
    return bs.evaluate(**{**given, **changes})


def test_functions_sync_and_async_are_judged() -> None:
    run = judged()
    assert [bot.name for bot in run.bots] == ["knows", "guesses"]
    assert run.bot("knows").scores["right"].pass_rate == pytest.approx(2 / 3)
    assert run.bot("guesses").scores["right"].passed == 1
    (difference,) = run.comparisons
    assert (difference.a, difference.b, difference.n) == ("knows", "guesses", 3)
    assert difference.difference == pytest.approx(-1 / 3)
    assert run.passed and run.gate == []


def test_a_run_iterates_finds_and_filters_its_cases() -> None:
    run = judged()
    assert [case.id for case in run] == ["fr", "pe", "jp"] and len(run) == 3
    case = run["jp"]
    assert case.references == ("Tokyo 東京",)
    assert case.answer("knows").text == "Kyoto 😀"
    assert case.answer("knows").scores["right"].passed is False
    with pytest.raises(KeyError, match="jq"):
        run["jq"]
    with pytest.raises(TypeError):
        run[0]  # type: ignore[index]
    failed = run.filter(bot="knows", metric="right", passed=False)
    assert [found.id for found in failed] == ["jp"]
    assert [c.id for c in run.filter(tag="europe")] == ["fr"]
    assert run.filter(outcome="failed") == []
    assert [c.id for c in run.filter(lambda c: "Peru" in c.input)] == ["pe"]


def test_evidence_counts_code_points() -> None:
    run = bs.evaluate(
        bots={"b": lambda _: "😀😀 the 東京 tower"},
        dataset=[{"input": "?"}],
        evaluators=[{"contains": {"value": "東京"}}],
        progress=False,
    )
    answer = next(iter(run)).answers[0]
    (span,) = answer.scores["contains"].evidence
    assert answer.text[span.start : span.end] == "東京"


def frame(kind: str) -> Any:
    rows = [{key: value for key, value in row.items() if key != "tags"} for row in ROWS]
    if kind == "pandas":
        return pytest.importorskip("pandas").DataFrame(rows)
    if kind == "polars":
        return pytest.importorskip("polars").DataFrame(rows)
    if kind == "lazy polars":
        return pytest.importorskip("polars").DataFrame(rows).lazy()
    if kind == "pyarrow":
        return pytest.importorskip("pyarrow").Table.from_pylist(rows)
    if kind == "capsule":
        table = pytest.importorskip("pyarrow").Table.from_pylist(rows)
        return type("Capsule", (), {"__arrow_c_stream__": lambda _, s=None: table.__arrow_c_stream__(s)})()
    if kind == "generator":
        return (row for row in rows)
    if kind == "columns":
        return {key: [row[key] for row in rows] for key in rows[0]}
    if kind == "dataclasses":
        made = dataclasses.make_dataclass("Row", list(rows[0]))
        return [made(**row) for row in rows]
    return rows


@pytest.mark.parametrize(
    "kind",
    ["rows", "generator", "columns", "dataclasses", "pandas", "polars", "lazy polars", "pyarrow", "capsule"],
)
def test_datasets_of_every_kind_give_the_same_scores(kind: str) -> None:
    run = judged(dataset=frame(kind))
    assert [case.id for case in run] == ["fr", "pe", "jp"]
    assert run.bot("knows").scores["right"].passed == 2


def test_files_and_other_names_of_fields_work(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"q": row["input"], "a": row["reference"]}) + "\n" for row in ROWS))
    fields = {"input": "q", "reference": "/a"}
    run = judged(dataset=path, fields=fields)
    assert run.bot("knows").scores["right"].passed == 2


def test_several_references_may_have_any_name() -> None:
    for key, fields in (("references", None), ("right", {"references": "right"}), ("right", {"reference": "right"})):
        run = judged(bots=str.upper, dataset=[{"input": "a", key: ["b", "A"]}], evaluators=["equals"], fields=fields)
        assert next(iter(run)).references == ("b", "A") and run.bots[0].scores["equals"].passed == 1


def test_missing_values_of_frames_are_missing() -> None:
    pandas = pytest.importorskip("pandas")
    data = pandas.DataFrame({"input": ["a", "b"], "reference": ["a", None], "extra": [1.5, float("nan")]})
    run = judged(bots=lambda text: text, dataset=data, evaluators=["words"])
    assert [case.references for case in run] == [("a",), ()]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("plain", "plain"),
        ({"text": "mapping"}, "mapping"),
        ([{"generated_text": "pipeline"}], "pipeline"),
        ([{"generated_text": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "chat"}]}], "chat"),
        ([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}], "a\nb"),
        (type("AIMessage", (), {"content": "langchain", "type": "ai"})(), "langchain"),
        ({"choices": [{"message": {"content": "openai"}}]}, "openai"),
        (42, "42"),
    ],
)
def test_what_clients_of_others_give_is_understood(reply: Any, text: str) -> None:
    run = judged(bots={"b": lambda _: reply}, dataset=[{"input": "q"}], evaluators=["words"])
    assert next(iter(run)).answers[0].text == text


def test_chains_with_invoke_and_messages_are_bots() -> None:
    class Chain:
        name = "chain"

        def invoke(self, text: str) -> Any:
            return type("AIMessage", (), {"content": text[::-1], "usage_metadata": {"input_tokens": 3, "output_tokens": 2}})()

    def whole(messages: list[dict[str, Any]]) -> str:
        return f"{len(messages)} {messages[-1]['content']}"

    rows = [{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "abc"}]}]
    run = judged(bots=[Chain(), whole, functools.partial(knows)], dataset=rows, evaluators=["words"])
    assert [bot.name for bot in run.bots] == ["chain", "whole", "knows"]
    first = next(iter(run))
    assert first.answer("chain").text == "cba"
    assert first.answer("chain").usage is not None and first.answer("chain").usage.output_tokens == 2
    assert first.answer("whole").text == "2 abc"
    assert first.answer("knows").outcome == "failed"


class Runnable:
    """Sync and async in one, as LangChain's runnables are."""

    name = "runnable"

    def __init__(self) -> None:
        self.loops: list[asyncio.AbstractEventLoop] = []

    def invoke(self, text: str) -> str:
        raise AssertionError("the coroutine is preferred: it holds no thread")

    async def ainvoke(self, text: str) -> str:
        self.loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return text.upper()


def test_of_a_chain_with_both_the_coroutine_is_awaited() -> None:
    rows = [{"input": "a", "reference": "A"}, {"input": "b", "reference": "B"}]
    given: dict[str, Any] = {"dataset": rows, "evaluators": ["equals"], "progress": False}
    chain = Runnable()
    assert judged(bots=chain, **given).bot("runnable").scores["equals"].pass_rate == 1.0
    assert bs.Bot(provider=chain).ask("c").text == "C"
    assert len(chain.loops) == 3 and len(set(chain.loops)) == 1, "without a loop that waits they run on ours"

    async def main() -> None:
        chain.loops.clear()
        run = await bs.aio.evaluate(bots=chain, **given)
        assert run.bot("runnable").scores["equals"].pass_rate == 1.0
        assert (await bs.aio.Bot(provider=chain).ask("c")).text == "C"
        assert chain.loops == [asyncio.get_running_loop()] * 3

    asyncio.run(main())


def test_failures_and_refusals_are_no_zero_scores() -> None:
    def moody(question: str) -> str:
        if "France" in question:
            raise bs.Refused("not about France")
        if "Peru" in question:
            raise TimeoutError("too slow")
        return "Tokyo"

    run = judged(bots={"moody": moody}, evaluators=["words"])
    bot = run.bot("moody")
    assert (bot.answered, bot.refused, bot.failed, bot.scores["words"].n) == (1, 1, 1, 1)
    refused, failed = run["fr"].answers[0], run["pe"].answers[0]
    assert refused.outcome == "refused" and "not about France" in (refused.error or "")
    assert failed.outcome == "failed" and failed.error == "timeout: function: TimeoutError: too slow"
    assert failed.scores == {}


def test_evaluators_are_given_what_their_parameters_name() -> None:
    seen: dict[str, Any] = {}

    def exact(answer: str, reference: str) -> bool:
        return answer == reference

    async def share(output: str, case: dict[str, Any], question: str) -> float:
        seen.update(case=case["id"], question=question)
        return 0.25

    def by_place(x: str, y: str) -> tuple[float, str]:
        return float(len(x)), f"{x} for {y}"

    def nothing(answer: str) -> None:
        return None

    def breaks(answer: str) -> float:
        raise LookupError("broken")

    run = judged(
        bots={"b": lambda _: "Paris"},
        dataset=ROWS[:1],
        evaluators=[
            exact,
            share,
            bs.Evaluator(by_place, name="length", range=(0, None), higher_is_better=None, decides=False),
            nothing,
            breaks,
            bs.Evaluator(lambda answer: bs.Score(0.4, explanation="so so"), name="graded", threshold=0.5, decides=False),
        ],
    )
    scores = run["fr"].answers[0].scores
    assert scores["exact"].value == 1.0 and scores["exact"].passed is True
    assert scores["share"].value == 0.25 and seen == {"case": "fr", "question": "Capital of France?"}
    assert scores["length"].value == 5.0 and scores["length"].explanation == "Paris for Paris"
    assert scores["nothing"].value is None and scores["nothing"].skipped
    assert scores["breaks"].value is None and scores["breaks"].error == "LookupError: broken"
    assert scores["graded"].passed is False and scores["graded"].explanation == "so so"
    assert run.bot("b").scores["breaks"].errors == 1


def test_runs_become_frames_and_files(tmp_path: Path) -> None:
    pandas, polars, pyarrow = map(pytest.importorskip, ("pandas", "polars", "pyarrow"))
    run = judged()
    frame = run.to_pandas()
    assert len(frame) == 6 and frame["right"].sum() == 3.0
    assert run.to_polars().height == 6
    assert run.to_arrow().num_rows == 6
    assert pyarrow.table(run).column("bot").to_pylist() == ["knows", "guesses"] * 3
    assert polars.DataFrame(run).height == 6
    assert isinstance(frame, pandas.DataFrame)
    for ending in ("html", "json", "jsonl", "csv", "md", "xml"):
        run.save(tmp_path / f"report.{ending}")
        assert (tmp_path / f"report.{ending}").stat().st_size > 100
    assert json.loads((tmp_path / "report.json").read_text()) == run.report
    with pytest.raises(ValueError, match="no report ends"):
        run.save(tmp_path / "report.pdf")
    with pytest.raises(bs.FileError):
        run.save(tmp_path / "none" / "report.json")


def test_suites_run_as_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(textwrap.dedent("""
        version: 1
        name: small
        dataset: [{input: a, reference: b, said: b}, {input: c, reference: d, said: x}]
        bots: [{name: said, recorded: {answer: /said}}]
        evaluators: [equals]
        gate: [{metric: equals, pass-rate: {min: 0.6}}]
    """))
    store = f"sqlite:{tmp_path / 'state.db'}"
    run = bs.evaluate(tmp_path / "suite.yaml", store=store, progress=False)
    command = [sys.executable, "-m", "botsmith", "--store", store, "eval", str(tmp_path / "suite.yaml"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and not run.passed
    assert json.loads(done.stdout) == run.report
    assert [found["id"] for found in bs.runs(store)] == [run.id]
    assert bs.open_run("latest", store) == run
    again = pickle.loads(pickle.dumps(run))
    assert again == run and [case.id for case in again] == [case.id for case in run]


def test_what_answers_used_is_added_up_where_they_say_so(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(textwrap.dedent("""
        version: 1
        dataset: [{input: a, said: b, price: 0.5}, {input: c, said: x, price: 0.25}]
        bots:
          - {name: priced, recorded: {answer: /said, cost: /price}}
          - {name: silent, recorded: {answer: /said}}
        evaluators: [words]
    """))
    run = bs.evaluate(tmp_path / "suite.yaml", store="memory:", progress=False)
    totals = run.bot("priced").totals
    assert totals is not None and (totals.cost, totals.n) == (0.75, {"cost": 2})
    assert totals.input_tokens is None and totals.hops is None and str(totals) == "cost 0.75"
    assert run.bot("silent").totals is None
    assert "priced used cost 0.75" in run._repr_html_() and "silent used" not in run._repr_html_()


def test_wrong_suites_name_the_place(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text("version: 1\ndataset: [{input: a}]\nbot: []\nevaluators: [words]\n")
    with pytest.raises(bs.SpecError) as caught:
        bs.evaluate(path, store="memory:")
    assert caught.value.path == str(path) and caught.value.line is not None
    with pytest.raises(TypeError, match="one or the other"):
        bs.evaluate(path, bots=knows)
    for given in ({"name": "n"}, {"fields": {"input": "q"}}, {"version": "1"}, {"gate": []}, {"evaluators": ["words"]}):
        with pytest.raises(TypeError, match=f"a suite file says {next(iter(given))} itself"):
            bs.evaluate(path, store="memory:", **given)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="or bots, dataset and evaluators"):
        bs.evaluate(bots=knows)
    with pytest.raises(ValueError, match="no rows"):
        judged(dataset=[])
    with pytest.raises(TypeError, match="a bot is"):
        judged(bots=[3])
    with pytest.raises(TypeError, match="an evaluator is"):
        judged(evaluators=[3])
    with pytest.raises(bs.SpecError, match="unknown evaluator `equal`") as caught:
        judged(evaluators=["equal"])
    assert "equals" in (caught.value.hint or "")


def test_two_runs_are_compared_case_by_case() -> None:
    old, new = judged(bots={"b": guesses}), judged(bots={"b": knows})
    found = bs.compare(old, new)
    assert (found.shared, found.only_a, len(found)) == (3, 0, 1)
    (difference,) = found
    assert difference.difference == pytest.approx(1 / 3)
    assert [(flip.case, flip.now) for flip in found.flips] == [("pe", True)]
    assert pickle.loads(pickle.dumps(found)) == found
    assert old.compare(new, correction="bonferroni").correction == "bonferroni"
    with pytest.raises(ValueError, match="no correction"):
        bs.compare(old, new, correction="most")
    with pytest.raises(TypeError):
        bs.compare(old, 3)  # type: ignore[arg-type]


def test_runs_of_functions_are_new_unless_a_version_is_given(tmp_path: Path) -> None:
    store = bs.Store(f"sqlite:{tmp_path / 'state.db'}")
    asked: list[str] = []

    def counted(question: str) -> str:
        asked.append(question)
        return "Paris"

    assert judged(bots=counted, store=store) != judged(bots=counted, store=store)
    assert len(asked) == 6
    first = judged(bots=counted, store=store, version="1")
    assert judged(bots=counted, store=store, version="1") == first
    assert len(asked) == 9
    store.close()
    with pytest.raises(bs.StoreError, match="closed"):
        judged(store=store)
    with pytest.raises(bs.StoreError, match="closed"):
        list(first)
    with pytest.raises(bs.StoreError, match="closed"):
        bs.runs(store)


def test_pages_of_runs_are_escaped_and_hold_no_script() -> None:
    run = judged(
        bots={"<b>bold</b>": lambda _: "<script>alert(1)</script>"},
        evaluators=[{"contains": {"value": "alert", "name": "<i>m</i>"}}],
    )
    case = next(iter(run))
    pages = [run._repr_html_(), case._repr_html_(), case.answers[0]._repr_html_(), str(run.plot())]
    pages.append(bs.compare(run, run)._repr_html_())
    for page in pages:
        assert "<script" not in page and "<b>bold" not in page and "<i>m" not in page
        assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "<svg" in pages[0] and "<u class" in pages[2]


def test_progress_is_told_and_its_errors_stop_the_run() -> None:
    told: list[tuple[Any, ...]] = []
    judged(progress=lambda *news: told.append(news))
    assert told and told[-1][0] == 3

    def slow(question: str) -> str:
        time.sleep(0.2)
        return question

    def full(*_: Any) -> None:
        raise OverflowError("seen enough")

    with pytest.raises(OverflowError):
        judged(bots=slow, dataset=[{"input": str(n)} for n in range(50)], progress=full)


def test_a_bar_of_tqdm_hears_of_each_answer_and_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    auto = pytest.importorskip("tqdm.auto")
    out, bars, seen = io.StringIO(), [], []

    class Recorded(pytest.importorskip("tqdm").tqdm):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(file=out, **options)
            bars.append(self)

        def refresh(self, *args: Any, **options: Any) -> Any:
            seen.append((self.n, self.total, self.unit))
            return super().refresh(*args, **options)

    def slow(question: str) -> str:
        time.sleep(0.1)
        return question

    monkeypatch.setattr(auto, "tqdm", Recorded)
    judged(bots=slow, dataset=[{"input": str(n)} for n in range(40)], evaluators=["words"], progress=True)
    (bar,) = bars
    counts = [n for n, _, _ in seen]
    assert counts == sorted(counts) and len(set(counts)) > 2 and counts[-1] == 40, seen
    assert seen[-1] == (40, 40, " cases") and bar.disable, "closed"
    assert "cases" in out.getvalue() and "40" in out.getvalue()
    judged(progress=False)
    assert len(bars) == 1


def test_cases_are_read_again_and_again_and_let_go() -> None:
    run = judged(dataset=[{"input": str(n), "reference": "Paris"} for n in range(400)], bots={"g": guesses})
    first = iter(run)
    assert next(first).input == "0"
    del first
    assert [case.input for case in run] == [str(n) for n in range(400)]


def test_sixteen_threads_on_one_run_see_the_same() -> None:
    run = judged()
    wanted = list(run)
    found: list[bool] = []

    def look() -> None:
        found.append(list(run) == wanted and run["pe"] == wanted[1] and len(run._repr_html_()) > 100)

    threads = [threading.Thread(target=look) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 16


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_control_c_stops_a_run_whose_bots_hang() -> None:
    code = textwrap.dedent("""
        import os, time, botsmith as bs
        def hangs(text):
            print("asked", flush=True)
            time.sleep(60)
        try:
            bs.evaluate(bots=hangs, dataset=[{"input": "a"}], evaluators=["words"], progress=False)
        except KeyboardInterrupt:
            print("stopped", flush=True)
            os._exit(0)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "asked\n"
        asked = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "stopped\n"
        assert time.monotonic() - asked < 2.0
        child.wait()


def test_values_are_equal_hashable_and_picklable() -> None:
    def priced(text: str) -> dict[str, Any]:
        return {"text": text, "usage": {"prompt_tokens": 1, "completion_tokens": 2}, "cost": 0.5}

    rows = [{"messages": [{"role": "user", "content": "a"}], "reference": "A"}]
    runs = [judged(), judged(bots=priced, dataset=rows)]
    cases = [case for run in runs for case in run]
    answers = [answer for case in cases for answer in case.answers]
    verdicts = [verdict for answer in answers for verdict in answer.scores.values()]
    bots = [bot for run in runs for bot in run.bots]
    totals = [bot.totals for bot in bots if bot.totals]
    assert totals and any(case.messages for case in cases)
    values = [*runs[0].comparisons, *cases, *answers, *verdicts, *bots, *totals, bs.compare(runs[0], runs[0])]
    values += [bs.Honing({"bot": "b", "end": "ready", "finalist": None}), bs.Score(1.0)]
    for value in values:
        again = pickle.loads(pickle.dumps(value))
        assert again == value and hash(again) == hash(value) and len({again, value}) == 1
    # What a value holds is compared, also where it is not hashed.
    one, other = answers[0], dataclasses.replace(answers[0], value={"a": [1]}, scores={})
    assert one != other and len({one, other}) == 2
    run = runs[0]
    with pytest.raises(TypeError, match="memory"):
        pickle.dumps(run)


def test_what_has_no_hash_is_left_out_of_the_hash_of_values() -> None:
    modules = [importlib.import_module(f"botsmith.{info.name}") for info in pkgutil.iter_modules(bs.__path__) if info.name != "__main__"]
    classes = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__.startswith("botsmith")
    }
    # Steps over batches, and evaluators, are made by callers: of what is theirs to be hashed.
    values = {kind for kind in classes if kind.__module__ != "botsmith.batches" and kind is not bs.Evaluator}
    assert {bs.Answer, bs.CaseResult, bs.ChatResponse, bs.flow.Step} <= values
    for kind in values:
        code = getattr(kind.__hash__, "__code__", None)
        if code is None or code.co_filename != "<string>":
            # Not made of its fields: written by hand, or of what the object is.
            continue
        for part in dataclasses.fields(kind):
            loose = any(word in str(part.type) for word in ("Mapping", "dict[", "list[", "Any", "Sequence"))
            assert not loose or part.hash is False, f"{kind.__name__}.{part.name}: {part.type}"


def test_pictures_are_one_svg_with_a_scale_for_each_metric() -> None:
    from xml.etree import ElementTree

    run = judged(evaluators=[{"icontains": {"value": "{{ reference }}", "name": "right"}}, "words"])
    svg = "{http://www.w3.org/2000/svg}"
    whole = ElementTree.fromstring(str(run.plot()))
    titles = [frame.findtext(f"{svg}title") for frame in whole.findall(f"{svg}svg")]
    assert titles == ["means of right with 95 % intervals", "means of words with 95 % intervals"]
    one = ElementTree.fromstring(str(run.plot("right")))
    assert one.findtext(f"{svg}title") == titles[0] and len(one.findall(f"{svg}circle")) == 2
    with pytest.raises(KeyError, match="no metric 'left'"):
        run.plot("left")
    again = judged(bots={"knows": guesses}, evaluators=["words"])
    page = bs.compare(judged(evaluators=["words"]), again)._repr_html_()
    # A bot that stands in both runs goes by its name; the theme of the notebook decides on the colours.
    assert "knows · words" in page and "knows@" not in page and "data-jp-theme-light" in page
    ElementTree.fromstring(str(bs.compare(run, run).plot()))
