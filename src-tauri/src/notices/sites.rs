//! Web pages that wanted to record and were refused.
//!
//! Never decides who may. Invariant: few are asked about at a time, each by its whole origin; the recorder tells of each once a day.

use super::note::{Face, Note, Switch};
use super::words::plain;
use std::collections::BTreeMap;

/// Pages that are asked about at a time; the others are in the UI's list.
pub const SITES_MAX: usize = 3;
/// Longest origin that is shown, in characters: what is cut off could hide whose page it is, so a longer one is not asked about.
const ORIGIN_CHARS: usize = 100;

#[derive(Debug, Default)]
pub struct Sites {
    open: BTreeMap<u64, String>,
    last: u64,
}

impl Sites {
    /// Gives the key of what is to be shown.
    pub fn refused(&mut self, origin: &str) -> Option<u64> {
        if let Some((key, _)) = self.open.iter().find(|(_, known)| *known == origin) {
            return Some(*key);
        }
        // what cannot be shown as it is cannot be asked about
        let is_plain = !origin.is_empty() && plain(origin, ORIGIN_CHARS) == origin;
        if self.open.len() >= SITES_MAX || !is_plain {
            return None;
        }
        self.last += 1;
        self.open.insert(self.last, origin.to_owned());
        Some(self.last)
    }

    pub fn face(&self, key: u64) -> Option<Face> {
        let origin = self.open.get(&key)?;
        let body = "It was refused. Allow it, and its chats are recorded here; it reads nothing of what is recorded.";
        let note = Note::new(format!("{origin} wants to record here"), body, "/status");
        let note = Note { allow: Some(origin.clone()), ..note };
        Some(Face { note, switch: Switch::Always, over: None, silent: None })
    }

    pub fn forget(&mut self, key: u64) {
        self.open.remove(&key);
    }
}
