//! Compiles the engine's kernels where the feature `cuda` is on, and those for tensor cores where `flash-attn` is: by
//! `nvcc` of `$NVCC`, `$CUDA_HOME/bin` or the PATH.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Widths of heads, in numbers, that `flash.cu` is compiled for.
const FLASH_WIDTHS: [usize; 5] = [32, 64, 96, 128, 256];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    for name in ["NVCC", "CUDA_HOME", "CUDA_COMPUTE_CAP"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let home = env::var_os("CUDA_HOME").map(|home| PathBuf::from(home).join("bin/nvcc"));
    let nvcc = env::var_os("NVCC").map(PathBuf::from).or(home);
    let nvcc = nvcc.unwrap_or_else(|| "nvcc".into());
    // The driver compiles it for the GPU that is there; the number is the oldest that it runs on.
    let kind = env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| "80".into());
    compile(&nvcc, &kind, "kernels", None);
    if env::var_os("CARGO_FEATURE_FLASH_ATTN").is_some() {
        assert!(
            kind.parse::<u32>().is_ok_and(|kind| kind >= 80),
            "feature `flash-attn` is for GPUs of compute capability 8.0 or newer (CUDA_COMPUTE_CAP=80), and \
             CUDA_COMPUTE_CAP is {kind}: build with `cuda` alone for it"
        );
        for width in FLASH_WIDTHS {
            compile(&nvcc, &kind, "flash", Some(width));
        }
    }
}

/// One file of kernels to `$OUT_DIR/NAME.ptx`, or `NAME_WIDTH.ptx`.
fn compile(nvcc: &Path, kind: &str, name: &str, width: Option<usize>) {
    let kernels = format!("src/engine/ops/cuda/{name}.cu");
    println!("cargo::rerun-if-changed={kernels}");
    let file = width.map_or_else(|| format!("{name}.ptx"), |n| format!("{name}_{n}.ptx"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join(file);
    let mut command = Command::new(nvcc);
    command.args(["-ptx", "-O3", "-std=c++17"]);
    command.arg(format!("-arch=compute_{kind}"));
    command.args(width.map(|n| format!("-DWIDTH={n}")));
    command.arg(&kernels).arg("-o").arg(&out);
    let done = command
        .status()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", nvcc.display()));
    assert!(
        done.success(),
        "{} could not compile {kernels}",
        nvcc.display()
    );
}
