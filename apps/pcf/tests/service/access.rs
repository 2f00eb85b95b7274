//! Who gets in: users, sessions, tokens.

use super::http::Answer;
use super::postgres::Postgres;
use super::redis::Redis;
use super::server::{JWT_SECRET, PASSWORD, Server, add_user};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::thread::sleep;
use std::time::Duration;

/// A token for user 1 as another program would make it.
fn token(secret: &str, expires: i64) -> String {
    let claims = json!({ "iss": "pcf", "sub": "1", "iat": 0, "exp": expires }).to_string();
    let content = [r#"{"typ":"JWT","alg":"HS256"}"#, &claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(content.as_bytes());
    format!(
        "{content}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn with_token(server: &Server, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    server.call(
        "GET",
        "/projects",
        &[("authorization", &authorization)],
        Value::Null,
    )
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn wrong_and_expired_tokens_are_refused() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let server = Server::start(&postgres, &redis, &[("PCF_API__AUTH__ACCESS_SECONDS", "6")]);
    let session = server.session("ada");
    assert_eq!(session.call("GET", "/projects", Value::Null).status, 200);
    let far = 9_999_999_999;
    assert_eq!(with_token(&server, &token(JWT_SECRET, far)).status, 200);

    for wrong in [
        "",
        "nonsense",
        "a.b.c",
        &token("another secret of more than 32 bytes", far),
    ] {
        let refused = with_token(&server, wrong);
        assert_eq!(refused.code(), (401, "UNAUTHORIZED"), "{wrong}");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    assert_eq!(server.call("GET", "/projects", &[], Value::Null).status, 401);
    let expired = with_token(&server, &token(JWT_SECRET, 1));
    assert!(
        expired.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("expired")
    );
    sleep(Duration::from_secs(6));
    assert_eq!(session.call("GET", "/projects", Value::Null).status, 401);
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn a_refresh_token_serves_once_and_ends_with_its_session() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let server = Server::start(&postgres, &redis, &[("PCF_API__AUTH__REFRESH_SECONDS", "6")]);
    let post = |path: &str, token: &str| server.call("POST", path, &[], json!({ "refresh_token": token }));
    let first = server.session("ada").refresh_token;
    // Redis knows a hash of the token only, under the prefix, for a time.
    assert!(!redis.ask("KEYS *").contains(&first));
    assert!(redis.ask("KEYS *").contains("pcf:refresh:"));

    let second = post("/sessions/refresh", &first);
    assert_eq!(second.status, 201);
    assert_eq!(
        with_token(&server, second.body["access_token"].as_str().unwrap()).status,
        200
    );
    assert_eq!(post("/sessions/refresh", &first).code(), (401, "UNAUTHORIZED"));
    let second = second.body["refresh_token"].as_str().unwrap();
    assert_eq!(post("/sessions/end", second).status, 204);
    assert_eq!(post("/sessions/refresh", second).status, 401);

    let user = json!({ "name": "ada", "password": PASSWORD });
    let third = server.call("POST", "/sessions", &[], user);
    sleep(Duration::from_millis(6_100));
    let third = third.body["refresh_token"].as_str().unwrap();
    assert_eq!(post("/sessions/refresh", third).status, 401);
}

#[test]
#[ignore = "starts Postgres and Redis"]
fn users_need_a_name_and_a_password_of_their_own() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let closed = Server::start(&postgres, &redis, &[("PCF_API__AUTH__REGISTRATION", "false")]);
    let post = |server: &Server, path: &str, name: &str, password: &str| {
        server.call("POST", path, &[], json!({ "name": name, "password": password }))
    };
    assert_eq!(
        post(&closed, "/users", "ada", PASSWORD).code(),
        (403, "FORBIDDEN")
    );
    assert!(add_user(&postgres, &redis, "ada", PASSWORD));
    assert!(!add_user(&postgres, &redis, "ada", PASSWORD));
    assert!(!add_user(&postgres, &redis, "eve", "short"));
    assert_eq!(post(&closed, "/sessions", "ada", PASSWORD).status, 201);
    assert_eq!(
        post(&closed, "/sessions", "ada", "wrong password").code(),
        (401, "UNAUTHORIZED")
    );
    assert_eq!(
        post(&closed, "/sessions", "nobody", PASSWORD).code(),
        (401, "UNAUTHORIZED")
    );
    assert_eq!(
        post(&closed, "/sessions", "a\0b", PASSWORD).code(),
        (401, "UNAUTHORIZED")
    );

    let open = Server::start(&postgres, &redis, &[]);
    assert_eq!(post(&open, "/users", "ada", PASSWORD).code(), (409, "CONFLICT"));
    assert_eq!(post(&open, "/users", "Ada!", PASSWORD).code(), (400, "BAD_INPUT"));
    assert_eq!(post(&open, "/users", "bob", "short").code(), (400, "BAD_INPUT"));
    assert!(
        postgres
            .sql("SELECT password_hash FROM users")
            .starts_with("$argon2id$")
    );
}
