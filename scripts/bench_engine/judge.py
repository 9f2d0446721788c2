"""Ends with 1 where the parts that ran miss what is promised, and names each line."""

import json
import sys

from common import WORK
from floors import lines


def run(parts: list[str]) -> None:
    judged = lines(json.loads((WORK / "results.json").read_text()), parts)
    for what, wanted, found, kept in judged:
        mark = {True: "kept", False: "MISSED", None: "not judged"}[kept]
        print(f"{mark:10} {what}: {wanted}, found {found}")
    missed = [f"{line.what} ({line.found}, {line.wanted})" for line in judged if line.kept is False]
    if missed:
        sys.exit("missed: " + "; ".join(missed))
