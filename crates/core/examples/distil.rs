//! Makes the table of token vectors that the crate has inside, from a model of sentence embeddings:
//! `scripts/distil-embeddings` calls it.
//!
//!     distil --model DIR --wordnet DIR --gsm8k FILE --ewt-dev FILE --prose DIR --cache FILE --out FILE --pairs FILE
//!            [--texts N] [--rounds N] [--width N] [--measure TABLE]
//!
//! With `--measure` nothing is made: TABLE is measured as step 5 says.
//!
//! 1. Texts: the glosses and examples of `WordNet`, and half of gsm8k's questions. The teacher embeds each once; what it
//!    said is kept in the cache, so that a second call is quick.
//! 2. The beginning is `model2vec`'s: the teacher's vector of each token by itself, on the main axes of the texts'
//!    vectors (PCA without centring, which keeps cosines), weighed by rarity (SIF: Arora et al. 2017).
//! 3. Then regression: all token vectors are moved by Adam so that the mean of a text's token vectors points where the
//!    teacher's vector of the text points, and so that the cosines among the texts of a batch are the teacher's.
//! 4. The vectors become bytes of 63 values.
//! 5. Measured, on texts that had no part in it: Spearman's correlation of cosines with the teacher's over 2,000 pairs,
//!    beside TF-IDF and the mean of the teacher's own input embeddings. Below 0.75, or not above both, it ends with 1.
//!
//! The same inputs give the same bytes on the same machine.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a program that says what it does"
)]

#[path = "distil/chance.rs"]
mod chance;
#[path = "distil/measure.rs"]
mod measure;
#[path = "distil/pairs.rs"]
mod pairs;
#[path = "distil/teacher.rs"]
mod teacher;
#[path = "distil/texts.rs"]
mod texts;
#[path = "distil/train.rs"]
mod train;

use std::collections::BTreeMap;
use std::path::PathBuf;

use botsmith_core::Vectors;
use botsmith_core::static_embeddings::StaticEmbeddings;

pub(crate) type Failure = Box<dyn std::error::Error>;

const SEED: u64 = 20;

/// Bytes of the table go to this: 6 bits pack to three quarters of 8 where the crate is handed out in a zip.
const MOST: u8 = 31;

fn main() -> Result<(), Failure> {
    let mut options: BTreeMap<String, String> = BTreeMap::new();
    let mut words = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        options.insert(name, value);
    }
    let path = |name: &str| -> Result<PathBuf, Failure> {
        let path = options
            .get(name)
            .ok_or_else(|| format!("{name} is missing"))?;
        Ok(PathBuf::from(path))
    };
    let number = |name: &str, default: usize| -> Result<usize, Failure> {
        Ok(options.get(name).map_or(Ok(default), |text| text.parse())?)
    };
    let mut teacher = teacher::Teacher::open(&path("--model")?, &path("--cache")?)?;
    let (lessons, gsm8k) = texts::gsm8k(&path("--gsm8k")?)?;
    let mut training = texts::wordnet(&path("--wordnet")?, number("--texts", 34_000)?)?;
    training.extend(lessons);
    if options.contains_key("--measure") {
        let table = StaticEmbeddings::open(path("--measure")?)?;
        let sentences = texts::sentences_of_treebank(&path("--ewt-dev")?)?;
        let chosen = pairs::choose(
            &pairs::held_out(sentences, gsm8k),
            2_000,
            &mut teacher,
            SEED,
        )?;
        return measure::report(&chosen, &training, &table, &teacher)?.hold();
    }
    let tokens = teacher.vocabulary();
    let alone: Vec<String> = tokens
        .iter()
        .map(|token| token.strip_prefix("##").unwrap_or(token).to_owned())
        .collect();
    println!("{} texts, {} tokens", training.len(), tokens.len());

    let targets = teacher.embed(&training)?;
    let alone = teacher.embed(&alone)?;
    let settings = train::Settings {
        width: number("--width", 128)?,
        rounds: number("--rounds", 30)?,
        seed: SEED,
    };
    let ids = teacher.ids(&training, &tokens)?;
    let learnt = train::train(&ids, &targets, &alone, &settings)?;

    let about = format!(
        "token vectors of width {} distilled from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) over {} texts of WordNet 3.0 and GSM8K",
        settings.width,
        training.len()
    );
    let names: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let vectors = Vectors::from_rows(settings.width, learnt);
    let out = path("--out")?;
    let fine =
        StaticEmbeddings::from_bytes(&out, StaticEmbeddings::write(&names, &vectors, &about)?)?;
    let bytes = fine.coarser(MOST);
    std::fs::write(&out, &bytes)?;
    println!("{}: {} bytes", out.display(), bytes.len());

    let table = StaticEmbeddings::from_bytes(&out, bytes)?;
    let sentences = texts::sentences_of_treebank(&path("--ewt-dev")?)?;
    let held = pairs::held_out(sentences, gsm8k);
    let chosen = pairs::choose(&held, 2_000, &mut teacher, SEED)?;
    let measured = measure::report(&chosen, &training, &table, &teacher)?;

    let prose = texts::prose(&path("--prose")?)?;
    let kept = pairs::choose(&pairs::alone(prose), 300, &mut teacher, SEED)?;
    measure::report(&kept, &training, &table, &teacher)?;
    std::fs::write(path("--pairs")?, pairs::as_json(&kept))?;
    measure::speed(&training, &table);
    measured.hold()
}
