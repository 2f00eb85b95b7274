//! A `pcf serve` of its own for one test.

use super::http::{Answer, request};
use super::ports::free_port;
use super::postgres::Postgres;
use super::redis::Redis;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const JWT_SECRET: &str = "a secret of thirty-two bytes for tests";
pub const PASSWORD: &str = "correct horse battery";

pub struct Server {
    child: Child,
    pub port: u16,
    pub metrics_port: u16,
    log: PathBuf,
}

impl Server {
    /// Migrates twice, then serves with `overrides` over the settings of development.
    pub fn start(postgres: &Postgres, redis: &Redis, overrides: &[(&str, &str)]) -> Self {
        for _ in 0..2 {
            let migrated = command(postgres, redis)
                .arg("migrate")
                .stdout(Stdio::null())
                .status();
            assert!(migrated.unwrap().success());
        }
        let (port, metrics_port) = (free_port(), free_port());
        let log = std::env::temp_dir().join(format!("pcf-{port}.log"));
        let child = command(postgres, redis)
            .env("PCF_API__SERVER__PORT", port.to_string())
            .env("PCF_API__METRICS__PORT", metrics_port.to_string())
            .envs(overrides.iter().copied())
            .stdout(fs::File::create(&log).unwrap())
            .spawn();
        let server = Self {
            child: child.unwrap(),
            port,
            metrics_port,
            log,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(10), "{}", server.log());
            sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        request(self.port, method, path, headers, &body)
    }

    pub fn health(&self) -> Answer {
        self.call("GET", "/health", &[], Value::Null)
    }

    /// A new user's session.
    pub fn session(&self, name: &str) -> Session<'_> {
        let user = json!({ "name": name, "password": PASSWORD });
        assert_eq!(self.call("POST", "/users", &[], user.clone()).status, 201);
        let session = self.call("POST", "/sessions", &[], user);
        assert_eq!(session.status, 201, "{:?}", session.body);
        Session {
            server: self,
            authorization: format!("Bearer {}", session.body["access_token"].as_str().unwrap()),
            refresh_token: session.body["refresh_token"].as_str().unwrap().to_owned(),
        }
    }

    /// What it wrote to standard output.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
    }

    /// The exit code, once it has ended.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// Requests with an access token.
pub struct Session<'s> {
    server: &'s Server,
    pub authorization: String,
    pub refresh_token: String,
}

impl Session<'_> {
    pub fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.server
            .call(method, path, &[("authorization", &self.authorization)], body)
    }

    /// A change of what has this version.
    pub fn put(&self, path: &str, version: &str, body: Value) -> Answer {
        let headers = [
            ("authorization", self.authorization.as_str()),
            ("if-match", version),
        ];
        self.server.call("PUT", path, &headers, body)
    }
}

/// The program with the settings of development and these servers.
pub fn command(postgres: &Postgres, redis: &Redis) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pcf"));
    command.env_clear().envs([
        ("PCF_ENVIRONMENT", "development"),
        ("PCF_CONFIG_DIR", concat!(env!("CARGO_MANIFEST_DIR"), "/config")),
        ("DATABASE_URL", &postgres.url()),
        ("REDIS_URL", &redis.url()),
        ("JWT_SECRET", JWT_SECRET),
    ]);
    command
}

/// `pcf add-user`; true when it made the user.
pub fn add_user(postgres: &Postgres, redis: &Redis, name: &str, password: &str) -> bool {
    let mut child = command(postgres, redis)
        .args(["add-user", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    child.wait().unwrap().success()
}
