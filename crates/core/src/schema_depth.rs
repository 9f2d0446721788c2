//! How deep a JSON Schema nests, and where there is stack enough for one that does.
//!
//! Schemas and grammars are compiled and followed by recursion: a call for each level of a schema, and for each
//! reference that leads to the next. A stranger's schema of a thousand references in a row would overflow the stack of
//! a usual thread, which ends the process.

use serde_json::Value;

/// References of a schema.
const REFERENCES: usize = 1024;
/// Levels that a schema may nest.
const DEPTH: usize = 128;
/// Bytes of stack that [`REFERENCES`] in a row need: without optimisation some 60 kB each to compile as a grammar, with
/// it less than 1 kB to follow, once a level of the value.
const STACK: usize = 128 << 20;

/// How many references a schema has.
///
/// # Errors
/// If these are more than are read, or it nests too deep.
pub(crate) fn references(schema: &Value) -> Result<usize, String> {
    let mut references = 0;
    if !is_shallow(schema, DEPTH, &mut references) {
        return Err(format!("the schema nests deeper than {DEPTH} levels"));
    }
    if references > REFERENCES {
        return Err(format!(
            "the schema has {references} references, at most {REFERENCES} are read"
        ));
    }
    Ok(references)
}

fn is_shallow(schema: &Value, depth: usize, references: &mut usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    match schema {
        Value::Array(items) => (items.iter()).all(|item| is_shallow(item, depth, references)),
        Value::Object(fields) => {
            let named = fields
                .keys()
                .filter(|key| matches!(key.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef"));
            *references += named.count();
            (fields.values()).all(|field| is_shallow(field, depth, references))
        }
        _ => true,
    }
}

/// Runs `work` on a thread with a deep stack.
///
/// # Panics
/// If `work` does, with what it says; if no thread can be started.
pub(crate) fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let running = thread.spawn_scoped(scope, work).expect("a thread");
        running
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
