//! `migrate`: the schema, brought up to this image's.

use crate::database::is_unavailable;
use crate::identity::SERVICE;
use crate::logging;
use sqlx::migrate::{MigrateError, Migration, MigrationSource, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::error::Error;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tracing_subscriber::filter::LevelFilter;

/// How long to try until the database takes connections.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);

/// In order; a file, once released, never changes, and is compatible with the release before.
const FILES: [(i64, &str, &str); 3] = [
    (
        1,
        "create notes",
        include_str!("../migrations/0001_create_notes.sql"),
    ),
    (
        2,
        "limit lengths",
        include_str!("../migrations/0002_limit_lengths.sql"),
    ),
    (
        3,
        "add created at",
        include_str!("../migrations/0003_add_created_at.sql"),
    ),
];

pub fn run(options: PgConnectOptions) -> ExitCode {
    logging::start(LevelFilter::INFO);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.expect("a runtime can be built").block_on(async {
        let mut connection = connect(options.application_name(SERVICE)).await?;
        apply(&mut connection).await?;
        connection.close().await
    });
    match done {
        Ok(()) => {
            tracing::info!(known = FILES.len(), "migrated");
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!("migrate: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Two runs at once wait for each other, by sqlx's advisory lock.
async fn apply(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let mut migrator = Migrator::new(Embedded).await?;
    // An older image, deployed again, meets newer migrations.
    migrator.set_ignore_missing(true);
    migrator.run_direct(connection).await
}

async fn connect(options: PgConnectOptions) -> sqlx::Result<PgConnection> {
    let started = Instant::now();
    loop {
        match options.connect().await {
            Err(error) if is_unavailable(&error) && started.elapsed() < PATIENCE => {
                tracing::warn!("the database is not ready: {error}");
                tokio::time::sleep(PAUSE).await;
            }
            result => return result,
        }
    }
}

#[derive(Debug)]
struct Embedded;

type Resolved = Result<Vec<Migration>, Box<dyn Error + Send + Sync>>;

impl MigrationSource<'static> for Embedded {
    fn resolve(self) -> Pin<Box<dyn Future<Output = Resolved> + Send>> {
        let migrations = FILES.map(|(version, name, sql)| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into(), false)
        });
        Box::pin(async move { Ok(migrations.to_vec()) })
    }
}
