//! The `inputs` of a workflow, and what another workflow is given for them -> whether they fit.

use botsmith_core::hint::shown;
use botsmith_core::schema::Schema;
use botsmith_core::yaml::{Cursor, Node, Value as Yaml};
use serde_json::{Map, Value};

use crate::Result;
use crate::workflow::kind::Type;
use crate::workflow::place::wrong;
use crate::workflow::text::Texts;
use crate::workflow::{PATTERN, Workflow, sorted};

/// The JSON Schema of a workflow's inputs.
pub(super) fn schema(at: &Cursor<'_>) -> Result<Value> {
    at.fields()?;
    let schema = sorted(at.node().to_json());
    if let Err(error) = Schema::linear(&schema, PATTERN) {
        let (node, field) = find(at, error.place());
        let message = format!("not a JSON Schema: {error}");
        let wrong = at.source().diagnostic(node.mark, message).field(field);
        return Err(wrong.code("BS-FLOW-017").into());
    }
    if schema.get("type").is_some_and(|kind| kind != "object") {
        let (node, field) = find(at, "/type");
        let wrong = at
            .source()
            .diagnostic(node.mark, "inputs are a mapping: `type: object`");
        return Err(wrong.field(field).code("BS-FLOW-017").into());
    }
    Ok(schema)
}

/// The node that a JSON Pointer leads to, as far as it does.
fn find<'a>(at: &Cursor<'a>, pointer: &str) -> (&'a Node, String) {
    let mut node = at.node();
    let mut field = at.path().to_owned();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let next = match &node.value {
            Yaml::Seq(items) => part.parse::<usize>().ok().and_then(|at| items.get(at)),
            _ => node.get(&part),
        };
        let Some(next) = next else { break };
        node = next;
        field.extend([".", part.as_str()]);
    }
    (node, field)
}

/// Holds the inputs that a step gives to the other workflow against that workflow's schema.
pub(super) fn given(with: &Cursor<'_>, below: &Workflow, texts: &mut Texts<'_>) -> Result<()> {
    let fields = with.fields()?;
    let given = fields.get("inputs");
    let at = given.as_ref().unwrap_or(with);
    if given
        .as_ref()
        .is_some_and(|at| matches!(at.node().value, Yaml::String(_)))
    {
        // One template for all of them: known only in the run.
        return Ok(());
    }
    let entries = match &given {
        Some(given) => given.fields()?.entries(),
        None => Vec::new(),
    };
    let none = Map::new();
    let schema = below.inputs.as_ref();
    let properties = schema
        .and_then(|schema| schema["properties"].as_object())
        .unwrap_or(&none);
    for (key, at) in &entries {
        match properties.get(*key) {
            Some(schema) => texts.value(at, Type::of_schema(schema), false)?,
            None if schema.is_some() && properties.is_empty() => {}
            None => {
                let message = format!("workflow `{}` has no input `{}`", below.name, shown(key));
                let names = properties.keys().map(String::as_str);
                return Err(wrong(at, "BS-FLOW-014", message).nearest(key, names).into());
            }
        }
    }
    let required = schema.and_then(|schema| schema["required"].as_array());
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !entries.iter().any(|(key, _)| *key == name) {
            let message = format!(
                "workflow `{}` needs the input `{}`",
                below.name,
                shown(name)
            );
            return Err(wrong(at, "BS-FLOW-014", message).into());
        }
    }
    Ok(())
}
