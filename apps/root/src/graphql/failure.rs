//! What a client is told when something fails, with a code for programs.

use crate::signature::Refusal;
use async_graphql::{Error, ErrorExtensions, ServerError, Value};

/// The codes that `extensions.code` of an error may have.
const CODES: [&str; 6] = [
    "UNAUTHORIZED",
    "BAD_USER_INPUT",
    "NOT_FOUND",
    "CONFLICT",
    "UNAVAILABLE",
    "INTERNAL",
];

/// `Clone`, because one failed batch fails many fields.
#[derive(Clone, Debug)]
pub enum Failure {
    Unauthorized(Refusal),
    BadInput(String),
    NotFound(String),
    Conflict(String),
    /// The database is away or too slow; trying again later may help.
    Unavailable,
    /// A defect; the log has the reason.
    Internal,
}

impl Failure {
    fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized(_) => "UNAUTHORIZED",
            Self::BadInput(_) => "BAD_USER_INPUT",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Conflict(_) => "CONFLICT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Unauthorized(refusal) => refusal.message().into(),
            Self::BadInput(text) | Self::NotFound(text) | Self::Conflict(text) => text.clone(),
            Self::Unavailable => "the database does not answer; try again later".into(),
            Self::Internal => "internal error".into(),
        }
    }
}

// By hand and not by `Display`: a failure becomes a GraphQL error only here.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let code = failure.code();
        Error::new(failure.message()).extend_with(|_, extensions| extensions.set("code", code))
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(reported) => {
                // 57: shut down, cancelled by the time limit; 53: out of connections, disk,
                // memory; 28 and 3D: login refused, database not there.
                let code = reported.code().unwrap_or_default();
                tracing::error!(code = code.as_ref(), "database: {error}");
                if ["57", "53", "28", "3D"]
                    .iter()
                    .any(|class| code.starts_with(class))
                {
                    Self::Unavailable
                } else {
                    Self::Internal
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                tracing::warn!("database: {error}");
                Self::Unavailable
            }
            _ => {
                tracing::error!("database: {error}");
                Self::Internal
            }
        }
    }
}

/// An error's code, for metrics; GraphQL's own errors (syntax, limits) have none.
pub fn code_of(error: &ServerError) -> &'static str {
    let code = error
        .extensions
        .as_ref()
        .and_then(|extensions| extensions.get("code"));
    match code {
        Some(Value::String(code)) => CODES.into_iter().find(|known| known == code).unwrap_or("other"),
        _ => "request",
    }
}
