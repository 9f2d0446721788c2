"""Progress by tqdm, where it is installed; else nothing is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Bar:
    """Hears ten times a second how far Rust has come."""

    def __init__(self, wanted: bool | Callable[..., Any]) -> None:
        self._listener: Callable[..., Any] | None = None
        self._bar: Any = None
        if callable(wanted):
            self._listener = wanted
        elif wanted:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                return
            self._bar = tqdm(unit=" cases", leave=False, delay=0.5)

    def update(self, cases: int, fraction: float | None, answers: int, of: int | None, failed: int, verdicts: int) -> None:
        """The newest numbers."""
        if self._listener is not None:
            self._listener(cases, fraction, answers, of, failed, verdicts)
        bar = self._bar
        if bar is None:
            return
        if answers and not cases:
            bar.unit, bar.total, bar.n = " answers", of, answers
            bar.set_postfix(failed=failed, refresh=False) if failed else None
        else:
            bar.unit, bar.n = " cases", cases
            bar.total = round(cases / fraction) if fraction else None
        bar.refresh()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
