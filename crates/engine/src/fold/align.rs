//! Which message of one side is which of the other.
//!
//! Owns the alignment of two lists of messages, in O(n log n): the same `message_id`; else the same role and content, k-th
//! with k-th, as far as that keeps both orders (longest increasing run); else, between those anchors, the same content or one
//! content continuing the other. Invariant: no two of theirs are one of ours, unless they share an id.

use chasm_protocol::session::Origin;
use chasm_protocol::{Content, Message, Role};
use std::collections::{HashMap, HashSet, VecDeque};

/// One message as the alignment sees it.
pub(super) struct Side<'a> {
    role: Role,
    pub(super) text: std::borrow::Cow<'a, str>,
    id: Option<&'a str>,
    aliases: &'a [String],
    recorded: bool,
}

impl<'a> Side<'a> {
    pub(super) fn of(m: &'a Message) -> Self {
        let text = match &m.content {
            Content::Text(text) => text.as_str().into(),
            // Parts without text (images, thinking) still tell messages apart.
            Content::Parts(parts) => match m.content.text() {
                text if text.is_empty() => serde_json::to_string(parts).unwrap_or_default().into(),
                text => text,
            },
        };
        Self {
            role: m.role,
            text,
            id: m.message_id.as_deref(),
            aliases: &m.aliases,
            recorded: m.origin == Origin::Event,
        }
    }
}

/// For each of `others` the index in `ours` that is the same message.
pub(super) fn align(ours: &[Side<'_>], others: &[Side<'_>]) -> Vec<Option<usize>> {
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for (i, side) in ours.iter().enumerate() {
        by_id.extend(side.aliases.iter().map(|id| (id.as_str(), i)));
    }
    by_id.extend(ours.iter().enumerate().filter_map(|(i, s)| Some((s.id?, i))));
    let mut found: Vec<Option<usize>> =
        others.iter().map(|other| other.id.and_then(|id| by_id.get(id)).copied()).collect();
    let mut taken = vec![false; ours.len()];
    found.iter().flatten().for_each(|our| mark(&mut taken, *our));
    let alike = Alike::of(ours, others);
    let pairs = kth_with_kth(ours, others, &taken, &found, alike);
    for (other, our) in increasing(pairs, &found) {
        if let Some(slot) = found.get_mut(other) {
            *slot = Some(our);
            mark(&mut taken, our);
        }
    }
    for same_content in [true, false] {
        fill_gaps(ours, others, &mut found, &mut taken, alike, same_content);
    }
    find_moved(ours, others, &mut found, &mut taken);
    found
}

/// What an earlier snapshot brought and this one has in another place is still the same message: without this, a source
/// that reorders its messages would add them anew with every snapshot.
fn find_moved(ours: &[Side<'_>], others: &[Side<'_>], found: &mut [Option<usize>], taken: &mut [bool]) {
    let mut places: HashMap<(Role, &str), VecDeque<usize>> = HashMap::new();
    for (i, side) in ours.iter().enumerate() {
        if !side.recorded && taken.get(i) == Some(&false) {
            places.entry((side.role, &side.text)).or_default().push_back(i);
        }
    }
    for (slot, other) in found.iter_mut().zip(others).filter(|(slot, _)| slot.is_none()) {
        let queue = places.get_mut(&(other.role, other.text.as_ref()));
        let is_it = |i: &usize| ours.get(*i).is_some_and(|our| compatible(our.id, other.id));
        if let Some(i) = queue.and_then(|q| q.pop_front_if(|i| is_it(i))) {
            *slot = Some(i);
            mark(taken, i);
        }
    }
}

/// Whether two messages may be one, by their ids. One id in common: client and source name messages alike, so two
/// different ids are two messages. None in common: each has names of its own, and only the content can tell.
#[derive(Clone, Copy)]
struct Alike {
    one_naming: bool,
}

impl Alike {
    fn of(ours: &[Side<'_>], others: &[Side<'_>]) -> Self {
        let recorded: HashSet<&str> = ours.iter().filter(|s| s.recorded).filter_map(|s| s.id).collect();
        Self { one_naming: others.iter().filter_map(|s| s.id).any(|id| recorded.contains(id)) }
    }

    fn may_be_one(self, our: &Side<'_>, other: &Side<'_>) -> bool {
        (our.recorded && !self.one_naming) || compatible(our.id, other.id)
    }
}

/// Two ids that differ name two messages.
pub(super) fn compatible(ours: Option<&str>, theirs: Option<&str>) -> bool {
    ours.is_none() || theirs.is_none() || ours == theirs
}

fn mark(taken: &mut [bool], at: usize) {
    if let Some(slot) = taken.get_mut(at) {
        *slot = true;
    }
}

/// Pairs the k-th occurrence of a content on one side with the k-th on the other.
fn kth_with_kth(
    ours: &[Side<'_>],
    others: &[Side<'_>],
    taken: &[bool],
    found: &[Option<usize>],
    alike: Alike,
) -> Vec<(usize, usize)> {
    let mut places: HashMap<(Role, &str), VecDeque<usize>> = HashMap::new();
    for (i, (side, taken)) in ours.iter().zip(taken).enumerate() {
        if !taken {
            places.entry((side.role, &side.text)).or_default().push_back(i);
        }
    }
    let mut pairs = Vec::new();
    for (j, (other, slot)) in others.iter().zip(found).enumerate() {
        if slot.is_none()
            && let Some(queue) = places.get_mut(&(other.role, other.text.as_ref()))
            && let Some(&i) = queue.front()
            && ours.get(i).is_some_and(|our| alike.may_be_one(our, other))
        {
            queue.pop_front();
            pairs.push((j, i));
        }
    }
    pairs
}

/// The longest part of `pairs` (ascending in the first number) that ascends in the second too and does not cross the
/// anchors already found where these ascend themselves.
fn increasing(pairs: Vec<(usize, usize)>, found: &[Option<usize>]) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize, bool)> = pairs.into_iter().map(|(j, i)| (j, i, false)).collect();
    all.extend(found.iter().enumerate().filter_map(|(j, slot)| Some((j, (*slot)?, true))));
    all.sort_unstable();
    // Patience: `tops[k]` is the pair that ends the best run of length k + 1; `back` leads along the run.
    let mut tops: Vec<usize> = Vec::new();
    let mut back: Vec<Option<usize>> = Vec::with_capacity(all.len());
    let second = |index: &usize| all.get(*index).map(|(_, i, _)| *i);
    for (index, (_, i, _)) in all.iter().enumerate() {
        let len = tops.partition_point(|top| second(top) < Some(*i));
        back.push(len.checked_sub(1).and_then(|k| tops.get(k).copied()));
        match tops.get_mut(len) {
            Some(top) => *top = index,
            None => tops.push(index),
        }
    }
    let mut run = Vec::new();
    let mut at = tops.last().copied();
    while let Some(index) = at {
        if let Some((j, i, false)) = all.get(index) {
            run.push((*j, *i));
        }
        at = back.get(index).copied().flatten();
    }
    run.reverse();
    run
}

/// Open messages that one search in a gap looks at: keeps hostile input from costing its square.
const SAME_CONTENT_REACH: usize = 64;
/// The same where one content continues the other: only neighbours are likely to be one message.
const CONTINUATION_REACH: usize = 8;

/// Between the anchors: the same content in order, or one content that continues the other.
fn fill_gaps(
    ours: &[Side<'_>],
    others: &[Side<'_>],
    found: &mut [Option<usize>],
    taken: &mut [bool],
    alike: Alike,
    same_content: bool,
) {
    let bounds = upper_bounds(found, ours.len());
    let reach = if same_content { SAME_CONTENT_REACH } else { CONTINUATION_REACH };
    let mut low = 0usize;
    for ((slot, other), high) in found.iter_mut().zip(others).zip(bounds) {
        if let Some(our) = *slot {
            low = low.max(our + 1);
            continue;
        }
        let is_it = |i: &usize| {
            ours.get(*i).is_some_and(|our| {
                let text =
                    if same_content { our.text == other.text } else { continues(&our.text, &other.text) };
                text && our.role == other.role && alike.may_be_one(our, other)
            })
        };
        let hit = (low..high).filter(|i| taken.get(*i) == Some(&false)).take(reach).find(is_it);
        if let Some(i) = hit {
            *slot = Some(i);
            mark(taken, i);
            low = i + 1;
        }
    }
}

/// For each of theirs: the lowest of ours that any later one of theirs is matched with.
pub(super) fn upper_bounds(found: &[Option<usize>], end: usize) -> Vec<usize> {
    let mut bounds: Vec<usize> = found
        .iter()
        .rev()
        .scan(end, |high, slot| {
            let bound = *high;
            *high = (*high).min(slot.unwrap_or(*high));
            Some(bound)
        })
        .collect();
    bounds.reverse();
    bounds
}

/// One text is the beginning of the other.
fn continues(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && (a.starts_with(b) || b.starts_with(a))
}
