//! The schema and its two handlers.

mod attendance;
mod failure;
mod loader;
mod member;
mod mutation;
mod query;
mod streak;

use crate::config::{Secret, Stage};
use crate::database::Database;
use crate::server::App;
use crate::signature::Verifier;
use async_graphql::dataloader::DataLoader;
use async_graphql::{EmptySubscription, Request, Response, ServerError, Value};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::Html;
use loader::Rows;
use mutation::Mutation;
use query::Query;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// Deepest nesting of a query.
const DEPTH_LIMIT: usize = 7;
/// GraphiQL's introspection query is 13 deep.
const DEPTH_LIMIT_DEVELOPMENT: usize = 15;
/// Most fields that an answer may have, lists counted by their `first` or `last`.
const COMPLEXITY_LIMIT: usize = 2_500;
/// Longest time for one request.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Introspection is on in development only.
pub fn schema(database: Arc<Database>, secret: Secret, stage: Stage) -> Schema {
    let builder = Schema::build(Query, Mutation, EmptySubscription)
        .data(DataLoader::new(Rows(database.clone()), tokio::spawn))
        .data(database)
        .data(Verifier::new(secret))
        .limit_complexity(COMPLEXITY_LIMIT)
        .limit_directives(8);
    match stage {
        Stage::Development => builder.limit_depth(DEPTH_LIMIT_DEVELOPMENT).finish(),
        Stage::Production => builder
            .limit_depth(DEPTH_LIMIT)
            .disable_introspection()
            .disable_suggestions()
            .finish(),
    }
}

/// POST /graphql: one operation as JSON. Errors of the operation come with
/// status 200, as GraphQL over HTTP says for application/json; a body that is
/// no GraphQL request gets 400, 413 or 415.
pub async fn answer(
    State(app): State<Arc<App>>,
    body: Result<Json<Request>, JsonRejection>,
) -> (StatusCode, Json<Response>) {
    let (status, response) = match body {
        Ok(Json(request)) => match timeout(REQUEST_LIMIT, app.schema.execute(request)).await {
            Ok(response) => (StatusCode::OK, response),
            Err(_) => (StatusCode::OK, failure::Failure::Unavailable.into()),
        },
        Err(rejection) => {
            let status = match rejection.status() {
                StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
                status => status,
            };
            let error = ServerError::new(rejection.body_text(), None);
            (status, Response::from_errors(vec![error]))
        }
    };
    for error in &response.errors {
        app.metrics.graphql_error(failure::code_of(error));
    }
    (status, Json(response))
}

/// GET /graphql in development: GraphiQL, from a public network by pinned hashes.
pub async fn console() -> ([(HeaderName, &'static str); 1], Html<&'static str>) {
    (
        [(header::CACHE_CONTROL, "no-store")],
        Html(include_str!("graphiql.html")),
    )
}

impl From<failure::Failure> for Response {
    fn from(failure: failure::Failure) -> Self {
        let error = async_graphql::Error::from(failure).into_server_error(async_graphql::Pos::default());
        let mut response = Response::from_errors(vec![error]);
        response.data = Value::Null;
        response
    }
}
