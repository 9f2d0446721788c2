//! Patterns in YAML.

use botsmith_core::yaml::{Cursor, Fields, Value};

use super::{
    Compare, Count, Flag, Keep, Matcher, Pattern, PhraseMatcher, Text, Times, WordPattern,
};
use crate::{Error, Result};

const CODE: &str = "BS-NLP-021";

/// The 17 universal parts of speech.
const UPOS: [&str; 17] = [
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN",
    "PUNCT", "SCONJ", "SYM", "VERB", "X",
];

impl Matcher {
    /// Reads a matcher: `patterns`, a list of `{name, words}`; `keep`: `longest` (as it is unless said),
    /// `first` or `all`; `across-sentences`; `layer`, the name of its layer.
    ///
    /// ```
    /// use botsmith_core::yaml::{Cursor, Source, parse};
    /// use botsmith_nlp::matcher::Matcher;
    /// let source = Source::new("pipeline.yaml", "
    /// patterns:
    ///   - name: promise
    ///     words: [{lemma: will, upos: AUX}, {upos: ADV, op: '*'}, {upos: VERB}]
    /// keep: all
    /// ");
    /// let root = parse(&source)?;
    /// let matcher = Matcher::read(&Cursor::new(&source, &root))?;
    /// # Ok::<(), botsmith_nlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Core`] with file, line, column, field and the nearest valid word.
    pub fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let mut builder = Self::builder();
        for (number, item) in fields.required("patterns")?.items()?.iter().enumerate() {
            let pattern = item.fields()?;
            let name = match pattern.get("name") {
                Some(at) => at.name()?.to_owned(),
                None => format!("pattern {}", number + 1),
            };
            let read = Pattern::read(name, &pattern.required("words")?)?;
            pattern.finish()?;
            builder = builder.pattern(read);
        }
        builder = builder.keep(keep(&fields)?);
        if let Some(true) = fields
            .get("across-sentences")
            .map(|at| at.bool())
            .transpose()?
        {
            builder = builder.across_sentences();
        }
        if let Some(layer) = fields.get("layer") {
            builder = builder.layer(layer.name()?);
        }
        fields.finish()?;
        builder.build().map_err(|error| at_place(at, error))
    }
}

/// Reads the option `keep`.
///
/// # Errors
/// If it is none of the words.
fn keep(fields: &Fields<'_>) -> Result<Keep> {
    let words = [
        ("longest", Keep::Longest),
        ("first", Keep::First),
        ("all", Keep::All),
    ];
    Ok(fields
        .get("keep")
        .map(|at| at.one_of(&words))
        .transpose()?
        .unwrap_or_default())
}

fn at_place(at: &Cursor<'_>, error: Error) -> Error {
    match error {
        Error::Pattern { reason } => at.diagnostic(reason).code(CODE).into(),
        other => other,
    }
}

impl Pattern {
    /// Reads the words of a pattern: a list, each a mapping of conditions, or a text that is the word in
    /// lower case.
    ///
    /// Keys are `form`, `lower`, `lemma`, `upos`, `xpos`, `shape` (a text, a list of texts of which one fits,
    /// or `{in, not-in, regex}`), `feats` (`Number=Plur`, a list of pairs that must all be there, or
    /// `{all, any, none}`), `length` (a number or `{min, max}`), flags such as `is-digit: true`, and `op`.
    ///
    /// # Errors
    /// [`Error::Core`] with the place and the nearest valid word.
    pub fn read(name: impl Into<String>, at: &Cursor<'_>) -> Result<Self> {
        let mut words = Vec::new();
        for item in at.items()? {
            words.push(match item.node().value {
                Value::Map(_) => word(&item)?,
                _ => WordPattern::any().lower(item.name()?),
            });
        }
        if words.is_empty() {
            return Err(at
                .diagnostic("a pattern needs at least one word")
                .code(CODE)
                .into());
        }
        Ok(Self::new(name, words))
    }
}

fn word(at: &Cursor<'_>) -> Result<WordPattern> {
    let fields = at.fields()?;
    let mut word = WordPattern::any();
    if let Some(at) = fields.get("form") {
        word = word.form(text(&at)?);
    }
    if let Some(at) = fields.get("lower") {
        word = word.lower(text(&at)?);
    }
    if let Some(at) = fields.get("lemma") {
        word = word.lemma(text(&at)?);
    }
    if let Some(at) = fields.get("upos") {
        let tags = text(&at)?;
        if let Text::In(tags) | Text::NotIn(tags) = &tags
            && let Some(tag) = tags.iter().find(|tag| !UPOS.contains(&tag.as_str()))
        {
            let shown = botsmith_core::hint::shown(tag);
            let unknown = at.diagnostic(format!("`{shown}` is no universal part of speech"));
            return Err(unknown.nearest(tag, UPOS).code(CODE).into());
        }
        word = word.upos(tags);
    }
    if let Some(at) = fields.get("xpos") {
        word = word.xpos(text(&at)?);
    }
    if let Some(at) = fields.get("shape") {
        word = word.shape(text(&at)?);
    }
    if let Some(at) = fields.get("feats") {
        word = feats(&at, word)?;
    }
    if let Some(at) = fields.get("length") {
        word = word.length(length(&at)?);
    }
    for (name, flag) in Flag::NAMES {
        if let Some(at) = fields.get(name) {
            word = match at.bool()? {
                true => word.flag(flag),
                false => word.not_flag(flag),
            };
        }
    }
    if let Some(at) = fields.get("op") {
        let times: Times = at
            .text()?
            .parse()
            .map_err(|reason: String| at.diagnostic(reason).code(CODE))?;
        if times == Times::NOT && word.is_any() {
            let error = "`!` needs a condition: no word fits none";
            return Err(at.diagnostic(error).code(CODE).into());
        }
        word = word.times(times);
    }
    fields.finish()?;
    Ok(word)
}

fn text(at: &Cursor<'_>) -> Result<Text> {
    if !matches!(at.node().value, Value::Map(_)) {
        return Ok(Text::In(at.texts()?));
    }
    let (_, inner) = at.single()?;
    let fields = at.fields()?;
    let read = match (fields.get("in"), fields.get("not-in"), fields.get("regex")) {
        (Some(at), _, _) => Text::In(at.texts()?),
        (_, Some(at), _) => Text::NotIn(at.texts()?),
        (_, _, Some(at)) => Text::regex(at.text()?),
        _ => {
            fields.finish()?;
            return Err(at.error("expected `in`, `not-in` or `regex`").into());
        }
    };
    match read {
        Text::Invalid(reason) => Err(inner.diagnostic(reason).code(CODE).into()),
        read => Ok(read),
    }
}

fn feats(at: &Cursor<'_>, word: WordPattern) -> Result<WordPattern> {
    let pairs = |at: &Cursor<'_>| -> Result<Vec<String>> {
        let mut pairs = Vec::new();
        for item in at.items_or_self() {
            for pair in item.name()?.split('|') {
                let sound = pair
                    .split_once('=')
                    .is_some_and(|(name, value)| !name.is_empty() && !value.is_empty());
                if !sound {
                    let shown = botsmith_core::hint::shown(pair);
                    let error = format!("`{shown}` is no feature; one is written `Number=Plur`");
                    return Err(item.diagnostic(error).code(CODE).into());
                }
                pairs.push(pair.to_owned());
            }
        }
        Ok(pairs)
    };
    if !matches!(at.node().value, Value::Map(_)) {
        return Ok(word.feats(pairs(at)?));
    }
    let fields = at.fields()?;
    let mut word = word;
    if let Some(at) = fields.get("all") {
        word = word.feats(pairs(&at)?);
    }
    if let Some(at) = fields.get("any") {
        word = word.any_feat(pairs(&at)?);
    }
    if let Some(at) = fields.get("none") {
        word = word.no_feat(pairs(&at)?);
    }
    fields.finish()?;
    Ok(word)
}

fn length(at: &Cursor<'_>) -> Result<Count> {
    if !matches!(at.node().value, Value::Map(_)) {
        let count = at.count()?;
        return Ok(Count {
            min: count,
            max: count,
        });
    }
    let fields = at.fields()?;
    let read = |key| fields.get(key).map(|at| at.count()).transpose();
    let count = Count {
        min: read("min")?.unwrap_or(0),
        max: read("max")?.unwrap_or(usize::MAX),
    };
    fields.finish()?;
    if count.min > count.max {
        return Err(at.error("`min` is above `max`").into());
    }
    Ok(count)
}

impl PhraseMatcher {
    /// Reads a phrase matcher: `phrases`, a list of texts or a mapping of names to lists; `compare`:
    /// `exact` (as it is unless said), `ignore-case` or `lemma`; `keep`, `across-sentences`, `layer`.
    ///
    /// # Errors
    /// [`Error::Core`] with file, line, column, field and the nearest valid word.
    pub fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let compare = [
            ("exact", Compare::Exact),
            ("ignore-case", Compare::IgnoreCase),
            ("lemma", Compare::Lemma),
        ];
        let compare = fields
            .get("compare")
            .map(|at| at.one_of(&compare))
            .transpose()?;
        let list = fields.required("phrases")?;
        let mut phrases: Vec<(String, String)> = Vec::new();
        let mut add = |name: Option<&str>, at: &Cursor<'_>| -> Result<()> {
            for item in at.items_or_self() {
                let phrase = item.name()?;
                phrases.push((name.unwrap_or(phrase).to_owned(), phrase.to_owned()));
            }
            Ok(())
        };
        match list.node().value {
            Value::Map(_) => {
                for (name, at) in list.fields()?.entries() {
                    add(Some(name), &at)?;
                }
            }
            _ => add(None, &list)?,
        }
        let keep = keep(&fields)?;
        let across = fields
            .get("across-sentences")
            .map(|at| at.bool())
            .transpose()?;
        let layer = fields.get("layer").map(|at| at.name()).transpose()?;
        fields.finish()?;
        let mut matcher = Self::new(compare.unwrap_or_default(), phrases)
            .map_err(|error| at_place(&list, error))?
            .keep(keep);
        if across == Some(true) {
            matcher = matcher.across_sentences();
        }
        if let Some(layer) = layer {
            matcher = matcher.layer(layer);
        }
        Ok(matcher)
    }
}
