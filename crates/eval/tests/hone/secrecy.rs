//! Nothing of dev and gate reaches a proposer: marker words are planted in all that there is of such cases,
//! and looked for in every request and every variant.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use botsmith_core::chat::{ChatResponse, FnModel, Role};
use botsmith_eval::hone::{
    Examples, Instructions, Optimiser, Options, Parameters, Proposer, Said, Split, Use,
};
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::{Bot, Cartridge};
use serde_json::json;

use super::common::{Place, id, right};

/// A word of its own for each case.
fn marker(of: Use, i: usize) -> String {
    format!("zq{}x{i}", of.as_str())
}

#[test]
fn planted_words_of_dev_and_gate_are_in_no_request_and_no_variant() {
    let place = Place::new(0);
    let split = Split::default();
    let (mut rows, mut said) = (String::new(), Vec::new());
    for i in 0..90 {
        let of = split.of_key(&id(i));
        let word = marker(of, i);
        let row = json!({
            "id": id(i), "input": format!("The price of {} {word}?", i + 1), "reference": right(i),
            "context": [format!("{word} context")], "tags": [word], "note": word,
        });
        let _ = writeln!(rows, "{row}");
        said.push(
            Said::of(id(i))
                .correction(format!("{} {word}", right(i)))
                .comment(format!("{word} is dear")),
        );
    }
    place.write("cases.jsonl", &rows);

    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let model = FnModel::new("optimiser", move |request, _| {
        let texts = request.messages.iter().map(|message| {
            assert_ne!(message.role, Role::Tool);
            message.content.text().clone()
        });
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(texts.collect::<Vec<_>>().join("\n"));
            seen.len()
        };
        async move {
            Ok(ChatResponse::text(format!(
                "Say it in EUR, please, {number}."
            )))
        }
    });
    let cartridge = Cartridge::from_value(&json!({"meta": {"name": "Rewriter"}}), Profile::Native);
    let bot = Bot::new(cartridge.unwrap(), Arc::new(model)).unwrap();
    let optimiser = Optimiser::new(bot, Arc::clone(&place.store));
    let proposers: Vec<Box<dyn Proposer>> = vec![
        Box::new(Examples),
        Box::new(Parameters::default()),
        Box::new(Instructions::new(optimiser)),
    ];
    let again = || {
        place
            .search(said.clone(), &proposers, Options::default())
            .unwrap()
    };
    let found = again();
    let requests = || requests.lock().unwrap().clone();
    assert_eq!(requests().len(), 3);
    assert!(found.refused.is_empty());
    assert!(
        found
            .tried
            .iter()
            .any(|tried| tried.proposer == "instructions")
    );
    let finalist = found.finalist.clone().unwrap().text.to_string();

    let regressions = found.regressions.iter().map(ToString::to_string);
    let told = found
        .tried
        .iter()
        .map(|tried| serde_json::to_string(tried).unwrap());
    let texts: Vec<String> = requests()
        .into_iter()
        .chain([finalist])
        .chain(regressions)
        .chain(told)
        .collect();
    let mut of_train = 0;
    for i in 0..90 {
        let of = split.of_key(&id(i));
        let word = marker(of, i);
        let count = texts.iter().filter(|text| text.contains(&word)).count();
        match of {
            Use::Train => of_train += count,
            _ => assert_eq!(count, 0, "{word} got through"),
        }
    }
    assert!(
        of_train > 20,
        "the search for markers finds them where they may be"
    );
    for of in [Use::Dev, Use::Gate] {
        let beginning = format!("zq{}x", of.as_str());
        assert!(texts.iter().all(|text| !text.contains(&beginning)));
    }

    // What the optimiser said is kept: a honing that goes on asks nothing twice.
    let second = again();
    assert_eq!(requests().len(), 3);
    assert_eq!(second.tried, found.tried);
}
