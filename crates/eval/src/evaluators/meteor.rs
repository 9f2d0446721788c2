//! `meteor`: words, stems and synonyms shared with a reference, as nltk 3.10.4 computes it.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, VALUE, Wanted};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::meteor::{Options, Scorer, WordNet};
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "meteor",
        about: "METEOR of the answer with the reference, as nltk 3.10.4 computes it (Lavie and Agarwal 2007): equal words, then equal stems, then synonyms where a WordNet is given. Stems and synonyms are English; a run of Chinese is one word.",
        formula: "max over references of (1 - gamma (chunks / m)^beta) PR / (alpha P + (1 - alpha) R); m words match, P and R are m by words of the answer and of the reference, chunks are runs of matches side by side in both; 0 where m is 0",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[
            VALUE,
            OptionDocs {
                name: "alpha",
                schema: r#"{"type": "number", "minimum": 0, "maximum": 1, "default": 0.9}"#,
                about: "weight of recall: 1 is recall alone, 0 precision alone",
                required: false,
            },
            OptionDocs {
                name: "beta",
                schema: r#"{"type": "number", "minimum": 0, "default": 3}"#,
                about: "how fast the penalty falls with fewer chunks",
                required: false,
            },
            OptionDocs {
                name: "gamma",
                schema: r#"{"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}"#,
                about: "the greatest penalty",
                required: false,
            },
            OptionDocs {
                name: "wordnet",
                schema: r#"{"type": "string", "minLength": 1}"#,
                about: "folder of a WordNet's database files (`data.noun`, `index.noun`, `noun.exc` and so on), relative to the suite; without it synonyms do not match",
                required: false,
            },
        ],
        example: "- meteor: {threshold: 0.6}   # reference \"The dog barks.\": \"Dogs barked.\" gives 0.755",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct Meteor {
    wanted: Wanted,
    options: Options,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let mut read = Options::default();
    for (key, hi, value) in [
        ("alpha", 1.0, &mut read.alpha),
        ("beta", f64::INFINITY, &mut read.beta),
        ("gamma", 1.0, &mut read.gamma),
    ] {
        if let Some(at) = options.get(key) {
            *value = at.number_in(0.0, hi)?;
        }
    }
    if let Some(at) = options.get("wordnet") {
        let base = at.source().path().parent().unwrap_or(Path::new(""));
        let wordnet = WordNet::open(&base.join(at.text()?))
            .map_err(|error| at.error(format!("no WordNet: {error}")))?;
        read.wordnet = Some(Arc::new(wordnet));
    }
    Ok(Box::new(Meteor {
        wanted: Wanted::read(options)?,
        options: read,
    }))
}

impl Meteor {
    fn score<R: AsRef<str>>(&self, candidate: &str, references: &[R]) -> f64 {
        thread_local! {
            static SCORER: RefCell<Scorer> = RefCell::new(Scorer::new(Options::default()));
        }
        SCORER.with_borrow_mut(|scorer| {
            let score = scorer.with(&self.options, candidate, references).score;
            // One huge answer does not keep its memory for ever.
            if scorer.capacity() > 1 << 22 {
                *scorer = Scorer::new(Options::default());
            }
            score
        })
    }
}

impl Evaluator for Meteor {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "meteor")?;
        let score = match wanted.many() {
            Some(references) => self.score(subject.text, references),
            None => self.score(subject.text, &wanted.iter().collect::<Vec<_>>()),
        };
        Ok(Score::graded(score).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        let plain = self.wanted.is_references();
        plain.then(|| self.score(candidate, references))
    }

    fn signature(&self) -> String {
        let Options {
            alpha,
            beta,
            gamma,
            ref wordnet,
        } = self.options;
        let wordnet = wordnet.as_ref().map_or("no", |wordnet| wordnet.version());
        format!(
            "meteor|alpha:{alpha}|beta:{beta}|gamma:{gamma}|stemmer:porter-nltk|wordnet:{wordnet}|refs:max|version:nltk-3.10.4"
        )
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
