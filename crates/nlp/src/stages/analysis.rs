//! What a pipeline found: the document, and a layer of each stage beside it.

use std::any::Any;
use std::fmt::Debug;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Doc;

/// What a stage adds beside the document: any type that can be written as JSON.
pub trait Layer: Any + Send + Sync + Debug {
    /// The layer as JSON.
    fn to_json(&self) -> Value;
}

impl<T: Any + Send + Sync + Debug + Serialize> Layer for T {
    fn to_json(&self) -> Value {
        // A type that has no JSON (a map with keys that are no text) is shown as nothing.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Layers by name, in the order of their stages.
///
/// ```
/// let mut layers = botsmith_nlp::stages::Layers::default();
/// layers.put("lines", 3_usize);
/// assert_eq!(layers.get::<usize>("lines"), Some(&3));
/// assert_eq!(layers.get::<String>("lines"), None);
/// assert_eq!(layers.to_json().to_string(), r#"{"lines":3}"#);
/// ```
#[derive(Debug, Default)]
pub struct Layers(Vec<(Box<str>, Box<dyn Layer>)>);

impl Layers {
    /// Adds a layer; one of the same name is replaced.
    pub fn put(&mut self, name: &str, layer: impl Layer) {
        let layer: Box<dyn Layer> = Box::new(layer);
        match self.0.iter_mut().find(|(known, _)| &**known == name) {
            Some(place) => place.1 = layer,
            None => self.0.push((name.into(), layer)),
        }
    }

    /// The layer of this name, if it is there and of this type.
    pub fn get<T: Any>(&self, name: &str) -> Option<&T> {
        let (_, layer) = self.0.iter().find(|(known, _)| &**known == name)?;
        let layer: &dyn Any = &**layer;
        layer.downcast_ref()
    }

    /// The names, in the order of the stages.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// All layers as one object.
    pub fn to_json(&self) -> Value {
        let layer = |(name, layer): &(Box<str>, Box<dyn Layer>)| {
            let json = Layer::to_json(&**layer);
            (String::from(&**name), json)
        };
        Value::Object(self.0.iter().map(layer).collect::<Map<_, _>>())
    }
}

/// A text, annotated and looked at by every stage of a pipeline.
#[derive(Debug)]
#[non_exhaustive]
pub struct Analysis {
    /// The annotated text.
    pub doc: Doc,
    /// What the stages beyond its columns found.
    pub layers: Layers,
}

impl Analysis {
    /// One JSON object: that of [`Doc::to_json`] with one more key, `layers`.
    pub fn to_json(&self) -> String {
        let mut json = self.doc.to_json();
        json.truncate(json.len() - 1);
        json.push_str(",\"layers\":");
        json.push_str(&self.layers.to_json().to_string());
        json.push('}');
        json
    }
}
