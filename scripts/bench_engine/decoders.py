"""Times the engine and llama.cpp on the same files; see scripts/bench-engine."""

import json
import os
import time

from common import BINARY, PEERS, THREADS, environment, save, timed

PROMPT, ANSWER, TOGETHER = 512, 32, 16
QUESTIONS = int(os.environ.get("BENCH_QUESTIONS", "200"))


def ours(path: str) -> dict:
    """One run of `botsmith model bench`, with its CPU time and peak memory."""
    command = [
        str(BINARY), "model", "bench", "--model", path, "--device", "cpu", "--json", "--prompt-tokens", str(PROMPT),
        "--answer-tokens", str(ANSWER), "--parallel", str(TOGETHER), "--questions", str(QUESTIONS),
    ]
    output, used = timed(command, environment())
    result = json.loads(output)
    return {
        "prefill": result["prefill"]["tokens_per_second"],
        "decode": result["decode"]["tokens_per_second"],
        "together": result["together"]["tokens_per_second"],
        "questions": result.get("questions"),
        "cpu_seconds": used["cpu_seconds"],
        "peak_mib": used["peak_mib"],
    }


def llama(path: str) -> dict:
    """llama.cpp through llama-cpp-python: the best of two, as ours."""
    from llama_cpp import Llama

    model = Llama(path, n_ctx=1024, n_batch=PROMPT, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)
    tokens = [(7 * number + 11) % 150_000 for number in range(PROMPT)]
    best = {"prefill": 0.0, "decode": 0.0}
    for _ in range(2):
        model.reset()
        begun = time.perf_counter()
        model.eval(tokens)
        best["prefill"] = max(best["prefill"], PROMPT / (time.perf_counter() - begun))
        begun = time.perf_counter()
        for number in range(ANSWER):
            model.eval([number + 5])
        best["decode"] = max(best["decode"], ANSWER / (time.perf_counter() - begun))
    return best


def run(paths: list[str]) -> None:
    results = {}
    for path in paths:
        mine = ours(path)
        peer = llama(path) if PEERS else None
        results[path] = {"botsmith": mine, "llama.cpp": peer}
        print(f"{path} ({THREADS} threads)")
        for key in ("prefill", "decode"):
            beside = f"   llama.cpp {peer[key]:8.1f}   ratio {mine[key] / peer[key]:.2f}" if peer else ""
            print(f"  {key:9} {mine[key]:8.1f} tokens/s{beside}")
        print(f"  together  {mine['together']:8.1f} tokens/s, {mine['together'] / mine['decode']:.1f} times one")
        if questions := mine["questions"]:
            print(f"  questions {questions['seconds']:8.1f} s, {questions['times']:.1f} times as fast as one by one")
        print(f"  memory    {mine['peak_mib']:8.0f} MiB at most, {mine['cpu_seconds']:.0f} s of CPU time")
    save("decoder", results)
