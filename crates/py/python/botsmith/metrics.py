"""Text metrics as plain functions, exact to their reference implementations.

Each takes a candidate and a reference, or two lists of them; a reference is a text, or a list of texts
of which the best counts. ``.corpus(candidates, references)`` gives one score of all together. BLEU,
chrF and TER are in percent; the others have the range that they name.

:func:`mrr`, :func:`ndcg`, :func:`mean_average_precision` and :func:`hit_rate` are of ranked lists of ids,
:func:`self_bleu` is of a set of texts.

Examples
--------
>>> from botsmith import metrics
>>> metrics.rouge("the cat sat", "The cat was sitting.", stemmer=True)
0.5714285714285715
>>> metrics.levenshtein(["flaw", "same"], ["lawn", "same"])
[0.5, 1.0]
>>> round(metrics.bleu.corpus(["a b c d e"], ["a b c d f"]), 2)
66.87
"""

from __future__ import annotations

import json
import os
from typing import Any, Literal

from . import _native
from ._metric import MetricFunction, Reference, Tokenizer, metric, metric_or_none
from ._ranked import (
    average_precision,
    hit,
    hit_rate,
    mean_average_precision,
    mrr,
    ndcg,
    reciprocal_rank,
    self_bleu,
)

__all__ = [
    "MetricFunction",
    "average_precision",
    "bertscore",
    "bleu",
    "cer",
    "chrf",
    "distinct_n",
    "edit_distance",
    "equals",
    "exact_match",
    "fuzzy",
    "gleu",
    "hit",
    "hit_rate",
    "lemma_overlap",
    "levenshtein",
    "mean_average_precision",
    "mer",
    "meteor",
    "mrr",
    "names",
    "ndcg",
    "nltk_bleu",
    "number_equals",
    "reciprocal_rank",
    "repetition",
    "rouge",
    "score",
    "self_bleu",
    "similarity",
    "ter",
    "token_f1",
    "wer",
    "wil",
    "wip",
]


@metric("bleu")
def bleu(
    *,
    lowercase: bool = False,
    tokenize: Tokenizer = "13a",
    smooth: Literal["exp", "floor", "add-k", "none"] = "exp",
    smooth_value: float | None = None,
    max_order: int = 4,
    effective_order: bool | None = None,
    threads: int = 0,
) -> dict[str, Any]:
    """BLEU as sacrebleu 2.6 computes it (Papineni et al. 2002), 0 to 100.

    Parameters
    ----------
    lowercase
        Whether texts are put in lower case first. Default: False.
    tokenize
        How texts become tokens; ``zh`` for Chinese, ``char`` for other scripts without spaces. Default: 13a.
    smooth
        What takes the place of a precision of 0. Default: exp.
    smooth_value
        Matches that ``floor`` (0.1) takes for none, or that ``add-k`` (1) adds. Default: None.
    max_order
        Longest n-grams, 1 to 8. Default: 4.
    effective_order
        Whether orders that the candidate is too short for are left out; unless given: for single texts, not for a corpus. Default: None.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.bleu("the cat sat on the mat", "the cat sat on a mat"), 2)
    53.73
    """
    return {"lowercase": lowercase, "tokenize": tokenize, "smooth": smooth, "smooth_value": smooth_value, "max_order": max_order, "effective_order": effective_order, "threads": threads}


@metric("gleu")
def gleu(
    *,
    tokenize: Tokenizer = "none",
    lowercase: bool = False,
    threads: int = 0,
) -> dict[str, Any]:
    """Google's GLEU (Wu et al. 2016) as nltk computes it, 0 to 1.

    Parameters
    ----------
    tokenize
        How texts become tokens; ``none``: white space alone separates them. Default: none.
    lowercase
        Whether texts are put in lower case first. Default: False.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.gleu("a b c", "a b d"), 4)
    0.5
    """
    return {"tokenize": tokenize, "lowercase": lowercase, "threads": threads}


@metric("nltk-bleu")
def nltk_bleu(
    *,
    method: Literal[0, 1, 2, 3, 4, 5, 7] = 1,
    tokenize: Tokenizer = "none",
    lowercase: bool = False,
    threads: int = 0,
) -> dict[str, Any]:
    """BLEU of single texts with one of nltk's smoothing methods, 0 to 1.

    Parameters
    ----------
    method
        Nltk's number of the smoothing. Default: 1.
    tokenize
        How texts become tokens. Default: none.
    lowercase
        Whether texts are put in lower case first. Default: False.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.nltk_bleu("a b c d", "a b c e", method=2), 4)
    0.658
    """
    return {"method": method, "tokenize": tokenize, "lowercase": lowercase, "threads": threads}


@metric("chrf")
def chrf(
    *,
    char_order: int = 6,
    word_order: int = 0,
    beta: int = 2,
    lowercase: bool = False,
    whitespace: bool = False,
    eps_smoothing: bool = False,
    threads: int = 0,
) -> dict[str, Any]:
    """chrF as sacrebleu 2.6 computes it (Popović 2015, 2017), 0 to 100.

    Parameters
    ----------
    char_order
        Longest n-grams of characters. Default: 6.
    word_order
        Longest n-grams of words; 2 is chrF++. Default: 0.
    beta
        How many times as much recall matters as precision. Default: 2.
    lowercase
        Whether upper and lower case are the same. Default: False.
    whitespace
        Whether white space is part of the n-grams of characters. Default: False.
    eps_smoothing
        Whether orders that one text is too short for count too. Default: False.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.chrf("the cat", "the cats"), 2)
    77.57
    """
    return {"char_order": char_order, "word_order": word_order, "beta": beta, "lowercase": lowercase, "whitespace": whitespace, "eps_smoothing": eps_smoothing, "threads": threads}


@metric("ter")
def ter(
    *,
    normalized: bool = False,
    no_punct: bool = False,
    asian_support: bool = False,
    case_sensitive: bool = False,
    threads: int = 0,
) -> dict[str, Any]:
    """Translation edit rate as sacrebleu 2.6 computes it (Snover et al. 2006); 0 is best, in percent.

    Parameters
    ----------
    normalized
        Whether punctuation is parted from words and XML's entities are resolved. Default: False.
    no_punct
        Whether punctuation is left out. Default: False.
    asian_support
        With ``normalized``: ideographs are words by themselves. Default: False.
    case_sensitive
        Whether upper and lower case differ. Default: False.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.ter("b a", "a b")
    50.0
    """
    return {"normalized": normalized, "no_punct": no_punct, "asian_support": asian_support, "case_sensitive": case_sensitive, "threads": threads}


@metric("rouge")
def rouge(
    *,
    variant: Literal["N", "L", "Lsum"] | str | int = "L",
    n: int | None = None,
    stemmer: bool = False,
    measure: Literal["f", "p", "r"] = "f",
    threads: int = 0,
) -> dict[str, Any]:
    """ROUGE as Google's rouge-score 0.1.2 computes it (Lin 2004), 0 to 1.

    Parameters
    ----------
    variant
        ``1``, ``2`` and so on: n-grams of so many words; ``"L"``: longest common subsequence; ``"Lsum"``: that line by line. Default: L.
    n
        Words of an n-gram, for variant ``"N"``. Default: None.
    stemmer
        Whether words lose their English suffixes (nltk's Porter stemmer). Default: False.
    measure
        Which number is the score: F, precision or recall. Default: f.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.rouge("the cat sat", "The cat was sitting.", measure="r")
    0.5
    """
    return {"variant": variant, "n": n, "stemmer": stemmer, "measure": measure, "threads": threads}


@metric("meteor")
def meteor(
    *,
    alpha: float = 0.9,
    beta: float = 3,
    gamma: float = 0.5,
    wordnet: str | os.PathLike[str] | None = None,
    threads: int = 0,
) -> dict[str, Any]:
    """METEOR as nltk computes it (Lavie and Agarwal 2007), 0 to 1.

    Parameters
    ----------
    alpha
        Weight of recall: 1 is recall alone. Default: 0.9.
    beta
        How fast the penalty falls with fewer chunks. Default: 3.
    gamma
        The greatest penalty. Default: 0.5.
    wordnet
        Folder of a WordNet's database files, for synonyms. Default: None.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.meteor("the cat sat", "the cats sat"), 4)
    0.9815
    """
    return {"alpha": alpha, "beta": beta, "gamma": gamma, "wordnet": os.fspath(wordnet) if wordnet is not None else None, "threads": threads}


@metric("lemma-overlap")
def lemma_overlap(
    *,
    variant: Literal["f1", "L"] | str | int = "f1",
    content: bool = False,
    measure: Literal["f", "p", "r"] = "f",
    threads: int = 0,
) -> dict[str, Any]:
    """ROUGE over the lemmas of English words, so that "tests" and "tested" are one; 0 to 1.

    Parameters
    ----------
    variant
        ``"f1"``: lemmas as a multiset; ``1``, ``2`` and so on: n-grams of so many; ``"L"``: longest common
        subsequence. Default: f1.
    content
        Whether only nouns, verbs, adjectives and the like count. Default: False.
    measure
        Which number is the score: F, precision or recall. Default: f.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.lemma_overlap("The cats sat.", "The cat sat.")
    1.0
    """
    return {"variant": variant, "content": content, "measure": measure, "threads": threads}


@metric_or_none("similarity")
def similarity(
    *,
    model: str | None = None,
    device: str | None = None,
    threads: int = 0,
) -> dict[str, Any]:
    """How near two texts are in meaning: the cosine of their embeddings, 0 to 1; ``None`` where a model fails.

    Parameters
    ----------
    model
        A model of this machine (a folder, or ``hf:org/name``) in place of the table of English token vectors inside; needs a build with the engine. Default: None.
    device
        Where the model computes: ``auto``, ``cpu``, ``cuda:N``, ``metal``. Default: None.

    Examples
    --------
    >>> from botsmith import metrics
    >>> near, far = metrics.similarity(["A kitten naps.", "Rates rose."], ["The cat sleeps.", "The cat sleeps."])
    >>> near > far
    True
    """
    return {"model": model, "device": device, "threads": threads}


@metric_or_none("bertscore")
def bertscore(
    *,
    measure: Literal["f", "p", "r"] = "f",
    idf: str | None = None,
    baseline: float | list[float] | None = None,
    model: str | None = None,
    device: str | None = None,
    threads: int = 0,
) -> dict[str, Any]:
    """How well the words of two texts find each other in meaning (Zhang et al. 2020), 0 to 1.

    ``None`` where a model fails, or a candidate has more references than are compared with one answer.

    Parameters
    ----------
    measure
        F, precision or recall. Default: f.
    idf
        A text file with a document a line: tokens that few of them have weigh more. Default: None.
    baseline
        What unrelated texts get, which is then 0: one number, or one each for precision, recall and F. Default: None.
    model
        An encoder of this machine in place of the table of English token vectors inside; needs a build with the engine. Default: None.
    device
        Where the model computes: ``auto``, ``cpu``, ``cuda:N``, ``metal``. Default: None.

    Examples
    --------
    >>> from botsmith import metrics
    >>> round(metrics.bertscore("The cat sat.", "the cat sat."), 6)
    1.0
    """
    return {"measure": measure, "idf": idf, "baseline": baseline, "model": model, "device": device, "threads": threads}


@metric("levenshtein")
def levenshtein(*, threads: int = 0) -> dict[str, Any]:
    """Likeness by edit distance over code points: 1 less the distance as a share of the longer text.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.levenshtein("flaw", "lawn")
    0.5
    """
    return {"threads": threads}


@metric("edit-distance")
def edit_distance(
    *,
    metric: Literal["levenshtein", "indel", "osa", "damerau-levenshtein", "lcs-seq", "hamming", "prefix", "postfix", "jaro", "jaro-winkler"] = "levenshtein",
    form: Literal["distance", "similarity", "normalized-distance", "normalized-similarity"] = "distance",
    threads: int = 0,
) -> dict[str, Any]:
    """One of ten distances of rapidfuzz, code point by code point.

    Parameters
    ----------
    metric
        What counts as an edit. Default: levenshtein.
    form
        The distance itself, what is left of the most it can be, or either as a share. Default: distance.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.edit_distance("flaw", "lawn")
    2.0
    """
    return {"metric": metric, "form": form, "threads": threads}


@metric("fuzzy")
def fuzzy(
    *,
    ratio: Literal["ratio", "partial-ratio", "token-sort-ratio", "token-set-ratio", "token-ratio", "partial-token-sort-ratio", "partial-token-set-ratio", "partial-token-ratio", "w-ratio", "q-ratio"] = "ratio",
    process: bool = False,
    threads: int = 0,
) -> dict[str, Any]:
    """One of rapidfuzz's ten ratios, 0 to 100.

    Parameters
    ----------
    ratio
        Of the whole texts, of the best part of the longer one, of words sorted, and so on. Default: ratio.
    process
        Whether texts are put in lower case, and all but letters and digits become spaces. Default: False.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.fuzzy("b a", "a b", ratio="token-sort-ratio")
    100.0
    """
    return {"ratio": ratio, "process": process, "threads": threads}


@metric("wer")
def wer(*, threads: int = 0) -> dict[str, Any]:
    """Word error rate as jiwer computes it; 0 is best.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.wer("a x c d", "a b c d")
    0.25
    """
    return {"threads": threads}


@metric("mer")
def mer(*, threads: int = 0) -> dict[str, Any]:
    """Match error rate as jiwer computes it; 0 is best.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.mer("a x c d", "a b c d")
    0.25
    """
    return {"threads": threads}


@metric("wil")
def wil(*, threads: int = 0) -> dict[str, Any]:
    """Word information lost as jiwer computes it; 0 is best.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.wil("a x c d", "a b c d")
    0.4375
    """
    return {"threads": threads}


@metric("wip")
def wip(*, threads: int = 0) -> dict[str, Any]:
    """Word information preserved as jiwer computes it; 1 is best.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.wip("a x c d", "a b c d")
    0.5625
    """
    return {"threads": threads}


@metric("cer")
def cer(*, threads: int = 0) -> dict[str, Any]:
    """Character error rate as jiwer computes it; 0 is best.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.cer("a x c d", "a b c d")
    0.14285714285714285
    """
    return {"threads": threads}


@metric("exact-match")
def exact_match(*, threads: int = 0) -> dict[str, Any]:
    """1 where both are the same after SQuAD's normalisation (case, punctuation, articles, spaces), else 0.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.exact_match("The cat!", "cat")
    1.0
    """
    return {"threads": threads}


@metric("token-f1")
def token_f1(*, threads: int = 0) -> dict[str, Any]:
    """How many words both share after SQuAD's normalisation: F1 of precision and recall.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.token_f1("the black cat", "a cat")
    0.6666666666666666
    """
    return {"threads": threads}


@metric("equals")
def equals(
    *,
    ignore_case: bool = False,
    trim: bool = False,
    threads: int = 0,
) -> dict[str, Any]:
    """1 where both are the same text, else 0.

    Parameters
    ----------
    ignore_case
        Whether upper and lower case are the same. Default: False.
    trim
        Whether white space around both is left out. Default: False.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.equals(" Yes", "yes", ignore_case=True, trim=True)
    1.0
    """
    return {"ignore_case": ignore_case, "trim": trim, "threads": threads}


@metric("number-equals")
def number_equals(
    *,
    tolerance: float = 0,
    relative: float = 0,
    decimal: Literal["point", "comma"] = "point",
    fractions: bool = True,
    percent: Literal["unit", "fraction"] = "unit",
    units: Literal["ignore", "same"] = "ignore",
    threads: int = 0,
) -> dict[str, Any]:
    """1 where the last number of the candidate is that of the reference, else 0.

    Parameters
    ----------
    tolerance
        Greatest difference that still passes. Default: 0.
    relative
        Greatest difference as a share of the wanted number. Default: 0.
    decimal
        Whether a half is ``0.5`` or ``0,5``. Default: point.
    fractions
        Whether ``1/2`` is read as one number. Default: True.
    percent
        Whether ``18 %`` is 18 or 0.18. Default: unit.
    units
        Whether the unit must be the same. Default: ignore.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.number_equals("It costs $18.00.", "18")
    1.0
    """
    return {"tolerance": tolerance, "relative": relative, "decimal": decimal, "fractions": fractions, "percent": percent, "units": units, "threads": threads}


@metric_or_none("distinct-n")
def distinct_n(
    *,
    n: int = 2,
    tokenize: Tokenizer = "none",
    lowercase: bool = False,
    threads: int = 0,
) -> dict[str, Any]:
    """Which share of the n-grams of a text differ from each other (Li et al. 2016); the reference is not read.

    ``None`` where the text has fewer than ``n`` tokens.

    Parameters
    ----------
    n
        Length of the n-grams, 1 to 8. Default: 2.
    tokenize
        How texts become tokens. Default: none.
    lowercase
        Whether texts are put in lower case first. Default: False.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.distinct_n("a b a b", "")
    0.6666666666666666
    """
    return {"n": n, "tokenize": tokenize, "lowercase": lowercase, "threads": threads}


@metric("repetition")
def repetition(
    *,
    n: int = 4,
    tokenize: Tokenizer = "none",
    lowercase: bool = False,
    threads: int = 0,
) -> dict[str, Any]:
    """Which share of the n-grams of a text occurred in it before (Welleck et al. 2020); the reference is not read.

    Parameters
    ----------
    n
        Length of the n-grams, 1 to 8. Default: 4.
    tokenize
        How texts become tokens. Default: none.
    lowercase
        Whether texts are put in lower case first. Default: False.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.repetition("a b a b a b", "", n=2)
    0.6
    """
    return {"n": n, "tokenize": tokenize, "lowercase": lowercase, "threads": threads}


def score(
    name: str, candidates: list[str], references: list[Reference], *, threads: int = 0, **options: Any
) -> list[float | None]:
    """Any evaluator of suites by its name, over lists; options as in a suite.

    ``None`` stands where it has nothing to judge, or fails on a pair: ``answers-question`` without a question,
    ``latency`` without an answer that took time.

    Parameters
    ----------
    name : str
        As :func:`names` gives them.
    candidates, references : list
        Of the same length; a reference may be a list of texts.
    threads : int
        Working threads; 0 is one a core.
    **options
        Options of the evaluator; ``ignore_case`` is the suite's ``ignore-case``.

    Examples
    --------
    >>> from botsmith import metrics
    >>> metrics.score("contains", ["It is 4."], ["4"], value="4")
    [1.0]
    """
    given = {key.replace("_", "-"): value for key, value in options.items()}
    scorer = _native.Metric(name, json.dumps(given, allow_nan=False) if given else None)
    return scorer.scores(list(candidates), list(references), threads)


def names() -> list[str]:
    """The names of all evaluators that suites can name.

    Examples
    --------
    >>> from botsmith import metrics
    >>> "rouge" in metrics.names()
    True
    """
    return [kind["name"] for kind in json.loads(_native.metric_kinds())]


#: Examples of the metrics, for doctest: they are objects, which it does not look into.
__test__: dict[str, str | None] = {
    name: found.__doc__ for name, found in list(globals().items()) if isinstance(found, MetricFunction)
}
