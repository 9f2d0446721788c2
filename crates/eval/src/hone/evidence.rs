//! The evidence that a version keeps when more than one suite's gate has judged it.
//!
//! A gate's verdict about a version against one bot is that of the suite which decided first: looks are counted
//! for each suite's cases, so that a variant which one gate refused could be put to the same cases under another
//! suite's name, where the counting begins anew. What another suite's gate says is kept beside it, under `others`,
//! and moves nothing. An advisory verdict decides nothing, and gives way.

use serde_json::{Value, json};

/// What an earlier gate, of another suite, decided about the same version against the same bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The suite.
    pub(super) suite: String,
    /// Whether it passed.
    pub(super) passed: bool,
}

/// The evidence that is to be kept, with the verdict that stands where this one does not replace it. `new` has
/// `gate` and `hone`, as a course makes them; `earlier` is what the version has, or null.
pub(super) fn joined(earlier: &Value, mut new: Value) -> (Value, Option<Standing>) {
    let same_bot = earlier["gate"]["baseline"] == new["gate"]["baseline"];
    if earlier["gate"].is_null() || !same_bot {
        return (new, None);
    }
    let passed = match earlier["gate"]["verdict"]["decision"].as_str() {
        Some("passed") => Some(true),
        Some("refused") => Some(false),
        _ => None,
    };
    let (then, now) = (&earlier["hone"]["suite"], &new["hone"]["suite"]);
    match (passed, then.as_str(), now.as_str()) {
        (Some(passed), Some(then), Some(now)) if then != now => {
            let suite = then.to_owned();
            let mut kept = earlier.clone();
            kept["others"][now] = json!({"gate": new["gate"], "hone": new["hone"]});
            (kept, Some(Standing { suite, passed }))
        }
        _ => {
            if let Some(others) = earlier.get("others") {
                new["others"] = others.clone();
            }
            (new, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(suite: &str, baseline: &str, decision: &str) -> Value {
        json!({
            "gate": {
                "passed": decision == "passed", "baseline": baseline,
                "verdict": {"decision": decision},
            },
            "hone": {"suite": suite},
        })
    }

    #[test]
    fn a_decided_verdict_stands_beside_those_of_other_suites() {
        let cases = [
            // Earlier: suite, bot, decision; now; whether the earlier one stands.
            (("a", "b", "refused"), ("z", "b", "passed"), Some(false)),
            (("a", "b", "passed"), ("z", "b", "refused"), Some(true)),
            // The same suite's newer look, another bot in force, a verdict that decided nothing.
            (("a", "b", "refused"), ("a", "b", "passed"), None),
            (("a", "old", "refused"), ("z", "b", "passed"), None),
            (("a", "b", "advisory"), ("z", "b", "passed"), None),
        ];
        for (then, now, stands) in cases {
            let earlier = evidence(then.0, then.1, then.2);
            let new = evidence(now.0, now.1, now.2);
            let (kept, standing) = joined(&earlier, new.clone());
            assert_eq!(standing.map(|s| s.passed), stands, "{then:?} {now:?}");
            match stands {
                Some(_) => {
                    assert_eq!(kept["gate"], earlier["gate"]);
                    assert_eq!(kept["others"]["z"], new);
                }
                None => assert_eq!(kept, new),
            }
        }
        assert_eq!(
            joined(&Value::Null, json!({"gate": 1})).0,
            json!({"gate": 1})
        );
    }

    #[test]
    fn what_other_suites_said_is_kept_when_the_own_one_judges_again() {
        let first = evidence("a", "b", "refused");
        let (kept, _) = joined(&first, evidence("z", "b", "passed"));
        let (again, _) = joined(&kept, evidence("a", "b", "passed"));
        assert_eq!(again["gate"]["passed"], true);
        assert_eq!(again["others"]["z"]["gate"]["passed"], true);
    }
}
