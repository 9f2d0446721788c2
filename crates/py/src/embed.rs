//! Vectors of texts by the table of English token vectors inside, as the bytes of a NumPy array.

use botsmith::core::static_embeddings::StaticEmbeddings;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyByteArray;
use rayon::prelude::*;

use crate::doorway::{self, Stop};
use crate::fault::Fault;

/// Bytes of text that are embedded within some milliseconds.
const QUICK: usize = 1 << 16;

/// How wide the vectors are.
#[pyfunction]
pub(crate) fn embed_width() -> usize {
    StaticEmbeddings::english().width()
}

/// The vectors of texts, one after another, as little-endian f32.
#[pyfunction]
pub(crate) fn embed(py: Python<'_>, texts: Vec<PyBackedStr>) -> PyResult<Bound<'_, PyByteArray>> {
    let stop = Stop::new();
    let size: usize = texts.iter().map(|text| text.len()).sum();
    let bytes = if size < QUICK {
        doorway::quick(py, || Ok::<_, Fault>(vectors(&texts, &stop)))?
    } else {
        let watched = stop.clone();
        // Texts go back to the caller's thread, which has the interpreter that they are of.
        let (bytes, texts) = doorway::long(
            py,
            &stop,
            |_| Ok(()),
            move || Ok::<_, Fault>((vectors(&texts, &watched), texts)),
        )?;
        drop(texts);
        bytes
    };
    Ok(PyByteArray::new(py, &bytes))
}

fn vectors(texts: &[PyBackedStr], stop: &Stop) -> Vec<u8> {
    let table = StaticEmbeddings::english();
    let width = table.width();
    let mut bytes = vec![0; 4 * width * texts.len()];
    bytes
        .par_chunks_exact_mut(4 * width)
        .zip(texts)
        .for_each_init(
            || vec![0.0; width],
            |row, (to, text)| {
                // What is left undone is thrown away with the rest.
                if stop.is_stopped() {
                    return;
                }
                table.embed_into(text, row);
                for (to, value) in to.chunks_exact_mut(4).zip(row.iter()) {
                    to.copy_from_slice(&value.to_le_bytes());
                }
            },
        );
    bytes
}
