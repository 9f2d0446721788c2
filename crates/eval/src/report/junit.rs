//! JUnit XML for CI: a suite a bot, a test a case, and one suite for the gate.
//!
//! A case fails where a metric that decides did not pass; a failed answer is an `error`, a refused
//! one is `skipped`. The gate's rules are tests of their own: they decide the exit code.

use std::fmt::Write as _;
use std::io::Write;

use crate::run::{AnswerRecord, CaseRecord, Manifest};
use crate::{Outcome, Result, Verdict};

use super::{Report, plain, write_error};

/// Writes the XML. Cases are read once a bot, so that memory stays bounded: `cases` starts anew on
/// each call.
///
/// # Errors
/// If a case cannot be read, or `out` cannot be written.
pub fn write<I: Iterator<Item = Result<CaseRecord>>>(
    out: &mut dyn Write,
    report: &Report,
    manifest: &Manifest,
    cases: impl Fn() -> I,
) -> Result<()> {
    let mut tallies = vec![Tally::default(); manifest.bots.len()];
    for record in cases() {
        for answer in &record?.answers {
            if let Some(tally) = tallies.get_mut(answer.bot) {
                tally.count(answer);
            }
        }
    }
    let rules = &report.gate.rules;
    let broken = rules.iter().filter(|rule| !rule.passed).count();
    let total = tallies.iter().fold(
        Tally {
            tests: rules.len(),
            failures: broken,
            ..Tally::default()
        },
        |sum, t| sum.plus(*t),
    );
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"{}\" {} time=\"{:.3}\">",
        escape(&report.suite),
        total.attributes(),
        report.timings.wall_s
    );
    let gate = Tally {
        tests: rules.len(),
        failures: broken,
        ..Tally::default()
    };
    let _ = writeln!(text, "  <testsuite name=\"gate\" {}>", gate.attributes());
    for rule in rules {
        let _ = write!(
            text,
            "    <testcase classname=\"gate\" name=\"{}\"",
            escape(&rule.rule)
        );
        if rule.passed {
            text.push_str("/>\n");
        } else {
            let observed = rule.observed.map_or("nothing".into(), plain);
            let message = escape(&format!("observed {observed}, wanted {}", rule.wanted));
            let _ = writeln!(text, "><failure message=\"{message}\"/></testcase>");
        }
    }
    text.push_str("  </testsuite>\n");
    for (i, (bot, tally)) in manifest.bots.iter().zip(&tallies).enumerate() {
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" {}>",
            escape(bot),
            tally.attributes()
        );
        for record in cases() {
            let record = record?;
            for answer in record.answers.iter().filter(|answer| answer.bot == i) {
                test_case(&mut text, &record, answer, bot, &manifest.metrics);
            }
            if text.len() > 1 << 16 {
                out.write_all(text.as_bytes()).map_err(write_error)?;
                text.clear();
            }
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    out.write_all(text.as_bytes()).map_err(write_error)
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Tally {
    fn count(&mut self, answer: &AnswerRecord) {
        self.tests += 1;
        match answer.answer.outcome {
            Outcome::Failed => self.errors += 1,
            Outcome::Refused => self.skipped += 1,
            Outcome::Answered
                if answer
                    .verdicts
                    .iter()
                    .any(|v| matches!(v, Verdict::Failed(_))) =>
            {
                self.errors += 1;
            }
            Outcome::Answered => self.failures += usize::from(answer.verdicts.iter().any(failed)),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }

    fn attributes(self) -> String {
        let Self {
            tests,
            failures,
            errors,
            skipped,
        } = self;
        format!(
            "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\""
        )
    }
}

fn failed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Judged(score) if score.passed == Some(false))
}

fn test_case(
    text: &mut String,
    record: &CaseRecord,
    answer: &AnswerRecord,
    bot: &str,
    metrics: &[String],
) {
    let name = match answer.repeat {
        1 => record.case.id.clone(),
        n => format!("{} (repeat {n})", record.case.id),
    };
    let time = answer
        .answer
        .latency
        .map(|s| format!(" time=\"{s:.3}\""))
        .unwrap_or_default();
    let _ = write!(
        text,
        "    <testcase classname=\"{}\" name=\"{}\"{time}",
        escape(bot),
        escape(&name)
    );
    let why = answer.answer.error.as_deref().unwrap_or_default();
    let error = answer
        .verdicts
        .iter()
        .zip(metrics)
        .find_map(|(verdict, metric)| match verdict {
            Verdict::Failed(why) => Some(format!("{metric}: {why}")),
            _ => None,
        });
    match (answer.answer.outcome, error) {
        (Outcome::Failed, _) => {
            let _ = writeln!(text, "><error message=\"{}\"/></testcase>", escape(why));
        }
        (Outcome::Refused, _) => {
            let why = escape(&format!("refused: {why}"));
            let _ = writeln!(text, "><skipped message=\"{why}\"/></testcase>");
        }
        (Outcome::Answered, Some(error)) => {
            let _ = writeln!(text, "><error message=\"{}\"/></testcase>", escape(&error));
        }
        (Outcome::Answered, None) => {
            let mut broken = Vec::new();
            for (metric, verdict) in metrics.iter().zip(&answer.verdicts) {
                if let Verdict::Judged(score) = verdict
                    && score.passed == Some(false)
                {
                    let why = score.explanation.as_deref().unwrap_or("not passed");
                    broken.push(format!("{metric}: {why}"));
                }
            }
            if broken.is_empty() {
                text.push_str("/>\n");
            } else {
                let message = escape(&broken.join("; "));
                let said = escape(&cut(&answer.answer.text));
                let _ = writeln!(
                    text,
                    "><failure message=\"{message}\">{said}</failure></testcase>"
                );
            }
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(2000) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// XML text and attribute escape; characters that XML 1.0 forbids become U+FFFD.
fn escape(text: &str) -> String {
    // All that is changed below: ASCII marks and controls, and two characters that start with 0xef.
    let plain = |b: &u8| !matches!(b, b'&' | b'<' | b'>' | b'"' | 0..=0x1f | 0xef);
    if text.as_bytes().iter().all(plain) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\r' => escaped.push_str("&#13;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(
            escape("<a b=\"c\">&\0\n"),
            "&lt;a b=&quot;c&quot;&gt;&amp;\u{fffd}&#10;"
        );
    }
}
