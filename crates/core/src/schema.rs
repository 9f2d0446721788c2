//! JSON Schema -> values that fit and, for those that do not, where and why.
//!
//! One door to the crate `jsonschema`, whose code is generic over the kind of value: each crate that calls
//! it compiles it anew, so that ours call this one. Drafts 4 to 2020-12
//! (<https://json-schema.org/specification>). Nothing is fetched: a schema that names a file or an address
//! is refused.

use std::fmt;

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

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
pub struct Schema(Validator);

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
        let options = jsonschema::options().offline();
        options.build(schema).map(Self).map_err(Misfit)
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
        options.build(schema).map(Self).map_err(Misfit)
    }

    /// Whether `value` fits.
    pub fn fits(&self, value: &Value) -> bool {
        self.0.is_valid(value)
    }

    /// Holds `value` against the schema.
    ///
    /// # Errors
    /// The first place at which it does not fit.
    pub fn check<'a>(&self, value: &'a Value) -> Result<(), Misfit<'a>> {
        self.0.validate(value).map_err(Misfit)
    }

    /// The first `most` places at which `value` does not fit.
    pub fn misfits<'a>(&'a self, value: &'a Value, most: usize) -> Vec<Misfit<'a>> {
        self.0.iter_errors(value).take(most).map(Misfit).collect()
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
    fn patterns_of_unknown_origin_are_linear_and_small() {
        let behind = json!({"pattern": "(?<=a)b"});
        assert!(Schema::new(&behind).unwrap().fits(&json!("ab")));
        assert!(Schema::linear(&behind, 1 << 20).is_err());
        let large = json!({"pattern": "(?:\\w{100}){100}"});
        assert!(Schema::linear(&large, 1 << 16).is_err());
    }
}
