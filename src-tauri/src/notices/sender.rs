//! Brings the screen to what the plan wants.
//!
//! Owns the connection to the notification service and the ids of what is shown. Invariant: what is wanted and cannot be
//! shown waits, bounded by the plan, until a service is there; no service is asked again within a minute of its silence.

use super::compose;
use super::note::{Incident, Note};
use super::outlet::{Failure, Heard, Outlet, Sent};
use super::{Allow, Availability, Open};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// What should be on the screen.
pub type Wanted = BTreeMap<Incident, Arc<Note>>;

/// How long things take at most.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Wait for an answer.
    pub answer: Duration,
    /// Time after which something that failed is tried again, where nothing happens meanwhile.
    pub retry: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { answer: Duration::from_secs(5), retry: Duration::from_secs(60) }
    }
}

pub struct Sender {
    bus: watch::Receiver<Option<String>>,
    open: Open,
    allow: Allow,
    availability: watch::Sender<Availability>,
    outlet: Option<Outlet>,
    shown: BTreeMap<Incident, Shown>,
    /// Asked nothing until then: it did not answer.
    silent_until: Option<Instant>,
    /// When what failed is tried again.
    retry: Option<Instant>,
    patience: Patience,
}

/// What the service has of an incident.
struct Shown {
    sent: Sent,
    note: Arc<Note>,
    closed: Option<Closed>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Closed {
    ByItself,
    /// By a person, who wants to hear of it again only where it is something else.
    Dismissed,
}

/// What the sender woke up for.
enum Woken {
    Wanted,
    Bus,
    Heard(Heard),
    Retry,
    /// Nothing will be wanted any more.
    End,
}

impl Sender {
    pub fn new(
        bus: watch::Receiver<Option<String>>,
        open: Open,
        allow: Allow,
        availability: watch::Sender<Availability>,
        patience: Patience,
    ) -> Self {
        Self {
            bus,
            open,
            allow,
            availability,
            outlet: None,
            shown: BTreeMap::new(),
            silent_until: None,
            retry: None,
            patience,
        }
    }

    /// Runs until nothing can be wanted any more, then clears the screen.
    pub async fn run(mut self, mut wants: watch::Receiver<Wanted>) {
        self.look_for_service().await;
        loop {
            let wanted = wants.borrow_and_update().clone();
            self.show(&wanted).await;
            match self.wait(&mut wants).await {
                Woken::Wanted => {}
                Woken::Bus => self.change_bus().await,
                Woken::Heard(heard) => self.on_heard(heard).await,
                Woken::Retry => self.look_for_service().await,
                Woken::End => break,
            }
        }
        self.show(&Wanted::default()).await;
    }

    async fn wait(&mut self, wants: &mut watch::Receiver<Wanted>) -> Woken {
        let heard = async {
            match &mut self.outlet {
                Some(outlet) => outlet.heard().await,
                None => std::future::pending().await,
            }
        };
        let retry = async {
            match self.retry {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = wants.changed() => if changed.is_ok() { Woken::Wanted } else { Woken::End },
            Ok(()) = self.bus.changed() => Woken::Bus,
            heard = heard => Woken::Heard(heard),
            () = retry => Woken::Retry,
        }
    }

    /// Shows what is wanted and not shown as it is now, closes what is shown and not wanted.
    async fn show(&mut self, wanted: &Wanted) {
        let gone: Vec<Incident> = self.shown.keys().filter(|i| !wanted.contains_key(i)).copied().collect();
        for incident in gone {
            let Some(shown) = self.shown.remove(&incident) else { continue };
            if shown.closed.is_none() {
                self.close(shown.sent.id).await;
            }
        }
        for (incident, note) in wanted {
            if let Some(replaces) = self.needs(*incident, note)
                && !self.show_one(*incident, note, replaces).await
            {
                return;
            }
        }
    }

    /// The id to replace, or 0, where this note is to be shown.
    fn needs(&mut self, incident: Incident, note: &Arc<Note>) -> Option<u32> {
        let Some(shown) = self.shown.get_mut(&incident) else { return Some(0) };
        if shown.note == *note {
            return None;
        }
        match shown.closed {
            None => Some(shown.sent.id),
            Some(Closed::Dismissed) if shown.note.title == note.title => {
                shown.note = note.clone();
                None
            }
            Some(_) => Some(0),
        }
    }

    /// Says whether the next one can be shown too.
    async fn show_one(&mut self, incident: Incident, note: &Arc<Note>, replaces: u32) -> bool {
        if !self.connect().await {
            return false;
        }
        let Some(outlet) = &self.outlet else { return false };
        match outlet.show(note, replaces).await {
            Ok(sent) => {
                self.shown.insert(incident, Shown { sent, note: note.clone(), closed: None });
                self.silent_until = None;
                self.note(Availability::Ready);
                true
            }
            Err(failure) => {
                self.failed(failure);
                false
            }
        }
    }

    async fn close(&mut self, id: u32) {
        // never connects for this: on a new connection there is nothing to close
        let Some(outlet) = &self.outlet else { return };
        if let Err(failure) = outlet.close(id).await {
            self.failed(failure);
        }
    }

    /// Whether there is a connection that can be used now.
    async fn connect(&mut self) -> bool {
        if self.is_silent() {
            return false;
        }
        if !compose::is_possible() {
            self.failed(Failure::Refused(String::from("the program cannot read its own name")));
            return false;
        }
        if self.outlet.is_none() {
            let address = self.bus.borrow_and_update().clone();
            match Outlet::connect(address.as_deref(), self.patience.answer).await {
                Ok(outlet) => self.outlet = Some(outlet),
                Err(failure) => self.failed(failure),
            }
        }
        self.outlet.is_some()
    }

    fn is_silent(&self) -> bool {
        self.silent_until.is_some_and(|until| Instant::now() < until)
    }

    /// Finds out, without showing anything, whether something could be shown.
    async fn look_for_service(&mut self) {
        self.retry = None;
        if !self.connect().await {
            return;
        }
        let Some(outlet) = &self.outlet else { return };
        match outlet.has_service().await {
            // that one is there does not mean that it answers
            Ok(true) if self.silent_until.is_some() => {}
            Ok(true) => self.note(Availability::Ready),
            Ok(false) => self.note_failure(&Failure::NoService),
            Err(failure) => self.failed(failure),
        }
    }

    fn failed(&mut self, failure: Failure) {
        let now = Instant::now();
        self.retry = Some(now + self.patience.retry);
        match &failure {
            Failure::NoBus(_) => self.lose_bus(),
            Failure::Silent => self.silent_until = Some(now + self.patience.retry),
            Failure::NoService | Failure::Refused(_) => {}
        }
        self.note_failure(&failure);
    }

    fn note_failure(&self, failure: &Failure) {
        self.note(Availability::Missing(failure.to_string()));
    }

    fn note(&self, now: Availability) {
        self.availability.send_if_modified(|known| {
            let changed = *known != now;
            if let (true, Availability::Missing(reason)) = (changed, &now) {
                tracing::warn!(%reason, "notifications cannot be shown");
            }
            *known = now;
            changed
        });
    }

    async fn change_bus(&mut self) {
        self.lose_bus();
        self.silent_until = None;
        self.look_for_service().await;
    }

    /// What was shown is gone with the bus.
    fn lose_bus(&mut self) {
        self.outlet = None;
        self.shown.retain(|_, shown| shown.closed == Some(Closed::Dismissed));
    }

    async fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Clicked(id) => {
                if let Some(shown) = self.of(id) {
                    let link = shown.note.link.clone();
                    (self.open)(link);
                }
            }
            Heard::Allowed(id) => {
                if let Some(shown) = self.of(id)
                    && let Some(origin) = shown.note.allow.clone()
                {
                    // it was answered: there is nothing more to ask
                    shown.closed = Some(Closed::Dismissed);
                    (self.allow)(origin);
                    self.close(id).await;
                }
            }
            Heard::Closed { id, dismissed } => {
                let closed = if dismissed { Closed::Dismissed } else { Closed::ByItself };
                if let Some(shown) = self.of(id) {
                    shown.closed = Some(closed);
                }
            }
            Heard::Service(Some(service)) => {
                // another service knows nothing of what the one before has shown; a call that starts a service is answered
                // by it before this is heard
                self.shown.retain(|_, shown| shown.closed.is_some() || shown.sent.service == service);
                self.silent_until = None;
                self.note(Availability::Ready);
            }
            Heard::Service(None) => self.look_for_service().await,
            Heard::Gone => {
                self.lose_bus();
                self.look_for_service().await;
            }
        }
    }

    fn of(&mut self, id: u32) -> Option<&mut Shown> {
        self.shown.values_mut().find(|shown| shown.sent.id == id && shown.closed.is_none())
    }
}

#[cfg(test)]
#[cfg(all(unix, not(target_os = "macos")))]
mod tests;
