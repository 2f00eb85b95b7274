//! A pool of connections that survives the database's absence, and a probe that does not depend on it.

use crate::identity::SERVICE;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

const STATEMENT_LIMIT_MS: &str = "10000";
/// For an answer that never comes because the host is gone.
const ANSWER_LIMIT: Duration = Duration::from_secs(12);
/// With the time to connect: five answers of the server, 1.5 s over a link of 300 ms.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// A probe's connection may take longer than its answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

pub struct Database {
    pool: PgPool,
    options: PgConnectOptions,
    probe: Arc<Mutex<Option<PgConnection>>>,
}

impl Database {
    /// Connects nowhere yet: the first use does.
    pub fn new(options: PgConnectOptions) -> Self {
        let options = options
            .application_name(SERVICE)
            .options([("statement_timeout", STATEMENT_LIMIT_MS)]);
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(ACQUIRE_LIMIT)
            .connect_lazy_with(options.clone());
        Self {
            pool,
            options,
            probe: Arc::default(),
        }
    }

    /// Runs a query of the pool, in 12 s at most.
    pub async fn run<T>(&self, query: impl AsyncFnOnce(&PgPool) -> sqlx::Result<T>) -> sqlx::Result<T> {
        within(ANSWER_LIMIT, query(&self.pool)).await
    }

    /// Whether it answers within 2 s. Asked on a connection of its own, so that a busy pool is not taken for a lost
    /// database.
    ///
    /// What is begun goes on when nobody waits for it any longer: over a slow link a probe would never have a
    /// connection if each began anew.
    pub async fn answers(&self) -> bool {
        let asking = async {
            let kept = Arc::clone(&self.probe).lock_owned().await;
            tokio::spawn(ask(kept, self.options.clone())).await
        };
        matches!(timeout(PROBE_LIMIT, asking).await, Ok(Ok(Ok(()))))
    }

    pub async fn close(&self) {
        let _ = timeout(CLOSE_LIMIT, self.pool.close()).await;
    }
}

async fn ask(mut kept: OwnedMutexGuard<Option<PgConnection>>, options: PgConnectOptions) -> sqlx::Result<()> {
    // Taken out first: a failed probe leaves none behind, and the next one connects anew.
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => within(CONNECT_LIMIT, PgConnection::connect_with(&options)).await?,
    };
    // One question, one answer: a prepared statement takes two.
    within(PROBE_LIMIT, connection.execute(sqlx::raw_sql("SELECT 1"))).await?;
    *kept = Some(connection);
    Ok(())
}

async fn within<T>(limit: Duration, work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    match timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
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
