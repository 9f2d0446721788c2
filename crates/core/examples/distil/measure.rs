//! Spearman's correlation of cosines with the teacher's: the table, TF-IDF, the mean of the teacher's input embeddings.

use std::collections::{BTreeMap, HashMap, HashSet};

use botsmith_core::Vectors;
use botsmith_core::static_embeddings::StaticEmbeddings;

use crate::Failure;
use crate::pairs::{Kind, Pair};
use crate::teacher::Teacher;

/// The least correlation that a table is good enough for.
const LEAST: f64 = 0.75;

/// Correlations over all pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    table: f64,
    tf_idf: f64,
    inputs: f64,
}

impl Measured {
    /// Says whether the table is what it is made for: near enough to the teacher, and nearer than what costs nothing.
    ///
    /// # Errors
    /// Where it is not, with the numbers.
    pub(crate) fn hold(self) -> Result<(), Failure> {
        let Self {
            table,
            tf_idf,
            inputs,
        } = self;
        match table >= LEAST && table > tf_idf && table > inputs {
            true => Ok(()),
            false => Err(format!(
                "the table's correlation is {table:.3}; at least {LEAST} is wanted, and more than TF-IDF's {tf_idf:.3} \
                 and the input embeddings' {inputs:.3}"
            )
            .into()),
        }
    }
}

pub(crate) fn report(
    pairs: &[Pair],
    training: &[String],
    table: &StaticEmbeddings,
    teacher: &Teacher,
) -> Result<Measured, Failure> {
    let tf_idf = TfIdf::new(training);
    let static_: Vec<f64> = pairs.iter().map(|p| table.similarity(&p.a, &p.b)).collect();
    let terms: Vec<f64> = pairs.iter().map(|p| tf_idf.cosine(&p.a, &p.b)).collect();
    let inputs = pairs
        .iter()
        .map(|p| {
            let (a, b) = (teacher.mean_of_inputs(&p.a)?, teacher.mean_of_inputs(&p.b)?);
            Ok(Vectors::from_rows(a.len(), [a, b].concat()).cosine(0, 1))
        })
        .collect::<Result<Vec<f64>, Failure>>()?;
    println!(
        "\nSpearman with the teacher's cosines over {} pairs",
        pairs.len()
    );
    println!("| cosines of | all | near | beside | by lot |\n|---|--:|--:|--:|--:|");
    let [table, tf_idf, inputs] = [
        ("the table", &static_),
        ("TF-IDF", &terms),
        ("the teacher's input embeddings, mean", &inputs),
    ]
    .map(|(name, ours)| {
        let of = |kind: Option<Kind>| {
            let chosen = pairs
                .iter()
                .zip(ours)
                .filter(|(pair, _)| kind.is_none_or(|kind| kind == pair.kind));
            let (wanted, found): (Vec<f64>, Vec<f64>) =
                chosen.map(|(pair, value)| (pair.cosine, *value)).unzip();
            spearman(&wanted, &found)
        };
        let [all, near, beside, any] =
            [None, Some(Kind::Near), Some(Kind::Beside), Some(Kind::Any)].map(of);
        println!("| {name} | {all:.3} | {near:.3} | {beside:.3} | {any:.3} |");
        all
    });
    Ok(Measured {
        table,
        tf_idf,
        inputs,
    })
}

/// How many sentences of 12 words the table embeds in a second, on one thread.
pub(crate) fn speed(training: &[String], table: &StaticEmbeddings) {
    let words: Vec<&str> = training
        .iter()
        .flat_map(|text| text.split_whitespace())
        .take(240_000)
        .collect();
    let sentences: Vec<String> = words.chunks(12).map(|words| words.join(" ")).collect();
    let begun = std::time::Instant::now();
    let vectors = table.embed(&sentences);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "\n{} sentences of 12 words: {:.0} a second on one thread",
        vectors.len(),
        vectors.len() as f64 / seconds
    );
}

/// Pearson's correlation of ranks; equal values share the mean of their ranks.
pub(crate) fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|x, y| values[*x].total_cmp(&values[*y]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let mut to = from + 1;
        while to < order.len() && values[order[to]] == values[order[from]] {
            to += 1;
        }
        for at in &order[from..to] {
            ranks[*at] = (from + to - 1) as f64 / 2.0;
        }
        from = to;
    }
    ranks
}

/// Words in lower case, weighed by `ln((n + 1) / (texts with it + 1)) + 1` of the texts learnt from.
struct TfIdf {
    texts: usize,
    with: HashMap<String, usize>,
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

impl TfIdf {
    fn new(texts: &[String]) -> Self {
        let mut with = HashMap::new();
        for text in texts {
            for word in words(text).into_iter().collect::<HashSet<_>>() {
                *with.entry(word).or_insert(0) += 1;
            }
        }
        Self {
            texts: texts.len(),
            with,
        }
    }

    fn vector(&self, text: &str) -> BTreeMap<String, f64> {
        let mut vector = BTreeMap::new();
        for word in words(text) {
            let with = self.with.get(&word).copied().unwrap_or(0);
            let idf = ((self.texts + 1) as f64 / (with + 1) as f64).ln() + 1.0;
            *vector.entry(word).or_insert(0.0) += idf;
        }
        vector
    }

    fn cosine(&self, a: &str, b: &str) -> f64 {
        let (a, b) = (self.vector(a), self.vector(b));
        let length = |v: &BTreeMap<String, f64>| v.values().map(|x| x * x).sum::<f64>().sqrt();
        let dot: f64 = a
            .iter()
            .filter_map(|(word, x)| Some(x * b.get(word)?))
            .sum();
        let lengths = length(&a) * length(&b);
        if lengths > 0.0 { dot / lengths } else { 0.0 }
    }
}
