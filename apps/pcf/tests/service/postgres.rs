//! A Postgres of its own for one test, from the programs of the machine.

use super::ports::free_port;
use super::slow_link::slow_link;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PASSWORD: &str = "of-the-tests";

pub struct Postgres {
    directory: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// An empty cluster that runs. Postgres refuses to run as root: so must the tests be run by another user.
    pub fn start() -> Self {
        let port = free_port();
        let directory = env::temp_dir().join(format!("pcf-postgres-{port}"));
        let password = env::temp_dir().join(format!("pcf-postgres-{port}-password"));
        fs::write(&password, PASSWORD).unwrap();
        let made = program("initdb")
            .args([
                "--no-sync",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--username=pcf",
                "--encoding=UTF8",
                "--pwfile",
            ])
            .arg(&password)
            .arg("--pgdata")
            .arg(&directory)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        fs::remove_file(password).unwrap();
        let mut postgres = Self {
            directory,
            port,
            server: None,
        };
        postgres.resume();
        postgres
    }

    /// Starts it, after `stop` with the same data.
    pub fn resume(&mut self) {
        let socket = self.directory.to_str().unwrap();
        let port = self.port.to_string();
        let server = program("postgres")
            .args(["-D", socket, "-k", socket, "-p", &port, "-c", "fsync=off"])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.server = Some(server.unwrap());
        let started = Instant::now();
        while !self.answers() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "Postgres does not answer"
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once, with all connections.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        let _ = Command::new("kill")
            .args(["-INT", &server.id().to_string()])
            .status();
        let _ = server.wait();
    }

    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Over a link on which each answer takes `latency`: three of them connect, with the password's exchange.
    pub fn url_behind(&self, latency: Duration) -> String {
        url(slow_link(self.port, latency))
    }

    /// What `psql` prints for the statements, without headers.
    pub fn sql(&self, statements: &str) -> String {
        let output = program("psql")
            .args([&self.url(), "-XqtA", "-v", "ON_ERROR_STOP=1", "-c", statements])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statements}: {stderr}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn answers(&self) -> bool {
        let ready = program("pg_isready").args(["-q", "-d", &self.url()]).status();
        ready.unwrap().success()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn url(port: u16) -> String {
    format!("postgres://pcf:{PASSWORD}@127.0.0.1:{port}/postgres")
}

/// Debian keeps the server's programs out of the PATH, by version.
fn program(name: &str) -> Command {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let found = versions
        .map(|version| version.path().join("bin").join(name))
        .find(|path| path.exists());
    Command::new(found.as_deref().unwrap_or(Path::new(name)))
}
