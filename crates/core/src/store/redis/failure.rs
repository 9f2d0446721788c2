//! From what Redis says to an error that says what to do.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::address::{Address, Kind};
use crate::Error;

/// Whether the same call may go through a little later, the server being busy with itself.
pub(super) fn passes(error: &RedisError) -> bool {
    if broken(error) {
        return true;
    }
    match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::Moved
                | ServerErrorKind::Ask
                // A master that became a replica: the next connection finds the new master.
                | ServerErrorKind::ReadOnly
        ),
        ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => true,
        _ => matches!(error.code(), Some("BUSY" | "UNBLOCKED" | "NOREPLICAS")),
    }
}

/// Whether the connection is of no use any more.
pub(super) fn broken(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            ErrorKind::Parse | ErrorKind::Server(ServerErrorKind::ReadOnly)
        )
}

/// The error for a call that failed for good.
pub(super) fn of(error: &RedisError, url: &str, address: &Address) -> Error {
    let url = url.to_owned();
    let said = said(error);
    match error.kind() {
        ErrorKind::AuthenticationFailed => Error::StoreOpen {
            url,
            reason: format!("the server takes no such user and password: {said}"),
        },
        ErrorKind::InvalidClientConfig => Error::StoreOpen { url, reason: said },
        ErrorKind::Server(ServerErrorKind::NoPerm) => Error::StoreReadOnly {
            url,
            reason: format!(
                "its user may not do this ({said}); allow it `~{{{0}*` with `+@read +@write +@scripting +time`",
                address.namespace
            ),
        },
        ErrorKind::Server(ServerErrorKind::ReadOnly) => Error::StoreReadOnly {
            url,
            reason: format!("{said}; name the master, or use `redis+sentinel://`"),
        },
        _ if said.contains("unexpected symbol near '#'") => Error::StoreOpen {
            url,
            reason: "the server is too old: Redis 7.0 or newer, or Valkey, is wanted".to_owned(),
        },
        _ if said.contains("unknown command") => Error::StoreOpen {
            url,
            reason: format!(
                "the server does not know a command that a store needs: {said}; Redis 7.0 or newer, or Valkey, that runs scripts is wanted"
            ),
        },
        _ => match error.code() {
            Some("OOM") => Error::StoreFull {
                url,
                reason: format!("the server is at its `maxmemory`: {said}"),
            },
            Some("MISCONF") => Error::StoreFull {
                url,
                reason: format!("the server cannot write to its disk: {said}"),
            },
            Some("NOAUTH" | "WRONGPASS") => Error::StoreOpen {
                url,
                reason: format!("{said}; give `redis://USER:PASSWORD@HOST`"),
            },
            Some("BUSY") => Error::StoreBusy {
                url,
                waited_s: address.timeout.as_secs(),
            },
            Some("WRONGTYPE") => Error::StoreCorrupt { url, reason: said },
            _ if passes(error) => Error::StoreUnreachable {
                url,
                reason: unreachable(&said, address),
            },
            _ => Error::Store { url, reason: said },
        },
    }
}

fn unreachable(said: &str, address: &Address) -> String {
    let what = match &address.kind {
        Kind::Single => "nothing usable answers at",
        Kind::Cluster => "no usable cluster answers at",
        Kind::Sentinel { .. } => "the sentinels give no usable master at",
    };
    format!("{what} {}: {said}", address.shown())
}

/// Redis' own words.
fn said(error: &RedisError) -> String {
    error.to_string().trim_end_matches(['.', '\n']).to_owned()
}
