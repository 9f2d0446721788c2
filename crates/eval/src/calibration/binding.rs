//! What makes a judge the judge that was calibrated: model, prompt, rubric and decoding, hashed.
//!
//! A run's manifest and a metric in, a [`Binding`] out. The prompt is the judge's cartridge (decoding
//! included) and the words that this version of Botsmith puts around it; the rubric is the suite's entry
//! without what decides no verdict (name, weight, pace). Secrets are in none of it.

use botsmith_core::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::run::Manifest;
use crate::{Error, Result};

/// Options that change how fast or how heavily a judge judges, not what it says.
const NEUTRAL: [&str; 5] = ["name", "weight", "concurrency", "rate", "timeout"];

/// What a calibration is bound to: hashes, each of one part, and one of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// blake3 of all parts.
    pub digest: String,
    /// The suite's name.
    pub suite: String,
    /// The metric's name.
    pub metric: String,
    /// The models asked, by name and revision, or by the name that the suite gives one of this machine; empty for an
    /// evaluator that asks none.
    pub model: Vec<String>,
    /// blake3 of models and where they are; of a model of this machine, of all that its files hold.
    pub model_hash: String,
    /// blake3 of the judge's cartridges and variables.
    pub prompt_hash: String,
    /// blake3 of the suite's entry.
    pub rubric_hash: String,
    /// blake3 of what the suite lays over the provider: temperature, seed and the like.
    pub decoding_hash: String,
    /// The version of this program, whose words are around the prompt.
    pub version: String,
}

impl Binding {
    /// What `metric` of a run is bound to.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the run has no such metric.
    pub fn of(manifest: &Manifest, metric: &str) -> Result<Self> {
        let Some(index) = manifest.metrics.iter().position(|name| name == metric) else {
            return Err(Error::NotFound {
                what: "metric",
                name: metric.into(),
                hint: Some(format!(
                    "the run has {}",
                    botsmith_core::hint::list(manifest.metrics.iter().map(String::as_str))
                )),
            });
        };
        let entries = &manifest.identity["suite"]["evaluators"];
        let rubric = rubric(&entries[index]);
        let asked = asked(manifest, entries, index);
        let pick = |keys: &[&str]| {
            let parts: Vec<Value> = asked
                .iter()
                .map(|judge| keys.iter().map(|key| judge[*key].clone()).collect())
                .collect();
            hash(&json!(parts))
        };
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let model = asked
            .iter()
            .filter_map(|judge| {
                let name = word(&judge["model"])?;
                Some(match word(&judge["revision"]) {
                    Some(revision) => format!("{name} ({revision})"),
                    None => name,
                })
            })
            .collect();
        let mut binding = Self {
            digest: String::new(),
            suite: manifest.suite.clone(),
            metric: metric.into(),
            model,
            model_hash: match asked.iter().any(|judge| !judge["measured"].is_null()) {
                true => pick(&["model", "measured"]),
                false => pick(&["provider", "model", "revision", "address"]),
            },
            prompt_hash: pick(&["cartridge", "variables"]),
            rubric_hash: hash(&rubric),
            decoding_hash: pick(&["over"]),
            version: manifest.version.clone(),
        };
        binding.digest = hash(&json!([
            binding.model_hash,
            binding.prompt_hash,
            binding.rubric_hash,
            binding.decoding_hash,
            binding.version,
        ]));
        Ok(binding)
    }

    /// In what another one differs, in words; empty where a calibration of this one holds for it.
    pub fn changes(&self, other: &Self) -> Vec<&'static str> {
        [
            ("the model", self.model_hash != other.model_hash),
            ("the prompt", self.prompt_hash != other.prompt_hash),
            ("the rubric", self.rubric_hash != other.rubric_hash),
            ("the decoding", self.decoding_hash != other.decoding_hash),
            ("Botsmith's version", self.version != other.version),
        ]
        .into_iter()
        .filter_map(|(what, changed)| changed.then_some(what))
        .collect()
    }
}

fn hash(value: &Value) -> String {
    Digest::of(&serde_json::to_vec(value).expect("JSON values serialise")).to_string()
}

/// The entry's evaluator with the options that decide verdicts, in the order of their names.
fn rubric(entry: &Value) -> Value {
    let Some((kind, options)) = entry.as_object().and_then(|map| map.iter().next()) else {
        return json!([entry, null]);
    };
    let Some(options) = options.as_object() else {
        return json!([kind, options]);
    };
    let mut kept: Vec<(&String, &Value)> = options
        .iter()
        .filter(|(key, _)| !NEUTRAL.contains(&key.as_str()))
        .collect();
    kept.sort_unstable_by_key(|(key, _)| *key);
    json!([kind, kept])
}

/// Whether an entry of `evaluators:` is a judge.
pub(super) fn is_judge(entry: &Value) -> bool {
    entry.get("judge").is_some()
}

/// The models behind a metric, as the run opened them: several of a judge, one of another evaluator that measures by a
/// model, none of one that asks none.
fn asked(manifest: &Manifest, entries: &Value, index: usize) -> Vec<Value> {
    let identities = list(&manifest.identity["asked"]["judges"]);
    let mut left = identities.iter();
    // A run keeps those of the entries that ask, in the order of the entries.
    let mut next = left.next();
    for (at, entry) in list(entries).iter().enumerate() {
        let Some(identity) = next.filter(|identity| is_of(identity, entry)) else {
            continue;
        };
        if at == index {
            return models(identity);
        }
        next = left.next();
    }
    match next {
        None => Vec::new(),
        // They cannot be told apart: a change of any of them counts.
        Some(_) => identities.iter().flat_map(models).collect(),
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// Whether an identity that a run keeps may be of an entry: those of judges are lists, those of other evaluators say
/// which evaluator they are of.
fn is_of(identity: &Value, entry: &Value) -> bool {
    let Some((kind, options)) = entry.as_object().and_then(|map| map.iter().next()) else {
        return false;
    };
    match identity["evaluator"].as_str() {
        None => kind == "judge",
        // `nli: FOLDER` names the model alone.
        Some(of) => kind == of && (options.is_string() || !options["model"].is_null()),
    }
}

/// The models of one identity.
fn models(identity: &Value) -> Vec<Value> {
    match identity {
        Value::Array(judges) => judges.clone(),
        other => {
            let measured = &other["measured"];
            vec![json!({"model": measured["model"], "measured": measured})]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: impl Fn(&mut Value)) -> Manifest {
        let mut identity = json!({
            "suite": {"evaluators": [
                "equals",
                {"judge": {"cartridge": "j.yml", "criteria": "polite", "name": "polite", "rate": "60/m"}},
                {"judge": {"cartridge": "k.yml", "criteria": "short"}},
            ]},
            "asked": {"bots": [], "judges": [
                [{"cartridge": "c1", "provider": "openai", "model": "m", "revision": null, "over": {"temperature": 0}, "variables": {}}],
                [{"cartridge": "c2", "provider": "openai", "model": "m", "revision": null, "over": null, "variables": {}}],
            ]},
        });
        change(&mut identity);
        Manifest {
            id: String::new(),
            suite: "s".into(),
            suite_file: "s.yaml".into(),
            suite_text: String::new(),
            identity,
            dataset: "inline".into(),
            dataset_hash: String::new(),
            recorded_hashes: Vec::new(),
            attempt: 0,
            version: "1".into(),
            bots: Vec::new(),
            metrics: vec!["equals".into(), "polite".into(), "judge".into()],
            slices: Vec::new(),
        }
    }

    #[test]
    fn each_change_of_the_judge_is_named_and_changes_the_hash() {
        let before = Binding::of(&manifest(|_| ()), "polite").unwrap();
        let cases: [(&str, Value, &str); 4] = [
            ("/asked/judges/0/0/model", json!("n"), "the model"),
            ("/asked/judges/0/0/cartridge", json!("c9"), "the prompt"),
            (
                "/suite/evaluators/1/judge/criteria",
                json!("rude"),
                "the rubric",
            ),
            (
                "/asked/judges/0/0/over/temperature",
                json!(1),
                "the decoding",
            ),
        ];
        for (pointer, value, named) in cases {
            let changed =
                manifest(|identity| *identity.pointer_mut(pointer).unwrap() = value.clone());
            let after = Binding::of(&changed, "polite").unwrap();
            assert_eq!(before.changes(&after), [named]);
            assert_ne!(before.digest, after.digest, "{pointer}");
        }
    }

    #[test]
    fn pace_and_other_judges_change_nothing() {
        let before = Binding::of(&manifest(|_| ()), "polite").unwrap();
        let cases = [
            ("/suite/evaluators/1/judge/rate", json!("9/s")),
            ("/asked/judges/1/0/model", json!("n")),
        ];
        for (pointer, value) in cases {
            let changed =
                manifest(|identity| *identity.pointer_mut(pointer).unwrap() = value.clone());
            assert_eq!(
                before,
                Binding::of(&changed, "polite").unwrap(),
                "{pointer}"
            );
        }
        assert_eq!(before.model, ["m"]);
    }

    /// Entries that measure by a model, among others of their kind that do not, and a judge in between.
    fn measured(change: impl Fn(&mut Value)) -> Manifest {
        let mut found = manifest(|identity| {
            identity["suite"]["evaluators"] = json!([
                {"similarity": {"name": "by-table"}},
                {"similarity": {"model": "m/small", "name": "by-model"}},
                {"judge": {"cartridge": "j.yml", "criteria": "polite"}},
                {"nli": "m/entails"},
                "bertscore",
            ]);
            let measured = |name: &str, model: &str, files: &str| json!({"evaluator": name, "measured": {"model": model, "files": files}});
            identity["asked"]["judges"] = json!([
                measured("similarity", "m/small", "f1"),
                [{"cartridge": "c1", "provider": "openai", "model": "m", "over": null, "variables": {}}],
                measured("nli", "m/entails", "f2"),
            ]);
            change(identity);
        });
        found.metrics = ["by-table", "by-model", "judge", "nli", "bertscore"]
            .map(str::to_owned)
            .to_vec();
        found
    }

    #[test]
    fn other_weights_under_the_same_path_are_another_model_of_the_metric_that_reads_them_alone() {
        let before = measured(|_| ());
        let of = |manifest: &Manifest, metric: &str| Binding::of(manifest, metric).unwrap();
        assert_eq!(of(&before, "by-model").model, ["m/small"]);
        assert_eq!(of(&before, "nli").model, ["m/entails"]);
        assert_eq!(of(&before, "judge").model, ["m"]);
        assert!(
            of(&before, "by-table").model.is_empty() && of(&before, "bertscore").model.is_empty()
        );
        let cases = [
            ("/asked/judges/0/measured/files", "by-model"),
            ("/asked/judges/1/0/model", "judge"),
            ("/asked/judges/2/measured/files", "nli"),
        ];
        for (pointer, changed) in cases {
            let after =
                measured(|identity| *identity.pointer_mut(pointer).unwrap() = json!("else"));
            for metric in ["by-table", "by-model", "judge", "nli", "bertscore"] {
                let wanted: &[&str] = if metric == changed {
                    &["the model"]
                } else {
                    &[]
                };
                let changes = of(&before, metric).changes(&of(&after, metric));
                assert_eq!(changes, wanted, "{pointer}: {metric}");
            }
        }
    }

    #[test]
    fn where_entries_cannot_be_told_apart_a_change_of_any_model_counts() {
        let unknown = |files: &str| {
            measured(|identity| {
                identity["asked"]["judges"][2] =
                    json!({"evaluator": "new-kind", "measured": {"model": "x", "files": files}});
            })
        };
        let of = |manifest: &Manifest| Binding::of(manifest, "bertscore").unwrap();
        assert_eq!(of(&unknown("a")).changes(&of(&unknown("b"))), ["the model"]);
    }

    #[test]
    fn a_metric_that_is_not_there_is_named_with_those_that_are() {
        let error = Binding::of(&manifest(|_| ()), "polish")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("polish") && error.contains("polite"),
            "{error}"
        );
    }
}
