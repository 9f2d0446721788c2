//! Connections that are made when needed, kept while idle, and made again when they break.
//!
//! A call has a connection to itself until its answer is there, so that a slow or cut call never
//! holds up or mixes with another. What broke is connected again and the call is sent again, until
//! its time is over: calls that write carry the name of their lane and a number that rises, by
//! which the server tells a call that it has made already.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use redis::cluster::{ClusterClient, ClusterClientBuilder, ClusterConnection};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, ConnectionLike, FromRedisValue,
    IntoConnectionInfo, RedisConnectionInfo, RedisResult, TlsCertificates, TlsMode, Value,
};

use super::address::{Address, Kind};
use super::failure;
use super::script::Script;
use crate::digest::Digest;
use crate::{Error, Result};

/// How many idle connections are kept.
const IDLE: usize = 16;

/// How long making a connection may take, at most.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a server that refuses connections is waited for when a store is opened.
const OPENING: Duration = Duration::from_secs(1);

/// A server, or several that act as one, and the idle connections to it.
pub(super) struct Server {
    pub(super) address: Address,
    /// Without user and password.
    pub(super) url: String,
    maker: OnceLock<Maker>,
    idle: Mutex<Vec<Lane>>,
}

enum Maker {
    Single(Box<Client>),
    Cluster(Box<ClusterClient>),
    Sentinel(Box<Mutex<SentinelClient>>),
}

/// One connection at a time, under one name.
pub(super) struct Lane {
    name: String,
    calls: u64,
    link: Option<Link>,
}

enum Link {
    Single(Box<Connection>),
    Cluster(Box<ClusterConnection>),
}

/// A call in the making: its connection, its lane's name, its number and whether it was sent before.
pub(super) struct Call<'a> {
    link: &'a mut Link,
    pub(super) lane: &'a str,
    pub(super) number: u64,
    pub(super) resent: bool,
}

impl Server {
    pub(super) fn new(address: Address, url: String) -> Self {
        Self {
            address,
            url,
            maker: OnceLock::new(),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Makes a call, again and again while what stops it may pass and there is time.
    pub(super) fn call<T>(&self, call: impl FnMut(&mut Call<'_>) -> RedisResult<T>) -> Result<T> {
        self.within(self.address.timeout, call)
    }

    /// As [`call`](Self::call), with less patience for a server that is not there.
    pub(super) fn first<T>(&self, call: impl FnMut(&mut Call<'_>) -> RedisResult<T>) -> Result<T> {
        self.within(OPENING.min(self.address.timeout), call)
    }

    fn within<T>(
        &self,
        refused: Duration,
        mut call: impl FnMut(&mut Call<'_>) -> RedisResult<T>,
    ) -> Result<T> {
        // What waits and tries again is compiled once, not for every call.
        let mut answer = None;
        self.attempt(refused, &mut |now| {
            answer = Some(call(now)?);
            Ok(())
        })?;
        Ok(answer.expect("a call that succeeded has answered"))
    }

    fn attempt(
        &self,
        refused: Duration,
        call: &mut dyn FnMut(&mut Call<'_>) -> RedisResult<()>,
    ) -> Result<()> {
        let began = Instant::now();
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let mut lane = kept.unwrap_or_else(Lane::new);
        lane.calls += 1;
        let mut wait = Duration::from_millis(10);
        let mut resent = false;
        loop {
            let fresh = lane.link.is_none();
            let answer = match &mut lane.link {
                Some(link) => Ok(link),
                None => self.connect().map(|link| lane.link.insert(link)),
            }
            .and_then(|link| {
                let mut now = Call {
                    link,
                    lane: &lane.name,
                    number: lane.calls,
                    resent,
                };
                resent = true;
                call(&mut now)
            });
            let error = match answer {
                Ok(()) => {
                    let mut idle = idle();
                    if idle.len() < IDLE {
                        idle.push(lane);
                    }
                    return Ok(());
                }
                Err(error) => error,
            };
            let allowed = match error.is_connection_refusal() {
                true => refused,
                false => self.address.timeout,
            };
            if !failure::passes(&error) || began.elapsed() + wait > allowed {
                // The lane goes too: what was sent may still arrive.
                return Err(failure::of(&error, &self.url, &self.address));
            }
            if failure::broken(&error) {
                lane.link = None;
                // A connection that the server closed while it was idle says nothing of the server.
                if !fresh {
                    idle().clear();
                    continue;
                }
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(Duration::from_millis(500));
        }
    }

    fn connect(&self) -> RedisResult<Link> {
        let maker = if let Some(maker) = self.maker.get() {
            maker
        } else {
            let made = self.maker()?;
            self.maker.get_or_init(|| made)
        };
        let timeout = CONNECT.min(self.address.timeout);
        let link = match maker {
            Maker::Single(client) => {
                Link::Single(Box::new(client.get_connection_with_timeout(timeout)?))
            }
            Maker::Cluster(client) => Link::Cluster(Box::new(client.get_connection()?)),
            Maker::Sentinel(sentinels) => {
                let mut sentinels = sentinels.lock().unwrap_or_else(PoisonError::into_inner);
                let client = sentinels.get_client()?;
                Link::Single(Box::new(client.get_connection_with_timeout(timeout)?))
            }
        };
        let patience = Some(self.address.timeout);
        match &link {
            Link::Single(connection) => {
                connection.set_read_timeout(patience)?;
                connection.set_write_timeout(patience)?;
            }
            Link::Cluster(connection) => {
                connection.set_read_timeout(patience)?;
                connection.set_write_timeout(patience)?;
            }
        }
        Ok(link)
    }

    fn maker(&self) -> RedisResult<Maker> {
        let address = &self.address;
        if address.tls {
            // Whoever was first has chosen; ours is the same.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let certificates = self.certificates()?;
        let hosts = address.hosts.iter().map(|(host, port)| match address.tls {
            false => ConnectionAddr::Tcp(host.clone(), *port),
            true => ConnectionAddr::TcpTls {
                host: host.clone(),
                port: *port,
                insecure: false,
                tls_params: None,
            },
        });
        Ok(match &address.kind {
            Kind::Single => {
                let mut infos = hosts.map(|host| self.info(host));
                let info = infos.next().expect("a host was read")?;
                Maker::Single(Box::new(match certificates {
                    Some(certificates) => Client::build_with_tls(info, certificates)?,
                    None => Client::open(info)?,
                }))
            }
            Kind::Cluster => {
                let infos = hosts.map(|host| self.info(host));
                let infos = infos.collect::<RedisResult<Vec<_>>>()?;
                let mut builder = ClusterClientBuilder::new(infos)
                    .retries(3)
                    .connection_timeout(CONNECT.min(address.timeout))
                    .response_timeout(address.timeout);
                if address.tls {
                    builder = builder.tls(TlsMode::Secure);
                }
                if let Some(certificates) = certificates {
                    builder = builder.certs(certificates);
                }
                Maker::Cluster(Box::new(builder.build()?))
            }
            Kind::Sentinel { master } => {
                let mut builder =
                    SentinelClientBuilder::new(hosts, master, SentinelServerType::Master)?
                        .set_client_to_redis_db(address.database);
                if let Some(user) = &address.user {
                    builder = builder.set_client_to_redis_username(user);
                    if address.sentinel_login {
                        builder = builder.set_client_to_sentinel_username(user);
                    }
                }
                if let Some(password) = &address.password {
                    builder = builder.set_client_to_redis_password(password.expose());
                    if address.sentinel_login {
                        builder = builder.set_client_to_sentinel_password(password.expose());
                    }
                }
                if address.tls {
                    builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
                }
                if let Some(certificates) = certificates {
                    builder = builder
                        .set_client_to_redis_certificates(certificates.clone())
                        .set_client_to_sentinel_certificates(certificates);
                }
                Maker::Sentinel(Box::new(Mutex::new(builder.build()?)))
            }
        })
    }

    fn info(&self, host: ConnectionAddr) -> RedisResult<ConnectionInfo> {
        let mut settings = RedisConnectionInfo::default().set_db(self.address.database);
        if let Some(user) = &self.address.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.address.password {
            settings = settings.set_password(password.expose());
        }
        Ok(host.into_connection_info()?.set_redis_settings(settings))
    }

    fn certificates(&self) -> RedisResult<Option<TlsCertificates>> {
        let Some(path) = &self.address.ca else {
            return Ok(None);
        };
        let pem = std::fs::read(path).map_err(|error| {
            let what = format!("{}: {error}", path.display());
            let kind = redis::ErrorKind::InvalidClientConfig;
            redis::RedisError::from((kind, "cannot read the certificates of `ca`", what))
        })?;
        Ok(Some(TlsCertificates {
            client_tls: None,
            root_cert: Some(pem),
        }))
    }

    /// Whether several servers keep the partitions.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.address.kind, Kind::Cluster)
    }

    /// For an answer that makes no sense.
    pub(super) fn corrupt(&self, what: &str) -> Error {
        Error::StoreCorrupt {
            url: self.url.clone(),
            reason: what.to_owned(),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Lane {
    fn new() -> Self {
        // Two seeds that the system drew, the process and the time: never the same twice.
        let seeds = [
            RandomState::new().hash_one(1),
            RandomState::new().hash_one(2),
        ];
        let facts = (seeds, std::process::id(), std::time::SystemTime::now());
        let name = Digest::of(format!("{facts:?}").as_bytes()).to_string();
        Self {
            name: name[..32].to_owned(),
            calls: 0,
            link: None,
        }
    }
}

impl Call<'_> {
    fn link(&mut self) -> &mut dyn ConnectionLike {
        match self.link {
            Link::Single(connection) => &mut **connection,
            Link::Cluster(connection) => &mut **connection,
        }
    }

    /// Sends one command.
    pub(super) fn ask<T: FromRedisValue>(&mut self, command: &redis::Cmd) -> RedisResult<T> {
        command.query(self.link())
    }

    /// Runs a script, and brings it to a server that does not know it yet.
    pub(super) fn run<T: FromRedisValue>(
        &mut self,
        script: &Script,
        keys: &[String],
        arguments: &[&[u8]],
    ) -> RedisResult<T> {
        let known: RedisResult<T> = self.ask(&script.by_hash(keys, arguments));
        match known {
            Err(error) if unknown_script(&error) => self.ask(&script.in_full(keys, arguments)),
            answer => answer,
        }
    }

    /// Sends several commands in one go where one server answers them all; else one by one.
    pub(super) fn ask_all(&mut self, commands: &[redis::Cmd]) -> RedisResult<Vec<Value>> {
        match self.link {
            Link::Single(connection) if commands.len() > 1 => {
                let answers = together(connection, commands)?;
                answers.into_iter().map(Value::extract_error).collect()
            }
            _ => commands.iter().map(|command| self.ask(command)).collect(),
        }
    }

    /// Runs a script several times, in any order: in one go where one server answers all.
    pub(super) fn run_all<T: FromRedisValue>(
        &mut self,
        script: &Script,
        calls: &[(Vec<String>, Vec<&[u8]>)],
    ) -> RedisResult<Vec<T>> {
        let connection = match &mut *self.link {
            Link::Single(connection) if calls.len() > 1 => connection,
            _ => {
                let one_by_one = calls.iter();
                return one_by_one
                    .map(|(keys, arguments)| self.run(script, keys, arguments))
                    .collect();
            }
        };
        let commands: Vec<_> = calls
            .iter()
            .map(|(keys, arguments)| script.by_hash(keys, arguments))
            .collect();
        let answers = together(connection, &commands)?;
        let mut all = Vec::with_capacity(calls.len());
        for (answer, (keys, arguments)) in answers.into_iter().zip(calls) {
            all.push(match answer.extract_error() {
                Err(error) if unknown_script(&error) => {
                    self.ask(&script.in_full(keys, arguments))?
                }
                answer => redis::from_redis_value(answer?)?,
            });
        }
        Ok(all)
    }
}

/// Sends commands in one go and takes their answers in. It gives up at the first answer that does not come: who
/// waits for each of those behind it waits as many times as long.
fn together(connection: &mut Connection, commands: &[redis::Cmd]) -> RedisResult<Vec<Value>> {
    let packed = commands.iter().flat_map(redis::Cmd::get_packed_command);
    connection.send_packed_command(&packed.collect::<Vec<u8>>())?;
    commands
        .iter()
        .map(|_| connection.recv_response())
        .collect()
}

/// Whether the server was not told the script yet, or has forgotten it.
fn unknown_script(error: &redis::RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(redis::ServerErrorKind::NoScript)
}
