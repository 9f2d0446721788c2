//! Is there room for a model? Bytes needed and bytes free in, yes or an error with both numbers out.
//!
//! What is free is the least of what the kernel calls available and what the control group (a container's limit)
//! leaves. Where neither can be read, nothing is refused.

use std::path::Path;

use super::error::{EngineError, Result};

/// Bytes that this process may still take, as far as the system says.
pub fn free() -> Option<u64> {
    free_under(Path::new("/"))
}

fn free_under(root: &Path) -> Option<u64> {
    let machine = std::fs::read_to_string(root.join("proc/meminfo"))
        .ok()
        .and_then(|text| available(&text));
    let group = |limit: &str, used: &str| {
        let number = |name: &str| -> Option<u64> {
            std::fs::read_to_string(root.join("sys/fs/cgroup").join(name))
                .ok()?
                .trim()
                .parse()
                .ok()
        };
        Some(number(limit)?.saturating_sub(number(used)?))
    };
    let group = group("memory.max", "memory.current").or_else(|| {
        group(
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
        )
    });
    match (machine, group) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Whether `needed` bytes fit into `free`.
///
/// # Errors
/// [`EngineError::Memory`] with both numbers and what to try.
pub fn check(needed: u64, free: Option<u64>, remedy: &str) -> Result<()> {
    match free {
        Some(free) if needed > free => Err(EngineError::Memory {
            needed,
            free,
            remedy: remedy.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Whether keys and values that are asked for fit into the `free` bytes beside the `weights`. On a CPU their
/// blocks come one by one: a budget beyond the memory would be noticed hours later, by the system.
///
/// # Errors
/// [`EngineError::Memory`] with the numbers.
pub(crate) fn check_kv(kv: Option<u64>, weights: u64, free: Option<u64>) -> Result<()> {
    let Some((kv, free)) = kv.zip(free) else {
        return Ok(());
    };
    let rest = gigabytes(free.saturating_sub(weights));
    let remedy = format!(
        "{} of them are for keys and values: let `kv` be {rest} at most, or take a smaller model",
        gigabytes(kv)
    );
    check(kv.saturating_add(weights), Some(free), &remedy)
}

/// `5.1 GB`; under a gigabyte, `310 MB`.
pub(crate) fn gigabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{bytes} bytes"),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_both_numbers_and_a_way_out() {
        let error = check(
            5_100_000_000,
            Some(3_200_000_000),
            "try Q4_K or --device cpu",
        )
        .expect_err("too large");
        assert_eq!(
            error.to_string(),
            "the model needs 5.1 GB, 3.2 GB free: try Q4_K or --device cpu"
        );
        assert_eq!(error.code(), "BS-ENG-009");
        check(1, None, "").expect("unknown is not refused");
    }

    #[test]
    fn a_container_with_less_than_the_machine_has_counts() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, text).expect("a file");
        };
        assert_eq!(free_under(root.path()), None);
        write(
            "proc/meminfo",
            "MemTotal: 9 kB\nMemAvailable:       4000 kB\n",
        );
        assert_eq!(free_under(root.path()), Some(4_096_000));
        write("sys/fs/cgroup/memory.max", "max\n");
        write("sys/fs/cgroup/memory.current", "1000\n");
        assert_eq!(free_under(root.path()), Some(4_096_000));
        write("sys/fs/cgroup/memory.max", "5000\n");
        assert_eq!(free_under(root.path()), Some(4000));
    }

    #[test]
    fn keys_and_values_that_do_not_fit_beside_the_weights_are_refused_with_the_numbers() {
        let refused = |kv, weights, free| {
            let error = check_kv(Some(kv), weights, Some(free)).expect_err("too much");
            assert_eq!(error.code(), "BS-ENG-009");
            error.to_string()
        };
        assert_eq!(
            refused(64_000_000_000, 1_200_000_000, 3_000_000_000),
            "the model needs 65.2 GB, 3.0 GB free: 64.0 GB of them are for keys and values: \
             let `kv` be 1.8 GB at most, or take a smaller model"
        );
        refused(u64::MAX, 5, 10);
        check_kv(Some(5), 5, Some(10)).expect("it fits");
        check_kv(None, 5, Some(1)).expect("the usual budget follows from what is free");
        check_kv(Some(u64::MAX), 5, None).expect("unknown is not refused");
    }
}
