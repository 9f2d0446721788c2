//! From a URL to where a Redis store is and how to speak to it.
//!
//! `SCHEME://[USER[:PASSWORD]@]HOST[:PORT][,HOST[:PORT]…][/PATH][?OPTION=VALUE&…]`, where the scheme
//! is `redis` (path: a database number), `redis+cluster` (hosts: some of its nodes) or
//! `redis+sentinel` (hosts: the sentinels; path: the name of the master, then a database number);
//! `rediss`, `rediss+cluster` and `rediss+sentinel` are the same over TLS. User and password may be
//! percent-encoded.

use std::path::PathBuf;
use std::time::Duration;

use crate::SecretString;
use crate::hint;

/// The options that stand after `?`.
const OPTIONS: [&str; 4] = ["ca", "namespace", "sentinel-login", "timeout"];

/// What a URL says.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) kind: Kind,
    pub(super) tls: bool,
    /// A file of root certificates (PEM) in place of the usual ones.
    pub(super) ca: Option<PathBuf>,
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) database: i64,
    /// What all keys begin with.
    pub(super) namespace: String,
    /// How long a call may take in all, sending again and connecting again included.
    pub(super) timeout: Duration,
    /// Whether the sentinels want the same user and password.
    pub(super) sentinel_login: bool,
}

/// What stands behind the hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Single,
    Cluster,
    Sentinel { master: String },
}

impl Address {
    /// Reads a URL; the error says what is wrong and shows nothing of user and password.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or("`://` and a host are missing")?;
        let (tls, kind) = match scheme {
            "redis" => (false, Kind::Single),
            "rediss" => (true, Kind::Single),
            "redis+cluster" => (false, Kind::Cluster),
            "rediss+cluster" => (true, Kind::Cluster),
            "redis+sentinel" => (
                false,
                Kind::Sentinel {
                    master: String::new(),
                },
            ),
            "rediss+sentinel" => (
                true,
                Kind::Sentinel {
                    master: String::new(),
                },
            ),
            _ => return Err("its scheme is none of Redis".to_owned()),
        };
        // A password may hold `@`, `/` and `?`; what follows the last `@` holds none of it.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut address = Self {
            kind,
            tls,
            ca: None,
            hosts: Vec::new(),
            user: None,
            password: None,
            database: 0,
            namespace: "botsmith".to_owned(),
            timeout: Duration::from_secs(10),
            sentinel_login: false,
        };
        address.login(login)?;
        address.hosts(hosts)?;
        address.path(path)?;
        for option in options.split('&').filter(|option| !option.is_empty()) {
            address.option(option)?;
        }
        Ok(address)
    }

    fn login(&mut self, login: Option<&str>) -> Result<(), String> {
        let Some(login) = login else { return Ok(()) };
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        if !user.is_empty() {
            self.user = Some(decode(user).ok_or("its user has a `%` that is no percent-encoding")?);
        }
        if let Some(password) = password {
            let password = decode(password)
                .ok_or("its password has a `%` that is no percent-encoding; write `%25` for `%`")?;
            self.password = Some(SecretString::new(password));
        }
        if self.user.is_some() && self.password.is_none() {
            return Err("its user has no password: `USER:PASSWORD@HOST` is wanted".to_owned());
        }
        Ok(())
    }

    fn hosts(&mut self, hosts: &str) -> Result<(), String> {
        let port = match self.kind {
            Kind::Sentinel { .. } => 26379,
            _ => 6379,
        };
        for host in hosts.split(',') {
            // `[::1]:6379`: the brackets keep the address's colons apart.
            let (name, number) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']'))
            {
                Some((name, rest)) => (name, rest.strip_prefix(':')),
                None => match host.split_once(':') {
                    Some((name, number)) => (name, Some(number)),
                    None => (host, None),
                },
            };
            if name.is_empty() {
                return Err("a host is missing: `redis://HOST:PORT` is wanted".to_owned());
            }
            let number = match number {
                None => port,
                Some(text) => text.parse().map_err(|_| {
                    format!("`{}` is no port; 1 to 65535 is wanted", hint::shown(text))
                })?,
            };
            self.hosts.push((name.to_owned(), number));
        }
        if self.kind == Kind::Single && self.hosts.len() > 1 {
            return Err(
                "it names several hosts; that is `redis+cluster://` or `redis+sentinel://`"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn path(&mut self, path: &str) -> Result<(), String> {
        let database = match &mut self.kind {
            Kind::Single => path,
            Kind::Cluster if path.is_empty() => "",
            Kind::Cluster => return Err("a cluster has no database numbers".to_owned()),
            Kind::Sentinel { master } => {
                let (name, database) = path.split_once('/').unwrap_or((path, ""));
                if name.is_empty() {
                    return Err(
                        "the name of the master is missing: `redis+sentinel://HOST/MASTER`"
                            .to_owned(),
                    );
                }
                name.clone_into(master);
                database
            }
        };
        if !database.is_empty() {
            self.database = database.parse().ok().filter(|n| *n >= 0).ok_or_else(|| {
                format!(
                    "`{}` is no database number, like `redis://HOST:6379/0`",
                    hint::shown(database)
                )
            })?;
        }
        Ok(())
    }

    fn option(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name {
            "ca" if self.tls => self.ca = Some(value.into()),
            "ca" => return Err("`ca` goes with TLS: `rediss://`".to_owned()),
            "namespace" => {
                let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                if value.is_empty() || value.len() > 64 || !value.chars().all(fits) {
                    return Err(format!(
                        "the namespace `{}` is not 1 to 64 letters, digits, `-`, `_` or `.`",
                        hint::shown(value)
                    ));
                }
                value.clone_into(&mut self.namespace);
            }
            "sentinel-login" => {
                self.sentinel_login = match value {
                    "same" => true,
                    "none" => false,
                    _ => return Err("`sentinel-login` is `same` or `none`".to_owned()),
                }
            }
            "timeout" => {
                let seconds = value.strip_suffix('s').unwrap_or(value).parse().ok();
                let seconds = seconds.filter(|s| (1..=600).contains(s));
                self.timeout = Duration::from_secs(
                    seconds.ok_or("`timeout` is 1 to 600 seconds, like `timeout=10s`")?,
                );
            }
            // Never shown: it could be half of a password with an `@` in it.
            _ => {
                return Err(match hint::nearest(name, OPTIONS) {
                    Some(near) => format!("it has an unknown option; did you mean `{near}`?"),
                    None => format!(
                        "it has an unknown option; known here: {}",
                        hint::list(OPTIONS)
                    ),
                });
            }
        }
        Ok(())
    }

    /// The hosts, as a person reads them.
    pub(super) fn shown(&self) -> String {
        let hosts = self
            .hosts
            .iter()
            .map(|(host, port)| format!("{host}:{port}"));
        hosts.collect::<Vec<_>>().join(", ")
    }
}

/// Undoes percent-encoding; `None` where a `%` begins none or the bytes are no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_url_is_read() {
        let url = "rediss://me:p%40ss/w@rd@cache:7000/3?namespace=team-a&timeout=5s";
        let address = Address::parse(url).unwrap();
        assert_eq!(address.kind, Kind::Single);
        assert!(address.tls);
        assert_eq!(address.hosts, [("cache".to_owned(), 7000)]);
        assert_eq!(address.user.as_deref(), Some("me"));
        assert_eq!(address.password.unwrap().expose(), "p@ss/w@rd");
        assert_eq!(
            (address.database, address.namespace.as_str()),
            (3, "team-a")
        );
        assert_eq!(address.timeout, Duration::from_secs(5));

        let address = Address::parse("redis+cluster://a,[::1]:7001").unwrap();
        assert_eq!(address.kind, Kind::Cluster);
        assert_eq!(address.shown(), "a:6379, ::1:7001");

        let address =
            Address::parse("redis+sentinel://:pw@a,b:1/main/2?sentinel-login=same").unwrap();
        let master = "main".to_owned();
        assert_eq!(address.kind, Kind::Sentinel { master });
        assert_eq!(
            (address.shown().as_str(), address.database),
            ("a:26379, b:1", 2)
        );
        assert!(address.user.is_none() && address.sentinel_login);
    }

    #[test]
    fn a_wrong_url_says_what_would_be_right_and_no_secret() {
        for (url, wanted) in [
            ("redis://", "a host is missing"),
            ("redis://h:x", "`x` is no port"),
            ("redis://h/x", "`x` is no database number"),
            ("redis://a,b", "`redis+cluster://` or `redis+sentinel://`"),
            ("redis://hunter2@h", "its user has no password"),
            ("redis://u:hunter2%@h", "write `%25` for `%`"),
            ("redis+cluster://h/1", "a cluster has no database numbers"),
            ("redis+sentinel://h", "the name of the master is missing"),
            ("redis://h?namspace=x", "did you mean `namespace`?"),
            ("redis://h?hunter2=x", "known here: `ca`, `namespace`"),
            ("redis://h?namespace={x}", "is not 1 to 64 letters"),
            ("redis://h?timeout=0", "1 to 600 seconds"),
            ("redis://h?ca=a.pem", "`rediss://`"),
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(error.contains(wanted), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{url}: {error}");
        }
    }
}
