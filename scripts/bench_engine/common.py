"""What the parts share: where things are, the texts, how a command is timed, where results go."""

import json
import os
import pathlib
import random
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target/bench-engine"
BINARY = ROOT / "target/release/botsmith"
THREADS = int(os.environ.get("BENCH_THREADS", str(os.cpu_count() or 1)))
PEERS = os.environ.get("BENCH_PEERS", "all") != ""
TEXTS = 2000


def environment(threads: int = THREADS) -> dict[str, str]:
    """This environment, with as many threads for every engine."""
    names = ("RAYON_NUM_THREADS", "CANDLE_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **{name: str(threads) for name in names}}


def timed(command: list[str], env: dict[str, str]) -> tuple[str, dict[str, float]]:
    """The output of a command, with its wall time, CPU time and peak memory."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    output = process.stdout.read() if process.stdout else ""
    # What this child used: `getrusage` adds up all children, and gives the largest of them.
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return output, {
        "wall_seconds": time.perf_counter() - begun,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }


def texts() -> pathlib.Path:
    """A file with 2,000 different sentences, one a line: half of them under 16 words, one in twenty over 90; seeded."""
    path = WORK / "texts.txt"
    source = json.loads((ROOT / "crates/core/tests/static/pairs.json").read_text())
    every = json.dumps(source, ensure_ascii=False).split()
    words = sorted({word for word in every if word.isalpha() and word.islower()})
    generator = random.Random(11)
    lines: set[str] = set()
    made = []
    while len(made) < TEXTS:
        length = max(3, min(150, round(generator.lognormvariate(2.8, 1.05))))
        line = " ".join(generator.choice(words) for _ in range(length)).capitalize() + "."
        if line not in lines:
            lines.add(line)
            made.append(line)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(made) + "\n")
    return path


def save(part: str, result: object) -> None:
    """Puts a part's results beside those of the others."""
    path = WORK / "results.json"
    all_results = json.loads(path.read_text()) if path.exists() else {}
    all_results[part] = {"date": time.strftime("%Y-%m-%d"), "threads": THREADS, "result": result}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(all_results, indent=1) + "\n")
