"""Bots: cartridges, functions as providers and tools, sessions, streams, async."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import json
import pickle
import threading
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

import botsmith as bs
from botsmith import _schema

CARTRIDGE = """
meta: {name: Echo, version: 1.0.0, author: tests, symbol: E}
behaviors: {interaction: {directive: "You repeat."}}
provider:
  id: script
  settings:
    model: demo
    answers:
      - {when: weather, say: "It rains."}
    otherwise: "I heard you."
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "echo.yml"
    path.write_text(CARTRIDGE)
    return path


def shout(text: str) -> str:
    """Shouts."""
    return text.upper()


def test_a_cartridge_answers(file: Path) -> None:
    bot = bs.Bot(file)
    assert (bot.name, bot.provider) == ("Echo", "script")
    answer = bot.ask("How is the weather?")
    assert answer.text == "It rains." and answer.scripted and answer.outcome == "answered"
    assert bot("Hello") == "I heard you."
    assert str(answer) == "It rains." and "It rains." in answer._repr_html_()
    assert "You repeat." in bot._repr_html_() and repr(bot).startswith("<Bot 'Echo'")
    assert bot.request("x")["messages"][0]["content"] == "You repeat."


def test_wrong_cartridges_name_the_place(tmp_path: Path) -> None:
    with pytest.raises(bs.NotFoundError):
        bs.Bot(tmp_path / "none.yml")
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("meta: {name: [1}\n")
    with pytest.raises(bs.SpecError) as caught:
        bs.Bot(wrong)
    assert caught.value.path == str(wrong) and caught.value.line == 1
    with pytest.raises(bs.Error):
        bs.Bot(provider="no-such-provider")
    with pytest.raises(TypeError, match="needs a cartridge"):
        bs.Bot()
    with pytest.raises(TypeError, match="a question is"):
        bs.Bot(provider=shout).ask(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no list of messages"):
        bs.Bot(provider=shout).ask([{"content": "no role"}])
    with pytest.raises(ValueError):
        bs.Bot(provider=shout).ask("x", timeout=float("nan"))


def test_a_function_stands_in_for_the_provider_of_a_cartridge(file: Path) -> None:
    seen: list[Any] = []

    def answers(messages: list[dict[str, Any]]) -> dict[str, Any]:
        seen.extend(messages)
        return {"text": "yes", "usage": {"prompt_tokens": 5, "completion_tokens": 1}, "cost": 0.5}

    answer = bs.Bot(file, provider=answers).ask("Well?")
    assert [m["role"] for m in seen] == ["system", "user"] and seen[0]["content"] == "You repeat."
    assert answer.usage is not None and answer.usage.input_tokens == 5
    assert answer.cost == 0.5 and answer.provider == "function" and answer.model == "answers"


def test_failures_of_functions_are_model_errors() -> None:
    def late(_: str) -> str:
        raise TimeoutError("no answer")

    with pytest.raises(bs.ModelError, match="TimeoutError: no answer") as caught:
        bs.Bot(provider=late).ask("x")
    assert caught.value.code == "BS-MODEL-007"
    with pytest.raises(bs.ModelError, match="a text is wanted"):
        bs.Bot(provider=lambda _: None).ask("x")

    def slow(_: str) -> str:
        time.sleep(5)
        return "late"

    begun = time.monotonic()
    with pytest.raises(bs.ModelError) as caught:
        bs.Bot(provider=slow).ask("x", timeout=0.2)
    assert caught.value.code == "BS-MODEL-007" and time.monotonic() - begun < 3


class Unit(enum.Enum):
    C = "celsius"
    F = "fahrenheit"


@bs.tool
def weather(
    city: Annotated[str, "the city's name"], unit: Unit = Unit.C, days: int | None = None, *, kind: Literal["now", "soon"] = "now"
) -> dict[str, Any]:
    """Says how the weather is.

    Parameters
    ----------
    days : int
        How many days ahead.
    """
    return {"city": city, "unit": unit.name, "days": days, "kind": kind}


def test_schemas_come_from_type_hints_and_docstrings() -> None:
    assert weather.description == "Says how the weather is."
    assert weather.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "the city's name"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "How many days ahead."},
            "kind": {"enum": ["now", "soon"]},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert weather("Rome")["city"] == "Rome"
    assert _schema.of_type(dict[str, list[float]]) == {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "number"}},
    }
    with pytest.raises(TypeError, match="no JSON Schema"):
        _schema.of_type(object)


def calls_then_tells(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """A model that calls the tool it is asked for, and then repeats what the tool gave."""
    last = messages[-1]
    if last["role"] == "tool":
        return {"text": last["content"]}
    name, arguments = last["content"].split(" ", 1)
    return {"text": "", "tool_calls": [{"id": "1", "name": name, "arguments": arguments}], "finish": "tool-calls"}


def test_models_call_python_functions() -> None:
    bot = bs.Bot(provider=calls_then_tells, tools=[weather])
    answer = bot.ask('weather {"city": "Rome", "unit": "fahrenheit", "days": 2}')
    assert json.loads(answer.text) == {"city": "Rome", "unit": "F", "days": 2, "kind": "now"}
    (call,) = answer.tools
    assert call.name == "weather" and call.ran and not call.failed
    wrong = bot.ask('weather {"town": "Rome"}')
    assert not wrong.tools[0].ran and "city" in wrong.text


def test_tools_may_be_async_and_their_errors_go_to_the_model() -> None:
    async def later(text: str) -> str:
        await asyncio.sleep(0)
        return text + "!"

    def breaks(text: str) -> str:
        raise LookupError(f"no {text}")

    bot = bs.Bot(provider=calls_then_tells, tools=[later, breaks])
    assert bot.ask('later {"text": "yes"}').text == "yes!"
    answer = bot.ask('breaks {"text": "luck"}')
    assert answer.tools[0].failed and "LookupError: no luck" in answer.text


def test_tools_of_a_cartridge_ask_first(file: Path) -> None:
    file.write_text(CARTRIDGE.split("provider:")[0] + textwrap_tool())
    asked: list[Any] = []

    def confirm(name: str, arguments: Any) -> bool:
        asked.append((name, arguments))
        return len(asked) > 1

    bot = bs.Bot(file, provider=calls_then_tells, confirm=confirm)
    assert not bot.ask("double {}").tools[0].ran
    assert bot.ask("double {}").tools[0].ran
    assert asked == [("double", {})] * 2
    assert not bs.Bot(file, provider=calls_then_tells).ask("double {}").tools[0].ran
    assert bs.Bot(file, provider=calls_then_tells, confirm=True).ask("double {}").tools[0].ran


def textwrap_tool() -> str:
    return 'tools:\n  - name: double\n    description: Doubles.\n    lua: "return 4"\n'


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0


def test_answers_have_the_type_that_is_asked_for() -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("City", name=(str, ...), people=(int, ...))
    said = bs.Bot(provider=lambda _: '{"name": "Rome", "people": 3}', output_schema=model).ask("?")
    assert said.value == model(name="Rome", people=3)
    said = bs.Bot(provider=lambda _: '[{"x": 1, "y": 2}]', output_schema=list[Point]).ask("?")
    assert said.value == [Point(1, 2.0)]
    said = bs.Bot(provider=lambda _: '{"x": 1}', output_schema={"type": "object"}).ask("?")
    assert said.value == {"x": 1}
    with pytest.raises(bs.BotError) as caught:
        bs.Bot(provider=lambda _: "no JSON", output_schema=Point).ask("?")
    assert caught.value.code == "BS-BOT-008"


def test_sessions_remember_here_and_in_a_store(tmp_path: Path, file: Path) -> None:
    def counts(messages: list[dict[str, Any]]) -> str:
        return str(len(messages))

    session = bs.Bot(provider=counts).session()
    assert [session.ask("a").text, session.ask("b").text] == ["1", "3"]
    assert [event["who"] for event in session.history] == ["user", "AI"] * 2
    session.forget()
    assert session.history == [] and session.ask("c").text == "1"
    store = bs.Store(f"sqlite:{tmp_path / 'state.db'}")
    bot = bs.Bot(file, provider=counts, store=store)
    assert bot.session("notes").ask("a").text == "2"
    assert bot.session("notes").ask("b").text == "4"
    assert bot.session("notes", user="other").ask("b").text == "2"


def test_the_time_of_a_turn_counts_while_another_has_the_session() -> None:
    begun, ends = threading.Event(), threading.Event()

    def holds(text: str) -> str:
        begun.set()
        ends.wait(30)
        return text

    session = bs.Bot(provider=holds).session()
    other = threading.Thread(target=session.ask, args=("first",), daemon=True)
    other.start()
    assert begun.wait(10)
    for ask in (session.ask, lambda text, timeout: list(session.stream(text, timeout=timeout))):
        since = time.monotonic()
        with pytest.raises(bs.ModelError, match="within the time allowed") as caught:
            ask("second", timeout=0.3)
        assert caught.value.code == "BS-MODEL-007" and 0.3 <= time.monotonic() - since < 3
    ends.set()
    other.join(10)
    assert session.ask("third", timeout=10).text == "third"
    assert [event["message"] for event in session.history if event["who"] == "user"] == ["first", "third"]


def test_streams_give_pieces_and_then_the_answer(file: Path) -> None:
    with bs.Bot(file).stream("weather") as stream:
        assert stream.answer is None
        pieces = list(stream)
    assert "".join(pieces).strip() == "It rains."
    assert stream.answer is not None and stream.answer.text == "It rains."

    def breaks(_: str) -> str:
        raise ValueError("no")

    with pytest.raises(bs.ModelError):
        list(bs.Bot(provider=breaks).stream("x"))


def test_bots_are_pickled_by_what_they_are_made_of(file: Path) -> None:
    bot = bs.Bot(file, provider=shout, tools=[weather], temperature=0.5)
    again = pickle.loads(pickle.dumps(bot))
    assert again.ask("hey").text == "HEY" and again.tools[0].name == "weather"
    waits = bs.aio.Bot(provider=shout)
    assert type(pickle.loads(pickle.dumps(waits))) is bs.aio.Bot
    for which in (bot, waits):
        with pytest.raises(TypeError, match=r"a session cannot be pickled: pickle its bot.*bot\.session\(KEY"):
            pickle.dumps(which.session())
        with pytest.raises(TypeError, match="a stream cannot be pickled: read it to its end, and pickle its answer"):
            pickle.dumps(which.stream("hey"))


def test_bots_and_cartridges_are_judged(file: Path) -> None:
    run = bs.evaluate(
        bots=[bs.Bot(file), str(file), bs.Bot(provider=shout)],
        dataset=[{"input": "weather", "reference": "It rains."}],
        evaluators=["equals"],
        progress=False,
    )
    assert [(bot.name, bot.scores["equals"].passed) for bot in run.bots] == [("Echo", 1), ("echo", 1), ("shout", 0)]


def test_aio_works_in_a_running_loop() -> None:
    async def answers(text: str) -> str:
        await asyncio.sleep(0.01)
        return text.upper()

    async def main() -> None:
        bot = bs.aio.Bot(provider=answers)
        found = await asyncio.gather(*(bot.ask(str(n) + "x") for n in range(20)))
        assert [answer.text for answer in found] == [f"{n}X" for n in range(20)]
        assert await bot("called") == "CALLED"
        stream = bot.stream("ho")
        assert [piece async for piece in stream][0] == "HO"
        assert stream.answer is not None
        session = bot.session()
        assert (await session.ask("a")).text == "A"
        run = await bs.aio.evaluate(bots=answers, dataset=[{"input": "a"}], evaluators=["words"], progress=False)
        assert len(run) == 1
        en = bs.nlp.load("en")
        assert (await bs.aio.annotate(en, "Hi there.")) == en("Hi there.")
        docs = [doc async for doc in bs.aio.pipe(en, ["One."] * 5, batch_size=2)]
        assert len(docs) == 5

    asyncio.run(main())


def test_a_cancelled_task_stops_its_bot() -> None:
    stopped = threading.Event()

    async def hangs(_: str) -> str:
        await asyncio.sleep(30)
        return "late"

    async def main() -> float:
        task = asyncio.create_task(bs.aio.Bot(provider=hangs).ask("x"))
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        stopped.set()
        return time.monotonic() - begun

    assert asyncio.run(main()) < 2 and stopped.is_set()


def test_sixteen_threads_on_one_bot_its_tools_and_sessions_see_the_same(tmp_path: Path) -> None:
    called: list[str] = []

    @bs.tool
    def shouted(text: str) -> str:
        called.append(text)
        return text.upper()

    async def later(text: str) -> str:
        await asyncio.sleep(0)
        return text[::-1]

    bot = bs.Bot(provider=calls_then_tells, tools=[shouted, later], store=f"sqlite:{tmp_path / 'state.db'}")
    shared = bot.session()
    wrong: list[str] = []

    def hammer(n: int) -> None:
        own = bot.session(f"session-{n}")
        for k in range(5):
            text = f"a{n}-{k}"
            asked = json.dumps({"text": text})
            answer = bot.ask(f"shouted {asked}")
            if answer.text != text.upper() or [call.output for call in answer.tools] != [text.upper()]:
                wrong.append(f"ask {text}: {answer.text}")
            if bot.ask(f"later {asked}").text != text[::-1]:
                wrong.append(f"later {text}")
            if own.ask(f"shouted {asked}").text != text.upper():
                wrong.append(f"session {text}")
            if shared.ask(f"later {asked}").text != text[::-1]:
                wrong.append(f"shared {text}")
            stream = bot.stream(f"shouted {asked}")
            pieces = list(stream)
            if not pieces or stream.answer is None or stream.answer.text != text.upper():
                wrong.append(f"stream {text}")
        said = [event["message"] for event in own.history if event["who"] == "user"]
        if len(said) != 5:
            wrong.append(f"history of {n}: {len(said)}")

    threads = [threading.Thread(target=hammer, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(called) == sorted(f"a{n}-{k}" for n in range(16) for k in range(5) for _ in range(3))
    assert sum(event["who"] == "user" for event in shared.history) == 16 * 5


def test_a_conversation_has_a_page() -> None:
    session = bs.Bot(provider=shout).session()
    session.ask("<b>hey</b>")
    page = session._repr_html_()
    assert "&lt;b&gt;hey" in page and "&lt;B&gt;HEY" in page and "<b>hey" not in page
