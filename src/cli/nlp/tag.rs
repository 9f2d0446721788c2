//! `botsmith nlp tag`: text, JSONL or CoNLL-U in; CoNLL-U, JSONL or a table out. With a pipeline from a
//! file, JSONL holds the layers of its stages.
//!
//! Input streams through in parts, which are annotated and written side by side, and printed in order. So
//! memory does not grow with the input, and any number of threads prints the same bytes.

mod annotate;
pub(super) mod input;
mod spread;

use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;

use botsmith::eval::Result;
use botsmith::nlp::{Given, conllu};
use clap::{ValueEnum, ValueHint};

use self::annotate::{Annotated, Annotator};
use self::input::{From, Job, Source};
use super::ModelArg;
use crate::cli::context::Context;
use crate::cli::progress::Bar;
use crate::cli::{Ended, output};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// CoNLL-U
    Conllu,
    /// One JSON object a text: sentences, tokens, words, offsets in bytes
    Jsonl,
    /// One word a line: form, lemma, UPOS, XPOS, FEATS, offsets
    Table,
}

#[derive(Debug, clap::Args)]
pub(super) struct Tag {
    /// Files to read [default: stdin]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// What comes in
    #[arg(long, value_enum, default_value_t = From::Text)]
    from: From,
    /// What goes out [default: conllu; jsonl with --pipeline]
    #[arg(long, value_enum)]
    format: Option<To>,
    /// A sentence a line, tokens with white space between
    #[arg(long, conflicts_with = "presegmented")]
    pretokenized: bool,
    /// A sentence a line
    #[arg(long)]
    presegmented: bool,
    /// A pipeline of stages, in YAML; JSONL then holds what they find, in `layers`
    #[arg(long, value_name = "FILE", conflicts_with = "model", value_hint = ValueHint::FilePath)]
    pipeline: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArg,
}

pub(super) fn run(context: &Context, args: &Tag) -> Result<Ended> {
    let threads = match context.threads() {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        threads => threads,
    };
    let format = args.format.unwrap_or(match args.pipeline {
        Some(_) => To::Jsonl,
        None => To::Conllu,
    });
    let work = Work {
        annotator: match &args.pipeline {
            Some(path) => Annotator::read(path)?,
            None => Annotator::Columns(Box::new(args.model.pipeline()?)),
        },
        format,
        given: match (args.pretokenized, args.presegmented) {
            (true, _) => Given::Tokens,
            (_, true) => Given::Sentences,
            _ => Given::Nothing,
        },
    };
    // One thread is this one.
    let pool = (threads > 1)
        .then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build())
        .transpose()
        .map_err(|error| botsmith::eval::Error::Invalid(format!("--threads {threads}: {error}")))?;
    let bar = Bar::new(context.quiet());
    let parts = format == To::Conllu;
    let mut sources = Vec::new();
    let mut total = None;
    if args.files.is_empty() {
        let stdin = Box::new(std::io::stdin().lock());
        sources.push(Source::new("<stdin>".into(), stdin, args.from, parts).live());
    } else {
        let mut bytes = 0;
        for path in &args.files {
            let mut open = || {
                let file = std::fs::File::open(path)?;
                bytes += file.metadata()?.len();
                Ok(file)
            };
            let file = open().map_err(|source| botsmith::core::Error::Read {
                path: path.clone(),
                source,
            })?;
            let reader: Box<dyn Read> = Box::new(file);
            sources.push(Source::new(path.clone(), reader, args.from, parts));
        }
        total = Some(bytes);
    }
    let mut sentences = 0;
    let mut done = 0;
    for mut source in sources {
        let seen = |bytes: usize| bar.bytes(done + bytes as u64, total);
        match &pool {
            Some(pool) => spread::spread(&work, pool, &mut source, &mut sentences, seen)?,
            None => work.alone(&mut source, &mut sentences, seen)?,
        }
        done += source.bytes() as u64;
    }
    Ok(Ended::Well)
}

struct Work {
    annotator: Annotator,
    format: To,
    given: Given,
}

impl Work {
    /// Annotates and prints all of `source` on this thread; `sentences` counts those printed so far, `seen`
    /// hears of bytes read.
    fn alone(
        &self,
        source: &mut Source<'_>,
        sentences: &mut usize,
        seen: impl Fn(usize),
    ) -> Result<()> {
        let mut more = true;
        while more {
            let mut jobs = Vec::new();
            let read = source.read(1, &mut jobs);
            for job in jobs {
                let (found, before) = self.annotate(job)?;
                let mut text = String::new();
                self.write(&found, before, *sentences, &mut text);
                *sentences += found.doc().sentences().len();
                output::print(&text)?;
            }
            more = read?;
            seen(source.bytes());
        }
        Ok(())
    }

    /// What a part holds, and how many bytes of its file stand before it.
    fn annotate(&self, job: Job) -> Result<(Annotated, usize)> {
        Ok(match job {
            Job::Text(text, before) => (self.annotator.text(text, self.given)?, before),
            Job::Doc(doc) => (self.annotator.doc(*doc)?, 0),
        })
    }

    /// Appends a document in the wanted format; it begins `before` bytes into its file, and `first` sentences
    /// stand before it.
    fn write(&self, found: &Annotated, before: usize, first: usize, out: &mut String) {
        let doc = found.doc();
        match self.format {
            To::Conllu => {
                out.reserve(doc.text().len() * 10);
                for sentence in doc.sentences() {
                    let number = first + sentence.index() + 1;
                    conllu::write_sentence(sentence, number, out);
                }
            }
            To::Jsonl => {
                out.push_str(&found.to_json());
                out.push('\n');
            }
            To::Table => {
                for sentence in doc.sentences() {
                    for word in sentence.words() {
                        let span = word.span();
                        let columns = [
                            word.form(),
                            word.lemma(),
                            word.upos(),
                            word.xpos(),
                            word.feats().as_str(),
                        ];
                        for column in columns {
                            out.push_str(column);
                            out.push('\t');
                        }
                        let (start, end) = (before + span.start, before + span.end);
                        let _ = writeln!(out, "{start}\t{end}");
                    }
                    out.push('\n');
                }
            }
        }
    }
}
