//! JSON Schema -> values that fit and, for those that do not, where and why.
//!
//! One door to the crate `jsonschema`, whose code is generic over the kind of value: each crate that calls
//! it compiles it anew, so that ours call this one. Drafts 4 to 2020-12
//! (<https://json-schema.org/specification>). Nothing is fetched: a schema that names a file or an address
//! is refused.

use std::fmt;

use jsonschema::{PatternOptions, ValidationError, ValidationOptions, Validator};
use serde_json::Value;

use crate::schema_depth::{self, on_a_deep_stack};

/// References times levels of a value that need no more stack than any thread has.
const FLAT: usize = 128;

/// A JSON Schema, ready to check values.
///
/// ```
/// use botsmith_core::schema::Schema;
/// use serde_json::json;
///
/// let schema = Schema::new(&json!({"properties": {"n": {"type": "integer"}}})).unwrap();
/// assert!(schema.fits(&json!({"n": 1})));
/// let value = json!({"n": "one"});
/// let misfit = schema.check(&value).unwrap_err();
/// assert_eq!(misfit.place(), "/n");
/// assert_eq!(misfit.to_string(), r#""one" is not of type "integer""#);
/// assert_eq!(misfit.masked("it"), r#"it is not of type "integer""#);
/// ```
#[derive(Clone, Debug)]
pub struct Schema {
    validator: Validator,
    references: usize,
}

/// A place at which a value does not fit a schema; shown, it says why and what stands there.
#[derive(Debug)]
pub struct Misfit<'a>(ValidationError<'a>);

impl Schema {
    /// A schema whose patterns may look around and refer back, as the specification has them; the time
    /// that such a pattern takes is limited, not linear.
    ///
    /// # Errors
    /// The first place at which the schema is none.
    pub fn new(schema: &Value) -> Result<Self, Misfit<'static>> {
        Self::build(schema, &jsonschema::options().offline())
    }

    /// A schema of unknown origin: its patterns are matched in time linear in the text, and one that looks
    /// around, refers back or is over `pattern` bytes once compiled is refused.
    ///
    /// # Errors
    /// The first place at which the schema is none, or is refused.
    pub fn linear(schema: &Value, pattern: usize) -> Result<Self, Misfit<'static>> {
        let patterns = PatternOptions::regex().size_limit(pattern);
        let options = jsonschema::options()
            .offline()
            .with_pattern_options(patterns);
        Self::build(schema, &options)
    }

    fn build(schema: &Value, options: &ValidationOptions<'_>) -> Result<Self, Misfit<'static>> {
        let references = schema_depth::references(schema)
            .map_err(|reason| Misfit(ValidationError::custom(reason)))?;
        let build = || options.build(schema);
        let validator = match references > FLAT {
            true => on_a_deep_stack(build),
            false => build(),
        };
        Ok(Self {
            validator: validator.map_err(Misfit)?,
            references,
        })
    }

    /// Follows the schema through `value` where there is stack enough: each level may lead through all references.
    fn follow<'a, T: Send>(
        &'a self,
        value: &Value,
        work: impl FnOnce(&'a Validator) -> T + Send,
    ) -> T {
        let is_flat = self.references == 0 || is_within(value, FLAT / self.references);
        match is_flat {
            true => work(&self.validator),
            false => on_a_deep_stack(|| work(&self.validator)),
        }
    }

    /// Whether `value` fits.
    pub fn fits(&self, value: &Value) -> bool {
        self.follow(value, |schema| schema.is_valid(value))
    }

    /// Holds `value` against the schema.
    ///
    /// # Errors
    /// The first place at which it does not fit.
    pub fn check<'a>(&self, value: &'a Value) -> Result<(), Misfit<'a>> {
        self.follow(value, |schema| schema.validate(value).map_err(Misfit))
    }

    /// The first `most` places at which `value` does not fit.
    pub fn misfits<'a>(&'a self, value: &'a Value, most: usize) -> Vec<Misfit<'a>> {
        self.follow(value, |schema| {
            let errors = schema.iter_errors(value);
            errors.take(most).map(Misfit).collect()
        })
    }
}

/// Whether a value nests no deeper than `depth`.
fn is_within(value: &Value, depth: usize) -> bool {
    let inside = || depth.checked_sub(1);
    match value {
        Value::Array(items) => {
            inside().is_some_and(|depth| items.iter().all(|item| is_within(item, depth)))
        }
        Value::Object(fields) => {
            inside().is_some_and(|depth| fields.values().all(|field| is_within(field, depth)))
        }
        _ => true,
    }
}

impl Misfit<'_> {
    /// The place in the value as a JSON pointer (RFC 6901); empty for the whole.
    pub fn place(&self) -> &str {
        self.0.instance_path().as_str()
    }

    /// What it says with `word` for the value that stands there: values may be long or private.
    pub fn masked(&self, word: &str) -> String {
        self.0.masked_with(word).to_string()
    }
}

impl fmt::Display for Misfit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Misfit<'_> {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_misfits_are_named_in_order_and_no_more_than_asked_for() {
        let schema = Schema::new(&json!({"items": {"type": "string"}})).unwrap();
        let value = json!([1, "two", 3, 4]);
        let places: Vec<_> = schema
            .misfits(&value, 2)
            .iter()
            .map(|misfit| misfit.place().to_owned())
            .collect();
        assert_eq!(places, ["/0", "/2"]);
        assert!(schema.misfits(&json!(["one"]), 2).is_empty());
    }

    #[test]
    fn a_schema_that_is_none_is_refused_with_the_place() {
        let misfit = Schema::new(&json!({"properties": {"a": {"type": "word"}}})).unwrap_err();
        assert_eq!(misfit.place(), "/properties/a/type");
    }

    #[test]
    fn a_schema_that_names_a_file_or_an_address_is_refused() {
        for address in ["file:///etc/hostname", "http://127.0.0.1:9/schema.json"] {
            assert!(Schema::new(&json!({"$ref": address})).is_err(), "{address}");
            assert!(
                Schema::linear(&json!({"$ref": address}), 1 << 20).is_err(),
                "{address}"
            );
        }
    }

    #[test]
    fn references_in_a_row_overflow_no_stack() {
        let row = |count: usize| {
            let next = |at: usize| json!({"anyOf": [{"$ref": format!("#/$defs/a{at}")}, {"type": "null"}]});
            let mut each: serde_json::Map<_, _> = (1..count)
                .map(|at| (format!("a{at}"), next(at + 1)))
                .collect();
            each.insert(
                format!("a{count}"),
                json!({"items": {"$ref": "#/$defs/a1"}}),
            );
            json!({"$ref": "#/$defs/a1", "$defs": each})
        };
        let schema = Schema::linear(&row(500), 1 << 20).unwrap();
        let deep = |inside: Value| (0..30).fold(inside, |inside, _| json!([inside]));
        assert!(schema.fits(&json!([[1], null])) && schema.fits(&deep(json!(1))));
        assert!(
            schema.check(&deep(json!(1))).is_ok() && schema.misfits(&deep(json!(1)), 9).is_empty()
        );
        for (schema, wanted) in [
            (
                row(2000),
                "the schema has 2001 references, at most 1024 are read",
            ),
            (
                (0..200).fold(json!({}), |inside, _| json!({"items": inside})),
                "nests deeper than 128 levels",
            ),
        ] {
            let misfit = Schema::new(&schema).unwrap_err();
            assert!(misfit.to_string().contains(wanted), "{misfit}");
        }
    }

    #[test]
    fn patterns_of_unknown_origin_are_linear_and_small() {
        let behind = json!({"pattern": "(?<=a)b"});
        assert!(Schema::new(&behind).unwrap().fits(&json!("ab")));
        assert!(Schema::linear(&behind, 1 << 20).is_err());
        let large = json!({"pattern": "(?:\\w{100}){100}"});
        assert!(Schema::linear(&large, 1 << 16).is_err());
    }
}
