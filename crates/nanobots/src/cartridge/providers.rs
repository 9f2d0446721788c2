//! Every provider that a cartridge names, and where: its own, those of `fallbacks` and `routing`, those that
//! its judges are laid over, and those that a `replay` records.
//!
//! A cartridge in, places and values out. Nothing is checked here: what is shown before a cartridge is
//! trusted, and what is warned of, must not differ in whom they look at.

use serde_json::Value;

use super::Cartridge;

/// How a provider comes to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// As the cartridge's own.
    Own,
    /// After another failed.
    Fallback,
    /// By a rule.
    Routing,
    /// By a judge of the cartridge's cases. What stands there is laid over the judge's own, or is an id.
    Judge,
    /// By a provider `replay`, to be recorded.
    Recorded,
}

/// A provider where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Named<'a> {
    /// Where: `["provider"]`; an item of a list is its number.
    pub(crate) path: Vec<String>,
    pub(crate) role: Role,
    /// As written, with `ENV/…` in place of what stands there.
    pub(crate) written: &'a Value,
    /// With the environment put in: holds secrets.
    pub(crate) real: &'a Value,
}

impl Named<'_> {
    /// Its id as written.
    pub(crate) fn id(&self) -> Option<&str> {
        self.written
            .as_str()
            .or_else(|| self.written["id"].as_str())
    }
}

impl Cartridge {
    /// Every provider that it names, in the order in which they stand in the reference of keys; one that
    /// another records follows it.
    pub(crate) fn providers(&self) -> Vec<Named<'_>> {
        let mut found = Vec::new();
        let whole = Named {
            path: Vec::new(),
            role: Role::Own,
            written: &self.original,
            real: &self.value,
        };
        collect(&whole, &["provider"], Role::Own, &mut found);
        for (key, role) in [("fallbacks", Role::Fallback), ("routing", Role::Routing)] {
            let items = self.original["botsmith"][key].as_array();
            for at in 0..items.map_or(0, Vec::len) {
                let at = at.to_string();
                collect(
                    &whole,
                    &["botsmith", key, &at, "provider"],
                    role,
                    &mut found,
                );
            }
        }
        if let Some(evaluators) = whole.below(&["botsmith", "evaluate", "evaluators"]) {
            judges(&evaluators, &mut found);
        }
        found
    }
}

impl<'a> Named<'a> {
    fn below(&self, path: &[&str]) -> Option<Named<'a>> {
        let get = |value: &'a Value| path.iter().try_fold(value, |value, key| step(value, key));
        let written = get(self.written).filter(|value| !value.is_null())?;
        let mut whole = self.path.clone();
        whole.extend(path.iter().map(|&part| part.to_owned()));
        Some(Named {
            path: whole,
            role: self.role,
            written,
            // What stands for nothing in the environment is null there.
            real: get(self.real).unwrap_or(&Value::Null),
        })
    }
}

fn step<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        value => value.get(key),
    }
}

/// The provider below `at`, and those that it records.
fn collect<'a>(at: &Named<'a>, path: &[&str], role: Role, found: &mut Vec<Named<'a>>) {
    let Some(named) = at.below(path) else { return };
    let named = Named { role, ..named };
    // A cartridge is at most 64 levels deep, and so is this.
    let records = matches!(named.id(), Some("replay")).then(|| named.clone());
    found.push(named);
    if let Some(replay) = records {
        collect(&replay, &["settings", "provider"], Role::Recorded, found);
    }
}

/// Providers anywhere below `evaluators`: an evaluator may hold others.
fn judges<'a>(at: &Named<'a>, found: &mut Vec<Named<'a>>) {
    let keys: Vec<String> = match at.written {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|at| at.to_string()).collect(),
        _ => return,
    };
    for key in keys {
        match key.as_str() {
            "provider" => collect(at, &["provider"], Role::Judge, found),
            key => {
                if let Some(inner) = at.below(&[key]) {
                    judges(&inner, found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Options};
    use super::*;

    #[test]
    fn all_are_found_wherever_they_stand() {
        let text = "
provider: {id: replay, settings: {path: a.jsonl, provider: {id: replay, settings: {provider: {id: openai}}}}}
botsmith:
  fallbacks: [{provider: {id: ollama}}]
  routing:
    - {when: {tag: a}, use: 1}
    - {when: {tag: b}, provider: {id: mistral}}
  evaluate:
    dataset: [{input: a, provider: {id: none}}]
    evaluators:
      - equals
      - judge: {rubric: [fair], provider: cohere}
      - panel: {judges: [{provider: {id: google}}]}
";
        let cartridge = Cartridge::parse(text, Format::Yaml, &Options::default()).unwrap();
        let named = cartridge.providers();
        let told: Vec<_> = named
            .iter()
            .map(|at| (at.path.join("."), at.id().unwrap(), at.role))
            .collect();
        let recorded = "provider.settings.provider";
        let evaluators = "botsmith.evaluate.evaluators";
        let wanted = [
            ("provider".to_owned(), "replay", Role::Own),
            (recorded.to_owned(), "replay", Role::Recorded),
            (
                format!("{recorded}.settings.provider"),
                "openai",
                Role::Recorded,
            ),
            (
                "botsmith.fallbacks.0.provider".to_owned(),
                "ollama",
                Role::Fallback,
            ),
            (
                "botsmith.routing.1.provider".to_owned(),
                "mistral",
                Role::Routing,
            ),
            (
                format!("{evaluators}.1.judge.provider"),
                "cohere",
                Role::Judge,
            ),
            (
                format!("{evaluators}.2.panel.judges.0.provider"),
                "google",
                Role::Judge,
            ),
        ];
        assert_eq!(told, wanted);
    }
}
