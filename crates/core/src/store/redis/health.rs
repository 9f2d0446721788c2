//! Whether a Redis server can be relied on: version, persistence, eviction, clock, rights, scripts.

use std::collections::HashMap;
use std::time::Instant;

use redis::cmd;

use super::super::health::Finding;
use super::super::{StateStore, Transaction, system_time_ms};
use super::RedisStore;
use super::address::{Address, Kind};
use super::link::Server;
use crate::{Error, Result};

/// How far the server's clock may be from ours before it is worth a word, in milliseconds.
const SKEW_MS: u64 = 2000;

/// As [`health`](super::super::health()), of a Redis URL.
pub(in super::super) fn health(url: &str) -> Result<Vec<Finding>> {
    let (server, keys) = RedisStore::at(url)?;
    let mut ping = cmd("PING");
    ping.arg("botsmith");
    let reached = server.first(|call| call.ask::<String>(&ping));
    if let Err(error) = reached {
        return Ok(vec![Finding::bad(
            "server",
            error.to_string(),
            "start the server, mend the URL, or choose another store with `--store`",
        )]);
    }
    let mut findings = Vec::new();
    for (label, node) in nodes(&server) {
        let mut of_node = facts(&node);
        for finding in &mut of_node {
            finding.name = format!("{}{label}", finding.name);
        }
        findings.extend(of_node);
    }
    match &server.address.kind {
        Kind::Single => {}
        Kind::Cluster | Kind::Sentinel { .. } => findings.push(Finding::warning(
            "failover",
            "replication is asynchronous: a failover loses writes that were acknowledged and had not reached the replica",
            "set `min-replicas-to-write 1` to narrow this; nothing closes it",
        )),
    }
    findings.push(works(url, &keys.namespace));
    Ok(findings)
}

/// The servers that hold data, each with what its findings' names end in.
fn nodes(server: &Server) -> Vec<(String, Server)> {
    let single = |address: Address| Server::new(address, server.url.clone());
    if server.address.kind != Kind::Cluster {
        return vec![(String::new(), single(server.address.clone()))];
    }
    let mut known = server.address.hosts.clone();
    let mut ask = cmd("CLUSTER");
    ask.arg("NODES");
    for host in &server.address.hosts {
        let one = single(Address {
            kind: Kind::Single,
            hosts: vec![host.clone()],
            ..server.address.clone()
        });
        if let Ok(lines) = one.first(|call| call.ask::<String>(&ask)) {
            let masters: Vec<_> = lines.lines().filter_map(master).collect();
            if !masters.is_empty() {
                known = masters;
                break;
            }
        }
    }
    let node = |host: (String, u16)| {
        let label = format!(" {}:{}", host.0, host.1);
        let address = Address {
            kind: Kind::Single,
            hosts: vec![host],
            ..server.address.clone()
        };
        (label, single(address))
    };
    known.into_iter().map(node).collect()
}

/// The address in a line of `CLUSTER NODES`, if it is a master's: `ID HOST:PORT@BUS FLAGS …`.
fn master(line: &str) -> Option<(String, u16)> {
    let mut words = line.split(' ').skip(1);
    let address = words.next()?.split(['@', ',']).next()?;
    words.next()?.split(',').find(|flag| *flag == "master")?;
    let (host, port) = address.rsplit_once(':')?;
    Some((host.to_owned(), port.parse().ok()?))
}

/// What one server says of itself.
fn facts(server: &Server) -> Vec<Finding> {
    let info = match server.first(|call| call.ask::<String>(&cmd("INFO"))) {
        Ok(info) => info,
        Err(error) => {
            return vec![Finding::warning(
                "server",
                format!("it does not say how it is set: {error}"),
                "allow the user `+info` and `+config|get`, or ask whoever runs the server about AOF and `maxmemory-policy`",
            )];
        }
    };
    let info: HashMap<&str, &str> = info
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    let get = |name: &str| info.get(name).copied().unwrap_or_default();
    let mut findings = vec![version(&get), persistence(server, &get), eviction(&get)];
    if get("role") == "slave" {
        findings.push(Finding::bad(
            "role",
            "it is a replica, which takes no writes",
            "name the master, or use `redis+sentinel://`",
        ));
    }
    findings.push(clock(server));
    findings
}

fn version<'a>(get: &dyn Fn(&str) -> &'a str) -> Finding {
    // Valkey says 7.2 for Redis' sake, and its own version beside it.
    let valkey = get("valkey_version");
    if !valkey.is_empty() {
        return Finding::good("server", format!("Valkey {valkey}"));
    }
    let version = get("redis_version");
    let major = version
        .split('.')
        .next()
        .and_then(|text| text.parse::<u32>().ok());
    match major {
        Some(7..) => Finding::good("server", format!("Redis {version}")),
        Some(_) => Finding::bad(
            "server",
            format!("Redis {version} is too old"),
            "use Redis 7.0 or newer, or Valkey",
        ),
        None => Finding::warning(
            "server",
            "it does not say its version",
            "use Redis 7.0 or newer, or Valkey",
        ),
    }
}

fn persistence<'a>(server: &Server, get: &dyn Fn(&str) -> &'a str) -> Finding {
    let setting = |name: &str| -> Option<String> {
        let mut ask = cmd("CONFIG");
        ask.arg("GET").arg(name);
        let pairs: Vec<String> = server.first(|call| call.ask(&ask)).ok()?;
        pairs.into_iter().nth(1)
    };
    let remedy = "set `appendonly yes` and, where nothing may be lost, `appendfsync always`";
    if get("aof_last_write_status") == "err" || get("rdb_last_bgsave_status") == "err" {
        return Finding::bad(
            "persistence",
            "its last write to the disk failed",
            "look into the server's log; most often the disk is full",
        );
    }
    if get("aof_enabled") == "0" {
        return match setting("save") {
            Some(save) if save.is_empty() => Finding::bad(
                "persistence",
                "neither AOF nor snapshots: all is lost when the server ends",
                remedy,
            ),
            _ => Finding::bad(
                "persistence",
                "AOF is off: all since the last snapshot, which are minutes, is lost when the server ends",
                remedy,
            ),
        };
    }
    match setting("appendfsync").as_deref() {
        Some("always") => Finding::good(
            "persistence",
            "AOF, synced before every answer (`always`): nothing acknowledged is lost",
        ),
        Some("everysec") => Finding::good(
            "persistence",
            "AOF, synced every second (`everysec`): up to two seconds of what was acknowledged are lost when the server is killed or the power fails; nothing when workers die",
        ),
        Some("no") => Finding::warning(
            "persistence",
            "AOF, synced when the system likes (`no`): up to half a minute is lost when the power fails",
            "set `appendfsync everysec` or `always`",
        ),
        _ => Finding::warning(
            "persistence",
            "AOF is on; how often it is synced the user may not ask",
            "allow the user `+config|get`, or see that `appendfsync` is `everysec` or `always`",
        ),
    }
}

fn eviction<'a>(get: &dyn Fn(&str) -> &'a str) -> Finding {
    let (policy, limit) = (get("maxmemory_policy"), get("maxmemory"));
    let remedy = "set `maxmemory-policy noeviction`";
    match (policy, limit) {
        ("noeviction", "0") => Finding::good("memory", "`noeviction`, without a limit"),
        ("noeviction", _) => Finding::good(
            "memory",
            format!("`noeviction`, at most {}", get("maxmemory_human")),
        ),
        ("", _) => Finding::warning("memory", "it does not say its `maxmemory-policy`", remedy),
        (policy, "0") => Finding::warning(
            "memory",
            format!("`maxmemory-policy {policy}` would delete state once `maxmemory` is set"),
            remedy,
        ),
        (policy, _) => Finding::bad(
            "memory",
            format!("`maxmemory-policy {policy}` deletes state when memory runs short"),
            remedy,
        ),
    }
}

fn clock(server: &Server) -> Finding {
    let began = Instant::now();
    let asked = server.first(|call| call.ask::<(u64, u64)>(&cmd("TIME")));
    match asked {
        Err(error) => Finding::bad(
            "clock",
            format!("its time cannot be asked: {error}"),
            "allow the user `+time`",
        ),
        Ok((seconds, micros)) => {
            let half = began.elapsed().as_millis() as u64 / 2;
            let there = seconds * 1000 + micros / 1000;
            let skew = there.abs_diff(system_time_ms().saturating_sub(half));
            match skew {
                0..=SKEW_MS => Finding::good("clock", "the server's and ours agree"),
                skew => Finding::warning(
                    "clock",
                    format!(
                        "the server's and ours are {:.1} s apart; leases go by the server's",
                        skew as f64 / 1000.0
                    ),
                    "set both by NTP",
                ),
            }
        }
    }
}

/// Whether scripts run and the user may do all that a store does.
fn works(url: &str, namespace: &str) -> Finding {
    let scratch = format!("{namespace}.doctor");
    let attempt = || -> Result<()> {
        let (server, mut keys) = RedisStore::at(url)?;
        keys.namespace.clone_from(&scratch);
        let store = RedisStore { server, keys };
        let all = Transaction::new()
            .absent("key")
            .put("key", "value")
            .append("log", "entry")
            .set_due("due", "member", 1);
        let outcome = store.transact("doctor", all)?;
        let kept = outcome.committed().is_ok()
            && store
                .get("doctor", "key")?
                .is_some_and(|record| record.value == b"value")
            && store.log("doctor", "log", 0, 9)?.len() == 1
            && store.due("doctor", "due", 9, 9)?.len() == 1;
        let digest = store.put_blob(b"doctor".to_vec())?;
        let whole = store.blob(&digest)?.is_some();
        store.delete_blobs(&[digest], u64::MAX)?;
        store.delete_partition("doctor")?;
        let mut forget = cmd("UNLINK");
        forget.arg(store.keys.part("doctor").versions());
        store.server.call(|call| call.ask::<u64>(&forget))?;
        match kept && whole {
            true => Ok(()),
            false => Err(Error::Store {
                url: store.server.url.clone(),
                reason: "it does not give back what was put; is another program at its keys?"
                    .to_owned(),
            }),
        }
    };
    match attempt() {
        Ok(()) => Finding::good(
            "rights",
            "scripts run, and the user may do all that a store does",
        ),
        Err(error @ Error::StoreOpen { .. }) => Finding::bad(
            "scripts",
            error.to_string(),
            "use a server of which no command is renamed or forbidden: Redis 7.0 or newer, or Valkey",
        ),
        Err(error) => Finding::bad(
            "rights",
            error.to_string(),
            "see \"Rights\" in docs/src/state.md for what a user needs",
        ),
    }
}
