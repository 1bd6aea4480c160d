//! A flood slows its sender down; it does not grow the recorder, and nothing of it is lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, events, process, within};
use futures_util::SinkExt;
use serde_json::{Value, json};
use std::time::Instant;
use tokio_tungstenite::tungstenite::Message;

/// `CHASM_FLOOD_MIB` sets another size: the memory must not depend on it.
const TOTAL_MIB: u64 = 200;
/// Messages of 16 KiB, eight a frame.
const MESSAGE_BYTES: usize = 16 * 1024;
const BATCH: u64 = 8;

#[test]
fn two_hundred_megabytes_at_once() {
    within(300, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        let mut write = ws.take_write();
        let total =
            std::env::var("CHASM_FLOOD_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(TOTAL_MIB);
        let frames = total * 1024 * 1024 / (MESSAGE_BYTES as u64 * BATCH);
        let filler = "lorem ipsum ".repeat(MESSAGE_BYTES / 12);
        let begun = Instant::now();
        // sends as fast as the socket takes it; acks are read when all is sent
        let sending = tokio::spawn(async move {
            for frame in 0..frames {
                let batch: Vec<Value> = (1..=BATCH).map(|k| large(frame * BATCH + k, &filler)).collect();
                write.send(Message::Text(json!(batch).to_string().into())).await.unwrap();
            }
            write
        });
        let write = sending.await.unwrap();
        println!("sent within {:.1} s", begun.elapsed().as_secs_f64());
        ws.acked(frames).await;
        println!("acked within {:.1} s", begun.elapsed().as_secs_f64());
        assert_eq!((ws.recorded, ws.duplicates), (frames * BATCH, 0), "{:?}", ws.said("error"));
        let session =
            recorder.get("/api/recording/sessions?state=all").await.expect(200)["sessions"][0].clone();
        assert_eq!(session["message_count"], json!(frames * BATCH));
        let (_, peak) = process::memory_kib(recorder.pid());
        println!("peak memory {} MiB", peak / 1024);
        assert!(peak < 200 * 1024, "peak memory {peak} KiB");
        drop(write);
    });
}

fn large(n: u64, filler: &str) -> Value {
    let mut event = events::message("flood", n);
    event["data"]["content"] = json!(format!("{n} {filler}"));
    event
}
