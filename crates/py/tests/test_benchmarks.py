"""What benchmarks promise can be missed: their judging, on made-up figures."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"

#: As the script runs them, with the results of another folder.
PROGRAM = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import common
common.WORK = pathlib.Path(sys.argv[2])
import judge, page
page.run([str(common.WORK / "page.md")])
judge.run(sys.argv[3:])
"""


def decoder() -> dict[str, Any]:
    speeds = {"prefill": {"tokens_per_second": 61.0, "cpu_seconds": 1.0}, "decode": {"tokens_per_second": 81.0, "cpu_seconds": 1.0}}
    peer = {"prefill": {"tokens_per_second": 100.0, "cpu_seconds": 1.0}, "decode": {"tokens_per_second": 100.0, "cpu_seconds": 1.0}}
    mine = {
        **speeds,
        "together": {"tokens_per_second": 81.0 * 3.1},
        "questions": {"count": 200, "seconds": 9.0, "times": 5.1},
        "alone_mib": 850.0,
        "peak_mib": 2000.0,
        "stops": {"reading_ms": [10.0, 199.0], "answering_ms": [199.0, 10.0]},
    }
    return {"botsmith": mine, "llama.cpp": peer}


def results() -> dict[str, Any]:
    """Every floor is just kept."""
    engine = {"seconds": 10.0, "cpu_seconds": 1.0, "peak_mib": 1.0, "largest_difference": 0.0}
    parts = {
        "encoder": {"botsmith": engine, "onnxruntime": {**engine, "seconds": 6.1}},
        "decoder": {"work/q4_k_m.gguf": decoder(), "work/q8_0.gguf": decoder()},
        "static": {"12": 50_001.0, "200": 10.0},
    }
    return {part: {"date": "2026-01-01", "threads": 2, "result": result} for part, result in parts.items()}


def judged(folder: Path, found: dict[str, Any], *parts: str) -> subprocess.CompletedProcess[str]:
    (folder / "results.json").write_text(json.dumps(found))
    command = [sys.executable, "-c", PROGRAM, str(SCRIPTS / "bench_engine"), str(folder), *(parts or found)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


@pytest.fixture(autouse=True)
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of scripts stays as it is."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def test_an_engine_at_its_floors_keeps_every_promise(tmp_path: Path) -> None:
    done = judged(tmp_path, results())
    assert done.returncode == 0, done.stderr
    # Of two files 6 each and the memory of one; the encoder's and the static table's.
    assert done.stdout.count("kept ") == len(done.stdout.splitlines()) == 2 * 6 + 1 + 1 + 1


#: Where a figure lies, one just below its floor, and the line that is named.
MISSED: list[tuple[str, Any, str]] = [
    ("encoder onnxruntime seconds", 5.9, "MiniLM in f32 (0.59 of ONNX Runtime"),
    ("decoder work/q4_k_m.gguf botsmith prefill tokens_per_second", 59.0, "Q4_K_M, reading (0.59 of llama.cpp"),
    ("decoder work/q8_0.gguf botsmith prefill tokens_per_second", 59.0, "Q8_0, reading (0.59 of llama.cpp"),
    ("decoder work/q4_k_m.gguf llama.cpp decode tokens_per_second", 102.0, "Q4_K_M, answering (0.794 of llama.cpp"),
    ("decoder work/q8_0.gguf llama.cpp decode tokens_per_second", 102.0, "Q8_0, answering (0.794 of llama.cpp"),
    ("decoder work/q8_0.gguf botsmith together tokens_per_second", 240.0, "Q8_0, 16 answers together (2.96 times one"),
    ("decoder work/q4_k_m.gguf botsmith questions times", 4.9, "Q4_K_M, 200 questions (4.9 times one by one"),
    ("decoder work/q4_k_m.gguf botsmith questions times", float("nan"), "Q4_K_M, 200 questions (nan times one by one"),
    ("decoder work/q4_k_m.gguf botsmith alone_mib", 860.0, "Q4_K_M, memory at 512 tokens (0.902 GB, at most 0.9 GB"),
    ("decoder work/q8_0.gguf botsmith stops reading_ms", [1.0, 201.0], "Q8_0, Ctrl-C while it loads and reads (201 ms"),
    ("decoder work/q8_0.gguf botsmith stops answering_ms", [201.0], "Q8_0, Ctrl-C while it answers (201 ms"),
    ("static 12", 49_999.0, "static embeddings of 12 words (49,999 sentences a second, at least 50,000"),
]


@pytest.mark.parametrize(("place", "figure", "named"), MISSED)
def test_each_floor_can_be_missed_and_is_named(tmp_path: Path, place: str, figure: Any, named: str) -> None:
    found = copy.deepcopy(results())
    part, *inner, last = place.split()
    at = found[part]["result"]
    for key in inner:
        at = at[key]
    at[last] = figure
    done = judged(tmp_path, found)
    assert done.returncode == 1
    assert done.stderr.startswith(f"missed: {named}") and "; " not in done.stderr, done.stderr
    assert (tmp_path / "page.md").exists(), "the page is there for whoever looks into it"


def test_what_was_not_measured_is_said_and_not_missed(tmp_path: Path) -> None:
    found = results()
    del found["encoder"]["result"]["onnxruntime"]
    for each in found["decoder"]["result"].values():
        each["llama.cpp"] = None
        each["botsmith"]["questions"] = {"count": 20, "seconds": 1.0, "times": 3.0}
    done = judged(tmp_path, found)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not judged") == 1 + 2 * 3


def test_a_part_that_did_not_run_is_not_judged_by_what_it_once_gave(tmp_path: Path) -> None:
    found = results()
    found["static"]["result"]["12"] = 1.0
    assert judged(tmp_path, found, "encoder").returncode == 0
    assert judged(tmp_path, found, "encoder", "static").returncode == 1


REPORT = """
# Overhead  Symbol
    40.00%  [.] <botsmith_core::engine::tiled::tile::Q4K as botsmith_core::engine::tiled::vnni::Kernel>::fast::rows
    20.00%  [.] <botsmith_core::engine::tiled::tile::Q4K as botsmith_core::engine::tiled::tile::Tile>::pack
    16.00%  [.] pulp::x86::v4::V4::vectorize::imp
     8.00%  [.] <candle_core::utils::BarrierGuard as core::ops::drop::Drop>::drop
     8.00%  [.] __memmove_avx512_unaligned_erms
     4.00%  [.] gemm_common::simd::x86::V4::vectorize::imp_fastcall
     4.00%  [k] vsnprintf
"""


def test_shares_of_time_are_those_of_samples_without_loading(tmp_path: Path) -> None:
    program = "import sys, json; sys.path.insert(0, sys.argv[1]); import shares; print(json.dumps(shares.grouped(sys.stdin.read())))"
    command = [sys.executable, "-c", program, str(SCRIPTS / "bench_engine")]
    done = subprocess.run(command, input=REPORT, capture_output=True, text=True, encoding="utf-8", check=True)
    shares = json.loads(done.stdout)
    assert shares == {
        "quantised products": 0.5,
        "attention, norms and activations": 0.2,
        "waiting for other threads": 0.1,
        "moving memory": 0.1,
        "dense products": 0.05,
        "all else": 0.05,
    }
    found = results()
    found["shares"] = {"date": "2026-01-01", "threads": 2, "result": {"reading": shares}}
    done = judged(tmp_path, found)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| reading | 50% | 20% | 10% | 10% | 5% | 5% |" in page


def python_floors() -> Any:
    """The judging of scripts/bench-python, as a module."""
    path = SCRIPTS / "bench_python" / "floors.py"
    spec = importlib.util.spec_from_file_location("python_floors", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_pipe_that_works_on_one_thread_misses_by_the_wall_clock() -> None:
    piped = python_floors().piped
    rust = {"cpu_s": 2.0, "wall_s": 1.0}
    assert [line.kept for line in piped(rust, {"cpu_s": 2.3, "wall_s": 1.15})] == [True, True]
    assert [line.kept for line in piped(rust, {"cpu_s": 2.0, "wall_s": 2.0})] == [True, False]
    assert [line.kept for line in piped(rust, {"cpu_s": 2.4, "wall_s": 1.0})] == [False, True]


def test_a_metric_over_lists_misses_a_share_or_its_nanoseconds() -> None:
    over_lists = python_floors().over_lists
    assert over_lists("bleu", {}, 0.9, 899.0, 1000.0) == ("`metrics.bleu` over lists beside Rust", "at least 90 %", "89.9 %", False)
    assert over_lists("bleu", {}, 0.9, 901.0, 1000.0).kept
    line = over_lists("rouge", {"variant": 1}, None, 1000.0, 1201.0)
    assert line == ("`metrics.rouge(variant=1)` over Rust", "at most 200 ns a pair", "201 ns", False)
    assert over_lists("rouge", {}, None, 1000.0, 1200.0).kept
