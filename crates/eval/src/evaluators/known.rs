//! What an answer may draw on: the question, the conversation, the context, and what the options add.

use std::borrow::Cow;

use botsmith_core::yaml::Fields;

use super::builtin::flag;
use super::{OptionDocs, Subject};
use crate::Result;
use crate::template::Template;

pub(super) const CONTEXT: OptionDocs = OptionDocs {
    name: "context",
    schema: r#"{"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}"#,
    about: "texts that the answer may draw on besides input, messages and context of the case; templates over the case, such as `{{ policy }}`",
    required: false,
};

pub(super) const REFERENCES: OptionDocs = OptionDocs {
    name: "references",
    schema: r#"{"type": "boolean", "default": false}"#,
    about: "whether the answer may draw on the references too",
    required: false,
};

/// What an answer may draw on.
#[derive(Debug)]
pub(super) struct Drawn {
    more: Vec<Template>,
    references: bool,
}

impl Drawn {
    pub(super) fn read(options: &Fields<'_>) -> Result<Self> {
        let more = match options.get("context") {
            Some(at) => at
                .items_or_self()
                .iter()
                .map(|item| {
                    item.text()?;
                    Template::read(item)
                })
                .collect::<Result<_>>()?,
            None => Vec::new(),
        };
        Ok(Self {
            more,
            references: flag(options, "references")?,
        })
    }

    /// The texts, as they are: a list's numbers in a context are numbers that an answer may name.
    ///
    /// # Errors
    /// If a template fails on the case.
    pub(super) fn texts(&self, subject: &Subject<'_>) -> Result<Vec<String>> {
        let case = subject.case;
        let mut texts: Vec<Cow<'_, str>> = vec![Cow::Borrowed(case.input.as_str())];
        texts.extend(
            case.messages
                .iter()
                .map(|message| Cow::Owned(message.text())),
        );
        texts.extend(case.context.iter().map(|text| Cow::Borrowed(text.as_str())));
        if self.references {
            texts.extend(
                case.references
                    .iter()
                    .map(|text| Cow::Borrowed(text.as_str())),
            );
        }
        for template in &self.more {
            texts.push(template.render(case)?);
        }
        Ok(texts.into_iter().map(Cow::into_owned).collect())
    }
}

/// What is said of things that came from nowhere.
pub(super) fn from_nowhere<'a>(drawn: &Drawn, things: impl Iterator<Item = &'a str>) -> String {
    let things: Vec<_> = things.collect();
    let verb = if things.len() == 1 { "is" } else { "are" };
    let sources = match drawn.references {
        true => "in none of question, context and references",
        false => "in neither context nor question",
    };
    format!("{} {verb} {sources}", listed(things.into_iter()))
}

/// `"a", "b" and 2 more`: what was found, at most five of them.
fn listed<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let all: Vec<_> = texts.map(crate::text::quote).collect();
    match all.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] if all.len() <= SHOWN => format!("{} and {last}", most.join(", ")),
        _ => format!("{} and {} more", all[..SHOWN].join(", "), all.len() - SHOWN),
    }
}
