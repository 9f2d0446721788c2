//! Which target a request goes to first: by its length, its language or its tags.
//!
//! A request in, the name of a target or nothing out; the first rule whose conditions all hold wins.

use botsmith_core::chat::ChatRequest;

use super::language::{DetectLanguage, is};

/// Sends a request to a target if all its conditions hold. One without conditions always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The newest user message has more characters than this.
    pub longer_than: Option<usize>,
    /// The newest user message has fewer characters than this.
    pub shorter_than: Option<usize>,
    /// It is in one of these languages or scripts (`pt`, `Cyrl`); empty: in any.
    pub languages: Vec<String>,
    /// The request has one of these tags; empty: any or none.
    pub tags: Vec<String>,
    /// The name of the target that is asked first.
    pub target: String,
}

impl Rule {
    /// A rule without conditions.
    pub fn to(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            ..Self::default()
        }
    }

    fn holds(&self, request: &ChatRequest, input: &Input<'_>) -> bool {
        let tagged = |tag: &String| request.tags.contains(tag);
        let spoken = |wanted: &String| input.language().is_some_and(|tag| is(tag, wanted));
        self.longer_than.is_none_or(|least| input.length > least)
            && self.shorter_than.is_none_or(|most| input.length < most)
            && (self.tags.is_empty() || self.tags.iter().any(tagged))
            && (self.languages.is_empty() || self.languages.iter().any(spoken))
    }
}

/// The newest user message, looked at once for all rules.
struct Input<'a> {
    text: String,
    length: usize,
    detect: &'a dyn DetectLanguage,
    language: std::cell::OnceCell<Option<String>>,
}

impl Input<'_> {
    fn language(&self) -> Option<&str> {
        let found = self.language.get_or_init(|| self.detect.detect(&self.text));
        found.as_deref()
    }
}

/// The target of the first rule that holds.
pub(super) fn choose<'r>(
    rules: &'r [Rule],
    request: &ChatRequest,
    detect: &dyn DetectLanguage,
) -> Option<&'r str> {
    if rules.is_empty() {
        return None;
    }
    let text = request.last_user().unwrap_or_default();
    let input = Input {
        length: text.chars().count(),
        text,
        detect,
        language: std::cell::OnceCell::new(),
    };
    let rule = rules.iter().find(|rule| rule.holds(request, &input))?;
    Some(&rule.target)
}

#[cfg(test)]
mod tests {
    use botsmith_core::chat::Message;

    use super::super::CommonWords;
    use super::*;

    #[test]
    fn the_first_rule_whose_conditions_all_hold_wins() {
        let words = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rules = [
            Rule {
                tags: words(&["code", "math"]),
                ..Rule::to("tagged")
            },
            Rule {
                languages: words(&["pt"]),
                shorter_than: Some(100),
                ..Rule::to("portuguese")
            },
            Rule {
                longer_than: Some(10),
                languages: words(&["Cyrl"]),
                ..Rule::to("cyrillic")
            },
            Rule {
                longer_than: Some(59),
                ..Rule::to("long")
            },
        ];
        let long = "word ".repeat(12);
        let cases = [
            ("Qual é a massa da Lua?", &[][..], Some("portuguese")),
            ("Qual é a massa da Lua?", &["math"], Some("tagged")),
            ("Привет, как дела?", &[], Some("cyrillic")),
            ("Привет", &[], None),
            (long.as_str(), &["other"], Some("long")),
            (long.trim(), &[], None),
            ("", &[], None),
        ];
        for (text, tags, wanted) in cases {
            let mut request = ChatRequest::new(vec![Message::user(text)]);
            request.tags = words(tags);
            assert_eq!(
                choose(&rules, &request, &CommonWords),
                wanted,
                "{text} {tags:?}"
            );
        }
    }
}
