//! What a person waits for: the first page of the list, opening a session, searching, over many sessions.

use crate::load::Measured;
use crate::process::Recorder;
use crate::report::Report;
use crate::words::{Words, message, rare};
use anyhow::Result;
use chasm_engine::{Engine, EngineConfig, SystemClock};
use chasm_protocol::{Limits, parse_event};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TIMES: u64 = 60;

pub async fn measure(chasm: &Path, messages: u64, report: &mut Report) -> Result<()> {
    let sessions = messages / 20;
    report.section(&format!("reading, {sessions} sessions with {messages} messages"));
    let folder = tempfile::tempdir()?;
    let begun = Instant::now();
    fill(folder.path(), sessions, messages / sessions).await?;
    report.figure("recording them in process", messages as f64 / begun.elapsed().as_secs_f64(), "events/s");
    let recorder = Recorder::start(chasm, folder.path()).await?;
    let client = reqwest::Client::new();
    let mut words = Words::new(5);
    let mut query = |name: &str, path: Box<dyn Fn(u64) -> String>| {
        let paths: Vec<String> =
            (0..TIMES).map(|_| format!("{}{}", recorder.address, path(words.next()))).collect();
        (name.to_owned(), paths)
    };
    let search = |q: String| format!("/api/recording/search?limit=20&q={q}");
    let tail = messages.min(20_000);
    let kinds = [
        query(
            "first page of the list (50)",
            Box::new(|_| "/api/recording/sessions?state=all&limit=50".into()),
        ),
        query("open a session", Box::new(move |n| format!("/api/recording/sessions/read-{}", n % sessions))),
        query("search, a rare word", Box::new(move |n| search(rare(n % tail * (n % tail) / tail)))),
        query(
            "search, a common word",
            Box::new(move |n| search(pick(&["the", "file", "test", "should"], n))),
        ),
        query(
            "search, two common words",
            Box::new(move |n| search(pick(&["the+file", "a+test", "we+should"], n))),
        ),
        query(
            "search, a phrase",
            Box::new(move |n| search(pick(&["%22of+the%22", "%22we+should%22", "%22the+file%22"], n))),
        ),
    ];
    for (name, paths) in kinds {
        let measured = times(&client, &paths).await?;
        report.times(&name, &measured);
    }
    let (now, _) = recorder.memory()?;
    report.figure("memory after these reads", now as f64 / 1048576.0, "MiB");
    recorder.stop().await
}

fn pick(from: &[&str], n: u64) -> String {
    from.iter().cycle().nth(usize::try_from(n % 12).unwrap_or(0)).copied().unwrap_or_default().to_owned()
}

async fn times(client: &reqwest::Client, paths: &[String]) -> Result<Measured> {
    let begun = Instant::now();
    let mut times: Vec<Duration> = Vec::with_capacity(paths.len());
    for path in paths {
        let at = Instant::now();
        client.get(path).send().await?.error_for_status()?.bytes().await?;
        times.push(at.elapsed());
    }
    Ok(Measured::new(begun.elapsed(), times))
}

async fn fill(folder: &Path, sessions: u64, each: u64) -> Result<()> {
    let engine = Engine::start(EngineConfig::new(folder), Arc::new(SystemClock), "bench").await?;
    let mut words = Words::new(3);
    for chunk in 0..sessions.div_ceil(25) {
        let mut batch = Vec::new();
        for n in chunk * 25..((chunk + 1) * 25).min(sessions) {
            let session = format!("read-{n}");
            for m in 1..=each {
                batch.push(parse_event(&message(&mut words, &session, m), &Limits::default())?);
            }
        }
        engine.record(batch).await?;
    }
    engine.shutdown().await;
    Ok(())
}
