//! What Prometheus reads. A route is the pattern, never the path, so that ids make no new series.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};
use std::sync::Arc;
use std::time::Instant;

pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    cache_reads: IntCounterVec,
}

impl Metrics {
    pub fn new() -> prometheus::Result<Self> {
        let counter = |name, help, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let durations = HistogramOpts::new("http_request_duration_seconds", "Time from request to answer.");
        let metrics = Self {
            registry: Registry::new(),
            requests: counter(
                "http_requests_total",
                "Answered requests.",
                &["method", "route", "status"],
            )?,
            durations: HistogramVec::new(durations, &["method", "route"])?,
            cache_reads: counter(
                "cache_reads_total",
                "Reads of the cache by outcome.",
                &["outcome"],
            )?,
        };
        metrics.registry.register(Box::new(metrics.requests.clone()))?;
        metrics.registry.register(Box::new(metrics.durations.clone()))?;
        metrics.registry.register(Box::new(metrics.cache_reads.clone()))?;
        Ok(metrics)
    }

    pub fn cache_read(&self, outcome: &str) {
        self.cache_reads.with_label_values(&[outcome]).inc();
    }

    /// The answer to a scrape.
    pub fn render(&self) -> Response {
        let mut text = Vec::new();
        let encoder = TextEncoder::new();
        match encoder.encode(&self.registry.gather(), &mut text) {
            Ok(()) => ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

/// Counts, times and logs each request.
pub async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let started = Instant::now();
    let response = next.run(request).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    metrics
        .requests
        .with_label_values(&[method, route, &status.to_string()])
        .inc();
    metrics
        .durations
        .with_label_values(&[method, route])
        .observe(elapsed.as_secs_f64());
    let milliseconds = elapsed.as_millis() as u64;
    if route == "/health" {
        tracing::debug!(method, route, status, milliseconds, "request");
    } else {
        tracing::info!(method, route, status, milliseconds, "request");
    }
    response
}
