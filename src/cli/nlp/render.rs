//! `botsmith nlp render`: annotated text as HTML or SVG.

use std::io::Read;
use std::path::PathBuf;

use botsmith::eval::Result;
use botsmith::nlp::render;
use clap::{ValueEnum, ValueHint};

use super::ModelArg;
use super::tag::input::{From, Job, Source};
use crate::cli::{Ended, output};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// A page
    Html,
    /// A picture
    Svg,
}

#[derive(Debug, clap::Args)]
pub(super) struct Render {
    /// Files to read [default: stdin]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// What comes in; CoNLL-U is shown as it is
    #[arg(long, value_enum, default_value_t = From::Text)]
    from: From,
    /// What goes out
    #[arg(long, value_enum, default_value_t = To::Html)]
    format: To,
    #[command(flatten)]
    model: ModelArg,
}

pub(super) fn run(args: &Render) -> Result<Ended> {
    let mut jobs = Vec::new();
    let mut all = |path: PathBuf, reader: Box<dyn Read>| -> Result<()> {
        let mut source = Source::new(path, reader, args.from, false);
        while source.read(1, &mut jobs)? {}
        Ok(())
    };
    if args.files.is_empty() {
        all("<stdin>".into(), Box::new(std::io::stdin()))?;
    }
    for path in &args.files {
        let file = std::fs::File::open(path).map_err(|source| botsmith::core::Error::Read {
            path: path.clone(),
            source,
        })?;
        all(path.clone(), Box::new(file))?;
    }
    // CoNLL-U needs no model.
    let mut pipeline = None;
    let mut docs = Vec::with_capacity(jobs.len());
    for job in jobs {
        docs.push(match job {
            Job::Doc(doc) => *doc,
            Job::Text(text, _) => {
                let pipeline = match &mut pipeline {
                    Some(pipeline) => pipeline,
                    none => none.insert(args.model.pipeline()?),
                };
                pipeline.annotate(text)?
            }
        });
    }
    output::print(&match args.format {
        To::Html => render::html(&docs),
        To::Svg => render::svg(&docs),
    })?;
    Ok(Ended::Well)
}
