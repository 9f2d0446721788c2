//! Archives of runs: any frames give a run that can be read whole, or an error.
//!
//! Covers: crates/eval/src/run
#![no_main]

use std::path::Path;

use botsmith_core::store;
use botsmith_eval::run::Runs;
use libfuzzer_sys::fuzz_target;

const HEADER: &[u8] = b"botsmith-run 1\n";
const END: u8 = 255;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    // The checksum at the end would keep nearly everything else out.
    let body = [HEADER, bytes.strip_prefix(HEADER).unwrap_or(bytes)].concat();
    let hash = blake3::hash(&body);
    read(&[body.as_slice(), &[END, 32, 0, 0, 0], hash.as_bytes()].concat());
});

fn read(mut bytes: &[u8]) {
    let store = store::open("memory:").expect("memory is always there");
    let runs = Runs::new(&*store);
    let Ok(manifest) = runs.import(Path::new("fuzz.run"), &mut bytes) else {
        return;
    };
    let _ = (runs.list(), runs.resolve("latest"));
    let run = runs.open(&manifest.id).map(|run| {
        let _ = run.cases().take_while(Result::is_ok).count();
        let _ = (run.case("a"), run.complete().is_ok());
    });
    let mut again = Vec::new();
    if run.is_ok() && runs.export(&manifest.id, &mut again).is_ok() {
        let other = store::open("memory:").expect("memory is always there");
        let copy = Runs::new(&*other).import(Path::new("copy.run"), &mut again.as_slice());
        assert_eq!(copy.map(|copy| copy.id).ok(), Some(manifest.id));
    }
}
