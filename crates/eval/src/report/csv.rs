//! CSV: one line an answer, a column a metric, for spreadsheets.

use std::io::{self, Write};

use botsmith_core::chat::Usage;

use crate::ask::Asked;
use crate::run::{CaseRecord, Manifest};
use crate::{Result, Verdict};

use super::write_error;

/// Writes a header, then one line an answer. For every metric stand `NAME` (the value, empty where
/// there is none), `NAME:passed` and `NAME:explanation`. A cell that a spreadsheet would take for
/// a formula starts with an apostrophe.
///
/// # Errors
/// If a case cannot be read, or `out` cannot be written.
pub fn write(
    out: &mut dyn Write,
    manifest: &Manifest,
    cases: &mut dyn Iterator<Item = Result<CaseRecord>>,
) -> Result<()> {
    let failed = |error: csv::Error| write_error(io::Error::other(error));
    let mut out = csv::Writer::from_writer(out);
    let mut header: Vec<String> = [
        "case",
        "line",
        "bot",
        "repeat",
        "outcome",
        "input",
        "references",
        "answer",
        "error",
    ]
    .map(str::to_owned)
    .into();
    header.extend(["latency_s", "cost", "overall"].map(str::to_owned));
    // Columns of answers that were asked for; files of recorded answers alone stay as they are.
    let live = manifest.identity.get("asked").is_some();
    if live {
        header.extend(ASKED.map(str::to_owned));
    }
    for metric in &manifest.metrics {
        header.extend([
            metric.clone(),
            format!("{metric}:passed"),
            format!("{metric}:explanation"),
        ]);
    }
    out.write_record(&header).map_err(failed)?;
    for record in cases {
        let record = record?;
        let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
        for answer in &record.answers {
            let mut row = vec![
                safe(&record.case.id),
                record.line.to_string(),
                safe(manifest.bots.get(answer.bot).map_or("", String::as_str)),
                answer.repeat.to_string(),
                format!("{:?}", answer.answer.outcome).to_lowercase(),
                safe(&record.case.input),
                safe(&record.case.references.join(" | ")),
                safe(&answer.answer.text),
                safe(answer.answer.error.as_deref().unwrap_or_default()),
                number(answer.answer.latency),
                number(answer.answer.cost),
                number(answer.overall),
            ];
            if live {
                row.extend(asked(answer.answer.asked.as_deref()));
            }
            for i in 0..manifest.metrics.len() {
                let (value, passed, why) = match answer.verdicts.get(i) {
                    None => (String::new(), String::new(), String::new()),
                    Some(Verdict::Skipped(why)) => (String::new(), String::new(), safe(why)),
                    Some(Verdict::Failed(why)) => (String::new(), "error".into(), safe(why)),
                    Some(Verdict::Judged(score)) => (
                        score.value.to_string(),
                        score.passed.map(|p| p.to_string()).unwrap_or_default(),
                        safe(score.explanation.as_deref().unwrap_or_default()),
                    ),
                };
                row.extend([value, passed, why]);
            }
            out.write_record(&row).map_err(failed)?;
        }
    }
    out.flush().map_err(write_error)
}

/// Columns of how an answer came about.
const ASKED: [&str; 7] = [
    "provider",
    "model",
    "input_tokens",
    "output_tokens",
    "rounds",
    "tools",
    "error_class",
];

fn asked(asked: Option<&Asked>) -> [String; ASKED.len()] {
    let Some(asked) = asked else {
        return Default::default();
    };
    let tools: Vec<_> = asked.tools.iter().map(|call| call.name.as_str()).collect();
    let tokens = |of: fn(&Usage) -> u64| {
        let usage = asked.usage.as_ref();
        usage.map(|usage| of(usage).to_string()).unwrap_or_default()
    };
    [
        safe(&asked.provider),
        safe(&asked.model),
        tokens(|usage| usage.input_tokens),
        tokens(|usage| usage.output_tokens),
        asked.rounds.to_string(),
        safe(&tools.join(" ")),
        asked
            .class
            .map(|class| class.to_string())
            .unwrap_or_default(),
    ]
}

/// Keeps a spreadsheet from running a cell: OWASP, "CSV Injection".
pub(crate) fn safe(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') if text.parse::<f64>().is_err() => {
            format!("'{text}")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        assert_eq!(safe("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(safe("-3.5"), "-3.5");
        assert_eq!(safe("plain"), "plain");
    }
}
