//! What is known of every open incident: a fold of lifecycle events.
//!
//! Never knows what is shown. Invariant: the number of incidents, and what is remembered of each, is bounded.

use super::Standing;
use super::clients::Clients;
use super::drops::Drops;
use super::note::{Face, Incident};
use super::recovery::Recovery;
use super::sites::Sites;
use super::trouble::{Damage, Stop};
use super::words::count;
use chasm_protocol::session::InterruptionReason;
use chasm_protocol::status::StartReport;
use chasm_protocol::{LifecycleEvent, Timestamp};

#[derive(Debug, Default)]
pub struct Ledger {
    clients: Clients,
    drops: Drops,
    recovery: Option<Recovery>,
    damage: Option<Damage>,
    stop: Option<Stop>,
    sites: Sites,
}

impl Ledger {
    /// Takes an event in. Gives the incidents that it changed.
    pub fn apply(&mut self, event: &LifecycleEvent, at: Timestamp) -> Vec<Incident> {
        use LifecycleEvent as E;
        match event {
            E::Dropped { connection, client, sessions } => {
                self.clients.dropped(*connection, client.as_deref(), sessions);
                Vec::new()
            }
            E::Interrupted { session_id, reason: InterruptionReason::Disconnect, .. } => {
                vec![Incident::Drop(self.drops.interrupted(session_id, &self.clients, at))]
            }
            E::Reconnected { session_id, replayed, missing, .. } => {
                self.returned(session_id, *replayed, *missing)
            }
            E::Completed { session_id, .. } | E::Deleted { session_id } => self.settled(session_id),
            E::Trashed { session_ids, .. } => {
                session_ids.iter().flat_map(|session_id| self.settled(session_id)).collect()
            }
            E::Recovered { sessions, messages, incomplete, session_ids } => {
                self.recovered((*sessions, *messages, *incomplete), session_ids)
            }
            E::RecoveryAtStart { replayed_records, interrupted, damaged, clean_stop } => {
                self.at_start(*replayed_records, *interrupted, *damaged, *clean_stop)
            }
            E::DamageFound { what, quarantined_as } => self.damaged(what, quarantined_as.is_some()),
            E::RecordingStopped { reason, .. } => {
                self.stop = Some(Stop::new(*reason));
                vec![Incident::Recording]
            }
            E::RecordingResumed { stopped_at } => {
                self.stop.iter_mut().for_each(|stop| stop.resumed(*stopped_at, at));
                self.stop.iter().map(|_| Incident::Recording).collect()
            }
            E::OriginRefused { origin } => {
                self.sites.refused(origin).map(Incident::Site).into_iter().collect()
            }
            E::Interrupted { .. }
            | E::Started { .. }
            | E::Connected { .. }
            | E::Paused { .. }
            | E::Resumed
            | E::Restored { .. }
            | E::Purged { .. } => Vec::new(),
        }
    }

    /// What the start found; it was told before anyone could listen.
    pub fn started(&mut self, report: &StartReport) -> Vec<Incident> {
        let mut changed = Vec::new();
        for damage in &report.damage {
            changed.extend(self.damaged(&damage.what, damage.quarantined_as.is_some()));
        }
        if let Some(note) = &report.database_note {
            changed.extend(self.damaged(note, true));
        }
        let interrupted = report.interrupted.len() as u64;
        let places = (report.damage.len() + usize::from(report.database_note.is_some())) as u64;
        changed.extend(self.at_start(report.replayed_records, interrupted, places, report.clean_stop));
        if let Some(recovery) = &mut self.recovery {
            recovery.follow(report.interrupted.iter().map(|found| found.session_id.clone()));
        }
        changed
    }

    pub fn standing(&mut self, standing: &Standing) {
        self.drops.standing(standing);
        if let Some(recovery) = &mut self.recovery {
            recovery.standing(standing);
        }
    }

    /// Sessions of an incident whose counts may be old.
    pub fn asks(&self, incident: Incident) -> Vec<&str> {
        match (incident, &self.recovery) {
            (Incident::Drop(key), _) => self.drops.asks(key).collect(),
            (Incident::Recovery, Some(recovery)) => recovery.asks().collect(),
            _ => Vec::new(),
        }
    }

    /// `None` where the incident is gone.
    pub fn face(&self, incident: Incident) -> Option<Face> {
        match incident {
            Incident::Recording => self.stop.as_ref().map(Stop::face),
            Incident::Recovery => self.recovery.as_ref()?.face(),
            Incident::Damage => self.damage.as_ref().map(Damage::face),
            Incident::Drop(key) => self.drops.face(key),
            Incident::Site(key) => self.sites.face(key),
            Incident::Summary | Incident::Trial(_) => None,
        }
    }

    pub fn forget(&mut self, incident: Incident) {
        match incident {
            Incident::Recording => self.stop = None,
            Incident::Recovery => self.recovery = None,
            Incident::Damage => self.damage = None,
            Incident::Drop(key) => self.drops.forget(key),
            Incident::Site(key) => self.sites.forget(key),
            Incident::Summary | Incident::Trial(_) => {}
        }
    }

    fn returned(&mut self, session: &str, replayed: u64, missing: u64) -> Vec<Incident> {
        let drop = self.drops.returned(session, replayed, missing).map(Incident::Drop);
        let start = self.recovery.as_mut().is_some_and(|r| r.returned(session, replayed, missing));
        drop.into_iter().chain(start.then_some(Incident::Recovery)).collect()
    }

    fn settled(&mut self, session: &str) -> Vec<Incident> {
        let drop = self.drops.settled(session).map(Incident::Drop);
        let start = self.recovery.as_mut().is_some_and(|r| r.settled(session));
        drop.into_iter().chain(start.then_some(Incident::Recovery)).collect()
    }

    fn recovered(
        &mut self,
        (sessions, messages, incomplete): (u64, u64, u64),
        ids: &[String],
    ) -> Vec<Incident> {
        let mut changed: Vec<Incident> =
            ids.iter().filter_map(|id| self.drops.settled(id)).map(Incident::Drop).collect();
        let recovery = self.recovery.get_or_insert_default();
        recovery.recovered(ids);
        let left = self.drops.waiting().saturating_add(recovery.waiting());
        recovery.add_result(sessions, messages, incomplete, left);
        changed.dedup();
        changed.push(Incident::Recovery);
        changed
    }

    fn at_start(&mut self, records: u64, interrupted: u64, damaged: u64, clean_stop: bool) -> Vec<Incident> {
        let mut changed = Vec::new();
        // each place was told before; this is for who missed that
        if damaged > 0 && self.damage.is_none() {
            changed.extend(self.damaged(&format!("in {} of the journal", count(damaged, "place")), true));
        }
        if interrupted > 0 {
            self.recovery = Some(Recovery::at_start(records, interrupted, clean_stop));
            changed.push(Incident::Recovery);
        }
        changed
    }

    fn damaged(&mut self, what: &str, set_aside: bool) -> Vec<Incident> {
        match &mut self.damage {
            Some(damage) => damage.add(set_aside),
            None => self.damage = Some(Damage::new(what, set_aside)),
        }
        vec![Incident::Damage]
    }

    #[cfg(test)]
    pub fn remembered(&self) -> (usize, usize) {
        (self.clients.len(), self.drops.followed())
    }
}
