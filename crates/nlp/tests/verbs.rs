//! Verb groups, moods and persons of sentences that people and bots write, by the English model.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "english")]

use std::sync::LazyLock;

use botsmith_nlp::verbs::{self, Form, Mood, Number, Person, Tense, VerbGroup};
use botsmith_nlp::{Doc, Pipeline};
use proptest::prelude::*;

static ENGLISH: LazyLock<Pipeline> = LazyLock::new(|| Pipeline::english().unwrap());

fn doc(text: &str) -> Doc {
    ENGLISH.annotate(text).unwrap()
}

/// `was restarted: past passive`.
fn shown(doc: &Doc, group: &VerbGroup) -> String {
    let form = match group.form {
        Form::Finite => match group.tense {
            Some(Tense::Past) => "past",
            Some(Tense::Present) => "present",
            Some(Tense::Future) => "future",
            None => "open",
        },
        Form::Imperative => "order",
        Form::Infinitive => "infinitive",
        Form::Participle => "participle",
    };
    let mut line = format!("{}: {form}", &doc.text()[group.span(doc)]);
    for (is, word) in [
        (group.perfect, " perfect"),
        (group.progressive, " progressive"),
        (group.passive, " passive"),
        (group.negated, " negated"),
    ] {
        if is {
            line.push_str(word);
        }
    }
    line
}

#[test]
fn auxiliaries_and_their_verb_are_one_group() {
    let rows: &[(&str, &[&str])] = &[
        (
            "The server was restarted at noon and the cache was cleared.",
            &["was restarted: past passive", "was cleared: past passive"],
        ),
        (
            "I have updated your address and will send an email shortly.",
            &["have updated: present perfect", "will send: future"],
        ),
        (
            "We're going to be releasing a new version next week.",
            &["'re going to be releasing: future progressive"],
        ),
        ("He was about to leave.", &["was about to leave: past"]),
        (
            "It has been raining all day.",
            &["has been raining: present perfect progressive"],
        ),
        (
            "The files have not been deleted yet.",
            &["have not been deleted: present perfect passive negated"],
        ),
        (
            "You must have clicked it.",
            &["must have clicked: past perfect"],
        ),
        (
            "By 2030, the population will have grown to 9 billion.",
            &["will have grown: future perfect"],
        ),
        (
            "The road is being repaired.",
            &["is being repaired: present progressive passive"],
        ),
        (
            "Has the document been signed yet?",
            &["Has the document been signed: present perfect passive"],
        ),
        ("What did you change?", &["did you change: past"]),
        ("Which files were deleted?", &["were deleted: past passive"]),
        (
            "The order couldn't be found.",
            &["couldn't be found: open passive negated"],
        ),
        (
            "Passwords must be changed.",
            &["must be changed: present passive"],
        ),
        (
            "He got fired because he was late.",
            &["got fired: past passive", "was: past"],
        ),
        ("She has got a key.", &["has got: present"]),
        (
            "It doesn't work, does it?",
            &["doesn't work: present negated", "does: present"],
        ),
        (
            "They had already left when the bus arrived.",
            &["had already left: past perfect", "arrived: past"],
        ),
    ];
    for (text, wanted) in rows {
        let doc = doc(text);
        let found: Vec<_> = verbs::read(&doc)
            .iter()
            .flat_map(|utterance| &utterance.groups)
            .map(|group| shown(&doc, group))
            .collect();
        assert_eq!(found, *wanted, "{text}");
    }
}

#[test]
fn a_neighbour_puts_right_what_a_tag_leaves_open() {
    let rows: &[(&str, &[&str])] = &[
        // A participle or past form that shares its auxiliaries.
        (
            "The report was written by Ann and reviewed by Bob.",
            &["was written: past passive", "reviewed: past passive"],
        ),
        (
            "The data is encrypted, stored and backed up daily.",
            &[
                "is encrypted: present passive",
                "stored: present passive",
                "backed: present passive",
            ],
        ),
        (
            "We have fixed it and deployed the patch.",
            &["have fixed: present perfect", "deployed: present perfect"],
        ),
        // Adjectives are no passives.
        ("I'm interested in the results.", &["'m: present"]),
        (
            "The office is located in Berlin.",
            &["is: present", "located: participle"],
        ),
        // Past without a sign of it.
        ("She put the file on the desk.", &["put: past"]),
        (
            "The patient reported pain and was given aspirin.",
            &["reported: past", "was given: past passive"],
        ),
        (
            "Users click the button and see an error.",
            &["click: present", "see: present"],
        ),
        (
            "Click Save and restart the router.",
            &["Click: order", "restart: order"],
        ),
        (
            "If the alarm rings, check the sensor and call us.",
            &["rings: present", "check: order", "call: order"],
        ),
        (
            "Built in 1889, the tower attracts millions of visitors.",
            &["Built: participle", "attracts: present"],
        ),
    ];
    for (text, wanted) in rows {
        let doc = doc(text);
        let found: Vec<_> = verbs::read(&doc)
            .iter()
            .flat_map(|utterance| &utterance.groups)
            .map(|group| shown(&doc, group))
            .collect();
        assert_eq!(found, *wanted, "{text}");
    }
}

#[test]
fn a_sentence_asks_orders_states_or_does_none_of_these() {
    use Mood::{Conditional, Declarative, Fragment, Imperative, Question};
    let rows: &[(&str, &[Mood])] = &[
        ("Could you tell me your order number?", &[Question]),
        ("Where is the invoice", &[Question]),
        ("How do I reset my password", &[Question]),
        ("It works, doesn't it?", &[Question]),
        ("What you need is a key.", &[Declarative]),
        ("What is needed is patience.", &[Declarative]),
        ("He asked \"Why?\" and left.", &[Declarative]),
        ("Here is the list sorted by date.", &[Declarative]),
        ("Don't share your password.", &[Imperative]),
        ("Please do not reply to this email.", &[Imperative]),
        ("Let's look at the logs together.", &[Imperative]),
        ("To install the package, run npm install.", &[Imperative]),
        ("When it is done, click the icon.", &[Imperative]),
        (
            "The meeting was moved, so please update your calendar.",
            &[Imperative],
        ),
        (
            "It's easy: just open the file and copy the text.",
            &[Imperative],
        ),
        ("Step 1: Open Settings.", &[Imperative]),
        ("Should you need help, call us.", &[Imperative]),
        ("If it rains, the match is cancelled.", &[Conditional]),
        (
            "Unless you pay today, your account will be closed.",
            &[Conditional],
        ),
        ("Had I known, I would have told you.", &[Conditional]),
        ("I don't know if the store is open.", &[Declarative]),
        ("You can open the file and save it.", &[Declarative]),
        // A list of infinitives is no list of orders.
        ("I want to run, jump and swim.", &[Declarative]),
        ("Hope this helps!", &[Declarative]),
        ("Thank you for contacting us.", &[Fragment]),
        ("Good morning!", &[Fragment]),
        ("What a day!", &[Fragment]),
        (
            "1. Open the app.\n2. Tap Settings\n3. Choose Privacy",
            &[Imperative, Imperative, Imperative],
        ),
        (
            "Mix the flour and sugar. Bake for 20 minutes. It should be brown.",
            &[Imperative, Imperative, Declarative],
        ),
    ];
    for (text, wanted) in rows {
        let doc = doc(text);
        let found: Vec<_> = verbs::read(&doc).iter().map(|unit| unit.mood).collect();
        assert_eq!(found, *wanted, "{text}");
    }
}

#[test]
fn marks_of_person_are_pronouns_orders_and_subjects() {
    use Person::{First, Second, Third};
    let rows: &[(&str, &[(&str, Person)])] = &[
        (
            "I lost my key. Call them.",
            &[
                ("I", First),
                ("my", First),
                ("Call", Second),
                ("them", Third),
            ],
        ),
        ("Let's go.", &[("'s", First)]),
        ("Am not sure.", &[("Am", First)]),
        ("The server is down.", &[("server", Third)]),
        ("There are two ways.", &[]),
        (
            "Your order is on its way to us.",
            &[
                ("Your", Second),
                ("order", Third),
                ("its", Third),
                ("us", First),
            ],
        ),
        ("World War I ended in 1918.", &[("I", Third)]),
    ];
    for (text, wanted) in rows {
        let doc = doc(text);
        let found: Vec<_> = verbs::marks(&doc, &verbs::read(&doc))
            .iter()
            .map(|mark| (doc.text()[mark.span.clone()].to_owned(), mark.person))
            .collect();
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(word, person)| ((*word).to_owned(), *person))
            .collect();
        assert_eq!(found, wanted, "{text}");
    }
    let doc = doc("We fixed our own bug.");
    let marks = verbs::marks(&doc, &verbs::read(&doc));
    assert!(
        marks
            .iter()
            .all(|mark| mark.number == Some(Number::Plural) && mark.pronoun)
    );
}

#[test]
fn a_document_without_xpos_is_read_by_its_features() {
    let text = "1\tFiles\tfile\tNOUN\t_\tNumber=Plur\t_\t_\t_\t_\n\
                2\twere\tbe\tAUX\t_\tMood=Ind|Tense=Past|VerbForm=Fin\t_\t_\t_\t_\n\
                3\tnot\tnot\tPART\t_\t_\t_\t_\t_\t_\n\
                4\tdeleted\tdelete\tVERB\t_\tTense=Past|VerbForm=Part\t_\t_\t_\t_\n\n";
    let doc = botsmith_nlp::conllu::read("a.conllu", text).unwrap();
    let found = verbs::read(&doc);
    assert_eq!(
        shown(&doc, &found[0].groups[0]),
        "were not deleted: past passive negated"
    );
    assert_eq!(found[0].groups[0].subject.unwrap().word, Some(0));
}

/// Words that the rules look at, in any order.
fn salad() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "I", "you", "it", "the", "file", "files", "click", "Save", "is", "was", "been", "being",
        "have", "had", "not", "n't", "to", "going", "about", "will", "would", "do", "does", "get",
        "got", "written", "wrote", "write", "and", "so", "if", "when", "should", ",", ".", "?",
        ":", "\"", "-", "1.", "\n", "please", "never", "what", "who", "by", "let", "'s", "back",
        "up", "🙂", "é",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn groups_are_in_order_disjoint_and_on_character_borders(text in prop_oneof!["\\PC{0,60}", salad()]) {
        let doc = doc(&text);
        let units = verbs::read(&doc);
        let mut word = 0;
        for unit in &units {
            prop_assert_eq!(unit.words.start, word, "every word is in one unit");
            word = unit.words.end;
            let mut last = None;
            for group in &unit.groups {
                for at in &group.verbs {
                    prop_assert!(unit.words.contains(at) && last.is_none_or(|last| last < *at));
                    last = Some(*at);
                }
                prop_assert!(doc.text().get(group.span(&doc)).is_some());
                prop_assert_eq!(group.tense.is_some() && group.form != Form::Finite, false);
            }
        }
        prop_assert_eq!(word, doc.words().len());
        for mark in verbs::marks(&doc, &units) {
            prop_assert!(doc.text().get(mark.span).is_some_and(|text| !text.is_empty()));
        }
    }
}
