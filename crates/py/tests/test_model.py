"""Decoders of this machine: chats, streams, scores, constrained answers, held against transformers where it counts."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import math
import os
import pickle
import re
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
from botsmith import _native

from conftest import MODELS, put_decoder

pytestmark = pytest.mark.skipif(not bs.has_engine(), reason="this build has no engine")

CASES = json.loads((MODELS / "decoder-qwen3" / "cases.json").read_text())


def test_tokens_are_those_of_transformers_and_come_back_as_the_text(model: bs.Model) -> None:
    assert model.encode(CASES["prompt"]) == CASES["ids"]
    assert model.encode(CASES["prompt"], special=False) == CASES["ids"][1:]
    assert model.decode(CASES["ids"]) == CASES["prompt"]
    assert model.decode(iter(CASES["ids"]), skip_special=False).startswith("<s>")


def test_greedy_answers_are_those_of_transformers(model: bs.Model) -> None:
    answer = model.chat(CASES["prompt"], raw=True, max_tokens=60, temperature=0, logprobs=0)
    ids = CASES["greedy"][: len(answer.logprobs)]
    assert answer.text == model.decode(ids) and len(ids) > 20
    assert [one.token for one in answer.logprobs] == [model.decode([one], skip_special=False) for one in ids]
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (len(CASES["ids"]), len(ids))


def test_a_chat_goes_through_the_template_and_a_seed_repeats_it(model: bs.Model) -> None:
    assert model.prompt("Hello!") == "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n"
    messages = [{"role": "system", "content": "Short."}, {"role": "user", "content": "Hello!"}]
    first = model.chat(messages, max_tokens=20, temperature=0.9, seed=3, logprobs=2)
    again = model.chat(messages, max_tokens=20, temperature=0.9, seed=3, logprobs=2)
    assert first.text == again.text and again.usage.cached_tokens > 0
    assert [one.logprob for one in again.logprobs] == pytest.approx([one.logprob for one in first.logprobs], abs=1e-4)
    assert first.text != model.chat(messages, max_tokens=20, temperature=0.9, seed=4).text
    assert first.usage.input_tokens == len(model.encode(model.prompt(messages), special=False))
    assert first.usage.output_tokens == len(first.logprobs)
    assert all(one.logprob <= 0 and len(one.top) == 2 for one in first.logprobs)
    assert first.finish in ("stop", "length") and str(first) == first.text
    assert first.message == {"role": "assistant", "content": first.text}
    assert pickle.loads(pickle.dumps(first)) == first


def test_the_pieces_of_a_stream_are_the_text_of_the_chat(model: bs.Model) -> None:
    settings: Any = {"max_tokens": 40, "temperature": 0.9, "seed": 7}
    whole = model.chat("größe 😀", **settings)
    stream = model.stream("größe 😀", **settings)
    assert stream.response is None
    pieces = list(stream)
    assert len(pieces) > 1 and "".join(pieces) == whole.text
    # How much of the prompt was remembered depends on what was asked before.
    assert stream.response is not None
    assert dataclasses.replace(stream.response, usage=whole.usage) == whole
    assert next(stream, None) is None


def test_a_stream_that_is_closed_ends_and_frees_what_it_held(model: bs.Model) -> None:
    with model.stream("The cat", max_tokens=200, temperature=0.5, raw=True) as stream:
        assert next(stream)
    assert list(stream) == [] and stream.response is None
    dropped = model.stream("The dog", max_tokens=200, temperature=0.5, raw=True)
    next(dropped)
    del dropped
    for _ in range(400):
        model.forget()
        if model.facts["kv"]["tokens"] == 0:
            return
        time.sleep(0.01)
    raise AssertionError(model.facts)


def test_answers_end_at_stops_lengths_and_times(model: bs.Model) -> None:
    text = model.chat("The cat", raw=True, max_tokens=40, temperature=0).text
    stop = text[len(text) // 2 : len(text) // 2 + 3]
    cut = model.chat("The cat", raw=True, max_tokens=40, temperature=0, stop=stop)
    assert cut.text == text[: text.index(stop)] and cut.finish == "stop"
    assert model.chat("The cat", raw=True, max_tokens=3, temperature=0).finish == "length"
    with pytest.raises(bs.ModelError) as caught:
        model.chat("The cat", max_tokens=200, timeout=0)
    assert caught.value.code == "BS-MODEL-007"
    stopped = _native.Stop()
    stopped.set()
    with pytest.raises(bs.ModelError):
        model.chat("The cat", max_tokens=200, cancel=stopped)


@dataclasses.dataclass
class Verdict:
    verdict: bool
    score: int


def test_a_schema_an_expression_or_a_grammar_holds_the_answer(model: bs.Model) -> None:
    schema = {
        "type": "object",
        "properties": {"verdict": {"enum": ["yes", "no"]}, "score": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["verdict", "score"],
        "additionalProperties": False,
    }
    ended = 0
    for seed in range(8):
        settings: Any = {"temperature": 1.0, "seed": seed, "max_tokens": 120}
        answer = model.chat("Answer:", schema=schema, **settings)
        # A model of random weights may fill the answer with blanks.
        if answer.finish == "stop":
            ended += 1
            assert answer.value == json.loads(answer.text)
            assert answer.value["verdict"] in ("yes", "no") and 1 <= answer.value["score"] <= 5
        else:
            assert answer.value is None
        typed = model.stream("Answer:", schema=Verdict, **settings)
        for _ in typed:
            pass
        if typed.response is not None and typed.response.finish == "stop":
            assert isinstance(typed.response.value, Verdict)
        held = model.chat("Answer:", regex="(ab|c){2}[0-9]{3}", **settings).text
        assert re.fullmatch("(ab|c){2}[0-9]{3}", held)
        assert re.fullmatch("yes|no [a-c]{2}", model.chat("Answer:", lark='start: "yes" | "no" " " /[a-c]{2}/', **settings).text)
    assert ended > 0


def test_tools_that_are_demanded_are_asked_for(tmp_path: Path) -> None:
    folder = put_decoder(tmp_path / "tools")
    about = json.loads((folder / "tokenizer_config.json").read_text())
    about["chat_template"] = "{% if tools %}# Tools <tool_call>{% for tool in tools %}{{ tool.function.name }}{% endfor %}{% endif %}" + about["chat_template"]
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    model = bs.Model(folder, device="cpu", kv_bytes=1 << 22)
    assert model.facts["tools"]

    def take(n: int) -> int:
        """Takes."""
        return n

    assert "take" in model.prompt("Hello", tools=[take])
    # A model of random weights would fill the call with blanks until its tokens are used up.
    each = ((one, model.decode([one], skip_special=False)) for one in range(model.facts["vocabulary"]))
    blanks = {one: -100.0 for one, text in each if text.isspace()}
    answers = [model.chat("Hello", tools=[take], tool_choice="take", max_tokens=150, temperature=1, seed=seed, logit_bias=blanks) for seed in range(8)]
    called = [answer for answer in answers if answer.finish == "tool-calls"]
    assert called
    for answer in called:
        (call,) = answer.tool_calls
        assert call["name"] == "take" and isinstance(json.loads(call["arguments"])["n"], int)
        assert answer.message["tool_calls"] == [call]
        again = model.prompt([{"role": "user", "content": "Hello"}, answer.message])
        assert again.startswith("<|im_start|>user\nHello")


def test_continuations_are_scored_as_if_each_stood_alone(model: bs.Model) -> None:
    prompt, choices = "The sky is", [" blue", " green", " größer 😀", ""]
    together = model.score(prompt, choices)
    for choice, one in zip(choices, together.continuations, strict=True):
        (alone,) = model.score(prompt, [choice]).continuations
        assert one.text == choice and one.logprob == pytest.approx(alone.logprob, abs=1e-5)
        assert one.logprob == pytest.approx(sum(logprob for _, logprob in one.tokens), abs=1e-9)
    assert sum(together.shares) == pytest.approx(1)
    assert together.best == choices[max(range(4), key=lambda n: together.logprobs[n])]
    means = [one.logprob / max(1, len(one.tokens)) for one in together.continuations]
    assert together.best_by_token == choices[means.index(max(means))]
    assert together.weighted([1, 1, 1, 1]) == pytest.approx(1)
    assert together.mass == pytest.approx(min(1, sum(map(math.exp, together.logprobs))))
    with pytest.raises(ValueError, match="2 values for 4"):
        together.weighted([1, 0])
    assert pickle.loads(pickle.dumps(together)) == together
    chat = model.score([{"role": "user", "content": "Is water wet?"}], iter(["yes", "no"]))
    raw = model.score(model.prompt("Is water wet?"), ["yes", "no"])
    assert len(chat.logprobs) == 2 and chat.logprobs != raw.logprobs  # the template has special tokens of its own
    both = model.score_all([(prompt, choices), ("The sea is", [" wet"])])
    assert both[0].logprobs == pytest.approx(together.logprobs, abs=1e-5) and len(both[1].shares) == 1
    assert model.score(prompt, []) == bs.Scores((), ()) and model.score(prompt, []).best is None


def test_a_chat_is_scored_where_its_answer_begins_with_no_thought_before_it(tmp_path: Path) -> None:
    folder, texts = put_decoder(tmp_path / "thinks"), ["yes", "no"]
    about = json.loads((folder / "tokenizer_config.json").read_text())
    asked = "{{ messages[0].content }}{% if add_generation_prompt %}\n"
    about["chat_template"] = asked + "{% if enable_thinking is not defined or enable_thinking %}<think>\n{% endif %}{% endif %}"
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    off = bs.Model(folder, device="cpu", kv_bytes=1 << 22)
    about["chat_template"] = asked + "<think>\n\n</think>\n\n{% endif %}"
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    closed = bs.Model(folder, device="cpu", kv_bytes=1 << 22)
    about["chat_template"] = asked + "<think>\n{% endif %}"
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    opens = bs.Model(folder, device="cpu", kv_bytes=1 << 22)
    question: list[dict[str, Any]] = [{"role": "user", "content": "Is it so?"}]
    found = [model.score(question, texts).logprobs for model in (off, closed, opens)]
    assert off.prompt(question).endswith("<think>\n") and off.prompt(question, think=False) == "Is it so?\n"
    assert found[2] == pytest.approx(found[1], abs=1e-5) and found[0] != pytest.approx(found[1], abs=1e-3)


def test_perplexity_and_bits_per_byte_follow_from_the_log_probability(model: bs.Model) -> None:
    texts = ["Bots are judged by what they say.", "größe", ""]
    scores = model.score_texts(texts)
    for text, score in zip(texts, scores, strict=True):
        assert score.bytes == len(text.encode())
        assert score.perplexity == pytest.approx(math.exp(-score.logprob / max(1, score.tokens)))
        assert score.bits_per_byte == pytest.approx(-score.logprob / math.log(2) / max(1, score.bytes))
    alone = model.score_texts(texts[0])
    assert alone.logprob == pytest.approx(scores[0].logprob, abs=1e-5)
    # The chosen tokens' own log-probabilities say the same of an answer.
    answer = model.chat(texts[0], raw=True, max_tokens=5, temperature=0, logprobs=0)
    (of_it,) = model.score(texts[0], [answer.text]).continuations
    if [token for token, _ in of_it.tokens] == [one.token for one in answer.logprobs]:
        assert of_it.logprob == pytest.approx(sum(one.logprob for one in answer.logprobs), abs=1e-4)


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        ({"temprature": 1}, bs.SpecError, "did you mean `temperature`"),
        ({"top_p": 2}, bs.SpecError, "`top_p` is 2"),
        ({"regex": "("}, bs.SpecError, "grammar cannot be used"),
        ({"lark": "start: nothing_of_this_name"}, bs.SpecError, "grammar cannot be used"),
        ({"regex": "a", "schema": {}}, TypeError, "schema and regex"),
        ({"max_tokens": 1000}, bs.EngineError, "the answer may have 1000, the context holds 256"),
        ({"tools": [{"name": "t", "parameters": {}}]}, bs.SpecError, "knows no tools"),
        ({"tools": [{"name": "t"}]}, ValueError, "parameters"),
        ({"logprobs": -1}, ValueError, "no request"),
        ({"schema": {"a": math.nan}}, ValueError, "JSON"),
        ({"timeout": math.nan}, ValueError, "timeout"),
    ],
)
def test_what_cannot_be_met_says_so(model: bs.Model, wrong: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=re.escape(words)) as caught:
        model.chat("Hello", **wrong)
    if isinstance(caught.value, bs.Error):
        assert caught.value.code.startswith("BS-ENG-")
    with pytest.raises(kind):
        list(model.stream("Hello", **wrong))


def test_models_that_are_not_there_or_damaged_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(bs.FileError, match="no model at") as caught:
        bs.Model(tmp_path / "none")
    assert caught.value.code == "BS-ENG-001" and caught.value.path == str(tmp_path / "none")
    with pytest.raises(bs.FileError, match="botsmith model pull hf:no/such"):
        bs.Model("hf:no/such")
    with pytest.raises(bs.EngineError, match="device `gpu`") as device:
        bs.Model(put_decoder(tmp_path / "a"), device="gpu")
    assert device.value.code == "BS-ENG-010"
    cut = put_decoder(tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((cut / "model.safetensors").read_bytes()[:-100])
    with pytest.raises(bs.EngineError, match="damaged") as damaged:
        bs.Model(cut)
    assert damaged.value.code == "BS-ENG-003" and damaged.value.path == str(cut / "model.safetensors")
    odd = put_decoder(tmp_path / "odd")
    (odd / "config.json").write_text((odd / "config.json").read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": "two"'))
    with pytest.raises(bs.SpecError, match="num_hidden_layers") as place:
        bs.Model(odd)
    assert place.value.code == "BS-ENG-004" and place.value.line is not None
    with pytest.raises(TypeError):
        bs.Model(3)  # type: ignore[arg-type]


def test_a_model_is_pickled_by_its_path(model: bs.Model, decoder: Path) -> None:
    again = pickle.loads(pickle.dumps(model))
    assert again.path == str(decoder) and again.score_texts("a b c") == model.score_texts("a b c")
    assert copy.copy(model).facts["context"] == 256
    assert repr(model) == "<Model 'qwen3', context of 256 tokens>"


def test_threads_share_a_model_and_the_interpreter_goes_on(model: bs.Model) -> None:
    wanted = [model.chat(f"{n}", max_tokens=30, temperature=0).text for n in range(8)]
    found: list[str] = [""] * 8

    def ask(n: int) -> None:
        found[n] = model.chat(f"{n}", max_tokens=30, temperature=0).text

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted
    texts = [f"{n} is one of many texts that take a while " * 4 for n in range(300)]
    working = threading.Thread(target=model.score_texts, args=(texts,))
    working.start()
    steps = 0
    while working.is_alive():
        steps += 1
        time.sleep(0.001)
    assert steps > 5


def test_a_models_chat_is_a_bot_that_is_judged(model: bs.Model) -> None:
    run = bs.evaluate(
        bots={"one": functools.partial(model.chat, max_tokens=8, temperature=0), "many": lambda text: model.chat(text, max_tokens=30, temperature=0)},
        dataset=[{"input": "Hello"}, {"input": "Bye"}],
        evaluators=["words"],
        progress=False,
    )
    assert [bot.answered for bot in run.bots] == [2, 2]
    answers = {answer.text for case in run for answer in case.answers}
    assert model.chat("Bye", max_tokens=8, temperature=0).text in answers


def test_a_local_model_answers_for_a_cartridge_too(decoder: Path) -> None:
    bot = bs.Bot(provider={"id": "local", "model": str(decoder), "settings": {"options": {"num_predict": 10, "seed": 1}}})
    assert bot.provider == "local"
    assert bot.ask("Hello").usage is not None


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("work", ["model.score_texts(texts)", "embedder.embed(texts)", "[model.chat(t, max_tokens=100) for t in texts]", "[list(model.stream(t, max_tokens=100)) for t in texts]"])
def test_control_c_stops_a_model(work: str, decoder: Path) -> None:
    code = textwrap.dedent(f"""
        import os, sys, botsmith as bs
        model = bs.Model({str(decoder)!r}, device="cpu")
        embedder = bs.Embedder({str(MODELS / "sentence")!r}, device="cpu")
        texts = [f"{{n}} is one of very many texts, each of its own" for n in range(200_000)]
        print("ready", flush=True)
        try:
            {work}
        except KeyboardInterrupt:
            print("stopped", flush=True)
            # Nothing stays locked.
            print(model.chat("Hello", max_tokens=2).usage.output_tokens, embedder.embed("a").shape, flush=True)
            os._exit(0)
        print("done", flush=True)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        asked = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "stopped\n"
        took = time.monotonic() - asked
        assert child.stdout.readline() == "2 (8,)\n"
        child.wait()
    # Five times the promise: the machine may be busy.
    assert took < 1.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX")
def test_a_forked_process_is_told_to_load_models_of_its_own(decoder: Path) -> None:
    code = textwrap.dedent(f"""
        import os, warnings
        warnings.simplefilter("ignore")
        import botsmith as bs
        model = bs.Model({str(decoder)!r}, device="cpu")
        child = os.fork()
        if child == 0:
            codes = []
            for call in (lambda: model.chat("Hello"), lambda: model.score_texts("a"), lambda: bs.Model({str(decoder)!r})):
                try:
                    call()
                except bs.EngineError as error:
                    codes.append(error.code)
            os._exit(0 if codes == ["BS-PY-005"] * 3 else 1)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), model.chat("Hello", max_tokens=2).usage.output_tokens)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert done.stdout.strip() == "0 2", done.stderr
