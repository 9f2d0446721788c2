"""The table of token vectors inside: sentences a second on one core, tokenising included."""

import json
import shutil
import subprocess

from common import ROOT, environment, save, texts
from floors import FLOORS


def run(_: list[str]) -> None:
    path = texts()
    found = ROOT / "target/criterion/static_embeddings"
    shutil.rmtree(found, ignore_errors=True)
    command = [
        "cargo", "bench", "--locked", "--quiet", "-p", "botsmith-core", "--features", "static-embeddings",
        "--bench", "static_embeddings", "--", "--warm-up-time", "1", "--measurement-time", "3",
    ]
    subprocess.run(
        command, check=True, cwd=ROOT, env={**environment(1), "BENCH_TEXTS": str(path)}, stdout=subprocess.DEVNULL
    )
    rates = {}
    for folder in sorted(entry for entry in found.iterdir() if (entry / "new").is_dir()):
        benchmark = json.loads((folder / "new/benchmark.json").read_text())
        nanoseconds = json.loads((folder / "new/estimates.json").read_text())["mean"]["point_estimate"]
        rates[folder.name] = benchmark["throughput"]["Elements"] / nanoseconds * 1e9
    print("static embeddings (1 thread)")
    for name, rate in rates.items():
        what = "2,000 mixed sentences" if name == "mixed" else f"sentences of {name} words"
        print(f"  {what:24} {rate:10.0f} a second" + (f"   floor {FLOORS['static']}" if name == "12" else ""))
    save("static", rates)
