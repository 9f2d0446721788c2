//! Texts -> pairs for measuring, with the teacher's cosines: half near, a quarter beside each other, a quarter by lot.

use botsmith_core::Vectors;
use serde_json::json;

use crate::Failure;
use crate::chance::Chance;
use crate::teacher::Teacher;

/// How a pair was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of the 50 nearest by the teacher's word, each as likely.
    Near,
    /// The next text of the same run: a document, a question with its answer.
    Beside,
    /// Any other text.
    Any,
}

#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) a: String,
    pub(crate) b: String,
    pub(crate) kind: Kind,
    /// The teacher's.
    pub(crate) cosine: f64,
}

/// Texts in runs that belong together.
pub(crate) type Runs = Vec<Vec<String>>;

/// The treebank's sentences as one run, and gsm8k's questions with their answers, a third as many texts.
pub(crate) fn held_out(sentences: Vec<String>, gsm8k: Runs) -> Runs {
    let most = sentences.len() / 2;
    let mut runs = alone(sentences);
    let mut texts = 0;
    for run in gsm8k {
        if texts < most {
            texts += run.len();
            runs.push(run);
        }
    }
    runs
}

/// One run, of texts of three words or more.
pub(crate) fn alone(mut texts: Vec<String>) -> Runs {
    texts.retain(|text| text.split_whitespace().count() >= 3);
    vec![texts]
}

pub(crate) fn choose(
    runs: &Runs,
    count: usize,
    teacher: &mut Teacher,
    seed: u64,
) -> Result<Vec<Pair>, Failure> {
    let texts: Vec<String> = runs.concat();
    let ends: Vec<usize> = runs
        .iter()
        .scan(0, |end, run| {
            *end += run.len();
            Some(*end - 1)
        })
        .collect();
    let vectors = teacher.embed(&texts)?;
    let mut chance = Chance::new(seed);
    let mut pairs: Vec<Pair> = Vec::with_capacity(count);
    let mut taken = std::collections::HashSet::new();
    while pairs.len() < count {
        let a = chance.below(texts.len());
        let (kind, b) = match pairs.len() % 4 {
            0 | 1 => (Kind::Near, nearest(&vectors, a, &mut chance)),
            2 if !ends.contains(&a) => (Kind::Beside, a + 1),
            2 => continue,
            _ => (Kind::Any, chance.below(texts.len())),
        };
        // Equal texts say nothing of what is learnt.
        if texts[a] == texts[b] || !taken.insert((a.min(b), a.max(b))) {
            continue;
        }
        pairs.push(Pair {
            a: texts[a].clone(),
            b: texts[b].clone(),
            kind,
            cosine: vectors.cosine(a, b),
        });
    }
    Ok(pairs)
}

fn nearest(vectors: &Vectors, a: usize, chance: &mut Chance) -> usize {
    let row = vectors.row(a);
    let mut by_cosine: Vec<(f32, usize)> = vectors
        .rows()
        .enumerate()
        .filter(|(b, _)| *b != a)
        .map(|(b, other)| (row.iter().zip(other).map(|(x, y)| x * y).sum(), b))
        .collect();
    by_cosine.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
    by_cosine[chance.below(50.min(by_cosine.len()))].1
}

/// `[[text, text, cosine in thousandths], …]`, one a line.
pub(crate) fn as_json(pairs: &[Pair]) -> String {
    let lines: Vec<String> = pairs
        .iter()
        .map(|pair| json!([pair.a, pair.b, (pair.cosine * 1e3).round() / 1e3]).to_string())
        .collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}
