//! Errors as the client sees them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error with a status, a code for programs and a message for people.
#[derive(Debug)]
pub enum Failure {
    /// The request says something that is not allowed; the message says what is.
    Input(String),
    /// The body can't be taken as it is: too large, or of another type.
    Body(StatusCode, String),
    /// No access token, or a wrong one.
    Unauthorized(&'static str),
    Forbidden(&'static str),
    NotFound,
    Conflict(&'static str),
    /// The resource has another version by now.
    Changed(i64),
    /// If-Match is missing.
    VersionRequired,
    Database(sqlx::Error),
    Cache(redis::RedisError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<redis::RedisError> for Failure {
    fn from(error: redis::RedisError) -> Self {
        Self::Cache(error)
    }
}

impl Failure {
    fn parts(self) -> (StatusCode, &'static str, String) {
        match self {
            Self::Input(message) => (StatusCode::BAD_REQUEST, "BAD_INPUT", message),
            Self::Body(status, message) => (status, "BAD_BODY", message),
            Self::Unauthorized(message) => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message.into()),
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, "FORBIDDEN", message.into()),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "there is no such thing here".into(),
            ),
            Self::Conflict(message) => (StatusCode::CONFLICT, "CONFLICT", message.into()),
            Self::Changed(version) => (
                StatusCode::PRECONDITION_FAILED,
                "CHANGED",
                format!("the version is {version} by now; read it again and repeat the change"),
            ),
            Self::VersionRequired => (
                StatusCode::PRECONDITION_REQUIRED,
                "VERSION_REQUIRED",
                "If-Match is missing; allowed: the version that was read, for example If-Match: \"3\"".into(),
            ),
            Self::Database(error) => {
                tracing::error!("database: {error}");
                unavailable_or_internal(&error)
            }
            Self::Cache(error) => {
                tracing::error!("redis: {error}");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "UNAVAILABLE",
                    "sessions are out of reach; try again".into(),
                )
            }
        }
    }
}

fn unavailable_or_internal(error: &sqlx::Error) -> (StatusCode, &'static str, String) {
    let passing = match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // 57P01 to 57P03: the server stops or starts; 57014: the statement took too long.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57")),
        _ => false,
    };
    if passing {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "the database is out of reach; try again".into(),
        )
    } else {
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "something went wrong".into(),
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        let body = Json(json!({ "error": { "code": code, "message": message } }));
        let mut response = (status, body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
