"""Pages of notebooks: what stands in them, that nothing of it is markup, light and dark."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import botsmith as bs
from botsmith import _labels, feedback, flow, nlp, stats
from botsmith.online import BanditStatus, Canary, Share
from botsmith.versions import Versions

#: Whoever lets this through as it is runs it; it would also end an attribute, a tag and a comment.
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'--><b>bold</b>"

BOT = {
    "meta": {"name": EVIL, "version": "1.0.0", "author": EVIL, "symbol": "E"},
    "behaviors": {"interaction": {"directive": f"You repeat. {EVIL}"}},
    "provider": {"id": "script", "settings": {"model": EVIL, "otherwise": EVIL}},
}


def lines(folder: Path) -> Path:
    """A suite all of whose names and texts are hostile, with two bots whose answers were recorded."""
    rows = [{"id": f"{EVIL} {n}", "input": EVIL, "reference": EVIL, "one": EVIL, "two": f"no {EVIL}"} for n in range(30)]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    bots = [{"name": f"{word} {EVIL}", "recorded": {"answer": f"/{word}"}} for word in ("one", "two")]
    asks = [{"name": "verdict", "kind": "thumb", "ask": EVIL, "guidelines": EVIL}]
    whole = {
        "version": 1, "name": EVIL, "dataset": "rows.jsonl", "bots": bots,
        "evaluators": [{"equals": {"name": f"same {EVIL}"}}, {"contains": {"value": "alert"}}],
        "feedback": {"guidelines": EVIL, "questions": asks},
    }
    suite = folder / "suite.yaml"
    suite.write_text(json.dumps(whole), encoding="utf-8")
    return suite


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A page of each kind, of hostile content."""
    folder = tmp_path_factory.mktemp("pages")
    run = bs.evaluate(lines(folder), store=f"sqlite:{folder / 'state.db'}", progress=False, warn=False)
    case = next(iter(run))
    for n in range(0, 30, 2):
        for bot in ("one", "two"):
            feedback.add(run, case=f"{EVIL} {n}", bot=f"{bot} {EVIL}", question="verdict", value=n % 4 == 0, rater=EVIL)

    def fails(text: str) -> str:
        raise ValueError(EVIL)

    failed = bs.evaluate(bots={EVIL: fails}, dataset=[{"input": EVIL, "tags": [EVIL]}], evaluators=["words"], progress=False)
    bot = bs.Bot(BOT)
    session = bs.Bot(provider=lambda text: text).session()
    session.ask(EVIL)
    file = folder / "bot.yml"
    file.write_text(json.dumps(BOT), encoding="utf-8")
    versions = Versions(file, store="memory:")
    versions.promote(versions.propose(json.dumps({**BOT, "x": EVIL}), by=EVIL), without_gate=EVIL, by=EVIL)
    workflow = flow.Workflow(_flow(folder), kinds={"echoes": lambda text: text, "breaks": fails})
    flow_run = workflow.run(store="memory:", inputs={"text": EVIL}, id="r")
    canary = Canary.start(versions)
    stopped = canary.stop("old", why=EVIL, by=EVIL)
    # A bandit wants versions that passed a gate, which takes many cases: here as it would be told.
    shares = (Share(EVIL, 3, 0.5, 0.9, 0.6, 0.5, (0.1, 0.9)), Share("b", 0, None, 0.1, 0.4, None, None))
    named = _labels.confusion([EVIL, "b"], [EVIL, EVIL])
    story = {
        "bot": EVIL, "end": "refused", "metric": {"metric": EVIL}, "cases": {"train": 1, "dev": 1, "gate": 1},
        "tried": [{"name": EVIL, "about": EVIL, "difference": 0.1}], "gate": None, "reasons": [EVIL], "finalist": None,
    }
    # Tags of others would be parted into tokens otherwise.
    doc = nlp.load("en")(EVIL.replace(" ", "/"), given="tokens")

    def told(doc: nlp.Doc) -> str:
        return EVIL

    judge = [0.9, 0.1] * 60
    things: dict[str, Any] = {
        "Doc": doc, "Analysis": nlp.Analyser(["tokenise", "sentences", "counts", told])(doc),
        "Run": run, "CaseResult": case, "Answer": case.answers[0], "failed Answer": next(iter(failed)).answers[0],
        "failed CaseResult": next(iter(failed)), "Comparison": bs.compare(run, run), "Picture": run.plot(),
        "Bot": bot, "Session": session, "Review": feedback.review(run, "ben"), "Estimates": feedback.estimate(run),
        "Held": feedback.calibrate(run, metric="contains", labels=5, rarer=1),
        "Calibration": stats.calibrate(judge, [value > 0.5 for value in judge]),
        "Workflow": workflow, "FlowRun": flow_run, "flow graph": flow_run.graph(), "Difference": versions.diff(),
        "History": versions.history, "CanaryStatus": stopped, "BanditStatus": BanditStatus(3, shares, EVIL, {}), "Confusion": named,
        "Honing": bs.Honing(story),
    }
    return {name: thing._repr_html_() for name, thing in things.items()}


def _flow(folder: Path) -> Path:
    path = folder / "flow.yaml"
    given = {"text": "{{ inputs.text }}"}
    steps = {"say": {"uses": "echoes", "with": given}, "fall": {"uses": "breaks", "with": given}}
    whole = {"version": 1, "name": "evil", "inputs": {"type": "object", "properties": {"text": {"type": "string"}}}, "steps": steps}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


NAMES = [
    "Doc", "Analysis", "Run", "CaseResult", "Answer", "failed Answer", "failed CaseResult", "Comparison", "Picture", "Bot",
    "Session", "Review", "Estimates", "Held", "Calibration", "Workflow", "FlowRun", "flow graph", "Difference", "History",
    "CanaryStatus", "BanditStatus", "Confusion", "Honing",
]
#: Pages that show numbers alone, or names that a file may not have as it likes.
PLAIN = {"Held", "Calibration", "Workflow", "flow graph", "BanditStatus"}


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


def test_every_class_with_a_page_has_one_here(pages: dict[str, str]) -> None:
    assert list(pages) == NAMES
    found = {
        name
        for file in Path(bs.__file__).parent.glob("*.py*")
        for name in re.findall(r"^class (\w+)(?:(?!^class ).)*?def _repr_html_", file.read_text(encoding="utf-8"), flags=re.M | re.S)
        if file.suffix in (".py", ".pyi")
    }
    assert found == {name for name in NAMES if " " not in name}


@pytest.mark.parametrize("name", NAMES)
def test_pages_of_hostile_content_hold_no_markup_of_it(name: str, pages: dict[str, str]) -> None:
    page = pages[name]
    found = Tags(page)
    assert not found.tags & {"script", "img", "iframe", "object", "link"}
    assert not {attribute for attribute in found.attributes if attribute.startswith("on")}
    assert "<b>bold" not in page and "http" not in page.replace("http://www.w3.org/2000/svg", "")
    # It is shown, as what it is: a page that leaves it out would hold no markup either.
    assert name in PLAIN or "alert" in found.words, found.words[:300]


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, as WCAG 2 has it: 1 to 21; 3 is the least for pictures."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", NAMES)
def test_every_page_has_its_colours_for_dark_and_for_light(name: str, pages: dict[str, str]) -> None:
    page = pages[name]
    assert "color-scheme:light dark" in page
    assert "[data-jp-theme-light=false] .bs" in page and ".vscode-dark .bs" in page
    assert '<div class="bs' in page
    body = page.split("</style>", 1)[1]
    # A colour of its own has another for dark grounds, or is seen on both; all else takes the page's.
    shades = set(re.findall(r"(?:fill|stroke|color|background)[:=]\"?(#[0-9a-f]{3,6}|black|white)", body))
    if "prefers-color-scheme:dark" not in body:
        assert all(contrast(shade, ground) >= 3 for shade in shades for ground in ("#ffffff", "#111111")), shades


def test_tags_and_morphology_stand_under_the_words_of_a_document() -> None:
    page = nlp.load("en")("She was late.")._repr_html_()
    under = re.findall(r'<span class="bs-w"[^>]*>(\w+|\.)<small>(\w+)</small><small>([^<]*)</small></span>', page)
    assert [(form, upos) for form, upos, _ in under] == [("She", "PRON"), ("was", "AUX"), ("late", "ADJ"), (".", "PUNCT")]
    said = {form: more for form, _, more in under}
    assert "Fem" in said["She"] and "Past" in said["was"] and said["."] == "&nbsp;"
    # Lemma and features are told whole to who points at the word.
    assert re.search(r'title="be · VBD · [^"]*Tense=Past', page)


def test_what_a_bot_is_told_and_is_called_stands_in_its_page(pages: dict[str, str]) -> None:
    words = Tags(pages["Bot"]).words
    assert words.count(EVIL) == 3 and "You repeat." in words and "script" in words


SHOWN: dict[str, Callable[[dict[str, str]], bool]] = {
    "a failure": lambda pages: "ValueError" in Tags(pages["failed Answer"]).words,
    "a step's failure": lambda pages: "ValueError" in Tags(pages["FlowRun"]).words or EVIL in Tags(pages["FlowRun"]).words,
    "evidence": lambda pages: '<u class="bs-good">' in pages["Answer"],
    "why a canary was stopped": lambda pages: EVIL in Tags(pages["CanaryStatus"]).words,
}


@pytest.mark.parametrize("what", SHOWN)
def test_pages_say(what: str, pages: dict[str, str]) -> None:
    assert SHOWN[what](pages)
