"""Workflows from Python: steps that are functions, approvals, workers of other processes, pickles."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

import botsmith as bs
from botsmith import flow

WORKFLOW = """
version: 1
name: review
inputs: {type: object, properties: {texts: {type: array}}, required: [texts]}
steps:
  count: {uses: map, over: "{{ inputs.texts }}", step: {uses: words, with: {text: "{{ item }}"}}}
  sum: {uses: total, needs: [count], with: {numbers: "{{ steps.count.output }}"}}
  check: {uses: approval, needs: [sum], with: {message: "Is it right?"}}
"""


def words(text: str) -> int:
    """Counts the words of a text."""
    return len(text.split())


async def total(numbers: list[int], task: flow.Task) -> dict[str, Any]:
    await asyncio.sleep(0)
    return {"total": sum(numbers), "step": task.step, "attempt": task.attempt}


KINDS = {"words": words, "total": total}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "review.yaml"
    path.write_text(WORKFLOW)
    return path


def test_steps_are_functions_and_an_approval_is_waited_for(file: Path, tmp_path: Path) -> None:
    workflow = flow.Workflow(file, kinds=KINDS)
    assert workflow.name == "review" and set(workflow.steps) == {"count", "sum", "check"}
    store = bs.Store(f"sqlite:{tmp_path / 'state.db'}")
    run = workflow.run(inputs={"texts": ["one two", "three"]}, store=store, id="r1")
    assert run.status == "running" and [step.key for step in run.waiting] == ["check"]
    assert run.output("count") == [2, 1]
    assert run.output("sum") == {"total": 3, "step": "sum", "attempt": 1}
    assert run.waiting[0].about["message"] == "Is it right?"
    assert "waits for approval:check" in run._repr_html_()
    for picture in (workflow.graph(), run.graph()):
        assert str(picture).startswith("<svg") and "check" in str(picture)
    assert "check" in workflow.mermaid() and "<svg" in workflow._repr_html_()
    assert run.approve("check", by="Ann")["approved"] is True
    # The first word counts.
    assert run.reject("check", by="Bob")["approved"] is True
    assert workflow.run(inputs={"texts": ["one two", "three"]}, store=store, id="r1").status == "done"
    assert run.step("count").attempts >= 1 and run.wait(5)
    assert {"started", "done"} <= {event.what for event in run.events()}
    assert flow.runs(store) == [run] and flow.open_run("r1", store) == run
    assert pickle.loads(pickle.dumps(run)).output("count") == [2, 1]
    with pytest.raises(KeyError, match="no step 'none'"):
        run.step("none")


def test_workers_do_what_was_submitted(file: Path, tmp_path: Path) -> None:
    store = bs.Store(f"sqlite:{tmp_path / 'state.db'}")
    workflow = pickle.loads(pickle.dumps(flow.Workflow(file, kinds=KINDS)))
    runs = [workflow.submit(store=store, inputs={"texts": [f"{'a ' * n}"]}) for n in range(1, 4)]
    with flow.Worker(store, kinds=KINDS, concurrency=2) as worker:
        assert all(run.wait(30) for run in runs)
    assert [run.output("sum")["total"] for run in runs] == [1, 2, 3]
    assert worker.done["stored"] >= 9 and worker.done["errors"] == 0
    runs[0].cancel()
    assert runs[0].status == "cancelled"
    runs[1].pause()
    assert runs[1].paused
    runs[1].resume()
    assert not runs[1].paused


def test_failures_have_a_class_that_retries_name(tmp_path: Path) -> None:
    path = tmp_path / "retry.yaml"
    path.write_text(textwrap.dedent("""
        version: 1
        name: retry
        steps:
          again: {uses: moody, with: {how: rate}, retry: {max: 3, base: 10ms, on: [rate-limit]}}
          never: {uses: moody, with: {how: type}, retry: {max: 3, base: 10ms, on: [rate-limit]}, on-failure: continue}
    """))
    tries: list[str] = []

    def moody(how: str) -> str:
        tries.append(how)
        if how == "type":
            raise TypeError("no such thing")
        if tries.count("rate") < 3:
            raise flow.StepError("rate-limit", "slowly")
        return "at last"

    run = flow.Workflow(path, kinds={"moody": moody}).run()
    assert run.output("again") == "at last" and tries.count("rate") == 3 and tries.count("type") == 1
    never = run.step("never")
    assert never.status == "failed" and never.error_class == "TypeError" and never.error == "TypeError: no such thing"


def test_what_does_not_fit_is_said_before_anything_runs(file: Path, tmp_path: Path) -> None:
    with pytest.raises(bs.SpecError, match="words") as caught:
        flow.Workflow(file, kinds={"total": total})
    assert caught.value.path == str(file) and caught.value.line is not None
    workflow = flow.Workflow(file, kinds=KINDS)
    with pytest.raises(bs.Error) as wrong:
        workflow.run(inputs={})
    assert wrong.value.code == "BS-FLOW-018"
    with pytest.raises(bs.Error):
        flow.open_run("none", "memory:")
    with pytest.raises(TypeError, match="wants a callable"):
        flow.Workflow(file, kinds={"words": 3})  # type: ignore[dict-item]
    with pytest.raises(bs.Error):
        flow.Worker("memory:", concurrency=0).start()
    store = bs.Store("memory:")
    store.close()
    with pytest.raises(bs.StoreError, match="closed"):
        workflow.submit(store=store)


def test_a_worker_of_another_process_does_the_steps(tmp_path: Path) -> None:
    path = tmp_path / "far.yaml"
    path.write_text("version: 1\nname: far\nsteps:\n  who: {uses: who, with: {name: Ada}}\n")
    url = f"sqlite:{tmp_path / 'state.db'}"

    def who(name: str) -> str:
        raise AssertionError("this process has no worker")

    run = flow.Workflow(path, kinds={"who": who}).submit(store=url)
    code = textwrap.dedent(f"""
        import os
        from botsmith import flow
        with flow.Worker({url!r}, kinds={{"who": lambda name: [name, os.getpid()]}}) as worker:
            assert flow.runs({url!r})[0].wait(20)
    """)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    name, process = run.output("who")
    assert run.status == "done" and name == "Ada" and process != __import__("os").getpid()


def test_sixteen_steps_at_once_give_what_one_gives(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text(textwrap.dedent("""
        version: 1
        name: many
        inputs: {type: object, properties: {numbers: {type: array}}}
        steps:
          square: {uses: map, over: "{{ inputs.numbers }}", step: {uses: square, with: {number: "{{ item }}"}}}
    """))
    seen: set[int] = set()

    def square(number: int) -> int:
        seen.add(threading.get_ident())
        return number * number

    run = flow.Workflow(path, kinds={"square": square}).run(inputs={"numbers": list(range(40))}, concurrency=16)
    assert run.output("square") == [number * number for number in range(40)] and seen


def test_workflows_are_awaited_in_a_running_loop(file: Path) -> None:
    async def main() -> list[Any]:
        workflow = bs.aio.Workflow(file, kinds=KINDS)
        runs = await asyncio.gather(*(workflow.run(inputs={"texts": ["a " * n]}) for n in (1, 2)))
        return [run.output("sum")["total"] for run in runs]

    assert asyncio.run(main()) == [1, 2]


def test_steps_about_bots_and_suites_stand_beside_functions(tmp_path: Path) -> None:
    (tmp_path / "clerk.yml").write_text("provider: {id: script, settings: {model: m, otherwise: Hm.}}\n")
    (tmp_path / "suite.yaml").write_text(textwrap.dedent("""
        version: 1
        dataset: [{input: a, reference: b, said: b}, {input: c, reference: d, said: x}]
        bots: [{name: said, recorded: {answer: /said}}]
        evaluators: [equals]
    """))
    path = tmp_path / "both.yaml"
    path.write_text(textwrap.dedent("""
        version: 1
        name: both
        steps:
          ask: {uses: bot, with: {cartridge: clerk.yml, input: "Hello?"}}
          shout: {uses: shout, needs: [ask], with: {text: "{{ steps.ask.output }}"}}
          judge: {uses: eval, with: {suite: suite.yaml}}
    """))

    def shout(text: str) -> str:
        return text.upper()

    store = bs.Store(f"sqlite:{tmp_path / 'state.db'}")
    run = flow.Workflow(path, kinds={"shout": shout}).run(store=store)
    assert run.status == "done", run.steps
    assert run.output("ask") == "Hm." and run.output("shout") == "HM."
    assert bs.open_run(run.output("judge")["run"], store).bots[0].scores["equals"].pass_rate == 0.5


def test_phrases_and_reports_are_steps_too(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(textwrap.dedent("""
        version: 1
        dataset: [{input: a, reference: b, said: b}]
        bots: [{name: said, recorded: {answer: /said}}]
        evaluators: [equals]
    """))
    path = tmp_path / "files.yaml"
    path.write_text(textwrap.dedent("""
        version: 1
        name: files
        steps:
          phrases: {uses: keyphrases, with: {text: "The garden shop sells garden tools.", top: 2}}
          judge: {uses: eval, with: {suite: suite.yaml}}
          report: {uses: report, with: {run: "{{ steps.judge.output.run }}", markdown: report.md}}
    """))
    run = flow.Workflow(path).run(store=bs.Store(f"sqlite:{tmp_path / 'state.db'}"))
    assert run.status == "done", run.steps
    phrases = run.output("phrases")
    assert 1 <= len(phrases) <= 2 and any("garden" in phrase["text"] for phrase in phrases)
    assert run.output("report") == [str(tmp_path / "report.md")]
    assert "equals" in (tmp_path / "report.md").read_text()


def test_schedules_start_runs_by_the_clock_and_can_be_held(file: Path, tmp_path: Path) -> None:
    workflow = flow.Workflow(file, kinds=KINDS)
    store = bs.Store(f"sqlite:{tmp_path / 'state.db'}")
    assert flow.schedules(store) == []
    made = workflow.schedule("nightly", "0 3 * * *", zone="Europe/Berlin", inputs={"texts": []}, store=store)
    assert flow.schedules(store) == [made] and pickle.loads(pickle.dumps(made)) == made
    assert (made.workflow, made.cron, made.zone, made.paused, made.last_run) == ("review", "0 3 * * *", "Europe/Berlin", False, None)
    assert made.next > 1.7e9 and made.facts["misfire"] == "one"
    made.pause()
    assert made.paused
    made.resume()
    assert not made.paused
    assert workflow.schedule("nightly", "0 4 * * *", misfire="all", inputs={"texts": []}, store=store).cron == "0 4 * * *"
    assert made.remove() and not made.remove()
    with pytest.raises(KeyError, match="was removed"):
        made.cron  # noqa: B018
    with pytest.raises(bs.Error, match="nobody"):
        flow.Schedule("nobody", store).pause()
    with pytest.raises(bs.Error):
        workflow.schedule("odd", "every day", inputs={"texts": []}, store=store)
    with pytest.raises(bs.Error, match="texts"):
        workflow.schedule("nightly", "0 3 * * *", store=store)
    with pytest.raises(ValueError):
        workflow.schedule("nightly", "0 3 * * *", inputs={"texts": []}, misfire="sometimes", store=store)  # type: ignore[arg-type]
