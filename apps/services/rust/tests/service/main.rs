//! The service with a Postgres and a Redis of its own for each test.

mod http;
mod ports;
mod postgres;
mod redis;
mod server;
mod slow_link;

use postgres::Postgres;
use redis::Redis;
use serde_json::{Value, json};
use server::{Server, run};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

fn add(server: &Server, title: &str) -> String {
    let added = server.call(
        "POST",
        "/notes",
        &json!({ "title": title, "body": "text" }).to_string(),
    );
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.header("location"), format!("/notes/{}", added.id()));
    format!("/notes/{}", added.id())
}

#[test]
fn wrong_settings_stop_the_start_with_78_and_all_names_and_show_no_secret() {
    let (code, text) = run(
        &["serve"],
        &[
            ("PORT", "70000"),
            ("METRICS_PORT", "x"),
            ("LOG_LEVEL", "loud"),
            ("DATABASE_URL", "mysql://canary@db/x"),
            ("REDIS_URL", "http://canary"),
        ],
    );
    assert_eq!(code, Some(78));
    for name in [
        "PORT",
        "METRICS_PORT",
        "LOG_LEVEL",
        "DATABASE_URL",
        "REDIS_URL",
        "REDIS_PREFIX",
    ] {
        assert!(
            text.contains(&format!("\n  {name}: ")),
            "{name} is missing in {text}"
        );
    }
    assert!(!text.contains("canary"), "{text}");
    for (variables, told) in [
        (vec![], "DATABASE_URL: is missing; set it, or DATABASE_URL_FILE"),
        (
            vec![("DATABASE_URL_FILE", "/nothing")],
            "DATABASE_URL_FILE: names a file that can't be read, /nothing",
        ),
        (
            vec![("DATABASE_URL", "x"), ("DATABASE_URL_FILE", "y")],
            "DATABASE_URL: is set, and DATABASE_URL_FILE too",
        ),
        (
            vec![("DATABASE_URL", "postgres://a@b/c?sslmode=require")],
            "DATABASE_URL: asks for TLS",
        ),
    ] {
        let (code, text) = run(&["migrate"], &variables);
        assert!(code == Some(78) && text.contains(told), "{text}");
    }
    assert_eq!(run(&["start"], &[]).0, Some(64));
    assert_eq!(run(&["health"], &[("PORT", "1")]).0, Some(1));
    assert_eq!(
        run(&["--version"], &[("VERSION", "1.2.3")]).1,
        "service-rust 1.2.3\n"
    );
}

#[test]
#[ignore = "starts Postgres"]
fn notes_are_added_read_listed_and_removed_with_the_secret_in_a_file() {
    let postgres = Postgres::start();
    let file = std::env::temp_dir().join(format!("service-url-{}", std::process::id()));
    fs::write(&file, format!("{}\n", postgres.url())).unwrap();
    let server = Server::start(&[
        ("DATABASE_URL_FILE", file.to_str().unwrap()),
        ("VERSION", "1.2.3"),
    ]);
    fs::remove_file(file).unwrap();
    let first = add(&server, "first");
    let second = add(&server, "second");
    let read = server.call("GET", &first, "");
    assert_eq!((read.status, read.header("x-cache")), (200, "off"));
    assert_eq!(
        (&read.body["title"], &read.body["body"]),
        (&json!("first"), &json!("text"))
    );
    assert!(read.body["createdAt"].as_str().unwrap().ends_with('Z'));
    let listed = server.call("GET", "/notes?limit=1", "").body;
    assert_eq!(listed["notes"].as_array().unwrap().len(), 1);
    assert_eq!(listed["notes"][0]["title"], "second");
    let before = format!("/notes?before={}", listed["notes"][0]["id"]);
    assert_eq!(server.call("GET", &before, "").body["notes"][0]["title"], "first");
    assert_eq!(server.call("DELETE", &second, "").status, 204);
    assert_eq!(server.call("DELETE", &second, "").status, 404);
    assert_eq!(server.call("GET", &second, "").status, 404);

    let large = json!({ "title": "x", "body": "x".repeat(70_000) }).to_string();
    for (body, status) in [
        ("{}", 400),
        ("nonsense", 400),
        (r#"{"title":""}"#, 400),
        (r#"{"title":7}"#, 400),
        (r#"{"title":"a\u0000"}"#, 400),
        (r#"{"title":"a","colour":"red"}"#, 400),
        (large.as_str(), 413),
    ] {
        let refused = server.call("POST", "/notes", body);
        assert!(
            refused.status == status && refused.body["error"].is_string(),
            "{body}: {}",
            refused.body
        );
    }
    assert_eq!(server.call("GET", "/notes?limit=101", "").status, 400);
    assert_eq!(server.call("GET", "/notes/x", "").status, 404);
    let page = server.call("GET", "/", "");
    let text = page.body.as_str().unwrap();
    for said in ["<h1>service-rust</h1>", "href=\"/notes\"", "href=\"/health\""] {
        assert!(page.status == 200 && text.contains(said), "{said}: {text}");
    }
    assert_eq!(
        server.call("GET", "/nothing", "").body,
        json!({ "error": "no such route" })
    );

    let metrics = http::request(server.metrics_port, "GET", "/metrics", "").body;
    let metrics = metrics.as_str().unwrap();
    for line in [
        "http_requests_total{method=\"POST\",route=\"/notes\",status=\"201\"} 2",
        "http_request_duration_seconds_count{method=\"DELETE\",route=\"/notes/{id}\"} 2",
        "cache_reads_total{outcome=\"off\"} 2",
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    assert_eq!(server.call("GET", "/metrics", "").status, 404);
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn the_second_read_comes_from_the_cache_and_a_removal_reaches_it() {
    let (postgres, mut redis) = (Postgres::start(), Redis::start());
    let variables = [
        ("DATABASE_URL", &*postgres.url()),
        ("REDIS_URL", &*redis.url()),
        ("REDIS_PREFIX", "t:"),
    ];
    let server = Server::start(&variables);
    let read = |path: &str| {
        let answer = server.call("GET", path, "");
        (answer.status, answer.header("x-cache").to_owned())
    };
    let (kept, removed) = (add(&server, "kept"), add(&server, "removed"));
    assert_eq!(
        (read(&removed), read(&removed)),
        ((200, "miss".into()), (200, "hit".into()))
    );
    assert!(redis.ask("KEYS *").contains("t:note:2"));
    assert_eq!(server.call("DELETE", &removed, "").status, 204);
    assert_eq!(server.call("GET", &removed, "").status, 404);

    assert_eq!(read(&kept), (200, "miss".into()));
    redis.stop();
    assert_eq!(read(&kept), (200, "error".into()));
    assert_eq!(server.call("GET", "/health", "").status, 200);
    redis.resume();
    let back = (0..50).any(|_| {
        thread::sleep(Duration::from_millis(100));
        read(&kept) == (200, "hit".into())
    });
    assert!(back, "{}", server.log());
}

#[test]
#[ignore = "starts Postgres"]
fn without_postgres_health_is_503_and_requests_are_503_and_200_again_after() {
    let mut postgres = Postgres::start();
    let server = Server::start(&[("DATABASE_URL", &postgres.url())]);
    let note = add(&server, "kept");
    let well = server.call("GET", "/health", "");
    assert_eq!(well.status, 200);
    assert_eq!(
        (&well.body["status"], &well.body["database"]),
        (&json!("ok"), &json!("connected"))
    );
    assert_eq!(
        (&well.body["service"], &well.body["version"]),
        (&json!("service-rust"), &json!("0.0.0"))
    );

    postgres.stop();
    let started = Instant::now();
    let lost = server.call("GET", "/health", "");
    assert_eq!(
        (lost.status, &lost.body["database"]),
        (503, &json!("disconnected"))
    );
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(server.call("GET", &note, "").status, 503);
    assert_eq!(run(&["health"], &[("PORT", &server.port.to_string())]).0, Some(1));

    postgres.resume();
    assert_eq!(server.call("GET", "/health", "").status, 200);
    assert_eq!(server.call("GET", &note, "").status, 200);
    assert_eq!(run(&["health"], &[("PORT", &server.port.to_string())]).0, Some(0));
}

#[test]
#[ignore = "starts Postgres"]
fn behind_a_slow_link_it_becomes_well_and_answers() {
    let postgres = Postgres::start();
    assert_eq!(run(&["migrate"], &[("DATABASE_URL", &postgres.url())]).0, Some(0));
    // To connect takes longer than /health waits: what one probe began serves the next.
    let url = postgres.url_behind(Duration::from_millis(700));
    let server = Server::serve(&[("DATABASE_URL", &url)]);
    let codes = [(); 5].map(|()| server.call("GET", "/health", "").status);
    assert_eq!(codes[2..], [200; 3], "{codes:?}");
    assert_eq!(server.call("GET", "/notes", "").status, 200);
}

#[test]
#[ignore = "starts Postgres"]
fn requests_that_fill_the_pool_are_no_lost_database() {
    let postgres = Postgres::start();
    let server = Server::start(&[("DATABASE_URL", &postgres.url())]);
    let waiting = || postgres.sql("SELECT count(*) FROM pg_locks WHERE NOT granted");
    thread::scope(|scope| {
        scope.spawn(|| postgres.sql("BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(6)"));
        thread::sleep(Duration::from_millis(500));
        let requests: Vec<_> = (0..10).map(|_| scope.spawn(|| add(&server, "waits"))).collect();
        let full = (0..50).any(|_| {
            thread::sleep(Duration::from_millis(50));
            waiting() == "10"
        });
        assert!(full, "{} requests wait", waiting());
        assert_eq!(server.call("GET", "/health", "").status, 200);
        for request in requests {
            request.join().unwrap();
        }
    });
}

#[test]
#[ignore = "starts Postgres"]
fn migrations_run_once_and_leave_a_newer_images_alone() {
    let postgres = Postgres::start();
    let url = postgres.url();
    let variables = [("DATABASE_URL", url.as_str())];
    let codes = thread::scope(|scope| {
        let runs = [(); 2].map(|()| scope.spawn(|| run(&["migrate"], &variables).0));
        runs.map(|run| run.join().unwrap())
    });
    assert_eq!(codes, [Some(0), Some(0)]);
    assert_eq!(
        postgres.sql("SELECT count(*), max(version) FROM _sqlx_migrations"),
        "3|3"
    );
    postgres.sql("INSERT INTO _sqlx_migrations VALUES (4, 'newer', now(), true, '', 0)");
    assert_eq!(run(&["migrate"], &variables).0, Some(0));
}

#[test]
#[ignore = "starts Postgres"]
fn a_stop_answers_what_is_in_flight_and_every_line_of_the_log_is_json() {
    let postgres = Postgres::start();
    let server = Server::start(&[("DATABASE_URL", &postgres.url()), ("LOG_LEVEL", "debug")]);
    add(&server, "first");
    // The rest of the request comes after the signal.
    let body = json!({ "title": "slow" }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let head = format!(
        "POST /notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    write!(stream, "{head}\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(300));
    // What is closed under a request on its way loses it.
    let mut kept = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let mut ask = || {
        let mut answer = [0; 1024];
        write!(kept, "GET /none HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let length = kept.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).to_lowercase()
    };
    let before = ask();
    assert!(
        before.starts_with("http/1.1 404 ") && !before.contains("connection: close"),
        "{before}"
    );
    server.terminate();
    thread::sleep(Duration::from_millis(300));
    let draining = ask();
    assert!(
        draining.starts_with("http/1.1 404 ") && draining.contains("connection: close"),
        "{draining}"
    );
    let closed = (0..50).any(|_| {
        thread::sleep(Duration::from_millis(100));
        TcpStream::connect(("127.0.0.1", server.port)).is_err()
    });
    assert!(closed, "new connections are taken");
    write!(stream, "{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");

    let log = server.log();
    assert_eq!(server.wait(), Some(0));
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
}
