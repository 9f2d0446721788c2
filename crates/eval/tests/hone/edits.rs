//! Changes of a cartridge keep the rest of its text.

use botsmith_eval::Result;
use botsmith_eval::hone::{Change, Draft, Options, Parent, Proposer, TrainView, Use};
use serde_json::{Value, json};

use super::common::{Place, of, question};

/// Proposes one change and has the text shown.
#[derive(Debug)]
struct One(Change);

impl Proposer for One {
    fn name(&self) -> &'static str {
        "one"
    }

    fn propose(&self, _: &Parent, _: &TrainView<'_>) -> Result<Vec<Draft>> {
        Ok(vec![Draft {
            name: "one".into(),
            about: String::new(),
            changes: vec![self.0.clone()],
        }])
    }
}

/// The cartridge's text with one change, made by a search that cannot but choose it.
fn changed(text: &str, path: &str, value: Value) -> String {
    let place = Place::new(40);
    place.write("prices.yml", text);
    let change = Change::new(path.split('.'), value);
    let proposers: Vec<Box<dyn Proposer>> = vec![Box::new(One(change))];
    let found = place
        .search(Vec::new(), &proposers, Options::default())
        .unwrap();
    assert_eq!(found.refused, []);
    found.variants[0].text.to_string()
}

const SCRIPT: &str = "provider: {id: script, settings: {otherwise: hi}}\n";

#[test]
fn a_scalar_is_replaced_on_its_line_and_comments_stay() {
    let text = format!(
        "# bot\nbehaviors:\n  interaction:\n    directive: Old.  # why\n    backdrop: B   # stays\n# end\n{SCRIPT}"
    );
    let wanted = text.replace("directive: Old.  # why", "directive: \"New.\"");
    assert_eq!(
        changed(&text, "behaviors.interaction.directive", json!("New.")),
        wanted
    );
}

#[test]
fn a_key_that_is_not_there_is_added_where_it_belongs() {
    let text = format!(
        "meta: {{name: A}}\n\nbehaviors:\n  interaction:\n    backdrop: B\n\n# the model\n{SCRIPT}"
    );
    let wanted = text.replace("backdrop: B\n", "backdrop: B\n    directive: \"New.\"\n");
    assert_eq!(
        changed(&text, "behaviors.interaction.directive", json!("New.")),
        wanted
    );
    let asked = question(of(Use::Train, 40)[0]);
    let examples = json!([{"user": asked, "assistant": "two\nlines"}]);
    let added = format!(
        "botsmith:\n  examples:\n    - user: \"{asked}\"\n      assistant: |-\n        two\n        lines\n"
    );
    assert_eq!(
        changed(&text, "botsmith.examples", examples),
        format!("{text}{added}")
    );
}

#[test]
fn what_stands_in_braces_is_written_as_a_whole() {
    let text = format!("# bot\n{SCRIPT}# end\n");
    let found = changed(&text, "provider.settings.model", json!("large"));
    assert_eq!(
        found,
        "# bot\nprovider:\n  id: \"script\"\n  settings:\n    otherwise: \"hi\"\n    model: \"large\"\n# end\n"
    );
}

#[test]
fn texts_of_every_kind_are_read_back_as_they_are() {
    let texts = [
        "",
        " leading",
        "trailing ",
        "two\nlines",
        "ends\n",
        "ends\ntwice\n\n",
        "\n starts",
        "a: b # c",
        "tab\there",
        "\u{2028}sep",
        "\u{feff}bom",
        "quote \" and \\ and '",
        "- item",
        "yes",
        "null",
        "1.0",
        "line \nwith trailing space",
        "%directive",
        "---\ndoc",
        "emoji 🍐",
        "cr\r\nlf",
        "{{ template }}",
    ];
    for text in texts {
        let found = changed(SCRIPT, "behaviors.interaction.directive", json!(text));
        assert!(found.starts_with(SCRIPT), "{text:?} gave {found}");
    }
}
