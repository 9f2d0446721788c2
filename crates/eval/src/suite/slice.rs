//! The `slices` of a suite: groups of cases to report by.

use botsmith_core::yaml::{Cursor, Value as Yaml};

use crate::dataset::{Field, Format};
use crate::template::Condition;
use crate::{Case, Result};

/// A way to group cases.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Its name.
    pub name: String,
    by: By,
}

#[derive(Clone, Debug)]
enum By {
    /// The value of a field of the row.
    Field(Field),
    /// Each tag is a group of its own.
    Tags,
    /// Cases for which an expression holds.
    Condition(Condition),
}

/// Reads the list: `/topic`, `tags`, `{name, by: /topic}` or `{name, when: "…"}`.
pub(super) fn read_all(at: Option<&Cursor<'_>>, format: Format) -> Result<Vec<Slice>> {
    let Some(at) = at else { return Ok(Vec::new()) };
    let mut slices: Vec<Slice> = Vec::new();
    for item in at.items_or_self() {
        let slice = read(&item, format)?;
        if slices.iter().any(|known| known.name == slice.name) {
            return Err(item
                .error(format!("a second slice named `{}`", slice.name))
                .into());
        }
        slices.push(slice);
    }
    Ok(slices)
}

fn read(item: &Cursor<'_>, format: Format) -> Result<Slice> {
    if let Yaml::String(text) = &item.node().value {
        let by = by(item, format)?;
        return Ok(Slice {
            name: text.trim_start_matches('/').to_owned(),
            by,
        });
    }
    let fields = item.fields()?;
    let name = fields.required("name")?.name()?.to_owned();
    let by = match (fields.get("by"), fields.get("when")) {
        (Some(at), None) => by(&at, format)?,
        (None, Some(at)) => By::Condition(Condition::read(&at)?),
        (Some(_), Some(at)) => {
            return Err(at
                .error("`by` and `when` together: give one of them")
                .into());
        }
        (None, None) => {
            return Err(item
                .error("a slice needs `by: /field` or `when: \"expression\"`")
                .into());
        }
    };
    fields.finish()?;
    Ok(Slice { name, by })
}

fn by(at: &Cursor<'_>, format: Format) -> Result<By> {
    Ok(match at.name()? {
        "tags" => By::Tags,
        _ => By::Field(Field::read(at, format)?),
    })
}

impl Slice {
    /// The top-level field that it reads.
    pub(super) fn root(&self) -> Option<&str> {
        match &self.by {
            By::Field(field) => field.root(),
            By::Tags | By::Condition(_) => None,
        }
    }

    /// The field whose values are the groups.
    pub(crate) fn field(&self) -> Option<&Field> {
        match &self.by {
            By::Field(field) => Some(field),
            By::Tags | By::Condition(_) => None,
        }
    }

    /// The expression that makes the groups.
    pub(crate) fn condition(&self) -> Option<&Condition> {
        match &self.by {
            By::Condition(condition) => Some(condition),
            By::Tags | By::Field(_) => None,
        }
    }

    /// The groups that a case belongs to; none where it has no value.
    ///
    /// # Errors
    /// If the expression fails on this case.
    pub fn values(&self, case: &Case) -> Result<Vec<String>> {
        Ok(match &self.by {
            By::Tags => case.tags.clone(),
            By::Condition(condition) => match condition.holds(case)? {
                true => vec!["yes".into()],
                false => vec!["no".into()],
            },
            By::Field(field) => field
                .find_in(&case.vars)
                .map(|value| match value {
                    serde_json::Value::Array(items) => {
                        items.iter().map(crate::dataset::text_of).collect()
                    }
                    other => vec![crate::dataset::text_of(other)],
                })
                .unwrap_or_default(),
        })
    }
}
