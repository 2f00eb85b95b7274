//! The pool, and a probe that does not depend on it.

use crate::config::{Address, DatabaseLimits};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{Connection, Executor, PgConnection, PgPool, Postgres};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

/// How much longer than a statement may take this side waits for the answer.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);
const PROBE_LIMIT: Duration = Duration::from_millis(900);
/// A probe's connection may take longer than its answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A boxed future that may borrow the connection.
pub type Work<'c, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'c>>;

pub struct Database {
    pool: PgPool,
    answer_limit: Duration,
    options: PgConnectOptions,
    probe: Arc<Mutex<Option<PgConnection>>>,
}

impl Database {
    /// Connects nowhere yet: the first use does.
    pub fn new(address: &Address, limits: &DatabaseLimits) -> Self {
        // The server ends a statement after this time.
        let milliseconds = limits.statement.as_millis().to_string();
        let options = connect_options(address).options([("statement_timeout", milliseconds)]);
        let pool = PgPoolOptions::new()
            .max_connections(limits.connections)
            .acquire_timeout(limits.acquire)
            .idle_timeout(Duration::from_secs(300))
            .connect_lazy_with(options.clone());
        Self {
            pool,
            answer_limit: limits.statement + ANSWER_MARGIN,
            options,
            probe: Arc::default(),
        }
    }

    /// Runs `work` on a connection of the pool, with a limit for the wait and for the answer.
    ///
    /// A connection whose work did not come to its end (no answer, client gone)
    /// is closed and not kept: waiting for it could block a place in the pool
    /// until TCP gives up, a quarter of an hour later.
    pub async fn run<T>(
        &self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> Work<'c, T>,
    ) -> sqlx::Result<T> {
        let mut lease = Lease(Some(self.pool.acquire().await?));
        let result = match timeout(self.answer_limit, work(lease.connection())).await {
            Ok(result) => result,
            Err(_) => return Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        };
        lease.give_back();
        result
    }

    /// Does the database answer within 0.9 s? Uses a connection of its own, so
    /// that a busy pool is not taken for a lost database.
    ///
    /// What is begun goes on when nobody waits for it any longer: over a slow
    /// link a probe would never have a connection if each began anew.
    pub async fn answers(&self) -> bool {
        let asking = async {
            let kept = Arc::clone(&self.probe).lock_owned().await;
            tokio::spawn(ask(kept, self.options.clone())).await
        };
        matches!(timeout(PROBE_LIMIT, asking).await, Ok(Ok(Ok(()))))
    }

    /// Connections in use and idle.
    pub fn connections(&self) -> (usize, usize) {
        let idle = self.pool.num_idle();
        ((self.pool.size() as usize).saturating_sub(idle), idle)
    }

    pub async fn close(&self) {
        let _ = timeout(Duration::from_secs(2), self.pool.close()).await;
    }
}

async fn ask(mut kept: OwnedMutexGuard<Option<PgConnection>>, options: PgConnectOptions) -> sqlx::Result<()> {
    // Taken out first: a failed probe leaves none behind, and the next one
    // connects anew.
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
    timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Every option is set, so that no PG* variable changes one.
pub fn connect_options(address: &Address) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&address.host)
        .port(address.port)
        .username(&address.user)
        .database(&address.database)
        .application_name(env!("CARGO_PKG_NAME"))
        .ssl_mode(PgSslMode::Disable);
    match &address.password {
        Some(password) => options.password(password.expose()),
        None => options,
    }
}

/// A pool's connection that is closed when dropped before `give_back`.
struct Lease(Option<PoolConnection<Postgres>>);

impl Lease {
    fn connection(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("held until given back")
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
