//! Optimistic concurrency: a change names the version that it was made for.

use super::Failure;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The version of `If-Match: "3"`.
pub struct IfMatch(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let header = parts.headers.get(IF_MATCH).ok_or(Failure::VersionRequired)?;
        let text = header.to_str().unwrap_or_default().trim();
        let version = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or(text);
        version.parse().map(Self).map_err(|_| {
            Failure::Input("If-Match: is no version; allowed: one number, for example \"3\"".into())
        })
    }
}

/// The version as a header of the answer.
pub fn etag(version: i64) -> [(HeaderName, String); 1] {
    [(ETAG, format!("\"{version}\""))]
}

/// A resource with its version.
pub fn versioned<T: Serialize>(status: StatusCode, version: i64, resource: &T) -> Response {
    (status, etag(version), Json(resource)).into_response()
}

/// Why nothing was changed: it is not there, or has `found` as its version.
pub fn refused(found: Option<(i64,)>) -> Failure {
    found.map_or(Failure::NotFound, |(version,)| Failure::Changed(version))
}
