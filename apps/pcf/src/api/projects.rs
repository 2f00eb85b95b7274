//! Projects of the caller.

use super::Failure;
use super::body::{Body, Ids, Parameters, text};
use super::caller::Caller;
use super::page::{Page, Wanted};
use super::version::{IfMatch, refused, versioned};
use crate::cache::Found;
use crate::server::App;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const COLUMNS: &str = "id, name, description, version, created_at, updated_at, \
    (SELECT count(*) FROM tasks WHERE project_id = projects.id AND NOT done)";
/// `hit`, `miss` or `unavailable`.
const CACHE: HeaderName = HeaderName::from_static("x-cache");

type Row = (i64, String, String, i64, DateTime<Utc>, DateTime<Utc>, i64);

#[derive(Debug, Deserialize, Serialize)]
pub struct Project {
    id: i64,
    name: String,
    description: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    open_tasks: i64,
}

impl From<Row> for Project {
    fn from((id, name, description, version, created_at, updated_at, open_tasks): Row) -> Self {
        Self {
            id,
            name,
            description,
            version,
            created_at,
            updated_at,
            open_tasks,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    name: String,
    #[serde(default)]
    description: String,
}

impl Content {
    fn check(&self) -> Result<(), Failure> {
        text("name", &self.name, 1, 100)?;
        text("description", &self.description, 0, 2000)
    }
}

/// GET /projects?limit=&after=
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Json<Page<Project>>, Failure> {
    let (limit, after) = (wanted.limit()?, wanted.after());
    let query =
        format!("SELECT {COLUMNS} FROM projects WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows: Vec<Row> = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(&query)
                    .bind(caller.user)
                    .bind(after)
                    .bind(limit + 1);
                query.fetch_all(connection).await
            })
        })
        .await?;
    let found = rows.into_iter().map(Project::from).collect();
    Ok(Json(Page::new(found, limit, |project| project.id)))
}

/// POST /projects
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<Content>,
) -> Result<Response, Failure> {
    new.check()?;
    let query =
        format!("INSERT INTO projects (owner_id, name, description) VALUES ($1, $2, $3) RETURNING {COLUMNS}");
    let row: Row = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(&query)
                    .bind(caller.user)
                    .bind(new.name)
                    .bind(new.description);
                query.fetch_one(connection).await
            })
        })
        .await?;
    let project = Project::from(row);
    Ok(versioned(StatusCode::CREATED, project.version, &project))
}

/// GET /projects/{project}, from the cache when it can be.
pub async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<i64>,
) -> Result<Response, Failure> {
    let key = key(caller.user, id);
    let cached = app.cache.read(&key).await;
    let (result, project) = match cached {
        Found::Hit(project) => ("hit", project),
        Found::Miss => {
            let project = load(&app, caller.user, id).await?;
            app.cache.write(&key, &project).await;
            ("miss", project)
        }
        Found::Unavailable => ("unavailable", load(&app, caller.user, id).await?),
    };
    app.metrics.cached(result);
    let mut response = versioned(StatusCode::OK, project.version, &project);
    response
        .headers_mut()
        .insert(CACHE, HeaderValue::from_static(result));
    Ok(response)
}

/// PUT /projects/{project} with If-Match.
pub async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<i64>,
    IfMatch(version): IfMatch,
    Body(content): Body<Content>,
) -> Result<Response, Failure> {
    content.check()?;
    let user = caller.user;
    let query = format!(
        "UPDATE projects SET name = $4, description = $5 \
         WHERE id = $1 AND owner_id = $2 AND version = $3 RETURNING {COLUMNS}"
    );
    let found: Result<Row, _> = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(&query).bind(id).bind(user).bind(version);
                let changed = query.bind(content.name).bind(content.description);
                if let Some(row) = changed.fetch_optional(&mut *connection).await? {
                    return Ok(Ok(row));
                }
                let query = "SELECT version FROM projects WHERE id = $1 AND owner_id = $2";
                let other = sqlx::query_as(query)
                    .bind(id)
                    .bind(user)
                    .fetch_optional(connection)
                    .await?;
                Ok(Err(refused(other)))
            })
        })
        .await?;
    let project = Project::from(found?);
    forget(&app, user, id).await;
    Ok(versioned(StatusCode::OK, project.version, &project))
}

/// DELETE /projects/{project}, with its tasks.
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<i64>,
) -> Result<StatusCode, Failure> {
    let query = "DELETE FROM projects WHERE id = $1 AND owner_id = $2";
    let user = caller.user;
    let done = app
        .database
        .run(move |connection| Box::pin(sqlx::query(query).bind(id).bind(user).execute(connection)))
        .await?;
    if done.rows_affected() == 0 {
        return Err(Failure::NotFound);
    }
    forget(&app, user, id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// To be called after each change of the project or of its tasks.
pub async fn forget(app: &App, user: i64, id: i64) {
    app.cache.forget(&key(user, id)).await;
}

async fn load(app: &App, user: i64, id: i64) -> Result<Project, Failure> {
    let query = format!("SELECT {COLUMNS} FROM projects WHERE id = $1 AND owner_id = $2");
    let row: Option<Row> = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                sqlx::query_as(&query)
                    .bind(id)
                    .bind(user)
                    .fetch_optional(connection)
                    .await
            })
        })
        .await?;
    row.map(Project::from).ok_or(Failure::NotFound)
}

/// The owner is a part of it: nobody reads another one's project from the cache.
fn key(user: i64, id: i64) -> String {
    format!("project:{user}:{id}")
}
