//! How it runs: settings, health, logs, the stop.

use super::http::request;
use super::postgres::Postgres;
use super::redis::Redis;
use super::server::{Server, command};
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

#[test]
#[ignore = "starts Postgres and Redis"]
fn health_follows_the_database_without_a_restart() {
    let (mut postgres, redis) = (Postgres::start(), Redis::start());
    let server = Server::start(&postgres, &redis, &[]);
    let ada = server.session("ada");
    let well = server.health();
    assert_eq!(well.status, 200);
    assert_eq!(
        (&well.body["status"], &well.body["database"]),
        (&"ok".into(), &"connected".into())
    );
    assert_eq!(
        (&well.body["service"], &well.body["version"]),
        (&"pcf".into(), &"0.1.0".into())
    );
    assert!(well.body["timestamp"].as_str().unwrap().ends_with('Z'));

    postgres.stop();
    let started = Instant::now();
    let lost = server.health();
    assert_eq!(
        (lost.status, &lost.body["database"]),
        (503, &"disconnected".into())
    );
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(
        ada.call("GET", "/projects", Value::Null).code(),
        (503, "UNAVAILABLE")
    );
    let asked = command(&postgres, &redis)
        .env("PCF_API__SERVER__PORT", server.port.to_string())
        .arg("health")
        .output();
    assert_eq!(asked.unwrap().status.code(), Some(1));

    postgres.resume();
    let again = server.health();
    assert_eq!(
        (again.status, &again.body["database"]),
        (200, &"connected".into())
    );
    assert_eq!(ada.call("GET", "/projects", Value::Null).status, 200);
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn behind_a_link_of_300_ms_it_becomes_well_and_answers() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let url = postgres.url_behind(Duration::from_millis(300));
    let server = Server::start(&postgres, &redis, &[("DATABASE_URL", &url)]);
    // To connect takes longer than /health waits: what one probe began serves the next.
    let codes: Vec<u16> = (0..8).map(|_| server.health().status).collect();
    assert_eq!(codes[4..], [200; 4], "{codes:?}");
    server.session("ada");
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn a_stop_answers_what_is_in_flight_and_tells_health_at_once() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let server = Server::start(&postgres, &redis, &[("PCF_API__SERVER__DRAIN_DELAY_MS", "1000")]);
    thread::scope(|scope| {
        let slow = scope.spawn(|| server.call("GET", "/slow?ms=3000", &[], Value::Null));
        thread::sleep(Duration::from_millis(300));
        server.terminate();
        thread::sleep(Duration::from_millis(100));
        let draining = server.health();
        assert_eq!(
            (draining.status, &draining.body["status"]),
            (503, &"draining".into())
        );
        assert_eq!(slow.join().unwrap().status, 200);
    });
    let log = server.log();
    let started = Instant::now();
    assert_eq!(server.wait(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(3));
    // Each line is one JSON object.
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap().is_object(), "{line}");
    }
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn variables_override_the_file_and_proxies_tell_the_client() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let server = Server::start(
        &postgres,
        &redis,
        &[
            ("PCF_API__SERVER__DEBUG", "false"),
            ("PCF_API__SERVER__PROXIES", "2"),
            ("PCF_API__LOG__FILTER", "info"),
        ],
    );
    // The file of development says true.
    assert_eq!(server.call("GET", "/slow?ms=1", &[], Value::Null).status, 404);
    let headers = [
        ("x-forwarded-for", "203.0.113.9, 10.1.2.3"),
        ("x-forwarded-proto", "https"),
    ];
    server.call("GET", "/projects", &headers, Value::Null);
    let log = server.log();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = lines
        .into_iter()
        .find(|line| line["route"] == "/projects")
        .expect("a line for the request");
    assert_eq!(
        (&told["client"], &told["scheme"]),
        (&"203.0.113.9".into(), &"https".into())
    );
    assert_eq!((&told["method"], &told["status"]), (&"GET".into(), &401.into()));
    assert_eq!(request(server.port, "GET", "/metrics", &[], "").status, 404);
    assert_eq!(
        request(server.metrics_port, "GET", "/metrics", &[], "").status,
        200
    );
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn wrong_settings_and_a_taken_port_stop_it_with_their_codes() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let run = |name: &str, value: &str| {
        let output = command(&postgres, &redis).env(name, value).output().unwrap();
        let texts = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(texts).unwrap())
    };
    let (code, text) = run("PCF_API__SERVER__PORT", "eighty");
    assert_eq!(code, Some(78));
    assert!(
        text.contains("PCF_API__SERVER__PORT: \"eighty\" is no whole number in range; allowed: 1 to 65535"),
        "{text}"
    );
    let (code, text) = run("PCF_ENVIRONMENT", "staging");
    assert_eq!(code, Some(78));
    assert!(text.contains("allowed: development, production"), "{text}");
    let (code, text) = run("PCF_API__SERVER__PORT", &redis.port.to_string());
    assert_eq!(code, Some(1));
    assert!(text.contains(&format!("port {}: ", redis.port)), "{text}");
}
