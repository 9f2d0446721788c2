"""The loop from Python: honing, the gate, versions, a canary, a bandit."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

import botsmith as bs
from botsmith import feedback
from botsmith.online import Bandit, Canary
from botsmith.versions import Versions

BOT = r"""meta: {name: Prices, version: 1.0.0}   # the price bot
provider:
  id: script
  settings:
    answers:
      - when: /price of (\d+)/
        say: "{{ match[1] }} {% if messages | length > 2 %}EUR{% else %}dollars{% endif %}"
    otherwise: I do not know.
"""

SUITE = """version: 1
name: prices
dataset: cases.jsonl
bots: [{name: prices, cartridge: prices.yml}]
evaluators: [equals]
hone: {metric: equals}
"""


class Project:
    """A weak bot, its suite, its run, and what two raters said of it."""

    def __init__(self, folder: Path, cases: int = 200) -> None:
        self.bot, self.suite = folder / "prices.yml", folder / "suite.yaml"
        self.bot.write_text(BOT, encoding="utf-8")
        self.suite.write_text(SUITE, encoding="utf-8")
        rows = [
            {"id": f"case-{n}", "input": f"The price of {n}?", "reference": f"{n} EUR"} for n in range(cases)
        ]
        (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        self.store = bs.Store(f"sqlite:{folder / 'state.db'}")
        self.run = bs.evaluate(self.suite, store=self.store, progress=False)
        labels = [
            {
                "case": f"case-{n}", "bot": "prices", "rater": rater, "question": "verdict", "value": "down",
                "correction": f"{n} EUR",
            }
            for n in range(0, cases, 10)
            for rater in ("ana", "ben")
        ]
        said = folder / "said.jsonl"
        said.write_text("\n".join(map(json.dumps, labels)), encoding="utf-8")
        feedback.read(self.run, said)

    def hone(self, **more: object) -> bs.Honing:
        return bs.hone(self.bot, suite=self.suite, store=self.store, progress=False, **more)  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_corrections_pass_the_gate_wait_for_a_yes_and_can_be_taken_back(project: Project) -> None:
    plan = project.hone(dry_run=True)
    assert (plan.end, plan.version, plan.gate, plan.tried) == ("planned", None, None, [])

    honing = project.hone(by="ana")
    assert honing.end == "ready", honing.reasons
    assert honing.gate is not None and honing.gate["tested"]["difference"] == 1.0
    assert honing.version is not None and honing.tried[0]["proposer"] == "examples"
    assert project.bot.read_text() == BOT, "nothing changes before a yes"
    page = honing._repr_html_()
    assert "+100.0 points" in page and "at least" in page

    bot = Versions(project.bot, store=project.store)
    made = bot.promote(honing.version, by="ana")
    assert (made.name, made.origin, made.who) == ("1.0.1", "promoted", "ana")
    assert made.evidence["gate"]["passed"] and bot.find() == made
    assert project.bot.read_text() == bot.text() != BOT
    difference = bot.diff()
    assert difference.added > 0 and "+  examples:" in difference.text
    assert "bs-good" in difference._repr_html_()
    again = bs.evaluate(project.suite, store=project.store, progress=False)
    assert again.bots[0].scores["equals"].pass_rate == 1.0

    bot.pin()
    with pytest.raises(bs.Error, match="pinned"):
        bot.rollback()
    assert bot.unpin() and not bot.unpin()
    back = bot.rollback(by="ben")
    assert (back.name, project.bot.read_text()) == ("1.0.0", BOT), "to the byte"
    history = bot.history
    assert [move.action for move in history.moves] == ["adopt", "promote", "pin", "unpin", "rollback"]
    assert history.current == back.hash and history.audit_whole and not history.edited
    assert history.moves[-1].who == "ben" and "in force" in history._repr_html_()


def test_a_version_that_no_gate_passed_needs_a_reason(project: Project) -> None:
    bot = Versions(project.bot, store=project.store)
    cut = bot.propose(BOT.replace("EUR", "€"), by="bob")
    assert cut.origin == "proposed" and bot.find(cut.short) == cut
    with pytest.raises(bs.Error, match="has passed no gate"):
        bot.promote(cut)
    with pytest.raises(bs.Error, match="did not pass the gate"):
        Canary.start(bot, new=cut)
    assert bot.promote(cut, without_gate="shorter").name == "1.0.1"
    assert bot.history.moves[-1].note == "without a gate: shorter"
    with pytest.raises(bs.Error, match="no version `9.9.9`"):
        bot.find("9.9.9")
    with pytest.raises(bs.Error):
        Versions(project.bot.with_name("nobody.yml"), store=project.store)


def test_a_canary_takes_a_worse_version_back_and_a_bandit_prefers_the_better(project: Project) -> None:
    bot = Versions(project.bot, store=project.store)
    bot.promote(bot.propose(BOT.replace("I do not know", "Ask me later")), without_gate="a trial")
    new, old = bot.find(), bot.find("previous")
    canary = Canary.start(bot, salt="s", sessions=400)
    with pytest.raises(bs.Error, match="there already"):
        Canary.start(bot)
    for n in range(400):
        version = canary.version(f"s{n}")
        assert version in (old.hash, new.hash) and version == canary.version(f"s{n}")
        state = canary.record(f"s{n}", 1.0 if version == old.hash else None)
        if state != "watching":
            break
    status = canary.status
    assert (state, status.state, status.settled) == ("rolled-back", "rolled-back", True)
    assert status.harm >= 20 and status.new.mean == 0 and status.report["failed"][1] == status.new.n
    assert project.bot.read_text() == BOT and "rolled-back" in status._repr_html_()

    honing = project.hone()
    assert honing.version is not None
    variant = bot.find(honing.version)
    with pytest.raises(bs.Error, match="0 and 1"):
        Bandit.start(bot, [old, variant], variance=1.0)
    bandit = Bandit.start(bot, [old, variant], salt="s")
    for n in range(120):
        version, propensity = bandit.version(f"b{n}")
        assert 0.05 <= propensity <= 0.95
        assert bandit.record(f"b{n}", version == variant.hash)
        assert not bandit.record(f"b{n}", 0.0), "the first reward counts"
    found = bandit.status
    assert found.rewards == 120 and found.versions[1].best > 0.95 and found.kept is None
    assert found.versions[1].earned is not None and found.versions[1].interval is not None
    ended = bandit.stop(variant, by="ana")
    assert ended.kept == variant.hash and bot.find().evidence["variant"] == variant.hash
    assert "is best" in ended._repr_html_()


def test_alpha_is_stated_once_budgets_are_held_and_advisory_is_no_pass(project: Project) -> None:
    honing = project.hone(alpha=0.1, p95_latency=60.0)
    assert honing.end == "ready" and honing.gate is not None and honing.gate["alpha"] == 0.1
    assert [guard["held"] for guard in honing.gate["guards"] if guard["name"] == "latency"] == [True]
    assert project.hone().gate == honing.gate, "alpha is what was stated"
    with pytest.raises(bs.Error, match=r"stated 0\.1"):
        project.hone(alpha=0.45)
    with pytest.raises(bs.Error, match="budget of cost"):
        project.hone(cost=-1.0)

    bot = Versions(project.bot, store=project.store)
    dislikes = "{when: dollars, say: {reason: no, met: [false]}}"
    likes = "{say: {reason: yes, met: [true]}}"
    judge = f"provider: {{id: script, settings: {{answers: [{dislikes}], otherwise: {likes}}}}}"
    project.suite.with_name("judge.yml").write_text(judge, encoding="utf-8")
    judged = "evaluators: [{judge: {cartridge: judge.yml, criteria: [The currency is right.], name: fine}}]"
    suite = SUITE.replace("evaluators: [equals]", judged).replace("metric: equals", "metric: fine")
    project.suite.write_text(suite, encoding="utf-8")
    project.bot.write_text(BOT + "# another\n", encoding="utf-8")
    advisory = project.hone()
    assert advisory.end == "advisory", advisory.reasons
    assert advisory.version is not None and bot.find(advisory.version).evidence["gate"]["advisory"]
    with pytest.raises(bs.Error, match="advisory verdict is no pass"):
        Canary.start(bot, new=advisory.version)
    assert bot.promote(advisory.version, by="ana").origin == "promoted", "a person may"


def test_honing_is_awaited_refuses_what_it_does_not_know_and_hears_of_progress(project: Project) -> None:
    seen: list[tuple[object, ...]] = []

    async def main() -> bs.Honing:
        return await bs.aio.hone(
            "prices", suite=project.suite, store=project.store, budget=4000, progress=lambda *news: seen.append(news)
        )

    assert asyncio.run(main()).end == "ready"
    for wrong in ({"budget": "much"}, {"proposers": ["nobody"]}, {"budget": 0}):
        with pytest.raises(ValueError):
            project.hone(**wrong)
    with pytest.raises(bs.Error, match="optimiser"):
        project.hone(proposers=["instructions"])
    with pytest.raises(bs.Error, match="did you mean `prices`"):
        bs.hone("price", suite=project.suite, store=project.store)
    with pytest.raises(bs.Error):
        bs.hone("prices", suite="nowhere.yaml", store=project.store)


def test_a_judge_is_held_against_people_and_who_is_at_odds_does_not_count(project: Project) -> None:
    with pytest.raises(bs.Error, match="judge"):
        feedback.calibrate(project.run)
    lines = [
        {
            "case": f"case-{n}", "bot": "prices", "rater": rater, "question": "verdict",
            "value": (n % 3 == 0) == (rater != "odd"),
        }
        for n in range(120)
        for rater in ("ana", "ben", "odd")
    ]
    path = project.bot.with_name("three.jsonl")
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    feedback.read(project.run, path)
    held = feedback.calibrate(project.run, metric="equals")
    assert held.excluded == ("odd",) and not held.gates and held.reason is not None
    # Eight more answers have a label from before.
    assert held.labels == 128 and held.report["raters"] == ["ana", "ben"]
    assert "<svg" in held._repr_html_()
