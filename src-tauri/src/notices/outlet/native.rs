//! Notifications where there is no D-Bus: macOS and Windows, by notify-rust.
//!
//! Never updates, closes or hears of a click: what notify-rust offers there blocks a thread for each. Invariant: no call blocks
//! the runtime.

use super::{Failure, Heard, Sent};
use crate::notices::compose::compose;
use crate::notices::note::Note;
use std::time::Duration;

pub struct Outlet {
    answer: Duration,
}

impl Outlet {
    pub async fn connect(_address: Option<&str>, answer: Duration) -> Result<Self, Failure> {
        Ok(Self { answer })
    }

    pub async fn has_service(&self) -> Result<bool, Failure> {
        Ok(true)
    }

    /// Shows a note. The id is that of no notification.
    pub async fn show(&self, note: &Note, _replaces: u32) -> Result<Sent, Failure> {
        let shown = compose(note);
        let showing = tokio::task::spawn_blocking(move || shown.show().map(drop).map_err(|e| e.to_string()));
        match tokio::time::timeout(self.answer, showing).await {
            Ok(Ok(Ok(()))) => Ok(Sent { id: 0, service: String::new() }),
            Ok(Ok(Err(error))) => Err(Failure::Refused(error)),
            Ok(Err(error)) => Err(Failure::Refused(error.to_string())),
            Err(_) => Err(Failure::Silent),
        }
    }

    pub async fn close(&self, _id: u32) -> Result<(), Failure> {
        Ok(())
    }

    pub async fn heard(&mut self) -> Heard {
        std::future::pending().await
    }
}
