//! The service with a real Postgres:
//! `TEST_DATABASE_URL=postgres://… cargo test -- --ignored`.

mod server;

use chrono::{Days, Utc};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use server::{SECRET, Server, database_url};
use sha2::Sha256;
use std::thread;
use std::time::{Duration, Instant};

const ADD: &str = "mutation ($input: NewMember!, $at: String, $by: String) {
    addMember(input: $input, signedAt: $at, signature: $by) { id handle track } }";
const MARK: &str = "mutation ($id: ID!, $date: NaiveDate!, $at: String, $by: String) {
    markAttendance(memberId: $id, date: $date, present: true, signedAt: $at, signature: $by) {
        member { streak { current longest } } } }";

fn sign(operation: &str, at: &str, fields: &[&str]) -> String {
    let content = format!("root.v1\n{operation}\n{at}\n{}", fields.join("\n"));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(content.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn now() -> String {
    Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn new_handle() -> String {
    format!("t{}", Utc::now().timestamp_micros())
}

fn add(server: &Server, handle: &str) -> Value {
    let at = now();
    let by = sign("addMember", &at, &["Ada Example", handle, "2025-03-01", "web"]);
    let input = json!({ "name": "Ada Example", "handle": handle, "joinedOn": "2025-03-01", "track": "web" });
    server.graphql(ADD, json!({ "input": input, "at": at, "by": by }))
}

#[test]
#[ignore = "needs TEST_DATABASE_URL"]
fn a_signed_row_is_written_and_read_and_a_wrong_signature_is_refused() {
    let server = Server::start(55401, &database_url());
    let handle = new_handle();
    let added = add(&server, &handle);
    let id = added["data"]["addMember"]["id"].as_str().expect("an id");
    let read = server.graphql(
        "query ($id: ID!) { member(id: $id) { handle track } }",
        json!({ "id": id }),
    );
    assert_eq!(
        read["data"]["member"],
        json!({ "handle": handle, "track": "web" })
    );
    assert_eq!(
        add(&server, &handle)["errors"][0]["extensions"]["code"],
        "CONFLICT"
    );

    let today = Utc::now().date_naive();
    for (back, streak) in [(3, (0, 1)), (1, (1, 1)), (0, (2, 2))] {
        let (at, date) = (now(), (today - Days::new(back)).to_string());
        let by = sign("markAttendance", &at, &[id, &date, "true"]);
        let marked = server.graphql(MARK, json!({ "id": id, "date": date, "at": at, "by": by }));
        let found = &marked["data"]["markAttendance"]["member"]["streak"];
        assert_eq!(
            *found,
            json!({ "current": streak.0, "longest": streak.1 }),
            "{marked}"
        );
    }

    let input = json!({ "name": "Eve", "handle": new_handle(), "joinedOn": "2025-03-01" });
    for by in [Value::Null, json!("00ff"), json!("00".repeat(32))] {
        let refused = server.graphql(ADD, json!({ "input": input, "at": now(), "by": by }));
        assert_eq!(
            refused["errors"][0]["extensions"]["code"], "UNAUTHORIZED",
            "{refused}"
        );
        assert_eq!(refused["data"], Value::Null);
    }
}

#[test]
#[ignore = "needs TEST_DATABASE_URL"]
fn queries_have_limits_and_bodies_a_form() {
    let server = Server::start(55402, &database_url());
    let wide = "{ members(first: 100) { attendance(last: 100) { date } } }";
    assert_eq!(
        server.graphql(wide, json!({}))["errors"][0]["message"],
        "Query is too complex."
    );
    let deep = (0..8).fold("name".to_owned(), |inner, _| {
        format!("streak {{ member {{ {inner} }} }}")
    });
    let deep = server.graphql(&format!("{{ member(id: 1) {{ {deep} }} }}"), json!({}));
    assert_eq!(deep["errors"][0]["message"], "Query is nested too deep.");
    for body in ["", "nonsense", "[{\"query\":\"{ members { id } }\"}]"] {
        assert_eq!(server.request("POST", "/graphql", body).0, 400);
    }
    assert_eq!(server.request("POST", "/graphql", &" ".repeat(70_000)).0, 413);
    assert_eq!(server.request("GET", "/slow?ms=10001", "").0, 400);
    let (status, page) = server.request("GET", "/", "");
    for said in ["<h1>root</h1>", "ADDRESS/graphql", "href=\"/health\""] {
        assert!(status == 200 && page.contains(said), "{said}: {page}");
    }
}

#[test]
#[ignore = "needs TEST_DATABASE_URL"]
fn a_stop_answers_what_is_in_flight_and_tells_health_at_once() {
    let server = Server::start(55403, &database_url());
    assert_eq!(server.request("GET", "/health", "").0, 200);
    thread::scope(|scope| {
        let slow = scope.spawn(|| server.request("GET", "/slow?ms=3000", ""));
        thread::sleep(Duration::from_millis(300));
        server.terminate();
        thread::sleep(Duration::from_millis(100));
        let (status, body) = server.request("GET", "/health", "");
        assert_eq!((status, body.contains("\"draining\"")), (503, true), "{body}");
        assert_eq!(
            server.graphql("{ members { id } }", json!({}))["errors"],
            Value::Null
        );
        assert_eq!(slow.join().unwrap().0, 200);
    });
    let started = Instant::now();
    assert_eq!(server.wait(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
#[ignore = "needs TEST_DATABASE_URL"]
fn health_tells_a_lost_database_within_a_second() {
    let server = Server::start(55404, &database_url());
    // A listener that never answers takes the place of the database.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let lost = Server::start_unmigrated(55405, &format!("postgres://u:p@127.0.0.1:{port}/d"));
    let started = Instant::now();
    let (status, body) = lost.request("GET", "/health", "");
    assert_eq!((status, body.contains("\"disconnected\"")), (503, true), "{body}");
    assert!(started.elapsed() < Duration::from_millis(1_200));
    assert_eq!(server.request("GET", "/health", "").0, 200);
}
