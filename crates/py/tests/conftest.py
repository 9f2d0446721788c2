"""What all tests share."""

from __future__ import annotations

import pytest

from botsmith import nlp


@pytest.fixture(scope="session")
def en() -> nlp.Pipeline:
    """The English pipeline."""
    return nlp.load("en")
