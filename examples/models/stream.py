"""Shows an answer as it is made, and stops it after some words: nothing more is computed then.

    python examples/models/stream.py models/Qwen3-0.6B-Q4_K_M.gguf "Tell me of the sea." 50
"""

import sys

import botsmith as bs

model = bs.Model(sys.argv[1])
words = 0
with model.stream(sys.argv[2], max_tokens=200, seed=1) as pieces:
    for piece in pieces:
        print(piece, end="", flush=True)
        words += len(piece.split())
        if words >= int(sys.argv[3]):
            print(" …", end="")
            break
print()
