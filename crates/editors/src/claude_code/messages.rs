//! The messages of one session that later lines may still add to.
//!
//! Claude Code writes one line a block, under the same `message.id`. Invariant: the event of a later line has all blocks of
//! the lines before it, so that replacing a message's content by the latest never loses one.

use crate::ids::hash;
use serde_json::Value;
use std::collections::{HashSet, VecDeque};

/// Messages kept open; lines of one message stand close together (parallel tools put a few results between).
const OPEN: usize = 32;

#[derive(Default)]
pub struct OpenMessages {
    open: VecDeque<(String, Vec<Value>)>,
    known: HashSet<u64>,
}

/// A message after a line was added to it.
pub struct Grown {
    pub message_id: String,
    pub parts: Vec<Value>,
    /// An earlier line began it.
    pub merged: bool,
}

impl OpenMessages {
    /// Adds `parts` to the message `id`. A message that was closed meanwhile goes on under a name of its own, made of `key`.
    pub fn add(&mut self, id: &str, parts: Vec<Value>, key: &str) -> Grown {
        if let Some((_, all)) = self.open.iter_mut().find(|(open, _)| open == id) {
            all.extend(parts);
            return Grown { message_id: id.to_owned(), parts: all.clone(), merged: true };
        }
        let message_id = if self.known.insert(hash(id)) { id.to_owned() } else { format!("{id}+{key}") };
        if self.open.len() == OPEN {
            self.open.pop_front();
        }
        self.open.push_back((message_id.clone(), parts.clone()));
        Grown { message_id, parts, merged: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_add_up_and_a_late_one_replaces_nothing() {
        let mut open = OpenMessages::default();
        assert!(!open.add("m", vec![json!("a")], "k1").merged);
        let grown = open.add("m", vec![json!("b")], "k2");
        assert!(grown.merged);
        assert_eq!(grown.parts, [json!("a"), json!("b")]);
        for n in 0..OPEN {
            open.add(&format!("other-{n}"), vec![], "k");
        }
        let late = open.add("m", vec![json!("c")], "k9");
        assert_eq!((late.message_id.as_str(), late.merged), ("m+k9", false));
    }
}
