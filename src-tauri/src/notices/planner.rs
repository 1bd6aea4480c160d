//! The plan: from lifecycle events to what a person is told, and when. Pure: it reads no clock and shows nothing.
//!
//! Invariant: at most [`super::INCIDENTS_MAX`] incidents are open, and only what was shown is closed.

use super::board::{Board, Rules};
use super::ledger::Ledger;
use super::note::{Act, Face, Incident, Note, Switch};
use super::words::count;
use super::{MINUTE, Standing};
use chasm_protocol::status::StartReport;
use chasm_protocol::{LifecycleEvent, Timestamp};
use chasm_server::settings::{ClockTime, NotificationSettings};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::time::Duration;

/// Titles that a summary names; more are counted.
const SUMMARY_TITLES: usize = 4;
/// Sessions that the store is asked about at a time.
const ASKS_MAX: usize = 64;

pub struct Planner {
    settings: NotificationSettings,
    /// Whose wall clock the quiet hours go by.
    zone: TimeZone,
    was_quiet: bool,
    ledger: Ledger,
    board: Board,
    summary: Option<Summary>,
}

/// What is told together when quiet hours end.
struct Summary {
    note: Note,
    /// Those of them that are still open.
    covers: BTreeSet<Incident>,
}

impl Planner {
    pub fn new(settings: NotificationSettings, zone: TimeZone) -> Self {
        Self {
            settings,
            zone,
            was_quiet: false,
            ledger: Ledger::default(),
            board: Board::default(),
            summary: None,
        }
    }

    /// What the start found; it was told before anyone could listen.
    pub fn started(&mut self, report: &StartReport, now: Timestamp) -> Vec<Act> {
        let changed = self.ledger.started(report);
        self.look_later(changed, now);
        self.tick(now)
    }

    pub fn on(&mut self, event: &LifecycleEvent, at: Timestamp) -> Vec<Act> {
        let changed = self.ledger.apply(event, at);
        self.look_later(changed, at);
        self.tick(at)
    }

    pub fn settings(&mut self, settings: NotificationSettings, now: Timestamp) -> Vec<Act> {
        if settings != self.settings {
            self.settings = settings;
            self.board.touch_all(now);
        }
        self.tick(now)
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Act> {
        let quiet = self.is_quiet(now);
        let rules = Rules { settings: self.settings, quiet, now };
        let mut acts = Vec::new();
        if std::mem::replace(&mut self.was_quiet, quiet) && !quiet {
            self.end_quiet(now);
        }
        for incident in self.board.ended(now) {
            self.forget(incident, &mut acts);
        }
        for incident in self.board.due(now) {
            let (act, over) = self.board.present(incident, self.face(incident), &rules);
            acts.extend(act);
            if over {
                self.forget(incident, &mut acts);
            }
        }
        acts
    }

    /// How long nothing will be due, where nothing happens. `None`: for ever.
    pub fn wake(&self, now: Timestamp) -> Option<Duration> {
        let open = !self.board.incidents().is_empty();
        // wall clocks jump, and settings may change: a look a minute is enough for that
        let look = open.then_some(MINUTE);
        let end_of_quiet = self.board.holds_back().then(|| MINUTE - now.as_micros().rem_euclid(MINUTE));
        let next = [self.board.next(now), end_of_quiet, look].into_iter().flatten().min()?;
        Some(Duration::from_micros(next.max(0).unsigned_abs()))
    }

    /// Sessions whose counts are shown soon and may be old.
    pub fn asks(&self, now: Timestamp) -> Vec<String> {
        let due = self.board.due(now);
        let sessions = due.iter().flat_map(|incident| self.ledger.asks(*incident));
        sessions.take(ASKS_MAX).map(String::from).collect()
    }

    /// What the store knows of them.
    pub fn standing(&mut self, standings: &[Standing]) {
        standings.iter().for_each(|standing| self.ledger.standing(standing));
    }

    /// Events were missed: what is open may be over, and nobody would say so.
    pub fn lost_track(&mut self) -> Vec<Act> {
        let mut acts = Vec::new();
        for incident in self.board.incidents() {
            if matches!(incident, Incident::Drop(_) | Incident::Recovery) {
                self.forget(incident, &mut acts);
            }
        }
        acts
    }

    fn look_later(&mut self, changed: impl IntoIterator<Item = Incident>, now: Timestamp) {
        for incident in changed {
            self.board.touch(incident, now);
        }
    }

    fn face(&self, incident: Incident) -> Option<Face> {
        match (incident, &self.summary) {
            (Incident::Summary, Some(summary)) => {
                let note = summary.note.clone();
                Some(Face { note, switch: Switch::Always, over: None, silent: None })
            }
            _ => self.ledger.face(incident),
        }
    }

    fn forget(&mut self, incident: Incident, acts: &mut Vec<Act>) {
        self.ledger.forget(incident);
        acts.extend(self.board.forget(incident));
        let Some(summary) = &mut self.summary else { return };
        summary.covers.remove(&incident);
        if summary.covers.is_empty() || incident == Incident::Summary {
            self.summary = None;
            acts.extend(self.board.forget(Incident::Summary));
        }
    }

    /// Tells at once what quiet hours held back and is still open.
    fn end_quiet(&mut self, now: Timestamp) {
        let unseen = self.board.release(now);
        let titles: Vec<(Incident, String)> = unseen
            .iter()
            .filter_map(|incident| Some((*incident, self.ledger.face(*incident)?)))
            .filter(|(_, face)| face.over.is_none())
            .map(|(incident, face)| (incident, face.note.title))
            .collect();
        let told_now = if titles.len() < 2 { unseen.len() } else { 0 };
        self.look_later(unseen.into_iter().take(told_now), now);
        if told_now > 0 || titles.is_empty() {
            return;
        }
        let mut parts: Vec<&str> =
            titles.iter().map(|(_, title)| title.as_str()).take(SUMMARY_TITLES).collect();
        let more = format!("and {} more", titles.len().saturating_sub(SUMMARY_TITLES));
        if titles.len() > SUMMARY_TITLES {
            parts.push(&more);
        }
        let title = format!("{} while it was quiet", count(titles.len() as u64, "notice"));
        let note = Note::new(title, parts.join(" · "), "/recovery");
        let covers = titles.iter().map(|(incident, _)| *incident).collect();
        titles.iter().for_each(|(incident, _)| self.board.told(*incident));
        self.summary = Some(Summary { note, covers });
        self.board.touch(Incident::Summary, now);
    }

    fn is_quiet(&self, now: Timestamp) -> bool {
        let (Some(from), Some(until)) = (self.settings.quiet_from, self.settings.quiet_until) else {
            return false;
        };
        let Ok(instant) = jiff::Timestamp::from_microsecond(now.as_micros()) else { return false };
        let local = instant.to_zoned(self.zone.clone());
        let (hour, minute) = (local.hour().unsigned_abs(), local.minute().unsigned_abs());
        ClockTime::new(hour, minute).is_some_and(|time| time.is_within(from, until))
    }

    #[cfg(test)]
    fn remembered(&self) -> (usize, usize) {
        self.ledger.remembered()
    }
}

#[cfg(test)]
mod tests;
