"""``python -m botsmith``, and the script ``botsmith``: the command line of Rust, in this process."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Runs the command line with the arguments of this process, and gives its exit code."""
    from . import _native

    # Python only notes a Ctrl-C and waits for its own code to go on; the command ends by itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.stdout.flush()
    return _native.main(["botsmith", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
