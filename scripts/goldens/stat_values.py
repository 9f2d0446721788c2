"""What scikit-learn, scipy, statsmodels and krippendorff say of given numbers.

Each function takes one entry of a section, with its inputs, and gives the entry with its values.
"""

import math
import warnings

import krippendorff as alpha
import numpy as np
from scipy import stats as sp
from sklearn import metrics as sk
from statsmodels.stats.contingency_tables import mcnemar as sm_mcnemar
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

# Draws of the bootstraps (their entries are compared with a tolerance) and their seed.
DRAWS, SEED = 20_000, 7
# Sign flips are counted, not drawn, up to so many differences.
EXACT_FLIPS = 20


def classification(entry):
    y, pred = entry["y"], entry["pred"]
    out = {"y": y, "pred": pred}
    if len(set(y) | set(pred)) == 1:
        return {**out, "kappa": sk.cohen_kappa_score(y, pred), "accuracy": sk.accuracy_score(y, pred)}

    def average(name):
        return list(sk.precision_recall_fscore_support(y, pred, average=name, zero_division=0)[:3])

    return {
        **out,
        "accuracy": sk.accuracy_score(y, pred), "balanced": sk.balanced_accuracy_score(y, pred),
        "mcc": sk.matthews_corrcoef(y, pred), "kappa": sk.cohen_kappa_score(y, pred),
        "kappa_linear": sk.cohen_kappa_score(y, pred, weights="linear"),
        "kappa_quadratic": sk.cohen_kappa_score(y, pred, weights="quadratic"),
        "confusion": sk.confusion_matrix(y, pred), "macro": average("macro"),
        "micro": average("micro"), "weighted": average("weighted"),
        "per_class": list(sk.precision_recall_fscore_support(y, pred, zero_division=0)),
    }


def krippendorff(entry):
    data = np.array([[np.nan if x in (None, "NaN") else x for x in row] for row in entry["data"]])
    return {"data": entry["data"],
            **{level: alpha.alpha(reliability_data=data, level_of_measurement=level)
               for level in ("nominal", "ordinal", "interval", "ratio")}}


def fleiss(entry):
    return {"table": entry["table"], **{name: fleiss_kappa(np.array(entry["table"]), method=name)
                                        for name in ("fleiss", "randolph")}}


def mcnemar(entry):
    table = np.array(entry["table"])

    def chi_square(correction):
        result = sm_mcnemar(table, exact=False, correction=correction)
        return [result.statistic, result.pvalue]

    return {"table": entry["table"], "exact": sm_mcnemar(table, exact=True).pvalue,
            "chi2": chi_square(False), "chi2_cc": chi_square(True)}


def prop_ci(entry):
    x, n, level = entry["x"], entry["n"], entry["alpha"]
    return {"x": x, "n": n, "alpha": level,
            **{method: list(proportion_confint(x, n, level, method))
               for method in ("wilson", "beta", "agresti_coull", "jeffreys", "normal")}}


def sign_flip(d):
    """Two-sided p of the mean over all 2^n assignments of signs."""
    signs = ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1) * 2 - 1
    sums = np.abs(signs @ d)
    return float(np.mean(sums >= abs(d.sum()) - 1e-12))


def paired(entry):
    a, b = np.array(entry["a"]), np.array(entry["b"])
    d = b - a
    above, below = int((d > 0).sum()), int((d < 0).sum())
    t, normal = sp.ttest_rel(b, a), sp.wilcoxon(d, method="approx", correction=False)
    few = len(d) <= EXACT_FLIPS
    exact = sp.wilcoxon(d, method="exact") if few else None
    rng = np.random.default_rng(SEED)
    means = d[rng.integers(0, len(d), (DRAWS, len(d)))].mean(axis=1)
    bca = sp.bootstrap((d,), np.mean, n_resamples=DRAWS, method="BCa", rng=np.random.default_rng(SEED))
    out = {
        "a": entry["a"], "b": entry["b"], "ttest": [t.statistic, t.pvalue],
        "wilcoxon": [normal.statistic, normal.pvalue],
        "wilcoxon_exact": [exact.statistic, exact.pvalue] if few else None,
        "sign": sp.binomtest(above, above + below).pvalue if above + below else 1.0,
        "mean_diff": d.mean(), "cohen_dz": d.mean() / d.std(ddof=1), "sem": sp.sem(d),
        "boot_pct95_tol": list(np.quantile(means, [0.025, 0.975])),
        "bca95_tol": list(bca.confidence_interval),
    }
    if few:
        out["signflip_exact"] = sign_flip(d)
    return out


def corr(entry):
    def rows(entry, names):
        of = {"pearson": sp.pearsonr, "spearman": sp.spearmanr, "kendall": sp.kendalltau}
        results = {name: of[name](entry["a"], entry["b"]) for name in names}
        return {"a": entry["a"], "b": entry["b"],
                **{name: [r.statistic, r.pvalue] for name, r in results.items()}}

    return {**rows(entry, ["pearson", "spearman", "kendall"]),
            "ties": rows(entry["ties"], ["spearman", "kendall"])}


def multitest(entry):
    return {"p": entry["p"], **{name: multipletests(entry["p"], method=name)[1]
                                for name in ("bonferroni", "holm", "fdr_bh", "fdr_by")}}


def pass_at_k(entry):
    n, c, k = entry["n"], entry["c"], entry["k"]
    return {"n": n, "c": c, "k": k,
            "pass_at_k": 1 - math.comb(n - c, k) / math.comb(n, k),
            "pass_hat_k": math.comb(c, k) / math.comb(n, k)}


def ranking(entry):
    y, score = entry["y"], entry["score"]
    return {"y": y, "score": score, "roc_auc": sk.roc_auc_score(y, score),
            "ap": sk.average_precision_score(y, score), "brier": sk.brier_score_loss(y, score),
            "logloss": sk.log_loss(y, score)}


def bertscore(entry):
    """Greedy cosine matching of given vectors, plain and weighted."""
    c, r = (np.array(entry[key]) for key in ("cand", "ref"))
    c, r = (m / np.linalg.norm(m, axis=1, keepdims=True) for m in (c, r))
    similarity = c @ r.T

    def prf(w_cand, w_ref):
        p = np.average(similarity.max(axis=1), weights=w_cand)
        r = np.average(similarity.max(axis=0), weights=w_ref)
        return [p, r, 2 * p * r / (p + r)]

    return {**{key: entry[key] for key in ("cand", "ref", "w_cand", "w_ref")},
            "prf": prf(None, None), "prf_idf": prf(entry["w_cand"], entry["w_ref"])}


def retrieval(entry):
    rel, score = np.array(entry["rel"]), np.array(entry["score"])
    ranked = (rel > 0)[np.argsort(-score, kind="stable")]
    return {"rel": entry["rel"], "score": entry["score"], "ndcg": sk.ndcg_score([rel], [score]),
            "ndcg3": sk.ndcg_score([rel], [score], k=3),
            "mrr": 1 / (1 + int(ranked.argmax())) if ranked.any() else 0.0,
            "ap": sk.average_precision_score(rel > 0, score)}


SECTIONS = [classification, krippendorff, fleiss, mcnemar, prop_ci, paired, corr, multitest,
            pass_at_k, ranking, bertscore, retrieval]


def stats(inputs):
    """All sections over `inputs`: lists of entries by the section's name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # divisions by zero are among the cases
        return {section.__name__: [section(entry) for entry in inputs[section.__name__]]
                for section in SECTIONS}
