//! Users: a name and a password.

use super::Failure;
use super::body::{Body, text};
use crate::config::DatabaseSettings;
use crate::database::Database;
use crate::server::App;
use crate::{logging, password};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    pub name: String,
    pub password: String,
}

#[derive(Debug, Serialize)]
pub struct User {
    id: i64,
    name: String,
}

/// POST /users, where `[auth] registration` allows it.
pub async fn create(
    State(app): State<Arc<App>>,
    Body(new): Body<Credentials>,
) -> Result<(StatusCode, Json<User>), Failure> {
    if !app.registration {
        return Err(Failure::Forbidden(
            "nobody may register here; an administrator makes users by `pcf add-user`",
        ));
    }
    check(&new)?;
    let hash = app.passwords.hash(new.password).await;
    let user = insert(&app.database, new.name, hash).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Id and hash of the password.
pub async fn find(database: &Database, name: String) -> sqlx::Result<Option<(i64, String)>> {
    // Not even asked for: Postgres refuses a text with NUL.
    if !is_name(&name) {
        return Ok(None);
    }
    let query = "SELECT id, password_hash FROM users WHERE name = $1";
    database
        .run(move |connection| Box::pin(sqlx::query_as(query).bind(name).fetch_optional(connection)))
        .await
}

/// `pcf add-user`: the password is the first line of standard input.
pub fn add_from_input(settings: DatabaseSettings, name: &str) -> ExitCode {
    logging::start(settings.plain.log.clone());
    let mut line = String::new();
    if let Err(error) = io::stdin().read_line(&mut line) {
        eprintln!("pcf: the password can't be read: {error}");
        return ExitCode::FAILURE;
    }
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    let new = Credentials {
        name: name.to_owned(),
        password,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let added = runtime.expect("a runtime can be built").block_on(async {
        check(&new)?;
        let database = Database::new(&settings.address, &settings.plain.database);
        insert(&database, new.name, password::hash(&new.password)).await
    });
    match added {
        Ok(user) => {
            println!("{}", serde_json::json!({ "id": user.id, "name": user.name }));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("pcf: no user was made: {failure:?}");
            ExitCode::FAILURE
        }
    }
}

fn check(new: &Credentials) -> Result<(), Failure> {
    if !is_name(&new.name) {
        let allowed = "allowed: 2 to 32 of a-z, 0-9, _ and -, the first a letter or digit";
        return Err(Failure::Input(format!("name: is no user's name; {allowed}")));
    }
    text("password", &new.password, 10, 200)
}

fn is_name(name: &str) -> bool {
    let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    let starts = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    starts && (2..=32).contains(&name.len()) && name.bytes().all(known)
}

async fn insert(database: &Database, name: String, hash: String) -> Result<User, Failure> {
    let query = "INSERT INTO users (name, password_hash) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING id, name";
    let row: Option<(i64, String)> = database
        .run(move |connection| {
            Box::pin(
                sqlx::query_as(query)
                    .bind(name)
                    .bind(hash)
                    .fetch_optional(connection),
            )
        })
        .await?;
    let (id, name) = row.ok_or(Failure::Conflict("the name is taken"))?;
    Ok(User { id, name })
}
