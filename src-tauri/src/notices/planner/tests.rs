//! Every rule of the plan, as a person at the screen sees it.

use super::*;
use crate::notices::INCIDENTS_MAX;
use crate::notices::note::Urgency;
use chasm_protocol::ConnectionId;
use chasm_protocol::lifecycle::StopReason;
use chasm_protocol::session::InterruptionReason;
use chasm_protocol::status::{DamageReport, InterruptedAtStart};
use std::collections::BTreeMap;

mod drops;
mod others;
mod quiet;
mod random;
mod sites;

const SEC: i64 = 1_000_000;
/// 2026-01-31, noon.
const NOON: i64 = 1_769_860_800 * SEC;

/// A screen, and a clock that goes from one wake to the next.
struct Screen {
    planner: Planner,
    now: Timestamp,
    shown: BTreeMap<Incident, Note>,
    /// Everything that was shown, in order.
    shows: Vec<(Incident, String, String)>,
}

impl Screen {
    fn new(settings: NotificationSettings) -> Self {
        Self::at(settings, NOON)
    }

    fn at(settings: NotificationSettings, micros: i64) -> Self {
        let planner = Planner::new(settings, TimeZone::UTC);
        Self { planner, now: Timestamp::from_micros(micros), shown: BTreeMap::new(), shows: Vec::new() }
    }

    fn default() -> Self {
        Self::new(NotificationSettings::default())
    }

    fn take(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Show(incident, note) => {
                    self.shows.push((incident, note.title.clone(), note.body.clone()));
                    self.shown.insert(incident, note);
                }
                Act::Close(incident) => {
                    assert!(self.shown.remove(&incident).is_some(), "{incident:?} was not shown");
                }
            }
        }
        assert!(self.shown.len() <= INCIDENTS_MAX);
    }

    fn tell(&mut self, event: LifecycleEvent) {
        let acts = self.planner.on(&event, self.now);
        self.take(acts);
    }

    fn start(&mut self, report: &StartReport) {
        let acts = self.planner.started(report, self.now);
        self.take(acts);
    }

    /// Lets time pass, in milliseconds.
    fn pass(&mut self, ms: i64) {
        let end = self.now.plus_micros(ms * 1_000);
        while self.now < end {
            let wake = self.planner.wake(self.now).map_or(i64::MAX, |wait| wait.as_micros() as i64);
            let left = end.as_micros() - self.now.as_micros();
            self.now = self.now.plus_micros(wake.clamp(1, left));
            let acts = self.planner.tick(self.now);
            self.take(acts);
        }
    }

    fn dropped(&mut self, connection: u64, client: &str, sessions: &[&str]) {
        let sessions: Vec<String> = sessions.iter().map(|s| String::from(*s)).collect();
        let client = Some(String::from(client));
        self.tell(LifecycleEvent::Dropped { connection: ConnectionId(connection), client, sessions });
    }

    fn interrupted(&mut self, session: &str) {
        let (session_id, reason) = (String::from(session), InterruptionReason::Disconnect);
        self.tell(LifecycleEvent::Interrupted { session_id, reason, since: self.now, title: None });
    }

    fn back(&mut self, session: &str, replayed: u64, missing: u64) {
        let session_id = String::from(session);
        self.tell(LifecycleEvent::Reconnected {
            session_id,
            since: self.now,
            replayed,
            missing,
            title: None,
        });
    }

    /// A client goes, and its sessions are interrupted after the grace.
    fn lose(&mut self, connection: u64, client: &str, sessions: &[&str]) {
        self.dropped(connection, client, sessions);
        self.pass(2_000);
        sessions.iter().for_each(|session| self.interrupted(session));
    }

    fn stop(&mut self, reason: StopReason) {
        self.tell(LifecycleEvent::RecordingStopped { reason, message: String::from("the disk is full") });
    }

    fn damage(&mut self, what: &str) {
        let quarantined_as = Some(String::from("a"));
        self.tell(LifecycleEvent::DamageFound { what: String::from(what), quarantined_as });
    }

    fn standing(&mut self, session: &str, missing: u64, replayed: u64) {
        self.planner.standing(&[Standing { session_id: String::from(session), missing, replayed }]);
    }

    /// Title and body of all that is on the screen.
    fn reads(&self) -> Vec<(&str, &str)> {
        self.shown.values().map(|note| (note.title.as_str(), note.body.as_str())).collect()
    }

    fn links(&self) -> Vec<&str> {
        self.shown.values().map(|note| note.link.as_str()).collect()
    }
}

fn recovered(sessions: &[&str], messages: u64, incomplete: u64) -> LifecycleEvent {
    let session_ids: Vec<String> = sessions.iter().map(|s| String::from(*s)).collect();
    LifecycleEvent::Recovered { sessions: session_ids.len() as u64, messages, incomplete, session_ids }
}

fn report(clean_stop: bool, replayed_records: u64, interrupted: &[&str], damage: &[&str]) -> StartReport {
    let at = Timestamp::from_micros(NOON);
    let found = |session: &&str| InterruptedAtStart {
        session_id: String::from(*session),
        reason: InterruptionReason::ServerCrash,
        since: at,
    };
    let damaged = |what: &&str| DamageReport {
        what: String::from(*what),
        bytes: 1,
        quarantined_as: Some(String::from("a")),
        at: None,
    };
    StartReport {
        at,
        clean_stop,
        database_ok: true,
        database_note: None,
        journal_records: replayed_records,
        replayed_records,
        torn_tail_bytes: 0,
        damage: damage.iter().map(damaged).collect(),
        interrupted: interrupted.iter().map(found).collect(),
        took_ms: 1.0,
    }
}
