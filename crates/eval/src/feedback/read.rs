//! The `feedback:` block of a suite file: YAML -> [`Plan`], and its JSON Schema.

use std::collections::BTreeSet;
use std::path::Path;

use botsmith_core::hint::nearest;
use botsmith_core::yaml::{Cursor, Fields, Source, parse};
use serde_json::{Value, json};

use crate::Result;
use crate::hone::Split;
use crate::run::Manifest;

use super::{Kind, Plan, Question};

/// The least share that is drawn at random: below it, estimates rest on too few.
const LEAST_RANDOM: f64 = 0.2;
/// The least share that two raters label.
const LEAST_DOUBLE: f64 = 0.1;
/// A suite file may have this many bytes.
const MOST_BYTES: u64 = 64 << 20;
/// At most so many words to choose from: more do not fit keys and minds.
const MOST_OPTIONS: usize = 50;

impl Plan {
    /// The plan in a suite's text, which may be changed without making the run another one;
    /// the rest of the file is not looked at.
    ///
    /// # Errors
    /// If the block is wrong; file, line, column and field are named.
    pub fn of_suite(source: &Source) -> Result<Self> {
        let root = parse(source)?;
        let top = Cursor::new(source, &root);
        let fields = top.fields()?;
        let mut plan = match fields.get("feedback") {
            Some(at) => Self::read(&at, None)?,
            None => Self::default(),
        };
        if let Some(hone) = fields.get("hone")
            && let Some(salt) = hone.fields()?.get("salt")
        {
            plan.split = Split::new(salt.name()?);
        }
        Ok(plan)
    }

    /// What is asked of a run: the block of `suite`, else of the run's suite file as it is now, else as it
    /// was when it ran. So questions may be added to answers that are there.
    ///
    /// # Errors
    /// If the file cannot be read, or the block is wrong.
    pub fn of_run(run: &Manifest, suite: Option<&Path>) -> Result<Self> {
        let now = Path::new(&run.suite_file);
        let text = match suite {
            Some(path) => Source::read(path, MOST_BYTES)?,
            None if now.is_file() => Source::read(now, MOST_BYTES)?,
            None => Source::new(now, run.suite_text.clone()),
        };
        Self::of_suite(&text)
    }

    /// Reads the block. `names`: the suite's slices and metrics, where they are known.
    pub(crate) fn read(at: &Cursor<'_>, names: Option<(&[String], &[String])>) -> Result<Self> {
        let usual = Self::default();
        let fields = at.fields()?;
        let text = |key| {
            fields
                .get(key)
                .map(|at: Cursor<'_>| at.name().map(str::to_owned))
        };
        let guidelines = text("guidelines").transpose()?;
        let questions = match fields.get("questions") {
            Some(at) => questions(&at)?,
            None => usual.questions,
        };
        let raters = match fields.get("raters") {
            Some(at) => unique(&at, "rater")?,
            None => Vec::new(),
        };
        let budget = match fields.get("budget") {
            Some(at) => match at.count()? {
                0 => return Err(at.error("must be 1 or more").into()),
                n => n,
            },
            None => usual.budget,
        };
        let share = |key, least: f64, usual: f64, why: &str| -> Result<f64> {
            match fields.get(key) {
                None => Ok(usual),
                Some(at) => {
                    let share = at.number_in(0.0, 1.0)?;
                    match share >= least {
                        true => Ok(share),
                        false => Err(crate::Error::from(
                            at.diagnostic(format!("{share} is less than {least}"))
                                .hint(why),
                        )),
                    }
                }
            }
        };
        let random = share(
            "random",
            LEAST_RANDOM,
            usual.random,
            "estimates over all answers rest on those that are drawn at random",
        )?;
        let double = share(
            "double",
            LEAST_DOUBLE,
            usual.double,
            "how much raters agree is only known from answers that two of them label",
        )?;
        let blind = match fields.get("blind") {
            Some(at) => at.bool()?,
            None => true,
        };
        let known = |key, names: Option<&[String]>| match (fields.get(key), names) {
            (Some(at), Some(names)) => {
                let choices: Vec<_> = names.iter().map(|name| (name.as_str(), ())).collect();
                at.one_of(&choices)?;
                Ok::<_, crate::Error>(Some(at.text()?.to_owned()))
            }
            (Some(at), None) => Ok(Some(at.name()?.to_owned())),
            (None, _) => Ok(None),
        };
        let by = known("by", names.map(|(slices, _)| slices))?;
        let judge = known("judge", names.map(|(_, metrics)| metrics))?;
        fields.finish()?;
        Ok(Self {
            guidelines,
            questions,
            raters,
            budget,
            random,
            double,
            blind,
            by,
            judge,
            split: usual.split,
        })
    }
}

fn questions(at: &Cursor<'_>) -> Result<Vec<Question>> {
    let mut questions: Vec<Question> = Vec::new();
    for item in at.items()? {
        let question = question(&item)?;
        if questions.iter().any(|known| known.name == question.name) {
            return Err(item
                .error(format!("a second question named `{}`", question.name))
                .into());
        }
        questions.push(question);
    }
    match questions.is_empty() {
        true => Err(at.error("at least one question is wanted").into()),
        false => Ok(questions),
    }
}

fn question(item: &Cursor<'_>) -> Result<Question> {
    let fields = item.fields()?;
    let kind_at = fields.required("kind")?;
    let word = kind_at.one_of(&WORDS.map(|word| (word, word)))?;
    let name = match fields.get("name") {
        Some(at) => at.name()?.to_owned(),
        None => word.to_owned(),
    };
    let kind = match word {
        "thumb" => Kind::Thumb,
        "rating" => rating(&fields)?,
        "label" => {
            let options = options(&fields, true)?;
            let pass = match fields.get("pass") {
                Some(at) => pass(&at, &options)?,
                None => Vec::new(),
            };
            Kind::Label { options, pass }
        }
        "multi-label" => Kind::MultiLabel {
            options: options(&fields, true)?,
        },
        "pairwise" => Kind::Pairwise {
            ties: match fields.get("ties") {
                Some(at) => at.bool()?,
                None => true,
            },
        },
        "span" => Kind::Span {
            options: options(&fields, false)?,
        },
        "correction" => Kind::Correction,
        _ => Kind::Comment,
    };
    let mut question = Question::new(name, kind);
    if let Some(at) = fields.get("ask") {
        at.name()?.clone_into(&mut question.ask);
    }
    question.guidelines = match fields.get("guidelines") {
        Some(at) => Some(at.name()?.to_owned()),
        None => None,
    };
    fields.finish()?;
    Ok(question)
}

fn rating(fields: &Fields<'_>) -> Result<Kind> {
    let whole = |at: &Cursor<'_>| -> Result<i64> {
        let x = at.number_in(-1_000.0, 1_000.0)?;
        match x.fract() == 0.0 {
            true => Ok(x as i64),
            false => Err(at
                .error(format!("expected a whole number, found {x}"))
                .into()),
        }
    };
    let end = |key, usual| fields.get(key).map_or(Ok(usual), |at| whole(&at));
    let (min, max) = (end("min", 1)?, end("max", 5)?);
    if min >= max {
        let at = fields.get("max").or_else(|| fields.get("min"));
        let message = format!("a rating from {min} to {max} has nothing to choose");
        return Err(at.as_ref().unwrap_or(fields.at()).error(message).into());
    }
    let pass = match fields.get("pass") {
        None => None,
        Some(at) => match whole(&at)? {
            pass if (min..=max).contains(&pass) => Some(pass),
            pass => {
                let message = format!("{pass} is outside {min} to {max}");
                return Err(at.error(message).into());
            }
        },
    };
    Ok(Kind::Rating { min, max, pass })
}

fn options(fields: &Fields<'_>, needed: bool) -> Result<Vec<String>> {
    let at = match (fields.get("options"), needed) {
        (Some(at), _) => at,
        (None, true) => fields.required("options")?,
        (None, false) => return Ok(Vec::new()),
    };
    let options = unique(&at, "option")?;
    if options.len() < 2 && needed {
        return Err(at.error("at least two options are wanted").into());
    }
    if options.len() > MOST_OPTIONS {
        let n = options.len();
        return Err(at
            .error(format!("{n} options, at most {MOST_OPTIONS} can be shown"))
            .into());
    }
    Ok(options)
}

fn pass(at: &Cursor<'_>, options: &[String]) -> Result<Vec<String>> {
    let mut pass = Vec::new();
    for item in at.items_or_self() {
        let word = item.name()?;
        if !options.iter().any(|option| option == word) {
            let near = nearest(word, options.iter().map(String::as_str));
            let wrong = item.diagnostic(format!("`{word}` is none of the options"));
            return Err(match near {
                Some(near) => wrong.hint(format!("did you mean `{near}`?")),
                None => wrong.hint(format!("the options are {}", options.join(", "))),
            }
            .into());
        }
        pass.push(word.to_owned());
    }
    Ok(pass)
}

/// A list of names, none twice.
fn unique(at: &Cursor<'_>, what: &str) -> Result<Vec<String>> {
    let (mut seen, mut names) = (BTreeSet::new(), Vec::new());
    for item in at.items_or_self() {
        let name = item.name()?;
        if !seen.insert(name.to_lowercase()) {
            return Err(item.error(format!("a second {what} `{name}`")).into());
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

const WORDS: [&str; 8] = [
    "thumb",
    "rating",
    "label",
    "multi-label",
    "pairwise",
    "span",
    "correction",
    "comment",
];

/// The JSON Schema of the block.
pub(crate) fn schema() -> Value {
    let words = |least: usize, about: &str| {
        let list = json!({
            "type": "array", "minItems": least, "maxItems": MOST_OPTIONS, "uniqueItems": true,
            "items": {"type": ["string", "number", "boolean"]}
        });
        if least == 1 {
            json!({"description": about, "anyOf": [{"type": ["string", "number", "boolean"]}, list]})
        } else {
            let mut list = list;
            list["description"] = about.into();
            list
        }
    };
    let question = |kind: &str, about: &str, more: Value, required: &[&str]| {
        let mut properties = json!({
            "kind": {"const": kind, "description": about},
            "name": {"type": "string", "minLength": 1, "description": "The `question` of records. Default: the kind."},
            "ask": {"type": "string", "minLength": 1, "description": "What the rater reads."},
            "guidelines": {"type": "string", "minLength": 1, "description": "How to decide; shown with the question."}
        });
        if let (Some(all), Value::Object(more)) = (properties.as_object_mut(), more) {
            all.extend(more);
        }
        let required: Vec<_> = std::iter::once(&"kind").chain(required).collect();
        json!({
            "type": "object", "additionalProperties": false, "required": required, "properties": properties
        })
    };
    let options = || json!({"options": words(2, "The words to choose from.")});
    json!({
        "type": "object", "additionalProperties": false,
        "description": "What people are asked about the answers.",
        "properties": {
            "guidelines": {"type": "string", "minLength": 1, "description": "What every rater should know."},
            "questions": {
                "type": "array", "minItems": 1,
                "description": "What is asked, in order. Default: a thumb named `verdict`.",
                "items": {"anyOf": [
                    question("thumb", "Good or not.", json!({}), &[]),
                    question("rating", "A whole number.", json!({
                        "min": {"type": "integer", "default": 1}, "max": {"type": "integer", "default": 5},
                        "pass": {"type": "integer", "description": "An answer rated so or higher is good."}
                    }), &[]),
                    question("label", "One of some words.", json!({
                        "options": words(2, "The words to choose from."),
                        "pass": words(1, "Those of a good answer.")
                    }), &["options"]),
                    question("multi-label", "Some of the words, or none.", options(), &["options"]),
                    question("pairwise", "Which of two answers is better.", json!({
                        "ties": {"type": "boolean", "default": true, "description": "Whether neither may be."}
                    }), &[]),
                    question("span", "Parts of the answer.", json!({
                        "options": words(1, "What parts may be called; without it they have no label.")
                    }), &[]),
                    question("correction", "The answer as it should have been.", json!({}), &[]),
                    question("comment", "Words.", json!({}), &[])
                ]}
            },
            "raters": words(1, "Who may answer. Default: anybody."),
            "budget": {"type": "integer", "minimum": 1, "default": 100, "description": "How many labels are asked for, second ones included."},
            "random": {"type": "number", "minimum": LEAST_RANDOM, "maximum": 1, "default": 0.5, "description": "The share of answers that is drawn at random."},
            "double": {"type": "number", "minimum": LEAST_DOUBLE, "maximum": 1, "default": 0.15, "description": "The share of answers that two raters label."},
            "blind": {"type": "boolean", "default": true, "description": "Whether raters see neither bots nor scores."},
            "by": {"type": "string", "description": "The slice whose groups the random share is spread over."},
            "judge": {"type": "string", "description": "The metric whose doubt ranks what to label. Default: all."}
        }
    })
}
