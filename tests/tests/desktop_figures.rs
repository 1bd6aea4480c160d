//! What the desktop app costs, measured and printed. Ignored in a normal run: a figure is no pass or fail.
//!
//! `cargo nextest run -p chasm-tests --run-ignored only -E 'binary(desktop_figures)' --no-capture`, with `CHASM_RECORDER_BIN` and
//! `CHASM_TRAY_BIN` and `CHASM_SHELL_BIN` naming release binaries.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::desk::{App, Desk, Item};
use chasm_tests::process::{cpu_seconds, pss_kib};
use chasm_tests::{Api, events, eventually, within};
use futures_util::SinkExt;
use rustix::process::Signal;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

fn ours(desk: &Desk) -> Vec<(String, u32)> {
    let mut all: Vec<_> = desk.processes().into_iter().map(|p| (p.name, p.pid)).collect();
    all.retain(|(name, _)| name.starts_with("chasm") || name.starts_with("WebKit"));
    all.sort();
    all
}

fn memory(desk: &Desk, what: &str) {
    let all = ours(desk);
    let parts: Vec<String> =
        all.iter().map(|(name, pid)| format!("{name} {:.1}", pss_kib(*pid) as f64 / 1024.0)).collect();
    let sum: u64 = all.iter().map(|(_, pid)| pss_kib(*pid)).sum();
    println!("memory, {what}: {:.1} MiB PSS ({})", sum as f64 / 1024.0, parts.join(", "));
}

fn cpu(desk: &Desk) -> f64 {
    ours(desk).iter().map(|(_, pid)| cpu_seconds(*pid)).sum()
}

#[test]
#[ignore = "a figure is no pass or fail"]
fn from_the_start_to_the_first_event() {
    within(120, async {
        let desk = Desk::with_panel().await;
        let mut took = Vec::new();
        for round in 0..11 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let mut command = App::command(&desk, &desk.home().join(format!("data{}", round % 2)));
            command
                .args(["--hidden", "--port", &port.to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let begun = Instant::now();
            let mut child = command.spawn().unwrap();
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            while TcpStream::connect(address).is_err() {
                std::thread::sleep(Duration::from_micros(500));
            }
            Api::at(address).record(&events::message("fox", round + 1)).await;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
            Item::appears(&desk.connect().await).await;
            chasm_tests::process::signal(child.id(), Signal::TERM);
            child.wait().unwrap();
            eventually("its icon is gone", 20, async || {
                Item::all(&desk.connect().await).await.is_empty().then_some(())
            })
            .await;
        }
        took.sort_by(f64::total_cmp);
        println!(
            "start to first accepted event: median {:.0} ms, {:.0}–{:.0} ms",
            took[5], took[0], took[10]
        );
    });
}

#[test]
#[ignore = "a figure is no pass or fail"]
fn memory_with_and_without_a_window() {
    within(180, async {
        let mut desk = Desk::with_panel().await;
        desk.start_window_manager();
        let app = App::hidden(&desk);
        Item::appears(&desk.connect().await).await;
        let _ws = app.client("vscode/1.99", "fox", 100).await;
        tokio::time::sleep(Duration::from_secs(8)).await;
        memory(&desk, "no window ever opened");
        app.second(&desk, &[]).ok();
        let window = desk.display().window_appears("Chasm Recorder");
        tokio::time::sleep(Duration::from_secs(8)).await;
        memory(&desk, "window open");
        desk.display().close(&window);
        eventually("WebKit is gone", 20, async || desk.processes_named("WebKit").is_empty().then_some(()))
            .await;
        tokio::time::sleep(Duration::from_secs(8)).await;
        memory(&desk, "window closed");
    });
}

#[test]
#[ignore = "a figure is no pass or fail"]
fn processor_time_idle_and_under_load() {
    within(240, async {
        let desk = Desk::with_panel().await;
        let app = App::hidden(&desk);
        Item::appears(&desk.connect().await).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let (before, begun) = (cpu(&desk), Instant::now());
        tokio::time::sleep(Duration::from_secs(60)).await;
        let share = (cpu(&desk) - before) / begun.elapsed().as_secs_f64() * 100.0;
        println!("idle for 60 s: {share:.2} % of a core");

        let mut ws = app.ws().await;
        ws.hello(&["load"]).await;
        let (before, begun) = (cpu(&desk), Instant::now());
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        let mut sent = 0u64;
        while begun.elapsed() < Duration::from_secs(20) {
            tick.tick().await;
            let batch: Vec<_> = (1..=10).map(|n| events::message("load", sent + n)).collect();
            for event in &batch {
                ws.send(event).await;
            }
            sent += 10;
        }
        ws.all_acked().await;
        let time = begun.elapsed().as_secs_f64();
        let share = (cpu(&desk) - before) / time * 100.0;
        println!(
            "{:.0} events/s over one connection for {time:.0} s: {share:.1} % of a core",
            sent as f64 / time
        );
    });
}

#[test]
#[ignore = "a figure is no pass or fail"]
fn from_sigterm_to_the_end() {
    within(180, async {
        let desk = Desk::with_panel().await;
        let mut app = App::hidden(&desk);
        let end = async |app: &mut App, what: &str| {
            Item::appears(&desk.connect().await).await;
            let begun = Instant::now();
            app.term();
            println!("SIGTERM to the end, {what}: {:.0} ms", begun.elapsed().as_secs_f64() * 1e3);
            eventually("its icon is gone", 20, async || {
                Item::all(&desk.connect().await).await.is_empty().then_some(())
            })
            .await;
        };
        app.record(&events::message("idle", 1)).await;
        end(&mut app, "nobody connected").await;
        app.restart(&desk);
        let quiet = app.client("vscode/1.99", "quiet", 10).await;
        end(&mut app, "a client that says nothing").await;
        drop(quiet);
        app.restart(&desk);
        let mut ws = app.ws().await;
        let (mut write, stop) = (ws.take_write(), AtomicBool::new(false));
        let sending = async {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                n += 1;
                let text = events::message("load", n).to_string();
                if write.send(Message::Text(text.into())).await.is_err() {
                    break;
                }
            }
        };
        let ending = async {
            ws.acked(2_000).await;
            end(&mut app, "a client that sends as fast as it can").await;
            stop.store(true, Ordering::Relaxed);
        };
        futures_util::future::join(sending, ending).await;
    });
}
