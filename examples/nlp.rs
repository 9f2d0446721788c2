//! A walk through the language of an answer: words, a pipeline from YAML, patterns, chunks, a stage of one's
//! own.
//!
//! `cargo run --example nlp`

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use botsmith::core::yaml::Source;
use botsmith::nlp::chunks::Chunk;
use botsmith::nlp::keyphrases::Keyphrase;
use botsmith::nlp::matcher::{Match, Matcher, Pattern, Times, WordPattern};
use botsmith::nlp::stages::{Layers, Stage};
use botsmith::nlp::{Doc, Pipeline, PipelineBuilder, Result};

const ANSWER: &str = "We will refund the full price of your broken lamp. Our support team couldn't \
                      find the second parcel, but they'll call you tomorrow.";

const PIPELINE: &str = "
language: en
stages:
  - tokenise
  - sentences
  - tag
  - lemma
  - matcher:
      patterns:
        - name: promise
          words: [{lemma: will, upos: AUX}, {upos: VERB}]
  - chunks
  - keyphrases: {top: 3}
";

/// How many words each sentence has.
#[derive(Debug)]
struct SentenceLengths;

impl Stage for SentenceLengths {
    fn name(&self) -> &'static str {
        "sentence-lengths"
    }

    fn needs(&self) -> Vec<&str> {
        vec!["sentences"]
    }

    fn gives(&self) -> Vec<&str> {
        vec!["sentence-lengths"]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        let lengths: Vec<_> = doc.sentences().map(|one| one.words().len()).collect();
        layers.put("sentence-lengths", lengths);
        Ok(())
    }
}

fn main() -> Result<()> {
    // A document: words with tags, and offsets into the text as it was given.
    let doc = Pipeline::english()?.annotate(ANSWER)?;
    for token in doc.tokens().filter(|token| token.is_multiword()) {
        let words: Vec<_> = token
            .words()
            .map(|word| (word.form(), word.lemma()))
            .collect();
        println!("{} at {:?} is {words:?}", token.form(), token.span());
    }

    // A pipeline from YAML, with a stage of one's own behind it.
    let source = Source::new("pipeline.yaml", PIPELINE);
    let analyser = PipelineBuilder::from_yaml(&source)?
        .stage(SentenceLengths)
        .build()?;
    let analysis = analyser.analyse(ANSWER)?;
    let doc = &analysis.doc;
    for one in analysis
        .layers
        .get::<Vec<Match>>("matches")
        .into_iter()
        .flatten()
    {
        println!("{}: {:?}", one.name, one.span.text(doc));
    }
    for chunk in analysis
        .layers
        .get::<Vec<Chunk>>("chunks")
        .into_iter()
        .flatten()
    {
        println!("noun phrase: {:?}", chunk.span.text(doc));
    }
    for phrase in analysis
        .layers
        .get::<Vec<Keyphrase>>("keyphrases")
        .into_iter()
        .flatten()
    {
        println!("about: {} ({:.2})", phrase.text, phrase.score);
    }
    println!(
        "lengths: {:?}",
        analysis.layers.get::<Vec<usize>>("sentence-lengths")
    );

    // A matcher by itself.
    let described = Pattern::new(
        "described",
        [
            WordPattern::any().upos("ADJ").times(Times::SOME),
            WordPattern::any().upos(["NOUN", "PROPN"]),
        ],
    );
    for one in Matcher::builder().pattern(described).build()?.find(doc) {
        println!("described: {:?}", one.span.text(doc));
    }

    // What does not fit is said before anything runs.
    let misfit = PipelineBuilder::new().stage(SentenceLengths).build();
    println!("error: {}", misfit.expect_err("sentences are missing"));
    Ok(())
}
