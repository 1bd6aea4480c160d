//! When each incident is shown, updated and closed: gathering, switches, quiet hours, age.
//!
//! Never knows what an incident is about. Invariant: it closes only what it has shown, and has at most
//! [`super::INCIDENTS_MAX`] cards.

use super::note::{Act, Face, Incident, Note, Switch, Urgency};
use super::{GATHER, HOLD, RECHECK, UPDATE};
use chasm_protocol::Timestamp;
use chasm_server::settings::NotificationSettings;
use std::collections::BTreeMap;

/// An incident that nothing happened to for so long is closed. What it tells of stays in the UI.
const OLD: i64 = 24 * 3_600 * super::SECOND;

#[derive(Debug, Default)]
pub struct Board {
    cards: BTreeMap<Incident, Card>,
}

/// What a person was told of one incident.
#[derive(Debug)]
struct Card {
    shown: Option<Note>,
    /// It was shown once, or told in a summary.
    told: bool,
    /// Quiet hours held it back.
    hidden: bool,
    /// When it is looked at next.
    due: Option<Due>,
    /// When it is closed.
    end: Option<Due>,
    touched: Timestamp,
}

/// A time to come. A clock that is set back makes it due, so that nothing waits for a time that was far away.
#[derive(Debug, Clone, Copy)]
struct Due {
    set: Timestamp,
    at: Timestamp,
}

impl Due {
    fn after(now: Timestamp, micros: i64) -> Self {
        Self { set: now, at: now.plus_micros(micros) }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.at || now < self.set
    }
}

/// What holds for everything on the board at one time.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub settings: NotificationSettings,
    pub quiet: bool,
    pub now: Timestamp,
}

impl Rules {
    const fn allows(&self, switch: Switch) -> bool {
        match switch {
            Switch::Dropped => self.settings.dropped,
            Switch::Returned => self.settings.returned,
            Switch::Recovered => self.settings.recovered,
            Switch::Damage => self.settings.damage,
            Switch::Recording => self.settings.recording,
            Switch::Always => true,
        }
    }
}

impl Board {
    /// Something happened to an incident.
    pub fn touch(&mut self, incident: Incident, now: Timestamp) {
        let card = self.cards.entry(incident).or_insert_with(|| Card {
            shown: None,
            told: false,
            hidden: false,
            due: None,
            end: None,
            touched: now,
        });
        card.touched = now;
        let wait = match incident {
            Incident::Recording | Incident::Summary => 0,
            _ if card.told => UPDATE,
            _ => GATHER,
        };
        let due = Due::after(now, wait);
        card.due = Some(card.due.filter(|before| before.at < due.at).unwrap_or(due));
    }

    /// Looks at everything anew, as after a change of settings.
    pub fn touch_all(&mut self, now: Timestamp) {
        self.cards.values_mut().for_each(|card| card.due = Some(Due::after(now, 0)));
    }

    /// Incidents to look at now, the most important first.
    pub fn due(&self, now: Timestamp) -> Vec<Incident> {
        let due = self.cards.iter().filter(|(_, card)| card.due.is_some_and(|due| due.is_over(now)));
        due.map(|(incident, _)| *incident).collect()
    }

    /// Incidents whose time is up.
    pub fn ended(&mut self, now: Timestamp) -> Vec<Incident> {
        // a clock that was set back does not make them younger
        self.cards.values_mut().for_each(|card| card.touched = card.touched.min(now));
        let ended = self.cards.iter().filter(|(incident, card)| {
            let lasts = **incident == Incident::Recording;
            let old = now >= card.touched.plus_micros(OLD);
            card.end.is_some_and(|end| end.is_over(now)) || (old && !lasts)
        });
        ended.map(|(incident, _)| *incident).collect()
    }

    /// Brings what is shown of an incident up to what it is now. `true`: it is over and can be forgotten.
    pub fn present(&mut self, incident: Incident, face: Option<Face>, rules: &Rules) -> (Option<Act>, bool) {
        let Some(card) = self.cards.get_mut(&incident) else { return (None, true) };
        card.due = None;
        let Some(face) = face else { return (None, true) };
        if !rules.allows(face.switch) {
            let close = card.shown.take().map(|_| Act::Close(incident));
            return (close, face.over.is_some());
        }
        if rules.quiet && !is_for_quiet_hours(&face, incident, card) {
            card.hidden |= card.shown.as_ref() != Some(&face.note);
            return (None, face.over.is_some());
        }
        if face.over.is_some() && !card.told && face.silent.is_some_and(|switch| rules.allows(switch)) {
            return (None, true);
        }
        let changed = card.shown.as_ref() != Some(&face.note);
        card.end = match face.over {
            Some(hold) if changed || card.end.is_none() => Some(Due::after(rules.now, hold)),
            Some(_) => card.end,
            None => None,
        };
        // a replay may still be running
        card.due = face.over.filter(|hold| *hold == HOLD).map(|_| Due::after(rules.now, RECHECK));
        card.hidden = false;
        if !changed {
            return (None, false);
        }
        (card.told, card.shown) = (true, Some(face.note.clone()));
        (Some(Act::Show(incident, face.note)), false)
    }

    /// Takes an incident off.
    pub fn forget(&mut self, incident: Incident) -> Option<Act> {
        let card = self.cards.remove(&incident)?;
        card.shown.map(|_| Act::Close(incident))
    }

    /// What quiet hours held back; those that are on the screen in an older state are looked at anew.
    pub fn release(&mut self, now: Timestamp) -> Vec<Incident> {
        let mut unseen = Vec::new();
        for (incident, card) in self.cards.iter_mut().filter(|(_, card)| card.hidden) {
            card.hidden = false;
            match card.shown {
                Some(_) => card.due = Some(Due::after(now, 0)),
                None => unseen.push(*incident),
            }
        }
        unseen
    }

    /// A summary told of it.
    pub fn told(&mut self, incident: Incident) {
        if let Some(card) = self.cards.get_mut(&incident) {
            card.told = true;
        }
    }

    pub fn holds_back(&self) -> bool {
        self.cards.values().any(|card| card.hidden)
    }

    /// Microseconds until something is due.
    pub fn next(&self, now: Timestamp) -> Option<i64> {
        let times = self.cards.values().flat_map(|card| [card.due, card.end]).flatten();
        times
            .map(|due| if due.is_over(now) { 0 } else { due.at.as_micros().saturating_sub(now.as_micros()) })
            .min()
    }

    pub fn incidents(&self) -> Vec<Incident> {
        self.cards.keys().copied().collect()
    }
}

/// Quiet hours hold back all but this: that nothing is recorded, and that what was said of it is over.
fn is_for_quiet_hours(face: &Face, incident: Incident, card: &Card) -> bool {
    face.note.urgency == Urgency::Critical || (incident == Incident::Recording && card.shown.is_some())
}
