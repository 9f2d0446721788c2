"""The example programs over models, run as their users run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import botsmith as bs

from conftest import MODELS

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "models"

pytestmark = pytest.mark.skipif(not bs.has_engine(), reason="this build has no engine")


def run(name: str, *arguments: object) -> str:
    """What an example prints."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=50)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_chat_says_what_it_cost_and_where_it_was_not_sure(decoder: Path) -> None:
    said = run("chat.py", decoder, "Hello")
    assert "tokens read" in said and said.count("least sure of") == 3


def test_stream_ends_where_it_is_told_to(decoder: Path) -> None:
    assert len(run("stream.py", decoder, "Hello", 3)) > 3


def test_choices_are_shares_and_a_judgement(decoder: Path) -> None:
    said = run("choices.py", decoder)
    assert "The capital of France is …" in said and said.count("bits a byte") == 2
    judged = next(line for line in said.splitlines() if line.startswith("polite: "))
    assert 0 <= float(judged.removeprefix("polite: ")) <= 1


def test_a_file_is_embedded_and_searched(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    lines = ["My parcel is late.", "Tulips need water.", "A refund, please."]
    (tmp_path / "lines.txt").write_text("\n".join(lines))
    said = run("embed_file.py", MODELS / "sentence", tmp_path / "lines.txt", tmp_path / "vectors.npy", "parcel")
    assert said.startswith("3 vectors of 8 dimensions: 96 bytes, 36 as int8")
    assert sorted(line.strip() for line in said.splitlines()[1:]) == sorted(lines)
    kept = numpy.load(tmp_path / "vectors.npy")
    assert numpy.abs(kept - bs.Embedder(MODELS / "sentence").embed(lines)).max() < 1e-6


def test_answers_keep_to_their_form(decoder: Path) -> None:
    lines = run("constrained.py", decoder, "It was late.").splitlines()
    date, word = lines[-2:]
    assert len(date) == 10 and date.startswith("20")
    assert word in ("refund", "replace") or word.startswith("ask: ")


def test_every_example_is_run() -> None:
    known = {"chat.py", "stream.py", "choices.py", "embed_file.py", "constrained.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == known
