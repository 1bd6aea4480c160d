//! The load: so many WebSocket connections with so many frames in flight for so long.
//!
//! The same client for every server, so that ratios compare servers.

use crate::words::{Words, message};
use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};

#[derive(Clone, Copy)]
pub struct Plan {
    pub connections: usize,
    pub window: usize,
    pub time: Duration,
}

pub struct Measured {
    pub events: u64,
    pub took: Duration,
    /// From sending a frame to the ack that covers it, ascending.
    pub latencies: Vec<Duration>,
}

impl Measured {
    pub fn new(took: Duration, mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        Self { events: latencies.len() as u64, took, latencies }
    }

    pub fn rate(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }

    pub fn p50(&self) -> Duration {
        self.at(0.5)
    }

    pub fn p99(&self) -> Duration {
        self.at(0.99)
    }

    fn at(&self, part: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * part) as usize).copied().unwrap_or_default()
    }
}

/// Sends for the time of the plan, then waits for the last ack.
pub async fn run(url: &str, plan: Plan) -> Result<Measured> {
    let begun = Instant::now();
    let connections: Vec<_> =
        (0..plan.connections).map(|n| tokio::spawn(connection(url.to_owned(), n as u64, plan))).collect();
    let mut latencies = Vec::new();
    for connection in connections {
        latencies.extend(connection.await??);
    }
    Ok(Measured::new(begun.elapsed(), latencies))
}

async fn connection(url: String, number: u64, plan: Plan) -> Result<Vec<Duration>> {
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = 16 * 1024;
    let (mut ws, _) = tokio_tungstenite::connect_async_with_config(&url, Some(config), true).await?;
    let (mut words, session) = (Words::new(number), format!("bench-{number}"));
    let (mut sent, mut acked) = (0u64, 0u64);
    let mut in_flight: VecDeque<Instant> = VecDeque::with_capacity(plan.window);
    let mut latencies = Vec::new();
    let end = Instant::now() + plan.time;
    let mut ready: VecDeque<String> = VecDeque::new();
    loop {
        let going = Instant::now() < end;
        while going && in_flight.len() < plan.window {
            sent += 1;
            let text = ready.pop_front().unwrap_or_else(|| message(&mut words, &session, sent));
            in_flight.push_back(Instant::now());
            ws.feed(Message::text(text)).await?;
        }
        ws.flush().await?;
        if in_flight.is_empty() {
            break;
        }
        let through = next_ack(&mut ws).await?;
        let now = Instant::now();
        while acked < through {
            acked += 1;
            let at = in_flight.pop_front().context("an ack for a frame that was not sent")?;
            latencies.push(now - at);
        }
    }
    ws.close(None).await?;
    Ok(latencies)
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn next_ack(ws: &mut Socket) -> Result<u64> {
    loop {
        let frame = ws.next().await.context("the server closed the connection")??;
        let Message::Text(text) = frame else { continue };
        if let Some(rest) = text.strip_prefix(r#"{"type":"ack","through":"#) {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            return Ok(digits.parse()?);
        }
        anyhow::ensure!(!text.contains(r#""type":"error""#), "refused: {text}");
    }
}
