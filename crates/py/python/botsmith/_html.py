"""Pages of notebooks: plain HTML and inline SVG, escaped, no script, light and dark.

A document's tags stand under its words; whatever comes from outside goes through :func:`escape`.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._native import Doc

#: Tokens of a document that are shown.
SHOWN = 400

#: One hue a part of speech; lightness is the page's own.
_HUES = {
    "NOUN": 210,
    "PROPN": 250,
    "VERB": 145,
    "AUX": 165,
    "ADJ": 35,
    "ADV": 60,
    "PRON": 300,
    "NUM": 15,
}

#: Colours follow the notebook's theme: that of Jupyter by its variables, else that of the system.
STYLE = """<style>
.bs{font:13px/1.5 system-ui,sans-serif;color:var(--jp-ui-font-color1,CanvasText);color-scheme:light dark;max-width:60em}
.bs table{border-collapse:collapse;font:inherit;margin:.4em 0}
.bs td,.bs th{padding:.15em .7em;text-align:right;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent);background:none}
.bs td:first-child,.bs th:first-child{text-align:left}
.bs .bs-dim{opacity:.65}
.bs .bs-good{color:light-dark(#0a7a33,#4cd07d)}
.bs .bs-bad{color:light-dark(#b3261e,#ff8a80)}
.bs pre{white-space:pre-wrap;font:12px/1.45 ui-monospace,monospace;margin:.2em 0}
.bs-doc p{margin:.2em 0 .6em;line-height:2.9}
.bs-w{display:inline-block;text-align:center;line-height:1.15;margin:0 .12em;vertical-align:top;border-radius:4px;padding:1px 3px;background:hsl(var(--h) 70% 50%/var(--a))}
.bs-w small{display:block;font-size:9px;opacity:.75;letter-spacing:.02em}
</style>"""


def page(body: str, more: str = "") -> str:
    """A piece of a page with our style."""
    return f'{STYLE}<div class="bs {more}">{body}</div>'


def doc(doc: Doc) -> str:
    """A document: each word with its part of speech, and lemma and morphology beside it."""
    parts: list[str] = []
    shown = 0
    for sentence in doc.sentences:
        parts.append("<p>")
        for token in sentence.tokens:
            if shown == SHOWN:
                break
            shown += 1
            for word in token.words:
                upos = word.upos
                hue = _HUES.get(upos)
                colour = f"--h:{hue};--a:.18" if hue is not None else "--h:0;--a:0"
                feats = "|".join(f"{name}={value}" for name, value in word.feats.items())
                about = f"{word.lemma} · {word.xpos}" + (f" · {feats}" if feats else "")
                short = " ".join(word.feats.values())[:24]
                parts.append(
                    f'<span class="bs-w" style="{colour}" title="{escape(about)}">'
                    f"{escape(word.form)}<small>{escape(upos)}</small>"
                    f"<small>{escape(short) or '&nbsp;'}</small></span>"
                )
            if token.space_after:
                parts.append(" ")
        parts.append("</p>")
        if shown == SHOWN:
            break
    left = len(doc) - shown
    if left:
        parts.append(f'<div class="bs-dim">… and {left} more tokens</div>')
    return page("".join(parts), "bs-doc")
