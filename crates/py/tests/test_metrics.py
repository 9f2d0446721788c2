"""Text metrics over lists."""

from __future__ import annotations

import json
import math
import pickle
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import botsmith as bs
from botsmith import metrics
from botsmith._metric import Reference
from botsmith.metrics import MetricFunction

PAIRS = [
    ("the cat sat on the mat", "The cat was sitting on the mat."),
    ("a b c d", "a b c d"),
    ("", "something"),
    ("日本語 テキスト", "日本語 の テキスト"),
    ("Ünïcödé 😀 words", "Unicode 😀 words here"),
]

ALL = {name: found for name, found in vars(metrics).items() if isinstance(found, MetricFunction)}

#: Evaluators that have no function: they look at more than a text and its references, ask a model, or judge language
#: by itself. `score` and suites reach them. A new evaluator goes here, or gets its function.
WITHOUT = {
    "all-of", "answers-question", "any-of", "choice", "contains", "contains-all", "contains-any",
    "contains-json", "context-precision", "context-recall", "cost", "ends-with", "icontains", "instruction",
    "is-json", "json-schema", "judge", "latency", "length", "lexical-diversity", "lines", "modality", "mood",
    "negation-flip", "new-names", "new-numbers", "nli", "not", "perplexity", "person", "pos-pattern",
    "readability", "regex", "register", "relevance", "sentences", "starts-with", "tense", "tool-calls",
    "trajectory", "voice", "weighted", "words",
}

#: Evaluators whose functions take lists of ids, or sets of texts: `hit`, `mean_average_precision`, `mrr`, `ndcg`, `self_bleu`.
OF_LISTS = {"hit", "map", "mrr", "ndcg", "self-bleu"}

#: `number_equals` wants numbers in its references.
OF_WORDS = sorted(set(ALL) - {"number_equals"})


@pytest.mark.parametrize("name", OF_WORDS)
def test_singles_lists_and_threads_agree(name: str) -> None:
    function = ALL[name]
    candidates, references = [a for a, _ in PAIRS], [b for _, b in PAIRS]
    one = [function(a, b) for a, b in PAIRS]
    assert function(candidates, references, threads=1) == one
    many = function(candidates * 40, references * 40, threads=3)
    assert many == one * 40
    assert function(iter(candidates), iter(references)) == one
    assert function([], []) == []


@pytest.mark.parametrize("name", OF_WORDS)
def test_scores_are_those_of_the_command_line(name: str) -> None:
    rows = "".join(json.dumps({"candidate": a, "references": [b]}) + "\n" for a, b in PAIRS)
    kind = name.replace("_", "-")
    command = [sys.executable, "-m", "botsmith", "metric", kind, "--corpus", "--json"]
    done = subprocess.run(command, input=rows, capture_output=True, text=True, check=True)
    *scores, corpus = [json.loads(line) for line in done.stdout.splitlines()]
    function = ALL[name]
    candidates, references = [a for a, _ in PAIRS], [b for _, b in PAIRS]
    assert function(candidates, references) == [row["score"] for row in scores]
    assert function.corpus(candidates, references) == corpus["corpus"]["score"]


def test_lists_of_many_blocks_and_texts_of_any_length_are_judged_as_each_by_itself() -> None:
    rng = random.Random(3)
    words = ["judge", "bots", "über", "日本", "fair", "😀", "and", "square"]
    # Most are short; two in a hundred are of 10 to 30 kB, which go to a thread of their own.
    lengths = [rng.randint(2000, 5000) if i % 100 in (7, 8) else rng.randint(0, 60) for i in range(3000)]
    candidates = [" ".join(rng.choices(words, k=length)) for length in lengths]
    references: list[str | list[str]] = [text.replace("bots", "bot") for text in candidates]
    references[::50] = [[text, "something else"] for text in candidates[::50]]
    apart = [metrics.wer(text, of) for text, of in zip(candidates, references, strict=True)]
    assert metrics.wer(candidates, references, threads=1) == apart
    assert metrics.wer(candidates, references, threads=2) == apart
    assert 0.0 < sum(apart) < len(apart)


def test_lists_that_change_while_they_are_judged_are_judged_as_they_were() -> None:
    class Shortens(Sequence[str]):
        """References that take the last candidates away when they are read."""

        def __len__(self) -> int:
            return 1

        def __getitem__(self, at: Any) -> Any:
            del candidates[1:]
            return ["a b"][at]

    for threads in (1, 2):
        candidates = ["a c", "a b", "a c"]
        references: list[Reference] = [Shortens(), "a b", "a b"]
        assert metrics.wer(candidates, references, threads=threads) == [0.5, 0.0, 0.5]
        assert len(candidates) == 1


def test_of_several_references_the_best_counts() -> None:
    assert metrics.rouge("a b", ["x y", "a b"]) == 1.0
    assert metrics.rouge(["a b", "c"], [("x", "a b"), "c"]) == [1.0, 1.0]


def test_every_text_metric_of_suites_has_its_function() -> None:
    by_name = {name.replace("_", "-") for name in ALL} | OF_LISTS
    assert not by_name & WITHOUT
    assert set(metrics.names()) == by_name | WITHOUT
    for name in WITHOUT | OF_LISTS:
        # Each is there, and says what it wants where it cannot do without.
        try:
            assert metrics.score(name, [], []) == []
        except bs.SpecError as error:
            assert error.path == "--options", error


#: What gives a score of nothing, and what it has nothing to judge in.
NOTHING: dict[str, tuple[Callable[..., Any], tuple[Any, Any]]] = {
    "distinct_n": (metrics.distinct_n, ("a", "")),
    # An answer is compared with 10 000 texts at most.
    "bertscore": (metrics.bertscore, ("a", ["b"] * 10_001)),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_cannot_be_judged_has_no_score(name: str) -> None:
    function, (candidate, reference) = NOTHING[name]
    assert function(candidate, reference) is None
    assert function([candidate] * 2, [reference] * 2) == [None, None]
    assert function.corpus([candidate], [reference]) is None  # type: ignore[attr-defined]
    kind = name.replace("_", "-")
    assert metrics.score(kind, [candidate, "a b a b"], [reference, "b"])[0] is None


@pytest.mark.parametrize("kind", ["answers-question", "cost", "latency", "tense"])
def test_evaluators_without_anything_to_judge_give_none(kind: str) -> None:
    options: dict[str, Any] = {"cost": {"max": 1}, "latency": {"max": 1}, "tense": {"want": "past"}}.get(kind, {})
    assert metrics.score(kind, ["42"], ["43"], **options) == [None]


@pytest.mark.parametrize("name", sorted(set(OF_WORDS) - {"distinct_n"}))
def test_all_other_functions_have_a_score_for_every_pair(name: str) -> None:
    texts = ["", " ", "a", "the", "a b c", ".", "!!!", "日本語", "😀", "\u200b", "9" * 400, "a" * 2000]
    pairs = [(a, b) for a in texts for b in texts]
    found = ALL[name]([a for a, _ in pairs], [b for _, b in pairs])
    assert all(isinstance(score, float) and math.isfinite(score) for score in found)


def test_wrong_arguments_are_errors_that_help() -> None:
    with pytest.raises(ValueError, match="2 candidates and 1 references"):
        metrics.bleu(["a", "b"], ["a"])
    with pytest.raises(TypeError):
        metrics.bleu("a", 1)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        metrics.bleu([1], ["a"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="one reference for a list"):
        metrics.bleu(["a"], "a")
    with pytest.raises(TypeError):
        metrics.bleu("a", "a", tokeniser="13a")  # type: ignore[call-overload]
    with pytest.raises(bs.SpecError, match="max-order"):
        metrics.bleu("a", "a", max_order=99)
    with pytest.raises(ValueError):
        metrics.meteor("a", "a", alpha=math.nan)
    with pytest.raises(UnicodeEncodeError):
        metrics.bleu("\ud800", "a")
    with pytest.raises(bs.EvalError, match="no reference"):
        metrics.bleu("a", [])
    with pytest.raises(OverflowError):
        metrics.bleu(["a"], ["b"], threads=-1)


def test_metrics_show_their_signature_and_pickle_by_name() -> None:
    assert repr(metrics.wer) == "<metric wer(candidate, reference, *, threads=0)>" or "threads" in repr(metrics.wer)
    assert pickle.loads(pickle.dumps(metrics.rouge)) is metrics.rouge
    assert metrics.bleu.signature().startswith("nrefs:")
    assert metrics.bleu.corpus([], []) is None


def test_sixteen_threads_give_what_one_gives() -> None:
    candidates, references = [a for a, _ in PAIRS] * 20, [b for _, b in PAIRS] * 20
    wanted = metrics.chrf(candidates, references)
    found: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda: found.append(metrics.chrf(candidates, references, threads=2)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 16


def test_ranked_lists_are_judged_by_the_ids_that_are_relevant() -> None:
    ranked = ["d1", "d2", "d3", "d4"]
    assert metrics.reciprocal_rank(ranked, ["d3"]) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(ranked, ["d3"], k=2) == 0.0
    assert metrics.hit(ranked, {"d4"}, k=3) == 0.0 and metrics.hit(ranked, {"d4"}) == 1.0
    assert metrics.average_precision(ranked, ["d1", "d4"]) == pytest.approx((1 + 2 / 4) / 2)
    # trec_eval's ndcg_cut: gains 3 at rank 2 and 1 at rank 4, the best order being 3, 1.
    wanted = (3 / math.log2(3) + 1 / math.log2(5)) / (3 + 1 / math.log2(3))
    assert metrics.ndcg(ranked, {"d2": 3, "d4": 1}) == pytest.approx(wanted)
    lists, relevant = [ranked, ["x"], []], [["d2"], {"x": 2}, ["y"]]
    assert metrics.reciprocal_rank(lists, relevant, threads=2) == [0.5, 1.0, 0.0]
    assert metrics.mrr(lists, relevant) == 0.5 and metrics.hit_rate(lists, relevant, k=1) == pytest.approx(1 / 3)
    assert metrics.mean_average_precision(lists, relevant) == 0.5
    assert metrics.mrr([], []) is None and metrics.ndcg([], ["y"]) == 0.0
    # As the evaluators of suites have it.
    assert metrics.score("mrr", ['["d1", "d2"]'], [["d2"]]) == [metrics.reciprocal_rank(["d1", "d2"], ["d2"])]
    with pytest.raises(ValueError, match="each list needs its own"):
        metrics.ndcg([["a"], ["b"]], [["a"]])
    with pytest.raises(bs.Error, match="0 or more"):
        metrics.ndcg(["a"], {"a": math.nan})
    with pytest.raises(TypeError, match="one text"):
        metrics.ndcg("a", ["a"])


def test_sets_of_texts_are_judged_by_how_much_they_vary() -> None:
    texts = ["the cat sat on the mat", "the cat sat on a mat", "a dog ran home at once"]
    each = [metrics.bleu(text, [other for other in texts if other != text]) for text in texts]
    assert metrics.self_bleu(texts) == pytest.approx(sum(each) / 3)
    assert metrics.self_bleu([texts, texts[:1]], threads=2) == [pytest.approx(sum(each) / 3), None]
    plain = metrics.self_bleu(texts, smooth="none", max_order=2)
    assert plain is not None and plain != metrics.self_bleu(texts)
    with pytest.raises(bs.SpecError, match="smooth"):
        metrics.self_bleu(texts, smooth="most")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="many texts"):
        metrics.self_bleu("one text")
