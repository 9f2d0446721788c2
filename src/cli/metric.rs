//! `botsmith metric`: one evaluator over JSONL.

use std::fmt::Write as _;
use std::io::{BufRead, Read};

use botsmith::core::Diagnostic;
use botsmith::eval::evaluators::Registry;
use botsmith::eval::metric::{Metric as Scorer, MetricCorpus};
use botsmith::eval::report::plain;
use botsmith::eval::{Result, Verdict};
use serde::Deserialize;
use serde_json::{Map, json};

use super::args::Metric;
use super::context::Context;
use super::{Ended, output, terminal};

/// A longer line is no pair of texts.
const MAX_LINE: u64 = 32 << 20;

/// Pairs that go through a model together.
const TOGETHER: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    #[serde(default)]
    candidate: Option<String>,
    /// Of one score of all together.
    #[serde(default)]
    candidates: Option<Vec<String>>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    reference: Option<String>,
}

pub(super) fn run(_: &Context, args: &Metric) -> Result<Ended> {
    let registry = Registry::builtin();
    if args.list {
        return list(&registry, args.json);
    }
    let name = args.name.as_deref().unwrap_or_default();
    let scorer = Scorer::new(&registry, name, args.options.as_deref())?;
    let mut stdin = std::io::stdin().lock();
    let (mut line, mut number) = (Vec::new(), 0);
    let mut corpus = args.corpus.then(|| scorer.corpus());
    let mut text = String::new();
    // Pairs that wait for a model together, with their lines.
    let (mut lines, mut pairs) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        number += 1;
        let read = Read::by_ref(&mut stdin)
            .take(MAX_LINE + 1)
            .read_until(b'\n', &mut line);
        let read = read.map_err(|source| botsmith::core::Error::Read {
            path: "<stdin>".into(),
            source,
        })?;
        if read == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let pair = pair(&line, number)?;
        let mut references = pair.references;
        references.extend(pair.reference);
        match (pair.candidate, pair.candidates) {
            (Some(candidate), _) => {
                lines.push(number);
                pairs.push((candidate, references));
                if !scorer.in_batches() || pairs.len() == TOGETHER {
                    flush(&mut text, &scorer, &mut corpus, (&lines, &pairs), args)?;
                    lines.clear();
                    pairs.clear();
                }
            }
            (None, several) => {
                let several = several.unwrap_or_default();
                let added = corpus.as_mut().map(|corpus| corpus.add_together(&several));
                let verdict = added
                    .transpose()
                    .and_then(|_| scorer.judge_together(&several))
                    .map_err(|error| at(&error, number))?;
                show(&mut text, &verdict, args);
            }
        }
        if text.len() > 1 << 15 {
            output::print(&text)?;
            text.clear();
        }
    }
    flush(&mut text, &scorer, &mut corpus, (&lines, &pairs), args)?;
    if let Some(corpus) = corpus {
        let (score, n) = (corpus.score(), corpus.n());
        if args.json {
            let _ = writeln!(text, "{}", json!({"corpus": {"score": score, "n": n}}));
        } else {
            let what = if corpus.is_mean() { "mean" } else { "corpus" };
            let score = score.map_or("–".into(), plain);
            let _ = writeln!(text, "{what} {score} over {n}");
        }
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

/// An error in a line of the input.
fn at(error: &botsmith::eval::Error, number: usize) -> botsmith::eval::Error {
    Diagnostic::new("<stdin>", error.to_string())
        .at(number, 0)
        .into()
}

/// Judges pairs, each of the line of its place, and shows the verdicts.
fn flush(
    text: &mut String,
    scorer: &Scorer,
    corpus: &mut Option<MetricCorpus<'_>>,
    (lines, pairs): (&[usize], &[(String, Vec<String>)]),
    args: &Metric,
) -> Result<()> {
    let verdicts = match corpus {
        Some(corpus) => corpus.judge_all(pairs),
        None => scorer.judge_all(pairs),
    };
    for (verdict, number) in verdicts.into_iter().zip(lines) {
        match verdict {
            Ok(verdict) => show(text, &verdict, args),
            Err(error) => return Err(at(&error, *number)),
        }
    }
    Ok(())
}

fn pair(line: &[u8], number: usize) -> Result<Pair> {
    let wrong = |message: String, column: usize| {
        Diagnostic::new("<stdin>", message)
            .at(number, column)
            .excerpt(&String::from_utf8_lossy(line))
            .hint("each line is {\"candidate\": \"…\", \"references\": [\"…\"]}")
    };
    if line.len() as u64 > MAX_LINE {
        return Err(wrong("the line is longer than 32 MiB".into(), 0).into());
    }
    // Past its end a line has no column.
    let line = line.trim_ascii_end();
    if let Err(error) = std::str::from_utf8(line) {
        let at = error.valid_up_to();
        return Err(wrong(
            format!("byte 0x{:02x} is not valid UTF-8", line[at]),
            at + 1,
        )
        .into());
    }
    let pair: Pair = serde_json::from_slice(line).map_err(|error| {
        let mut message = error.to_string();
        if let Some(cut) = message.rfind(" at line ") {
            message.truncate(cut);
        }
        wrong(message, error.column())
    })?;
    let references = !pair.references.is_empty() || pair.reference.is_some();
    match (&pair.candidate, &pair.candidates) {
        (None, None) => Err(wrong("missing field `candidate`".into(), line.len()).into()),
        (Some(_), Some(_)) => {
            Err(wrong("`candidate` and `candidates` exclude each other".into(), 0).into())
        }
        (None, Some(_)) if references => Err(wrong(
            "`candidates` are compared with each other, not with references".into(),
            0,
        )
        .into()),
        _ => Ok(pair),
    }
}

fn show(text: &mut String, verdict: &Verdict, args: &Metric) {
    if !args.json {
        let _ = match verdict {
            Verdict::Judged(score) => match (&score.explanation, args.explain) {
                (Some(why), true) => writeln!(text, "{}\t{why}", score.value),
                _ => writeln!(text, "{}", score.value),
            },
            Verdict::Skipped(why) => writeln!(text, "–\t{why}"),
            Verdict::Failed(why) => writeln!(text, "–\t{why}"),
        };
        return;
    }
    let mut row = Map::new();
    match verdict {
        Verdict::Judged(score) => {
            row.insert("score".into(), json!(score.value));
            if args.explain {
                row.insert("passed".into(), json!(score.passed));
                row.insert("explanation".into(), json!(score.explanation));
            }
        }
        Verdict::Skipped(why) => {
            row.insert("score".into(), json!(null));
            row.insert("skipped".into(), json!(why));
        }
        Verdict::Failed(why) => {
            row.insert("score".into(), json!(null));
            row.insert("error".into(), json!(why));
        }
    }
    let _ = writeln!(text, "{}", serde_json::Value::Object(row));
}

fn list(registry: &Registry, as_json: bool) -> Result<Ended> {
    let mut text = String::new();
    let mut rows = Vec::new();
    for kind in registry.kinds() {
        let docs = kind.docs();
        let options: Vec<_> = docs
            .options
            .iter()
            .map(|o| json!({"name": o.name, "about": o.about, "required": o.required}))
            .collect();
        rows.push(json!({
            "name": docs.name, "about": docs.about, "formula": docs.formula,
            "range": [docs.range.lo, docs.range.hi.is_finite().then_some(docs.range.hi)],
            "options": options, "example": docs.example,
        }));
        let first = format!("{:20} ", docs.name);
        text.push_str(&terminal::wrap(docs.about, &first, &" ".repeat(21)));
    }
    if as_json {
        output::print_json(&json!({ "evaluators": rows }))?;
    } else {
        output::print(&text)?;
    }
    Ok(Ended::Well)
}
