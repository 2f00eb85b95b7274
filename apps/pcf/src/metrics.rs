//! What Prometheus scrapes.

use crate::api::{Client, Proxies};
use crate::database::Database;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::fs;
use std::sync::Arc;
use std::time::Instant;

/// Seconds.
const DURATION_BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    logins: IntCounterVec,
    cached: IntCounterVec,
    in_flight: IntGauge,
    connections: IntGaugeVec,
    memory: IntGauge,
}

impl Metrics {
    /// `connections` is the size of the pool.
    pub fn new(connections: u32) -> prometheus::Result<Self> {
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new("http_requests_total", "Answered requests."),
                &["method", "route", "status"],
            )?,
            durations: HistogramVec::new(
                HistogramOpts::new("http_request_duration_seconds", "Time from request to answer.")
                    .buckets(DURATION_BUCKETS.to_vec()),
                &["method", "route"],
            )?,
            logins: IntCounterVec::new(Opts::new("logins_total", "Logins by result."), &["result"])?,
            cached: IntCounterVec::new(
                Opts::new("cache_reads_total", "Reads of the cache by result."),
                &["result"],
            )?,
            in_flight: IntGauge::new("http_requests_in_flight", "Requests that are not answered yet.")?,
            connections: IntGaugeVec::new(
                Opts::new("db_pool_connections", "Connections of the pool by state."),
                &["state"],
            )?,
            memory: IntGauge::new("process_resident_memory_bytes", "Resident memory.")?,
        };
        let limit = IntGauge::new("db_pool_connections_max", "Most connections of the pool.")?;
        limit.set(connections.into());
        let build = IntGaugeVec::new(Opts::new("pcf_build_info", "Always 1."), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let registry = &metrics.registry;
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.durations.clone()))?;
        registry.register(Box::new(metrics.logins.clone()))?;
        registry.register(Box::new(metrics.cached.clone()))?;
        registry.register(Box::new(metrics.in_flight.clone()))?;
        registry.register(Box::new(metrics.connections.clone()))?;
        registry.register(Box::new(metrics.memory.clone()))?;
        registry.register(Box::new(limit))?;
        registry.register(Box::new(build))?;
        Ok(metrics)
    }

    pub fn login(&self, right: bool) {
        let result = if right { "accepted" } else { "refused" };
        self.logins.with_label_values(&[result]).inc();
    }

    /// `result` is `hit`, `miss` or `unavailable`.
    pub fn cached(&self, result: &str) {
        self.cached.with_label_values(&[result]).inc();
    }

    pub fn in_flight(&self) -> i64 {
        self.in_flight.get()
    }

    /// The answer to a scrape.
    pub fn render(&self, database: &Database) -> Response {
        let (used, idle) = database.connections();
        self.connections.with_label_values(&["used"]).set(used as i64);
        self.connections.with_label_values(&["idle"]).set(idle as i64);
        self.memory.set(resident_memory().unwrap_or(0));
        let mut text = Vec::new();
        let encoder = TextEncoder::new();
        match encoder.encode(&self.registry.gather(), &mut text) {
            Ok(()) => ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response(),
            Err(error) => {
                tracing::error!("metrics: {error}");
                axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Counts, times and logs each request.
pub async fn observe(
    State((metrics, proxies)): State<(Arc<Metrics>, Proxies)>,
    request: Request,
    next: Next,
) -> Response {
    let Client { address, scheme } = Client::of(request.headers(), request.extensions(), proxies);
    let method = known_method(request.method());
    // The route's pattern and never the path: paths have no end.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let started = Instant::now();
    let in_flight = InFlight::start(&metrics.in_flight);
    let response = next.run(request).await;
    drop(in_flight);
    let seconds = started.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    metrics
        .requests
        .with_label_values(&[method, &route, &status.to_string()])
        .inc();
    metrics
        .durations
        .with_label_values(&[method, &route])
        .observe(seconds);
    let ms = (seconds * 1e6).round() / 1e3;
    if route == "/health" {
        tracing::debug!(method, route, status, ms, client = address, scheme, "request");
    } else {
        tracing::info!(method, route, status, ms, client = address, scheme, "request");
    }
    response
}

/// Counts down also when the client leaves and the request's future is dropped.
struct InFlight(IntGauge);

impl InFlight {
    fn start(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn resident_memory() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
