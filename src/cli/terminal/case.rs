//! One case for a terminal: what was asked, what was said, and why it scored as it did.

use std::fmt::Write as _;

use botsmith::eval::report::plain;
use botsmith::eval::run::{AnswerRecord, CaseRecord, Manifest};
use botsmith::eval::{Evidence, Outcome, Verdict};

use super::layout::{Paint, clean, cut, pad, width, wrap, wrap_painted};

/// Longer answers are cut; `--json` has them whole.
const LONGEST: usize = 4000;

/// Explains a case.
pub(in crate::cli) fn case(record: &CaseRecord, manifest: &Manifest, colored: bool) -> String {
    let paint = Paint { colored };
    let case = &record.case;
    let id = clean(&case.id);
    let place = format!(" line {} of {}", record.line, clean(&manifest.dataset));
    let mut text = wrap_painted(&format!("{} {place}", paint.bold(&id)), "", "  ");
    let slices: Vec<_> = manifest
        .slices
        .iter()
        .zip(&record.slices)
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| format!("{name}: {}", values.join(", ")))
        .collect();
    if !slices.is_empty() {
        text.push_str(&wrap(&slices.join(" · "), "", "  "));
    }
    if case.messages.is_empty() {
        block(&mut text, "input", &case.input, paint);
    }
    for message in &case.messages {
        block(&mut text, &message.role, &message.text(), paint);
    }
    for passage in &case.context {
        block(&mut text, "context", passage, paint);
    }
    for reference in &case.references {
        block(&mut text, "reference", reference, paint);
    }
    for answer in &record.answers {
        self::answer(&mut text, answer, manifest, paint);
    }
    text
}

fn block(text: &mut String, title: &str, body: &str, paint: Paint) {
    let _ = writeln!(text, "\n{}", paint.bold(title));
    for line in clean(&shorten(body)).lines() {
        text.push_str(&wrap(line, "  ", "  "));
    }
}

fn shorten(body: &str) -> String {
    match body.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… (cut; --json has all of it)", &body[..end]),
        None => body.to_owned(),
    }
}

fn answer(text: &mut String, record: &AnswerRecord, manifest: &Manifest, paint: Paint) {
    let bot = manifest.bots.get(record.bot).map_or("", String::as_str);
    let mut title = bot.to_owned();
    if record.repeat > 1 {
        let _ = write!(title, " (repeat {})", record.repeat);
    }
    if let Some(latency) = record.answer.latency {
        let _ = write!(title, " · {} s", plain(latency));
    }
    let why = record.answer.error.as_deref().unwrap_or("no reason given");
    match record.answer.outcome {
        Outcome::Failed => return block(text, &format!("{title} failed"), why, paint),
        Outcome::Refused => return block(text, &format!("{title} refused"), why, paint),
        Outcome::Answered => {}
    }
    let spans: Vec<&Evidence> = record
        .verdicts
        .iter()
        .filter_map(|verdict| match verdict {
            Verdict::Judged(score) => Some(&score.evidence),
            _ => None,
        })
        .flatten()
        .collect();
    let _ = writeln!(text, "\n{}", paint.bold(&title));
    for line in highlight(&record.answer.text, spans, paint).lines() {
        text.push_str(&wrap_painted(line, "  ", "  "));
    }
    text.push('\n');
    for (metric, verdict) in manifest.metrics.iter().zip(&record.verdicts) {
        let name = pad(&cut(metric, 24), 24);
        match verdict {
            Verdict::Skipped(why) => {
                let _ = writeln!(text, "    {name}  not judged: {}", cut(why, 38));
            }
            Verdict::Failed(why) => {
                let _ = writeln!(text, "  ! {name}  failed: {}", cut(why, 40));
            }
            Verdict::Judged(score) => {
                let mark = match score.passed {
                    Some(true) => paint.green("✓"),
                    Some(false) => paint.red("✗"),
                    None => " ".into(),
                };
                let why = score.explanation.as_deref().unwrap_or_default();
                let line = format!("{name}  {:>7}  {}", plain(score.value), cut(why, 41));
                let _ = writeln!(text, "  {mark} {}", line.trim_end());
            }
        }
    }
}

/// The answer with its evidence marked. Overlapping spans are shown as the first of them.
fn highlight(text: &str, mut spans: Vec<&Evidence>, paint: Paint) -> String {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let (mut marked, mut at) = (String::new(), 0);
    for span in spans {
        let Some(inside) = text.get(span.start..span.end) else {
            continue;
        };
        if span.start < at || inside.is_empty() {
            continue;
        }
        marked.push_str(&clean(&text[at..span.start]));
        let inside = clean(inside);
        marked.push_str(&if span.supports {
            paint.supports(&inside)
        } else {
            paint.against(&inside)
        });
        at = span.end;
    }
    marked.push_str(&clean(&text[at..]));
    shorten(&marked)
}

/// One line of the list of failures.
pub(in crate::cli) fn failure(case: &str, bot: &str, metric: &str, why: &str) -> String {
    let head = format!("✗ {}  {}  {}", cut(case, 20), cut(bot, 14), cut(metric, 20));
    let room = super::layout::WIDTH
        .saturating_sub(width(&head) + 2)
        .max(12);
    format!("{head}  {}\n", cut(why, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_marked_with_and_without_colours() {
        let spans = [
            Evidence {
                start: 3,
                end: 5,
                supports: true,
            },
            Evidence {
                start: 4,
                end: 6,
                supports: false,
            },
            Evidence {
                start: 9,
                end: 11,
                supports: false,
            },
        ];
        let text = highlight(
            "It 42 or 43.",
            spans.iter().collect(),
            Paint { colored: false },
        );
        assert_eq!(text, "It [+42+] or [-43-].");
    }
}
