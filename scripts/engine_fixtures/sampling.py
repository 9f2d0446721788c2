"""What transformers' logits processors and warpers make of seeded logits: the tokens that are left, and their shares.

Presence and frequency penalties are OpenAI's, which transformers lacks: `logit - count * frequency - (count > 0) *
presence` over the answer's tokens, after the repetition penalty, as vLLM computes them.
"""

import numpy as np
import torch
from common import FOLDER, random, write_compact
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

TOKENS = 40
PROMPT = [3, 3, 17, 5, 39]
ANSWER = [8, 17, 8, 8, 21]

SETTINGS = [
    {"temperature": 1.0},
    {"temperature": 0.3},
    {"temperature": 2.5},
    {"temperature": 1.0, "top_k": 1},
    {"temperature": 0.8, "top_k": 7},
    {"temperature": 1.0, "top_k": 1000},
    {"temperature": 1.0, "top_p": 0.05},
    {"temperature": 1.0, "top_p": 0.5},
    {"temperature": 1.4, "top_p": 0.93},
    {"temperature": 1.0, "min_p": 0.02},
    {"temperature": 0.7, "min_p": 0.3},
    {"temperature": 1.0, "min_p": 1.0},
    {"temperature": 1.0, "repetition_penalty": 1.3},
    {"temperature": 1.0, "repetition_penalty": 0.7},
    {"temperature": 1.0, "presence_penalty": 1.5},
    {"temperature": 1.0, "presence_penalty": -0.75},
    {"temperature": 1.0, "frequency_penalty": 0.5},
    {"temperature": 1.0, "frequency_penalty": -1.25},
    {"temperature": 1.0, "presence_penalty": 0.5, "frequency_penalty": 0.25},
    {"temperature": 1.0, "logit_bias": {"8": -3.5, "0": 4.25}},
    {"temperature": 0.9, "top_k": 12, "top_p": 0.8},
    {"temperature": 0.6, "top_k": 9, "top_p": 0.9, "min_p": 0.1},
    {"temperature": 1.3, "top_p": 0.85, "min_p": 0.15},
    {"temperature": 0.9, "top_k": 15, "repetition_penalty": 1.2, "presence_penalty": 0.4, "frequency_penalty": 0.3},
    {
        "temperature": 0.75, "top_k": 20, "top_p": 0.95, "min_p": 0.05, "repetition_penalty": 1.1,
        "presence_penalty": 0.25, "frequency_penalty": 0.125, "logit_bias": {"17": 1.5, "30": -2.0},
    },
    {"temperature": 0.0, "repetition_penalty": 1.5},
    {"temperature": 0.0, "presence_penalty": 2.0, "frequency_penalty": 1.0},
    {"temperature": 0.0, "logit_bias": {"11": 9.0}},
]


def left(logits: torch.Tensor, settings: dict) -> dict:
    """The tokens that a draw chooses among with their shares, likeliest first."""
    seen = torch.tensor([PROMPT + ANSWER])
    get = settings.get
    processors = LogitsProcessorList()
    if bias := get("logit_bias"):
        processors.append(SequenceBiasLogitsProcessor({(int(token),): value for token, value in bias.items()}))
    if penalty := get("repetition_penalty"):
        processors.append(RepetitionPenaltyLogitsProcessor(penalty))
    scores = processors(seen, logits[None].clone())
    counts = torch.bincount(torch.tensor(ANSWER), minlength=TOKENS)
    scores = scores - get("frequency_penalty", 0.0) * counts - get("presence_penalty", 0.0) * (counts > 0)
    if get("temperature") == 0:
        return {"tokens": [int(scores[0].argmax())], "shares": [1.0]}
    # The order of `generate`.
    warpers = LogitsProcessorList([TemperatureLogitsWarper(get("temperature"))])
    if k := get("top_k"):
        warpers.append(TopKLogitsWarper(k))
    if (p := get("top_p")) is not None:
        warpers.append(TopPLogitsWarper(p))
    if (p := get("min_p")) is not None:
        warpers.append(MinPLogitsWarper(p))
    shares = torch.softmax(warpers(seen, scores)[0].double(), dim=-1)
    order = [int(token) for token in torch.argsort(-shares, stable=True) if shares[token] > 0]
    return {"tokens": order, "shares": [float(f"{float(shares[token]):.7g}") for token in order]}


def write() -> None:
    # Numbers that single precision and JSON both hold exactly, no two the same.
    drawn = np.round(random(5).normal(size=TOKENS) * 2.5 * 64) / 64
    assert len(set(drawn)) == TOKENS
    logits = torch.tensor(drawn, dtype=torch.float32)
    cases = [{"settings": settings, **left(logits, settings)} for settings in SETTINGS]
    write_compact(FOLDER / "sampling.json", {
        "logits": drawn.tolist(), "prompt": PROMPT, "answer": ANSWER, "cases": cases,
    })
    print(f"sampling: {len(cases)} cases")
