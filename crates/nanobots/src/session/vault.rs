//! Sessions that only their password opens.
//!
//! Argon2id (RFC 9106) makes a key of the password and of a salt that each store makes for itself.
//! Contents are sealed with XChaCha20-Poly1305 under that key, each with a nonce of its own and bound to
//! the place where it stands, so that events cannot be swapped or moved. Names of users and keys become
//! keyed blake3 hashes. The envelope says its version: `BSV1`, 24 bytes of nonce, the sealed bytes.
//!
//! A store has one password. What is not hidden: that there are sessions, of which cartridge, how many
//! events each has, how long those are, and when they came.

use std::fmt;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use botsmith_core::SecretString;
use botsmith_core::store::{Outcome, StateStore, Transaction};
use chacha20poly1305::aead::rand_core::RngCore;
use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

const ENVELOPE: &[u8; 4] = b"BSV1";
const NONCE: usize = 24;
const PARTITION: &str = "vault";
const RECORD: &str = "lock";
const PROOF: &[u8] = b"botsmith";

/// What making the key costs: memory in KiB, passes over it, lanes. The default is the second choice of
/// RFC 9106 for machines with little memory, by OWASP's numbers: 19 MiB, 2 passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kdf {
    /// Memory, in KiB; 8 to 1 048 576.
    pub memory: u32,
    /// Passes; 1 to 64.
    pub passes: u32,
    /// Lanes; 1 to 16.
    pub lanes: u32,
}

impl Default for Kdf {
    fn default() -> Self {
        Self {
            memory: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

impl Kdf {
    /// A key derivation of this cost.
    pub fn new(memory: u32, passes: u32, lanes: u32) -> Self {
        Self {
            memory,
            passes,
            lanes,
        }
    }

    fn key(self, password: &SecretString, salt: &[u8]) -> Result<[u8; 32]> {
        let fits = (8..=1 << 20).contains(&self.memory)
            && (1..=64).contains(&self.passes)
            && (1..=16).contains(&self.lanes);
        let params = Params::new(self.memory, self.passes, self.lanes, Some(32));
        let mut key = [0; 32];
        let made = match (fits, params) {
            (true, Ok(params)) => Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(password.expose().as_bytes(), salt, &mut key)
                .is_ok(),
            _ => false,
        };
        match made {
            true => Ok(key),
            false => Err(state(format!(
                "a key cannot be made with {} KiB of memory, {} passes and {} lanes",
                self.memory, self.passes, self.lanes
            ))),
        }
    }
}

fn state(reason: impl Into<String>) -> Error {
    Error::State {
        session: PARTITION.into(),
        reason: reason.into(),
    }
}

/// How a store is locked: everything but the password.
#[derive(Serialize, Deserialize)]
struct Lock {
    version: u32,
    kdf: Kdf,
    salt: String,
    proof: String,
}

/// Seals sessions of one store. Cheap to clone; holds keys, never shows them.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    cipher: XChaCha20Poly1305,
    names: [u8; 32],
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// The vault of a store. The first password given is the store's; `kdf` counts for that first time
    /// and is remembered. Takes as long as the key derivation does: open it once and clone it.
    ///
    /// ```
    /// use botsmith_core::{SecretString, store};
    /// use botsmith_nanobots::session::{Kdf, Vault};
    /// let store = store::open("memory:")?;
    /// let cheap = Kdf::new(64, 1, 1);
    /// Vault::open(&*store, &SecretString::new("open sesame"), cheap)?;
    /// assert!(Vault::open(&*store, &SecretString::new("open rye"), cheap).is_err());
    /// # Ok::<(), botsmith_nanobots::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::State`] when the store has another password; what the store itself says.
    pub fn open(store: &dyn StateStore, password: &SecretString, kdf: Kdf) -> Result<Self> {
        loop {
            if let Some(record) = store.get(PARTITION, RECORD)? {
                return Self::unlock(&record.value, password);
            }
            let mut salt = [0; 16];
            OsRng.fill_bytes(&mut salt);
            let vault = Self::from_key(kdf.key(password, &salt)?);
            let lock = Lock {
                version: 1,
                kdf,
                salt: STANDARD.encode(salt),
                proof: STANDARD.encode(vault.seal(RECORD, PROOF)),
            };
            let lock = serde_json::to_vec(&lock).expect("numbers and text are JSON");
            let transaction = Transaction::new().absent(RECORD).put(RECORD, lock);
            match store.transact(PARTITION, transaction)? {
                Outcome::Committed(_) => return Ok(vault),
                // Another process was first: its lock counts.
                Outcome::Conflict(_) => {}
            }
        }
    }

    fn unlock(record: &[u8], password: &SecretString) -> Result<Self> {
        let lock: Lock = serde_json::from_slice(record)
            .map_err(|error| state(format!("its lock cannot be read: {error}")))?;
        if lock.version != 1 {
            return Err(state(format!(
                "its lock has version {}, this build knows version 1: use a newer botsmith",
                lock.version
            )));
        }
        let bytes = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|_| state("its lock is damaged"))
        };
        let vault = Self::from_key(lock.kdf.key(password, &bytes(&lock.salt)?)?);
        match vault.unseal(RECORD, &bytes(&lock.proof)?) {
            Ok(_) => Ok(vault),
            Err(_) => Err(state(
                "the password is not the one that this store's sessions are sealed with",
            )),
        }
    }

    pub(super) fn from_key(key: [u8; 32]) -> Self {
        let derive = |purpose| blake3::derive_key(purpose, &key);
        Self(Arc::new(Keys {
            cipher: XChaCha20Poly1305::new(Key::from_slice(&derive(
                "botsmith 2026 session contents",
            ))),
            names: derive("botsmith 2026 session names"),
        }))
    }

    /// What stands for a name.
    pub(super) fn name(&self, name: &str) -> String {
        blake3::keyed_hash(&self.0.names, name.as_bytes())
            .to_hex()
            .to_string()
    }

    /// `content` sealed, to be opened at `place` only.
    pub(super) fn seal(&self, place: &str, content: &[u8]) -> Vec<u8> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload {
            msg: content,
            aad: place.as_bytes(),
        };
        let sealed = self
            .0
            .cipher
            .encrypt(&nonce, payload)
            .expect("an event is far shorter than the 256 GiB that the cipher takes");
        [&ENVELOPE[..], &nonce, &sealed].concat()
    }

    /// The content, or what is wrong with it.
    pub(super) fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, String> {
        let Some(rest) = sealed.strip_prefix(ENVELOPE) else {
            return Err("it is not sealed, or by a newer version".into());
        };
        if rest.len() < NONCE {
            return Err("it is cut off".into());
        }
        let (nonce, sealed) = rest.split_at(NONCE);
        let payload = Payload {
            msg: sealed,
            aad: place.as_bytes(),
        };
        self.0
            .cipher
            .decrypt(XNonce::from_slice(nonce), payload)
            .map_err(|_| "it was sealed with another password, or changed since".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_at_its_place_only_and_unchanged_only() {
        let vault = Vault::from_key([3; 32]);
        let sealed = vault.seal("a#1", b"hello");
        assert_eq!(vault.unseal("a#1", &sealed).unwrap(), b"hello");
        assert!(vault.unseal("a#2", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(vault.unseal("a#1", &changed).is_err(), "byte {place}");
            assert!(
                vault.unseal("a#1", &sealed[..place]).is_err(),
                "cut at {place}"
            );
        }
        assert_ne!(sealed, vault.seal("a#1", b"hello"));
        assert!(Vault::from_key([4; 32]).unseal("a#1", &sealed).is_err());
        assert_eq!(format!("{vault:?}"), "Vault(***)");
    }
}
