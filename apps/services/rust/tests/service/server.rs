//! A server of its own for one test.

use super::http::{Answer, request};
use super::ports::free_port;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub struct Server {
    child: Child,
    pub port: u16,
    pub metrics_port: u16,
    log: PathBuf,
}

impl Server {
    /// Migrates, then serves.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        assert!(run(&["migrate"], variables).0 == Some(0));
        Self::serve(variables)
    }

    pub fn serve(variables: &[(&str, &str)]) -> Self {
        let (port, metrics_port) = (free_port(), free_port());
        let log = std::env::temp_dir().join(format!("service-{port}.log"));
        let child = command(&[], variables)
            .env("PORT", port.to_string())
            .env("METRICS_PORT", metrics_port.to_string())
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

    pub fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        request(self.port, method, path, body)
    }

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

/// Exit code and all output of a command.
pub fn run(words: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = command(words, variables).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn command(words: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
    command.args(words).env_clear().envs(variables.iter().copied());
    command
}
