"""Statistics over lists. The numbers themselves are checked in Rust against other programs."""

from __future__ import annotations

import pickle
import random

import pytest

import botsmith as bs
from botsmith import stats


def test_numbers_carry_n_and_interval() -> None:
    values = [0.2, 0.4, 0.9, 0.7, 0.5]
    found = stats.mean(values, seed=3)
    assert found.value == pytest.approx(0.54) and found.n == 5
    assert found.interval is not None and found.interval[0] < 0.54 < found.interval[1]
    assert stats.mean(values, seed=3) == found
    assert stats.mean([1, 0, 1, 1]).method.startswith("wilson")
    grouped = stats.mean(values, groups=["a", "a", "b", "b", "c"])
    assert grouped.value == found.value and grouped.method != found.method
    assert pickle.loads(pickle.dumps(found)) == found


def test_tests_agree_on_what_is_plain() -> None:
    rng = random.Random(1)
    a = [rng.random() for _ in range(40)]
    b = [value + 0.3 + rng.random() / 10 for value in a]
    for method in ("sign-flip", "wilcoxon", "paired-t", "sign"):
        assert stats.test(a, b, method=method).p < 0.001
        assert stats.test(a, b, method=method, side="less").p > 0.9
    assert stats.compare(a, b).difference == pytest.approx(0.35, abs=0.03)
    assert stats.effect(a, b, method="superiority") > 0.9
    assert stats.correlation(a, b).value > 0.9
    ones, zeros = [1] * 9 + [0], [0] * 9 + [1]
    assert stats.test(zeros, ones, method="mcnemar-exact").p == pytest.approx(0.0215, abs=1e-4)


@pytest.mark.parametrize("method", ["wilson", "clopper-pearson", "agresti-coull", "jeffreys"])
def test_intervals_of_shares_hold_the_share(method: str) -> None:
    lo, hi = stats.share(7, 10, method=method)  # type: ignore[arg-type]
    assert 0 <= lo < 0.7 < hi <= 1
    wide = stats.share(7, 10, method=method, confidence=0.99)  # type: ignore[arg-type]
    assert wide[0] < lo and wide[1] > hi


def test_rankings_and_tries() -> None:
    assert stats.ranking([True, False, True], [0.9, 0.1, 0.8]) == 1.0
    assert stats.ranking([True, False], [1.0, 0.0], method="brier") == 0.0
    assert stats.pass_at(4, 2, 2, every=True) == pytest.approx(1 / 6)
    assert stats.adjust([0.01, 0.04], correction="bonferroni") == [0.02, 0.08]


def test_wrong_questions_are_errors_that_help() -> None:
    with pytest.raises(bs.Error):
        stats.mean([])
    with pytest.raises(bs.Error):
        stats.compare([1.0], [1.0, 2.0])
    with pytest.raises(bs.Error, match="no test"):
        stats.test([1.0], [2.0], method="magic")  # type: ignore[arg-type]
    with pytest.raises(bs.Error):
        stats.share(3, 2)
    with pytest.raises(bs.Error, match="not between 0 and 1"):
        stats.share(1, 2, confidence=2)


def test_labels_against_labels_are_those_of_scikit_learn() -> None:
    truth = ["no", "no", "yes", "yes", "yes", "maybe"]
    given = ["no", "yes", "yes", "yes", "no", "maybe"]
    found = stats.confusion(truth, given)
    assert found.labels == ("maybe", "no", "yes") and found.counts == ((1, 0, 0), (0, 1, 1), (0, 1, 2))
    assert found.accuracy == pytest.approx(4 / 6) and found.n == 6
    assert found.per_class["yes"].precision == pytest.approx(2 / 3) and found.per_class["yes"].support == 3
    # sklearn.metrics.cohen_kappa_score and matthews_corrcoef of the same lists.
    assert found.kappa == pytest.approx(1 - (2 / 6) / (22 / 36)) and found.matthews == pytest.approx(0.4545454545)
    ordered = stats.confusion(truth, given, order=["no", "maybe", "yes"])
    assert ordered.labels == ("no", "maybe", "yes") and ordered.kappa == pytest.approx(found.kappa or 0)
    assert ordered.kappa_linear != found.kappa_linear
    assert pickle.loads(pickle.dumps(found)) == found and "<table" in found._repr_html_()
    with pytest.raises(ValueError, match="none of the order"):
        stats.confusion(truth, given, order=["no", "yes"])
    with pytest.raises(bs.Error):
        stats.confusion([], [])


def test_power_and_spread_are_those_of_rust() -> None:
    assert stats.cases_needed(0.5, 1.0) == 34 and stats.power(34, 0.5, 1.0) >= 0.8 > stats.power(32, 0.5, 1.0)
    assert stats.detectable(10, 0.2) is None
    found = stats.spread([1.0, 2.0, 3.0, 4.0])
    assert found.standard_error == pytest.approx(found.sd / 2)
    assert found.interval == pytest.approx((0.446, 4.554), abs=1e-3)
    assert stats.mean_pass_at([(2, 2), (2, 1), (2, 0)], 2, every=True) == pytest.approx(1 / 3)
    assert stats.ndcg([0, 2, 3], [0.9, 0.5, 0.1], k=2) < 0.5


def test_a_judge_is_held_against_people() -> None:
    human = [i % 2 == 0 for i in range(200)]
    scores = [0.9 if h == (i % 20 > 1) else 0.1 for i, h in enumerate(human)]
    found = stats.calibrate(scores, human, groups=range(200), seed=1)
    assert found.gates and found.reasons == () and found.svg.startswith("<svg")
    assert found.quality["agreement"]["value"] == pytest.approx(0.9)
    low, high = found.apply([0.1, 0.9])
    assert low == pytest.approx(0.1, abs=0.05) and high == pytest.approx(0.9, abs=0.05)
    few = stats.calibrate(scores[:40], human[:40])
    assert not few.gates and any("40 labels of 100" in reason for reason in few.reasons)
    assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(ValueError, match="200 scores but 3 of weights"):
        stats.calibrate(scores, human, weights=[1.0] * 3)
    with pytest.raises(bs.Error, match="at least 20 labels"):
        stats.calibrate(scores[:5], human[:5])


def test_labels_and_a_judge_say_more_than_labels_alone() -> None:
    truth = [float(i * 7 % 10 < 7) for i in range(1000)]
    judge = [t if i % 11 else 1 - t for i, t in enumerate(truth)]
    human = [t if i < 150 else None for i, t in enumerate(truth)]
    found = stats.prediction_powered(judge, human)
    lo, hi = found.interval
    alone_lo, alone_hi = found.labels_alone[1]
    assert lo < 0.7 < hi and hi - lo < alone_hi - alone_lo and (found.n, found.labels) == (1000, 150)
    better = stats.prediction_powered_difference((judge, human), ([1.0] * 1000, [1.0] * 150 + [None] * 850))
    assert better.value == pytest.approx(0.3, abs=0.05)
    chances = stats.inclusion_probabilities([1.0] * 10, 5)
    assert chances == pytest.approx([0.5] * 10)
    with pytest.raises(bs.Error, match="at least 0.2"):
        stats.inclusion_probabilities([1.0] * 10, 5, random_share=0.1)
