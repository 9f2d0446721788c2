"""Times the engine and llama.cpp on the same files; see scripts/bench-engine."""

import json
import os
import signal
import subprocess
import time

from common import BINARY, PEERS, THREADS, environment, save, timed

PROMPT, ANSWER, TOGETHER = 512, 32, 16
QUESTIONS = int(os.environ.get("BENCH_QUESTIONS", "200"))
#: Moments of loading and reading at which Ctrl-C is pressed, and of answering.
READING, ANSWERING = 8, 3


def bench(path: str, *more: object) -> tuple[dict, dict]:
    """One run of `botsmith model bench`, with its CPU time and peak memory."""
    command = [
        str(BINARY), "model", "bench", "--model", path, "--device", "cpu", "--json", "--prompt-tokens", str(PROMPT),
    ]
    output, used = timed([*command, *map(str, more)], environment())
    return json.loads(output), used


def ours(path: str) -> dict:
    """All parts in one run; in another, what one conversation of 512 tokens takes of memory."""
    result, used = bench(path, "--answer-tokens", ANSWER, "--parallel", TOGETHER, "--questions", QUESTIONS)
    alone = bench(path, "--answer-tokens", 4, "--parallel", 1, "--questions", 0, "--repeat", 1)[1]
    return {**result, "cpu_seconds": used["cpu_seconds"], "peak_mib": used["peak_mib"], "alone_mib": alone["peak_mib"]}


def stops(path: str) -> dict:
    """Milliseconds from Ctrl-C to the end of `botsmith model run`, at moments all over loading the file, reading 2,000
    tokens and answering."""
    command = [str(BINARY), "model", "run", "--model", path, "--device", "cpu", "--raw", "--temperature", "0"]
    # The model's random vocabulary has a token for each letter.
    text = "The cat sat on the mat. " * 83

    def start() -> subprocess.Popen[bytes]:
        # Whoever started us may have been started without a terminal, and hands on that Ctrl-C is not heard.
        return subprocess.Popen(
            [*command, "--prompt", text], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def stop(child: subprocess.Popen[bytes]) -> float:
        begun = time.perf_counter()
        child.send_signal(signal.SIGINT)
        child.wait()
        took = 1000 * (time.perf_counter() - begun)
        if child.returncode != -signal.SIGINT:
            raise SystemExit(f"{command[0]} ended with {child.returncode} instead of by the signal")
        return took

    def answering(later: float) -> tuple[float, float]:
        """Until the answer's first byte, and what the stop took so long after it."""
        begun = time.perf_counter()
        child = start()
        assert child.stdout
        child.stdout.read(1)
        until = time.perf_counter() - begun
        time.sleep(later)
        return until, stop(child)

    until, first = answering(0)
    answers = [first, *(answering(0.13 * number)[1] for number in range(1, ANSWERING))]
    reads = []
    for number in range(READING):
        child = start()
        time.sleep(until * (number + 0.5) / READING)
        reads.append(stop(child))
    return {"until_answer_seconds": until, "reading_ms": reads, "answering_ms": answers}


def llama(path: str) -> dict:
    """llama.cpp through llama-cpp-python: the best of two, as ours."""
    from llama_cpp import Llama

    model = Llama(path, n_ctx=1024, n_batch=PROMPT, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)
    tokens = [(7 * number + 11) % 150_000 for number in range(PROMPT)]
    best: dict = {}

    def kept(part: str, count: int, wall: float, cpu: float) -> None:
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        rate = count / seconds
        if part not in best or rate > best[part]["tokens_per_second"]:
            best[part] = {"tokens": count, "tokens_per_second": rate, "cpu_seconds": cpu_seconds}

    for _ in range(2):
        model.reset()
        wall, cpu = time.perf_counter(), time.process_time()
        model.eval(tokens)
        kept("prefill", PROMPT, wall, cpu)
        wall, cpu = time.perf_counter(), time.process_time()
        for number in range(ANSWER):
            model.eval([number + 5])
        kept("decode", ANSWER, wall, cpu)
    return best


def run(paths: list[str]) -> None:
    results = {}
    for path in paths:
        mine = {**ours(path), "stops": stops(path)}
        peer = llama(path) if PEERS else None
        results[path] = {"botsmith": mine, "llama.cpp": peer}
        print(f"{path} ({THREADS} threads)")
        for key in ("prefill", "decode"):
            one = mine[key]
            line = f"  {key:9} {one['tokens_per_second']:8.1f} tokens/s"
            if peer:
                other = peer[key]
                line += (
                    f"   llama.cpp {other['tokens_per_second']:8.1f}   ours to it: "
                    f"wall {one['tokens_per_second'] / other['tokens_per_second']:.2f}, "
                    f"CPU {other['cpu_seconds'] / one['cpu_seconds']:.2f}"
                )
            print(line)
        rate = mine["together"]["tokens_per_second"]
        print(f"  together  {rate:8.1f} tokens/s, {rate / mine['decode']['tokens_per_second']:.1f} times one")
        if questions := mine["questions"]:
            print(f"  questions {questions['seconds']:8.1f} s, {questions['times']:.1f} times as fast as one by one")
        print(
            f"  memory    {mine['alone_mib']:8.0f} MiB with {PROMPT} tokens, {mine['peak_mib']:.0f} MiB in all of this; "
            f"{mine['cpu_seconds']:.0f} s of CPU time"
        )
        ends = mine["stops"]
        print(
            f"  Ctrl-C    {max(ends['reading_ms']):8.0f} ms at most while it loads and reads, "
            f"{max(ends['answering_ms']):.0f} ms while it answers"
        )
    save("decoder", results)
