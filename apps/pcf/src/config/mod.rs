//! The settings, read once; all problems are told at once.

mod address;
mod layers;
mod problems;
mod secret;
mod secrets;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use problems::Problems;
pub use secret::Secret;

use layers::Layers;
use std::collections::HashMap;
use std::env;
use std::path::Path;
use std::time::Duration;
use tracing_subscriber::filter::Targets;

const DIRECTORY_DEFAULT: &str = "/opt/pcf/config";
const ENVIRONMENTS: [&str; 2] = ["development", "production"];
/// Two names each; the second has the form of an override.
const ENVIRONMENT: [&str; 2] = ["PCF_ENVIRONMENT", "PCF_API__ENVIRONMENT"];
const DIRECTORY: [&str; 2] = ["PCF_CONFIG_DIR", "PCF_API__CONFIG_DIR"];
/// Shortest JWT_SECRET, in bytes: as long as what HMAC-SHA256 gives.
const SHORTEST_JWT_SECRET: usize = 32;

pub type Variables = HashMap<String, String>;

/// The settings that are no secret: what every command needs.
#[derive(Debug)]
pub struct Plain {
    pub environment: &'static str,
    pub server: Server,
    pub metrics_port: u16,
    pub database: DatabaseLimits,
    pub cache: CacheLimits,
    pub auth: Auth,
    pub log: Targets,
}

#[derive(Debug)]
pub struct Server {
    pub port: u16,
    /// Threads; 0: one for each core.
    pub workers: usize,
    /// How long after SIGTERM new requests are still taken.
    pub drain_delay: Duration,
    /// Largest request body, in bytes.
    pub body_limit: usize,
    /// Trusted proxies in front, each of which adds to X-Forwarded-For.
    pub proxies: usize,
    /// Opens /slow.
    pub debug: bool,
}

#[derive(Debug)]
pub struct DatabaseLimits {
    pub connections: u32,
    pub acquire: Duration,
    pub statement: Duration,
}

#[derive(Debug)]
pub struct CacheLimits {
    pub keep: Duration,
    pub answer: Duration,
}

#[derive(Debug)]
pub struct Auth {
    pub access: Duration,
    pub refresh: Duration,
    /// Anybody may make a user.
    pub registration: bool,
}

/// What `pcf serve` needs.
#[derive(Debug)]
pub struct Settings {
    pub plain: Plain,
    pub address: Address,
    pub redis_url: Secret,
    pub redis_prefix: String,
    pub jwt_secret: Secret,
}

/// What `pcf migrate` and `pcf add-user` need: no secret but the database's.
#[derive(Debug)]
pub struct DatabaseSettings {
    pub plain: Plain,
    pub address: Address,
}

impl Settings {
    pub fn read(variables: &Variables) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let plain = read_plain(variables, &mut problems);
        let address = read_address(variables, &mut problems);
        let redis_url = secrets::required(variables, "REDIS_URL", 1, &mut problems);
        if redis_url
            .as_ref()
            .is_some_and(|url| redis::Client::open(url.expose()).is_err())
        {
            problems.add(
                "REDIS_URL",
                "is no URL of Redis; allowed: redis://USER:PASSWORD@HOST:6379/0",
            );
        }
        let jwt_secret = secrets::required(variables, "JWT_SECRET", SHORTEST_JWT_SECRET, &mut problems);
        let prefix = text(variables, "REDIS_PREFIX").unwrap_or("pcf:").to_owned();
        let settings = || {
            Some(Self {
                plain: plain?,
                address: address?,
                redis_url: redis_url?,
                redis_prefix: prefix,
                jwt_secret: jwt_secret?,
            })
        };
        problems.unless(settings())
    }
}

impl DatabaseSettings {
    pub fn read(variables: &Variables) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let plain = read_plain(variables, &mut problems);
        let address = read_address(variables, &mut problems);
        problems.unless(plain.zip(address).map(|(plain, address)| Self { plain, address }))
    }
}

impl Plain {
    /// What `pcf health` needs.
    pub fn read(variables: &Variables) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let plain = read_plain(variables, &mut problems);
        problems.unless(plain)
    }
}

/// The process's variables.
pub fn variables() -> Variables {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// The variable's value; an empty one counts as not set.
fn text<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

fn first<'a>(variables: &'a Variables, names: [&'static str; 2]) -> Option<(&'static str, &'a str)> {
    names
        .into_iter()
        .find_map(|name| text(variables, name).map(|value| (name, value)))
}

fn read_address(variables: &Variables, problems: &mut Problems) -> Option<Address> {
    let url = secrets::required(variables, "DATABASE_URL", 1, problems)?;
    match address::parse(&url) {
        Ok(address) => Some(address),
        Err(told) => {
            told.iter()
                .for_each(|problem| problems.add("DATABASE_URL", problem));
            None
        }
    }
}

fn read_plain(variables: &Variables, problems: &mut Problems) -> Option<Plain> {
    let (name, word) = first(variables, ENVIRONMENT).unwrap_or((ENVIRONMENT[0], "production"));
    let Some(environment) = ENVIRONMENTS.into_iter().find(|known| *known == word) else {
        problems.add(
            name,
            format!("{word:?} is unknown; allowed: {}", ENVIRONMENTS.join(", ")),
        );
        return None;
    };
    let (_, directory) = first(variables, DIRECTORY).unwrap_or(("", DIRECTORY_DEFAULT));
    let mut layers = Layers::default();
    layers.add_file(
        &Path::new(directory).join(format!("{environment}.toml")),
        problems,
    );
    layers.add_variables(variables, &[ENVIRONMENT[1], DIRECTORY[1]], problems);
    let mut number = |key, default, from, to| layers.number(key, default, from..=to, problems);
    let milliseconds = Duration::from_millis;
    let seconds = Duration::from_secs;
    let port = number(("server", "port"), 8080, 1, 65535) as u16;
    let workers = number(("server", "workers"), 0, 0, 64) as usize;
    // It is part of the 25 s that a stop may take.
    let drain_delay = milliseconds(number(("server", "drain_delay_ms"), 3000, 0, 20_000));
    let body_limit = number(("server", "body_limit_kib"), 64, 1, 1024) as usize * 1024;
    let proxies = number(("server", "proxies"), 1, 0, 5) as usize;
    let metrics_port = number(("metrics", "port"), 9090, 1, 65535) as u16;
    let database = DatabaseLimits {
        connections: number(("database", "max_connections"), 10, 1, 100) as u32,
        acquire: milliseconds(number(("database", "acquire_timeout_ms"), 5000, 100, 10_000)),
        statement: milliseconds(number(("database", "statement_timeout_ms"), 5000, 100, 10_000)),
    };
    let cache = CacheLimits {
        keep: seconds(number(("cache", "ttl_seconds"), 30, 1, 3600)),
        answer: milliseconds(number(("cache", "timeout_ms"), 500, 50, 5000)),
    };
    let access = seconds(number(("auth", "access_seconds"), 900, 1, 86_400));
    let refresh = seconds(number(("auth", "refresh_seconds"), 1_209_600, 1, 7_776_000));
    let debug = layers.flag(("server", "debug"), false, problems);
    let registration = layers.flag(("auth", "registration"), false, problems);
    let log = read_log(variables, &mut layers, problems);
    layers.refuse_the_rest(problems);
    if port == metrics_port {
        problems.add(
            "[metrics] port",
            format!("is {port}, as [server] port is; allowed: another one"),
        );
    }
    Some(Plain {
        environment,
        server: Server {
            port,
            workers,
            drain_delay,
            body_limit,
            proxies,
            debug,
        },
        metrics_port,
        database,
        cache,
        auth: Auth {
            access,
            refresh,
            registration,
        },
        log: log?,
    })
}

/// RUST_LOG is over the setting, as in other programs in Rust.
fn read_log(variables: &Variables, layers: &mut Layers, problems: &mut Problems) -> Option<Targets> {
    let setting = layers.text("log", "filter");
    let variable = text(variables, "RUST_LOG").map(|filter| (filter.to_owned(), "RUST_LOG".to_owned()));
    let (filter, origin) = variable
        .or(setting)
        .unwrap_or_else(|| ("info".into(), String::new()));
    let parsed = filter.parse().ok();
    if parsed.is_none() {
        let allowed =
            "allowed: a level (error, warn, info, debug, trace) or target=level pairs with commas between";
        problems.add(
            origin,
            format!("{filter:?} is no log filter; {allowed}; example: info,sqlx=warn"),
        );
    }
    parsed
}
