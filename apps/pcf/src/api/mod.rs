//! What the API offers, one resource a module.

mod body;
mod caller;
mod client;
mod failure;
mod page;
mod projects;
mod sessions;
mod tasks;
pub mod users;
mod version;

pub use body::{not_allowed, not_found};
pub use client::{Client, Proxies};
pub use failure::Failure;

use crate::server::App;
use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/users", post(users::create))
        .route("/sessions", post(sessions::create))
        .route("/sessions/refresh", post(sessions::refresh))
        .route("/sessions/end", post(sessions::end))
        .route("/projects", get(projects::list).post(projects::create))
        .route(
            "/projects/{project}",
            get(projects::read)
                .put(projects::replace)
                .delete(projects::remove),
        )
        .route("/projects/{project}/tasks", get(tasks::list).post(tasks::create))
        .route(
            "/projects/{project}/tasks/{task}",
            get(tasks::read).put(tasks::replace).delete(tasks::remove),
        )
}
