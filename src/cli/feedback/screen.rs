//! The screen of a review: what is asked now -> text of a terminal of some size. Pure.

use std::fmt::Write as _;

use botsmith::eval::feedback::{Kind, Progress, Step};

use super::answer::{Begun, option_key};
use crate::cli::terminal::{Paint, clean, cut};

/// Clears the screen and puts the cursor at its beginning.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Everything that is shown.
pub(super) struct View<'a> {
    pub(super) step: Step<'a>,
    pub(super) begun: &'a Begun,
    pub(super) progress: Progress,
    pub(super) rater: &'a str,
    /// Lines of the body that are above the screen.
    pub(super) scroll: usize,
    /// A word on what just happened.
    pub(super) note: &'a str,
    pub(super) paint: Paint,
    pub(super) lines: usize,
    pub(super) columns: usize,
}

impl View<'_> {
    /// The whole screen.
    pub(super) fn draw(&self) -> String {
        let head = self.head();
        let foot = self.foot();
        let body = self.body();
        let room = self
            .lines
            .saturating_sub(head.len() + foot.len() + 1)
            .max(3);
        let from = self.scroll.min(body.len().saturating_sub(room));
        let mut text = CLEAR.to_owned();
        for line in head
            .iter()
            .chain(&body[from..(from + room).min(body.len())])
        {
            text.push_str(line);
            text.push('\n');
        }
        if body.len() > from + room {
            let more = body.len() - from - room;
            let _ = writeln!(text, "… {more} more lines (space)");
        }
        text.push_str(&foot.join("\n"));
        text.push('\n');
        text
    }

    fn head(&self) -> Vec<String> {
        let step = &self.step;
        let teaches = match step.teaches {
            true => self.paint.green("can teach"),
            false => self.paint.yellow("only judges"),
        };
        let mut facts = vec![
            format!("{} of {}", self.progress.done + 1, self.progress.total),
            teaches,
            clean(self.rater),
        ];
        if step.blind {
            facts.push("blind".into());
        }
        if step.item.double {
            facts.push("labelled twice".into());
        }
        vec![facts.join(" · "), "─".repeat(self.columns.min(80))]
    }

    fn body(&self) -> Vec<String> {
        let item = self.step.item;
        let mut lines = Vec::new();
        for (who, words) in &item.said {
            self.block(&clean(who), words, &mut lines);
        }
        let shown = match (&item.b, self.step.swapped) {
            (None, _) => vec![("answer", &item.a)],
            (Some(b), false) => vec![("A", &item.a), ("B", b)],
            (Some(b), true) => vec![("A", b), ("B", &item.a)],
        };
        for (name, side) in shown {
            let title = match self.step.blind {
                true => name.to_owned(),
                false => format!("{name} of {}", cut(&side.bot, 40)),
            };
            self.block(&self.paint.bold(&title), &side.text, &mut lines);
        }
        lines
    }

    fn block(&self, title: &str, words: &str, lines: &mut Vec<String>) {
        lines.push(title.to_owned());
        let width = self.columns.clamp(20, 100) - 2;
        lines.extend(
            fold(&clean(words), width)
                .iter()
                .map(|line| format!("  {line}")),
        );
        lines.push(String::new());
    }

    fn foot(&self) -> Vec<String> {
        let question = self.step.question;
        let mut lines = vec![self.paint.bold(&cut(&question.ask, self.columns.max(20)))];
        lines.extend(self.answers());
        if let Some(comment) = &self.begun.comment {
            lines.push(format!("comment: {}", cut(comment, 60)));
        }
        if let Some(correction) = &self.begun.correction {
            lines.push(format!("correction: {}", cut(correction, 60)));
        }
        let mut commands = vec!["s later", "d cannot be judged"];
        if !matches!(question.kind, Kind::Comment) {
            commands.push("c comment");
        }
        if !question.kind.of_two() && !matches!(question.kind, Kind::Correction) {
            commands.push("x correct");
        }
        commands.extend(["u undo", "g guidelines", "q leave"]);
        lines.push(commands.join(" · "));
        if !self.note.is_empty() {
            lines.push(self.paint.yellow(&cut(self.note, self.columns.max(20))));
        }
        lines
    }

    /// The keys that answer.
    fn answers(&self) -> Vec<String> {
        let option = |(at, word): (usize, &String)| format!("{} {}", option_key(at), cut(word, 30));
        match &self.step.question.kind {
            Kind::Thumb => vec!["y yes · n no".into()],
            Kind::Rating { min, max, .. } if *min >= 0 && *max <= 9 => {
                vec![format!("{min} to {max}")]
            }
            Kind::Rating { min, max, .. } => {
                vec![format!("{min} to {max}, then Enter: {}", self.begun.digits)]
            }
            Kind::Label { options, .. } => {
                let words: Vec<_> = options.iter().enumerate().map(option).collect();
                fold(&words.join(" · "), self.columns.max(20))
            }
            Kind::MultiLabel { options } => {
                let ticked = |(at, word): (usize, &String)| {
                    let mark = if self.begun.ticked.contains(&at) {
                        'x'
                    } else {
                        ' '
                    };
                    format!("{} [{mark}] {}", option_key(at), cut(word, 30))
                };
                let words: Vec<_> = options.iter().enumerate().map(ticked).collect();
                let mut lines = fold(&words.join(" · "), self.columns.max(20));
                lines.push("Enter hands in · w keeps as a draft".into());
                lines
            }
            Kind::Pairwise { ties } => vec![match ties {
                true => "a A is better · b B is better · t neither".into(),
                false => "a A is better · b B is better".to_owned(),
            }],
            Kind::Span { .. } => {
                let text = &self.step.item.a.text;
                let mut lines: Vec<_> = self
                    .begun
                    .spans
                    .iter()
                    .map(|span| {
                        let words = text.get(span.start..span.end).unwrap_or("?");
                        let label = span.label.as_deref().unwrap_or_default();
                        format!("marked: {} {label}", cut(words, 50))
                    })
                    .collect();
                lines.push(
                    "m mark a part · Backspace takes the last away · Enter hands in · w draft"
                        .into(),
                );
                lines
            }
            Kind::Correction | Kind::Comment => vec!["Enter opens the line to write in".into()],
        }
    }
}

/// Lines of at most `width` characters, broken at spaces where there are any; line feeds stay.
fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut columns = 0;
        for word in paragraph.split_inclusive(' ') {
            let long = word.chars().count();
            if columns > 0 && columns + word.trim_end().chars().count() > width {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                columns = 0;
            }
            if long <= width {
                line.push_str(word);
                columns += long;
                continue;
            }
            for c in word.chars() {
                if columns == width {
                    lines.push(std::mem::take(&mut line));
                    columns = 0;
                }
                line.push(c);
                columns += 1;
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded_at_spaces_and_long_words_anywhere() {
        assert_eq!(
            fold("one two  three\n\nfour", 8),
            ["one two", "three", "", "four"]
        );
        assert_eq!(fold("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(fold("", 4), Vec::<String>::new());
    }
}
