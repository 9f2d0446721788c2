//! The key `notify` of a workflow -> whom it tells of what.

use std::collections::BTreeSet;

use botsmith_core::yaml::Cursor;
use serde_json::Value;

use crate::workflow::kind::Type;
use crate::workflow::place::wrong;
use crate::workflow::scan;
use crate::workflow::text::Texts;
use crate::{Notice, Occasion, Recipient, Result};

/// The most entries.
const MANY: usize = 20;

/// One entry, or a list of them.
pub(super) fn notices(at: &Cursor<'_>, inputs: Option<&Value>) -> Result<Vec<Notice>> {
    let all = at.items_or_self();
    if all.len() > MANY {
        let message = format!("{} entries, at most {MANY} are wanted", all.len());
        return Err(at.error(message).into());
    }
    all.iter().map(|at| notice(at, inputs)).collect()
}

fn notice(at: &Cursor<'_>, inputs: Option<&Value>) -> Result<Notice> {
    let words: Vec<(&str, Occasion)> = Occasion::ALL.map(|one| (one.word(), one)).to_vec();
    let fields = at.fields()?;
    let on = match fields.get("on") {
        None => BTreeSet::from(Occasion::ALL),
        Some(on) => {
            let listed = on.items_or_self();
            if listed.is_empty() {
                return Err(on.error("it names nothing that is to be told").into());
            }
            let read = listed.iter().map(|word| word.one_of(&words));
            read.collect::<botsmith_core::Result<_>>()?
        }
    };
    let to = match (fields.get("webhook"), fields.get("command")) {
        (Some(url), None) => {
            text(&url, inputs)?;
            let address = url.name()?;
            let http = address.starts_with("http://") || address.starts_with("https://");
            if !http && !scan::is_template(address) {
                return Err(url
                    .error("a web address that begins with http:// or https:// is wanted")
                    .into());
            }
            Recipient::Webhook(address.to_owned())
        }
        (None, Some(command)) => {
            for word in command.items_or_self() {
                text(&word, inputs)?;
            }
            let words = command.texts()?;
            if words.first().is_none_or(String::is_empty) {
                return Err(command.error("it names no program").into());
            }
            Recipient::Command(words)
        }
        (Some(_), Some(command)) => {
            return Err(command
                .error("one of `webhook` and `command` is wanted, not both; give two entries")
                .into());
        }
        (None, None) => {
            return Err(at
                .error("nobody is named: `webhook: ADDRESS` or `command: [PROGRAM, …]` is wanted")
                .into());
        }
    };
    fields.finish()?;
    Ok(Notice { on, to })
}

/// A text that may be a template over inputs and secrets.
fn text(at: &Cursor<'_>, inputs: Option<&Value>) -> Result<()> {
    let mut texts = Texts {
        inputs,
        names: Vec::new(),
        uses: Vec::new(),
    };
    texts.value(at, Type::Text, true)?;
    match texts.uses.first() {
        None => Ok(()),
        Some(used) => {
            let message = format!(
                "a notice knows `inputs` and `secret('NAME')`, and no step such as `{}`",
                used.step
            );
            Err(wrong(at, "BS-FLOW-016", message).into())
        }
    }
}
