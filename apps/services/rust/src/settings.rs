//! Settings from the environment; all that is wrong is told at once, and no value that may be secret.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::collections::HashMap;
use std::fs;
use tracing_subscriber::filter::LevelFilter;

pub type Variables = HashMap<String, String>;

/// A line for each thing that is wrong.
#[derive(Debug)]
pub struct Problems(pub Vec<String>);

pub struct Settings {
    /// Port of the API; 8080 by default.
    pub port: u16,
    /// Port of /metrics alone, 9090 by default: no route leads to it.
    pub metrics_port: u16,
    pub database: PgConnectOptions,
    /// `None`: every read goes to the database.
    pub cache: Option<CacheSettings>,
    pub log: LevelFilter,
}

pub struct CacheSettings {
    pub client: redis::Client,
    /// What all keys begin with.
    pub prefix: String,
}

/// What `serve` needs.
pub fn serve(variables: &Variables) -> Result<Settings, Problems> {
    let mut reader = Reader::new(variables);
    let port = reader.port("PORT", 8080);
    let metrics_port = reader.port("METRICS_PORT", 9090);
    let database = reader.database();
    let cache = reader.cache();
    let log = reader.log();
    if port == metrics_port {
        reader.problem("METRICS_PORT", "is the same as PORT; allowed: another port");
    }
    reader.finish(database.map(|database| Settings {
        port,
        metrics_port,
        database,
        cache,
        log,
    }))
}

/// What `migrate` needs.
pub fn database(variables: &Variables) -> Result<PgConnectOptions, Problems> {
    let mut reader = Reader::new(variables);
    let database = reader.database();
    reader.finish(database)
}

/// What `health` needs.
pub fn port(variables: &Variables) -> Result<u16, Problems> {
    let mut reader = Reader::new(variables);
    let port = reader.port("PORT", 8080);
    reader.finish(Some(port))
}

struct Reader<'v> {
    variables: &'v Variables,
    problems: Vec<String>,
}

impl<'v> Reader<'v> {
    fn new(variables: &'v Variables) -> Self {
        Self {
            variables,
            problems: Vec::new(),
        }
    }

    fn finish<S>(self, settings: Option<S>) -> Result<S, Problems> {
        settings
            .filter(|_| self.problems.is_empty())
            .ok_or(Problems(self.problems))
    }

    fn problem(&mut self, name: &str, what: &str) {
        self.problems.push(format!("{name}: {what}"));
    }

    /// An empty value counts as not set.
    fn text(&self, name: &str) -> Option<&'v str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    fn port(&mut self, name: &str, default: u16) -> u16 {
        let Some(text) = self.text(name) else {
            return default;
        };
        text.parse().ok().filter(|port| *port != 0).unwrap_or_else(|| {
            self.problem(name, &format!("is {text:?}; allowed: a port from 1 to 65535"));
            default
        })
    }

    fn log(&mut self) -> LevelFilter {
        let text = self.text("LOG_LEVEL").unwrap_or("info");
        match text {
            "debug" => LevelFilter::DEBUG,
            "info" => LevelFilter::INFO,
            "warn" => LevelFilter::WARN,
            "error" => LevelFilter::ERROR,
            _ => {
                self.problem(
                    "LOG_LEVEL",
                    &format!("is {text:?}; allowed: debug, info, warn, error"),
                );
                LevelFilter::INFO
            }
        }
    }

    fn database(&mut self) -> Option<PgConnectOptions> {
        let Some(url) = self.secret("DATABASE_URL").ok()? else {
            self.problem(
                "DATABASE_URL",
                "is missing; set it, or DATABASE_URL_FILE to a file that holds it",
            );
            return None;
        };
        let known = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let Some(options) = url.parse::<PgConnectOptions>().ok().filter(|_| known) else {
            let allowed = "is no such URL; allowed: postgres://USER:PASSWORD@HOST:5432/DATABASE";
            self.problem("DATABASE_URL", allowed);
            return None;
        };
        if !matches!(
            options.get_ssl_mode(),
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer
        ) {
            let what = "asks for TLS by sslmode, which this build has not; allowed: disable, allow, prefer";
            self.problem("DATABASE_URL", what);
        }
        Some(options)
    }

    fn cache(&mut self) -> Option<CacheSettings> {
        let url = self.secret("REDIS_URL").ok()??;
        let prefix = self.text("REDIS_PREFIX");
        if prefix.is_none() {
            let what =
                "is missing, and REDIS_URL is set; allowed: what all keys begin with, for example notes:";
            self.problem("REDIS_PREFIX", what);
        }
        match redis::Client::open(url) {
            Ok(client) => Some(CacheSettings {
                client,
                prefix: prefix?.into(),
            }),
            Err(_) => {
                self.problem(
                    "REDIS_URL",
                    "is no such URL; allowed: redis://USER:PASSWORD@HOST:6379",
                );
                None
            }
        }
    }

    /// The value of NAME, or of the file that NAME_FILE names.
    fn secret(&mut self, name: &str) -> Result<Option<String>, ()> {
        let file_name = format!("{name}_FILE");
        let file = match (self.text(name), self.text(&file_name)) {
            (Some(_), Some(_)) => {
                self.problem(
                    name,
                    &format!("is set, and {file_name} too; allowed: one of the two"),
                );
                return Err(());
            }
            (plain, None) => return Ok(plain.map(str::to_owned)),
            (None, Some(file)) => file,
        };
        let problem = match fs::read_to_string(file) {
            Ok(text) if !text.trim_end().is_empty() => return Ok(Some(text.trim_end().into())),
            Ok(_) => format!("names an empty file, {file}"),
            Err(error) => format!("names a file that can't be read, {file} ({error})"),
        };
        self.problem(&file_name, &problem);
        Err(())
    }
}
