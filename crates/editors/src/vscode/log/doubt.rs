//! What can be said of places in the log behind a line that is lost.
//!
//! The lost line may have added turns, so that later entries speak of places that are others here. Never guesses where an
//! entry belongs. Invariant: an entry is refused only if the turn at its place was finished before the damage, or began
//! after the entry's turn ended.

use crate::vscode::path::{Key, Misfit};
use crate::vscode::turns::is_sealed;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub struct Doubt {
    /// Turns before this place were known before the damage.
    pub from: usize,
    /// Turns were added since.
    pub pushed: bool,
    /// Turns that were finished, and are not written to any more.
    closed: BTreeSet<usize>,
}

impl Doubt {
    /// Another line is lost. `touched` is the turn that the line before it was about: more may have followed.
    pub fn after(before: Option<Self>, requests: &[Value], touched: Option<usize>) -> Self {
        let sealed = requests.iter().enumerate().filter(|(_, request)| is_sealed(request));
        let closed: BTreeSet<usize> =
            sealed.map(|(place, _)| place).filter(|place| Some(*place) != touched).collect();
        match before {
            Some(before) if before.pushed => Self { closed, ..before },
            _ => Self { from: requests.len(), pushed: false, closed },
        }
    }

    /// So many turns were put in at `from`.
    pub fn shift(&mut self, by: usize) {
        let from = self.from;
        let closed = std::mem::take(&mut self.closed);
        self.closed = closed.into_iter().map(|place| if place < from { place } else { place + by }).collect();
        if !self.pushed {
            self.from += by;
        }
    }

    /// Whether an entry can be about the turn at `place`.
    pub fn check(
        &self,
        place: usize,
        requests: &[Value],
        path: &[Key],
        value: Option<&Value>,
    ) -> Result<(), Misfit> {
        if self.closed.contains(&place) {
            return Err(Misfit("the turn at its place was finished before a line was lost"));
        }
        let ended = match path {
            [_, _, Key::Name(field)] if field == "modelState" => value.and_then(|v| v.get("completedAt")),
            _ => None,
        };
        let began = requests.get(place).and_then(|request| request.get("timestamp"));
        match (began.and_then(Value::as_f64), ended.and_then(Value::as_f64)) {
            (Some(began), Some(ended)) if ended < began => {
                Err(Misfit("the turn at its place began later than the entry's turn ended"))
            }
            _ => Ok(()),
        }
    }
}
