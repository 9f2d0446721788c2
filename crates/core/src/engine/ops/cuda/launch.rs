//! Starts the kernels of `kernels.cu`. The only place of the engine's graph that hands out addresses: each function
//! checks the sizes that its kernel counts on.

#![allow(
    unsafe_code,
    reason = "a kernel is started with addresses; nothing else in the crate can check what it does with them"
)]

use candle_core::cuda_backend::cudarc::driver::{
    CudaSlice, DevicePtr, LaunchConfig, PushKernelArg,
};
use candle_core::cuda_backend::{CudaDType, WrapErr};
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, CudaStorage, DType, Device, Storage, Tensor};

use super::{Attention, HeadsOf, Seen};
use crate::engine::decoder::{Activation, LogitAt, Summaries, Summary};
use crate::engine::error::Result;

/// The kernels, as `build.rs` compiled them.
const PTX: &str = include_str!(concat!(env!("OUT_DIR"), "/kernels.ptx"));

/// The name and the kernel of `flash.cu` for heads of this width: the driver compiles no more than what is used.
#[cfg(feature = "flash-attn")]
fn flash(width: usize) -> Option<(&'static str, &'static str)> {
    macro_rules! kernel {
        ($width:literal) => {
            (
                concat!("botsmith_flash_", $width),
                include_str!(concat!(env!("OUT_DIR"), "/flash_", $width, ".ptx")),
            )
        };
    }
    // Numbers are read four at once.
    (width % 4 == 0).then_some(())?;
    Some(match width {
        1..=32 => kernel!("32"),
        33..=64 => kernel!("64"),
        65..=96 => kernel!("96"),
        97..=128 => kernel!("128"),
        129..=256 => kernel!("256"),
        _ => return None,
    })
}

fn device(x: &Tensor) -> Result<CudaDevice> {
    match x.device() {
        Device::Cuda(device) => Ok(device.clone()),
        _ => Err(wrong("a tensor is not on the GPU")),
    }
}

fn wrong(what: &str) -> crate::engine::error::EngineError {
    candle_core::Error::Msg(what.to_owned()).into()
}

/// The address of a tensor's first number. It holds while the tensor does: everything runs in one stream, in which
/// memory is also given back.
fn address<T: CudaDType>(x: &Tensor, device: &CudaDevice) -> Result<u64> {
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cuda(storage) = &*storage else {
        return Err(wrong("a tensor is not on the GPU"));
    };
    let slice: &CudaSlice<T> = storage.as_cuda_slice::<T>()?;
    let stream = device.cuda_stream();
    let (start, _guard) = slice.device_ptr(&stream);
    Ok(start + (layout.start_offset() * size_of::<T>()) as u64)
}

fn optional(x: Option<&Tensor>, device: &CudaDevice) -> Result<u64> {
    x.map_or(Ok(0), |x| address::<f32>(x, device))
}

/// Numbers from one row to the next of `[rows, width]` whose rows are whole.
fn stride(x: &Tensor) -> Result<i64> {
    match x.stride() {
        [rows, 1] => Ok(*rows as i64),
        [_, _] if x.dims() == [1, 1] => Ok(1),
        _ => Err(wrong("rows of a tensor are not whole")),
    }
}

/// Room for `[rows, width]`, and its address.
fn room(rows: usize, width: usize, device: &CudaDevice) -> Result<(CudaSlice<f32>, u64)> {
    // Every kernel writes all of it.
    let room = unsafe { device.alloc::<f32>(rows * width)? };
    let stream = device.cuda_stream();
    let start = {
        let (start, _guard) = room.device_ptr(&stream);
        start
    };
    Ok((room, start))
}

fn tensor(room: CudaSlice<f32>, rows: usize, width: usize, device: &CudaDevice) -> Tensor {
    let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(room, device.clone()));
    Tensor::from_storage(storage, (rows, width), BackpropOp::none(), false)
}

fn grid(x: usize, y: usize, threads: u32, shared: usize) -> LaunchConfig {
    LaunchConfig {
        grid_dim: (x as u32, y as u32, 1),
        block_dim: (threads, 1, 1),
        shared_mem_bytes: shared as u32,
    }
}

macro_rules! start {
    ($device:expr, $name:expr, $grid:expr, $($argument:expr),+ $(,)?) => {
        start!($device, $name of "botsmith", PTX, $grid, $($argument),+)
    };
    ($device:expr, $name:tt of $module:expr, $ptx:expr, $grid:expr, $($argument:expr),+ $(,)?) => {{
        let function = $device.get_or_load_custom_func($name, $module, $ptx)?;
        let mut launch = function.builder();
        $(launch.arg($argument);)+
        // The sizes were checked by the caller; the kernel reads and writes within them.
        unsafe { launch.launch($grid) }.w()?;
    }};
}

pub(super) fn norm(
    x: &Tensor,
    y: Option<&Tensor>,
    gain: &Tensor,
    bias: Option<&Tensor>,
    epsilon: f32,
    centred: bool,
) -> Result<Tensor> {
    let device = device(x)?;
    let width = x.dims().last().copied().unwrap_or(0);
    let rows = x.elem_count() / width.max(1);
    let fits = |other: &Tensor, dims: &[usize]| {
        other.dims() == dims && other.is_contiguous() && other.dtype() == DType::F32
    };
    if !fits(gain, &[width])
        || bias.is_some_and(|bias| !fits(bias, &[width]))
        || y.is_some_and(|y| !fits(y, x.dims()))
        || width > super::WIDEST_ROW
    {
        return Err(wrong(
            "a norm is wanted of tensors that do not fit together",
        ));
    }
    let (room, out) = room(rows, width, &device)?;
    if rows > 0 {
        let from = address::<f32>(x, &device)?;
        let (y, gain, bias) = (
            optional(y, &device)?,
            address::<f32>(gain, &device)?,
            optional(bias, &device)?,
        );
        let (width, centred) = (width as i32, i32::from(centred));
        let grid = grid(rows, 1, 256, width as usize * 4);
        start!(
            device,
            "norm_rows",
            grid,
            &from,
            &y,
            &gain,
            &bias,
            &out,
            &width,
            &epsilon,
            &centred
        );
    }
    Ok(tensor(room, rows, width, &device).reshape(x.dims())?)
}

pub(super) fn heads(
    x: &Tensor,
    how: &HeadsOf<'_>,
    slab: Option<(&Tensor, &Tensor)>,
) -> Result<Tensor> {
    let device = device(x)?;
    let (rows, width) = x.dims2()?;
    let pairs = match how.rope {
        Some((frequencies, _)) => frequencies.dims1()?,
        None => 0,
    };
    let slots = slab.map_or(Ok(rows), |(_, slots)| slots.dims1())?;
    let slab_width = slab.map_or(Ok(width), |(slab, _)| slab.dim(1))?;
    if width != how.count * how.width
        || slab_width != width
        || 2 * pairs > how.width
        || slots != rows
        || how.positions.dims1()? != rows
    {
        return Err(wrong(
            "heads are wanted of tensors that do not fit together",
        ));
    }
    let made = match slab {
        None => Some(room(rows, width, &device)?),
        Some(_) => None,
    };
    let out = match (&made, slab) {
        (Some((_, start)), _) => *start,
        (None, Some((slab, _))) => address::<f32>(slab, &device)?,
        (None, None) => 0,
    };
    let from = address::<f32>(x, &device)?;
    let x_stride = stride(x)?;
    let (head, gain) = (how.width as i32, optional(how.gain, &device)?);
    let frequencies = optional(how.rope.map(|rope| rope.0), &device)?;
    let factor = how.rope.map_or(1.0_f32, |rope| rope.1);
    let (pairs, out_stride) = (pairs as i32, width as i64);
    let positions = address::<u32>(how.positions, &device)?;
    let slots = slab.map_or(Ok(0), |(_, slots)| address::<u32>(slots, &device))?;
    let epsilon = how.epsilon;
    let grid = grid(rows, how.count, 32, how.width * 4);
    start!(
        device,
        "place_heads",
        grid,
        &from,
        &x_stride,
        &head,
        &gain,
        &epsilon,
        &frequencies,
        &pairs,
        &factor,
        &positions,
        &slots,
        &out,
        &out_stride,
    );
    Ok(match (made, slab) {
        (Some((room, _)), _) => tensor(room, rows, width, &device),
        (None, Some((slab, _))) => slab.clone(),
        (None, None) => x.clone(),
    })
}

pub(super) fn gate(gate: &Tensor, up: &Tensor, activation: Activation) -> Result<Tensor> {
    let device = device(gate)?;
    let (rows, width) = gate.dims2()?;
    if up.dims2()? != (rows, width) {
        return Err(wrong("gate and up do not fit together"));
    }
    let (room, out) = room(rows, width, &device)?;
    let (from, gate_stride) = (address::<f32>(gate, &device)?, stride(gate)?);
    let (up, up_stride) = (address::<f32>(up, &device)?, stride(up)?);
    let kind: i32 = match activation {
        Activation::Silu => 0,
        Activation::GeluTanh => 1,
        Activation::Gelu => 2,
    };
    let numbers = width as i32;
    let grid = grid(rows, width.div_ceil(256), 256, 0);
    start!(
        device,
        "gate_rows",
        grid,
        &from,
        &gate_stride,
        &up,
        &up_stride,
        &out,
        &numbers,
        &kind
    );
    Ok(tensor(room, rows, width, &device))
}

pub(super) fn attend(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    seen: &Seen,
    how: Attention,
) -> Result<Tensor> {
    let device = device(queries)?;
    let (rows, width) = queries.dims2()?;
    let strides = (stride(keys)?, stride(values)?);
    if rows != seen.rows
        || width != how.heads * how.width
        || keys.dims() != values.dims()
        || keys.dim(1)? * how.group != width
        || strides.0 != strides.1
        || seen.numbers.elem_count() < 3 * rows
    {
        return Err(wrong(
            "attention is wanted of tensors that do not fit together",
        ));
    }
    let (room, out) = room(rows, width, &device)?;
    let (from, q_stride) = (address::<f32>(queries, &device)?, stride(queries)?);
    let (k, v) = (
        address::<f32>(keys, &device)?,
        address::<f32>(values, &device)?,
    );
    let numbers = address::<u32>(&seen.numbers, &device)?;
    let (count, tables) = (rows as i32, i32::from(seen.blocks));
    let (group, head) = (how.group as i32, how.width as i32);
    let (scale, cap) = (how.scale, how.softcap.unwrap_or(0.0));
    let key_stride = strides.0;
    #[cfg(feature = "flash-attn")]
    if let Some(tiles) = &seen.tiles
        && let Some((module, kernels)) = flash(how.width)
        && key_stride % 4 == 0
        && (k | v) % 16 == 0
    {
        let list = address::<u32>(tiles, &device)?;
        let grid = grid(tiles.dim(0)? / 2, how.heads, 128, 0);
        start!(
            device,
            "attend_tile" of module, kernels,
            grid,
            &from,
            &q_stride,
            &k,
            &v,
            &key_stride,
            &out,
            &numbers,
            &list,
            &count,
            &tables,
            &group,
            &head,
            &scale,
            &cap,
        );
        return Ok(tensor(room, rows, width, &device));
    }
    let name = format!("attend_{}", how.width.div_ceil(32));
    let grid = grid(rows, how.heads, 128, 0);
    start!(
        device,
        &name,
        grid,
        &from,
        &q_stride,
        &k,
        &v,
        &key_stride,
        &out,
        &numbers,
        &count,
        &tables,
        &group,
        &head,
        &scale,
        &cap,
    );
    Ok(tensor(room, rows, width, &device))
}

pub(super) fn free_bytes(device: &CudaDevice) -> Option<u64> {
    let stream = device.cuda_stream();
    stream
        .context()
        .mem_get_info()
        .ok()
        .map(|(free, _)| free as u64)
}

pub(super) fn name(device: &CudaDevice) -> Option<String> {
    device.cuda_stream().context().name().ok()
}

/// Stops recording events of each use of memory.
pub(super) fn one_stream(device: &CudaDevice) {
    // Every tensor of a model is made and used in the one stream of its device, and never on another device.
    unsafe { device.disable_event_tracking() };
}

pub(super) fn summaries(logits: &Tensor, picks: &[LogitAt], cap: Option<f32>) -> Result<Summaries> {
    let device = device(logits)?;
    let (rows, width) = logits.dims2()?;
    let stream = device.cuda_stream();
    // The kernel writes all of them.
    let tokens = unsafe { device.alloc::<u32>(rows)? };
    let highest = unsafe { device.alloc::<f32>(rows)? };
    let wholes = unsafe { device.alloc::<f64>(rows)? };
    let from = address::<f32>(logits, &device)?;
    let (numbers, limit) = (width as i32, cap.unwrap_or(0.0));
    let addresses = (
        tokens.device_ptr(&stream).0,
        highest.device_ptr(&stream).0,
        wholes.device_ptr(&stream).0,
    );
    let grid = grid(rows, 1, 1024, 0);
    start!(
        device,
        "summarise_rows",
        grid,
        &from,
        &numbers,
        &limit,
        &addresses.0,
        &addresses.1,
        &addresses.2,
    );
    let picked = match picks.is_empty() {
        true => Vec::new(),
        false => {
            let places: Vec<i64> = picks
                .iter()
                .map(|(row, token)| i64::from(*row) * width as i64 + i64::from(*token))
                .collect();
            let places = Tensor::new(places.as_slice(), logits.device())?;
            logits
                .flatten_all()?
                .index_select(&places, 0)?
                .to_vec1::<f32>()?
        }
    };
    let capped = |logit: f32| cap.map_or(logit, |cap| cap * (logit / cap).tanh());
    let tokens: Vec<u32> = device.clone_dtoh(&tokens)?;
    let highest: Vec<f32> = device.clone_dtoh(&highest)?;
    let wholes: Vec<f64> = device.clone_dtoh(&wholes)?;
    let rows = tokens.into_iter().zip(highest).zip(wholes);
    Ok(Summaries {
        rows: rows
            .map(|((token, logit), whole)| Summary {
                token,
                logit,
                whole,
            })
            .collect(),
        picked: picked.into_iter().map(capped).collect(),
    })
}
