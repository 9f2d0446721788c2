"""What holds for the package as a whole: import, command line, errors, logging."""

from __future__ import annotations

import logging
import os
import pickle
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import botsmith as bs
from botsmith import _errors

ROOT = Path(__file__).resolve().parents[3]

#: Looks at what happens while the package is imported.
AUDIT = Path(__file__).with_name("audit_import.py")


def test_importing_opens_no_file_but_modules_and_no_thread_and_no_socket() -> None:
    done = subprocess.run([sys.executable, str(AUDIT)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '{"seen": [], "threads": 1}'


def test_importing_brings_in_no_package_of_others() -> None:
    code = "import sys, botsmith; print([m for m in ('numpy', 'pandas', 'polars', 'pyarrow', 'tqdm', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "command", [[sys.executable, "-m", "botsmith"], [str(Path(sys.executable).with_name("botsmith"))]]
)
def test_module_and_script_are_the_command_line(command: list[str], tmp_path: Path) -> None:
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith(f"botsmith {bs.__version__}")
    wrong = subprocess.run([*command, "eval", "nope.yaml"], capture_output=True, text=True, cwd=tmp_path)
    assert wrong.returncode == 2
    assert "error[BS-CORE-001]: no such suite file" in wrong.stderr
    pair = '{"candidate": "flaw", "references": ["lawn"]}\n'
    scored = subprocess.run(
        [*command, "metric", "levenshtein", "--json"], input=pair, capture_output=True, text=True, check=True
    )
    assert scored.stdout == '{"score":0.5}\n'


def test_errors_carry_code_place_and_hint_and_survive_a_pickle() -> None:
    with pytest.raises(bs.SpecError) as caught:
        bs.metrics.score("rouge", ["a"], ["b"], stemer=True)
    error = caught.value
    assert isinstance(error, ValueError) and isinstance(error, bs.Error)
    assert (error.path, error.line) == ("--options", 1)
    assert error.column is not None and "stemmer" in (error.hint or "")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is bs.SpecError
    assert str(again) == str(error) and vars(again) == vars(error)


@pytest.mark.parametrize(
    ("code", "kind", "also"),
    [
        ("BS-CORE-002", bs.FileError, OSError),
        ("BS-CORE-012", bs.StoreError, OSError),
        ("BS-EVAL-004", bs.NotFoundError, LookupError),
        ("BS-MODEL-003", bs.ModelError, bs.BotError),
        ("BS-NLP-002", bs.LanguageError, ValueError),
        ("BS-EVAL-001", bs.EvalError, RuntimeError),
        ("BS-PY-001", bs.InternalError, RuntimeError),
        ("BS-EVAL-010", bs.EvalError, bs.Error),
        ("BS-FLOW-001", bs.SpecError, ValueError),
        ("BS-FLOW-002", bs.NotFoundError, LookupError),
        ("BS-FLOW-003", bs.FlowError, RuntimeError),
        ("BS-FLOW-004", bs.FlowError, RuntimeError),
        ("BS-FLOW-005", bs.FlowError, RuntimeError),
        ("BS-FLOW-006", bs.StoreError, OSError),
        ("BS-FLOW-007", bs.StoreError, OSError),
        *((f"BS-FLOW-0{n}", bs.SpecError, ValueError) for n in (*range(10, 19), 20, 21, 22, 30)),
        ("BS-FLOW-019", bs.FlowError, RuntimeError),
        ("BS-FLOW-023", bs.FlowError, RuntimeError),
    ],
)
def test_codes_pick_their_exception(code: str, kind: type[bs.Error], also: type) -> None:
    error = _errors.of(code, "long words", "words", None, None, None, None, "a hint")
    assert type(error) is kind and isinstance(error, also)
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.hint, str(again)) == (code, "a hint", "long words")


def test_every_code_of_workflows_has_its_exception() -> None:
    listed = set(re.findall(r"^\| (BS-FLOW-\d+) ", (ROOT / "docs" / "src" / "errors.md").read_text(), flags=re.M))
    (mark,) = (mark for mark in test_codes_pick_their_exception.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert listed == {code for code, *_ in mark.args[1] if code.startswith("BS-FLOW")}


def test_what_workers_and_runs_refuse_has_the_class_of_its_cause(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    schema = "{type: object, properties: {n: {type: integer}}}"
    path.write_text(f"version: 1\nname: small\ninputs: {schema}\nsteps: {{check: {{uses: approval}}}}\n")
    workflow, store = bs.flow.Workflow(path), bs.Store("memory:")
    run = workflow.run(store=store, id="a")
    refused: list[tuple[str, type[bs.Error], Callable[[], Any]]] = [
        ("BS-FLOW-002", bs.NotFoundError, lambda: bs.flow.open_run("none", "memory:")),
        ("BS-FLOW-002", bs.NotFoundError, lambda: run.approve("none")),
        ("BS-FLOW-003", bs.FlowError, lambda: workflow.run(store=store, id="a", inputs={"n": 3})),
        ("BS-FLOW-005", bs.FlowError, run.retry),
        ("BS-FLOW-018", bs.SpecError, lambda: workflow.run(store=store, inputs={"n": "x"})),
        ("BS-FLOW-022", bs.SpecError, lambda: bs.flow.Worker(store, concurrency=0).start()),
        ("BS-FLOW-030", bs.SpecError, lambda: workflow.schedule("x", "never", store=store)),
    ]
    for code, kind, call in refused:
        with pytest.raises(bs.Error) as caught:
            call()
        assert (caught.value.code, type(caught.value)) == (code, kind)


def test_what_the_package_is_built_of_starts_its_workflow() -> None:
    text = (ROOT / ".github" / "workflows" / "python.yml").read_text()
    paths = text.split("paths:")[1].split("workflow_dispatch")[0]
    for name in ("crates/**", "src/**", "build.rs", "Cargo.toml", "Cargo.lock", "scripts/test-python", "examples/notebooks/**"):
        assert f"- {name}\n" in paths.replace('"', ""), name
    # With it, the interpreter's lock stays away whatever the module declares.
    assert "PYTHON_GIL:" not in text and "_is_gil_enabled()" in text


def test_whatever_runs_on_a_thread_of_ours_has_its_panics_caught() -> None:
    found = 0
    for file in sorted((ROOT / "crates" / "py" / "src").rglob("*.rs")):
        text = file.read_text()
        for begun in re.finditer(r"^( *)\.spawn\(move \|\| \{$(.*?)^\1\}\)", text, flags=re.M | re.S):
            found += 1
            assert "caught(" in begun[2], f"{file} begins a thread whose panics end in silence: {begun[2]}"
        assert len(re.findall(r"\bspawn\(", text)) == len(re.findall(r"\.spawn\(move \|\| \{$", text, flags=re.M)), file
    assert found >= 3


def test_a_misspelt_evaluator_is_not_found_and_a_near_name_is_named() -> None:
    with pytest.raises(bs.NotFoundError, match="did you mean `rouge`") as caught:
        bs.metrics.score("roge", ["a"], ["b"])
    assert caught.value.code == "BS-EVAL-004"


def test_a_missing_model_is_a_file_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(bs.FileError) as caught:
        bs.nlp.load(tmp_path / "none.bsm")
    assert caught.value.path == str(tmp_path / "none.bsm")
    assert isinstance(caught.value, OSError)


def test_the_library_says_nothing_where_logging_is_not_set_up() -> None:
    assert any(isinstance(h, logging.NullHandler) for h in logging.getLogger("botsmith").handlers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX")
def test_a_forked_process_works_on_by_itself() -> None:
    code = textwrap.dedent("""
        import asyncio, os, sys, warnings
        warnings.simplefilter("ignore")
        import botsmith as bs
        async def answers(text):
            return text.upper()
        def everything():
            docs = list(bs.nlp.load("en").pipe(["One.", "Two words."] * 50, threads=2))
            scores = bs.metrics.chrf(["a b"] * 200, ["a c"] * 200, threads=2)
            answer = bs.Bot(provider=answers).ask("hey").text
            run = bs.evaluate(bots=answers, dataset=[{"input": "a"}], evaluators=["words"], progress=False)
            return len(docs), len(scores), answer, len(run)
        before = everything()
        child = os.fork()
        if child == 0:
            os._exit(0 if everything() == before else 1)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), everything() == before)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert done.stdout.strip() == "0 True", done.stderr


def test_everything_pickles_under_cloudpickle() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    local = 3
    bot = bs.Bot(provider=lambda text: text * local)
    assert pickle.loads(cloudpickle.dumps(bot)).ask("a").text == "aaa"
    stages = bs.nlp.load("en").with_stages(lambda doc: len(doc) + local)
    assert pickle.loads(cloudpickle.dumps(stages))("One.") == 5
    assert pickle.loads(cloudpickle.dumps(bs.metrics.bleu)) is bs.metrics.bleu


def said(caplog: pytest.LogCaptureFixture, name: str) -> list[str]:
    """What a logger and those below it said."""
    return [r.getMessage() for r in caplog.records if r.name == name or r.name.startswith(f"{name}.")]


def test_log_records_of_rust_reach_logging_at_the_level_of_now(caplog: pytest.LogCaptureFixture) -> None:
    def judged(bot: object) -> None:
        bs.evaluate(bots={"b": bot}, dataset=[{"input": "a word"}], evaluators=["words"], progress=False, warn=False)

    # A level that was asked for once does not stay.
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="botsmith"):
            judged(str.upper)
        assert said(caplog, "botsmith.eval") == []
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="botsmith"):
            judged(str.upper)
        told = said(caplog, "botsmith.eval")
        assert any("complete, 1 cases" in words for words in told)
        assert not any("a word" in words.lower() for words in told), "no question and no answer is logged"

    def breaks(text: str) -> str:
        raise ValueError(f"secret of {text}")

    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="botsmith"):
        judged(breaks)
    (warned,) = said(caplog, "botsmith.eval")
    assert "1 of 1 answers of b failed" in warned and "secret" not in warned


def test_fallbacks_are_logged_without_what_was_said(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    file = tmp_path / "two.yml"
    file.write_text(
        "provider: {id: script, settings: {model: one, otherwise: {fail: context-too-long}}}\n"
        "botsmith: {fallbacks: [{provider: {id: script, settings: {model: two, otherwise: Here.}}}]}\n"
    )
    bot = bs.Bot(file)
    with caplog.at_level(logging.DEBUG, logger="botsmith"):
        assert bot.ask("my secret").text == "Here."
    told = said(caplog, "botsmith.nanobots")
    assert told == ["script: no answer (context-too-long)"]
    assert [r.levelname for r in caplog.records if r.name.startswith("botsmith.nanobots")] == ["WARNING"]


def test_warnings_of_runs_and_bots_are_logged(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    with caplog.at_level(logging.WARNING, logger="botsmith"):
        bs.evaluate(bots=str.upper, dataset=[{"input": "a"}], evaluators=["words"], progress=False)
    assert any("cases are few" in record.message for record in caplog.records)
    file = tmp_path / "odd.yml"
    file.write_text("metta: {name: x}\nprovider: {id: script, settings: {model: m, otherwise: Hm.}}\n")
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="botsmith"):
        bs.Bot(file)
    assert any("metta" in record.message for record in caplog.records)
