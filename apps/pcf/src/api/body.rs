//! Extractors whose refusals have the form of every other error.

use super::Failure;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// A body of JSON.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(error)) => Err(Failure::Input(error.body_text())),
            Err(error) => Err(Failure::Body(error.status(), error.body_text())),
        }
    }
}

/// The query string.
pub struct Parameters<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = Query::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|error| Failure::Input(error.body_text()))
    }
}

/// Ids of the path; what is no id names nothing.
pub struct Ids<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Ids<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value)).map_err(|_| Failure::NotFound)
    }
}

/// A text of `from` to `to` characters without control characters; the rest is refused by name.
pub fn text(name: &str, value: &str, from: usize, to: usize) -> Result<(), Failure> {
    let length = value.chars().count();
    if length < from || length > to {
        let message = format!("{name}: {length} characters; allowed: {from} to {to}");
        return Err(Failure::Input(message));
    }
    if value
        .chars()
        .any(|character| character.is_control() && character != '\n')
    {
        return Err(Failure::Input(format!(
            "{name}: control characters are not allowed"
        )));
    }
    Ok(())
}

/// What does not exist is told in the same form.
pub async fn not_found() -> Failure {
    Failure::NotFound
}

/// As above, for a method that a path does not know.
pub async fn not_allowed() -> Failure {
    Failure::Body(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not know the method".into(),
    )
}
