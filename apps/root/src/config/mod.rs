//! The settings, read from the environment once; all problems are told at once.

mod address;
mod reader;
mod secret;

pub use address::Address;
pub use reader::Problems;
pub use secret::Secret;

use reader::Reader;
use std::time::Duration;
use tracing_subscriber::filter::Targets;

/// Shortest ROOT_SECRET, in bytes.
const SHORTEST_SECRET: usize = 16;
/// How long after SIGTERM new requests are still taken, in milliseconds.
const DRAIN_DELAY_DEFAULT_MS: u64 = 3_000;
/// Longest drain delay, in milliseconds: it is part of the 25 s that a stop may take.
const DRAIN_DELAY_LONGEST_MS: u64 = 20_000;
const PORT_DEFAULT: u16 = 3000;

/// Where the service runs; `Development` opens the debugging endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Production,
    Development,
}

/// What `root serve` needs.
#[derive(Debug)]
pub struct Settings {
    pub stage: Stage,
    pub port: u16,
    /// A port of its own for /metrics; `None`: on `port`.
    pub metrics_port: Option<u16>,
    pub drain_delay: Duration,
    pub secret: Secret,
    pub database: Address,
    pub log: Targets,
}

/// What `root migrate` needs: no secret but the database's.
#[derive(Debug)]
pub struct MigrationSettings {
    pub database: Address,
    pub log: Targets,
}

impl Settings {
    pub fn from_environment() -> Result<Self, Problems> {
        Self::read(&mut Reader::from_environment())
    }

    fn read(reader: &mut Reader) -> Result<Self, Problems> {
        let stage = reader.choice(
            "RUST_ENV",
            Stage::Production,
            &[
                ("production", Stage::Production),
                ("development", Stage::Development),
            ],
        );
        let port = reader.port("ROOT_PORT", Some(PORT_DEFAULT));
        let metrics_port = reader.port("METRICS_PORT", None).filter(|p| Some(*p) != port);
        let drain = reader.number(
            "ROOT_DRAIN_DELAY_MS",
            DRAIN_DELAY_DEFAULT_MS,
            0..=DRAIN_DELAY_LONGEST_MS,
        );
        let secret = reader.required_secret("ROOT_SECRET", SHORTEST_SECRET);
        let database = Address::read(reader);
        let log = read_log(reader);
        reader.finish(|| {
            Some(Self {
                stage: stage?,
                port: port?,
                metrics_port,
                drain_delay: Duration::from_millis(drain?),
                secret: secret?,
                database: database?,
                log: log?,
            })
        })
    }
}

impl MigrationSettings {
    pub fn from_environment() -> Result<Self, Problems> {
        let mut reader = Reader::from_environment();
        let database = Address::read(&mut reader);
        let log = read_log(&mut reader);
        reader.finish(|| {
            Some(Self {
                database: database?,
                log: log?,
            })
        })
    }
}

/// What `root health` needs.
pub fn port_from_environment() -> Result<u16, Problems> {
    let mut reader = Reader::from_environment();
    let port = reader.port("ROOT_PORT", Some(PORT_DEFAULT));
    reader.finish(|| port)
}

fn read_log(reader: &mut Reader) -> Option<Targets> {
    let text = reader.text("RUST_LOG").unwrap_or_else(|| "info".into());
    let parsed = text.parse().ok();
    if parsed.is_none() {
        reader.problem(
            "RUST_LOG",
            format!(
                "{text:?} is no log filter; allowed: a level (error, warn, info, debug, trace) \
                 or target=level pairs with commas between; example: info,sqlx=warn"
            ),
        );
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const SECRET: &str = "canary-0123456789abcdef";

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(&mut Reader::from_pairs(pairs)).map_err(|problems| problems.to_string())
    }

    fn parts<'a>() -> Vec<(&'a str, &'a str)> {
        vec![
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_USER", "root_user"),
            ("POSTGRES_DB", "root_db"),
            ("POSTGRES_PASSWORD", "pass-canary"),
            ("ROOT_SECRET", SECRET),
        ]
    }

    #[test]
    fn defaults_are_production_and_port_3000() {
        let settings = read(&parts()).unwrap();
        assert_eq!(settings.stage, Stage::Production);
        assert_eq!((settings.port, settings.metrics_port), (3000, None));
        assert_eq!(settings.drain_delay, Duration::from_secs(3));
        assert_eq!(settings.database.port, 5432);
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let shown = format!("{:?}", read(&parts()).unwrap());
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("root_user"));
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let text = read(&[
            ("RUST_ENV", "staging"),
            ("ROOT_PORT", "70000"),
            ("METRICS_PORT", "x"),
            ("ROOT_DRAIN_DELAY_MS", "99999"),
            ("ROOT_SECRET", "short"),
            ("POSTGRES_PORT", "0"),
            ("RUST_LOG", "loud=very"),
        ])
        .unwrap_err();
        for name in [
            "RUST_ENV",
            "ROOT_PORT",
            "METRICS_PORT",
            "ROOT_DRAIN_DELAY_MS",
            "ROOT_SECRET",
            "RUST_LOG",
            "POSTGRES_HOST",
            "POSTGRES_PORT",
            "POSTGRES_USER",
            "POSTGRES_DB",
            "POSTGRES_PASSWORD",
        ] {
            assert!(
                text.contains(&format!("\n  {name}")),
                "{name} is missing in:\n{text}"
            );
        }
        assert!(!text.contains("short\""), "{text}");
    }

    #[test]
    fn a_metrics_port_like_the_main_one_means_no_second_listener() {
        let mut pairs = parts();
        pairs.push(("METRICS_PORT", "3000"));
        assert_eq!(read(&pairs).unwrap().metrics_port, None);
        pairs[5] = ("METRICS_PORT", "9090");
        assert_eq!(read(&pairs).unwrap().metrics_port, Some(9090));
    }

    #[test]
    fn secrets_come_from_files_without_their_last_newline() {
        let path = std::env::temp_dir().join(format!("root-secret-{}", std::process::id()));
        fs::write(&path, format!("{SECRET}\n")).unwrap();
        let file = path.to_str().unwrap();
        let mut pairs = parts();
        pairs[4] = ("ROOT_SECRET_FILE", file);
        assert_eq!(
            read(&pairs).unwrap().secret.expose().as_bytes(),
            SECRET.as_bytes()
        );

        pairs.push(("ROOT_SECRET", SECRET));
        let text = read(&pairs).unwrap_err();
        assert!(
            text.contains("ROOT_SECRET and ROOT_SECRET_FILE are both set"),
            "{text}"
        );
        assert!(!text.contains(SECRET));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_missing_file_and_a_secret_in_place_of_a_path_are_refused() {
        let mut pairs = parts();
        pairs[4] = ("ROOT_SECRET_FILE", "/does/not/exist");
        assert!(read(&pairs).unwrap_err().contains("/does/not/exist"));
        pairs[4] = ("ROOT_SECRET_FILE", SECRET);
        assert!(!read(&pairs).unwrap_err().contains("canary"));
    }
}
