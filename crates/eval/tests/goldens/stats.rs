//! The `stats` section: our statistics against scikit-learn, scipy and statsmodels.

use botsmith_eval::metrics::bertscore::{BertScore, TokenVectors, bertscore};
use botsmith_eval::stats::{
    ClassScores, Confidence, Confusion, Correction, Correlation, DRAWS, Interval, Level, Pairs,
    Ratings, Side, TestResult, Weights, adjust, agresti_coull, average_precision, brier,
    clopper_pearson, cohens_dz, differences, fleiss_kappa, jeffreys, kendall, krippendorff_alpha,
    log_loss, mcnemar, mcnemar_exact, mean, mean_bca, mean_percentile, ndcg, paired_t, pass_at_k,
    pass_hat_k, pearson, randolph_kappa, reciprocal_rank, roc_auc, sign_flip, sign_test, spearman,
    standard_error, wald, wilcoxon, wilcoxon_exact, wilson,
};
use serde_json::{Value, json};

use crate::FileCheck;
use crate::tally::Tally;

/// The seed of whatever draws; the entries that depend on it have a tolerance.
const SEED: u64 = 7;
/// Draws of the bootstraps: so many that nearly all of a difference is the reference's.
const REPLICATES: usize = 100 * DRAWS;

/// Every list under `stats`. `None`: comes with later work.
pub(crate) const SECTIONS: &[(&str, Option<FileCheck>)] = &[
    (
        "stats.classification",
        Some(|s, t| each(s, t, "classification", classification)),
    ),
    (
        "stats.mcnemar",
        Some(|s, t| each(s, t, "mcnemar", mcnemars)),
    ),
    (
        "stats.prop_ci",
        Some(|s, t| each(s, t, "prop_ci", proportions)),
    ),
    ("stats.paired", Some(|s, t| each(s, t, "paired", paired))),
    ("stats.corr", Some(|s, t| each(s, t, "corr", correlations))),
    (
        "stats.multitest",
        Some(|s, t| each(s, t, "multitest", corrections)),
    ),
    (
        "stats.pass_at_k",
        Some(|s, t| each(s, t, "pass_at_k", passes)),
    ),
    ("stats.ranking", Some(|s, t| each(s, t, "ranking", ranking))),
    (
        "stats.retrieval",
        Some(|s, t| each(s, t, "retrieval", retrieval)),
    ),
    (
        "stats.krippendorff",
        Some(|s, t| each(s, t, "krippendorff", krippendorff)),
    ),
    ("stats.fleiss", Some(|s, t| each(s, t, "fleiss", fleiss))),
    (
        "stats.bertscore",
        Some(|s, t| each(s, t, "bertscore", token_matches)),
    ),
];

/// One entry of a section; [`Entry::done`] says whether all its keys were looked at.
struct Entry<'a> {
    values: &'a Value,
    seen: Vec<&'static str>,
    tally: &'a mut Tally,
}

fn each(section: &Value, tally: &mut Tally, name: &str, check: fn(&mut Entry<'_>)) {
    for (i, entry) in section.as_array().into_iter().flatten().enumerate() {
        tally.case(format!("stats.{name}[{i}]"));
        let mut entry = Entry {
            values: entry,
            seen: Vec::new(),
            tally,
        };
        check(&mut entry);
        entry.done();
    }
}

impl<'a> Entry<'a> {
    /// A key that has to be there.
    fn take(&mut self, key: &'static str) -> &'a Value {
        self.tally
            .holds(&format!("has {key}"), self.values.get(key).is_some());
        self.maybe(key).unwrap_or(&Value::Null)
    }

    /// A key that may be missing or null.
    fn maybe(&mut self, key: &'static str) -> Option<&'a Value> {
        self.seen.push(key);
        self.values.get(key).filter(|value| !value.is_null())
    }

    fn numbers(&mut self, key: &'static str) -> Vec<f64> {
        floats(self.take(key))
    }

    fn integer(&mut self, key: &'static str) -> u64 {
        self.take(key).as_u64().unwrap_or(u64::MAX)
    }

    fn close(&mut self, key: &'static str, ours: f64) {
        self.within(key, &[ours], 1e-9);
    }

    fn list(&mut self, key: &'static str, ours: &[f64]) {
        self.within(key, ours, 1e-9);
    }

    /// `ours` against the number or the list of numbers under `key`, if it is there.
    fn within(&mut self, key: &'static str, ours: &[f64], tolerance: f64) {
        let Some(wanted) = self.maybe(key) else {
            return;
        };
        let wanted = match wanted {
            Value::Array(list) => list.iter().collect(),
            one => vec![one],
        };
        self.tally.holds(
            &format!("{key} has {} numbers, wanted {}", ours.len(), wanted.len()),
            ours.len() == wanted.len(),
        );
        for (ours, wanted) in ours.iter().zip(wanted) {
            self.tally.within(key, *ours, wanted, tolerance);
        }
    }

    /// `ours`, or the error that stands for what the reference calls NaN or Infinity.
    fn test(&mut self, key: &'static str, ours: botsmith_eval::Result<TestResult>) {
        match (ours, self.values.get(key)) {
            (Ok(ours), _) => self.list(key, &[ours.statistic, ours.p]),
            (Err(_), Some(Value::Array(wanted))) if wanted.iter().any(Value::is_string) => {
                self.seen.push(key);
            }
            (Err(error), _) => self.fail(key, &error),
        }
    }

    fn fail(&mut self, key: &'static str, error: &botsmith_eval::Error) {
        self.seen.push(key);
        self.tally.holds(&format!("{key}: {error}"), false);
    }

    /// No key is passed over.
    fn done(self) {
        for key in self.values.as_object().into_iter().flat_map(|o| o.keys()) {
            let seen = self.seen.contains(&key.as_str());
            self.tally.holds(&format!("knows the key {key}"), seen);
        }
    }
}

fn floats(value: &Value) -> Vec<f64> {
    let list = value.as_array().into_iter().flatten();
    list.map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
}

fn integers(value: &Value) -> Vec<i64> {
    let list = value.as_array().into_iter().flatten();
    list.map(|x| x.as_i64().unwrap_or(i64::MIN)).collect()
}

/// What is a number here and an error or nothing in our functions.
fn or_nan(value: botsmith_eval::Result<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

fn classification(entry: &mut Entry<'_>) {
    let (truth, given) = (integers(entry.take("y")), integers(entry.take("pred")));
    let confusion = match Confusion::new(&truth, &given) {
        Ok(confusion) => confusion,
        Err(error) => return entry.fail("y", &error),
    };
    entry.close("accuracy", confusion.accuracy());
    entry.close("balanced", confusion.balanced_accuracy());
    // scikit-learn's word for no correlation to speak of is 0, ours `None`.
    entry.close("mcc", confusion.matthews().unwrap_or(0.0));
    for (key, weights) in [
        ("kappa", Weights::None),
        ("kappa_linear", Weights::Linear),
        ("kappa_quadratic", Weights::Quadratic),
    ] {
        entry.close(key, confusion.kappa(weights).unwrap_or(f64::NAN));
    }
    if let Some(wanted) = entry.maybe("confusion") {
        entry
            .tally
            .same("confusion", &json!(confusion.counts()), wanted);
    }
    let triple = |s: ClassScores| [s.precision, s.recall, s.f1];
    entry.list("macro", &triple(confusion.macro_average()));
    entry.list("micro", &triple(confusion.micro_average()));
    entry.list("weighted", &triple(confusion.weighted_average()));
    let classes = confusion.per_class();
    let rows: [fn(&ClassScores) -> f64; 4] = [
        |c| c.precision,
        |c| c.recall,
        |c| c.f1,
        |c| c.support as f64,
    ];
    if let Some(wanted) = entry.maybe("per_class") {
        for (i, row) in rows.iter().enumerate() {
            let wanted = wanted[i].as_array().map_or(&[][..], Vec::as_slice);
            entry
                .tally
                .holds("per_class has all labels", wanted.len() == classes.len());
            for (class, wanted) in classes.iter().zip(wanted) {
                entry.tally.close("per_class", row(class), wanted);
            }
        }
    }
}

fn krippendorff(entry: &mut Entry<'_>) {
    let rows = entry.take("data").as_array().cloned().unwrap_or_default();
    let present = |row: &Value| {
        let row = floats(row).into_iter();
        row.map(|x| x.is_finite().then_some(x)).collect()
    };
    let rows: Vec<Vec<Option<f64>>> = rows.iter().map(present).collect();
    let ratings = match Ratings::by_rater(&rows) {
        Ok(ratings) => ratings,
        Err(error) => return entry.fail("data", &error),
    };
    for (key, level) in [
        ("nominal", Level::Nominal),
        ("ordinal", Level::Ordinal),
        ("interval", Level::Interval),
        ("ratio", Level::Ratio),
    ] {
        let alpha = krippendorff_alpha(&ratings, level);
        entry.close(key, alpha.ok().flatten().unwrap_or(f64::NAN));
    }
}

fn fleiss(entry: &mut Entry<'_>) {
    let rows = entry.take("table").as_array().cloned().unwrap_or_default();
    let counts = |row: &Value| {
        let row = row.as_array().into_iter().flatten();
        row.map(|x| x.as_u64().unwrap_or(u64::MAX)).collect()
    };
    let table: Vec<Vec<u64>> = rows.iter().map(counts).collect();
    for (key, kappa) in [
        ("fleiss", fleiss_kappa(&table)),
        ("randolph", randolph_kappa(&table)),
    ] {
        entry.close(key, kappa.ok().flatten().unwrap_or(f64::NAN));
    }
}

fn mcnemars(entry: &mut Entry<'_>) {
    let table = entry.take("table");
    let at = |i: usize, j: usize| table[i][j].as_u64().unwrap_or(u64::MAX);
    let pairs = Pairs {
        both: at(0, 0),
        only_a: at(0, 1),
        only_b: at(1, 0),
        neither: at(1, 1),
    };
    entry.close("exact", mcnemar_exact(&pairs, Side::TwoSided).p);
    entry.test("chi2", mcnemar(&pairs, false));
    entry.test("chi2_cc", mcnemar(&pairs, true));
}

type ProportionMethod = fn(u64, u64, Confidence) -> botsmith_eval::Result<Interval>;

fn proportions(entry: &mut Entry<'_>) {
    let (x, n) = (entry.integer("x"), entry.integer("n"));
    let alpha = entry.take("alpha").as_f64().unwrap_or(f64::NAN);
    let confidence = match Confidence::new(1.0 - alpha) {
        Ok(confidence) => confidence,
        Err(error) => return entry.fail("alpha", &error),
    };
    let methods: [(&str, ProportionMethod); 5] = [
        ("wilson", wilson),
        ("beta", clopper_pearson),
        ("agresti_coull", agresti_coull),
        ("jeffreys", jeffreys),
        ("normal", wald),
    ];
    for (key, method) in methods {
        match method(x, n, confidence) {
            Ok(interval) => entry.list(key, &[interval.lo(), interval.hi()]),
            Err(error) => entry.fail(key, &error),
        }
    }
}

fn paired(entry: &mut Entry<'_>) {
    let (a, b) = (entry.numbers("a"), entry.numbers("b"));
    let d = match differences(&a, &b) {
        Ok(d) => d,
        Err(error) => return entry.fail("a", &error),
    };
    entry.test("ttest", paired_t(&d, Side::TwoSided));
    entry.test("wilcoxon", wilcoxon(&d, Side::TwoSided));
    let exact = wilcoxon_exact(&d, Side::TwoSided);
    match entry.maybe("wilcoxon_exact") {
        // scipy's "exact" counts the ranks 1 to n also where sizes tie; ours counts the ranks that
        // there are. Only the statistic is the same then.
        Some(wanted) if tied(&d) => {
            let ours = or_nan(exact.map(|test| test.statistic));
            entry.tally.close("wilcoxon_exact", ours, &wanted[0]);
        }
        Some(_) => entry.test("wilcoxon_exact", exact),
        None => {}
    }
    let p = |test: botsmith_eval::Result<TestResult>| or_nan(test.map(|test| test.p));
    entry.close("sign", p(sign_test(&d, Side::TwoSided)));
    entry.close("signflip_exact", p(sign_flip(&d, Side::TwoSided, SEED)));
    entry.close("mean_diff", or_nan(mean(&d)));
    entry.close("cohen_dz", or_nan(cohens_dz(&d)));
    entry.close("sem", or_nan(standard_error(&d)));
    let percentile = mean_percentile(&d, Confidence::P95, REPLICATES, SEED);
    ends(entry, "boot_pct95_tol", percentile);
    ends(
        entry,
        "bca95_tol",
        mean_bca(&d, Confidence::P95, REPLICATES, SEED),
    );
}

/// Whether two differences other than 0 are of one size.
fn tied(differences: &[f64]) -> bool {
    let mut sizes: Vec<f64> = differences
        .iter()
        .map(|d| d.abs())
        .filter(|d| *d > 0.0)
        .collect();
    sizes.sort_unstable_by(f64::total_cmp);
    sizes.windows(2).any(|pair| pair[0] == pair[1])
}

/// The ends of a bootstrap interval, at most 5 % of its width apart. Stricter than the files' rule
/// (3 % of an end, of 1 where the end is smaller), which a wrong formula could pass; tighter than
/// this, the reference's own draws (some ten thousand) would not meet themselves with another seed.
fn ends(entry: &mut Entry<'_>, key: &'static str, ours: botsmith_eval::Result<Interval>) {
    let Some(wanted) = entry.maybe(key) else {
        return;
    };
    let ours = match ours {
        Ok(interval) => interval,
        Err(error) => return entry.fail(key, &error),
    };
    let wanted = floats(wanted);
    let width = wanted.last().unwrap_or(&f64::NAN) - wanted.first().unwrap_or(&f64::NAN);
    for (ours, wanted) in [ours.lo(), ours.hi()].into_iter().zip(wanted) {
        entry.tally.holds(
            &format!("{key} ends at {ours}, wanted {wanted} within 5 % of the width {width}"),
            (ours - wanted).abs() <= 0.05 * width,
        );
    }
}

type CorrelationMethod = fn(&[f64], &[f64]) -> botsmith_eval::Result<Correlation>;

fn correlations(entry: &mut Entry<'_>) {
    let (a, b) = (entry.numbers("a"), entry.numbers("b"));
    let methods: [(&str, CorrelationMethod); 3] = [
        ("pearson", pearson),
        ("spearman", spearman),
        ("kendall", kendall),
    ];
    for (key, method) in methods {
        match method(&a, &b) {
            Ok(found) => entry.list(key, &[found.value, found.p]),
            Err(error) => entry.fail(key, &error),
        }
    }
    if let Some(ties) = entry.maybe("ties") {
        let mut ties = Entry {
            values: ties,
            seen: Vec::new(),
            tally: entry.tally,
        };
        correlations(&mut ties);
        ties.done();
    }
}

fn corrections(entry: &mut Entry<'_>) {
    let p = entry.numbers("p");
    for (key, correction) in [
        ("bonferroni", Correction::Bonferroni),
        ("holm", Correction::Holm),
        ("fdr_bh", Correction::BenjaminiHochberg),
        ("fdr_by", Correction::BenjaminiYekutieli),
    ] {
        match adjust(&p, correction) {
            Ok(adjusted) => entry.list(key, &adjusted),
            Err(error) => entry.fail(key, &error),
        }
    }
}

fn passes(entry: &mut Entry<'_>) {
    let (n, c, k) = (entry.integer("n"), entry.integer("c"), entry.integer("k"));
    entry.close("pass_at_k", or_nan(pass_at_k(n, c, k)));
    entry.close("pass_hat_k", or_nan(pass_hat_k(n, c, k)));
}

fn ranking(entry: &mut Entry<'_>) {
    let truth: Vec<bool> = entry.numbers("y").iter().map(|y| *y > 0.0).collect();
    let scores = entry.numbers("score");
    entry.close("roc_auc", or_nan(roc_auc(&truth, &scores)));
    entry.close("ap", or_nan(average_precision(&truth, &scores)));
    entry.close("brier", or_nan(brier(&truth, &scores)));
    entry.close("logloss", or_nan(log_loss(&truth, &scores)));
}

fn retrieval(entry: &mut Entry<'_>) {
    let (gains, scores) = (entry.numbers("rel"), entry.numbers("score"));
    let relevant: Vec<bool> = gains.iter().map(|gain| *gain > 0.0).collect();
    entry.close("ndcg", or_nan(ndcg(&gains, &scores, None)));
    entry.close("ndcg3", or_nan(ndcg(&gains, &scores, Some(3))));
    entry.close("mrr", or_nan(reciprocal_rank(&relevant, &scores)));
    entry.close("ap", or_nan(average_precision(&relevant, &scores)));
}

/// Vectors as they are; weights are given, as inverse document frequencies would be.
fn token_matches(entry: &mut Entry<'_>) {
    let mut vectors = |key| -> (usize, Vec<f64>) {
        let rows: Vec<Vec<f64>> = (entry.take(key).as_array().into_iter().flatten())
            .map(floats)
            .collect();
        (rows.first().map_or(0, Vec::len), rows.concat())
    };
    let ((width, candidate), (_, reference)) = (vectors("cand"), vectors("ref"));
    let (ours, theirs) = (entry.numbers("w_cand"), entry.numbers("w_ref"));
    let score = |weighted: bool| -> botsmith_eval::Result<BertScore> {
        let mut candidate = TokenVectors::new(width, &candidate)?;
        let mut reference = TokenVectors::new(width, &reference)?;
        if weighted {
            candidate = candidate.weighted(&ours)?;
            reference = reference.weighted(&theirs)?;
        }
        bertscore(&candidate, &reference)
    };
    for (key, weighted) in [("prf", false), ("prf_idf", true)] {
        match score(weighted) {
            Ok(score) => entry.list(key, &[score.precision, score.recall, score.f1]),
            Err(error) => entry.fail(key, &error),
        }
    }
}
