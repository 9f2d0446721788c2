"""Log records of Rust reach ``logging`` under the names of their modules, ours under ``botsmith``."""

from __future__ import annotations

import logging

from . import _native

#: Warnings of runs and bots.
logger = logging.getLogger("botsmith")


def begin() -> None:
    """Connects the two, once a process; as a library we say nothing where nobody has set up logging."""
    logger.addHandler(logging.NullHandler())
    _native.forward_log()
