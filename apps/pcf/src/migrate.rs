//! `pcf migrate`: the schema, brought up to this binary's.

use crate::config::{Address, DatabaseSettings};
use crate::{database, logging};
use sqlx::migrate::{MigrateError, Migration, MigrationSource, MigrationType, Migrator};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::error::Error;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// `EX_UNAVAILABLE` of sysexits.h: the database cannot be reached.
const EX_UNAVAILABLE: u8 = 69;
/// How long to try until the database takes connections.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
const CONNECT_PAUSE: Duration = Duration::from_millis(500);
/// Longest wait for a lock, in milliseconds: a waiting ALTER TABLE stops all
/// readers behind it.
const LOCK_LIMIT_MS: &str = "10000";

/// In order; a file, once released, never changes.
const FILES: [(i64, &str, &str); 2] = [
    (
        1,
        "users projects and tasks",
        include_str!("../migrations/0001_users_projects_and_tasks.sql"),
    ),
    (
        2,
        "versions and priorities",
        include_str!("../migrations/0002_versions_and_priorities.sql"),
    ),
];

pub fn run(settings: DatabaseSettings) -> ExitCode {
    logging::start(settings.plain.log);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let mut connection = match connect(&settings.address).await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::error!("migrate: no connection to the database: {error}");
                return ExitCode::from(EX_UNAVAILABLE);
            }
        };
        match apply(&mut connection).await {
            Ok(applied) => {
                tracing::info!(applied, known = FILES.len(), "migrate: the schema is current");
                let _ = connection.close().await;
                ExitCode::SUCCESS
            }
            Err(error) => {
                tracing::error!("migrate: {error}");
                ExitCode::FAILURE
            }
        }
    })
}

/// Retries while nobody listens or Postgres is starting; a refused login fails at once.
async fn connect(address: &Address) -> sqlx::Result<PgConnection> {
    let options = database::connect_options(address).options([("lock_timeout", LOCK_LIMIT_MS)]);
    let started = Instant::now();
    loop {
        let limit = CONNECT_LIMIT.saturating_sub(started.elapsed());
        let attempt = tokio::time::timeout(limit, options.connect()).await;
        let error = match attempt {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        if !is_passing(&error) || started.elapsed() + CONNECT_PAUSE > CONNECT_LIMIT {
            return Err(error);
        }
        tracing::warn!("migrate: the database is not ready: {error}");
        tokio::time::sleep(CONNECT_PAUSE).await;
    }
}

fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // 57P03: the server is starting up or shutting down.
        sqlx::Error::Database(error) => error.code().as_deref() == Some("57P03"),
        _ => false,
    }
}

/// Applies what is missing, under sqlx's advisory lock; gives the number applied.
async fn apply(connection: &mut PgConnection) -> Result<usize, MigrateError> {
    let mut migrator = Migrator::new(Embedded).await?;
    // An older image, rolled back to, meets newer migrations: they are
    // compatible by rule and must not stop it.
    migrator.set_ignore_missing(true);
    let before = count(connection).await;
    migrator.run_direct(connection).await?;
    Ok((count(connection).await - before) as usize)
}

/// Applied migrations; 0 while there is no table of them.
async fn count(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
        .unwrap_or(0)
}

#[derive(Debug)]
struct Embedded;

type Resolved = Result<Vec<Migration>, Box<dyn Error + Send + Sync>>;

impl MigrationSource<'static> for Embedded {
    fn resolve(self) -> Pin<Box<dyn Future<Output = Resolved> + Send>> {
        let migrations = FILES.iter().map(|(version, description, sql)| {
            Migration::new(
                *version,
                (*description).into(),
                MigrationType::Simple,
                (*sql).into(),
                false,
            )
        });
        let migrations = migrations.collect();
        Box::pin(async move { Ok(migrations) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_file_of_the_folder_is_embedded_in_order() {
        let mut names: Vec<String> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let embedded: Vec<String> = FILES
            .iter()
            .map(|(version, description, _)| format!("{version:04}_{}.sql", description.replace(' ', "_")))
            .collect();
        assert_eq!(names, embedded);
    }
}
