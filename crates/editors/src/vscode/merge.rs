//! Several copies of one session made one, turn by turn.
//!
//! Owns the order of turns and the choice between versions of one. Never drops a version: the poorer ones are handed back, to
//! be kept where they say something that the chosen one does not. Invariant: each turn of each copy is either in the
//! session or among the poorer versions.

use super::parts::What;
use super::transcript::{Told, ToldTurn};
use super::turns::{Standing, Turn};
use chasm_protocol::Timestamp;
use serde_json::Value;

/// Most time between a prompt in a transcript and the same text in a session.
const SAME_TEXT: u64 = 10 * 60 * 1_000;
/// The same where the texts differ, as they do when the editor puts something before what was typed.
const SAME_MOMENT: u64 = 1_500;

/// A version of a turn, and the file that it stands in.
#[derive(Debug, Clone)]
pub struct Version {
    pub turn: Turn,
    pub file: String,
}

/// Lines of a transcript without what is said in them.
#[derive(Debug, Clone)]
pub struct Beside {
    pub request_id: String,
    pub at: Timestamp,
    pub file: String,
    pub lines: Vec<Value>,
}

#[derive(Debug, Default)]
pub struct Merge {
    pub turns: Vec<Version>,
    /// Versions that lost.
    pub poorer: Vec<Version>,
    /// What a transcript says of turns that a file tells better: when each line was written.
    pub beside: Vec<Beside>,
    /// A transcript has more to say when the session's own files are not written on any more.
    pub waits: bool,
}

impl Merge {
    /// Of all copies, in the order in which they are trusted where they say the same.
    pub fn of(mut copies: Vec<(String, Vec<Turn>)>) -> Self {
        let richness = |turns: &[Turn]| turns.iter().map(Turn::richness).fold(0, u64::saturating_add);
        copies.sort_by_key(|(_, turns)| std::cmp::Reverse(richness(turns)));
        let mut merge = Self::default();
        for (file, turns) in copies {
            merge.copy(&file, turns);
        }
        merge
    }

    fn copy(&mut self, file: &str, turns: Vec<Turn>) {
        let mut behind = 0;
        for turn in turns {
            let version = Version { turn, file: file.to_owned() };
            let id = &version.turn.request_id;
            match self.turns.iter().position(|kept| kept.turn.request_id == *id) {
                Some(at) => {
                    self.compare(at, version);
                    behind = at + 1;
                }
                None => {
                    let place = self.place(behind, version.turn.at);
                    self.turns.insert(place, version);
                    behind = place + 1;
                }
            }
        }
    }

    fn compare(&mut self, at: usize, mut version: Version) {
        let Some(kept) = self.turns.get_mut(at) else { return };
        if version.turn.richness() > kept.turn.richness() {
            std::mem::swap(kept, &mut version);
        }
        // a copy of before it was taken back does not bring it back
        kept.turn.removed |= version.turn.removed;
        kept.turn.hidden |= version.turn.hidden;
        self.poorer.push(version);
    }

    /// Where a turn belongs that no copy had yet: behind what comes before it in its own copy, in the order of time.
    fn place(&self, behind: usize, at: Timestamp) -> usize {
        let earlier = self.turns.iter().skip(behind).take_while(|kept| kept.turn.at <= at).count();
        (behind + earlier).min(self.turns.len())
    }

    /// Adds what a transcript has: whole turns that are in no copy, and answers that are missing or came to a halt. Of a
    /// `live` session the last turn is left to its own files: there it will get the name that it keeps.
    pub fn tell(&mut self, file: &str, told: &Told, live: bool) {
        let mut behind = 0;
        for turn in &told.turns {
            let at = self.asked(behind, turn);
            let place = at.unwrap_or_else(|| self.place(behind, turn.at));
            if live && place + 1 >= self.turns.len() {
                self.waits = true;
                continue;
            }
            match at {
                Some(at) => self.answer(at, file, turn),
                None => {
                    let Some(turn) = turn.read(&turn.id, turn.at) else { continue };
                    self.turns.insert(place, Version { turn, file: file.to_owned() });
                }
            }
            behind = place + 1;
        }
    }

    /// The turn that this one of a transcript is.
    fn asked(&self, behind: usize, told: &ToldTurn) -> Option<usize> {
        let rest = || self.turns.iter().enumerate().skip(behind);
        let apart = |kept: &Version| kept.turn.at.as_millis().abs_diff(told.at.as_millis());
        let Some(prompt) = &told.prompt else {
            return rest().take_while(|(_, kept)| kept.turn.at <= told.at).last().map(|(at, _)| at);
        };
        let same = |kept: &Version| match is_same_text(&kept.turn.prompt, prompt) {
            true => apart(kept) <= SAME_TEXT,
            false => apart(kept) <= SAME_MOMENT,
        };
        let fitting = rest().filter(|(_, kept)| same(kept));
        fitting.min_by_key(|(at, kept)| (apart(kept), *at)).map(|(at, _)| at)
    }

    fn answer(&mut self, at: usize, file: &str, told: &ToldTurn) {
        let Some(kept) = self.turns.get_mut(at).filter(|_| told.answers()) else { return };
        let Some(turn) = told.read(&kept.turn.request_id, kept.turn.at) else { return };
        let halted = kept.turn.is_open() && turn.richness() > kept.turn.richness();
        if is_answered(&kept.turn) && !halted {
            let (request_id, at) = (kept.turn.request_id.clone(), kept.turn.at);
            self.beside.push(Beside { request_id, at, file: file.to_owned(), lines: told.lines.clone() });
            self.poorer.push(Version { turn, file: file.to_owned() });
            return;
        }
        let poorer = kept.clone();
        take_answer(&mut kept.turn, turn);
        if is_answered(&poorer.turn) {
            self.poorer.push(poorer);
        }
    }
}

/// Anything came of it.
pub fn is_answered(turn: &Turn) -> bool {
    turn.error.is_some() || turn.parts.iter().any(|part| !matches!(part.what, What::Side { .. }))
}

/// Puts another account's answer in the place of a turn's own.
fn take_answer(turn: &mut Turn, told: Turn) {
    (turn.parts, turn.cut) = (told.parts, false);
    // a transcript that breaks off does not know why
    if told.standing == Standing::Complete || turn.standing == Standing::Unknown {
        turn.standing = told.standing;
    }
    turn.error = turn.error.take().or(told.error);
    for (key, value) in told.rest {
        if key == "transcript" || !turn.rest.contains_key(&key) {
            turn.rest.insert(key, value);
        }
    }
}

fn is_same_text(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}
