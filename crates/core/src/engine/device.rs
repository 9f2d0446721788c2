//! Where a model computes: `auto`, `cpu`, `cuda:N` or `metal`.
//!
//! `auto` takes the first of CUDA, Metal and CPU that is there and can be started: CUDA in this build, or in the engine
//! library that is installed beside it (`plugin.rs`). The choice is a plain value; [`Device::start`] is what touches
//! the hardware and gives a [`Place`].

use std::fmt;
use std::str::FromStr;

use super::error::{EngineError, Result};
use super::ops::cuda;
use super::plugin::{Accelerator, PlaceThere};

/// Where a model computes, started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Place {
    /// In this program.
    Here(candle_core::Device),
    /// In an engine library.
    There(PlaceThere),
}

impl From<&candle_core::Device> for Place {
    fn from(device: &candle_core::Device) -> Self {
        Self::Here(device.clone())
    }
}

impl From<&Self> for Place {
    fn from(place: &Self) -> Self {
        place.clone()
    }
}

impl fmt::Display for Place {
    /// The device's word, and what its maker calls it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, name) = match self {
            Self::Here(candle_core::Device::Cpu) => ("cpu".to_owned(), None),
            Self::Here(device) if device.is_metal() => ("metal".to_owned(), None),
            Self::Here(device) => ("cuda".to_owned(), cuda::name(device)),
            Self::There(there) => (there.word.clone(), there.name.clone()),
        };
        match name {
            Some(name) => write!(f, "{word}, {name}"),
            None => f.write_str(&word),
        }
    }
}

/// Bytes that are free where `device` keeps its numbers.
pub(crate) fn device_memory(device: &candle_core::Device) -> Option<u64> {
    cuda::free_bytes(device).or_else(super::memory::free)
}

/// The device that is asked for.
///
/// ```
/// use botsmith_core::engine::Device;
/// assert_eq!("cuda:1".parse::<Device>()?, Device::Cuda(1));
/// assert_eq!("cpu".parse::<Device>()?.to_string(), "cpu");
/// assert!("gpu".parse::<Device>().is_err());
/// # Ok::<(), botsmith_core::engine::EngineError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The best that is there.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU, by its number.
    Cuda(usize),
    /// An Apple GPU.
    Metal,
}

impl Device {
    /// The words that [`Device::from_str`] takes.
    pub const WORDS: &'static [&'static str] = &["auto", "cpu", "cuda:0", "metal"];

    /// Starts the device, in this program or in the engine library that is installed with it.
    ///
    /// # Errors
    /// [`EngineError::Device`] where there is none, with the reason.
    pub fn start(self) -> Result<Place> {
        match self {
            Self::Auto => Ok(Self::Cuda(0)
                .start()
                .or_else(|_| Self::Metal.start())
                .unwrap_or(Place::Here(candle_core::Device::Cpu))),
            Self::Cuda(_) if !cfg!(feature = "cuda") => {
                let library = Accelerator::find().map_err(|error| EngineError::Device {
                    wanted: self.to_string(),
                    reason: format!("{error}; try `cpu`"),
                })?;
                library.device(&self.to_string())
            }
            _ => self.open().map(Place::Here),
        }
    }

    /// Starts a device of this build.
    ///
    /// # Errors
    /// [`EngineError::Device`] where this build or this machine has none.
    pub fn open(self) -> Result<candle_core::Device> {
        match self {
            Self::Cpu => Ok(candle_core::Device::Cpu),
            Self::Auto => Ok(Self::Cuda(0)
                .open()
                .or_else(|_| Self::Metal.open())
                .unwrap_or(candle_core::Device::Cpu)),
            Self::Cuda(number) => self.started(cfg!(feature = "cuda"), "cuda", || {
                candle_core::Device::new_cuda(number).map(cuda::started)
            }),
            Self::Metal => self.started(cfg!(feature = "metal"), "metal", || {
                candle_core::Device::new_metal(0)
            }),
        }
    }

    /// What `auto` takes on this machine, and why.
    pub fn best() -> (Self, String) {
        let mut reasons = Vec::new();
        for device in [Self::Cuda(0), Self::Metal] {
            match device.start() {
                Ok(Place::There(there)) => {
                    let name = there.name.unwrap_or_default();
                    return (device, format!("{name}, by the engine library"));
                }
                Ok(place) => return (device, format!("{place}: it is there and starts")),
                Err(EngineError::Device { wanted, reason }) => {
                    let reason = reason.trim_end_matches("; try `cpu`");
                    reasons.push(format!("{wanted}: {reason}"));
                }
                Err(error) => reasons.push(error.to_string()),
            }
        }
        #[cfg(feature = "mkl")]
        reasons.push(super::ops::mkl::about());
        (Self::Cpu, reasons.join("; "))
    }

    fn started(
        self,
        built: bool,
        feature: &str,
        start: impl FnOnce() -> candle_core::Result<candle_core::Device>,
    ) -> Result<candle_core::Device> {
        let reason = if built {
            match start() {
                Ok(device) => return Ok(device),
                Err(error) => format!("{error}; try `cpu`"),
            }
        } else {
            format!("this build lacks the feature `{feature}`; try `cpu`")
        };
        Err(EngineError::Device {
            wanted: self.to_string(),
            reason,
        })
    }
}

impl FromStr for Device {
    type Err = EngineError;

    fn from_str(word: &str) -> Result<Self> {
        match word {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            "cuda" => return Ok(Self::Cuda(0)),
            "metal" => return Ok(Self::Metal),
            _ => {}
        }
        if let Some(number) = word.strip_prefix("cuda:").and_then(|n| n.parse().ok()) {
            return Ok(Self::Cuda(number));
        }
        let near = crate::hint::nearest(word, Self::WORDS.iter().copied());
        Err(EngineError::Device {
            wanted: crate::hint::shown(word),
            reason: near.map_or_else(
                || {
                    format!(
                        "devices are {}",
                        crate::hint::list(Self::WORDS.iter().copied())
                    )
                },
                |near| format!("did you mean `{near}`?"),
            ),
        })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_built_in_says_what_would_work() {
        if cfg!(feature = "metal") {
            return;
        }
        let error = Device::Metal.open().expect_err("no metal in this build");
        assert_eq!(error.code(), "BS-ENG-010");
        assert!(error.to_string().contains("`metal`"), "{error}");
        assert!(error.to_string().contains("try `cpu`"), "{error}");
    }

    #[test]
    fn auto_always_finds_a_device() {
        Device::Auto.open().expect("at least the processor");
        let (device, why) = Device::best();
        assert!(device != Device::Auto && !why.is_empty());
        if !cfg!(any(feature = "cuda", feature = "metal")) {
            assert_eq!(device, Device::Cpu);
            // A library that was built without CUDA may lie beside the test.
            assert!(why.contains("cuda:0") && why.contains("metal"), "{why}");
        }
    }
}
