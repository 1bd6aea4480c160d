//! Turns that a session had and has no more.
//!
//! Owns the telling of a turn that is gone from one that is only written anew. Never forgets one, unless it comes back.

use crate::vscode::turns::request_name;
use serde_json::Value;
use std::collections::HashSet;

/// A turn that the session has no more.
#[derive(Debug, Clone)]
pub struct Removed {
    pub request: Value,
    /// Where it stood.
    pub place: usize,
}

#[derive(Debug, Default)]
pub struct Removals {
    list: Vec<Removed>,
    /// So many of them were asked for.
    told: usize,
    returned: HashSet<String>,
}

impl Removals {
    pub fn list(&self) -> &[Removed] {
        &self.list
    }

    pub fn has_returned(&self, name: &str) -> bool {
        self.returned.contains(name)
    }

    /// Places of those that were not asked for yet.
    pub fn take_new(&mut self) -> Vec<usize> {
        let new = self.told..self.list.len();
        self.told = self.list.len();
        new.collect()
    }

    /// `old` stood from `place` on; `now` is what stands there instead.
    pub fn note(&mut self, old: Vec<Value>, place: usize, now: &[Value]) {
        if old.is_empty() && self.list.is_empty() {
            return;
        }
        let names: HashSet<String> = now.iter().filter_map(request_name).collect();
        self.take_back(&names);
        for (nth, request) in old.into_iter().enumerate() {
            let gone = match request_name(&request) {
                Some(name) => !names.contains(&name),
                None => !request.is_null() && !now.contains(&request),
            };
            if gone {
                self.list.push(Removed { request, place: place + nth });
            }
        }
    }

    fn take_back(&mut self, names: &HashSet<String>) {
        let mut told = self.told;
        let mut nth = 0;
        self.list.retain(|removed| {
            let back = request_name(&removed.request).filter(|name| names.contains(name));
            told -= usize::from(back.is_some() && nth < self.told);
            nth += 1;
            let stays = back.is_none();
            self.returned.extend(back);
            stays
        });
        self.told = told;
    }
}
