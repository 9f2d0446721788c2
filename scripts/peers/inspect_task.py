"""The cases of scripts/make-bench-data for Inspect: recorded answers, five string scorers.

Runs without a model: the answer of the row becomes the output as it is.
"""

import json
import pathlib
import re
import sys

from inspect_ai import Task, eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, exact, scorer, stderr
from inspect_ai.solver import solver


@solver
def recorded():
    async def solve(state, generate):
        state.output = ModelOutput.from_content("recorded", state.metadata["answer"])
        return state

    return solve


def holds(name, check):
    """A scorer of Inspect's own shape for a fixed text."""

    @scorer(metrics=[accuracy(), stderr()], name=name)
    def build():
        async def score(state, target):
            return Score(value=CORRECT if check(state.output.completion) else INCORRECT)

        return score

    return build()


def main():
    folder = pathlib.Path(sys.argv[1])
    with open(folder / "small.jsonl", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    samples = [
        Sample(id=r["id"], input=r["input"], target=r["reference"], metadata={"answer": r["answer"]})
        for r in rows
    ]
    task = Task(
        dataset=samples,
        solver=recorded(),
        scorer=[
            exact(),
            holds("contains", lambda text: "refund" in text),
            holds("icontains", lambda text: "policy" in text.lower()),
            # `pattern` compares what it finds with the target; here finding it is enough.
            holds("regex", lambda text: re.search(r"\d{2,}", text) is not None),
            holds("starts_with", lambda text: text.startswith("The")),
        ],
    )
    [log] = inspect_eval(task, model="mockllm/model", log_dir=str(folder / "logs"), display="none")
    if log.status != "success" or log.results.completed_samples != len(rows):
        sys.exit(f"Inspect: {log.status}, {log.error}")
    names = ["equals", "contains", "icontains", "regex", "starts-with"]
    # The first metric of each: accuracy, or the mean of ones and zeros.
    rates = [next(iter(score.metrics.values())).value for score in log.results.scores]
    passed = {name: round(rate * len(rows)) for name, rate in zip(names, rates)}
    (folder / "inspect-out.json").write_text(json.dumps(passed))


main()
