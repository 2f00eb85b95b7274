//! What is kept: projects, tasks, their versions, the cache, the migrations.

use super::postgres::Postgres;
use super::redis::Redis;
use super::server::{Server, Session};
use serde_json::{Value, json};

const FIRST_MIGRATION: &str = include_str!("../../migrations/0001_users_projects_and_tasks.sql");

fn project(session: &Session, name: &str) -> String {
    let made = session.call("POST", "/projects", json!({ "name": name }));
    assert_eq!((made.status, made.header("etag")), (201, "\"1\""));
    format!("/projects/{}", made.id())
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn projects_and_tasks_are_written_read_paged_and_removed() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let server = Server::start(&postgres, &redis, &[]);
    let ada = server.session("ada");
    let path = project(&ada, "first");
    let tasks = format!("{path}/tasks");
    for (title, priority) in [("one", 0), ("two", 9), ("three", 5)] {
        let made = ada.call("POST", &tasks, json!({ "title": title, "priority": priority }));
        assert_eq!(made.status, 201);
    }
    let page = ada.call("GET", &format!("{tasks}?limit=2"), Value::Null);
    assert_eq!(page.body["items"][1]["title"], "two");
    let next = page.body["next"].as_i64().expect("a next page");
    let page = ada.call("GET", &format!("{tasks}?limit=2&after={next}"), Value::Null);
    assert_eq!(
        (&page.body["items"][0]["title"], &page.body["next"]),
        (&json!("three"), &Value::Null)
    );
    let task = format!("{tasks}/{}", page.body["items"][0]["id"]);
    assert_eq!(ada.call("GET", &task, Value::Null).body["priority"], 5);
    assert_eq!(ada.call("DELETE", &task, Value::Null).status, 204);
    assert_eq!(ada.call("DELETE", &task, Value::Null).status, 404);

    for number in 0..3 {
        project(&ada, &format!("more {number}"));
    }
    let page = ada.call("GET", "/projects?limit=3", Value::Null);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 3);
    assert!(page.body["next"].is_i64());
    for (query, name) in [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit")] {
        let refused = ada.call("GET", &format!("/projects?{query}"), Value::Null);
        assert_eq!(refused.code(), (400, "BAD_INPUT"));
        assert!(refused.body.to_string().contains(name));
    }

    // Another user sees none of it.
    let eve = server.session("eve");
    assert_eq!(eve.call("GET", "/projects", Value::Null).body["items"], json!([]));
    for (method, path) in [("GET", &path), ("GET", &tasks), ("DELETE", &path)] {
        assert_eq!(
            eve.call(method, path, Value::Null).code(),
            (404, "NOT_FOUND"),
            "{method} {path}"
        );
    }
    assert_eq!(eve.call("POST", &tasks, json!({ "title": "x" })).status, 404);
    assert_eq!(eve.put(&path, "1", json!({ "name": "x" })).status, 404);

    assert_eq!(ada.call("DELETE", &path, Value::Null).status, 204);
    assert_eq!(ada.call("GET", &tasks, Value::Null).status, 404);
    for (method, path, body, code) in [
        ("POST", "/projects", json!({ "name": "" }), (400, "BAD_INPUT")),
        (
            "POST",
            "/projects",
            json!({ "name": "x", "colour": "red" }),
            (400, "BAD_INPUT"),
        ),
        ("POST", "/projects", json!("x".repeat(70_000)), (413, "BAD_BODY")),
        ("POST", "/projects", Value::Null, (400, "BAD_BODY")),
        ("PATCH", "/projects", Value::Null, (405, "BAD_BODY")),
        ("GET", "/projects/x", Value::Null, (404, "NOT_FOUND")),
        ("GET", "/nothing", Value::Null, (404, "NOT_FOUND")),
    ] {
        assert_eq!(ada.call(method, path, body).code(), code, "{method} {path}");
    }
    let page = ada.call("GET", "/", Value::Null);
    let text = page.body.as_str().unwrap();
    for said in ["<h1>pcf</h1>", "ADDRESS/users", "href=\"/health\""] {
        assert!(page.status == 200 && text.contains(said), "{said}: {text}");
    }
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn a_change_of_an_older_version_is_refused() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let server = Server::start(&postgres, &redis, &[]);
    let ada = server.session("ada");
    let path = project(&ada, "first");
    let changed = ada.put(&path, "\"1\"", json!({ "name": "second" }));
    assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""));
    let late = ada.put(&path, "\"1\"", json!({ "name": "third" }));
    assert_eq!(late.code(), (412, "CHANGED"));
    assert!(late.body.to_string().contains("the version is 2"));
    let blind = ada.call("PUT", &path, json!({ "name": "third" }));
    assert_eq!(blind.code(), (428, "VERSION_REQUIRED"));
    assert_eq!(ada.put(&path, "newest", json!({ "name": "third" })).status, 400);
    assert_eq!(ada.call("GET", &path, Value::Null).body["name"], "second");

    let made = ada.call("POST", &format!("{path}/tasks"), json!({ "title": "one" }));
    let task = format!("{path}/tasks/{}", made.id());
    let done = json!({ "title": "one", "done": true });
    // Of several at the same time one wins.
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| ada.put(&task, "1", done.clone()).status))
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 412).count(),
        3,
        "{statuses:?}"
    );
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn a_read_is_cached_until_a_change_and_works_without_redis() {
    let (postgres, mut redis) = (Postgres::start(), Redis::start());
    let server = Server::start(&postgres, &redis, &[("PCF_API__CACHE__TTL_SECONDS", "60")]);
    let ada = server.session("ada");
    let path = project(&ada, "first");
    let read = || {
        let answer = ada.call("GET", &path, Value::Null);
        (
            answer.header("x-cache").to_owned(),
            answer.body["name"].clone(),
            answer.body["open_tasks"].clone(),
        )
    };
    let is = |state: &str, name: &str, open: i64| (state.to_owned(), json!(name), json!(open));
    assert_eq!(read(), is("miss", "first", 0));
    assert_eq!(read(), is("hit", "first", 0));
    // Behind the service's back: a hit does not ask the database.
    postgres.sql("UPDATE projects SET name = 'changed'");
    assert_eq!(read(), is("hit", "first", 0));
    ada.call("POST", &format!("{path}/tasks"), json!({ "title": "one" }));
    assert_eq!(read(), is("miss", "changed", 1));
    ada.put(&path, "2", json!({ "name": "third" }));
    assert_eq!(read(), is("miss", "third", 1));
    assert_eq!(read(), is("hit", "third", 1));
    assert!(redis.ask("KEYS *").contains("pcf:project:"));

    redis.stop();
    assert_eq!(read(), is("unavailable", "third", 1));
    let login = json!({ "name": "ada", "password": super::server::PASSWORD });
    assert_eq!(
        server.call("POST", "/sessions", &[], login.clone()).code(),
        (503, "UNAVAILABLE")
    );
    assert_eq!(server.health().status, 200);
    redis.resume();
    // The connection is made again by itself.
    let found = (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        server.call("POST", "/sessions", &[], login.clone()).status == 201
    });
    assert!(found, "{}", server.log());
    let metrics = super::http::request(server.metrics_port, "GET", "/metrics", &[], "").body;
    let metrics = metrics.as_str().unwrap();
    for line in [
        "cache_reads_total{result=\"unavailable\"} 1",
        "logins_total{result=\"accepted\"}",
        "http_requests_total{method=\"PUT\",route=\"/projects/{project}\",status=\"200\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn rows_of_the_first_version_are_kept_and_its_program_can_still_write() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    // As the migrations' table was after the first one.
    let hash = "'\\x00'";
    postgres.sql(FIRST_MIGRATION);
    postgres.sql("INSERT INTO users (name, password_hash) VALUES ('old', 'x')");
    postgres.sql("INSERT INTO projects (owner_id, name) VALUES (1, 'kept')");
    postgres
        .sql("INSERT INTO tasks (project_id, title, done) VALUES (1, 'open', false), (1, 'closed', true)");
    postgres.sql(
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, \
         execution_time BIGINT NOT NULL)",
    );
    postgres.sql(&format!(
        "INSERT INTO _sqlx_migrations VALUES (1, 'users projects and tasks', now(), true, {hash}, 1)"
    ));
    // A released migration that was changed stops the job, and nothing is done.
    let refused = super::server::command(&postgres, &redis)
        .arg("migrate")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stdout)
            .contains("migration 1 was previously applied but has been modified")
    );

    postgres.sql(&format!(
        "UPDATE _sqlx_migrations SET checksum = '\\x{}'",
        sha384(FIRST_MIGRATION)
    ));
    let server = Server::start(&postgres, &redis, &[]);
    assert_eq!(
        postgres.sql("SELECT count(*), max(version) FROM _sqlx_migrations"),
        "2|2"
    );
    let rows =
        "SELECT string_agg(concat_ws(',', id, title, done, priority, version), ' ' ORDER BY id) FROM tasks";
    assert_eq!(postgres.sql(rows), "1,open,f,0,1 2,closed,t,0,1");
    assert_eq!(
        postgres.sql("SELECT name, description, version, updated_at = created_at FROM projects"),
        "kept||1|t"
    );

    // The release before writes without knowing of versions: they count all the same.
    postgres.sql("UPDATE tasks SET done = true WHERE id = 1");
    postgres.sql("INSERT INTO tasks (project_id, title) VALUES (1, 'new')");
    assert_eq!(postgres.sql(rows), "1,open,t,0,2 2,closed,t,0,1 3,new,f,0,1");
    assert_eq!(server.health().status, 200);
}

/// The checksum that sqlx keeps.
fn sha384(text: &str) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha384::digest(text))
}
