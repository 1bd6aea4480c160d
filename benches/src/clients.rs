//! What the Rust client costs: handed over to acknowledged, beside a bare WebSocket client on the same recorder in the same minutes.
//!
//! Both send the same messages with the same number under way. The client writes each into its outbox first; the bare one keeps
//! nothing. Latency of the client is from the call to the state that says that it is acknowledged.

use crate::load::{self, Measured, Plan};
use crate::process::Recorder;
use crate::report::Report;
use crate::words::{Words, message};
use anyhow::Result;
use chasm_client::Settings;
use chasm_client::recorder::{Mode, OutboxSettings};
use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

pub async fn measure(chasm: &Path, seconds: u64, report: &mut Report) -> Result<()> {
    let time = Duration::from_secs(seconds);
    for window in [1, 64] {
        report.section(&format!("clients, 1 × {window} in flight"));
        let plan = Plan { connections: 1, window, time };
        let folder = tempfile::tempdir()?;
        let recorder = Recorder::start(chasm, folder.path()).await?;
        let bare = load::run(&recorder.ws(), plan).await?;
        let ours = with_outbox(folder.path(), window, time).await?;
        recorder.stop().await?;
        report.rate("bare tokio-tungstenite", &bare);
        report.rate("client with outbox", &ours);
        report.ratio("    client / bare, events per second", ours.rate() / bare.rate(), "aim ≥ 0.5");
        report.ratio(
            "    client / bare, p50",
            ours.p50().as_secs_f64() / bare.p50().as_secs_f64(),
            "aim ≤ 2",
        );
        report.ratio(
            "    client / bare, p99",
            ours.p99().as_secs_f64() / bare.p99().as_secs_f64(),
            "aim ≤ 2",
        );
    }
    Ok(())
}

/// Hands over for a time, with so many not acknowledged at most, then waits for the last ack.
async fn with_outbox(folder: &Path, window: usize, time: Duration) -> Result<Measured> {
    let settings = Settings {
        data_dir: Some(folder.to_owned()),
        outbox: OutboxSettings::default(),
        mode: Mode::Live,
        ..Settings::for_client("bench/1")
    };
    let client = chasm_client::Recorder::connect(settings).await?;
    let mut state = client.watch();
    state.wait_for(|now| now.is_connected()).await?;
    let (mut words, mut sent) = (Words::new(7), 0u64);
    let (mut under_way, mut latencies) = (VecDeque::with_capacity(window), Vec::new());
    let begun = Instant::now();
    loop {
        while begun.elapsed() < time && under_way.len() < window {
            sent += 1;
            under_way.push_back(Instant::now());
            client.record(&message(&mut words, "bench-client", sent))?;
        }
        if under_way.is_empty() {
            break;
        }
        let open = state.wait_for(|now| now.waiting_events < under_way.len() as u64).await?.waiting_events;
        let now = Instant::now();
        while under_way.len() as u64 > open {
            latencies.extend(under_way.pop_front().map(|at| now - at));
        }
    }
    let measured = Measured::new(begun.elapsed(), latencies);
    client.close().await;
    Ok(measured)
}
