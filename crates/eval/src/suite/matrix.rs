//! `matrix`: every bot with every prompt and every choice of variables, as bots of their own.
//!
//! `matrix: {bots: [bots/assistant.yml], variables: {tone: [formal, warm]}}` gives the bots
//! `assistant[tone=formal]` and `assistant[tone=warm]`: the first axis changes slowest. The order
//! of axes is bots, prompts, variables as written.

use std::path::Path;

use botsmith_core::yaml::{Cursor, Value as Yaml};
use serde_json::{Map, Value};

use crate::Result;
use crate::dataset::{DatasetSpec, Files, text_of};
use crate::template::Template;

use super::bot::{self, BotAnswers, BotSpec};

/// Bots that one matrix may give: each is compared with each other.
const MOST: usize = 256;

/// A prompt with its name.
type Prompt = (String, Template);

/// Reads a matrix and adds its bots.
pub(super) fn read(
    at: &Cursor<'_>,
    base: &Path,
    dataset: &DatasetSpec,
    bots: &mut Vec<BotSpec>,
) -> Result<()> {
    let fields = at.fields()?;
    let list = fields.required("bots")?.items()?;
    let prompts = match fields.get("prompts") {
        Some(at) => prompts(&at)?,
        None => Vec::new(),
    };
    let mut axes: Vec<(&str, Vec<Value>)> = Vec::new();
    if let Some(variables) = fields.get("variables") {
        for (name, values) in variables.fields()?.entries() {
            let items = values.items_or_self();
            if items.is_empty() {
                return Err(values.error("the list is empty: give it a value").into());
            }
            axes.push((
                name,
                items.iter().map(|item| item.node().to_json()).collect(),
            ));
        }
    }
    fields.finish()?;
    let sizes = axes.iter().map(|(_, values)| values.len());
    let all = sizes
        .chain([list.len(), prompts.len().max(1)])
        .try_fold(1_usize, usize::checked_mul);
    if all.is_none_or(|all| all > MOST) {
        return Err(at
            .diagnostic(format!("the matrix gives more than {MOST} bots"))
            .hint("each bot is compared with each other: take fewer values, or several suites")
            .into());
    }
    if list.is_empty() {
        return Err(at
            .error("`bots` is empty: at least one bot is needed")
            .into());
    }
    for item in &list {
        let spec = bot::read(item, base, dataset, Files::MustExist)?;
        let BotAnswers::Live(live) = &spec.answers else {
            return Err(item
                .diagnostic("recorded answers cannot vary")
                .hint("bots of a matrix are asked; recorded ones stand under `bots`")
                .into());
        };
        let none: [Option<&Prompt>; 1] = [None];
        let some: Vec<_> = prompts.iter().map(Some).collect();
        for prompt in if some.is_empty() { &none[..] } else { &some } {
            for choice in choices(&axes) {
                let mut live = live.clone();
                let mut words: Vec<String> = Vec::new();
                if let Some((name, template)) = prompt {
                    words.push(format!("prompt={name}"));
                    live.ask.prompt = Some(template.clone());
                }
                words.extend(choice.iter().map(|(k, v)| format!("{k}={}", text_of(v))));
                live.set_variables(choice);
                let name = match words.is_empty() {
                    true => spec.name.clone(),
                    false => format!("{}[{}]", spec.name, words.join(",")),
                };
                live.source.name.clone_from(&name);
                let answers = BotAnswers::Live(live);
                bot::add(bots, BotSpec { name, answers }, item)?;
            }
        }
    }
    Ok(())
}

/// Every choice of one value an axis, the first axis slowest.
fn choices(axes: &[(&str, Vec<Value>)]) -> Vec<Map<String, Value>> {
    let mut all = vec![Map::new()];
    for (name, values) in axes {
        let with = |choice: &Map<String, Value>, value: &Value| {
            let mut choice = choice.clone();
            choice.insert((*name).to_owned(), value.clone());
            choice
        };
        all = all
            .iter()
            .flat_map(|choice| values.iter().map(move |value| with(choice, value)))
            .collect();
    }
    all
}

/// Prompts: templates, or mappings of `name` and `template`; nameless ones are numbered.
fn prompts(at: &Cursor<'_>) -> Result<Vec<Prompt>> {
    let mut prompts: Vec<Prompt> = Vec::new();
    for (i, item) in at.items()?.iter().enumerate() {
        let prompt = match &item.node().value {
            Yaml::Map(_) => {
                let fields = item.fields()?;
                let name = fields.required("name")?.name()?.to_owned();
                let template = Template::read(&fields.required("template")?)?;
                fields.finish()?;
                (name, template)
            }
            _ => ((i + 1).to_string(), Template::read(item)?),
        };
        if prompts.iter().any(|(name, _)| *name == prompt.0) {
            return Err(item
                .error(format!("a second prompt named `{}`", prompt.0))
                .into());
        }
        prompts.push(prompt);
    }
    if prompts.is_empty() {
        return Err(at.error("the list is empty: give it a prompt").into());
    }
    Ok(prompts)
}
