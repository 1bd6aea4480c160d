//! Counters of the server, and the text that `/metrics` answers.
//!
//! Never has the id or text of a session as a label. Invariant: labels are from a fixed set, so their number is bounded.

use chasm_protocol::status::{Health, Status};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use std::borrow::Cow;

type Labels = [(&'static str, Cow<'static, str>); 3];

/// What the server counts itself.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Family<Labels, Counter>,
    /// Open WebSocket connections.
    pub ws_connections: Gauge,
    /// Text frames from clients that were counted.
    pub ws_frames: Counter,
    /// Frames that were larger than allowed.
    pub ws_oversize: Counter,
    /// Connections refused because there were too many.
    pub refused_connections: Counter,
}

impl Metrics {
    /// `route` is a route's pattern, never a path.
    pub fn request(&self, method: &http::Method, route: &str, status: http::StatusCode) {
        let method = match method.as_str() {
            "GET" | "POST" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" | "PUT" => method.as_str().to_owned(),
            _ => String::from("other"),
        };
        let labels = [
            ("method", Cow::Owned(method)),
            ("route", Cow::Owned(route.to_owned())),
            ("status", Cow::Owned(status.as_str().to_owned())),
        ];
        self.requests.get_or_create(&labels).inc();
    }

    /// All metrics in Prometheus' text form.
    pub fn text(&self, status: &Status) -> String {
        let mut registry = Registry::with_prefix("chasm");
        self.own(&mut registry);
        of_status(&mut registry, status);
        let mut text = String::new();
        // writing to a String does not fail
        let _ = encode(&mut text, &registry);
        text
    }

    fn own(&self, r: &mut Registry) {
        r.register("http_requests", "HTTP requests by method, route and status", self.requests.clone());
        r.register("ws_connections", "open WebSocket connections", self.ws_connections.clone());
        r.register("ws_frames", "text frames received from clients", self.ws_frames.clone());
        r.register("ws_oversize_frames", "frames larger than the limit", self.ws_oversize.clone());
        r.register("connections_refused", "connections over the limit", self.refused_connections.clone());
    }
}

fn of_status(r: &mut Registry, s: &Status) {
    let mut counter = |name: &str, help: &str, value: u64| r.register(name, help, ConstCounter::new(value));
    counter("events_recorded", "events recorded by this run", s.events_recorded);
    counter("events_duplicate", "events that were on disk already", s.duplicates);
    counter("events_rejected", "events that were refused", s.rejected);
    counter("journal_syncs", "syncs of the journal", s.journal.syncs);
    let mut gauge = |name: &str, help: &str, value: f64| r.register(name, help, ConstGauge::new(value));
    let is = |health: Health| if s.status == health { 1.0 } else { 0.0 };
    gauge("recording", "1 while events are recorded", is(Health::Recording));
    gauge("paused", "1 while the user paused recording", is(Health::Paused));
    gauge("degraded", "1 while something cannot be written", is(Health::Degraded));
    gauge("uptime_seconds", "time since the start", s.uptime_secs);
    gauge("sessions", "sessions on disk", s.sessions as f64);
    gauge("sessions_active", "sessions in state recording", s.active_sessions as f64);
    gauge("sessions_interrupted", "sessions in state interrupted", s.interrupted_sessions as f64);
    gauge("clients", "connected recording clients", s.connections.len() as f64);
    gauge("buffer_events", "events that the database does not have yet", s.buffer.events as f64);
    gauge("buffer_bytes", "bytes of these events", s.buffer.bytes as f64);
    gauge("buffer_max_bytes", "most bytes that the buffer may take", s.buffer.max_bytes as f64);
    gauge("journal_segments", "segment files of the journal", s.journal.segments as f64);
    gauge("journal_bytes", "bytes of the journal", s.journal.bytes as f64);
    gauge("journal_last_lsn", "last record written", s.journal.last_lsn as f64);
    gauge("journal_durable_lsn", "last record synced", s.journal.durable_lsn as f64);
    gauge("journal_applied_lsn", "last record that the database has", s.journal.applied_lsn as f64);
    gauge("database_bytes", "bytes of the database", s.database.bytes as f64);
    if let Some(free) = s.disk_free_bytes {
        gauge("disk_free_bytes", "free bytes on the disk of the data folder", free as f64);
    }
    if let Some(at) = s.last_durable_write {
        let seconds = at.as_micros() as f64 / 1e6;
        gauge("last_durable_write_timestamp_seconds", "when an event was last synced", seconds);
    }
}
