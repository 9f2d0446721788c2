//! What only a server can suffer: kills, restarts, cut connections, rights, limits, newer stores.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use botsmith_core::store::{self, Ask, Outcome, RedisStore, StateStore, Transaction};

use crate::commit;
use crate::server::{Server, cluster, cluster_url, free_port, programs};

/// One server, or none where none is installed.
fn server(arguments: &[&str]) -> Option<Server> {
    programs()
        .first()
        .map(|program| Server::start(program, arguments))
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let Some(mut server) = server(&[]) else {
        return;
    };
    let url = server.url();
    let stop = AtomicBool::new(false);
    let acked: Vec<_> = (0..3).map(|_| AtomicU64::new(0)).collect();
    thread::scope(|scope| {
        let (stop, url) = (&stop, &url);
        for (thread, acked) in acked.iter().enumerate() {
            scope.spawn(move || {
                let store = RedisStore::open(url).unwrap();
                let log = format!("log-{thread}");
                while !stop.load(Ordering::Relaxed) {
                    let next = acked.load(Ordering::Relaxed);
                    let entry = next.to_string();
                    let append = Transaction::new()
                        .append(&log, entry.as_str())
                        .put(&log, entry.as_str());
                    // Sent again over kill and restart, and yet made once.
                    assert_eq!(commit(&store, "p", append).appended, [next]);
                    acked.store(next + 1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..4 {
            thread::sleep(Duration::from_millis(150));
            server.restart();
        }
        thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::Relaxed);
    });
    server.restart();
    let store = RedisStore::open(&url).unwrap();
    for (thread, acked) in acked.iter().enumerate() {
        let acked = acked.load(Ordering::Relaxed);
        assert!(acked > 10, "only {acked} writes got through");
        let entries = store
            .log("p", &format!("log-{thread}"), 0, usize::MAX)
            .unwrap();
        let wanted: Vec<_> = (0..acked).map(|n| n.to_string().into_bytes()).collect();
        assert_eq!(entries, wanted);
    }
}

/// Passes bytes on to a server; after every `every`-th request the connection is cut before the
/// answer, which the server gave, gets back.
fn forgetful_proxy(server: u16, every: u64) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)) else {
                return;
            };
            let seen = Arc::clone(&seen);
            thread::spawn(move || forget(client, upstream, &seen, every));
        }
    });
    port
}

fn forget(mut client: TcpStream, mut upstream: TcpStream, seen: &AtomicU64, every: u64) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n @ 1..) = client.read(&mut buffer) {
        // Only whole scripts are forgotten, not the greeting of a connection.
        let script = buffer[..n].windows(4).any(|window| window == b"EVAL");
        if upstream.write_all(&buffer[..n]).is_err() {
            break;
        }
        let Ok(n @ 1..) = upstream.read(&mut buffer) else {
            break;
        };
        if script && seen.fetch_add(1, Ordering::Relaxed) % every == every - 1 {
            break;
        }
        if client.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = upstream.shutdown(Shutdown::Both);
}

#[test]
fn a_write_whose_answer_was_lost_is_made_once() {
    let Some(server) = server(&[]) else { return };
    let port = forgetful_proxy(server.port, 3);
    let store = RedisStore::open(&format!("redis://127.0.0.1:{port}")).unwrap();
    for n in 0..60_u64 {
        let key = format!("k{n}");
        let append = Transaction::new()
            .absent(&key)
            .put(&key, "")
            .append("log", n.to_string());
        assert_eq!(commit(&store, "p", append).appended, [n]);
    }
    assert!(store.delete_partition("p").unwrap());
    assert_eq!(store.log_length("p", "log").unwrap(), 0);
}

#[test]
fn several_writes_whose_answers_were_lost_are_made_once_each() {
    let Some(server) = server(&[]) else { return };
    let port = forgetful_proxy(server.port, 3);
    let store = RedisStore::open(&format!("redis://127.0.0.1:{port}")).unwrap();
    let places = ["p", "q", "r", "s", "t"];
    for n in 0..30_u64 {
        let append = |place: &&str| {
            let key = format!("k{n}");
            let write = Transaction::new()
                .absent(&key)
                .put(&key, "")
                .append("log", n.to_string());
            ((*place).to_owned(), write)
        };
        // One of them finds what it does not want, however often it is sent.
        let mut all: Vec<_> = places.iter().map(append).collect();
        all.insert(
            2,
            ("p".into(), Transaction::new().absent("k0").put("x", "")),
        );
        let outcomes = store.transact_all(all).unwrap();
        for (at, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Outcome::Committed(committed) => assert_eq!(committed.appended, [n], "{at}"),
                Outcome::Conflict(conflict) => assert_eq!((at, conflict.index), (2, 0)),
            }
        }
        // Those of one partition come in their order, each once.
        let next = |step: u64| {
            let write = Transaction::new()
                .at_value("chain", (3 * n + step).to_string())
                .put("chain", (3 * n + step + 1).to_string());
            ("p".to_owned(), write)
        };
        if n == 0 {
            commit(&store, "p", Transaction::new().put("chain", "0"));
        }
        for outcome in store.transact_all((0..3).map(next).collect()).unwrap() {
            assert!(matches!(outcome, Outcome::Committed(_)), "{n}: {outcome:?}");
        }
        let touch = |place: &&str| ((*place).to_owned(), Transaction::new().append("two", ""));
        let outcomes = store
            .transact_all(places.iter().map(touch).collect())
            .unwrap();
        for outcome in outcomes {
            assert!(matches!(outcome, Outcome::Committed(done) if done.appended == [n]));
        }
    }
}

#[test]
fn several_asked_of_a_server_that_hangs_are_an_error_in_bounded_time() {
    let Some(server) = server(&[]) else { return };
    let url = format!("{}?timeout=1s", server.url());
    let store = RedisStore::open(&url).unwrap();
    let asks: Vec<_> = (0..64)
        .map(|n| Ask::records(format!("p{n}"), ["a"]))
        .collect();
    assert_eq!(store.ask(&asks).unwrap().len(), 64);
    let all = || (0..64).map(|n| (format!("p{n}"), Transaction::new().put("a", "")));
    assert_eq!(store.transact_all(all().collect()).unwrap().len(), 64);
    server.hang(true);
    let began = Instant::now();
    assert_eq!(store.ask(&asks).unwrap_err().code(), "BS-CORE-018");
    let write = store.transact_all(all().collect());
    assert_eq!(write.unwrap_err().code(), "BS-CORE-018");
    assert!(began.elapsed() < Duration::from_secs(20));
    server.hang(false);
    assert_eq!(store.ask(&asks).unwrap().len(), 64);
}

#[test]
fn an_idle_connection_that_the_server_closed_is_made_again() {
    let Some(mut server) = server(&[]) else {
        return;
    };
    let store = RedisStore::open(&server.url()).unwrap();
    commit(&store, "p", Transaction::new().put("a", "1"));
    server.restart();
    assert!(store.get("p", "a").unwrap().is_some());
    server.say(&["CLIENT", "KILL", "TYPE", "normal"]);
    commit(&store, "p", Transaction::new().put("a", "2"));
}

#[test]
fn a_server_that_is_not_there_is_named_soon_and_without_its_password() {
    let url = format!("redis://me:hunter2@127.0.0.1:{}", free_port());
    let began = Instant::now();
    let error = store::open(&url).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(error.code(), "BS-CORE-018");
    let text = format!("{error} {error:?}");
    let shown = url.replace("me:hunter2", "***");
    assert!(
        text.contains(&format!("store `{shown}` cannot be reached")),
        "{text}"
    );
    assert!(text.contains("Connection refused"), "{text}");
    assert!(text.contains("--store"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_server_that_dies_while_a_store_is_open_is_an_error_in_bounded_time() {
    let Some(mut server) = server(&[]) else {
        return;
    };
    let store = RedisStore::open(&format!("{}?timeout=1s", server.url())).unwrap();
    server.kill();
    let began = Instant::now();
    let error = store.get("p", "a").unwrap_err();
    assert_eq!(error.code(), "BS-CORE-018");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_server_that_hangs_is_an_error_in_bounded_time() {
    // Accepts, and never answers.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let began = Instant::now();
    let error = store::open(&format!("redis://127.0.0.1:{port}?timeout=1s")).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-018", "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_user_needs_no_more_than_the_documented_rights() {
    let Some(server) = server(&[]) else { return };
    let rights = [
        "ACL",
        "SETUSER",
        "bot",
        "on",
        ">hunter2",
        "resetkeys",
        "~{botsmith*",
        "-@all",
    ];
    let allowed = ["+@read", "+@write", "+@scripting", "+@connection", "+time"];
    assert_eq!(server.say(&[&rights[..], &allowed].concat()), "+OK");
    let url = |login: &str| server.url().replace("//", &format!("//{login}@"));
    let store = RedisStore::open(&url("bot:hunter2")).unwrap();
    commit(
        &store,
        "p",
        Transaction::new()
            .put("a", "")
            .append("log", "")
            .set_due("d", "m", 1),
    );
    let digest = store.put_blob(b"x".to_vec()).unwrap();
    assert!(store.now_ms().unwrap() > 0);
    assert_eq!(store.delete_blobs(&[digest], u64::MAX).unwrap(), 1);
    assert!(store.delete_partition("p").unwrap());

    let error = RedisStore::open(&url("bot:guess")).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-010", "{error}");
    assert!(
        error.to_string().contains("no such user and password"),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("guess"));
    // A namespace that the user may not touch.
    let error = RedisStore::open(&(url("bot:hunter2") + "?namespace=other")).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-011", "{error}");
    assert!(error.to_string().contains("allow it `~{other*`"), "{error}");
    assert!(!format!("{store:?} {}", store.url()).contains("hunter2"));
}

#[test]
fn a_server_with_a_password_asks_for_it() {
    let Some(server) = server(&["--requirepass", "hunter2"]) else {
        return;
    };
    let error = RedisStore::open(&server.url()).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-010", "{error}");
    assert!(
        error.to_string().contains("redis://USER:PASSWORD@HOST"),
        "{error}"
    );
    RedisStore::open(&server.url().replace("//", "//:hunter2@")).unwrap();
}

#[test]
fn a_full_server_is_an_error_and_goes_on_with_more_memory() {
    let Some(server) = server(&["--maxmemory", "3mb"]) else {
        return;
    };
    let store = RedisStore::open(&server.url()).unwrap();
    let put = |n: i32| Transaction::new().put(n.to_string(), vec![b'x'; 100 << 10]);
    let error = (0..100)
        .find_map(|n| store.transact("p", put(n)).err())
        .unwrap();
    assert_eq!(error.code(), "BS-CORE-012", "{error}");
    assert!(error.to_string().contains("`maxmemory`"), "{error}");
    assert!(!store.keys("p", "", None, 9).unwrap().is_empty());
    assert_eq!(server.say(&["CONFIG", "SET", "maxmemory", "100mb"]), "+OK");
    commit(&store, "p", put(101));
}

#[test]
fn a_store_of_a_newer_schema_is_refused() {
    let Some(server) = server(&[]) else { return };
    server.say(&["HSET", "{botsmith}:meta", "schema", "2", "buckets", "16"]);
    for error in [
        RedisStore::open(&server.url()).unwrap_err(),
        RedisStore::open_existing(&server.url()).unwrap_err(),
    ] {
        assert_eq!(error.code(), "BS-CORE-015");
        assert!(error.to_string().contains("schema version 2"), "{error}");
    }
    server.say(&["HSET", "{botsmith}:meta", "schema", "1", "buckets", "none"]);
    assert_eq!(
        RedisStore::open(&server.url()).unwrap_err().code(),
        "BS-CORE-014"
    );
}

#[test]
fn looking_makes_no_store_and_namespaces_are_apart() {
    let Some(server) = server(&[]) else { return };
    assert!(store::open_existing(&server.url()).unwrap().is_none());
    assert_eq!(server.say(&["DBSIZE"]), ":0");
    let [a, b] = ["a", "b"].map(|ns| format!("{}?namespace={ns}", server.url()));
    commit(
        &RedisStore::open(&a).unwrap(),
        "p",
        Transaction::new().put("k", ""),
    );
    let b = RedisStore::open(&b).unwrap();
    assert!(b.partitions("", None, 9).unwrap().is_empty());
}

#[test]
fn a_script_that_a_server_forgot_is_brought_again() {
    let Some(server) = server(&[]) else { return };
    let store = RedisStore::open(&server.url()).unwrap();
    commit(&store, "p", Transaction::new().put("a", ""));
    server.say(&["SCRIPT", "FLUSH"]);
    commit(&store, "p", Transaction::new().put("b", ""));
    assert_eq!(store.scan("p", "", None, 9).unwrap().len(), 2);
    server.say(&["SCRIPT", "FLUSH"]);
    let all = ["p", "q", "p", "r"]
        .map(|place| (place.to_owned(), Transaction::new().append("log", place)));
    let outcomes = store.transact_all(all[1..].to_vec()).unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Committed(_)))
    );
    server.say(&["SCRIPT", "FLUSH"]);
    assert_eq!(store.transact_all(all.to_vec()).unwrap().len(), 4);
    assert_eq!(store.log_length("p", "log").unwrap(), 3);
}

/// While one client has the server forget its scripts again and again and another brings them back, some of those that
/// go together find the script and some do not.
#[test]
fn those_of_one_partition_keep_their_order_while_scripts_are_forgotten_and_brought() {
    let Some(server) = server(&[]) else { return };
    let store = RedisStore::open(&server.url()).unwrap();
    let over = std::sync::atomic::AtomicBool::new(false);
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(relaxed) {
                server.say(&["SCRIPT", "FLUSH"]);
            }
        });
        scope.spawn(|| {
            let other = RedisStore::open(&server.url()).unwrap();
            while !over.load(relaxed) {
                commit(&other, "q", Transaction::new().put("a", ""));
            }
        });
        for round in 0..200 {
            let append = |n: u64| {
                (
                    "p".to_owned(),
                    Transaction::new().append("log", n.to_string()),
                )
            };
            let outcomes = store.transact_all((0..16).map(append).collect()).unwrap();
            for (n, outcome) in (0..).zip(outcomes) {
                let number = round * 16 + n;
                let wanted =
                    matches!(&outcome, Outcome::Committed(done) if done.appended == [number]);
                assert!(wanted, "round {round}, {n}: {outcome:?}");
            }
        }
        over.store(true, relaxed);
    });
    let log = store.log("p", "log", 0, usize::MAX).unwrap();
    let wanted = (0..200)
        .flat_map(|_| 0..16)
        .map(|n: u64| n.to_string().into_bytes());
    assert!(log.into_iter().eq(wanted));
}

#[test]
fn the_state_of_a_lane_goes_by_itself_and_nothing_else_does() {
    let Some(server) = server(&[]) else { return };
    let store = RedisStore::open(&server.url()).unwrap();
    let all = Transaction::new()
        .put("a", "")
        .append("log", "")
        .set_due("d", "m", 1);
    commit(&store, "p", all);
    store.put_blob(b"x".to_vec()).unwrap();
    let script = "local n = 0; local r = {};
        for _, k in ipairs(redis.call('KEYS', '*')) do
            if redis.call('PTTL', k) > 0 then r[#r + 1] = k else n = n + 1 end
        end
        return n .. ' ' .. table.concat(r, ' ')";
    let said = server.say(&["EVAL", script, "0"]);
    let (lasting, passing) = said.split_once(' ').unwrap();
    // Meta, version, names, records, keys, others, log, due; content, digests, sizes.
    assert_eq!(lasting, "11", "{said}");
    assert!(passing.contains("}:c:") && !passing.contains(' '), "{said}");
}

#[test]
fn a_cluster_keeps_a_partition_on_one_node_and_spreads_partitions() {
    let Some(program) = programs().first().copied() else {
        return;
    };
    let nodes = cluster(program);
    let store = RedisStore::open(&cluster_url(&nodes)).unwrap();
    for n in 0..40 {
        let name = format!("run/{n}");
        commit(
            &store,
            &name,
            Transaction::new()
                .put("a", "")
                .append("l", "")
                .set_due("d", "m", 1),
        );
    }
    for node in &nodes {
        let keys = node.say(&["DBSIZE"]);
        assert!(
            keys.trim_start_matches(':').parse::<u64>().unwrap() > 10,
            "{keys}"
        );
    }
    assert_eq!(store.partitions("run/", None, 99).unwrap().len(), 40);
}

#[test]
fn a_partition_outlives_the_move_of_its_slots() {
    let Some(program) = programs().first().copied() else {
        return;
    };
    let nodes = cluster(program);
    let store = RedisStore::open(&cluster_url(&nodes)).unwrap();
    commit(&store, "p", Transaction::new().append("log", "0"));
    // The slots of one node's keys go to another, one by one, as `redis-cli --cluster reshard` does.
    let (from, to) = (&nodes[0], &nodes[1]);
    let id = |node: &Server| node.say(&["CLUSTER", "MYID"]);
    let (from_id, to_id) = (id(from), id(to));
    for bucket in 0..16 {
        let slot = from.say(&["CLUSTER", "KEYSLOT", &format!("{{botsmith:p{bucket:02}}}")]);
        let slot = slot.trim_start_matches(':').to_owned();
        if slot.parse::<u32>().unwrap() > 5460 {
            continue;
        }
        to.say(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
        from.say(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
        while let Some(key) = first_key(from, &slot) {
            let port = to.port.to_string();
            assert_eq!(
                from.say(&["MIGRATE", "127.0.0.1", &port, &key, "0", "5000"]),
                "+OK"
            );
        }
        for node in &nodes {
            node.say(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
        }
    }
    for n in 1..40_u64 {
        let name = format!("p{n}");
        commit(&store, &name, Transaction::new().append("log", "x"));
    }
    assert_eq!(
        commit(&store, "p", Transaction::new().append("log", "1")).appended,
        [1]
    );
}

/// A key of a slot, if it has any.
fn first_key(node: &Server, slot: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", node.port)).unwrap();
    write!(stream, "CLUSTER GETKEYSINSLOT {slot} 1\r\n").unwrap();
    let mut said = vec![0; 4096];
    let n = stream.read(&mut said).unwrap();
    let said = String::from_utf8(said[..n].to_vec()).unwrap();
    let (count, rest) = said.split_once("\r\n").unwrap();
    if count == "*0" {
        return None;
    }
    // The key may hold line feeds; its length stands before it.
    let (length, rest) = rest.split_once("\r\n").unwrap();
    let length: usize = length.trim_start_matches('$').parse().unwrap();
    Some(rest[..length].to_owned())
}

#[test]
fn sentinels_lead_to_the_master_also_after_a_failover() {
    let Some(program) = programs().first().copied() else {
        return;
    };
    let mut master = Server::start(program, &[]);
    let replica = Server::start(
        program,
        &["--replicaof", "127.0.0.1", &master.port.to_string()],
    );
    let settings = tempfile::tempdir().unwrap();
    let file = settings.path().join("sentinel.conf");
    let watch = format!(
        "sentinel monitor main 127.0.0.1 {} 1\nsentinel down-after-milliseconds main 500\n\
         sentinel failover-timeout main 2000\n",
        master.port
    );
    std::fs::write(&file, watch).unwrap();
    let sentinel = crate::server::sentinel(program, &file);
    let url = format!(
        "redis+sentinel://127.0.0.1:{}/main?timeout=30s",
        sentinel.port
    );
    let store = RedisStore::open(&url).unwrap();
    commit(&store, "p", Transaction::new().put("a", "before"));
    let began = Instant::now();
    let ready = |sentinel: &Server| {
        let known = sentinel
            .say(&["SENTINEL", "CKQUORUM", "main"])
            .starts_with("+OK");
        known
            && replica
                .say(&["INFO", "replication"])
                .contains("master_link_status:up")
            && sentinel.say(&["INFO", "sentinel"]).contains("slaves=1")
    };
    while !ready(&sentinel) {
        assert!(
            began.elapsed() < Duration::from_secs(40),
            "the replica does not follow"
        );
        thread::sleep(Duration::from_millis(50));
    }
    master.kill();
    commit(&store, "p", Transaction::new().put("b", "after"));
    assert_eq!(store.keys("p", "", None, 9).unwrap(), ["a", "b"]);
    assert!(replica.say(&["ROLE"]).starts_with('*'));
    let error =
        RedisStore::open(&url.replace("/main?timeout=30s", "/other?timeout=1s")).unwrap_err();
    assert_eq!(error.code(), "BS-CORE-018", "{error}");
}

#[test]
fn tls_is_checked_against_the_named_roots() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let openssl = |words: &[&str]| {
        let ran = std::process::Command::new("openssl").args(words).output();
        ran.is_ok_and(|output| output.status.success())
    };
    let (key, cert) = (at("key.pem"), at("cert.pem"));
    let made = openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        &key,
        "-out",
        &cert,
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ]);
    if !made {
        eprintln!("skipped: openssl makes no certificate here");
        return;
    }
    let port = free_port().to_string();
    let tls = [
        "--tls-port",
        &port,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
    ];
    let Some(_server) = server(&[&tls[..], &["--tls-auth-clients", "no"]].concat()) else {
        return;
    };
    let url = format!("rediss://localhost:{port}?timeout=2s");
    let store = RedisStore::open(&format!("{url}&ca={cert}")).unwrap();
    commit(&store, "p", Transaction::new().put("a", ""));
    let error = RedisStore::open(&url).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let error = RedisStore::open(&format!("{url}&ca={}", at("none.pem"))).unwrap_err();
    assert!(error.to_string().contains("none.pem"), "{error}");
}

/// What is said of a server under a name: how bad, and what.
fn said(url: &str, name: &str) -> (store::Level, String) {
    let found = store::health(url).unwrap();
    let finding = found.iter().find(|finding| finding.name == name);
    let finding = finding.unwrap_or_else(|| panic!("nothing about {name}: {found:?}"));
    assert_eq!(
        finding.remedy.is_none(),
        finding.level == store::Level::Good
    );
    (finding.level, finding.found.clone())
}

#[test]
fn a_check_up_tells_how_a_server_is_set_and_leaves_nothing_behind() {
    use store::Level::{Bad, Good, Warning};
    let Some(server) = server(&[]) else { return };
    let url = server.url();
    for name in ["server", "persistence", "memory", "clock", "rights"] {
        let (level, found) = said(&url, name);
        assert_eq!(level, Good, "{name}: {found}");
    }
    let keys = server.say(&[
        "EVAL",
        "return table.concat(redis.call('KEYS', '*'), ' ')",
        "0",
    ]);
    // A lane's last call goes by itself.
    assert!(
        keys.split(' ')
            .all(|key| key.is_empty() || key.contains("}:c:")),
        "{keys}"
    );
    let set = |name: &str, value: &str| {
        assert_eq!(server.say(&["CONFIG", "SET", name, value]), "+OK");
    };
    for (name, value, about, wanted) in [
        (
            "appendfsync",
            "everysec",
            "persistence",
            (Good, "two seconds"),
        ),
        (
            "appendfsync",
            "no",
            "persistence",
            (Warning, "half a minute"),
        ),
        (
            "maxmemory-policy",
            "allkeys-lru",
            "memory",
            (Warning, "once `maxmemory` is set"),
        ),
        ("maxmemory", "100mb", "memory", (Bad, "deletes state")),
        (
            "appendonly",
            "no",
            "persistence",
            (Bad, "all is lost when the server ends"),
        ),
        ("save", "60 1", "persistence", (Bad, "which are minutes")),
    ] {
        set(name, value);
        let (level, found) = said(&url, about);
        assert!(
            level == wanted.0 && found.contains(wanted.1),
            "{name} {value}: {level:?} {found}"
        );
    }
    // A user with the rights of a store alone: what cannot be asked is said.
    let rights = [
        "ACL",
        "SETUSER",
        "bot",
        "on",
        ">hunter2",
        "~{botsmith*",
        "-@all",
    ];
    let allowed = ["+@read", "+@write", "+@scripting", "+@connection", "+time"];
    server.say(&[&rights[..], &allowed].concat());
    let url = url.replace("//", "//bot:hunter2@");
    let (level, found) = said(&url, "server");
    assert!(
        level == Warning && found.contains("does not say"),
        "{found}"
    );
    assert_eq!(said(&url, "rights").0, Good);
    server.say(&["ACL", "SETUSER", "bot", "-eval", "-evalsha"]);
    let (level, found) = said(&url, "rights");
    assert!(level == Bad && found.contains("may not do this"), "{found}");
    assert!(!format!("{:?}", store::health(&url)).contains("hunter2"));
}

#[test]
fn a_check_up_names_a_server_that_runs_no_scripts() {
    use store::Level::{Bad, Good};
    let renamed = [
        "--rename-command",
        "EVALSHA",
        "hidden",
        "--rename-command",
        "EVAL",
        "gone",
    ];
    let Some(server) = server(&renamed) else {
        return;
    };
    let (level, found) = said(&server.url(), "scripts");
    assert!(
        level == Bad && found.contains("runs scripts is wanted"),
        "{found}"
    );
    assert_eq!(said(&server.url(), "persistence").0, Good);
}

/// Passes bytes on to a server whose clock seems to go this many seconds ahead.
fn hasty_proxy(server: u16, ahead: u64) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut upstream = TcpStream::connect(("127.0.0.1", server)).unwrap();
            thread::spawn(move || {
                let mut buffer = vec![0; 64 << 10];
                while let Ok(n @ 1..) = client.read(&mut buffer) {
                    let time = buffer[..n].windows(4).any(|window| window == b"TIME");
                    upstream.write_all(&buffer[..n]).unwrap();
                    let Ok(n @ 1..) = upstream.read(&mut buffer) else {
                        break;
                    };
                    let head = b"*2\r\n$10\r\n";
                    if time && buffer.starts_with(head) {
                        let digits = &mut buffer[head.len()..head.len() + 10];
                        let seconds: u64 = std::str::from_utf8(digits).unwrap().parse().unwrap();
                        digits.copy_from_slice(format!("{:010}", seconds + ahead).as_bytes());
                    }
                    if client.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn a_check_up_tells_of_a_clock_that_is_wrong() {
    let Some(server) = server(&[]) else { return };
    for (ahead, level) in [(0, store::Level::Good), (90, store::Level::Warning)] {
        let url = format!("redis://127.0.0.1:{}", hasty_proxy(server.port, ahead));
        let (found, words) = said(&url, "clock");
        assert_eq!(found, level, "{words}");
        if ahead > 0 {
            let apart: f64 = words
                .split_once("ours are ")
                .unwrap()
                .1
                .split(' ')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            assert!((apart - 90.0).abs() < 3.0, "{words}");
        }
    }
}

#[test]
fn a_check_up_names_a_server_that_is_not_there() {
    let url = format!("redis://127.0.0.1:{}", free_port());
    let (level, found) = said(&url, "server");
    assert!(
        level == store::Level::Bad && found.contains("cannot be reached"),
        "{found}"
    );
}

#[test]
fn a_check_up_looks_at_every_node_of_a_cluster() {
    let Some(program) = programs().first().copied() else {
        return;
    };
    let nodes = cluster(program);
    let one = format!("redis+cluster://127.0.0.1:{}", nodes[0].port);
    for node in &nodes {
        let name = format!("persistence 127.0.0.1:{}", node.port);
        assert_eq!(said(&one, &name).0, store::Level::Good);
    }
    assert_eq!(said(&one, "failover").0, store::Level::Warning);
    assert_eq!(said(&one, "rights").0, store::Level::Good);
}
