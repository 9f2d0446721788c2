"""Times the engine and its peers, part by part; see scripts/bench-engine."""

import sys

import decoders
import encoders
import static

PARTS = {"static": static.run, "encoder": encoders.run, "decoder": decoders.run, "peer": encoders.peer}


def main(part: str, *arguments: str) -> None:
    PARTS[part](list(arguments))


main(*sys.argv[1:])
