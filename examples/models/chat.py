"""Asks a model of this machine, and says how sure it was of each token.

    python examples/models/chat.py models/Qwen3-0.6B-Q4_K_M.gguf "How far is the moon?"
"""

import math
import sys

import botsmith as bs

model = bs.Model(sys.argv[1])
conversation = [
    {"role": "system", "content": "You answer in one sentence."},
    {"role": "user", "content": sys.argv[2]},
]
answer = model.chat(conversation, max_tokens=100, seed=1, logprobs=0)
print(answer.text)
print(f"{answer.usage.input_tokens} tokens read, {answer.usage.output_tokens} made; it ended by {answer.finish}.")
for token in sorted(answer.logprobs, key=lambda one: one.logprob)[:3]:
    print(f"  least sure of {token.token!r}: {math.exp(token.logprob):.0%}")
