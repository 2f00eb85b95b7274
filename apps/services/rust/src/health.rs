//! /health, and the command that asks for it.

use crate::identity::{SERVICE, version};
use crate::serve::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const ASK_LIMIT: Duration = Duration::from_secs(4);

/// 200 while the database answers, else 503.
pub async fn answer(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let connected = app.database.answers().await;
    let code = if connected {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let health = json!({
        "status": if connected { "ok" } else { "error" },
        "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        "service": SERVICE,
        "version": version(),
        "database": if connected { "connected" } else { "disconnected" },
    });
    (code, Json(health))
}

/// Exit 0 when the server on this host answers 200, else 1; the answer is printed.
pub fn ask(port: u16) -> ExitCode {
    match fetch(port) {
        Ok(answer) => {
            println!("{}", answer.split_once("\r\n\r\n").map_or("", |(_, body)| body));
            ExitCode::from(u8::from(!answer.starts_with("HTTP/1.1 200 ")))
        }
        Err(error) => {
            eprintln!("{SERVICE}: no answer on 127.0.0.1:{port}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn fetch(port: u16) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ASK_LIMIT)?;
    stream.set_read_timeout(Some(ASK_LIMIT))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(16 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}
