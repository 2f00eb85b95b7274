//! Settings from a folder of their own and given variables.

use super::*;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

const JWT: &str = "canary-0123456789abcdef0123456789abcdef";
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A folder with one `production.toml`.
struct Folder(PathBuf);

impl Folder {
    fn new(content: &str) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("pcf-config-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("production.toml"), content).unwrap();
        Self(path)
    }

    fn read(&self, pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let mut variables: Variables = HashMap::from([
            ("PCF_CONFIG_DIR".into(), self.0.to_str().unwrap().into()),
            ("DATABASE_URL".into(), "postgres://pcf:pass-canary@db/pcf".into()),
            ("REDIS_URL".into(), "redis://pcf:pass-canary@redis:6379".into()),
            ("JWT_SECRET".into(), JWT.into()),
        ]);
        for (name, value) in pairs {
            variables.insert((*name).into(), (*value).into());
        }
        Settings::read(&variables).map_err(|problems| problems.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_variable_is_over_the_file_and_the_file_over_the_default() {
    let folder = Folder::new("[server]\nport = 8000\nproxies = 2\n[auth]\nregistration = true\n");
    let plain = folder.read(&[
        ("PCF_API__SERVER__PORT", "8001"),
        ("PCF_API__CACHE__TTL_SECONDS", ""),
    ]);
    let plain = plain.unwrap().plain;
    assert_eq!((plain.server.port, plain.server.proxies), (8001, 2));
    assert_eq!((plain.metrics_port, plain.auth.registration), (9090, true));
    assert_eq!(plain.cache.keep, Duration::from_secs(30));
}

#[test]
fn the_files_of_the_image_are_right() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    for (name, debug) in [("production", false), ("development", true)] {
        let variables = [("PCF_ENVIRONMENT", name), ("PCF_API__CONFIG_DIR", directory)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let plain = Plain::read(&HashMap::from(variables)).unwrap();
        assert_eq!(
            (plain.environment, plain.server.debug, plain.auth.registration),
            (name, debug, debug)
        );
    }
}

#[test]
fn debug_output_holds_no_secret() {
    let shown = format!("{:?}", Folder::new("").read(&[]).unwrap());
    assert!(
        !shown.contains("canary") && shown.contains("registration"),
        "{shown}"
    );
}

#[test]
fn every_problem_is_told_at_once_with_its_place_and_what_is_allowed() {
    let folder = Folder::new(
        "loose = 1\n[server]\nport = 70000\nhost = \"x\"\n[auth]\nregistration = \"maybe\"\nlist = []\n[mail]\nfrom = \"x\"\n",
    );
    let text = folder
        .read(&[
            ("PCF_API__DATABASE__MAX_CONNECTIONS", "many"),
            ("PCF_API__CACHE__SIZE", "1"),
            ("PCF_API__PORT", "1"),
            ("RUST_LOG", "loud=very"),
            ("JWT_SECRET", "short"),
            ("DATABASE_URL", ""),
            ("REDIS_URL", "http://canary"),
        ])
        .unwrap_err();
    let file = folder.0.join("production.toml");
    let file = file.display();
    for line in [
        format!("{file}: loose: is in no section; allowed: keys below a [section]"),
        format!("{file}: [server] port: \"70000\" is no whole number in range; allowed: 1 to 65535"),
        format!("{file}: [server] host: is unknown; allowed in [server]: port, workers, drain_delay_ms"),
        format!("{file}: [auth] registration: \"maybe\" is unknown; allowed: true, false"),
        format!("{file}: [auth] list: is no plain value"),
        format!(
            "{file}: [mail] from: is unknown; allowed sections: auth, cache, database, log, metrics, server"
        ),
        "PCF_API__DATABASE__MAX_CONNECTIONS: \"many\" is no whole number".into(),
        "PCF_API__CACHE__SIZE: is unknown; allowed in [cache]: ttl_seconds, timeout_ms".into(),
        "PCF_API__PORT: names no setting; allowed: PCF_API__SECTION__KEY".into(),
        "RUST_LOG: \"loud=very\" is no log filter".into(),
        "JWT_SECRET: is 5 bytes long; allowed: 32 and more".into(),
        "DATABASE_URL: is missing or empty; fix: name a file that holds it in DATABASE_URL_FILE".into(),
        "REDIS_URL: is no URL of Redis".into(),
    ] {
        assert!(
            text.contains(&format!("\n  {line}")),
            "{line} is missing in:\n{text}"
        );
    }
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn a_wrong_environment_file_or_syntax_is_told() {
    let folder = Folder::new("[server\n");
    assert!(
        folder
            .read(&[])
            .unwrap_err()
            .contains("production.toml: is not TOML")
    );
    let text = folder.read(&[("PCF_ENVIRONMENT", "staging")]).unwrap_err();
    assert!(
        text.contains("PCF_ENVIRONMENT: \"staging\" is unknown; allowed: development, production"),
        "{text}"
    );
    let text = folder.read(&[("PCF_ENVIRONMENT", "development")]).unwrap_err();
    assert!(text.contains("development.toml: can't be read"), "{text}");
    let text = Folder::new("[server]\nport = 9090\n").read(&[]).unwrap_err();
    assert!(
        text.contains("[metrics] port: is 9090, as [server] port is"),
        "{text}"
    );
}

#[test]
fn secrets_come_from_files_without_their_last_newline() {
    let folder = Folder::new("");
    let path = folder.0.join("jwt");
    fs::write(&path, format!("{JWT}\n")).unwrap();
    let file = ("JWT_SECRET_FILE", path.to_str().unwrap());
    assert_eq!(
        folder
            .read(&[("JWT_SECRET", ""), file])
            .unwrap()
            .jwt_secret
            .expose(),
        JWT
    );

    let text = folder.read(&[file]).unwrap_err();
    assert!(
        text.contains("JWT_SECRET and JWT_SECRET_FILE are both set"),
        "{text}"
    );
    let text = folder
        .read(&[("JWT_SECRET", ""), ("JWT_SECRET_FILE", "/does/not/exist")])
        .unwrap_err();
    assert!(text.contains("JWT_SECRET_FILE: /does/not/exist"), "{text}");
    let text = folder
        .read(&[("JWT_SECRET", ""), ("JWT_SECRET_FILE", JWT)])
        .unwrap_err();
    assert!(!text.contains("canary"), "{text}");
}
