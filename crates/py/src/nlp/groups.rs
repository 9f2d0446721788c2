//! The verb groups of a document as JSON: what each verb says of time, person, voice and mood.

use botsmith::nlp::verbs::{self as rust, Form, Mood, Number, Person, Tense, Utterance, VerbGroup};
use pyo3::prelude::*;
use serde_json::{Value, json};

use super::{Doc, QUICK};
use crate::doorway;
use crate::fault::Fault;
use crate::offsets::Offsets;

/// Utterances with their verb groups, and the marks of grammatical person, as JSON; places are code points.
#[pyfunction]
pub(crate) fn verbs(py: Python<'_>, doc: &Doc) -> PyResult<String> {
    let doc = doc.clone();
    doorway::by_size(py, doc.rust().text().len() < QUICK, move || {
        let doc = doc.rust();
        let found = rust::read(doc);
        let marks: Vec<_> = rust::marks(doc, &found)
            .into_iter()
            .map(|mark| {
                json!({
                    "person": person(mark.person), "number": mark.number.map(number),
                    "start": mark.span.start, "end": mark.span.end, "pronoun": mark.pronoun,
                })
            })
            .collect();
        let found: Vec<_> = found.iter().map(|one| utterance(doc, one)).collect();
        let mut all = json!({"utterances": found, "marks": marks});
        let text = doc.text();
        Offsets::of(text).of_json(text, &mut all);
        Ok::<_, Fault>(all.to_string())
    })
}

fn utterance(doc: &botsmith::nlp::Doc, found: &Utterance) -> Value {
    let groups: Vec<_> = found.groups.iter().map(|one| group(doc, one)).collect();
    json!({
        "words": [found.words.start, found.words.end],
        "start": found.span.start, "end": found.span.end,
        "mood": match found.mood {
            Mood::Question => "question",
            Mood::Imperative => "imperative",
            Mood::Conditional => "conditional",
            Mood::Declarative => "declarative",
            Mood::Fragment => "fragment",
        },
        "groups": groups,
    })
}

fn group(doc: &botsmith::nlp::Doc, found: &VerbGroup) -> Value {
    let span = found.span(doc);
    json!({
        "start": span.start, "end": span.end, "verbs": found.verbs,
        "form": match found.form {
            Form::Finite => "finite",
            Form::Imperative => "imperative",
            Form::Infinitive => "infinitive",
            Form::Participle => "participle",
        },
        "tense": found.tense.map(|tense| match tense {
            Tense::Past => "past",
            Tense::Present => "present",
            Tense::Future => "future",
        }),
        "perfect": found.perfect, "progressive": found.progressive, "passive": found.passive,
        "negated": found.negated, "modal": found.modal,
        "subject": found.subject.map(|subject| json!({
            "person": person(subject.person), "number": subject.number.map(number),
            "word": subject.word,
        })),
    })
}

fn person(person: Person) -> u8 {
    match person {
        Person::First => 1,
        Person::Second => 2,
        Person::Third => 3,
    }
}

fn number(number: Number) -> &'static str {
    match number {
        Number::Singular => "singular",
        Number::Plural => "plural",
    }
}
