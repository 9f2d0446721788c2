"""The peers: each metric's name in crates/eval/benches/metrics/table.rs, and what computes it.

A line is `name: (package, how many pairs of each length at most, function that starts a scorer)`.
A scorer takes (candidate, reference). Starting one is outside the time, as on our side.
"""

import functools
import gc
import re
from types import SimpleNamespace


def bleu():
    from sacrebleu.metrics import BLEU
    metric = BLEU(effective_order=True)
    return lambda a, b: metric.sentence_score(a, [b]).score


def gleu():
    from nltk.translate.gleu_score import sentence_gleu
    return lambda a, b: sentence_gleu([b.split()], a.split())


def chrf(word_order):
    from sacrebleu.metrics import CHRF
    metric = CHRF(word_order=word_order)
    return lambda a, b: metric.sentence_score(a, [b]).score


def ter():
    from sacrebleu.metrics import TER
    metric = TER()
    return lambda a, b: metric.sentence_score(a, [b]).score


def rouge(stemmer):
    from rouge_score.rouge_scorer import RougeScorer
    metric = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=stemmer)
    return lambda a, b: metric.score(b, a)


def meteor():
    # Exact and stemmed matches; no synonyms, as in our default.
    from nltk.translate.meteor_score import single_meteor_score
    words, nothing = re.compile(r"\w+|[^\w\s]"), SimpleNamespace(synsets=lambda _word: [])
    return lambda a, b: single_meteor_score(words.findall(b), words.findall(a), wordnet=nothing)


def wer():
    import jiwer
    return lambda a, b: jiwer.wer(b, a)


def cer():
    import jiwer
    return lambda a, b: jiwer.cer(b, a)


def distance(name):
    from rapidfuzz import distance
    return getattr(distance, name).distance


def token_set_ratio():
    from rapidfuzz import fuzz
    return fuzz.token_set_ratio


def forget():
    """Empties the caches of sacrebleu's tokenizers, which remember 65,536 lines: nobody scores the
    same pair twice, but a benchmark that makes several passes does."""
    for each in gc.get_objects():
        if isinstance(each, functools._lru_cache_wrapper) and "tokenize" in each.__module__:
            each.cache_clear()


SHORT, LONG = 10_000, 100
PEERS = {
    "bleu": ("sacrebleu", (SHORT, LONG), bleu),
    "gleu": ("nltk", (SHORT, LONG), gleu),
    "chrf": ("sacrebleu", (SHORT, LONG), lambda: chrf(0)),
    "chrf++": ("sacrebleu", (SHORT, LONG), lambda: chrf(2)),
    # Minutes a pair on long texts.
    "ter": ("sacrebleu", (1_000, 0), ter),
    "rouge-1-2-L": ("rouge-score", (SHORT, 5), lambda: rouge(False)),
    "rouge-1-2-L-stem": ("rouge-score", (SHORT, 5), lambda: rouge(True)),
    "meteor": ("nltk", (2_000, 3), meteor),
    "wer": ("jiwer", (SHORT, LONG), wer),
    "cer": ("jiwer", (SHORT, LONG), cer),
    "levenshtein": ("rapidfuzz", (SHORT, LONG), lambda: distance("Levenshtein")),
    "osa": ("rapidfuzz", (SHORT, LONG), lambda: distance("OSA")),
    "indel": ("rapidfuzz", (SHORT, LONG), lambda: distance("Indel")),
    "jaro-winkler": ("rapidfuzz", (SHORT, LONG), lambda: distance("JaroWinkler")),
    "token-set-ratio": ("rapidfuzz", (SHORT, LONG), token_set_ratio),
}
