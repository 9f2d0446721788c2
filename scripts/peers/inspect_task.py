"""The cases of scripts/make-bench-data for Inspect: recorded answers, five string scorers.

Runs without a model: the answer of the row becomes the output as it is.
"""

import json
import pathlib
import sys

from inspect_ai import Task, eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, exact, pattern, scorer, stderr
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
            pattern(r"(\d{2,})"),
            holds("starts_with", lambda text: text.startswith("The")),
        ],
    )
    [log] = inspect_eval(task, model="mockllm/model", log_dir=str(folder / "logs"), display="none")
    if log.status != "success" or log.results.completed_samples != len(rows):
        sys.exit(f"Inspect: {log.status}, {log.error}")
    names = ["equals", "contains", "icontains", "regex", "starts-with"]
    rates = [score.metrics["accuracy"].value for score in log.results.scores]
    passed = {name: round(rate * len(rows)) for name, rate in zip(names, rates)}
    (folder / "inspect-out.json").write_text(json.dumps(passed))


main()
