//! Feature `mkl`: dense matrices go through the library that `BOTSMITH_MKL` names. The library is looked for once in a
//! process, so each case has a process of its own.
//!
//! The one here is built on the spot with MKL's interface, and counts its calls; `scripts/nightly mkl` takes oneMKL itself.

#![allow(
    clippy::print_stdout,
    reason = "the process that is run by the tests says what it found"
)]

use std::path::Path;
use std::process::{Command, Output};

use botsmith_core::engine::{Device as Place, Linear};
use candle_core::{Device, Tensor};

const LIBRARY: &str = r#"
#include <stdio.h>
void cblas_sgemm(int layout, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                 const float *b, int ldb, float beta, float *c, int ldc) {
    fprintf(stderr, "sgemm %d %d %d %d\n", layout, ta, tb, m);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float sum = 0;
            for (int x = 0; x < k; x++) sum += a[i * lda + x] * b[j * ldb + x];
            c[i * ldc + j] = alpha * sum + (beta == 0 ? 0 : beta * c[i * ldc + j]);
        }
}
int MKL_Set_Threading_Layer(int layer) { fprintf(stderr, "layer %d\n", layer); return 0; }
"#;

/// What a process that is run for it alone does: products of several sizes, held against sums.
#[test]
#[ignore = "the other tests run it in a process of its own"]
fn products() {
    for (rows, inputs, outputs) in [(1, 3, 5), (4, 64, 7), (37, 128, 96), (300, 33, 1)] {
        let of = |rows: usize, seed: usize| -> Vec<f32> {
            (0..rows * inputs)
                .map(|at| ((at * 7 + seed) % 13) as f32 / 13.0 - 0.4)
                .collect()
        };
        let (x, w) = (of(rows, 1), of(outputs, 5));
        let weight =
            Tensor::from_vec(w.clone(), (outputs, inputs), &Device::Cpu).expect("a tensor");
        let tensor = Tensor::from_vec(x.clone(), (rows, inputs), &Device::Cpu).expect("a tensor");
        let found = Linear::dense(weight, None)
            .forward(&tensor)
            .expect("a product");
        let found = found.to_vec2::<f32>().expect("rows");
        for (x, found) in x.chunks(inputs).zip(&found) {
            for (w, found) in w.chunks(inputs).zip(found) {
                let wanted: f32 = x.iter().zip(w).map(|(a, b)| a * b).sum();
                assert!((wanted - found).abs() < 1e-4, "{wanted} {found}");
            }
        }
    }
    println!("{}", Place::best().1);
}

fn run(library: &Path) -> Output {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "products", "--ignored", "--nocapture"])
        .env("BOTSMITH_MKL", library)
        .output()
        .expect("it starts")
}

#[cfg(target_os = "linux")]
#[test]
fn products_go_through_the_library_that_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, library) = (
        folder.path().join("mkl.c"),
        folder.path().join("libmkl_rt.so"),
    );
    std::fs::write(&source, LIBRARY).expect("written");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(built.expect("a C compiler").success());
    let done = run(&library);
    let (out, calls) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert!(done.status.success(), "{out}\n{calls}");
    assert!(calls.contains("layer 1\n"), "{calls}");
    // Rows of all pieces: 4, 37 and 300, and the single one is not for it.
    let rows = calls
        .lines()
        .filter_map(|line| line.strip_prefix("sgemm 101 111 112 "));
    let rows: usize = rows.map(|rows| rows.parse::<usize>().expect("rows")).sum();
    assert_eq!(rows, 341, "{calls}");
    let said = format!("multiplied by oneMKL, {}", library.display());
    assert!(out.contains(&said), "{out}");
}

#[test]
fn a_library_that_is_named_and_is_none_is_an_error() {
    let done = run(Path::new("/nowhere/libmkl_rt.so"));
    let said = String::from_utf8_lossy(&done.stderr) + String::from_utf8_lossy(&done.stdout);
    assert!(!done.status.success(), "{said}");
    assert!(
        said.contains("BOTSMITH_MKL names no oneMKL: /nowhere/libmkl_rt.so"),
        "{said}"
    );
}
