"""What is wrong with the arguments of a call is said in the words of the call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import botsmith as bs

ROWS = [{"id": "fr", "input": "a", "reference": "A"}, {"id": "pe", "input": "b", "reference": "B"}]


def judged(**changes: Any) -> bs.Run:
    given: dict[str, Any] = {"bots": str.upper, "dataset": ROWS, "evaluators": ["equals"], "progress": False}
    return bs.evaluate(**{**given, **changes})


def test_evaluators_without_names_are_numbered() -> None:
    run = judged(evaluators=[len, len, lambda a: True, lambda a: False, "words", words, {"words": {"name": "many"}}])
    assert run.metrics == ["len", "len#2", "function", "function#2", "words", "words#2", "many"]
    named = bs.Evaluator(len, name="len")
    assert judged(evaluators=[len, named]).metrics == ["len#2", "len"]
    with pytest.raises(bs.Error, match="two evaluators"):
        judged(evaluators=[named, named])


def words(answer: str) -> float:
    return float(len(answer.split()))


def test_no_metric_takes_the_place_of_a_column() -> None:
    pandas, polars, pyarrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    names = ["text", "case", "bot", "outcome", "plain", "plain.passed", "text.value"]
    run = judged(evaluators={name: lambda answer: answer == "A" for name in names})
    row = next(run.rows())
    assert (row["text"], row["case"], row["bot"], row["outcome"]) == ("A", "fr", "upper", "answered")
    assert row["text.value"] == row["case.value"] == row["plain"] == 1.0 and row["text.value.passed"] is True
    assert row["plain.passed"] is True and row["plain.passed.value"] == 1.0 and row["text.value.value"] == 1.0
    for frame in (run.to_pandas(), run.to_polars(), run.to_arrow()):
        columns = list(frame.column_names if isinstance(frame, pyarrow.Table) else frame.columns)
        assert columns == list(row) and len(columns) == len(set(columns))
    assert isinstance(run.to_pandas(), pandas.DataFrame) and isinstance(run.to_polars(), polars.DataFrame)


def test_files_that_are_not_there_are_named_with_their_argument(tmp_path: Path) -> None:
    with pytest.raises(bs.FileError, match="dataset: there is no file") as caught:
        judged(dataset=tmp_path / "none.jsonl")
    assert caught.value.path == str(tmp_path / "none.jsonl") and caught.value.field == "dataset"
    for bots in (tmp_path / "none.yml", {"x": str(tmp_path / "none.yml")}, {"cartridge": str(tmp_path / "none.yml")}):
        with pytest.raises(bs.NotFoundError, match="bots: there is no file") as missing:
            judged(bots=bots)
        assert missing.value.path == str(tmp_path / "none.yml") and "working folder" in (missing.value.hint or "")
    with pytest.raises(bs.NotFoundError) as cartridge:
        bs.Bot(tmp_path / "none.yml")
    assert cartridge.value.path == str(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"evaluators": [{"rouge": {"stemer": True}}]}, "evaluators"),
        ({"evaluators": [lambda answer: 1.0], "gate": [{"metrik": "function"}]}, "gate"),
        ({"bots": {"name": "old", "recorded": {"answr": "/old"}}}, "bots"),
        ({"extract": ["last-numbr"]}, "extract"),
    ],
)
def test_errors_name_the_argument_and_no_file_that_is_gone(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(bs.Error) as caught:
        judged(**changes)
    error = caught.value
    assert error.path is None and error.line is None, (error.path, error.line)
    assert "botsmith-" not in str(error) and "evaluation.yaml" not in str(error) and "<evaluation>" not in str(error)
    assert str(error).startswith("evaluate:") and (error.field or "").startswith(field), (str(error), error.field)


def test_relative_paths_in_mappings_begin_at_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.jsonl").write_text('{"id": "fr", "said": "A"}\n{"id": "pe", "said": "x"}\n')
    run = judged(bots={"name": "old", "recorded": {"path": "old.jsonl", "answer": "/said"}})
    assert run.bot("old").scores["equals"].pass_rate == 0.5


def test_a_key_that_no_bot_knows_is_refused_with_the_nearest() -> None:
    with pytest.raises(TypeError, match="'temprature'; did you mean 'temperature'"):
        bs.Bot(provider=str.upper, temprature=1)
    with pytest.raises(TypeError, match="did you mean 'output_schema'"):
        bs.Bot(provider=str.upper, output_shema=int)
    with pytest.raises(TypeError, match="one of temperature, top_p"):
        bs.Bot(provider=str.upper, zzz=1)


def test_every_setting_that_is_let_in_reaches_the_request() -> None:
    from botsmith._bots import _SAMPLING

    given = {name: 1 for name in _SAMPLING} | {"stop": ["x"]}
    request = bs.Bot(provider=str.upper, **given).request("a")
    said = request.get("sampling", request)
    assert {name for name in _SAMPLING if name in said} == set(_SAMPLING)


def test_cases_are_in_the_run_that_has_them() -> None:
    run = judged()
    assert "fr" in run and "xx" not in run and 3 not in run
    assert run["fr"] in run and judged(bots=str.lower)["fr"] not in run


def test_a_column_alone_is_a_list_of_questions() -> None:
    pandas, polars, pyarrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    for column in (pandas.Series(["a", "b"]), polars.Series(["a", "b"]), pyarrow.array(["a", "b"]), pyarrow.chunked_array([["a"], ["b"]])):
        run = judged(dataset=column, evaluators=["words"])
        assert [case.input for case in run] == ["a", "b"]
    for column in (pandas.Series([1, 2]), polars.Series([1, 2]), pyarrow.array([1, 2])):
        with pytest.raises(TypeError, match="a mapping or the text of a question, not int"):
            judged(dataset=column)


def test_columns_without_names_are_named_by_their_numbers() -> None:
    pandas = pytest.importorskip("pandas")
    run = judged(dataset=pandas.DataFrame([["a", "A"], ["b", "x"]]), fields={"input": 0, "reference": 1})
    assert run.bots[0].scores["equals"].pass_rate == 0.5


def test_providers_that_give_pieces_are_joined_and_streamed() -> None:
    def words_of(text: str) -> Any:
        yield from (word + " " for word in text.split())

    async def later(text: str) -> Any:
        for word in text.split():
            yield {"choices": [{"delta": {"content": word + " "}}]}
        yield {"choices": []}

    for provider in (words_of, later, lambda text: iter([word + " " for word in text.split()])):
        bot = bs.Bot(provider=provider)
        assert bot.ask("one two").text == "one two "
        with bot.stream("one two") as stream:
            assert list(stream) == ["one ", "two ", "\n"]
        assert stream.answer is not None and stream.answer.text == "one two "
        assert judged(bots=provider).bots[0].answered == 2

    def breaks(_: str) -> Any:
        yield "one "
        raise ValueError("no more")

    with pytest.raises(bs.ModelError, match="no more"):
        bs.Bot(provider=breaks).ask("x")
    with pytest.raises(bs.ModelError, match="no piece of a text"):
        bs.Bot(provider=lambda _: iter([])).ask("x")


def test_pieces_are_there_before_the_answer_is_whole_and_no_more_are_made_for_nobody() -> None:
    import threading
    import time

    go, made = threading.Event(), []

    def slow(_: str) -> Any:
        try:
            for n in range(1000):
                made.append(n)
                yield f"{n} "
                time.sleep(0.02) if n else go.wait(20)
        finally:
            made.append(-1)

    stream = bs.Bot(provider=slow).stream("x")
    assert next(stream) == "0 "
    assert made == [0], "the second piece is not made yet"
    go.set()
    stream.close()
    until = time.monotonic() + 20
    while made[-1] != -1 and time.monotonic() < until:
        time.sleep(0.01)
    assert made[-1] == -1 and len(made) < 1000
