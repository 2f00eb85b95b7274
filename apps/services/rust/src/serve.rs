//! `serve`: start and stop.

use crate::api::{self, Failure};
use crate::cache::Cache;
use crate::database::Database;
use crate::identity::{SERVICE, version};
use crate::metrics::{self, Metrics};
use crate::settings::Settings;
use crate::{health, logging};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long after SIGTERM everything is still answered, with `Connection: close`. A proxy sends requests on the
/// connections that it has, and one that is closed under a request loses it.
const DRAIN_TIME: Duration = Duration::from_secs(1);
/// What requests in flight may take after the drain; SIGKILL comes after 30 s.
const STOP_LIMIT: Duration = Duration::from_secs(25);
/// Largest request body, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// What the handlers share.
pub struct App {
    pub database: Database,
    pub cache: Cache,
    pub metrics: Arc<Metrics>,
    draining: AtomicBool,
}

pub fn run(settings: Settings) -> ExitCode {
    logging::start(settings.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.expect("a runtime can be built").block_on(serve(settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers HTTP until SIGTERM or SIGINT, then finishes what is in flight.
async fn serve(settings: Settings) -> io::Result<()> {
    // From the start: the first process of a container ignores signals that it has no handler for.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let app = Arc::new(App {
        database: Database::new(settings.database),
        cache: Cache::new(settings.cache).map_err(io::Error::other)?,
        metrics: Arc::new(Metrics::new().map_err(io::Error::other)?),
        draining: AtomicBool::new(false),
    });
    let scraped = app.metrics.clone();
    let metrics = Router::new()
        .route(
            "/metrics",
            get(async |State(metrics): State<Arc<Metrics>>| metrics.render()),
        )
        .with_state(scraped);
    let metrics_listener = listen(settings.metrics_port).await?;
    tokio::spawn(async move { axum::serve(metrics_listener, metrics).await });

    let (stop, mut stopped) = watch::channel(());
    let server = axum::serve(listen(settings.port).await?, routes(app.clone()))
        .with_graceful_shutdown(async move { _ = stopped.changed().await });
    let server = tokio::spawn(server.into_future());
    tracing::info!(
        service = SERVICE,
        version = version(),
        port = settings.port,
        "started"
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    app.draining.store(true, Ordering::Relaxed);
    sleep(DRAIN_TIME).await;
    let _ = stop.send(());
    let finished = timeout(STOP_LIMIT, server).await;
    app.database.close().await;
    let served = finished.map_err(|_| io::Error::other("requests in flight took too long"))?;
    served.map_err(io::Error::other)??;
    tracing::info!("stopped");
    Ok(())
}

fn routes(app: Arc<App>) -> Router {
    api::routes()
        .route("/health", get(health::answer))
        .fallback(Failure::no_route)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(
            app.metrics.clone(),
            metrics::observe,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), ask_to_reconnect))
        .with_state(app)
}

async fn ask_to_reconnect(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if app.draining.load(Ordering::Relaxed) {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))
}
