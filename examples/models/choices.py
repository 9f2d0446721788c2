"""Lets a model of this machine choose: no answer is written, the likelihood of each choice is read off.

    python examples/models/choices.py models/Qwen3-0.6B-Q4_K_M.gguf
"""

import sys

import botsmith as bs

QUESTIONS = [
    ("The capital of France is", [" Paris", " Rome", " Oslo"]),
    ("Water freezes at", [" zero degrees", " fifty degrees"]),
]

model = bs.Model(sys.argv[1])
for (question, _), scores in zip(QUESTIONS, model.score_all(QUESTIONS), strict=True):
    shares = ", ".join(f"{one.text.strip()} {share:.0%}" for one, share in zip(scores.continuations, scores.shares, strict=True))
    print(f"{question} …{scores.best}  ({shares})")

# A judge whose verdict is one number: the probability of "yes" among both, in one pass.
prompt = [{"role": "user", "content": "Is this answer polite? Answer yes or no.\nAnswer: Get lost."}]
print(f"polite: {model.score(prompt, ['yes', 'no']).weighted([1, 0]):.2f}")

for text in ("The cat sat on the mat.", "mat the on sat cat The."):
    score = model.score_texts(text)
    print(f"perplexity {score.perplexity:8.1f}, {score.bits_per_byte:.2f} bits a byte: {text}")
