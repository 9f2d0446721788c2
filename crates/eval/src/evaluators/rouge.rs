//! `rouge`: overlap of words with a reference summary, as rouge-score 0.1.2 computes it.

use std::cell::RefCell;

use botsmith_core::yaml::{Fields, Value};

use super::builtin::{Builtin, VALUE, Wanted, flag};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::rouge::{Measure, Options, Rouge, Scorer, Variant};
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "rouge",
        about: "ROUGE-N, ROUGE-L or ROUGE-Lsum of the answer with the reference, as Google's rouge-score 0.1.2 computes them (Lin 2004). Words are runs of a-z and 0-9 in lower case: texts in other scripts, and empty ones, score 0.",
        formula: "F = 2PR / (P + R); P and R are hits by words of the answer and of the reference; hits are shared n-grams (N), the longest common subsequence (L), or its union line by line (Lsum); of several references the one with the greatest F",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[
            VALUE,
            OptionDocs {
                name: "variant",
                schema: r#"{"anyOf": [{"type": "string", "pattern": "^([1-9][0-9]*|N|L|Lsum)$"}, {"type": "integer", "minimum": 1}], "default": "L"}"#,
                about: "`1`, `2` and so on: n-grams of so many words; `N`: n-grams of `n` words; `L`: longest common subsequence; `Lsum`: that line by line, for summaries of several sentences, one a line",
                required: false,
            },
            OptionDocs {
                name: "n",
                schema: r#"{"type": "integer", "minimum": 1}"#,
                about: "words of an n-gram, for variant `N`",
                required: false,
            },
            OptionDocs {
                name: "stemmer",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether words of four letters and more lose their English suffixes (nltk's Porter stemmer)",
                required: false,
            },
            OptionDocs {
                name: "measure",
                schema: r#"{"enum": ["f", "p", "r"], "default": "f"}"#,
                about: "which number is the score: F, precision or recall",
                required: false,
            },
        ],
        example: "- rouge: {variant: L, stemmer: true, threshold: 0.4}   # reference \"The cat was sitting.\": \"the cat sat\" gives 0.571",
        scalar: Some("variant"),
    },
    build,
};

#[derive(Debug)]
struct RougeEvaluator {
    wanted: Wanted,
    options: Options,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let n = options.get("n").map(|at| at.count()).transpose()?;
    if let (Some(0), Some(at)) = (n, options.get("n")) {
        return Err(at.error("an n-gram has at least 1 word, found 0").into());
    }
    let variant = match options.get("variant") {
        None => n.map_or(Variant::L, Variant::N),
        Some(at) => {
            let named = match &at.node().value {
                Value::Int(_) => None,
                _ => Some(at.text()?),
            };
            let variant = match named {
                Some("L") => Variant::L,
                Some("Lsum") => Variant::Lsum,
                Some("N") => match n {
                    Some(n) => Variant::N(n),
                    None => {
                        return Err(at
                            .error("variant `N` needs `n`, the words of an n-gram")
                            .into());
                    }
                },
                Some(digits) => match digits.parse() {
                    Ok(n @ 1..) => Variant::N(n),
                    _ => {
                        return Err(at
                            .error(format!(
                                "unknown variant {}; wanted `1`, `2` or another count of words, `N`, `L` or `Lsum`",
                                crate::text::quote(digits)
                            ))
                            .into());
                    }
                },
                None => match at.count()? {
                    0 => return Err(at.error("an n-gram has at least 1 word, found 0").into()),
                    n => Variant::N(n),
                },
            };
            if let (Some(n), Some(other)) = (n, options.get("n"))
                && variant != Variant::N(n)
            {
                return Err(other
                    .error("`n` goes with variant `N`; leave one of the two out")
                    .into());
            }
            variant
        }
    };
    let stemmer = flag(options, "stemmer")?;
    let measure = options.get("measure").map_or(Ok(Measure::F), |at| {
        at.one_of(&[
            ("f", Measure::F),
            ("p", Measure::Precision),
            ("r", Measure::Recall),
        ])
    })?;
    Ok(Box::new(RougeEvaluator {
        wanted: Wanted::read(options)?,
        options: Options {
            variant,
            stemmer,
            measure,
        },
    }))
}

impl RougeEvaluator {
    fn score<R: AsRef<str>>(&self, candidate: &str, references: &[R]) -> Rouge {
        thread_local! {
            /// Without the stemmer, and with it.
            static SCORERS: RefCell<[Scorer; 2]> =
                RefCell::new([Scorer::new(false), Scorer::new(true)]);
        }
        let Options {
            variant, stemmer, ..
        } = self.options;
        SCORERS.with_borrow_mut(|scorers| {
            let scorer = &mut scorers[usize::from(stemmer)];
            let rouge = scorer.best(candidate, references, variant);
            // One huge answer does not keep its memory for ever.
            if scorer.capacity() > 1 << 22 {
                *scorer = Scorer::new(stemmer);
            }
            rouge
        })
    }
}

impl Evaluator for RougeEvaluator {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "rouge")?;
        let rouge = match wanted.many() {
            Some(references) => self.score(subject.text, references),
            None => self.score(subject.text, &wanted.iter().collect::<Vec<_>>()),
        };
        Ok(Score::graded(rouge.get(self.options.measure)).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        let plain = self.wanted.is_references();
        plain.then(|| self.score(candidate, references).get(self.options.measure))
    }

    fn signature(&self) -> String {
        let variant = match self.options.variant {
            Variant::N(n) => n.to_string(),
            Variant::L => "L".to_owned(),
            Variant::Lsum => "Lsum".to_owned(),
        };
        let stemmer = match self.options.stemmer {
            true => "yes",
            false => "no",
        };
        let measure = match self.options.measure {
            Measure::F => "f",
            Measure::Precision => "p",
            Measure::Recall => "r",
        };
        format!(
            "rouge:{variant}|measure:{measure}|stemmer:{stemmer}|refs:greatest-f|version:rouge-score-0.1.2"
        )
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
