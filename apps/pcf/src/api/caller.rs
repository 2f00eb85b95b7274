//! Who asks, by the access token.

use super::Failure;
use crate::server::App;
use crate::token::Refusal;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use chrono::Utc;
use std::sync::Arc;

/// The user of `Authorization: Bearer`; without a good token the request is refused.
pub struct Caller {
    pub user: i64,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let header = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(Failure::Unauthorized(
                "an access token is required; fix: Authorization: Bearer <token>",
            ))?;
        match app.tokens.check(token, Utc::now().timestamp()) {
            Ok(user) => Ok(Self { user }),
            Err(Refusal::Expired) => Err(Failure::Unauthorized(
                "the access token is expired; fix: POST /sessions/refresh",
            )),
            Err(Refusal::Invalid) => Err(Failure::Unauthorized("the access token is wrong")),
        }
    }
}
