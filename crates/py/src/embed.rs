//! Vectors of texts by the table of English token vectors inside, as the bytes of a NumPy array.

use botsmith::core::static_embeddings::StaticEmbeddings;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyBytes;
use rayon::prelude::*;

use crate::doorway;
use crate::fault::Fault;

/// How wide the vectors are.
#[pyfunction]
pub(crate) fn embed_width() -> usize {
    StaticEmbeddings::english().width()
}

/// The vectors of texts, one after another, as little-endian f32.
#[pyfunction]
pub(crate) fn embed<'py>(
    py: Python<'py>,
    texts: Vec<PyBackedStr>,
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = doorway::quick(py, || {
        let table = StaticEmbeddings::english();
        let width = table.width();
        let mut bytes = vec![0; 4 * width * texts.len()];
        bytes
            .par_chunks_exact_mut(4 * width)
            .zip(&texts)
            .for_each_init(
                || vec![0.0; width],
                |row, (to, text)| {
                    table.embed_into(text, row);
                    for (to, value) in to.chunks_exact_mut(4).zip(row.iter()) {
                        to.copy_from_slice(&value.to_le_bytes());
                    }
                },
            );
        Ok::<_, Fault>(bytes)
    })?;
    Ok(PyBytes::new(py, &bytes))
}
