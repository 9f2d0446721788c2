"""Writes the fixtures of the engine's tests; see scripts/make-engine-fixtures."""

import sys

import chat_strings
import chats
import decoders
import embedders
import encoders
import gguf_splits
import gguf_tokenizers
import quantised
import quants
import sampling
import sentences

PARTS = {
    "quants": quants.write,
    "encoders": encoders.write,
    "tokenizers": gguf_tokenizers.write,
    "splits": gguf_splits.write,
    "sentences": sentences.write,
    "decoders": decoders.write,
    "embedders": embedders.write,
    "quantised": quantised.write,
    "sampling": sampling.write,
    "chats": chats.write,
    "chat-strings": lambda: chat_strings.write(gguf_tokenizers.strings(500)),
}


def main(names: list[str]) -> None:
    for name in names or PARTS:
        if name not in PARTS:
            sys.exit(f"no part `{name}`; parts: {', '.join(PARTS)}")
        PARTS[name]()


main(sys.argv[1:])
