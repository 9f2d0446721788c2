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
}
