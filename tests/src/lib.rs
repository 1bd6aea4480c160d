//! The black-box tests' tools: a real `chasm` in a process of its own, real sockets, real `kill -9`.
//!
//! Never links the server: what is tested is the binary, by `PROTOCOL.md`. Invariant: nothing waits without a deadline, and no
//! recorder outlives the test that started it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod api;
mod binary;
mod command;
pub mod desk;
mod dice;
mod disk;
pub mod events;
pub mod folder;
pub mod http;
pub mod process;
pub mod proxy;
mod recorder;
pub mod transcripts;
mod ws;

pub use api::Api;
pub use binary::{chasm, recorder, shell, tray, workspace};
pub use command::{Done, run_to_end};
pub use dice::Dice;
pub use disk::Disk;
pub use http::Answer;
pub use recorder::{Opts, Recorder};
pub use ws::{Ended, Ws};

use std::time::{Duration, Instant};

/// Runs a test on a runtime of its own; it fails when it takes longer than this.
pub fn within(secs: u64, test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let done =
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(secs), Box::pin(test)).await });
    runtime.shutdown_timeout(Duration::from_secs(1));
    assert!(done.is_ok(), "the test took longer than {secs} s");
}

/// Asks again and again until there is something.
pub async fn eventually<T>(what: &str, secs: u64, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(secs), "not within {secs} s: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// This user may do everything here; some tests need it.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A build server runs this: what cannot be tested has to fail.
pub fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}
