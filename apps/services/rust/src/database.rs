//! A pool of connections that survives the database's absence.

use crate::identity::SERVICE;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::io;
use std::time::Duration;
use tokio::time::timeout;

const STATEMENT_LIMIT_MS: &str = "10000";
/// For an answer that never comes because the host is gone.
const ANSWER_LIMIT: Duration = Duration::from_secs(12);
const PROBE_LIMIT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Database(PgPool);

impl Database {
    /// Connects nowhere yet: the first use does.
    pub fn new(options: PgConnectOptions) -> Self {
        let options = options
            .application_name(SERVICE)
            .options([("statement_timeout", STATEMENT_LIMIT_MS)]);
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(PROBE_LIMIT);
        Self(pool.connect_lazy_with(options))
    }

    /// Runs a query of the pool, in 12 s at most.
    pub async fn run<T>(&self, query: impl AsyncFnOnce(&PgPool) -> sqlx::Result<T>) -> sqlx::Result<T> {
        match timeout(ANSWER_LIMIT, query(&self.0)).await {
            Ok(result) => result,
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
    }

    /// Whether it answers within 2 s.
    pub async fn answers(&self) -> bool {
        let asked = timeout(PROBE_LIMIT, sqlx::query("SELECT 1").execute(&self.0)).await;
        matches!(asked, Ok(Ok(_)))
    }

    pub async fn close(&self) {
        let _ = timeout(PROBE_LIMIT, self.0.close()).await;
    }
}

/// Whether Postgres is away or refuses work for now, so that trying again later is of use.
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // Classes of SQLSTATE: 08 connection, 53 resources, 57 operator's intervention (shutdown, time limit).
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            ["08", "53", "57"].iter().any(|class| code.starts_with(class))
        }
        _ => false,
    }
}
