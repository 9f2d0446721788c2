//! Rows to cases.

use std::collections::BTreeSet;

use botsmith_core::yaml::Fields;
use serde_json::Value;

use crate::{Case, Message, Result};

use super::row::text_of;
use super::{Field, Format, Place, Row};

/// Which field of a row is what. A field that the suite names must be there where it matters; of
/// those that it does not name, the usual ones are taken when a row has them: `id`, `input` or
/// `messages` or `turns`, `reference` or `references`, `context`, `tags`, `group`.
#[derive(Clone, Debug)]
pub struct Mapping {
    id: Named,
    input: Named,
    messages: Named,
    turns: Named,
    reference: Named,
    context: Named,
    tags: Named,
    group: Named,
    /// Top-level keys that do not become variables: they are elsewhere in the case, or answers.
    drop: BTreeSet<String>,
}

/// A field, and whether the suite named it.
#[derive(Clone, Debug)]
struct Named {
    fields: Vec<Field>,
    explicit: bool,
}

impl Named {
    fn read(
        fields: &Fields<'_>,
        key: &'static str,
        format: Format,
        usual: &[&str],
    ) -> Result<Self> {
        let field = |name: &str| match format {
            Format::Csv => Field::column(name),
            _ => Field::pointer(&format!("/{name}")).expect("starts with a slash"),
        };
        Ok(match fields.get(key) {
            None => Self {
                fields: usual.iter().copied().map(field).collect(),
                explicit: false,
            },
            Some(at) => {
                let named = at
                    .items_or_self()
                    .iter()
                    .map(|item| Field::read(item, format))
                    .collect::<Result<_>>()?;
                Self {
                    fields: named,
                    explicit: true,
                }
            }
        })
    }

    fn find<'r>(&self, row: &'r Row) -> Option<&'r Value> {
        self.fields
            .iter()
            .find_map(|field| field.find(row))
            .filter(|value| !value.is_null())
    }

    fn missing(&self, row: &Row, place: &Place, key: &str) -> crate::Error {
        let names: Vec<_> = self.fields.iter().map(ToString::to_string).collect();
        let message = format!("the row has no {key} at `{}`", names.join("` or `"));
        let diagnostic = place.at(row.line, message);
        let root = self
            .fields
            .first()
            .and_then(Field::root)
            .unwrap_or_default();
        match row.value.as_object() {
            Some(object) if !object.is_empty() => diagnostic.nearest(root, row.keys()).into(),
            _ if row.value.is_array() => diagnostic
                .hint("the row is a list: a JSON list of cases goes into a `.json` file")
                .into(),
            _ => diagnostic
                .hint("each row is an object: {\"input\": …, \"reference\": …}")
                .into(),
        }
    }
}

impl Mapping {
    /// Reads the mapping's keys from the suite's `dataset`.
    ///
    /// # Errors
    /// If a field is no JSON Pointer.
    pub fn read(fields: &Fields<'_>, format: Format) -> Result<Self> {
        let read = |key, usual: &[&str]| Named::read(fields, key, format, usual);
        let mut mapping = Self {
            id: read("id", &["id"])?,
            input: read("input", &["input"])?,
            messages: read("messages", &["messages"])?,
            turns: read("turns", &["turns"])?,
            reference: read("reference", &["reference", "references"])?,
            context: read("context", &["context"])?,
            tags: read("tags", &["tags"])?,
            group: read("group", &["group"])?,
            drop: BTreeSet::new(),
        };
        mapping.drop = mapping
            .all()
            .flat_map(|named| &named.fields)
            .filter(|field| field.segments().len() == 1)
            .filter_map(|field| field.root().map(str::to_owned))
            .collect();
        Ok(mapping)
    }

    fn all(&self) -> impl Iterator<Item = &Named> {
        let of_case = [
            &self.id,
            &self.input,
            &self.messages,
            &self.turns,
            &self.reference,
        ];
        of_case
            .into_iter()
            .chain([&self.context, &self.tags, &self.group])
    }

    /// Leaves a top-level key out of the variables: it holds recorded answers.
    pub(crate) fn drop_key(&mut self, key: &str) {
        self.drop.insert(key.to_owned());
    }

    /// Keeps a top-level key among the variables: a template names it.
    pub(crate) fn keep_key(&mut self, key: &str) {
        self.drop.remove(key);
    }

    /// The fields that references are read from, as one writes them: `/reference`.
    pub(crate) fn reference_fields(&self) -> String {
        let named = self.reference.fields.iter().take(1);
        named.map(ToString::to_string).collect()
    }

    /// The fields that the suite names.
    pub(super) fn named(&self) -> impl Iterator<Item = &Field> {
        self.all()
            .filter(|named| named.explicit)
            .flat_map(|named| &named.fields)
    }

    /// Makes a case of a row. Its id is empty where the row brings none.
    ///
    /// # Errors
    /// If a field that the suite names is missing or has the wrong shape: with file and line.
    pub fn case(&self, row: &Row, place: &Place) -> Result<Case> {
        let id = match self.id.find(row) {
            Some(Value::String(id)) if id.is_empty() => {
                return Err(place.at(row.line, "the id is empty").into());
            }
            Some(value @ (Value::String(_) | Value::Number(_))) => text_of(value),
            Some(_) => return Err(place.at(row.line, "the id must be text or a number").into()),
            None if self.id.explicit => return Err(self.id.missing(row, place, "id")),
            None => String::new(),
        };
        let messages = match self.messages.find(row) {
            None if self.messages.explicit => {
                return Err(self.messages.missing(row, place, "messages"));
            }
            None => match self.turns.find(row) {
                Some(turns) => {
                    turns_of(turns).map_err(|what| place.at(row.line, format!("turns: {what}")))?
                }
                None if self.turns.explicit => {
                    return Err(self.turns.missing(row, place, "turns"));
                }
                None => Vec::new(),
            },
            Some(value) => messages(value).map_err(|what| {
                place
                    .at(row.line, format!("messages: {what}"))
                    .hint("messages look like [{\"role\": \"user\", \"content\": \"…\"}]")
            })?,
        };
        let input = match self.input.find(row) {
            Some(value) => text_of(value),
            None if self.input.explicit || messages.is_empty() => {
                return Err(self.input.missing(row, place, "input"));
            }
            None => last_user(&messages).ok_or_else(|| {
                place
                    .at(row.line, "messages: none of them is the user's")
                    .hint("the last one with the role `user` is the input; or give an `input` beside them")
            })?,
        };
        let references = self.reference.find(row).map(texts).unwrap_or_default();
        let context = self.context.find(row).map(texts).unwrap_or_default();
        let tags = self.tags.find(row).map(tags).unwrap_or_default();
        let group = match self.group.find(row) {
            Some(value) => Some(text_of(value)),
            None if self.group.explicit => return Err(self.group.missing(row, place, "group")),
            None => None,
        };
        let kept = |(key, value): (&String, &Value)| {
            (!self.drop.contains(key)).then(|| (key.clone(), value.clone()))
        };
        let fields = row.value.as_object().into_iter().flatten();
        let vars = fields.filter_map(kept).collect();
        Ok(Case {
            id,
            input,
            messages,
            references,
            context,
            tags,
            group,
            vars,
        })
    }
}

fn messages(value: &Value) -> Result<Vec<Message>, String> {
    let Value::Array(items) = value else {
        return Err("expected a list".into());
    };
    if items.is_empty() {
        return Err("the list is empty".into());
    }
    items
        .iter()
        .enumerate()
        .map(|(i, item)| {
            match item.get("role").and_then(Value::as_str) {
                None => return Err(format!("message {} has no role", i + 1)),
                Some(role) if !ROLES.contains(&role) => {
                    let near = match botsmith_core::hint::nearest(role, ROLES) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("roles are {}", botsmith_core::hint::list(ROLES)),
                    };
                    return Err(format!("message {} has the role `{role}`; {near}", i + 1));
                }
                Some(_) => {}
            }
            serde_json::from_value(item.clone()).map_err(|error| error.to_string())
        })
        .collect()
}

/// The roles of OpenAI's messages.
const ROLES: [&str; 6] = [
    "user",
    "assistant",
    "system",
    "developer",
    "tool",
    "function",
];

/// The user's turns as messages; the bot answers each.
fn turns_of(value: &Value) -> Result<Vec<Message>, String> {
    let turns = match value {
        Value::Array(items) if !items.is_empty() => items,
        Value::Array(_) => return Err("the list is empty".into()),
        _ => return Err("expected a list of texts, what the user says turn by turn".into()),
    };
    turns
        .iter()
        .map(|turn| match turn {
            Value::String(text) => Ok(Message {
                role: "user".into(),
                content: Value::from(text.as_str()),
                rest: serde_json::Map::new(),
            }),
            other => Err(format!("expected a text, found {other}")),
        })
        .collect()
}

fn last_user(messages: &[Message]) -> Option<String> {
    let user = messages.iter().rev().find(|message| message.role == "user");
    user.map(Message::text)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items
            .iter()
            .filter(|item| !item.is_null())
            .map(text_of)
            .collect(),
        other => vec![text_of(other)],
    }
}

/// Tags come as a list, or as one text split at commas (CSV).
fn tags(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text
            .split(',')
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
            .collect(),
        other => texts(other),
    }
}
