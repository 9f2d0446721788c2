//! Compiles the engine's kernels where the feature `cuda` is on: `nvcc` of `$NVCC`, `$CUDA_HOME/bin` or the PATH.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    let kernels = "src/engine/ops/cuda/kernels.cu";
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed={kernels}");
    for name in ["NVCC", "CUDA_HOME", "CUDA_COMPUTE_CAP"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let home = env::var_os("CUDA_HOME").map(|home| PathBuf::from(home).join("bin/nvcc"));
    let nvcc = env::var_os("NVCC").map(PathBuf::from).or(home);
    let nvcc = nvcc.unwrap_or_else(|| "nvcc".into());
    // The driver compiles it for the GPU that is there; the number is the oldest that it runs on.
    let kind = env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| "80".into());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("kernels.ptx");
    let mut command = Command::new(&nvcc);
    command.args(["-ptx", "-O3", "-std=c++17"]);
    command.arg(format!("-arch=compute_{kind}"));
    command.arg(kernels).arg("-o").arg(&out);
    let done = command
        .status()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", nvcc.display()));
    assert!(
        done.success(),
        "{} could not compile {kernels}",
        nvcc.display()
    );
}
