"""Tools of every callable, and schemas of types that are part of themselves."""

from __future__ import annotations

import dataclasses
import functools
import pickle
from typing import Any

import pytest

import botsmith as bs
from botsmith import _schema
from test_bots import calls_then_tells


class Shop:
    """A class with tools."""

    def __init__(self, prices: dict[str, float]) -> None:
        self.prices = prices

    @bs.tool
    def price(self, of: str) -> float:
        """What something costs."""
        return self.prices[of]

    @bs.tool(name="later")
    async def price_later(self, of: str) -> float:
        """What something will cost."""
        return self.prices[of] + 1

    @classmethod
    @bs.tool
    def name(cls, polite: bool = False) -> str:
        """What the shop is called."""
        return "Sir " * polite + cls.__name__

    @staticmethod
    @bs.tool
    def hours() -> str:
        """When it is open."""
        return "always"


def exchange(amount: float, rate: float, key: str = "") -> str:
    """Changes money.

    Parameters
    ----------
    amount : float
        How much.
    """
    return f"{amount * rate:.1f} {key}"


class Greeter:
    """Greets people."""

    def __call__(self, who: str) -> str:
        return f"hello {who}"


def test_methods_are_tools_whose_object_is_given_already() -> None:
    shop = Shop({"tea": 2.5})
    assert shop.price("tea") == 2.5 and isinstance(shop.price, bs.Tool)
    assert list(shop.price.parameters["properties"]) == ["of"] == list(Shop.price.parameters["properties"])
    assert shop.price.description == "What something costs."
    assert Shop.price(shop, "tea") == 2.5
    bot = bs.Bot(provider=calls_then_tells, tools=[shop.price, shop.price_later, Shop.name, shop.hours])
    assert [tool.name for tool in bot.tools] == ["price", "later", "name", "hours"]
    assert bot.ask('price {"of": "tea"}').text == "2.5"
    assert bot.ask('later {"of": "tea"}').text == "3.5"
    assert bot.ask('name {"polite": true}').text == "Sir Shop"
    assert bot.ask("hours {}").text == "always"
    assert pickle.loads(pickle.dumps(shop.price))("tea") == 2.5


def test_partial_applications_and_objects_are_tools() -> None:
    euros = functools.partial(exchange, rate=2.0, key="secret")
    tool = bs.tool(euros)
    assert (tool.name, tool.description) == ("exchange", "Changes money.")
    assert tool.parameters["properties"] == {"amount": {"type": "number", "description": "How much."}}
    assert tool.parameters["required"] == ["amount"]
    bot = bs.Bot(provider=calls_then_tells, tools=[euros, Greeter()])
    assert bot.ask('exchange {"amount": 3}').text == "6.0 secret"
    assert bot.ask('Greeter {"who": "Ada"}').text == "hello Ada"
    assert pickle.loads(pickle.dumps(tool))(2.0) == "4.0 secret"
    first = bs.tool(functools.partial(exchange, 1.0))
    assert list(first.parameters["properties"]) == ["rate", "key"]
    with pytest.raises(TypeError, match="a tool is a callable, not int"):
        bs.tool(3)  # type: ignore[call-overload]


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two tools are named 'exchange'"):
        bs.Bot(provider=str.upper, tools=[exchange, functools.partial(exchange, rate=1.0)])
    other = bs.tool(name="one-to-one")(functools.partial(exchange, rate=1.0))
    assert len(bs.Bot(provider=str.upper, tools=[exchange, other]).tools) == 2


@dataclasses.dataclass
class Tree:
    name: str
    children: list[Tree] = dataclasses.field(default_factory=list)
    leaf: Leaf | None = None
    depth: int = dataclasses.field(init=False, default=0)

    def __post_init__(self) -> None:
        self.depth = 1 + max((child.depth for child in self.children), default=0)


@dataclasses.dataclass
class Leaf:
    colour: str
    of: Tree | None = None


def test_a_type_that_is_part_of_itself_has_a_schema_with_references() -> None:
    schema = _schema.of_type(Tree)
    assert schema["type"] == "object" and "$ref" not in schema
    assert list(schema["properties"]) == ["name", "children", "leaf"], "what it fills in by itself is not asked for"
    assert schema["properties"]["children"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    assert set(schema["$defs"]) == {"Tree"}
    said = '{"name": "a", "children": [{"name": "b", "leaf": {"colour": "red"}}]}'
    bot = bs.Bot(provider=lambda _: said, output_schema=Tree)
    value = bot.ask("?").value
    assert value == Tree("a", [Tree("b", leaf=Leaf("red"))]) and value.depth == 2
    with pytest.raises(bs.BotError) as caught:
        bs.Bot(provider=lambda _: '{"name": "a", "children": [{"nom": 1}]}', output_schema=Tree).ask("?")
    assert caught.value.code == "BS-BOT-008"
    forest = _schema.of_type(list[Tree])
    assert forest["items"] == {"$ref": "#/$defs/Tree"} and forest["$defs"]["Tree"]["type"] == "object"

    def plant(tree: Tree, again: Tree) -> str:
        return tree.name + again.name

    assert bs.tool(plant).parameters["$defs"]["Tree"]["required"] == ["name"]
    planted = bs.Bot(provider=calls_then_tells, tools=[plant]).ask('plant {"tree": {"name": "x"}, "again": {"name": "y"}}')
    assert planted.text == "xy"


def test_a_field_that_fills_itself_in_is_not_taken_from_outside() -> None:
    assert _schema.build(Tree, {"name": "a", "depth": 99}).depth == 1
    assert _schema.build(tuple[int, float], [1, 2]) == (1, 2.0)


def test_models_of_pydantic_keep_their_definitions_wherever_they_stand() -> None:
    pydantic = pytest.importorskip("pydantic")
    inner = pydantic.create_model("Inner", n=(int, ...))
    outer = pydantic.create_model("Outer", inner=(inner, ...))
    other = pydantic.create_model("Other", inner=(pydantic.create_model("Inner", text=(str, ...)), ...))
    schema = _schema.of_type(dict[str, outer])
    assert "Inner" in schema["$defs"] and "$defs" not in schema["additionalProperties"]
    said = bs.Bot(provider=lambda _: '[{"inner": {"n": 3}}]', output_schema=list[outer]).ask("?")
    assert said.value == [outer(inner=inner(n=3))]
    both = bs.Bot(
        provider=lambda _: '[{"inner": {"n": 3}}, {"inner": {"text": "x"}}]', output_schema=tuple[outer, other]
    )
    assert both.ask("?").value == (outer(inner=inner(n=3)), other.model_validate({"inner": {"text": "x"}}))


def test_what_a_validator_refuses_is_an_error_of_the_bot() -> None:
    pydantic = pytest.importorskip("pydantic")

    def even(value: int) -> int:
        if value % 2:
            raise ValueError("odd")
        return value

    number = pydantic.create_model(
        "Even", n=(int, ...), __validators__={"even": pydantic.field_validator("n")(even)}
    )
    assert bs.Bot(provider=lambda _: '{"n": 2}', output_schema=number).ask("?").value.n == 2
    with pytest.raises(bs.BotError, match="the answer is no Even") as caught:
        bs.Bot(provider=lambda _: '{"n": 3}', output_schema=number).ask("?")
    assert caught.value.code == "BS-BOT-008" and isinstance(caught.value.__cause__, pydantic.ValidationError)


def test_a_hint_that_cannot_be_resolved_is_named() -> None:
    namespace: dict[str, Any] = {"dataclasses": dataclasses}
    exec("@dataclasses.dataclass\nclass Odd:\n    x: 'Nowhere'\n", namespace)
    with pytest.raises(TypeError, match="Nowhere.*top of a module"):
        _schema.of_type(namespace["Odd"])
