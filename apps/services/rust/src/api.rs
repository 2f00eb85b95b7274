//! The routes of the API, with their checks.

use crate::cache::Read;
use crate::database::is_unavailable;
use crate::notes::{self, Note};
use crate::serve::App;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// `hit`, `miss`, `error` or `off`.
const CACHE: HeaderName = HeaderName::from_static("x-cache");

/// A status and a message.
pub struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!("database: {error}");
        if is_unavailable(&error) {
            return Self(StatusCode::SERVICE_UNAVAILABLE, "database unavailable".into());
        }
        Self(StatusCode::INTERNAL_SERVER_ERROR, "internal error".into())
    }
}

impl From<JsonRejection> for Failure {
    fn from(refusal: JsonRejection) -> Self {
        match refusal {
            JsonRejection::JsonDataError(error) => Self::bad(&error.body_text()),
            other => Self(other.status(), other.body_text()),
        }
    }
}

impl Failure {
    fn bad(message: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    fn no_note() -> Self {
        Self(StatusCode::NOT_FOUND, "no such note".into())
    }

    pub async fn no_route() -> Self {
        Self(StatusCode::NOT_FOUND, "no such route".into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    title: String,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct Wanted {
    limit: Option<i64>,
    before: Option<i64>,
}

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(page))
        .route("/notes", get(list).post(add))
        .route("/notes/{id}", get(find).delete(remove))
}

/// What it is, and what to try.
async fn page() -> Html<&'static str> {
    Html(include_str!("page.html"))
}

async fn add(
    State(app): State<Arc<App>>,
    new: Result<Json<NewNote>, JsonRejection>,
) -> Result<impl IntoResponse, Failure> {
    let Json(new) = new?;
    if !(1..=200).contains(&new.title.chars().count()) {
        return Err(Failure::bad("title must have 1 to 200 characters"));
    }
    if new.body.chars().count() > 10_000 {
        return Err(Failure::bad("body must have at most 10000 characters"));
    }
    // Postgres keeps no NUL in a text.
    if new.title.contains('\0') || new.body.contains('\0') {
        return Err(Failure::bad("title and body must not have the character NUL"));
    }
    let note = notes::add(&app.database, &new.title, &new.body).await?;
    Ok((
        StatusCode::CREATED,
        [(LOCATION, format!("/notes/{}", note.id))],
        Json(note),
    ))
}

async fn list(
    State(app): State<Arc<App>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Failure> {
    let Query(wanted) = wanted.map_err(|refusal| Failure::bad(&refusal.body_text()))?;
    let limit = wanted.limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        return Err(Failure::bad("limit must be from 1 to 100"));
    }
    let notes = notes::list(&app.database, limit, wanted.before).await?;
    Ok(Json(json!({ "notes": notes })))
}

async fn find(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Failure> {
    let id: i64 = id.parse().map_err(|_| Failure::no_note())?;
    let read = app.cache.read(id).await;
    let outcome = read.name();
    app.metrics.cache_read(outcome);
    let note: Option<Note> = match read {
        Read::Hit(note) => Some(note),
        Read::Gone => None,
        Read::Error | Read::Off => notes::find(&app.database, id).await?,
        Read::Miss => {
            let note = notes::find(&app.database, id).await?;
            if let Some(note) = &note {
                app.cache.fill(note).await;
            }
            note
        }
    };
    let answer = note.map(Json).ok_or(Failure::no_note());
    Ok(([(CACHE, outcome)], answer).into_response())
}

async fn remove(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let id: i64 = id.parse().map_err(|_| Failure::no_note())?;
    if !notes::remove(&app.database, id).await? {
        return Err(Failure::no_note());
    }
    app.cache.forget(id).await;
    Ok(StatusCode::NO_CONTENT)
}
