"""The 500 strings, and conversations with tools, in every chat template: sums of what transformers writes.

What 12 templates make of 500 conversations would take megabytes. One sum a conversation (over all templates) and one
a template (over all conversations) take little, and where a text differs, the two name it.
"""

import pathlib
import zlib

import chats
from common import write_compact

FILE = pathlib.Path(__file__).resolve().parents[2] / "crates/core/tests/decoder/chat-strings.json"
WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "The weather at a place: <b>now</b> & \"here\", 'there'",
    "parameters": {"type": "object", "properties": {
        "place": {"type": "string", "description": "Ort, z. B. Köln; 場所\n(\tone)"},
        "days": {"type": ["integer", "null"], "minimum": 1, "maximum": 14, "default": None},
        "scale": {"enum": ["°C", "°F", 1.5, True]},
    }, "required": ["place"], "additionalProperties": False},
}}
ADD = {"type": "function", "function": {
    "name": "add_all", "description": "", "parameters": {"type": "object", "properties": {
        "numbers": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "number", "multipleOf": 0.01}]}},
        "of": {"type": "object", "properties": {"deep": {"type": "object", "properties": {}}}},
    }},
}}
NOTHING = {"type": "function", "function": {"name": "nothing", "description": "Не делает ничего", "parameters": {}}}


def said(role: str, content: str, **more: object) -> dict:
    return {"role": role, "content": content, **more}


def called(content: str | None, *calls: tuple[str, object], **more: object) -> dict:
    listed = [
        {"type": "function", "id": f"call_{number:05}", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(calls)
    ]
    return {"role": "assistant", "content": content, "tool_calls": listed, **more}


def answered(number: int, content: str) -> dict:
    return {"role": "tool", "name": "weather", "tool_call_id": f"call_{number:05}", "content": content}


def with_tools() -> list[dict]:
    """Conversations with tools, calls and their results."""
    ask = said("user", "Wie wird das Wetter in Köln? 天気は？")
    place = {"place": "Köln \"Süd\" \\ 'x'", "days": 2}
    odd = {"numbers": [1, -2.5, 1e-7, 1e22, 12345678901234567890, 0.1], "of": {"deep": {}, "null": None, "yes": True, "é\n": []}}
    return [
        {"messages": [ask], "tools": [WEATHER], "add_generation_prompt": True},
        {"messages": [said("system", " Be brief. "), ask], "tools": [WEATHER, ADD, NOTHING], "add_generation_prompt": True},
        {"messages": [ask, called("", ("weather", place)), answered(0, '{"t": 3.5, "text": "kühl\\n"}')],
         "tools": [WEATHER, ADD], "add_generation_prompt": True},
        {"messages": [ask, called("Let me see.\n", ("weather", place)), answered(0, "3 °C\n<b>&amp;</b>"),
                      said("assistant", "It is cold: 3 °C."), said("user", "And tomorrow?")],
         "tools": [WEATHER], "add_generation_prompt": True},
        {"messages": [ask, called("", ("weather", place), ("add_all", odd)), answered(0, "a"), answered(1, "b")],
         "tools": [WEATHER, ADD], "add_generation_prompt": True},
        {"messages": [ask, called("", ("add_all", odd), reasoning_content="\nI add them.\n"), answered(0, "[1, 2]")],
         "tools": [ADD], "add_generation_prompt": False},
        {"messages": [ask, called("", ("nothing", {})), answered(0, "")], "tools": [NOTHING], "add_generation_prompt": True},
        {"messages": [ask, called(None, ("weather", '{"place": "Köln"}')), answered(0, "x")],
         "tools": [WEATHER], "add_generation_prompt": True},
        {"messages": [ask, called("", ("weather", place)), answered(0, "x"), called("", ("nothing", {})), answered(0, "y"),
                      said("assistant", "<think>\nso\n</think>\n\nDone.")],
         "tools": [WEATHER, NOTHING], "add_generation_prompt": False},
        {"messages": [ask, called("", ("weather", place)), answered(0, "x")], "add_generation_prompt": True},
    ]


def conversation(texts: list[str], number: int) -> dict:
    """One text alone, before an answer, or behind a system message; the test makes the same of the strings."""
    text, other, last = (texts[(number + step) % len(texts)] for step in (0, 7, 13))
    messages = [
        [said("user", text)],
        [said("user", text), said("assistant", other), said("user", last)],
        [said("system", other), said("user", text)],
    ][number % 3]
    return {"messages": messages, "add_generation_prompt": number % 2 == 0}


def outcome(template: str, case: dict) -> str:
    result = chats.render(template, case)
    if "text" in result:
        return "=" + result["text"]
    return "?" if result["error"] is None else "!" + result["error"]


def sums(cases: list[dict]) -> dict:
    def one(texts: list[str]) -> int:
        return zlib.crc32("\0".join(texts).encode())

    all_of = {name: [outcome(chats.TEMPLATES[name], case) for case in cases] for name in sorted(chats.TEMPLATES)}
    print({name: len(set(texts)) for name, texts in all_of.items()})
    return {"cases": [one(list(row)) for row in zip(*all_of.values())], "templates": {n: one(t) for n, t in all_of.items()}}


def write(texts: list[str]) -> None:
    chats.stop_the_clock()
    tools = with_tools()
    write_compact(FILE, {
        "strings": sums([conversation(texts, number) for number in range(len(texts))]),
        "with_tools": {"cases": tools, "sums": sums(tools)},
    })
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")
