//! What the guard refuses, and what it lets pass.

use botsmith_eval::Result;
use botsmith_eval::hone::{Change, Draft, Lesson, Options, Parent, Proposer, Said, TrainView, Use};
use serde_json::{Value, json};

use super::common::{Place, corrections, examples, id, of, question, right};

/// Proposes what it is told to.
#[derive(Debug)]
struct Fixed(Vec<Change>);

impl Proposer for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn propose(&self, _: &Parent, _: &TrainView<'_>) -> Result<Vec<Draft>> {
        Ok(vec![Draft {
            name: "fixed".into(),
            about: "as told".into(),
            changes: self.0.clone(),
        }])
    }
}

/// What becomes of one change: the overlaps as text, none if it is tried.
fn overlaps(place: &Place, said: Vec<Said>, path: &[&str], value: Value) -> Vec<String> {
    let change = Change::new(path.iter().copied(), value);
    let proposers: Vec<Box<dyn Proposer>> = vec![Box::new(Fixed(vec![change]))];
    let found = place.search(said, &proposers, Options::default()).unwrap();
    assert_eq!(found.tried.len() + found.refused.len(), 1);
    let refused = found
        .refused
        .into_iter()
        .flat_map(|refused| refused.overlaps);
    refused.map(|overlap| overlap.to_string()).collect()
}

const DIRECTIVE: [&str; 3] = ["behaviors", "interaction", "directive"];
const EXAMPLES: [&str; 2] = ["botsmith", "examples"];

#[test]
fn a_variant_that_copies_dev_or_gate_is_refused_and_shows_no_word_of_it() {
    let place = Place::new(60);
    for wanted in [Use::Dev, Use::Gate] {
        let i = of(wanted, 60)[0];
        let example = |i: usize| json!([{"user": question(i), "assistant": right(i)}]);
        let found = overlaps(&place, Vec::new(), &EXAMPLES, example(i));
        let said = format!(
            "/botsmith/examples/0/user is the question of {} case case-{i}",
            wanted.as_str()
        );
        assert_eq!(found, [said]);
        // What a person said of such a case is held back too, in whatever words.
        let secret = "because every parcel from that shop carries the green sticker of spring";
        let remark = vec![Said::of(id(i)).comment(secret)];
        let copied = format!("Think: EVERY parcel -- from that shop carries the green {secret}");
        let found = overlaps(&place, remark, &DIRECTIVE, copied.into());
        assert_eq!(
            found,
            [format!(
                "/behaviors/interaction/directive shares 8 words from word 2 on with {} case case-{i}",
                wanted.as_str()
            )]
        );
    }
    let i = of(Use::Train, 60)[0];
    let example = json!([{"user": question(i), "assistant": right(i)}]);
    assert_eq!(overlaps(&place, Vec::new(), &EXAMPLES, example), [""; 0]);
}

#[test]
fn instructions_may_not_quote_train_either_and_examples_hold_train_alone() {
    let place = Place::new(60);
    let i = of(Use::Train, 60)[0];
    let said = vec![Said::of(id(i)).correction("one two three four five six seven eight nine")];
    let quoted = "Say: two three four five six seven eight nine";
    let found = overlaps(&place, said.clone(), &DIRECTIVE, quoted.into());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("from word 2 on with train case"),
        "{found:?}"
    );
    let example = json!([{"user": question(i), "assistant": quoted}]);
    assert_eq!(overlaps(&place, said, &EXAMPLES, example), [""; 0]);
    let made_up = json!([{"user": "What is a lamp?", "assistant": "A light."}]);
    assert_eq!(
        overlaps(&place, Vec::new(), &EXAMPLES, made_up),
        ["/botsmith/examples/0/user is no question of a train case"]
    );
}

#[test]
fn what_the_parent_had_may_stay() {
    let place = Place::new(60);
    let i = of(Use::Gate, 60)[0];
    let words = "the green sticker of spring is on every parcel";
    let text = super::common::LEARNER.replace("Say what it costs.", &format!("Say that {words}."));
    place.write("prices.yml", &text);
    let remark = vec![Said::of(id(i)).comment(words)];
    let longer = format!("Say that {words}. Be brief.");
    assert_eq!(overlaps(&place, remark, &DIRECTIVE, longer.into()), [""; 0]);
}

#[test]
fn a_correction_that_quotes_the_gate_is_withheld_from_proposers() {
    #[derive(Debug)]
    struct Looks;
    impl Proposer for Looks {
        fn name(&self) -> &'static str {
            "looks"
        }
        fn propose(&self, _: &Parent, view: &TrainView<'_>) -> Result<Vec<Draft>> {
            let corrected = |lesson: &&Lesson<'_>| lesson.correction.is_some();
            assert_eq!(view.lessons().iter().filter(corrected).count(), 2);
            assert_eq!(view.withheld(), 1);
            Ok(Vec::new())
        }
    }
    let place = Place::new(60);
    let (train, gate) = (of(Use::Train, 60), of(Use::Gate, 60));
    let words = "the green sticker of spring is on every parcel";
    let mut said = corrections(&train[..2]);
    said.push(Said::of(id(train[2])).correction(format!("Look: {words}")));
    said.push(Said::of(id(gate[0])).correction(words));
    let looks: Vec<Box<dyn Proposer>> = vec![Box::new(Looks)];
    place
        .search(said.clone(), &looks, Options::default())
        .unwrap();
    let found = place.search(said, &examples(), Options::default()).unwrap();
    assert_eq!((found.withheld, found.refused.len()), (1, 0));
}
