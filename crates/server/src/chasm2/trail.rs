//! Which of two equal events is the same one, sent again.
//!
//! 2.0.0 gives its events no id, no number and no time. All there is is their order: a client that comes back sends again what was
//! not answered, which is an end of what it sent before, or all of it, and goes on from there. So the events of a session are kept
//! as a trail of hashes; the first events of a new connection are laid along it, wherever they fit. As long as they fit up to its
//! end they are the same events; where they stop fitting before its end they were new ones that only looked alike, and are
//! recorded behind it. Within one connection everything is new once that is settled.
//!
//! What cannot be told apart: new events that are word for word the last ones recorded, sent first of all after a reconnect (or
//! after a restart of the recorder), are taken for those. An append alone is taken for a repetition only where something may be
//! unanswered. A client that goes away in the middle of a repetition leaves it at that.
//!
//! Pure. Invariant: an event that is taken for another has the same content as that other.

use std::collections::{HashMap, VecDeque};

/// Hashes of a session that are kept; older ones are not found again.
const TRAIL_MAX: usize = 16_384;
/// A run of so many events, or bytes, is no chance: what fits so long is a repetition.
const SURE: usize = 64;
const SURE_BYTES: usize = 1024 * 1024;

/// Names an event for ever: the run of the recorder that took it first, and its number in that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub run: u64,
    pub number: u64,
}

/// What is judged: an event's hash, and what its type means for its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub hash: u64,
    pub nature: Nature,
    pub bytes: usize,
}

/// What saying the same again means, by the type of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Begins a session. Every connection may say it again, anywhere: the same words are the same event.
    Start,
    /// Begins a message that has an id: the same words are the same event.
    Add,
    /// A piece of a message: two equal ones are two, unless one is a repetition.
    Append,
    Other,
}

/// What a session has recorded, in order.
#[derive(Debug, Default)]
pub(super) struct Trail {
    marks: VecDeque<(u64, Mark)>,
    /// How many were dropped in front.
    dropped: usize,
    /// What begins something, by its hash.
    firsts: HashMap<u64, Mark>,
    /// Something may be recorded whose answer nobody got.
    pub loose: bool,
}

/// One connection's, or one request's, view of the sessions it writes; `T` is an event.
#[derive(Debug)]
pub(crate) struct Scope<T> {
    pub(super) sessions: HashMap<String, Stance<T>>,
}

impl<T> Default for Scope<T> {
    fn default() -> Self {
        Self { sessions: HashMap::new() }
    }
}

/// How far it is known whether a sender repeats.
#[derive(Debug)]
pub(super) enum Stance<T> {
    /// It said nothing of this session yet.
    Fresh,
    Doubt(Doubt<T>),
    /// It goes on: everything is new.
    Clear,
}

#[derive(Debug)]
pub(super) struct Doubt<T> {
    /// Where the next event would have to fit, for each place that is left.
    next: Vec<usize>,
    /// The trail's end when the doubt began.
    end: usize,
    /// How many of what came first are a whole repetition, whatever the rest is.
    finished: usize,
    /// What was taken for a repetition, should it turn out to be none.
    held: Vec<(Look, T)>,
    bytes: usize,
    sure: bool,
}

/// What to do with an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict<T> {
    /// The event that it repeats; absent where it is new.
    pub same: Option<Mark>,
    /// These before it turned out to be new.
    pub again: Vec<(Look, T)>,
}

impl<T> Verdict<T> {
    const NEW: Self = Self { same: None, again: Vec::new() };

    const fn same(mark: Mark) -> Self {
        Self { same: Some(mark), again: Vec::new() }
    }
}

impl Trail {
    pub fn push(&mut self, look: Look, mark: Mark) {
        if matches!(look.nature, Nature::Start | Nature::Add) && self.firsts.len() < TRAIL_MAX {
            self.firsts.insert(look.hash, mark);
        }
        if look.nature == Nature::Start {
            return;
        }
        self.marks.push_back((look.hash, mark));
        if self.marks.len() > TRAIL_MAX {
            self.marks.pop_front();
            self.dropped += 1;
        }
    }

    /// Whether this event is one of the trail's.
    pub fn judge<T: Clone>(&self, stance: &mut Stance<T>, look: Look, event: &T) -> Verdict<T> {
        let known = self.firsts.get(&look.hash).copied();
        let verdict = match stance {
            _ if look.nature == Nature::Start => Verdict::NEW,
            Stance::Clear => Verdict::NEW,
            Stance::Fresh => self.begin(stance, look, event),
            Stance::Doubt(_) => self.go_on(stance, look, event),
        };
        Verdict { same: verdict.same.or(known), ..verdict }
    }

    fn begin<T: Clone>(&self, stance: &mut Stance<T>, look: Look, event: &T) -> Verdict<T> {
        *stance = Stance::Clear;
        let marks = self.marks.iter().enumerate();
        let fits = marks.filter(|(_, (known, _))| *known == look.hash);
        let next: Vec<usize> = fits.map(|(at, _)| self.dropped + at + 1).collect();
        let mark = next.last().and_then(|next| self.mark_before(*next));
        match mark {
            Some(mark) if look.nature != Nature::Append || self.loose => {
                let doubt =
                    Doubt { next, end: self.end(), finished: 0, held: Vec::new(), bytes: 0, sure: false };
                *stance = settle(doubt, look, event);
                Verdict::same(mark)
            }
            _ => Verdict::NEW,
        }
    }

    fn go_on<T: Clone>(&self, stance: &mut Stance<T>, look: Look, event: &T) -> Verdict<T> {
        let Stance::Doubt(mut doubt) = std::mem::replace(stance, Stance::Clear) else {
            return Verdict::NEW;
        };
        let end = doubt.end;
        doubt.next.retain(|at| *at < end && self.hash_at(*at) == Some(look.hash));
        if let Some(mark) = doubt.next.last().and_then(|at| self.mark_before(*at + 1)) {
            doubt.next.iter_mut().for_each(|at| *at += 1);
            *stance = settle(doubt, look, event);
            return Verdict::same(mark);
        }
        // what begins something is the same however often it is said
        let news = doubt.held.into_iter().skip(doubt.finished);
        Verdict { same: None, again: news.filter(|(look, _)| look.nature != Nature::Add).collect() }
    }

    fn end(&self) -> usize {
        self.dropped + self.marks.len()
    }

    fn hash_at(&self, at: usize) -> Option<u64> {
        self.marks.get(at.checked_sub(self.dropped)?).map(|(hash, _)| *hash)
    }

    fn mark_before(&self, next: usize) -> Option<Mark> {
        self.marks.get(next.checked_sub(self.dropped + 1)?).map(|(_, mark)| *mark)
    }
}

/// Notes that one more fits, and ends the doubt where only the trail's end is left.
fn settle<T: Clone>(mut doubt: Doubt<T>, look: Look, event: &T) -> Stance<T> {
    doubt.bytes += look.bytes;
    doubt.sure |= doubt.bytes >= SURE_BYTES || doubt.held.len() >= SURE;
    if doubt.sure {
        doubt.held = Vec::new();
        doubt.finished = 0;
    } else {
        doubt.held.push((look, event.clone()));
        if doubt.next.contains(&doubt.end) {
            doubt.finished = doubt.held.len();
        }
    }
    if doubt.next.iter().all(|at| *at == doubt.end) { Stance::Clear } else { Stance::Doubt(doubt) }
}

impl Mark {
    /// The id of the event, such that ids sort as events came.
    pub fn id(self) -> String {
        format!("chasm2-{:014x}-{:010}", self.run, self.number)
    }

    pub fn read(id: &str) -> Option<Self> {
        let (run, number) = id.strip_prefix("chasm2-")?.split_once('-')?;
        Some(Self { run: u64::from_str_radix(run, 16).ok()?, number: number.parse().ok()? })
    }
}

#[cfg(test)]
mod tests;
