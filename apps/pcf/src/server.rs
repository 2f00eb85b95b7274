//! `pcf serve`: routes, start and stop.

use crate::api::{self, Proxies};
use crate::cache::Cache;
use crate::config::{Server, Settings};
use crate::database::Database;
use crate::metrics::{self, Metrics};
use crate::password::Passwords;
use crate::token::Tokens;
use crate::{health, logging};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, Response};
use axum::routing::get;
use serde::Deserialize;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

/// Longest time from SIGTERM to the end.
const STOP_LIMIT: Duration = Duration::from_secs(25);
/// Longest answer of /slow, in milliseconds.
const SLOW_LIMIT_MS: u64 = 10_000;

/// What the handlers share.
pub struct App {
    pub database: Database,
    pub metrics: Arc<Metrics>,
    pub cache: Cache,
    pub passwords: Passwords,
    pub tokens: Tokens,
    pub refresh_lifetime: Duration,
    /// Anybody may make a user.
    pub registration: bool,
    draining: AtomicBool,
}

impl App {
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

pub fn run(settings: Settings) -> ExitCode {
    logging::start(settings.plain.log.clone());
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match settings.plain.server.workers {
        0 => &mut runtime,
        workers => runtime.worker_threads(workers),
    };
    let runtime = runtime.enable_all().build().expect("a runtime can be built");
    match runtime.block_on(serve(settings)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal; true when every request in flight was answered.
async fn serve(settings: Settings) -> io::Result<bool> {
    let mut signals = Signals::new()?;
    let plain = settings.plain;
    let limits = &plain.database;
    let cache = Cache::new(&settings.redis_url, settings.redis_prefix, &plain.cache);
    let app = Arc::new(App {
        database: Database::new(&settings.address, limits),
        cache: cache.map_err(io::Error::other)?,
        passwords: Passwords::new(),
        tokens: Tokens::new(settings.jwt_secret, plain.auth.access),
        refresh_lifetime: plain.auth.refresh,
        registration: plain.auth.registration,
        metrics: Arc::new(Metrics::new(limits.connections).map_err(io::Error::other)?),
        draining: AtomicBool::new(false),
    });
    let listener = listen(plain.server.port).await?;
    let metrics_listener = listen(plain.metrics_port).await?;
    let metrics = metrics_route(app.clone());
    // Ends with the process: the stop can be watched to its end.
    tokio::spawn(async move { axum::serve(metrics_listener, metrics).await });
    let routes = routes(app.clone(), &plain.server).into_make_service_with_connect_info::<SocketAddr>();
    let (stop, mut stopped) = watch::channel(());
    let server = axum::serve(listener, routes).with_graceful_shutdown(async move {
        let _ = stopped.changed().await;
    });
    let server = tokio::spawn(server.into_future());
    let (environment, version) = (plain.environment, env!("CARGO_PKG_VERSION"));
    tracing::info!(port = plain.server.port, environment, version, "serving");

    let name = signals.next().await;
    let deadline = Instant::now() + STOP_LIMIT;
    app.draining.store(true, Ordering::Relaxed);
    tracing::info!(signal = name, in_flight = app.metrics.in_flight(), "draining");
    // The listener stays open until the balancer has seen /health at 503.
    sleep(plain.server.drain_delay).await;
    let _ = stop.send(());
    let finished = match timeout_at(deadline, server).await {
        Ok(result) => result.is_ok_and(|served| served.is_ok()),
        Err(_) => false,
    };
    if finished {
        tracing::info!("stopped");
    } else {
        tracing::error!(
            in_flight = app.metrics.in_flight(),
            "stopped with requests unanswered"
        );
    }
    app.database.close().await;
    Ok(finished)
}

fn routes(app: Arc<App>, settings: &Server) -> Router {
    let mut router = Router::new()
        .route("/", get(page))
        .route("/health", get(health::answer))
        .merge(api::routes());
    if settings.debug {
        router = router.route("/slow", get(slow));
    }
    let observed = (app.metrics.clone(), Proxies(settings.proxies));
    router
        .fallback(api::not_found)
        .method_not_allowed_fallback(api::not_allowed)
        .layer(DefaultBodyLimit::max(settings.body_limit))
        .layer(middleware::from_fn_with_state(observed, metrics::observe))
        .layer(middleware::from_fn_with_state(app.clone(), ask_to_reconnect))
        .with_state(app)
}

/// What it is, and what to try.
async fn page() -> Html<&'static str> {
    Html(include_str!("page.html"))
}

fn metrics_route(app: Arc<App>) -> Router {
    async fn scrape(State(app): State<Arc<App>>) -> Response {
        app.metrics.render(&app.database)
    }
    Router::new().route("/metrics", get(scrape)).with_state(app)
}

/// While draining, clients are told to take another connection, which the
/// balancer opens to another replica.
async fn ask_to_reconnect(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if app.is_draining() {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[derive(Deserialize)]
struct Slow {
    ms: u64,
}

/// Answers after `ms` milliseconds, to try out a stop with requests in flight.
async fn slow(Query(Slow { ms }): Query<Slow>) -> (StatusCode, String) {
    if ms > SLOW_LIMIT_MS {
        let text = format!("ms: {ms} is too long; allowed: 0 to {SLOW_LIMIT_MS}\n");
        return (StatusCode::BAD_REQUEST, text);
    }
    sleep(Duration::from_millis(ms)).await;
    (StatusCode::OK, format!("{ms} ms\n"))
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))
}

/// Caught from the start: as the first process of a container, signals without
/// a handler are ignored.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
