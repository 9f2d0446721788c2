//! The scripts that the server runs, each one step that nothing comes between.
//!
//! All begin with `#!lua`: a cluster then refuses a script that touches a key of another slot,
//! which it would let pass otherwise.

use std::sync::LazyLock;

/// A script and the name by which servers remember it.
pub(super) struct Script {
    text: &'static str,
    hash: String,
}

macro_rules! scripts {
    ($($name:ident = $file:literal),* $(,)?) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!($file)));)*
    };
}

scripts! {
    TRANSACT = "transact.lua",
    SCAN = "scan.lua",
    DELETE = "delete.lua",
    PUT_BLOB = "put_blob.lua",
    LIST_BLOBS = "list_blobs.lua",
    DELETE_BLOB = "delete_blob.lua",
    OPEN = "open.lua",
    NOW = "now.lua",
}

impl Script {
    fn new(text: &'static str) -> Self {
        let hash = redis::Script::new(text).get_hash().to_owned();
        Self { text, hash }
    }

    pub(super) fn by_hash(&self, keys: &[String], arguments: &[&[u8]]) -> redis::Cmd {
        Self::command("EVALSHA", &self.hash, keys, arguments)
    }

    pub(super) fn in_full(&self, keys: &[String], arguments: &[&[u8]]) -> redis::Cmd {
        Self::command("EVAL", self.text, keys, arguments)
    }

    fn command(name: &str, what: &str, keys: &[String], arguments: &[&[u8]]) -> redis::Cmd {
        let mut command = redis::cmd(name);
        command.arg(what).arg(keys.len());
        for key in keys {
            command.arg(key);
        }
        for argument in arguments {
            command.arg(*argument);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_begins_with_its_engine() {
        let scripts = [
            &TRANSACT,
            &SCAN,
            &DELETE,
            &PUT_BLOB,
            &LIST_BLOBS,
            &DELETE_BLOB,
            &OPEN,
            &NOW,
        ];
        for script in scripts {
            assert!(script.text.starts_with("#!lua"), "{}", script.text);
        }
    }
}
