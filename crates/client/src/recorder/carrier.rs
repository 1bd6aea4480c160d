//! The task that carries the outbox to the recorder: connects, falls back to REST, and begins again.
//!
//! Owns what is under way and the waits between tries. Never holds an event's text for longer than it takes to send it. Invariant: a
//! record is acknowledged in the outbox only after all before it were.

mod refused;
mod rest;
mod socket;
mod window;

use super::desk::Desk;
use super::settings::Mode;
use crate::outbox::{Entry, Place};
use crate::stream::backoff::Backoff;
use crate::stream::link::{Link, Lost};
use crate::{ClientError, Rest};
use chasm_protocol::ErrorCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use window::Window;

/// Longest wait where the outbox itself cannot be read.
const TROUBLE_WAIT: Duration = Duration::from_secs(1);

/// A question how far a session is numbered.
pub struct Ask {
    pub session: String,
    pub answer: oneshot::Sender<u64>,
}

pub struct Carrier {
    desk: Arc<Desk>,
    asks: mpsc::Receiver<Ask>,
    asked: Vec<Ask>,
    window: Window,
    backoff: Backoff,
    /// Most records of one REST call; fewer after one was refused as a whole.
    batch: usize,
    connected_before: bool,
}

impl Carrier {
    pub fn new(desk: Arc<Desk>, asks: mpsc::Receiver<Ask>) -> Self {
        let backoff = Backoff::up_to(desk.settings.retry_longest);
        Self {
            desk,
            asks,
            asked: Vec::new(),
            window: Window::default(),
            backoff,
            batch: rest::BATCH,
            connected_before: false,
        }
    }

    pub async fn run(mut self) {
        loop {
            let why = match self.open_socket().await {
                Ok(Some(link)) => self.carry(link).await,
                Ok(None) => self.carry_by_rest(None).await,
                Err(why) => match self.rest_instead().await {
                    Some(_) => continue,
                    None => why,
                },
            };
            tracing::debug!(why, "the recorder is away");
            self.lost(&why);
            tokio::time::sleep(self.backoff.next_wait()).await;
        }
    }

    /// `None` where the settings want none.
    async fn open_socket(&self) -> Result<Option<Link>, String> {
        if self.desk.settings.mode == Mode::Batch {
            return Ok(None);
        }
        let endpoint = self.desk.settings.endpoint().map_err(|e| e.to_string())?;
        let sessions = self.desk.open_sessions();
        let opened = Link::open(&endpoint, &self.desk.settings.client, &sessions).await;
        opened.map(Some).map_err(|lost| match lost {
            Lost::Closed(why) => ClientError::Unreachable { url: endpoint.url, why }.to_string(),
            Lost::Refused(error) => error.to_string(),
        })
    }

    /// The WebSocket does not get through: something between here and the recorder may let REST pass. `None` where it does not.
    async fn rest_instead(&mut self) -> Option<String> {
        let again = Instant::now() + self.desk.settings.websocket_again;
        let endpoint = self.desk.settings.endpoint().ok()?;
        let status = tokio::time::timeout(rest::ANSWER_WAIT, Rest::new(endpoint).ok()?.status()).await;
        status.ok()?.ok()?;
        let why = self.carry_by_rest(Some(again)).await;
        (Instant::now() >= again).then_some(why)
    }

    /// The connection is over: what was sent without an ack goes again.
    fn lost(&mut self, why: &str) {
        self.window = Window::default();
        self.asked.clear();
        self.desk.with_queue(|queue| queue.rewind());
        self.desk.away(why);
    }

    /// The next record to be sent.
    fn next(&self) -> Option<(Place, Entry)> {
        match self.desk.with_queue(|queue| queue.next()) {
            Some(Ok(next)) => next,
            Some(Err(error)) => {
                self.desk.trouble(&format!("the outbox cannot be read: {error}"));
                None
            }
            None => None,
        }
    }

    fn ack(&mut self, done: &[Place]) {
        if !done.is_empty() {
            self.desk.with_queue(|queue| queue.ack(done));
            self.backoff.reset();
        }
    }
}

/// Refusals that are about the recorder's state and not about the event.
fn passes(code: &str) -> bool {
    use ErrorCode::{Internal, NotRecording, Overloaded, Paused, ShuttingDown, StorageFull};
    let passing = [Paused, StorageFull, NotRecording, ShuttingDown, Overloaded, Internal];
    passing.iter().any(|known| known.as_str() == code)
}
