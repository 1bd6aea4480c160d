//! How long a start takes when the journal holds what the database has not.
//!
//! The journal is written by the real engine with its flush put off; the start is a real `chasm serve` on that folder.

use crate::process::Recorder;
use crate::report::Report;
use crate::words::{Words, message};
use anyhow::Result;
use chasm_engine::{Engine, EngineConfig, SystemClock};
use chasm_protocol::{Limits, parse_event};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BATCH: u64 = 500;
const SESSIONS: u64 = 40;

pub async fn measure(chasm: &Path, mebibytes: u64, report: &mut Report) -> Result<()> {
    report.section(&format!("start with a journal of {mebibytes} MB that the database does not have"));
    let (written, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let events = write_journal(written.path(), mebibytes * 1_000_000).await?;
    std::fs::create_dir_all(folder.path().join("journal"))?;
    let mut bytes = 0;
    for entry in std::fs::read_dir(written.path().join("journal"))? {
        let entry = entry?;
        bytes += std::fs::copy(entry.path(), folder.path().join("journal").join(entry.file_name()))?;
    }
    let recorder = Recorder::start(chasm, folder.path()).await?;
    let took = recorder.started_in.as_secs_f64();
    let report_of_start = recorder.get("/api/recording/status").await?;
    // a read waits until the database has everything
    let before = Instant::now();
    recorder.get("/api/recording/sessions?state=all&limit=1").await?;
    let until_read = took + before.elapsed().as_secs_f64();
    let (_, peak) = recorder.memory()?;
    let replayed =
        report_of_start.pointer("/last_recovery/replayed_records").and_then(serde_json::Value::as_u64);
    recorder.stop().await?;
    anyhow::ensure!(replayed == Some(events), "{replayed:?} records replayed of {events}");
    report.figure("journal", bytes as f64 / 1e6, "MB");
    report.figure("events in it", events as f64, "events");
    report.figure("exec to listening, all taken over", took, "s");
    report.figure("events taken over", events as f64 / took, "events/s (aim 300,000)");
    report.figure("exec to the first list, everything in the database", until_read, "s");
    report.figure("events brought into the database", events as f64 / until_read, "events/s");
    report.figure("peak memory of both", peak as f64 / 1048576.0, "MiB");
    let empty = Recorder::start(chasm, tempfile::tempdir()?.path()).await?;
    report.figure("exec to listening, empty folder", empty.started_in.as_secs_f64() * 1e3, "ms");
    empty.stop().await
}

/// Events of about 300 bytes over some sessions, in the journal only.
async fn write_journal(folder: &Path, bytes: u64) -> Result<u64> {
    let config = EngineConfig {
        flush_interval: Duration::from_secs(3600),
        flush_events: usize::MAX,
        buffer_bytes: 4 << 30,
        ..EngineConfig::new(folder)
    };
    let engine = Engine::start(config, Arc::new(SystemClock), "bench").await?;
    let (mut words, mut written, mut events) = (Words::new(11), 0, 0u64);
    while written < bytes {
        let session = format!("replay-{}", (events / BATCH) % SESSIONS);
        let batch: Result<Vec<_>, _> = (1..=BATCH)
            .map(|n| {
                let text = message(&mut words, &session, events + n);
                written += text.len() as u64;
                parse_event(&text, &Limits::default())
            })
            .collect();
        engine.record(batch?).await?;
        events += BATCH;
    }
    // The folder is copied as it is: this engine never flushes, and is not asked to stop.
    Ok(events)
}
