"""Times the engine and its peers, part by part; see scripts/bench-engine."""

import importlib
import sys

# Of each part the module and its function; a part imports what it alone needs.
PARTS = {
    "static": ("static", "run"),
    "encoder": ("encoders", "run"),
    "decoder": ("decoders", "run"),
    "peer": ("encoders", "peer"),
    "shares": ("shares", "run"),
    "page": ("page", "run"),
    "judge": ("judge", "run"),
}


def main(part: str, *arguments: str) -> None:
    module, function = PARTS[part]
    getattr(importlib.import_module(module), function)(list(arguments))


main(*sys.argv[1:])
