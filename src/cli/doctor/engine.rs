//! What `botsmith doctor` says of the local engine: where it computes, with which kernels, and the models on this machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use botsmith::core::engine::{Device, Kept, Library, Processor};
use serde_json::json;

use super::{Check, check, probed, there};
use crate::cli::context::Context;

pub(super) fn checks(context: &Context) -> [Check; 3] {
    [device(), kernels(&Processor::here()), models(context)]
}

/// Where local models compute.
fn device() -> Check {
    let (device, why) = Device::best();
    check("device", Ok(format!("{device} ({why})")), "")
}

/// Which instructions the processor has of those that kernels look for, and which kernels that means.
fn kernels(processor: &Processor) -> Check {
    let said = |(name, here): &(&str, bool)| format!("{name} {}", if *here { "yes" } else { "no" });
    let features: Vec<_> = processor.features.iter().map(said).collect();
    let found = format!(
        "{}; quantised matrices: {}; all else: {}",
        features.join(", "),
        processor.quantised,
        processor.dense
    );
    let slow = processor.features.iter().all(|(_, here)| !here);
    let here = processor.features.iter().map(|(name, here)| (*name, *here));
    Check {
        warning: slow,
        remedy: slow.then(|| {
            "local models are slow here: a processor with AVX2 (or an ARM with NEON) is several times as fast".into()
        }),
        details: Some(json!({
            "features": here.collect::<BTreeMap<_, _>>(),
            "quantised": processor.quantised,
            "dense": processor.dense,
        })),
        ..check("kernels", Ok(found), "")
    }
}

/// The models on this machine, and whether more can be fetched.
fn models(context: &Context) -> Check {
    let library = Library::new(&context.environment);
    let (ours, others): (Vec<_>, Vec<_>) = library.list().into_iter().partition(|kept| kept.ours);
    let written = probed(there(&library.folder));
    let folder = library.folder.display();
    let mut found = format!("{folder}: {}", counted(&ours));
    if !others.is_empty() {
        let cache = library.hub_cache.display();
        let _ = write!(found, "; {cache}: {}", counted(&others));
    }
    match &written {
        Ok(()) if library.folder.is_dir() => found.push_str("; can be written to"),
        Ok(()) => found.push_str("; the first `botsmith model pull` makes the folder"),
        Err(error) => {
            let _ = write!(found, "; cannot be written to: {error}");
        }
    }
    Check {
        // What is there can be read all the same.
        warning: written.is_err(),
        remedy: written.is_err().then(|| {
            "mend the folder's permissions, or name another in `BOTSMITH_MODELS`: `botsmith model pull` needs it"
                .into()
        }),
        details: Some(json!({
            "folder": library.folder,
            "models": ours.len(),
            "bytes": bytes(&ours),
            "writable": written.is_ok(),
            "hub_cache": library.hub_cache,
            "hub_models": others.len(),
            "hub_bytes": bytes(&others),
        })),
        ..check("models", Ok(found), "")
    }
}

fn bytes(all: &[Kept]) -> u64 {
    all.iter().map(|kept| kept.bytes).sum()
}

fn counted(all: &[Kept]) -> String {
    match all.len() {
        0 => "no models".to_owned(),
        1 => format!("1 model, {} MB", bytes(all).div_ceil(1_000_000)),
        count => format!("{count} models, {} MB", bytes(all).div_ceil(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_without_any_of_the_instructions_is_warned_of() {
        let mut processor = Processor::here();
        processor.features = vec![("AVX2", false), ("AVX-512", false)];
        let slow = kernels(&processor);
        assert!(slow.ok && slow.warning && slow.remedy.is_some());
        assert!(slow.found.starts_with("AVX2 no, AVX-512 no; quantised"));
        processor.features[0].1 = true;
        let well = kernels(&processor);
        assert!(!well.warning && well.remedy.is_none());
        assert_eq!(
            well.details.expect("details")["features"],
            json!({"AVX2": true, "AVX-512": false})
        );
    }
}
