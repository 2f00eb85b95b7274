//! The notes in the database.

use crate::database::Database;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

const COLUMNS: &str = "id, title, body, created_at";

type Row = (i64, String, String, DateTime<Utc>);

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    pub id: i64,
    title: String,
    body: String,
    created_at: String,
}

impl From<Row> for Note {
    fn from((id, title, body, created_at): Row) -> Self {
        let created_at = created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        Self {
            id,
            title,
            body,
            created_at,
        }
    }
}

pub async fn add(database: &Database, title: &str, body: &str) -> sqlx::Result<Note> {
    let query = format!("INSERT INTO notes (title, body) VALUES ($1, $2) RETURNING {COLUMNS}");
    let row: Row = database
        .run(async |pool| {
            sqlx::query_as(&query)
                .bind(title)
                .bind(body)
                .fetch_one(pool)
                .await
        })
        .await?;
    Ok(row.into())
}

/// The newest first, at most `limit`, only those with an id below `before`.
pub async fn list(database: &Database, limit: i64, before: Option<i64>) -> sqlx::Result<Vec<Note>> {
    let query =
        format!("SELECT {COLUMNS} FROM notes WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1");
    let rows: Vec<Row> = database
        .run(async |pool| {
            sqlx::query_as(&query)
                .bind(limit)
                .bind(before)
                .fetch_all(pool)
                .await
        })
        .await?;
    Ok(rows.into_iter().map(Note::from).collect())
}

pub async fn find(database: &Database, id: i64) -> sqlx::Result<Option<Note>> {
    let query = format!("SELECT {COLUMNS} FROM notes WHERE id = $1");
    let row: Option<Row> = database
        .run(async |pool| sqlx::query_as(&query).bind(id).fetch_optional(pool).await)
        .await?;
    Ok(row.map(Note::from))
}

/// Whether it was there.
pub async fn remove(database: &Database, id: i64) -> sqlx::Result<bool> {
    let done = database
        .run(async |pool| {
            sqlx::query("DELETE FROM notes WHERE id = $1")
                .bind(id)
                .execute(pool)
                .await
        })
        .await?;
    Ok(done.rows_affected() > 0)
}
