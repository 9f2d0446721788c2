"""Holds a model of this machine to a form: JSON of a dataclass, a regular expression, a grammar.

    python examples/models/constrained.py models/Qwen3-0.6B-Q4_K_M.gguf "The parcel came late, and it was broken."
"""

import sys
from dataclasses import dataclass
from typing import Literal

import botsmith as bs


@dataclass
class Complaint:
    about: Literal["delivery", "product", "price"]
    urgent: bool


model = bs.Model(sys.argv[1])
asked = f"What does this customer complain about?\n{sys.argv[2]}"
answer = model.chat(asked, schema=Complaint, max_tokens=150, temperature=0.5, seed=2)
if answer.value is None:
    print(f"no whole answer within the tokens allowed: {answer.text!r}")
else:
    print(answer.value)
print(model.chat("When did it come? Write the date.", regex=r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", max_tokens=30).text)
print(model.chat("Refund, replace or ask?", lark='start: "refund" | "replace" | "ask: " /[a-z ]{3,20}/', max_tokens=30).text)
