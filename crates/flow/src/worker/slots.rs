//! Devices and memory of one host: a step that needs one holds a lock on a file while it runs, so that
//! two big models never load at once on one device, whatever processes they are in.
//!
//! The system gives the locks of a process back when it dies. Workers of other users need a folder of
//! their own, and then share no devices.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The slots of this host that a worker may use.
#[derive(Debug)]
pub(super) struct Slots {
    folder: PathBuf,
    devices: BTreeSet<String>,
    memory: u32,
}

/// Slots that are held until this is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    #[allow(dead_code, reason = "kept for their locks")]
    files: Vec<File>,
    /// The devices that are held.
    pub(crate) devices: Vec<String>,
}

/// What a device offers: `cuda:0` is `device:cuda:0` and `device:cuda`.
pub(super) fn names(device: &str) -> BTreeSet<String> {
    let sort = device.split(':').next().unwrap_or(device);
    BTreeSet::from([format!("device:{device}"), format!("device:{sort}")])
}

/// Whether a step that requires this needs a slot.
pub(super) fn is_slot(required: &str) -> bool {
    required.starts_with("device:") || gib(required).is_some()
}

fn gib(required: &str) -> Option<u32> {
    let amount = required.strip_prefix("memory:")?.strip_suffix("GiB")?;
    amount.parse().ok()
}

impl Slots {
    pub(super) fn open(folder: &Path, devices: &BTreeSet<String>, memory: u32) -> Result<Self> {
        let slots = Self {
            folder: folder.to_owned(),
            devices: devices.clone(),
            memory,
        };
        std::fs::create_dir_all(folder)
            .and_then(|()| slots.file("all").map(drop))
            .map_err(|error| Error::Worker {
                reason: format!("the folder of slots `{}`: {error}", folder.display()),
            })?;
        Ok(slots)
    }

    /// What is free now, of that which a worker offers.
    pub(super) fn free(&self, offers: &BTreeSet<String>) -> BTreeSet<String> {
        let free: BTreeSet<_> = self
            .devices
            .iter()
            .filter(|device| matches!(self.lock(device), Ok(Some(_))))
            .flat_map(|device| names(device))
            .collect();
        let memory = (0..self.memory)
            .filter(|unit| matches!(self.lock(&format!("memory-{unit}")), Ok(Some(_))))
            .count() as u32;
        let is_free = |offer: &&String| match gib(offer) {
            Some(gib) => gib <= memory,
            None => !offer.starts_with("device:") || free.contains(*offer),
        };
        offers.iter().filter(is_free).cloned().collect()
    }

    /// Takes all that a step requires, or nothing; `None` while something is held by another.
    pub(super) fn hold(&self, requires: &[String]) -> std::io::Result<Option<Hold>> {
        // One at a time: two that need several slots never wait for each other.
        let all = self.file("all")?;
        all.lock()?;
        let mut hold = Hold {
            files: Vec::new(),
            devices: Vec::new(),
        };
        for required in requires.iter().filter(|one| is_slot(one)) {
            if let Some(gib) = gib(required) {
                let mut units = Vec::new();
                for unit in 0..self.memory {
                    if units.len() < gib as usize {
                        units.extend(self.lock(&format!("memory-{unit}"))?);
                    }
                }
                if units.len() < gib as usize {
                    return Ok(None);
                }
                hold.files.extend(units);
                continue;
            }
            if hold
                .devices
                .iter()
                .any(|held| names(held).contains(required))
            {
                continue;
            }
            let mut taken = None;
            for device in self
                .devices
                .iter()
                .filter(|one| names(one).contains(required))
            {
                if let Some(file) = self.lock(device)? {
                    taken = Some((file, device.clone()));
                    break;
                }
            }
            let Some((file, device)) = taken else {
                return Ok(None);
            };
            hold.files.push(file);
            hold.devices.push(device);
        }
        Ok(Some(hold))
    }

    fn file(&self, name: &str) -> std::io::Result<File> {
        // Names of devices are free text.
        let name: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join(format!("{name}.lock")))
    }

    fn lock(&self, name: &str) -> std::io::Result<Option<File>> {
        let file = self.file(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_held_by_one_at_a_time_and_several_slots_all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let devices = BTreeSet::from(["cuda:0".to_owned(), "cuda:1".to_owned()]);
        let slots = Slots::open(folder.path(), &devices, 4).unwrap();
        let other = Slots::open(folder.path(), &devices, 4).unwrap();
        let want = |texts: &[&str]| {
            texts
                .iter()
                .map(|one| (*one).to_owned())
                .collect::<Vec<_>>()
        };
        let first = slots
            .hold(&want(&["device:cuda", "memory:3GiB"]))
            .unwrap()
            .unwrap();
        assert_eq!(first.devices, ["cuda:0"]);
        assert!(
            other
                .hold(&want(&["device:cuda", "memory:2GiB"]))
                .unwrap()
                .is_none()
        );
        let second = other
            .hold(&want(&["device:cuda", "memory:1GiB"]))
            .unwrap()
            .unwrap();
        assert_eq!(
            second.devices,
            ["cuda:1"],
            "what was taken in vain was given back"
        );
        let offers: BTreeSet<_> = ["kind:bot", "device:cuda", "device:cuda:1", "memory:1GiB"]
            .map(str::to_owned)
            .into();
        assert_eq!(slots.free(&offers), BTreeSet::from(["kind:bot".to_owned()]));
        drop(second);
        assert_eq!(slots.free(&offers), offers);
    }
}
