"""What a build without the engine says of it."""

from __future__ import annotations

import asyncio

import pytest

import botsmith as bs
from botsmith import _errors, _native


@pytest.mark.skipif(bs.has_engine(), reason="this build has the engine")
@pytest.mark.parametrize("name", ["Model", "Embedder", "CrossEncoder"])
def test_the_classes_are_there_and_say_how_to_get_the_engine(name: str) -> None:
    assert not hasattr(_native, name)
    with pytest.raises(bs.EngineError, match="--features engine") as caught:
        getattr(bs, name)("some/model")
    assert caught.value.code == "BS-PY-004" and f"botsmith.{name}" in str(caught.value)
    with pytest.raises(bs.EngineError, match="--features engine"):
        getattr(bs.aio, name)("some/model")
    with pytest.raises(bs.EngineError, match="--features engine"):
        asyncio.run(getattr(bs.aio, name).load("some/model"))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("BS-ENG-001", bs.FileError), ("BS-ENG-003", bs.EngineError), ("BS-ENG-016", bs.EngineError),
        ("BS-ENG-019", bs.SpecError), ("BS-PY-004", bs.EngineError), ("BS-PY-005", bs.EngineError),
    ],
)  # fmt: skip
def test_codes_of_the_engine_pick_their_exception(code: str, kind: type[bs.Error]) -> None:
    assert type(_errors.of(code, "words", "words", None, None, None, None, None)) is kind
