//! /health, and `pcf health` that asks for it.

use crate::config::Plain;
use crate::server::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// For connecting and for each read and write of `pcf health`.
const ASK_LIMIT: Duration = Duration::from_secs(2);

#[derive(Serialize)]
pub struct Health {
    /// `ok`, `error` (no database) or `draining` (stopping).
    status: &'static str,
    timestamp: String,
    service: &'static str,
    version: &'static str,
    database: &'static str,
}

/// 200 when the service can work, 503 when the database is away or a stop began.
pub async fn answer(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let connected = app.database.answers().await;
    let (code, status) = match (app.is_draining(), connected) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "error"),
        (false, true) => (StatusCode::OK, "ok"),
    };
    let health = Health {
        status,
        timestamp: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        database: if connected { "connected" } else { "disconnected" },
    };
    (code, Json(health))
}

/// Exit 0 when the server on this host answers 200, else 1; the answer is printed.
pub fn ask(settings: Plain) -> ExitCode {
    let port = settings.server.port;
    match fetch(port) {
        Ok(answer) => {
            let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            println!("{body}");
            let well = answer.starts_with("HTTP/1.1 200 ");
            if well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("pcf: no answer on 127.0.0.1:{port}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn fetch(port: u16) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ASK_LIMIT)?;
    stream.set_read_timeout(Some(ASK_LIMIT))?;
    stream.set_write_timeout(Some(ASK_LIMIT))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(16 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}
