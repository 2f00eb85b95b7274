//! Tasks of a project of the caller.

use super::Failure;
use super::body::{Body, Ids, Parameters, text};
use super::caller::Caller;
use super::page::{Page, Wanted};
use super::projects::forget;
use super::version::{IfMatch, refused, versioned};
use crate::server::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const COLUMNS: &str = "tasks.id, tasks.title, tasks.done, tasks.priority, tasks.version, tasks.created_at, \
    tasks.updated_at";
/// Every statement is bound to the project, $1, and its owner, $2.
const OF_CALLER: &str =
    "tasks.project_id = $1 AND EXISTS (SELECT FROM projects WHERE id = $1 AND owner_id = $2)";

type Row = (i64, String, bool, i16, i64, DateTime<Utc>, DateTime<Utc>);

#[derive(Debug, Serialize)]
pub struct Task {
    id: i64,
    title: String,
    done: bool,
    priority: i16,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Task {
    fn from((id, title, done, priority, version, created_at, updated_at): Row) -> Self {
        Self {
            id,
            title,
            done,
            priority,
            version,
            created_at,
            updated_at,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    title: String,
    #[serde(default)]
    done: bool,
    /// 0 to 9.
    #[serde(default)]
    priority: i16,
}

impl Content {
    fn check(&self) -> Result<(), Failure> {
        if !(0..=9).contains(&self.priority) {
            return Err(Failure::Input(format!(
                "priority: {}; allowed: 0 to 9",
                self.priority
            )));
        }
        text("title", &self.title, 1, 200)
    }
}

/// GET /projects/{project}/tasks?limit=&after=
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(project): Ids<i64>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Json<Page<Task>>, Failure> {
    let (limit, after) = (wanted.limit()?, wanted.after());
    let query = format!("SELECT {COLUMNS} FROM tasks WHERE {OF_CALLER} AND id > $3 ORDER BY id LIMIT $4");
    let rows: Option<Vec<Row>> = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                let known = "SELECT id FROM projects WHERE id = $1 AND owner_id = $2";
                let known = sqlx::query(known).bind(project).bind(caller.user);
                if known.fetch_optional(&mut *connection).await?.is_none() {
                    return Ok(None);
                }
                let query = sqlx::query_as(&query)
                    .bind(project)
                    .bind(caller.user)
                    .bind(after)
                    .bind(limit + 1);
                query.fetch_all(connection).await.map(Some)
            })
        })
        .await?;
    let found = rows
        .ok_or(Failure::NotFound)?
        .into_iter()
        .map(Task::from)
        .collect();
    Ok(Json(Page::new(found, limit, |task| task.id)))
}

/// POST /projects/{project}/tasks
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(project): Ids<i64>,
    Body(new): Body<Content>,
) -> Result<Response, Failure> {
    new.check()?;
    let query = format!(
        "INSERT INTO tasks (project_id, title, done, priority) \
         SELECT id, $3, $4, $5 FROM projects WHERE id = $1 AND owner_id = $2 RETURNING {COLUMNS}"
    );
    let row: Option<Row> = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(&query).bind(project).bind(caller.user);
                query
                    .bind(new.title)
                    .bind(new.done)
                    .bind(new.priority)
                    .fetch_optional(connection)
                    .await
            })
        })
        .await?;
    let task = Task::from(row.ok_or(Failure::NotFound)?);
    forget(&app, caller.user, project).await;
    Ok(versioned(StatusCode::CREATED, task.version, &task))
}

/// GET /projects/{project}/tasks/{task}
pub async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((project, id)): Ids<(i64, i64)>,
) -> Result<Response, Failure> {
    let query = format!("SELECT {COLUMNS} FROM tasks WHERE {OF_CALLER} AND id = $3");
    let row: Option<Row> = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(&query).bind(project).bind(caller.user).bind(id);
                query.fetch_optional(connection).await
            })
        })
        .await?;
    let task = Task::from(row.ok_or(Failure::NotFound)?);
    Ok(versioned(StatusCode::OK, task.version, &task))
}

/// PUT /projects/{project}/tasks/{task} with If-Match.
pub async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((project, id)): Ids<(i64, i64)>,
    IfMatch(version): IfMatch,
    Body(content): Body<Content>,
) -> Result<Response, Failure> {
    content.check()?;
    let user = caller.user;
    let change = format!(
        "UPDATE tasks SET title = $5, done = $6, priority = $7 \
         WHERE {OF_CALLER} AND id = $3 AND version = $4 RETURNING {COLUMNS}"
    );
    let other = format!("SELECT version FROM tasks WHERE {OF_CALLER} AND id = $3");
    let found: Result<Row, _> = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(&change)
                    .bind(project)
                    .bind(user)
                    .bind(id)
                    .bind(version);
                let query = query
                    .bind(content.title)
                    .bind(content.done)
                    .bind(content.priority);
                if let Some(row) = query.fetch_optional(&mut *connection).await? {
                    return Ok(Ok(row));
                }
                let query = sqlx::query_as(&other).bind(project).bind(user).bind(id);
                Ok(Err(refused(query.fetch_optional(connection).await?)))
            })
        })
        .await?;
    let task = Task::from(found?);
    forget(&app, user, project).await;
    Ok(versioned(StatusCode::OK, task.version, &task))
}

/// DELETE /projects/{project}/tasks/{task}
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((project, id)): Ids<(i64, i64)>,
) -> Result<StatusCode, Failure> {
    let user = caller.user;
    let query = format!("DELETE FROM tasks WHERE {OF_CALLER} AND id = $3");
    let done = app
        .database
        .run(move |connection| {
            Box::pin(async move {
                sqlx::query(&query)
                    .bind(project)
                    .bind(user)
                    .bind(id)
                    .execute(connection)
                    .await
            })
        })
        .await?;
    if done.rows_affected() == 0 {
        return Err(Failure::NotFound);
    }
    forget(&app, user, project).await;
    Ok(StatusCode::NO_CONTENT)
}
