//! Files far larger than memory should be: each is read by a process of its own, whose peak is its answer.
//!
//! Owns what is generated. Invariant: every reading takes the whole file, event by event, and keeps none.

use crate::report::Report;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

const MB: u64 = 1_000_000;

pub async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    report.section("editors: large files");
    let part = if quick { 10 } else { 1 };
    let folder = tempfile::tempdir()?;
    let log =
        folder.path().join("workspaceStorage/w/chatSessions/aaaaaaaa-1111-4222-8333-444444444444.jsonl");
    operation_log(&log, 500 * MB / part)?;
    reading("VS Code log of changes", &log, report).await?;
    let log = folder.path().join("projects/-a/aaaaaaaa-1111-4222-8333-444444444444.jsonl");
    transcript(&log, 500 * MB / part)?;
    reading("Claude Code transcript", &log, report).await?;
    let database = folder.path().join("Cursor/User/globalStorage/state.vscdb");
    cursor(&database, 2_000 * MB / part).await?;
    reading("Cursor database", &database, report).await
}

/// What a child does: reads all sessions of one file and says what that took.
pub fn read(path: &Path) -> Result<()> {
    let found = chasm_editors::files::find(&[path.to_owned()])?;
    let (mut events, mut sessions) = (0_u64, 0_u64);
    for (editor, file) in &found.sources {
        sessions += 1;
        editor.read(file, &mut |event| {
            events += u64::from(!event.event_id.is_empty());
            ControlFlow::Continue(())
        })?;
    }
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse()?;
    writeln!(std::io::stdout(), "{}", json!({"events": events, "sessions": sessions, "peak_kib": kib}))?;
    Ok(())
}

async fn reading(name: &str, path: &Path, report: &mut Report) -> Result<()> {
    let size = fs::metadata(path)?.len();
    let begun = Instant::now();
    let child =
        tokio::process::Command::new(std::env::current_exe()?).arg("read-file").arg(path).output().await?;
    let took = begun.elapsed().as_secs_f64();
    anyhow::ensure!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let said: Value = serde_json::from_slice(&child.stdout)?;
    let count = |key: &str| said.get(key).and_then(Value::as_u64).unwrap_or_default();
    anyhow::ensure!(count("events") > 0, "{name}: nothing was read");
    report.note(&format!(
        "{name}, {} MB: {} sessions, {} events, {took:.1} s, {:.0} MB/s, peak {:.0} MiB",
        size / MB,
        count("sessions"),
        count("events"),
        size as f64 / MB as f64 / took,
        count("peak_kib") as f64 / 1024.0
    ));
    fs::remove_file(path)?;
    Ok(())
}

/// Text that is no two times the same.
fn text(nth: u64, bytes: usize) -> String {
    let word = |n: u64| {
        format!("{:06x} ", (nth.wrapping_mul(0x9E37_79B9).wrapping_add(n * 0x85EB_CA6B)) & 0xff_ffff)
    };
    (0..(bytes / 7) as u64).map(word).collect()
}

fn file(path: &Path) -> Result<BufWriter<File>> {
    fs::create_dir_all(path.parent().context("no folder")?)?;
    Ok(BufWriter::new(File::create(path)?))
}

/// Turns whose answers stream: the last part is written again and again, longer each time.
fn operation_log(path: &Path, bytes: u64) -> Result<()> {
    let mut out = file(path)?;
    let head = json!({"kind": 0, "v": {"version": 3, "sessionId": "aaaaaaaa-1111-4222-8333-444444444444",
        "creationDate": 1_769_868_125_000_u64, "requests": []}});
    writeln!(out, "{head}")?;
    let (mut written, mut turn) = (0, 0_u64);
    while written < bytes {
        let request = json!({"kind": 2, "k": ["requests"], "v": [{"requestId": format!("request_{turn}"),
            "timestamp": 1_769_868_125_000_u64 + turn * 60_000, "message": {"text": text(turn, 400)}, "response": []}]});
        writeln!(out, "{request}")?;
        for step in 1..=40 {
            let push = json!({"kind": 2, "k": ["requests", turn, "response"], "i": 0, "v": [{"value": text(turn, step * 1_000)}]});
            let line = push.to_string();
            written += line.len() as u64 + 1;
            writeln!(out, "{line}")?;
        }
        let done = json!({"kind": 1, "k": ["requests", turn, "modelState"], "v": {"value": 1, "completedAt": 1_769_868_130_000_u64}});
        writeln!(out, "{done}")?;
        turn += 1;
    }
    out.flush()?;
    Ok(())
}

fn transcript(path: &Path, bytes: u64) -> Result<()> {
    let mut out = file(path)?;
    let (mut written, mut nth) = (0, 0_u64);
    while written < bytes {
        let role = if nth.is_multiple_of(2) { "user" } else { "assistant" };
        let line = json!({"type": role, "uuid": format!("u{nth}"), "sessionId": "aaaaaaaa-1111-4222-8333-444444444444",
            "timestamp": 1_769_868_125_000_u64 + nth * 1_000, "message": {"role": role, "id": format!("m{nth}"),
            "content": [{"type": "text", "text": text(nth, 2_000)}]}});
        let line = line.to_string();
        written += line.len() as u64 + 1;
        writeln!(out, "{line}")?;
        nth += 1;
    }
    out.flush()?;
    Ok(())
}

/// Conversations of a hundred bubbles, 20 kB each, in a database as Cursor has it.
async fn cursor(path: &Path, bytes: u64) -> Result<()> {
    fs::create_dir_all(path.parent().context("no folder")?)?;
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut conn = options.connect().await?;
    for table in ["ItemTable", "cursorDiskKV"] {
        let create = format!("CREATE TABLE {table} (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)");
        sqlx::query(sqlx::AssertSqlSafe(create)).execute(&mut conn).await?;
    }
    let composers = bytes / 2_000_000;
    for nth in 0..composers {
        let mut write = conn.begin().await?;
        let id = format!("{nth:08x}-1111-4222-8333-444444444444");
        let bubble = |n: u64| format!("{n:08x}-aaaa-4222-8333-444444444444");
        let headers: Vec<Value> =
            (0..100).map(|n| json!({"bubbleId": bubble(n), "type": 1 + n % 2})).collect();
        let composer = json!({"_v": 3, "composerId": id, "name": format!("Composer {nth}"), "createdAt": 1_769_868_125_000_u64,
            "lastUpdatedAt": 1_769_868_225_000_u64, "fullConversationHeadersOnly": headers});
        put(&mut write, &format!("composerData:{id}"), &composer).await?;
        for n in 0..100 {
            let value = json!({"_v": 2, "bubbleId": bubble(n), "type": 1 + n % 2, "text": text(nth * 100 + n, 20_000)});
            put(&mut write, &format!("bubbleId:{id}:{}", bubble(n)), &value).await?;
        }
        write.commit().await?;
    }
    conn.close().await?;
    Ok(())
}

async fn put(write: &mut sqlx::SqliteConnection, key: &str, value: &Value) -> Result<()> {
    let insert = sqlx::query("INSERT INTO cursorDiskKV (key, value) VALUES (?, ?)");
    insert.bind(key).bind(value.to_string()).execute(write).await?;
    Ok(())
}
