//! A Redis of its own for one test, from the program of the machine.

use super::ports::free_port;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub struct Redis {
    port: u16,
    server: Option<Child>,
}

impl Redis {
    pub fn start() -> Self {
        let mut redis = Self {
            port: free_port(),
            server: None,
        };
        redis.resume();
        redis
    }

    /// Starts it, after `stop` without its data.
    pub fn resume(&mut self) {
        let port = self.port.to_string();
        let server = Command::new("redis-server")
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--requirepass",
                "test",
            ])
            .stdout(Stdio::null())
            .spawn();
        self.server = Some(server.expect("redis-server is in the PATH"));
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "Redis does not listen"
            );
            sleep(Duration::from_millis(20));
        }
    }

    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    pub fn url(&self) -> String {
        format!("redis://:test@127.0.0.1:{}", self.port)
    }

    /// Redis's answer to commands in their inline form, a line each.
    pub fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "AUTH test\r\n{command}\r\nQUIT\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
