//! Keeps the glance up to date: reads status and sessions when something has happened, and now and then.
//!
//! Never asks more often than [`PACE`] however much happens, and next to never while nothing does. Invariant: what happens is
//! seen within [`PACE`] and [`LISTS`].

use crate::autostart::Autostart;
use crate::glance::{Glance, Proof, Recent};
use chasm_protocol::Timestamp;
use chasm_protocol::api::SessionFilter;
use chasm_protocol::lifecycle::LiveEvent;
use chasm_server::{Engine, TakenPort};
use jiff::tz::TimeZone;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Between two readings.
const PACE: Duration = Duration::from_millis(1_000);
/// Between two readings of the list of sessions, while events come.
const LISTS: Duration = Duration::from_secs(5);
/// A reading though nothing was told: a pause may have ended, the entry of the autostart may be gone.
const IDLE: Duration = Duration::from_secs(30);
/// What happens together is read once.
const GATHER: Duration = Duration::from_millis(100);
/// Sessions of the list «Recent».
const RECENT: u32 = 8;

/// What the reader is told from outside.
#[derive(Debug, Clone, Default)]
pub struct Nudge(Arc<Nudges>);

#[derive(Debug, Default)]
struct Nudges {
    now: Notify,
    damage_was_seen: AtomicBool,
}

impl Nudge {
    /// Something was changed that no event tells.
    pub fn now(&self) {
        self.0.now.notify_one();
    }

    /// The user looked at what was found: it calls for no attention any more.
    pub fn damage_was_seen(&self) {
        self.0.damage_was_seen.store(true, Ordering::Relaxed);
        self.now();
    }
}

/// What stays the same as long as the recorder runs, and what is watched.
pub struct Watched {
    pub engine: Engine,
    pub address: String,
    pub taken: Option<TakenPort>,
    pub autostart: Option<Autostart>,
    pub proof: watch::Receiver<Proof>,
    pub nudge: Nudge,
}

/// Watches until the token is cancelled. `None` before the first reading.
pub fn spawn(watched: Watched, stop: CancellationToken) -> watch::Receiver<Option<Glance>> {
    let (glances, receiver) = watch::channel(None);
    tokio::spawn(async move {
        stop.run_until_cancelled(run(watched, glances)).await;
    });
    receiver
}

async fn run(mut watched: Watched, glances: watch::Sender<Option<Glance>>) {
    let mut live = watched.engine.live();
    let mut recent = List { sessions: Vec::new(), read: None, stale: true };
    loop {
        let begun = Instant::now();
        if recent.is_due() {
            recent = List::read(&watched.engine, recent).await;
        }
        let glance = look(&watched, recent.sessions.clone()).await;
        glances.send_if_modified(|last| {
            // time alone changes nothing that is shown, but the end of a minute
            let changed = last.as_ref() != Some(&glance);
            *last = Some(glance);
            changed
        });
        let idle = if recent.stale { LISTS } else { IDLE };
        let changed = wait(&mut watched, &mut live, idle).await;
        recent.stale |= changed;
        tokio::time::sleep(GATHER).await;
        tokio::time::sleep_until(begun + PACE).await;
    }
}

/// Waits for something to happen. True where sessions may have changed.
async fn wait(watched: &mut Watched, live: &mut broadcast::Receiver<LiveEvent>, idle: Duration) -> bool {
    let nudged = watched.nudge.0.now.notified();
    let mut changed = tokio::select! {
        event = live.recv() => match event {
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => true,
            // the engine has ended: so will this, when the token says so
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        },
        Ok(()) = watched.proof.changed() => false,
        () = nudged => true,
        () = tokio::time::sleep(idle) => false,
    };
    while let Ok(_) | Err(broadcast::error::TryRecvError::Lagged(_)) = live.try_recv() {
        changed = true;
    }
    changed
}

async fn look(watched: &Watched, recent: Vec<Recent>) -> Glance {
    let status = watched.engine.status().await;
    let seen = watched.nudge.0.damage_was_seen.load(Ordering::Relaxed);
    let now = Timestamp::from_micros(jiff::Timestamp::now().as_microsecond());
    let glance = Glance::of(&status, now, TimeZone::system());
    Glance {
        damage: glance.damage && !seen,
        proof: watched.proof.borrow().clone(),
        address: watched.address.clone(),
        taken: watched.taken.clone(),
        starts_at_login: watched.autostart.as_ref().is_some_and(Autostart::is_on),
        recent,
        ..glance
    }
}

struct List {
    sessions: Vec<Recent>,
    read: Option<Instant>,
    stale: bool,
}

impl List {
    fn is_due(&self) -> bool {
        self.stale && self.read.is_none_or(|at| at.elapsed() >= LISTS)
    }

    async fn read(engine: &Engine, last: Self) -> Self {
        let filter = SessionFilter { limit: RECENT, ..SessionFilter::default() };
        let read = Some(Instant::now());
        match engine.sessions(filter).await {
            Ok(page) => {
                let recent = |s: chasm_protocol::session::SessionSummary| Recent {
                    id: s.session_id,
                    title: s.title.or(s.preview),
                    state: s.state,
                };
                Self { sessions: page.sessions.into_iter().map(recent).collect(), read, stale: false }
            }
            Err(error) => {
                tracing::debug!(%error, "the list of sessions cannot be read");
                Self { read, ..last }
            }
        }
    }
}
