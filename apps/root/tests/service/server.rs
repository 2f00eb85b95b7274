//! A `root serve` of its own for one test, and a small HTTP client.

use serde_json::{Value, json};
use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const SECRET: &str = "a secret for tests only";

pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    /// Migrates twice, then serves on `port`.
    pub fn start(port: u16, database_url: &str) -> Self {
        for _ in 0..2 {
            let status = command(port, database_url)
                .arg("migrate")
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
        }
        Self::start_unmigrated(port, database_url)
    }

    pub fn start_unmigrated(port: u16, database_url: &str) -> Self {
        let mut child = command(port, database_url);
        let server = Self {
            child: child.stdout(Stdio::null()).spawn().unwrap(),
            port,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "the server does not listen"
            );
            sleep(Duration::from_millis(50));
        }
        server
    }

    /// Status and body of one request on a connection of its own.
    pub fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    pub fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let (status, body) = self.request("POST", "/graphql", &body);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
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
    }
}

/// TEST_DATABASE_URL: an empty database that the tests may fill.
pub fn database_url() -> String {
    env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names a database for tests")
}

fn command(port: u16, database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_root"));
    command.env_clear().envs([
        ("DATABASE_URL", database_url),
        ("ROOT_SECRET", SECRET),
        ("ROOT_PORT", &port.to_string()),
        ("ROOT_DRAIN_DELAY_MS", "1000"),
        ("RUST_ENV", "development"),
    ]);
    command
}
