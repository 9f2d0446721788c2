//! Matrices of a model that vectors are multiplied with: dense or quantised, with or without a bias.
//!
//! `[…, inputs]` in, `[…, outputs]` out. Quantised matrices stay quantised in memory and are multiplied by our kernels where
//! they are tiled, else by Candle's; tables of embeddings give their rows as f32 either way.

use std::sync::Arc;

use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};

use super::error::{EngineError, Result};
use super::tiled::Tiled;

/// A matrix of shape `[outputs, inputs]`, as the files keep it.
#[derive(Clone, Debug)]
pub(crate) enum Matrix {
    Dense(Tensor),
    Quantised(Arc<QTensor>),
    Tiled(Arc<Tiled>),
}

impl Matrix {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Dense(weight) => {
                let (outputs, inputs) = weight.dims2()?;
                let mut shape = x.dims().to_vec();
                if let Some(last) = shape.last_mut() {
                    *last = outputs;
                }
                // One product over all rows: leading dimensions are only a way to count them.
                let rows = x.reshape(((), inputs))?;
                #[cfg(feature = "mkl")]
                if let Some(y) = super::ops::mkl::product(&rows, weight)? {
                    return Ok(y.reshape(shape)?);
                }
                rows.matmul(&weight.t()?)?.reshape(shape)?
            }
            Self::Quantised(weight) => x.contiguous()?.apply_op1_no_bwd(weight.as_ref())?,
            Self::Tiled(weight) => weight.forward(x)?,
        })
    }
}

/// A linear map `x Wᵀ + b`.
///
/// ```
/// use botsmith_core::engine::Linear;
/// use candle_core::{Device, Tensor};
/// let weight = Tensor::new(&[[1_f32, 2.0], [3.0, 4.0], [5.0, 6.0]], &Device::Cpu)?;
/// let linear = Linear::dense(weight, None);
/// let y = linear.forward(&Tensor::new(&[[1_f32, 1.0]], &Device::Cpu)?)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[3.0, 7.0, 11.0]]);
/// # Ok::<(), botsmith_core::engine::EngineError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Linear {
    matrix: Matrix,
    bias: Option<Tensor>,
}

impl Linear {
    /// From a matrix `[outputs, inputs]` and a bias `[outputs]`.
    pub fn dense(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self {
            matrix: Matrix::Dense(weight),
            bias,
        }
    }

    /// From a quantised matrix `[outputs, inputs]` and a bias `[outputs]`.
    pub fn quantised(weight: Arc<QTensor>, bias: Option<Tensor>) -> Self {
        Self {
            matrix: Matrix::Quantised(weight),
            bias,
        }
    }

    pub(crate) fn new(matrix: Matrix, bias: Option<Tensor>) -> Self {
        Self { matrix, bias }
    }

    /// `[…, inputs]` to `[…, outputs]`.
    ///
    /// # Errors
    /// [`EngineError::Compute`] where the last dimension is another.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.matrix.forward(x)?;
        let Some(bias) = &self.bias else {
            return Ok(y);
        };
        match super::ops::activated(&y, Some(bias), |value| value)? {
            Some(y) => Ok(y),
            None => Ok(y.broadcast_add(bias)?),
        }
    }

    /// The product without the bias, for callers that fuse it with what comes next.
    ///
    /// # Errors
    /// As [`Linear::forward`].
    pub fn product(&self, x: &Tensor) -> Result<Tensor> {
        self.matrix.forward(x)
    }

    /// The bias, where there is one.
    pub fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }

    /// The matrix `[outputs, inputs]`, where it is dense.
    pub fn weight(&self) -> Option<&Tensor> {
        match &self.matrix {
            Matrix::Dense(weight) => Some(weight),
            Matrix::Quantised(_) | Matrix::Tiled(_) => None,
        }
    }

    /// The matrix, where it is quantised in Candle's way.
    pub fn quantised_weight(&self) -> Option<&Arc<QTensor>> {
        match &self.matrix {
            Matrix::Quantised(weight) => Some(weight),
            Matrix::Dense(_) | Matrix::Tiled(_) => None,
        }
    }

    /// The matrix, where it is tiled.
    pub(crate) fn tiled_weight(&self) -> Option<&Tiled> {
        match &self.matrix {
            Matrix::Tiled(weight) => Some(weight),
            Matrix::Dense(_) | Matrix::Quantised(_) => None,
        }
    }

    /// Several linear maps of the same input as one, where all are dense or all are tiled: their outputs stand side by
    /// side.
    ///
    /// # Errors
    /// [`EngineError::Compute`] where the inputs of dense ones differ.
    pub fn side_by_side(maps: &[&Self]) -> Result<Option<Self>> {
        let weights: Option<Vec<&Tensor>> = maps.iter().map(|map| map.weight()).collect();
        let tiled: Option<Vec<&Tiled>> = maps.iter().map(|map| map.tiled_weight()).collect();
        let biases: Vec<&Tensor> = maps.iter().filter_map(|map| map.bias()).collect();
        if !biases.is_empty() && biases.len() != maps.len() {
            return Ok(None);
        }
        let matrix = match (weights, tiled) {
            (Some(weights), _) => Matrix::Dense(Tensor::cat(&weights, 0)?),
            (None, Some(tiled)) => match Tiled::together(&tiled) {
                Some(one) => Matrix::Tiled(Arc::new(one)),
                None => return Ok(None),
            },
            (None, None) => return Ok(None),
        };
        let bias = match biases.is_empty() {
            true => None,
            false => Some(Tensor::cat(&biases, 0)?),
        };
        Ok(Some(Self::new(matrix, bias)))
    }
}

/// A table of embeddings `[rows, width]`.
#[derive(Clone, Debug)]
pub struct Embedding {
    matrix: Matrix,
    rows: usize,
    width: usize,
}

impl Embedding {
    pub(crate) fn new(matrix: Matrix, rows: usize, width: usize) -> Self {
        Self {
            matrix,
            rows,
            width,
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How wide a row is.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The rows of `ids` as f32, `[ids, width]`.
    ///
    /// # Errors
    /// [`EngineError::Vocabulary`] for an id beyond the table.
    pub fn forward(&self, ids: &[u32]) -> Result<Tensor> {
        if let Some(&largest) = ids.iter().max().filter(|id| **id as usize >= self.rows) {
            return Err(EngineError::Vocabulary {
                largest,
                rows: self.rows,
            });
        }
        Ok(match &self.matrix {
            Matrix::Dense(table) => {
                let ids = Tensor::new(ids, table.device())?;
                table.index_select(&ids, 0)?
            }
            Matrix::Quantised(table) => table.embedding(&Tensor::new(ids, &table.device())?)?,
            Matrix::Tiled(table) => {
                let rows: Vec<f32> = ids.iter().flat_map(|id| table.row(*id as usize)).collect();
                Tensor::from_vec(rows, (ids.len(), self.width), &Device::Cpu)?
            }
        })
    }

    /// The table as a linear map `[…, width]` to `[…, rows]`: output layers that share it.
    pub fn as_linear(&self) -> Linear {
        Linear::new(self.matrix.clone(), None)
    }
}
