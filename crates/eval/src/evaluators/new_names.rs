//! `new-names`: proper nouns that the answer did not get from anywhere.
//!
//! English. What a name is, is said in [`crate::language::names`]; what an answer may draw on in
//! [`super::known`]. A name of which every word is known is known: `Obama` after `Barack Obama`.

use std::collections::BTreeSet;

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, evidence};
use super::known::{CONTEXT, Drawn, REFERENCES, from_nowhere};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::language::markup::plain;
use crate::language::names::{borne_out, initials_known, known_words, names};
use crate::reading::read;
use crate::stats::Scale;
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "new-names",
        about: "Proper nouns in the answer, people, places, products, that neither the context nor the question holds (English); passes where there are none.",
        formula: "different names that are known / different names; 1 if the answer has none. A name is known where each of its words is, whatever the case, possessives and plurals aside, or its initials are",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            CONTEXT,
            REFERENCES,
            OptionDocs {
                name: "ignore",
                schema: r#"{"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}"#,
                about: "names that are always fine, such as the company's own",
                required: false,
            },
            OptionDocs {
                name: "max",
                schema: r#"{"type": "integer", "minimum": 0, "default": 0}"#,
                about: "how many new names pass",
                required: false,
            },
        ],
        example: "- new-names: {context: \"{{ policy }}\", ignore: [Fernhill Plants]}   # the question \"Who is Obama?\" and the answer \"Barack Obama\" give 0 and fail",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct NewNames {
    from: Drawn,
    ignore: BTreeSet<String>,
    max: usize,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let mut ignore = BTreeSet::new();
    for name in options
        .get("ignore")
        .map_or(Ok(Vec::new()), |at| at.texts())?
    {
        known_words(&name, &mut ignore);
    }
    Ok(Box::new(NewNames {
        from: Drawn::read(options)?,
        ignore,
        max: options.get("max").map_or(Ok(0), |at| at.count())?,
    }))
}

impl Evaluator for NewNames {
    fn scale(&self, _: &Docs) -> Scale {
        Scale::Graded
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let plain = plain(subject.text);
        let doc = read(&plain.text)?;
        let found = names(&doc, &plain);
        if found.is_empty() {
            return Ok(Score::pass_fail(true)
                .because("the answer has no names")
                .into());
        }
        let mut known = self.ignore.clone();
        for text in self.from.texts(subject)? {
            known_words(&text, &mut known);
        }
        let mut score = Score::pass_fail(true);
        let mut all = BTreeSet::new();
        let mut new = Vec::new();
        for (place, name) in found.iter().enumerate() {
            // `National Aeronautics` and `Space Administration` are one name where NASA is known.
            let joined = [place.checked_sub(1), Some(place)]
                .into_iter()
                .flatten()
                .any(|at| {
                    let pair = found.get(at..at + 2);
                    pair.is_some_and(|pair| {
                        let between = plain.text.get(pair[0].span.end..pair[1].span.start);
                        matches!(between, Some(" and " | " & ")) && initials_known(pair, &known)
                    })
                });
            let fine = borne_out(name, &known) || joined;
            score = evidence(score, subject, (name.span.start, name.span.end), fine);
            if all.insert(&name.words) && !fine {
                new.push(name);
            }
        }
        score.value = (all.len() - new.len()) as f64 / all.len() as f64;
        score.passed = Some(new.len() <= self.max);
        if !new.is_empty() {
            let things = new.iter().map(|new| &subject.text[new.span.clone()]);
            score = score.because(from_nowhere(&self.from, things));
        }
        Ok(score.into())
    }
}
