//! Redis Streams with `appendfsync always`: XADD over pipelined connections, as many in flight as the plan says.

use crate::load::{Measured, Plan};
use crate::words::{Words, message};
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// `None` where there is no redis-server.
pub async fn run(plan: Plan) -> Result<Option<Measured>> {
    let folder = tempfile::tempdir()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let started = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
        .args(["--appendfsync", "always", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut server) = started else { return Ok(None) };
    wait_for(port).await?;
    let begun = Instant::now();
    let tasks: Vec<_> =
        (0..plan.connections).map(|n| tokio::spawn(connection(port, n as u64, plan))).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let measured = Measured::new(begun.elapsed(), latencies);
    server.kill().await?;
    Ok(Some(measured))
}

async fn wait_for(port: u16) -> Result<()> {
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("redis-server does not answer")
}

async fn connection(port: u16, number: u64, plan: Plan) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (mut words, session) = (Words::new(number), format!("bench-{number}"));
    let mut in_flight: VecDeque<Instant> = VecDeque::new();
    let (mut latencies, mut out, mut answers) = (Vec::new(), Vec::new(), vec![0u8; 64 * 1024]);
    let end = Instant::now() + plan.time;
    let mut sent = 0;
    loop {
        while Instant::now() < end && in_flight.len() < plan.window {
            sent += 1;
            let text = message(&mut words, &session, sent);
            let head =
                format!("*5\r\n$4\r\nXADD\r\n${}\r\n{session}\r\n$1\r\n*\r\n$1\r\ne\r\n", session.len());
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(format!("${}\r\n{text}\r\n", text.len()).as_bytes());
            in_flight.push_back(Instant::now());
        }
        stream.write_all(&out).await?;
        out.clear();
        if in_flight.is_empty() {
            return Ok(latencies);
        }
        let n = stream.read(&mut answers).await?;
        let read = answers.get(..n).unwrap_or_default();
        anyhow::ensure!(n > 0 && !read.contains(&b'-') || read.first() == Some(&b'$'), "redis refused");
        // One answer is `$15\r\n1700000000000-0\r\n`: the first line of each starts with `$`.
        let now = Instant::now();
        for _ in read.iter().filter(|b| **b == b'$') {
            latencies.push(now - in_flight.pop_front().context("an answer to nothing")?);
        }
    }
}
