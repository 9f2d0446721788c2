"""Feedback from Python: records, files, agreement, and a rater's way through the work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import botsmith as bs
from botsmith import feedback, stats
from botsmith._review import choices

SUITE = """
version: 1
dataset: data.jsonl
bots: [{name: plain, recorded: {answer: /plain}}, {name: loud, recorded: {answer: /loud}}]
evaluators: [equals]
feedback:
  guidelines: Be fair.
  questions:
    - {name: verdict, kind: thumb}
    - {name: where, kind: span}
    - {name: better, kind: pairwise}
  budget: 60
"""


@pytest.fixture
def run(tmp_path: Path) -> bs.Run:
    rows = [
        {"id": f"c{i}", "input": f"say {i}", "reference": f"é {i}", "plain": f"é {i}", "loud": f"É {i}!"}
        for i in range(30)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    return bs.evaluate(suite, store=f"sqlite:{tmp_path / 'state.db'}", progress=False)


def test_what_is_said_is_kept_edited_and_goes_through_files(run: bs.Run, tmp_path: Path) -> None:
    first = feedback.add(run, case="c1", bot="plain", question="verdict", value=True, rater="ana")
    assert first["value"] == "up"
    second = feedback.add(run, case="c1", bot="plain", question="verdict", value="down", rater="ana", comment="no")
    assert second["replaces"] == first["id"]
    assert feedback.records(run) == [second]
    assert len(feedback.records(run, all=True)) == 2
    span = feedback.add(
        run, case="c1", bot="plain", question="where", value=[{"start": 0, "end": 1}], rater="ana"
    )
    assert span["value"] == [{"start": 0, "end": 2}], "code points in, bytes kept"
    for name in ("said.jsonl", "said.csv"):
        assert feedback.write(run, tmp_path / name) == 2
        again = feedback.read(run, tmp_path / name)
        assert (again["shape"], again["new"], again["known"]) == ("records", 0, 2)
    with pytest.raises(bs.Error, match="did you mean `plain`"):
        feedback.add(run, case="c1", bot="plan", question="verdict", value="up", rater="ana")
    with pytest.raises(bs.Error, match="`up` or `down`"):
        feedback.add(run, case="c1", bot="plain", question="verdict", value="sideways", rater="ana")
    with pytest.raises(ValueError, match="plain, loud"):
        feedback.add(run, case="c1", question="verdict", value="up", rater="ana")


def test_a_review_goes_on_where_it_was_left_and_hides_the_bots(run: bs.Run) -> None:
    review = feedback.review(run, "ana", questions=["verdict"])
    done, total = review.progress
    assert done == 0 and total > 10 and review.guidelines == "Be fair."
    step = review.step
    assert step is not None and step["answers"][0]["bot"] is None
    assert "plain" not in review._repr_html_() and "1 of" in review._repr_html_()
    kept = review.answer("up", comment="fine")
    assert kept is not None and kept["blind"] and kept["comment"] == "fine"
    review.answer("down")
    assert review.undo() and review.progress == (1, total)
    review.discard("an empty question")
    assert feedback.review(run, "ana", questions=["verdict"]).progress == (2, total)
    pairs = feedback.review(run, "ana", questions=["better"])
    assert pairs.step is not None and len(pairs.step["answers"]) == 2
    assert [value for _, value in choices(pairs.step["question"])] == ["a", "b", "tie"]
    while review.step is not None:
        review.answer("up")
    assert "all is done" in review._repr_html_() and review.answer("up") is None


def test_what_people_would_let_pass_is_estimated_for_each_bot_and_each_two(run: bs.Run) -> None:
    for i in range(20):
        for bot, value in (("plain", i % 4 != 0), ("loud", i % 2 == 0)):
            feedback.add(run, case=f"c{i}", bot=bot, question="verdict", value=value, rater="ana")
    found = feedback.estimate(run)
    plain, loud, gap = found["plain"], found["loud"], found.gaps[0]
    assert plain.people is not None and loud.people is not None and gap.people is not None
    assert (plain.answers, plain.labels) == (30, 20)
    assert (gap.a, gap.b, gap.labels) == ("plain", "loud", 20)
    assert [of.people.value for of in (plain, loud, gap) if of.people] == pytest.approx([0.75, 0.5, -0.25])
    assert plain.people.interval[0] < 0.75 < plain.people.interval[1]
    page = found._repr_html_()
    assert "loud less plain" in page and "20 of 30" in page and "75.0%" in page
    with pytest.raises(KeyError):
        found["nobody"]
    with pytest.raises(bs.Error, match="equal"):
        feedback.estimate(run, metric="equal")


def test_two_runs_are_labelled_together_without_showing_whose_answer_it_is(run: bs.Run, tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text(data.read_text(encoding="utf-8").replace(r"\u00e9", "e"), encoding="utf-8")
    other = bs.evaluate(tmp_path / "suite.yaml", store=run.store, progress=False)
    assert other.id != run.id
    review = feedback.review(run, "ana", beside=other, questions=["verdict"], budget=100)
    runs = set()
    while review.step is not None:
        kept = review.answer("up")
        assert kept is not None and kept["blind"]
        runs.add(kept["run"])
    # The answers of `loud` are the same in both runs, and asked about once.
    assert runs == {run.id, other.id} and review.progress == (90, 90)
    with pytest.raises(bs.Error, match="beside itself"):
        feedback.review(run, "ana", beside=run)


def test_agreement_says_who_is_at_odds(run: bs.Run, tmp_path: Path) -> None:
    lines = [
        {"case": f"c{i}", "bot": bot, "rater": rater, "question": "verdict", "value": good == (rater != "odd")}
        for bot in ("plain", "loud")
        for i in range(30)
        for good in [i % 3 != 0]
        for rater in ("ana", "ben", "odd")
    ]
    path = tmp_path / "three.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert feedback.read(run, path)["new"] == 180
    found = feedback.agreement(run)[0]
    assert found["verdict"] == "sound" and found["doubles"] == 60
    assert {r["rater"]: r["excluded"] for r in found["raters"]} == {"ana": False, "ben": False, "odd": True}


def test_alpha_of_lists_takes_missing_ratings() -> None:
    found = stats.agreement([[1, 2, 3, None], [1, 2, 2, float("nan")]], "interval", seed=1)
    assert found.n == 3 and found.alpha is not None and found.interval is not None
    assert [r.shared for r in found.raters] == [3, 3]
    with pytest.raises(ValueError, match="cardinal"):
        stats.agreement([[1], [1]], "cardinal")  # type: ignore[arg-type]
