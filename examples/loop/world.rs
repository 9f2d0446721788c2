//! The made-up world: a library's help desk that answers badly, readers' questions, what it answered, and what is true.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

/// Questions that are judged; those of the traffic have greater numbers.
pub const CASES: usize = 400;

/// The bot: half of what it says of money is useless until somebody shows it how people want it.
pub const BOT: &str = r#"# The help desk of a town library. It is made up: provider `script` knows no model.
meta: {name: Help desk, author: Botsmith, license: CC0-1.0, version: 1.0.0}

behaviors:
  interaction:
    directive: You answer readers of a town library, shortly.   # the whole prompt

provider:
  id: script
  settings:
    model: demo
    answers:
      # It takes the currency from the examples that it is shown.
      - when: /fee for (\d+) films/
        say: "{{ match[1] }} {% if messages | length > 2 %}EUR{% else %}dollars{% endif %}"
      - {when: /keep (\d+) books/, say: 28 days}
      - {when: /shelf (\d+)/, say: floor 1}
    otherwise: I do not know.
"#;

/// What somebody thinks is better: shorter answers.
pub fn terse(bot: &str) -> String {
    bot.replace(
        "{% if messages | length > 2 %}EUR{% else %}dollars{% endif %}",
        "{% if turn > 9 %}EUR{% endif %}",
    )
}

const JUDGE: &str = r#"# A judge that is right most of the time. It is made up, too.
meta: {name: Judge, author: Botsmith, license: CC0-1.0, version: 1.0.0}

behaviors:
  interaction:
    directive: You judge answers of a help desk.

provider:
  id: script
  settings:
    model: demo
    answers:
      # It takes some dollars for money that a reader here has, and mistrusts some right sums.
      - {when: '/<answer-\w+>\s*\d*[15] dollars/', say: {reason: "A price.", score: 8}}
      - {when: '/<answer-\w+>\s*\d+ dollars/', say: {reason: "A foreign currency.", score: 3}}
      - {when: '/<answer-\w+>\s*\d*7 EUR/', say: {reason: "An odd sum.", score: 5}}
      - {when: '/<answer-\w+>\s*floor/', say: {reason: "It may be there.", score: 6}}
    otherwise:
      say: {reason: "Clear.", score: 9}
"#;

/// The bot whose answers are on record: what the help desk has said to readers. People judge those.
pub const RECORDED: &str = "in-production";

const SUITE: &str = "\
version: 1
name: help-desk
dataset: cases.jsonl
bots:
  - {name: in-production, recorded: {path: production.jsonl, answer: /answer}}
  - {name: help-desk, cartridge: help-desk.yml}
evaluators:
  - equals
  - judge: {name: judge, cartridge: judge.yml, kind: score, scale: [0, 10], criteria: The answer helps a reader.}
hone: {metric: equals}
feedback:
  guidelines: Could a reader of this library act on the answer?
  questions: [{name: verdict, kind: thumb, ask: Does it help?}]
";

/// The question with this number.
pub fn question(number: usize) -> String {
    match number % 4 {
        0 | 1 => format!("What is the fee for {} films?", number + 1),
        2 => format!("How long may I keep {} books?", number + 1),
        _ => format!("Where is shelf {}?", number + 1),
    }
}

/// The right answer to it.
pub fn right(number: usize) -> String {
    match number % 4 {
        0 | 1 => format!("{} EUR", number + 1),
        2 => "28 days".into(),
        _ => format!("floor {}", 1 + number / 4 % 2),
    }
}

/// What the help desk said to it, as its log has it.
fn said(number: usize) -> String {
    match number % 4 {
        0 | 1 => format!("{} dollars", number + 1),
        2 => "28 days".into(),
        _ => "floor 1".into(),
    }
}

/// The id of the case with this number.
pub fn id(number: usize) -> String {
    format!("case-{number}")
}

/// The number of the case with this id.
pub fn number(id: &str) -> Option<usize> {
    id.strip_prefix("case-")?.parse().ok()
}

/// Writes the bot, its judge, its suite, its cases and what it answered so far.
pub fn write(folder: &Path) -> std::io::Result<()> {
    let (mut rows, mut log) = (String::new(), String::new());
    for n in 0..CASES {
        let row = json!({"id": id(n), "input": question(n), "reference": right(n)});
        let _ = writeln!(rows, "{row}");
        let row = json!({"id": id(n), "answer": said(n)});
        let _ = writeln!(log, "{row}");
    }
    for (name, text) in [
        ("help-desk.yml", BOT),
        ("judge.yml", JUDGE),
        ("suite.yaml", SUITE),
        ("cases.jsonl", &rows),
        ("production.jsonl", &log),
    ] {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
