//! The specification's deep merge: mappings key by key, of all else the later one wins.

use serde_json::Value;

use botsmith_core::yaml::{Entry, Node, Value as Yaml};

/// `left` with `right` merged into it: mappings are merged key by key, of everything else (null, too)
/// `right` wins.
///
/// ```
/// use botsmith_nanobots::cartridge::deep_merge;
/// use serde_json::json;
/// let merged = deep_merge(json!({"a": {"x": 1}, "b": [1]}), json!({"a": {"y": 2}, "b": [2]}));
/// assert_eq!(merged, json!({"a": {"x": 1, "y": 2}, "b": [2]}));
/// ```
pub fn deep_merge(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            for (key, value) in right {
                let merged = match left.get_mut(&key).map(Value::take) {
                    Some(earlier) => deep_merge(earlier, value),
                    None => value,
                };
                left.insert(key, merged);
            }
            Value::Object(left)
        }
        (_, right) => right,
    }
}

/// As [`deep_merge`], over trees that know their places.
pub(super) fn merge_nodes(left: Node, right: Node) -> Node {
    match (left.value, right) {
        (
            Yaml::Map(earlier),
            Node {
                value: Yaml::Map(later),
                ..
            },
        ) => Node::new(Yaml::Map(merge_entries(earlier, later)), left.mark),
        (_, right) => right,
    }
}

fn merge_entries(left: Vec<Entry>, right: Vec<Entry>) -> Vec<Entry> {
    let mut places: std::collections::HashMap<String, usize> = left
        .iter()
        .enumerate()
        .map(|(at, entry)| (entry.key.clone(), at))
        .collect();
    let mut merged: Vec<Option<Entry>> = left.into_iter().map(Some).collect();
    for entry in right {
        let Some(&at) = places.get(&entry.key) else {
            places.insert(entry.key.clone(), merged.len());
            merged.push(Some(entry));
            continue;
        };
        let earlier = merged[at].take();
        merged[at] = Some(match earlier {
            Some(earlier) if both_maps(&earlier.value, &entry.value) => Entry {
                value: merge_nodes(earlier.value, entry.value),
                ..entry
            },
            _ => entry,
        });
    }
    merged.into_iter().flatten().collect()
}

fn both_maps(left: &Node, right: &Node) -> bool {
    matches!((&left.value, &right.value), (Yaml::Map(_), Yaml::Map(_)))
}

/// As [`merge_nodes`] for a cartridge and the one that it extends: tools are joined, one of the same name
/// replaces the earlier one.
pub(super) fn extend_nodes(base: Node, own: Node) -> Node {
    let tools = |node: &Node| match node.get("tools").map(|tools| &tools.value) {
        Some(Yaml::Seq(items)) => Some(items.clone()),
        _ => None,
    };
    let joined = tools(&base).zip(tools(&own)).map(|(mut base, own)| {
        for tool in own {
            let name = |tool: &Node| tool.get("name").and_then(Node::text).map(str::to_owned);
            let same =
                |earlier: &&mut Node| name(earlier).is_some() && name(earlier) == name(&tool);
            match base.iter_mut().find(same) {
                Some(earlier) => *earlier = tool,
                None => base.push(tool),
            }
        }
        base
    });
    let mut merged = merge_nodes(base, own);
    if let (Some(joined), Yaml::Map(entries)) = (joined, &mut merged.value)
        && let Some(tools) = entries.iter_mut().find(|entry| entry.key == "tools")
    {
        tools.value.value = Yaml::Seq(joined);
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..9_i64).prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn any_map() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[a-c]", any_value(), 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    fn node(value: &Value) -> Node {
        let source = botsmith_core::yaml::Source::new("x", value.to_string());
        botsmith_core::yaml::parse(&source).expect("JSON is YAML")
    }

    proptest! {
        #[test]
        fn a_value_merged_with_itself_is_itself(a in any_value()) {
            prop_assert_eq!(deep_merge(a.clone(), a.clone()), a);
        }

        #[test]
        fn nothing_changes_a_map(a in any_map()) {
            prop_assert_eq!(deep_merge(a.clone(), json!({})), a.clone());
            prop_assert_eq!(deep_merge(json!({}), a.clone()), a);
        }

        #[test]
        fn three_maps_merge_in_any_grouping(a in any_map(), b in any_map(), c in any_map()) {
            let left = deep_merge(deep_merge(a.clone(), b.clone()), c.clone());
            // A mapping over a scalar over a mapping forgets the first one either way.
            let keeps = |x: &Value, y: &Value| !shape_breaks(x, y);
            if keeps(&a, &b) && keeps(&b, &c) && keeps(&a, &c) {
                prop_assert_eq!(left, deep_merge(a, deep_merge(b, c)));
            }
        }

        #[test]
        fn trees_with_places_merge_as_values_do(a in any_value(), b in any_value()) {
            let merged = merge_nodes(node(&a), node(&b)).to_json();
            prop_assert_eq!(merged, deep_merge(a, b));
        }
    }

    /// Whether a mapping in one stands against something else in the other.
    fn shape_breaks(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => a
                .iter()
                .any(|(key, a)| b.get(key).is_some_and(|b| shape_breaks(a, b))),
            (a, b) => a.is_object() != b.is_object(),
        }
    }
}
