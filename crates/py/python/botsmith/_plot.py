"""Inline SVG: means and differences with their intervals. Numbers in, text of SVG out; colours follow the
page's own (``currentColor``), so both themes work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._run import Run
    from ._values import Difference, Interval

#: Width of the plot between its labels, in pixels.
WIDTH = 320
_LABEL = 220
_ROW = 24


class Picture:
    """An SVG that a notebook shows; ``str(picture)`` is its text."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def __repr__(self) -> str:
        return f"<Picture, {len(self.svg)} characters of SVG>"

    def __str__(self) -> str:
        return self.svg

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        # Inside the page it takes the theme's colours, which an image does not.
        from ._html import page

        return page(self.svg)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the SVG into a file."""
        with open(os.fspath(path), "w", encoding="utf-8") as out:
            out.write(self.svg)


def _short(text: str, length: int = 34) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _row(
    y: int, label: str, value: float | None, interval: Interval | None, lo: float, hi: float, words: str
) -> str:
    def at(number: float) -> float:
        return _LABEL + WIDTH * (min(max(number, lo), hi) - lo) / (hi - lo)

    parts = [
        f'<text x="{_LABEL - 8}" y="{y + 4}" text-anchor="end">{escape(_short(label))}'
        f"<title>{escape(label)}</title></text>"
    ]
    if interval is not None:
        left, right = at(interval[0]), at(interval[1])
        parts.append(
            f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}" stroke="currentColor"'
            ' stroke-width="2" opacity=".55"/>'
        )
    if value is not None:
        parts.append(f'<circle cx="{at(value):.1f}" cy="{y}" r="4" fill="currentColor"/>')
    parts.append(f'<text x="{_LABEL + WIDTH + 10}" y="{y + 4}" class="d">{escape(words)}</text>')
    return "".join(parts)


def _stack(frames: Sequence[tuple[int, str]]) -> str:
    """Frames with their heights, one below the other, as one SVG."""
    if len(frames) == 1:
        return frames[0][1]
    width, height = _LABEL + WIDTH + 150, sum(height for height, _ in frames)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" style="display:block;max-width:100%">'
    ]
    at = 0
    for one, svg in frames:
        parts.append(svg.replace("<svg ", f'<svg y="{at}" ', 1))
        at += one
    return "".join([*parts, "</svg>"])


def _frame(
    rows: Sequence[str], lo: float, hi: float, marks: Sequence[float], title: str
) -> tuple[int, str]:
    height = _ROW * len(rows) + 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_LABEL + WIDTH + 150}"'
        f' height="{height}" viewBox="0 0 {_LABEL + WIDTH + 150} {height}"'
        ' font-family="system-ui,sans-serif" font-size="12" fill="currentColor" style="display:block;max-width:100%">'
        f"<title>{escape(title)}</title>"
    ]
    for mark in marks:
        x = _LABEL + WIDTH * (mark - lo) / (hi - lo)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="10" y2="{height - 28}" stroke="currentColor"'
            f' opacity=".2"/><text x="{x:.1f}" y="{height - 12}" text-anchor="middle" opacity=".7">'
            f"{mark:.3g}</text>"
        )
    return height, "".join([*parts, *rows, "</svg>"])


def means(run: Run, metric: str | None = None) -> str:
    """Every bot with 95 % intervals: on one metric, or on each in a picture of its own scale."""
    names = [metric] if metric is not None else list(run.metrics)
    if metric is not None and metric not in run.metrics:
        raise KeyError(f"no metric {metric!r}; there are {list(run.metrics)}")
    return _stack([_means(run, name) for name in names])


def _means(run: Run, metric: str) -> tuple[int, str]:
    found = [(bot.name, bot.scores[metric]) for bot in run.bots if metric in bot.scores]
    ends = [0.0, 1.0]
    ends += [score.mean for _, score in found if score.mean is not None]
    ends += [end for _, score in found if score.interval is not None for end in score.interval]
    lo, hi = min(ends), max(ends)
    rows = [
        _row(
            20 + _ROW * i, f"{name} · {metric}", score.mean, score.interval, lo, hi,
            f"{'–' if score.mean is None else f'{score.mean:.3g}'} (n={score.n})",
        )
        for i, (name, score) in enumerate(found)
    ]
    marks = [lo + (hi - lo) * part for part in (0, 0.25, 0.5, 0.75, 1)]
    return _frame(rows, lo, hi, marks, f"means of {metric} with 95 % intervals")


def bot_of(difference: Difference) -> str:
    """Whose difference it is: a bot that stands in two runs (`name@run`), or two bots."""
    a, b = (name.rpartition("@") for name in (difference.a, difference.b))
    if a[0] and a[0] == b[0]:
        return a[0]
    return f"{difference.b} − {difference.a}"


def differences(found: Sequence[Difference]) -> str:
    """Differences with their intervals around 0: a picture of its own scale for each metric."""
    metrics = list(dict.fromkeys(difference.metric for difference in found))
    return _stack([_differences([d for d in found if d.metric == metric]) for metric in metrics]) if metrics else ""


def _differences(found: Sequence[Difference]) -> tuple[int, str]:
    ends = [abs(d.difference) for d in found if d.difference is not None]
    ends += [abs(end) for d in found if d.interval is not None for end in d.interval]
    hi = max(ends, default=0.0) or 1.0
    rows = [
        _row(
            20 + _ROW * i, f"{bot_of(d)} · {d.metric}", d.difference, d.interval, -hi, hi,
            "–" if d.difference is None else f"{d.difference:+.3g}" + _p(d),
        )
        for i, d in enumerate(found)
    ]
    return _frame(rows, -hi, hi, [-hi, 0, hi], f"differences of {found[0].metric} with 95 % intervals")


def _p(difference: Difference) -> str:
    p = difference.p if difference.p_adjusted is None else difference.p_adjusted
    return "" if p is None else f", p {p:.2g}"


def spark(value: float | None, interval: Interval | None) -> str:
    """A share between 0 and 1 with its interval, as small as a word."""
    if value is None or not 0 <= value <= 1:
        return ""
    parts = [
        '<svg width="84" height="12" role="img" aria-hidden="true" style="vertical-align:middle">'
        '<rect x="2" y="5" width="80" height="2" fill="currentColor" opacity=".15"/>'
    ]
    if interval is not None:
        lo, hi = (2 + 80 * min(max(end, 0.0), 1.0) for end in interval)
        parts.append(
            f'<rect x="{lo:.1f}" y="4" width="{max(hi - lo, 1):.1f}" height="4" fill="currentColor"'
            ' opacity=".45"/>'
        )
    parts.append(f'<circle cx="{2 + 80 * value:.1f}" cy="6" r="3" fill="currentColor"/></svg>')
    return "".join(parts)
