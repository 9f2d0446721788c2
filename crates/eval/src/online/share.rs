//! Which sessions get the new version: a salt and a session's id in, an arm out, the same at every
//! call, in every process.
//!
//! The place of a session is the blake3 hash of salt and id; no state is kept for it. With another
//! salt other sessions are chosen, so that nobody is always the one on whom things are tried. Ids
//! go into a store only as such hashes: an id may say who somebody is.

use botsmith_core::digest::Digest;
use serde::{Deserialize, Serialize};

use super::bets::Arm;
use crate::{Error, Result};

/// The share of the sessions that get the new version, above 0 and below 1.
///
/// ```
/// use botsmith_eval::online::{Arm, Share};
///
/// let share = Share::new(0.25)?;
/// let arm = share.arm("salt", "session-17");
/// assert_eq!(arm, share.arm("salt", "session-17"));
/// let new = (0..1000).filter(|n| share.arm("salt", &n.to_string()) == Arm::New);
/// assert!((200..300).contains(&new.count()));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

impl Share {
    /// A share above 0 and below 1.
    ///
    /// # Errors
    /// [`Error::Invalid`] for any other number.
    pub fn new(share: f64) -> Result<Self> {
        if share > 0.0 && share < 1.0 {
            Ok(Self(share))
        } else {
            Err(Error::Invalid(format!(
                "a share of {share}: a number above 0 and below 1 is wanted, such as 0.1 for a tenth of the sessions"
            )))
        }
    }

    /// As a number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The arm of a session. A session of a share is in every larger one too.
    pub fn arm(self, salt: &str, session: &str) -> Arm {
        if place(&digest(salt, session)) < self.0 {
            Arm::New
        } else {
            Arm::Old
        }
    }
}

impl TryFrom<f64> for Share {
    type Error = Error;

    fn try_from(share: f64) -> Result<Self> {
        Self::new(share)
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// What stands for a session: salt and id, the salt's length first so that no two pairs are one.
pub(super) fn digest(salt: &str, session: &str) -> Digest {
    Digest::of(format!("{}:{salt}{session}", salt.len()).as_bytes())
}

/// The first 53 bits of a digest as a number in `[0, 1)`.
fn place(digest: &Digest) -> f64 {
    (seed(digest) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The first 64 bits of a digest.
pub(super) fn seed(digest: &Digest) -> u64 {
    let (first, _) = digest
        .as_bytes()
        .split_first_chunk::<8>()
        .expect("a digest has 32 bytes");
    u64::from_be_bytes(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_between_none_and_all() {
        for wrong in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            assert!(Share::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_session_keeps_the_new_version_when_the_share_grows_and_salts_choose_anew() {
        let (small, large) = (Share::new(0.1).unwrap(), Share::new(0.4).unwrap());
        let (mut in_both, mut other) = (0, 0);
        for n in 0..2000 {
            let session = format!("s{n}");
            if small.arm("a", &session) == Arm::New {
                assert_eq!(large.arm("a", &session), Arm::New);
                in_both += 1;
                other += u32::from(small.arm("b", &session) == Arm::New);
            }
        }
        assert!((140..260).contains(&in_both), "{in_both}");
        assert!(other < 50, "{other}");
    }

    #[test]
    fn salt_and_session_are_not_mixed_up() {
        assert_ne!(digest("ab", "c"), digest("a", "bc"));
    }
}
