//! Instruction edits: an optimiser bot reads what went badly on train -> the directive anew.
//!
//! The optimiser is a bot like any other: any cartridge, any provider. It is shown the directive, up to
//! eight failed cases of train with the answer that was given, what is right and what people remarked, and
//! the score over dev. Three requests show different cases. What it says is kept in the store under the
//! hash of who was asked what, so that a honing that goes on asks nothing twice. Small local models rewrite
//! badly: other proposers come first.

use std::sync::Arc;

use botsmith_core::chat::{Call, Message};
use botsmith_core::digest::Digest;
use botsmith_core::store::{StateStore, Transaction};
use botsmith_nanobots::Bot;
use serde_json::{Value, json};

use super::{Draft, Proposer};
use crate::hone::view::Lesson;
use crate::hone::{Change, Parent, TrainView};
use crate::run::identity;
use crate::suite::BotSource;
use crate::{Error, Result};

/// Requests, each with other cases.
const REQUESTS: usize = 3;
/// Cases that one request shows.
const SHOWN: usize = 8;
/// Characters that are shown of one text.
const LONGEST: usize = 1_500;
/// Characters that a directive may have.
const DIRECTIVE: usize = 20_000;
/// The partition of what optimisers said.
const PARTITION: &str = "hone/asked";

/// The bot that rewrites instructions.
#[derive(Clone, Debug)]
pub struct Optimiser {
    bot: Bot,
    store: Arc<dyn StateStore>,
}

impl Optimiser {
    /// This bot; what it says is kept in `store`.
    pub fn new(bot: Bot, store: Arc<dyn StateStore>) -> Self {
        Self { bot, store }
    }

    /// Asks, or gives what was said to the same request before.
    fn ask(&self, request: &str) -> Result<String> {
        let who = identity(&self.bot, &BotSource::default());
        let key = Digest::of(json!([who, request]).to_string().as_bytes()).to_string();
        if let Some(kept) = self.store.get(PARTITION, &key)? {
            return Ok(String::from_utf8_lossy(&kept.value).into_owned());
        }
        let messages = [Message::user(request)];
        let call = Call::default();
        // A thread of its own: the caller may be inside of a runtime.
        let turn = std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(|error| Error::Invalid(format!("no async runtime: {error}")))?;
                Ok::<_, Error>(runtime.block_on(self.bot.ask(&messages, &call))?)
            });
            asking.join().expect("asking does not panic")
        })?;
        let put = Transaction::new().put(&key, turn.text.clone().into_bytes());
        let _ = self.store.transact(PARTITION, put)?;
        Ok(turn.text)
    }
}

/// Proposes the directive as an optimiser rewrites it.
#[derive(Clone, Debug)]
pub struct Instructions {
    optimiser: Optimiser,
}

impl Instructions {
    /// With this optimiser.
    pub fn new(optimiser: Optimiser) -> Self {
        Self { optimiser }
    }
}

impl Proposer for Instructions {
    fn name(&self) -> &'static str {
        "instructions"
    }

    fn propose(&self, parent: &Parent, view: &TrainView<'_>) -> Result<Vec<Draft>> {
        let path = ["behaviors", "interaction", "directive"];
        let now = parent.at(&path).and_then(Value::as_str).unwrap_or_default();
        let failed: Vec<&Lesson<'_>> = view
            .lessons()
            .iter()
            .filter(|lesson| lesson.failed() || !lesson.comments.is_empty())
            .collect();
        let mut drafts: Vec<Draft> = Vec::new();
        if failed.is_empty() {
            return Ok(drafts);
        }
        let requests = REQUESTS.min(failed.len().div_ceil(SHOWN));
        for number in 0..requests {
            let shown = failed.iter().skip(number).step_by(requests).take(SHOWN);
            let said = self.optimiser.ask(&request(now, shown.copied(), view))?;
            let text = directive(&said);
            let known = |draft: &Draft| draft.changes[0].value.as_str() == Some(text);
            if text.is_empty()
                || text == now.trim()
                || text.chars().count() > DIRECTIVE
                || drafts.iter().any(known)
            {
                continue;
            }
            drafts.push(Draft {
                name: format!("instructions-{}", number + 1),
                about: format!("the directive as {} rewrote it", self.optimiser.name()),
                changes: vec![Change::new(path, text.into())],
            });
        }
        Ok(drafts)
    }
}

impl Optimiser {
    fn name(&self) -> String {
        let name = self.bot.cartridge().meta().name;
        name.unwrap_or_else(|| "the optimiser".to_owned())
    }
}

/// What the optimiser is asked.
fn request<'a>(
    now: &str,
    shown: impl Iterator<Item = &'a Lesson<'a>>,
    view: &TrainView<'_>,
) -> String {
    let mut text = String::from(
        "You improve the instructions of an assistant.\n\nIts instructions now:\n<<<\n",
    );
    text.push_str(now);
    text.push_str("\n>>>\n\nHere it did badly:\n");
    for (i, lesson) in shown.enumerate() {
        let case = lesson.case.case();
        let mut line = |name: &str, said: &str| {
            let cut: String = said.chars().take(LONGEST).collect();
            for part in [name, ": ", &cut, "\n"] {
                text.push_str(part);
            }
        };
        line(&format!("\n{}. Question", i + 1), &case.input);
        if let Some(answer) = lesson.answer {
            line("   Its answer", answer.text.as_deref().unwrap_or("(none)"));
            answer
                .reasons
                .iter()
                .for_each(|why| line("   Why it failed", why));
        }
        match lesson.correction {
            Some(correction) => line("   What a person says is right", correction),
            None => case
                .references
                .iter()
                .take(1)
                .for_each(|reference| line("   Right", reference)),
        }
        lesson
            .comments
            .iter()
            .for_each(|comment| line("   A person's remark", comment));
    }
    if let Some(dev) = view.dev() {
        let known = format!(
            "{} cases that you do not see its mean score is {:.3}.",
            dev.n, dev.mean
        );
        text = [&text, "\nOn ", &known, "\n"].concat();
    }
    text.push_str(
        "\nWrite its instructions anew, so that it does better on questions like these. Say what to do in \
         general; do not quote or list the questions and answers above. Answer with the instructions \
         alone.\n",
    );
    text
}

/// The directive in what the optimiser said, without a fence around the whole.
fn directive(said: &str) -> &str {
    let text = said.trim();
    let fenced = text.strip_prefix("```").and_then(|rest| {
        let (_, body) = rest.split_once('\n')?;
        body.trim_end().strip_suffix("```")
    });
    fenced.unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use super::directive;

    #[test]
    fn a_fence_around_the_whole_directive_is_taken_off() {
        assert_eq!(directive(" Be brief.\n"), "Be brief.");
        assert_eq!(
            directive("```text\nBe brief.\nBe kind.\n```\n"),
            "Be brief.\nBe kind."
        );
        assert_eq!(directive("Use ``` for code."), "Use ``` for code.");
    }
}
