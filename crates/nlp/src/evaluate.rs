//! Gold document and system document -> the metrics of the `CoNLL` 2018 shared task.
//!
//! Our own implementation of what the official scorer computes (Zeman et al. 2018,
//! <https://doi.org/10.18653/v1/K18-2001>): tokens and sentences match by their span in the text
//! without white space; words match by span too, but inside multi-word tokens by the longest common
//! subsequence of their lower-cased forms; tags and lemmas count on words that match.
//!
//! Nothing of syntax is scored: no UAS, LAS, CLAS, MLAS or BLEX.

mod align;
mod units;

use serde::Serialize;

use crate::{Doc, Result};
use align::align;
use units::Units;

/// Features that count for `UFeats` and `AllTags`, whatever else a treebank adds.
const UNIVERSAL: [&str; 21] = [
    "PronType", "NumType", "Poss", "Reflex", "Foreign", "Abbr", "Gender", "Animacy", "Number",
    "Case", "Definite", "Degree", "VerbForm", "Mood", "Tense", "Aspect", "Voice", "Evident",
    "Polarity", "Person", "Polite",
];

/// Precision, recall and their harmonic mean, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Metric {
    /// Of what the system gave, how much is right, in percent.
    pub precision: f64,
    /// Of what gold has, how much the system found, in percent.
    pub recall: f64,
    /// `2 · correct / (gold + system)`, in percent.
    pub f1: f64,
    /// Of the words that match, how many are right, in percent; none for tokens, sentences, words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aligned: Option<f64>,
}

/// All metrics, under the names of the shared task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Evaluation {
    /// Spans of tokens.
    pub tokens: Metric,
    /// Spans of sentences.
    pub sentences: Metric,
    /// Words, aligned.
    pub words: Metric,
    /// Universal parts of speech.
    #[serde(rename = "UPOS")]
    pub upos: Metric,
    /// The treebank's own parts of speech.
    #[serde(rename = "XPOS")]
    pub xpos: Metric,
    /// Universal features.
    #[serde(rename = "UFeats")]
    pub ufeats: Metric,
    /// UPOS, XPOS and universal features, all right.
    pub all_tags: Metric,
    /// Lemmas; a word without a gold lemma counts as right.
    pub lemmas: Metric,
}

impl Evaluation {
    /// Name and metric, in the order in which they are printed.
    pub fn metrics(&self) -> [(&'static str, Metric); 8] {
        [
            ("Tokens", self.tokens),
            ("Sentences", self.sentences),
            ("Words", self.words),
            ("UPOS", self.upos),
            ("XPOS", self.xpos),
            ("UFeats", self.ufeats),
            ("AllTags", self.all_tags),
            ("Lemmas", self.lemmas),
        ]
    }
}

/// Scores `system` against `gold`.
///
/// # Errors
/// [`crate::Error::TextDiffers`] where the two do not hold the same characters, white space left out.
///
/// ```
/// use botsmith_nlp::{conllu, evaluate::evaluate};
/// let gold = conllu::read("g", "1\tHi\thi\tINTJ\tUH\t_\t_\t_\t_\tSpaceAfter=No\n\
///                               2\t!\t!\tPUNCT\t.\t_\t_\t_\t_\t_\n\n")?;
/// let system = conllu::read("s", "1\tHi\tHi\tINTJ\tUH\t_\t_\t_\t_\tSpaceAfter=No\n\
///                                 2\t!\t!\tSYM\t.\t_\t_\t_\t_\t_\n\n")?;
/// let scores = evaluate(&gold, &system)?;
/// assert_eq!((scores.words.f1, scores.upos.f1, scores.lemmas.f1), (100.0, 50.0, 50.0));
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub fn evaluate(gold: &Doc, system: &Doc) -> Result<Evaluation> {
    let (gold, system) = (Units::of(gold), Units::of(system));
    gold.check_text(&system)?;
    let pairs = align(&gold, &system);
    let totals = (gold.words.len(), system.words.len());
    let right = |same: &dyn Fn(usize, usize) -> bool| {
        let correct = pairs.iter().filter(|(g, s)| same(*g, *s)).count();
        Metric {
            aligned: Some(percent(correct, pairs.len())),
            ..metric(correct, totals)
        }
    };
    let upos = |g: usize, s: usize| gold.words[g].word.upos() == system.words[s].word.upos();
    let xpos = |g: usize, s: usize| gold.words[g].word.xpos() == system.words[s].word.xpos();
    let ufeats = |g: usize, s: usize| {
        let (a, b) = (gold.words[g].word.feats(), system.words[s].word.feats());
        a.as_str() == b.as_str() || universal(a.as_str()) == universal(b.as_str())
    };
    let lemma = |g: usize, s: usize| {
        let wanted = gold.words[g].word.lemma();
        wanted == "_" || wanted == system.words[s].word.lemma()
    };
    let spans = |a: &[(u32, u32)], b: &[(u32, u32)]| metric(common_spans(a, b), (a.len(), b.len()));
    Ok(Evaluation {
        tokens: spans(&gold.tokens, &system.tokens),
        sentences: spans(&gold.sentences, &system.sentences),
        words: metric(pairs.len(), totals),
        upos: right(&upos),
        xpos: right(&xpos),
        ufeats: right(&ufeats),
        all_tags: right(&|g, s| upos(g, s) && xpos(g, s) && ufeats(g, s)),
        lemmas: right(&lemma),
    })
}

/// Universal features of a FEATS value, sorted.
fn universal(feats: &str) -> Vec<&str> {
    let mut kept: Vec<_> = feats
        .split('|')
        .filter(|pair| UNIVERSAL.contains(&pair.split('=').next().unwrap_or(pair)))
        .collect();
    kept.sort_unstable();
    kept
}

fn percent(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 0.0,
        _ => 100.0 * part as f64 / whole as f64,
    }
}

fn metric(correct: usize, (gold, system): (usize, usize)) -> Metric {
    Metric {
        precision: percent(correct, system),
        recall: percent(correct, gold),
        f1: percent(2 * correct, gold + system),
        aligned: None,
    }
}

/// How many spans both lists hold; both are in order.
fn common_spans(a: &[(u32, u32)], b: &[(u32, u32)]) -> usize {
    let (mut i, mut j, mut common) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.0.cmp(&y.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                common += usize::from(x.1 == y.1);
                i += 1;
                j += 1;
            }
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_universal_features_count_and_order_does_not() {
        assert_eq!(
            universal("Typo=Yes|Number=Sing|Case=Nom"),
            ["Case=Nom", "Number=Sing"]
        );
        assert_eq!(universal("Number[psor]=Sing|_"), Vec::<&str>::new());
        assert_eq!(universal("_"), Vec::<&str>::new());
    }

    #[test]
    fn nothing_against_nothing_scores_zero_as_the_official_scorer_says() {
        assert_eq!(metric(0, (0, 0)).f1, 0.0);
    }
}
