"""Pages of notebooks: plain HTML and inline SVG, escaped, no script, light and dark.

A document's tags stand under its words; whatever comes from outside goes through :func:`escape`.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from ._plot import bot_of, differences, spark

if TYPE_CHECKING:
    from ._analyser import Analysis
    from ._native import Doc
    from ._run import Run
    from ._values import Answer, CaseResult, Comparison, Difference

#: Tokens of a document that are shown.
SHOWN = 400

#: Events of a conversation that are shown, the newest.
SAID = 40

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

#: Colours follow the notebook's theme, as Jupyter, VS Code and Colab say it; else that of the system.
STYLE = """<style>
.bs{font:13px/1.5 system-ui,sans-serif;color:var(--jp-ui-font-color1,CanvasText);color-scheme:light dark;max-width:60em}
.bs table{border-collapse:collapse;font:inherit;margin:.4em 0}
.bs td,.bs th{padding:.15em .7em;text-align:right;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent);background:none}
.bs td.bs-t,.bs th.bs-t{text-align:left}
.bs .bs-dim{opacity:.65}
.bs .bs-good{color:light-dark(#0a7a33,#4cd07d)}
.bs .bs-bad{color:light-dark(#b3261e,#ff8a80)}
.bs pre{white-space:pre-wrap;font:12px/1.45 ui-monospace,monospace;margin:.2em 0}
.bs-who{display:grid;grid-template-columns:max-content 1fr;gap:.1em .8em}
.bs-doc p{margin:.2em 0 .6em;line-height:2.9}
.bs-w{display:inline-block;text-align:center;line-height:1.15;margin:0 .12em;vertical-align:top;border-radius:4px;padding:1px 3px;background:hsl(var(--h) 70% 50%/var(--a))}
.bs-w small{display:block;font-size:9px;opacity:.75;letter-spacing:.02em}
[data-jp-theme-light=true] .bs,.vscode-light .bs,html[theme=light] .bs{color-scheme:light}
[data-jp-theme-light=false] .bs,.vscode-dark .bs,html[theme=dark] .bs{color-scheme:dark}
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


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _span(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.3g} … {interval[1]:.3g}"


def table(head: list[str], rows: list[list[str]], words: int = 1) -> str:
    """A table of cells that are HTML already; the first ``words`` columns are texts, and so is the last where
    its head says ``why`` or ``better``; all others are numbers."""

    def row(cells: list[str], kind: str) -> str:
        last = len(head) - 1 if head[-1] in ("why", "better", "now") else -1
        parts = [
            f'<{kind} class="bs-t">{cell}</{kind}>' if at < words or at == last else f"<{kind}>{cell}</{kind}>"
            for at, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(parts)}</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(head, 'th')}</thead><tbody>{body}</tbody></table>"


def _seconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _mark(passed: bool | None) -> str:
    if passed is None:
        return ""
    return '<span class="bs-good">passed</span>' if passed else '<span class="bs-bad">failed</span>'


def answer(answer: Answer) -> str:
    """An answer: its words, how it came about, its scores."""
    facts = [
        answer.bot, answer.provider, answer.model,
        None if answer.latency is None else _seconds(answer.latency),
        None if answer.cost is None else f"cost {answer.cost:.4g}",
        None if answer.usage is None else f"{answer.usage.input_tokens} + {answer.usage.output_tokens} tokens",
        "scripted" if answer.scripted else None,
        "from the cache" if answer.cached else None,
    ]
    parts = [f"<pre>{_marked(answer)}</pre>"]
    if answer.outcome != "answered":
        parts.append(f'<div class="bs-bad">{answer.outcome}: {escape(answer.error or "")}</div>')
    parts += [
        f'<div class="bs-dim">tool {escape(call.name)}({escape(str(call.arguments))}) → '
        f"{escape(call.output[:200])}</div>"
        for call in answer.tools
    ]
    parts += [f'<div class="bs-dim">{escape(note)}</div>' for note in answer.notes]
    said = " · ".join(escape(fact) for fact in facts if fact)
    parts.append(f'<div class="bs-dim">{said}</div>')
    if answer.scores:
        rows = [
            [escape(name), _number(v.value), _mark(v.passed),
             escape(v.explanation or v.skipped or v.error or "")]
            for name, v in answer.scores.items()
        ]
        parts.append(table(["metric", "value", "", "why"], rows))
    return page("".join(parts))


def _marked(answer: Answer) -> str:
    """The text with its evidence marked."""
    spans = sorted(
        (span.start, span.end, span.supports)
        for verdict in answer.scores.values()
        for span in verdict.evidence
    )
    parts: list[str] = []
    at = 0
    for start, end, supports in spans:
        if start < at:
            continue
        kind = "bs-good" if supports else "bs-bad"
        parts.append(escape(answer.text[at:start]))
        parts.append(f'<u class="{kind}">{escape(answer.text[start:end])}</u>')
        at = end
    return "".join([*parts, escape(answer.text[at:])])


def case(case: CaseResult) -> str:
    """A case: question, references, every answer."""
    parts = [f'<b>{escape(case.id[:24])}</b> <span class="bs-dim">{escape(", ".join(case.tags))}</span>']
    parts.append(f"<pre>{escape(case.input)}</pre>")
    parts += [f'<pre class="bs-dim">= {escape(reference)}</pre>' for reference in case.references[:3]]
    return page("".join(parts)) + "".join(answer(found) for found in case.answers)


def run(run: Run) -> str:
    """A run: each bot on each metric with a sparkline, the gate, warnings."""
    rows: list[list[str]] = []
    for bot in run.bots:
        counts = f"{bot.answered}/{bot.cases}"
        for name, score in bot.scores.items():
            shown = score.pass_rate if score.pass_rate is not None else score.mean
            # Where values are 0 or 1, the interval of the mean is that of the rate.
            rate = score.pass_rate is not None and score.pass_interval is not None
            interval = score.pass_interval if rate else score.interval
            rows.append(
                [escape(bot.name), escape(name), counts, str(score.n), _number(score.mean),
                 _number(score.pass_rate), _span(interval), spark(shown, interval)]
            )
    head = ["bot", "metric", "answered", "n", "mean", "pass rate", "95 %", ""]
    title = f'<b>{escape(run.name)}</b> <span class="bs-dim">run {escape(run.id[:12])}, {len(run)} cases</span>'
    parts = [title, table(head, rows, words=2)]
    used = [(bot.name, str(bot.totals)) for bot in run.bots if bot.totals]
    parts += [f'<div class="bs-dim">{escape(name)} used {escape(words)}</div>' for name, words in used]
    if run.gate:
        parts.append(f"gate {_mark(run.passed)}")
    if run.comparisons:
        parts.append(differences(run.comparisons))
    parts += [f'<div class="bs-bad">{escape(warning)}</div>' for warning in run.warnings]
    return page("".join(parts))


def comparison(found: Comparison) -> str:
    """Two runs: every difference with its interval, and what flipped."""
    title = (
        f'<b>{escape(found.b[:12])}</b> against <b>{escape(found.a[:12])}</b> <span class="bs-dim">'
        f"{found.shared} cases in both, {found.only_a} and {found.only_b} in one</span>"
    )
    rows = [
        [escape(bot), escape(d.metric), str(d.n), _number(d.difference), _span(d.interval),
         _number(d.p_adjusted), _better(d)]
        for d in found.differences
        for bot in [bot_of(d)]
    ]
    head = ["bot", "metric", "n", "difference", "95 %", "p adjusted", "better"]
    flips = [
        [escape(flip.case[:24]), escape(flip.bot), escape(flip.metric), _mark(flip.now)]
        for flip in found.flips[:20]
    ]
    parts = [title, differences(found.differences), table(head, rows, words=2)]
    if flips:
        left = len(found.flips) - len(flips)
        more = f" · {left} more" if left else ""
        parts.append(f"<div>{len(found.flips)} verdicts changed{more}</div>")
        parts.append(table(["case", "bot", "metric", "now"], flips, words=3))
    return page("".join(parts))


def _better(difference: Difference) -> str:
    """Which run is better on it, where one is."""
    if difference.better is None:
        return ""
    later = difference.better == "b"
    return f'<span class="{"bs-good" if later else "bs-bad"}">{"later" if later else "earlier"}</span>'


def session(events: list[dict[str, object]], bot: str) -> str:
    """A conversation: who said what."""
    rows = [
        f"<b>{escape(bot if event['who'] == 'AI' else str(event['who']))}</b><span>{escape(str(event['message']))}</span>"
        for event in events[-SAID:]
    ]
    left = len(events) - len(rows)
    parts = [f'<div class="bs-dim">… {left} before</div>'] if left else []
    return page("".join([*parts, f'<div class="bs-who">{"".join(rows)}</div>']))


def bot(facts: dict[str, object]) -> str:
    """A bot: who it is, what answers for it, what it is told."""
    rows = [
        [escape(name), escape(str(facts[key]))]
        for name, key in (("provider", "provider"), ("model", "model"), ("address", "address"),
                          ("version", "version"), ("file", "path"))
        # What was given as a mapping has no file.
        if facts.get(key) and facts[key] != "<cartridge>"
    ]
    parts = [f"<b>{escape(str(facts.get('name') or 'bot'))}</b>", table(["", ""], rows, words=2)]
    if facts.get("directive"):
        parts.append(f'<pre class="bs-dim">{escape(str(facts["directive"])[:600])}</pre>')
    return page("".join(parts))


def flow_run(id: str, shown: dict[str, Any]) -> str:
    """A run of a workflow: each step, how long it took, what it gave or waits for."""
    rows: list[list[str]] = []
    for step in shown["steps"][:SHOWN]:
        begun, ended = step["started_ms"], step["ended_ms"]
        took = "" if begun is None or ended is None else _seconds((ended - begun) / 1000)
        wait, error = step["wait"] or {}, step["error"]
        said = "" if step["output"] is None else json.dumps(step["output"], ensure_ascii=False)[:120]
        if error is not None and step["status"] != "done":
            said = error[1]
        elif wait.get("signal"):
            said = f"waits for {wait['signal']}"
        kind = {"done": "bs-good", "failed": "bs-bad", "dead": "bs-bad"}.get(step["status"], "bs-dim")
        status = f'<span class="{kind}">{escape(step["status"])}</span>'
        rows.append([escape(step["key"]), escape(step["kind"]), status, str(step["attempts"]), took, escape(said)])
    state = "paused" if shown["paused"] else shown["status"]
    title = f'<b>{escape(shown["workflow"])}</b> <span class="bs-dim">run {escape(id)}, {escape(state)}</span>'
    return page(title + table(["step", "kind", "status", "attempts", "took", "why"], rows, words=3).replace(">why<", "><"))


def analysis(found: Analysis) -> str:
    """A document, and its layers as JSON of some length."""
    layers = [
        f"<b>{escape(name)}</b><pre>{escape(json.dumps(layer, ensure_ascii=False)[:1500])}</pre>"
        for name, layer in found.layers.items()
    ]
    return doc(found.doc) + page("".join(layers))
