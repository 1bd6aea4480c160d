//! What a person is told through the desktop's notification service.
//!
//! Two tasks: one reads the lifecycle events and plans (`planner`), the other brings the screen to what the plan wants
//! (`sender`). Owns neither sessions nor the notices that the store keeps for the UI. Never waits in the way of recording: a
//! service that is absent or does not answer costs nothing but its notifications. Invariant: what is shown names clients and
//! counts, never the text, the title or the id of a session.

mod board;
mod clients;
mod compose;
mod drops;
mod ledger;
mod note;
mod outlet;
mod planner;
mod recovery;
mod sender;
mod sites;
#[cfg(test)]
#[cfg(all(unix, not(target_os = "macos")))]
mod testing;
mod trial;
mod trouble;
mod words;

pub(crate) use words::client_name;

use chasm_protocol::lifecycle::LiveEvent;
use chasm_protocol::status::StartReport;
use chasm_protocol::{LifecycleEvent, SessionId, Timestamp};
use chasm_server::settings::NotificationSettings;
use futures_util::future::BoxFuture;
use note::Act;
use planner::Planner;
use sender::{Patience, Sender, Wanted};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use trial::Trial;

/// Incidents that can be open at a time: the drops, the pages that were refused, and one each of the others.
pub const INCIDENTS_MAX: usize = drops::DROPS_MAX + sites::SITES_MAX + 4;

// Times of the plan, in microseconds.
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// From the first event of an incident until it is told: what happens meanwhile is told with it.
const GATHER: i64 = SECOND;
/// Least time between two changes of what is shown.
const UPDATE: i64 = SECOND / 2;
/// How long it is shown that something is over.
const HOLD: i64 = 8 * SECOND;
/// The same, for what a recovery brought.
const HOLD_RESULT: i64 = 30 * SECOND;
/// Time between two looks at counts that may still grow.
const RECHECK: i64 = 2 * SECOND;

/// Longest wait for counts from the store.
const LOOKUP: Duration = Duration::from_secs(2);
/// Longest wait for the screen to be cleared at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Orders that may wait for the planning task.
const ORDERS: usize = 64;

/// How a session stands after its last interruption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub session_id: String,
    /// Events that are known to be missing.
    pub missing: u64,
    /// Events that were replayed since.
    pub replayed: u64,
}

/// Asks the store how sessions stand.
pub type Lookup = Arc<dyn Fn(Vec<String>) -> BoxFuture<'static, Vec<Standing>> + Send + Sync>;
/// The settings in force.
pub type ReadSettings = Arc<dyn Fn() -> NotificationSettings + Send + Sync>;
/// Opens a path of the UI; returns at once.
pub type Open = Arc<dyn Fn(String) + Send + Sync>;

/// Lets a web page of this origin record; returns at once.
pub type Allow = Arc<dyn Fn(String) + Send + Sync>;

/// What the notices need of everything else.
pub struct Wiring {
    pub live: broadcast::Receiver<LiveEvent>,
    /// What the start found: it was told before anyone could listen.
    pub start: Option<StartReport>,
    pub settings: ReadSettings,
    pub standing: Lookup,
    pub open: Open,
    pub allow: Allow,
    /// Address of the session bus; `None`: the one that the environment names.
    pub bus: Option<String>,
}

/// Whether notifications can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Availability {
    /// Not known yet.
    #[default]
    Unknown,
    Ready,
    /// And why not.
    Missing(String),
}

/// What the planning task is asked for.
#[derive(Debug)]
enum Order {
    /// Something that the engine cannot know.
    Tell(LifecycleEvent),
    /// A notification, to see one.
    Trial,
}

/// The running notices. Dropping it ends them and clears the screen.
pub struct Notices {
    orders: mpsc::Sender<Order>,
    bus: watch::Sender<Option<String>>,
    availability: watch::Receiver<Availability>,
    sender: JoinHandle<()>,
}

/// Starts planning and showing. Needs a running tokio runtime; never fails.
pub fn spawn(wiring: Wiring) -> Notices {
    let (orders, ordered) = mpsc::channel(ORDERS);
    let (wanted, wants) = watch::channel(Wanted::default());
    let (bus, buses) = watch::channel(wiring.bus);
    let (available, availability) = watch::channel(Availability::default());
    let planner = Planner::new((wiring.settings)(), jiff::tz::TimeZone::system());
    let trial = Trial::default();
    let plan = Plan { planner, trial, settings: wiring.settings, standing: wiring.standing, wanted };
    tokio::spawn(plan.run(wiring.live, ordered, wiring.start));
    let sender = Sender::new(buses, wiring.open, wiring.allow, available, Patience::default());
    let sender = tokio::spawn(sender.run(wants));
    Notices { orders, bus, availability, sender }
}

impl Notices {
    pub fn availability(&self) -> Availability {
        match self.availability.has_changed() {
            Ok(_) => self.availability.borrow().clone(),
            Err(_) => Availability::Missing(String::from("showing notifications has ended unexpectedly")),
        }
    }

    /// Shows notifications on another session bus from now on. What is no socket on this machine is refused.
    pub fn use_bus(&self, address: String) {
        if !outlet::is_local(&address) {
            tracing::warn!("the address of a session bus is refused: it is no unix socket");
            return;
        }
        self.bus.send_if_modified(|current| {
            let other = current.as_deref() != Some(address.as_str());
            *current = Some(address);
            other
        });
    }

    /// Tells of something that the engine cannot know.
    pub fn tell(&self, event: LifecycleEvent) {
        if self.orders.try_send(Order::Tell(event)).is_err() {
            tracing::warn!("a notice is not shown: too many wait, or notices have ended");
        }
    }

    /// Shows a notification, so that a person sees one. The error says what is missing.
    pub fn try_out(&self) -> Result<(), String> {
        if let Availability::Missing(why) = self.availability() {
            return Err(format!("notifications cannot be shown: {why}"));
        }
        let sent = self.orders.try_send(Order::Trial);
        sent.map_err(|_| String::from("too many notices wait to be shown: try it again"))
    }

    /// Ends, and clears the screen as far as that takes no time.
    pub async fn stop(self) {
        let Self { orders, bus: _bus, availability: _, mut sender } = self;
        drop(orders);
        if tokio::time::timeout(LAST_WORDS, &mut sender).await.is_err() {
            sender.abort();
        }
    }
}

/// Asks nothing: notifications then say less of what is missing.
pub fn no_standing() -> Lookup {
    Arc::new(|_| Box::pin(std::future::ready(Vec::new())))
}

/// Asks a running daemon.
pub fn engine_standing(daemon: &chasm_server::Daemon) -> Lookup {
    let engine = daemon.engine().clone();
    Arc::new(move |sessions| {
        let engine = engine.clone();
        Box::pin(async move {
            let ids: Vec<SessionId> = sessions.into_iter().filter_map(|id| SessionId::new(id).ok()).collect();
            let found = engine.standing(&ids).await.unwrap_or_default();
            let standing = found.into_iter().map(|of| Standing {
                session_id: of.session_id.into(),
                missing: of.missing,
                replayed: of.replayed,
            });
            standing.collect()
        })
    })
}

/// The planning task.
struct Plan {
    planner: Planner,
    trial: Trial,
    settings: ReadSettings,
    standing: Lookup,
    wanted: watch::Sender<Wanted>,
}

impl Plan {
    /// Runs until the handle is gone.
    async fn run(
        mut self,
        mut live: broadcast::Receiver<LiveEvent>,
        mut orders: mpsc::Receiver<Order>,
        start: Option<StartReport>,
    ) {
        if let Some(start) = start {
            let acts = self.planner.started(&start, now());
            self.want(acts);
        }
        let mut lives = true;
        loop {
            self.look().await;
            let wakes = [self.planner.wake(now()), self.trial.wake(Instant::now())];
            let wake = wakes.into_iter().flatten().min().unwrap_or(Duration::MAX);
            let event = tokio::select! {
                event = orders.recv() => match event {
                    Some(Order::Tell(event)) => event,
                    Some(Order::Trial) => {
                        let acts = self.trial.begin(Instant::now());
                        self.want(acts);
                        continue;
                    }
                    None => return,
                },
                heard = live.recv(), if lives => match heard {
                    Ok(LiveEvent::Lifecycle { event, .. }) => event,
                    Ok(_) => continue,
                    Err(RecvError::Lagged(missed)) => {
                        tracing::warn!(missed, "notices were too slow: open ones are closed");
                        let acts = self.planner.lost_track();
                        self.want(acts);
                        continue;
                    }
                    Err(RecvError::Closed) => {
                        lives = false;
                        continue;
                    }
                },
                () = tokio::time::sleep(wake) => continue,
            };
            // what is due by now is shown with true counts, before the event makes it be looked at
            self.look().await;
            let acts = self.planner.on(&event, now());
            self.want(acts);
        }
    }

    /// Does what is due, with fresh counts.
    async fn look(&mut self) {
        let asks = self.planner.asks(now());
        if !asks.is_empty() {
            match tokio::time::timeout(LOOKUP, (self.standing)(asks)).await {
                Ok(standings) => self.planner.standing(&standings),
                Err(_) => tracing::debug!("no counts for a notice: the store is slow"),
            }
        }
        let acts = self.planner.settings((self.settings)(), now());
        self.want(acts);
        let acts = self.trial.tick(Instant::now());
        self.want(acts);
    }

    fn want(&self, acts: Vec<Act>) {
        if acts.is_empty() {
            return;
        }
        self.wanted.send_modify(|wanted| {
            for act in acts {
                match act {
                    Act::Show(incident, note) => wanted.insert(incident, Arc::new(note)),
                    Act::Close(incident) => wanted.remove(&incident),
                };
            }
        });
    }
}

/// The machine's wall clock.
fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
#[cfg(all(unix, not(target_os = "macos")))]
mod tests;
