//! The notification that a person asks for, to see that notifications can be shown.
//!
//! Neither switches nor quiet hours hold it back: it was asked for. Invariant: one is open at a time, and each is a new one, so
//! that one that was dismissed does not keep the next from being shown.

use super::HOLD;
use super::note::{Act, Incident, Note};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug, Default)]
pub struct Trial {
    asked: u64,
    /// When the open one is closed.
    end: Option<Instant>,
}

impl Trial {
    pub fn begin(&mut self, now: Instant) -> Vec<Act> {
        let before = self.end.take().map(|_| Act::Close(Incident::Trial(self.asked)));
        self.asked += 1;
        self.end = Some(now + Duration::from_micros(HOLD.unsigned_abs()));
        let note = Note::new(
            "Chasm Recorder can tell you",
            "This is how drops, returns and recoveries are told.",
            "/settings",
        );
        before.into_iter().chain([Act::Show(Incident::Trial(self.asked), note)]).collect()
    }

    /// Closes it when its time is up.
    pub fn tick(&mut self, now: Instant) -> Vec<Act> {
        let over = self.end.take_if(|end| *end <= now);
        over.map(|_| Act::Close(Incident::Trial(self.asked))).into_iter().collect()
    }

    /// How long nothing will be due.
    pub fn wake(&self, now: Instant) -> Option<Duration> {
        self.end.map(|end| end.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_open_at_a_time_and_ends_by_itself() {
        let mut trial = Trial::default();
        let begun = Instant::now();
        assert_eq!((trial.tick(begun), trial.wake(begun)), (vec![], None));
        let first = trial.begin(begun);
        assert!(matches!(first.as_slice(), [Act::Show(Incident::Trial(1), _)]));
        let second = trial.begin(begun);
        assert!(matches!(
            second.as_slice(),
            [Act::Close(Incident::Trial(1)), Act::Show(Incident::Trial(2), _)]
        ));
        let wait = trial.wake(begun).unwrap();
        assert_eq!(trial.tick(begun + wait / 2), []);
        assert_eq!(trial.tick(begun + wait), [Act::Close(Incident::Trial(2))]);
        assert_eq!((trial.tick(begun + wait), trial.wake(begun)), (vec![], None));
    }
}
