//! `botsmith nlp match PATTERNS.yaml`: where patterns of words match, a line a match.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use botsmith::core::yaml::{self, Cursor};
use botsmith::eval::Result;
use botsmith::nlp::Doc;
use botsmith::nlp::matcher::Matcher;
use clap::{ValueEnum, ValueHint};
use serde_json::json;

use super::ModelArg;
use super::tag::input::{From, Job, Source};
use crate::cli::{Ended, output};

/// The longest file of patterns.
const MAX_FILE: u64 = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// A line a match: file, first and last byte, pattern, text
    Table,
    /// One JSON object a match
    Jsonl,
}

#[derive(Debug, clap::Args)]
pub(super) struct Match {
    /// The patterns: the options of the stage `matcher`, in YAML
    #[arg(value_name = "PATTERNS", value_hint = ValueHint::FilePath)]
    patterns: PathBuf,
    /// Files to read [default: stdin]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// What comes in; CoNLL-U is searched as it is tagged
    #[arg(long, value_enum, default_value_t = From::Text)]
    from: From,
    /// What goes out
    #[arg(long, value_enum, default_value_t = To::Table)]
    format: To,
    #[command(flatten)]
    model: ModelArg,
}

pub(super) fn run(args: &Match) -> Result<Ended> {
    let source = yaml::Source::read(&args.patterns, MAX_FILE)?;
    let matcher = Matcher::read(&Cursor::new(&source, &yaml::parse(&source)?))?;
    // CoNLL-U needs no model.
    let pipeline = match args.from {
        From::Conllu => None,
        _ => Some(args.model.pipeline()?),
    };
    let all = |path: &Path, reader: Box<dyn Read>| -> Result<()> {
        let mut source = Source::new(path.to_owned(), reader, args.from, false);
        let (mut jobs, mut texts, mut more) = (Vec::new(), 0, true);
        while more {
            let read = source.read(1, &mut jobs);
            for job in jobs.drain(..) {
                texts += 1;
                let (doc, before) = match (job, &pipeline) {
                    (Job::Text(text, before), Some(pipeline)) => (pipeline.annotate(text)?, before),
                    (Job::Doc(doc), _) => (*doc, 0),
                    (Job::Text(..), None) => continue,
                };
                let mut name = path.display().to_string();
                if args.from == From::Jsonl {
                    let _ = write!(name, ":{texts}");
                }
                output::print(&lines(&matcher, &doc, &name, before, args.format))?;
            }
            more = read?;
        }
        Ok(())
    };
    if args.files.is_empty() {
        all(Path::new("<stdin>"), Box::new(std::io::stdin()))?;
    }
    for path in &args.files {
        let file = std::fs::File::open(path).map_err(|source| botsmith::core::Error::Read {
            path: path.clone(),
            source,
        })?;
        all(path, Box::new(file))?;
    }
    Ok(Ended::Well)
}

/// The matches in a document that begins `before` bytes into its file.
fn lines(matcher: &Matcher, doc: &Doc, file: &str, before: usize, format: To) -> String {
    let mut out = String::new();
    for found in matcher.find(doc) {
        let (start, end) = (
            before + found.span.bytes.start,
            before + found.span.bytes.end,
        );
        let text = found.span.text(doc);
        let _ = match format {
            To::Table => {
                let words: Vec<_> = text.split_whitespace().collect();
                let (name, text) = (&found.name, words.join(" "));
                writeln!(out, "{file}\t{start}\t{end}\t{name}\t{text}")
            }
            To::Jsonl => {
                let json = json!({"file": file, "name": &*found.name, "start": start, "end": end, "text": text});
                writeln!(out, "{json}")
            }
        };
    }
    out
}
