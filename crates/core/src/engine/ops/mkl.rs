//! Products of dense f32 matrices by Intel's oneMKL, where that is installed (feature `mkl`).
//!
//! Its one library, `mkl_rt`, is opened when the first product is wanted: nothing of Intel's is built in. It is named by
//! `BOTSMITH_MKL`, else found where the system looks for libraries. Without it, and for few rows, products are Candle's.
//! MKL works on one thread at a time; rows are spread over ours. How a row's sums are ordered is up to MKL, and may depend
//! on how many rows there are: a score alone and in a batch is the same to 1e-5 here, not to the last bit.

#![allow(
    unsafe_code,
    reason = "a function of a C library is called; nothing else can check what it does with its arguments"
)]

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Shape, Tensor};

use super::{slice, spread};
use crate::engine::error::{EngineError, Result};

/// The variable that names the library's file.
const VARIABLE: &str = "BOTSMITH_MKL";

/// Names of the library, newest first.
const NAMES: &[&str] = if cfg!(windows) {
    &["mkl_rt.3.dll", "mkl_rt.2.dll", "mkl_rt.dll"]
} else {
    &["libmkl_rt.so.3", "libmkl_rt.so.2", "libmkl_rt.so"]
};

/// Rows that are worth a call.
const ROWS: usize = 4;

/// `c = alpha a b + beta c`, <https://www.intel.com/content/www/us/en/docs/onemkl/developer-reference-c/current/cblas-gemm.html>,
/// with 32-bit sizes.
type Sgemm = unsafe extern "C" fn(
    layout: c_int,
    transpose_a: c_int,
    transpose_b: c_int,
    m: c_int,
    n: c_int,
    k: c_int,
    alpha: f32,
    a: *const f32,
    a_stride: c_int,
    b: *const f32,
    b_stride: c_int,
    beta: f32,
    c: *mut f32,
    c_stride: c_int,
);
type SetLayer = unsafe extern "C" fn(layer: c_int) -> c_int;

const ROW_MAJOR: c_int = 101;
const AS_IT_IS: c_int = 111;
const TRANSPOSED: c_int = 112;
/// `MKL_THREADING_SEQUENTIAL`.
const ONE_THREAD: c_int = 1;

/// The library, opened. It stays open until the process ends.
struct Mkl {
    sgemm: Sgemm,
    path: PathBuf,
}

impl Mkl {
    fn open(path: &Path) -> std::result::Result<Self, String> {
        let wrong = |error: libloading::Error| format!("{}: {error}", path.display());
        // Loading runs the library's own code: it is one that the user has installed or named.
        let library = unsafe { libloading::Library::new(path) }.map_err(wrong)?;
        let sgemm: Sgemm = *unsafe { library.get::<Sgemm>(b"cblas_sgemm\0") }.map_err(wrong)?;
        // Other libraries with this interface have no layers, and what they do with threads is theirs.
        if let Ok(layer) = unsafe { library.get::<SetLayer>(b"MKL_Set_Threading_Layer\0") } {
            unsafe { layer(ONE_THREAD) };
        }
        std::mem::forget(library);
        Ok(Self {
            sgemm,
            path: path.to_owned(),
        })
    }
}

/// The library: none where none is installed, an error where the one that was named cannot be used.
fn library() -> std::result::Result<Option<&'static Mkl>, &'static str> {
    static FOUND: OnceLock<std::result::Result<Option<Mkl>, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| match std::env::var_os(VARIABLE) {
        Some(path) if !path.is_empty() => Mkl::open(Path::new(&path))
            .map(Some)
            .map_err(|reason| format!("{VARIABLE} names no oneMKL: {reason}")),
        _ => Ok(NAMES
            .iter()
            .find_map(|name| Mkl::open(Path::new(name)).ok())),
    });
    found.as_ref().map(Option::as_ref).map_err(String::as_str)
}

/// What multiplies dense matrices, in words.
pub(crate) fn about() -> String {
    match library() {
        Ok(Some(mkl)) => format!("matrices are multiplied by oneMKL, {}", mkl.path.display()),
        Ok(None) => format!(
            "oneMKL: {} is not found, and {VARIABLE} names none",
            NAMES[0]
        ),
        Err(reason) => reason.to_owned(),
    }
}

/// `x Wᵀ` of `x` `[rows, inputs]` and `W` `[outputs, inputs]`; none where it is not for MKL.
///
/// # Errors
/// [`EngineError::Device`] where the library that was named cannot be used.
pub(crate) fn product(x: &Tensor, weight: &Tensor) -> Result<Option<Tensor>> {
    let fits = |x: &Tensor| x.device().is_cpu() && x.dtype() == DType::F32 && x.is_contiguous();
    let (rows, inputs) = x.dims2()?;
    let (outputs, columns) = weight.dims2()?;
    let small = [rows, inputs, outputs]
        .iter()
        .all(|&n| (1..=c_int::MAX as usize).contains(&n));
    if rows < ROWS || inputs != columns || !small || !fits(x) || !fits(weight) {
        return Ok(None);
    }
    let found = library().map_err(|reason| EngineError::Device {
        wanted: "cpu".into(),
        reason: reason.to_owned(),
    })?;
    let Some(mkl) = found else { return Ok(None) };
    Ok(Some(x.apply_op2_no_bwd(weight, &Product(mkl))?))
}

struct Product(&'static Mkl);

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "mkl-product"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (x, weight) = (slice(x, x_layout)?, slice(weight, weight_layout)?);
        let (rows, inputs) = x_layout.shape().dims2()?;
        let (outputs, columns) = weight_layout.shape().dims2()?;
        // What MKL reads and writes is inside these, whatever the caller has checked.
        assert!(inputs == columns && inputs > 0 && outputs > 0);
        assert!(x.len() == rows * inputs && weight.len() == outputs * inputs);
        let size = |n| c_int::try_from(n).map_err(candle_core::Error::wrap);
        let (n, k, _) = (size(outputs)?, size(inputs)?, size(rows)?);
        let mut out = vec![0_f32; rows * outputs];
        let piece = rows.div_ceil(spread::threads()).max(ROWS);
        let tasks: Vec<_> = x
            .chunks(piece * inputs)
            .zip(out.chunks_mut(piece * outputs))
            .collect();
        spread::spread(tasks, |(x, out)| {
            let m = c_int::try_from(x.len() / inputs).expect("no more than all rows");
            // Sizes were held against the three slices above, and fit 32 bits.
            unsafe {
                (self.0.sgemm)(
                    ROW_MAJOR,
                    AS_IT_IS,
                    TRANSPOSED,
                    m,
                    n,
                    k,
                    1.0,
                    x.as_ptr(),
                    k,
                    weight.as_ptr(),
                    k,
                    0.0,
                    out.as_mut_ptr(),
                    n,
                );
            }
        });
        Ok((CpuStorage::F32(out), (rows, outputs).into()))
    }
}
