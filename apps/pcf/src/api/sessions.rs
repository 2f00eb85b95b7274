//! Sessions: a short access token, and a refresh token that Redis keeps and that serves once.

use super::Failure;
use super::body::Body;
use super::users::{self, Credentials};
use crate::server::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Utc;
use rand::RngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

#[derive(Serialize)]
pub struct Session {
    access_token: String,
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    refresh_token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    refresh_token: String,
}

/// POST /sessions: a name and a password.
pub async fn create(
    State(app): State<Arc<App>>,
    Body(given): Body<Credentials>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let user = users::find(&app.database, given.name).await?;
    let (id, hash) = user.unzip();
    let right = app.passwords.is_right(given.password, hash).await;
    app.metrics.login(right);
    match id {
        Some(id) if right => Ok((StatusCode::CREATED, Json(open(&app, id).await?))),
        _ => Err(Failure::Unauthorized("the name or the password is wrong")),
    }
}

/// POST /sessions/refresh: new tokens for a refresh token, which is used up.
pub async fn refresh(
    State(app): State<Arc<App>>,
    Body(given): Body<Refresh>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let kept = app.cache.take(&key(&given.refresh_token)).await?;
    let user = kept.and_then(|text| text.parse().ok());
    let user: i64 = user.ok_or(Failure::Unauthorized(
        "the refresh token is wrong, expired or used",
    ))?;
    Ok((StatusCode::CREATED, Json(open(&app, user).await?)))
}

/// POST /sessions/end: the refresh token is of no use any more; an access token lives on until it expires.
pub async fn end(State(app): State<Arc<App>>, Body(given): Body<Refresh>) -> Result<StatusCode, Failure> {
    app.cache.take(&key(&given.refresh_token)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn open(app: &App, user: i64) -> Result<Session, Failure> {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    let refresh_token = hex::encode(bytes);
    app.cache
        .put(&key(&refresh_token), &user.to_string(), app.refresh_lifetime)
        .await?;
    Ok(Session {
        access_token: app.tokens.issue(user, Utc::now().timestamp()),
        token_type: "Bearer",
        expires_in: app.tokens.lifetime.as_secs(),
        refresh_token,
    })
}

/// Who can read Redis learns no token that works.
fn key(refresh_token: &str) -> String {
    format!("refresh:{}", hex::encode(Sha256::digest(refresh_token)))
}
