//! Merging what another source knows of a session (a snapshot, an editor's file) into what events recorded.
//!
//! Owns the alignment and the choice between two versions of one message. Invariant: everything either side has is in the
//! result, nothing that neither side has; merging the same thing again changes nothing.
//!
//! Alignment, in O(n log n): the same `message_id`; else the same role and content, k-th with k-th, as far as that keeps
//! both orders (longest increasing run); else, between those anchors, the same content or one content continuing the other.

use super::items::{Item, Items};
use chasm_protocol::session::{Origin, SnapshotBody, SnapshotMessage, SnapshotToolCall, Version};
use chasm_protocol::{Content, ItemKey, Message, Role, Timestamp, ToolCall};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet, VecDeque};

/// What is merged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Snapshot,
    EditorFile,
}

impl Source {
    const fn origin(self) -> Origin {
        match self {
            Self::Snapshot => Origin::Snapshot,
            Self::EditorFile => Origin::EditorFile,
        }
    }
}

/// Merges `body` into `items`. Positions are left to be numbered anew.
pub fn merge(items: &mut Items, body: &SnapshotBody, source: Source) {
    merge_messages(items, &body.messages, source);
    merge_calls(items, &body.tool_calls, source);
}

/// Merges a snapshot that is to be dropped into the folded rest of those dropped before.
pub fn merge_into_base(base: Option<SnapshotBody>, newer: SnapshotBody) -> SnapshotBody {
    let Some(base) = base else { return newer };
    let mut items = Items::default();
    merge(&mut items, &base, Source::Snapshot);
    merge(&mut items, &newer, Source::Snapshot);
    let mut rest = base.rest;
    rest.extend(newer.rest);
    SnapshotBody {
        title: newer.title.or(base.title),
        provider: newer.provider.or(base.provider),
        model: newer.model.or(base.model),
        workspace: newer.workspace.or(base.workspace),
        editor: newer.editor.or(base.editor),
        messages: items.messages().flat_map(|(_, m)| snapshot_messages(m)).collect(),
        tool_calls: items.tool_calls().map(|(_, c)| snapshot_call(c)).collect(),
        rest,
    }
}

fn merge_messages(items: &mut Items, theirs: &[SnapshotMessage], source: Source) {
    let theirs = distinct(theirs, source);
    let places: Vec<usize> = items.messages().map(|(place, _)| place).collect();
    let ours: Vec<Side> = items.messages().map(|(_, m)| Side::of(m)).collect();
    let others: Vec<Side> = theirs.iter().map(Side::of).collect();
    let matched = align(&ours, &others);
    let next = upper_bounds(&matched, ours.len());
    let mut inserts: Vec<(usize, Item)> = Vec::new();
    let mut after: Option<usize> = None;
    for ((their, our), next) in theirs.iter().zip(&matched).zip(next) {
        let place = our.and_then(|our| places.get(our).copied());
        if let Some(place) = place
            && let Some(Item::Message(mine)) = items.0.get_mut(place)
        {
            combine(mine, their, source);
            after = after.max(Some(behind_calls(items, place)));
        } else {
            let before = places.get(next).copied();
            let at = place_between(items, after, before, their.timestamp);
            after = after.map(|low| low.max(at));
            inserts.push((at, Item::Message(their.clone())));
        }
    }
    insert_all(items, inserts);
}

/// Where a message goes that only the other side has, between the nearest common ones: by its time where it has one;
/// else right behind the common one before it, else right before the one behind it, else at the end.
fn place_between(items: &Items, after: Option<usize>, before: Option<usize>, at: Option<Timestamp>) -> usize {
    let end = items.0.len();
    let (low, high) = (after.unwrap_or(0), before.unwrap_or(end));
    let later = |item: &Item| match item {
        Item::Message(m) => m.timestamp > at,
        Item::ToolCall(c) => c.timestamp > at,
    };
    match at {
        Some(_) if low < high => {
            let found = items.0.iter().skip(low).take(high - low).position(later);
            found.map_or(high, |n| low + n)
        }
        _ => after.or(before).unwrap_or(end),
    }
}

/// Their messages; several of one id become one, in the place of the first.
fn distinct(theirs: &[SnapshotMessage], source: Source) -> Vec<Message> {
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    let mut messages: Vec<Message> = Vec::with_capacity(theirs.len());
    for their in theirs {
        let message = from_snapshot(their, source);
        let Some(id) = their.message_id.as_deref() else {
            messages.push(message);
            continue;
        };
        match by_id.get(id).and_then(|at| messages.get_mut(*at)) {
            Some(first) => combine(first, &message, source),
            None => {
                by_id.insert(id, messages.len());
                messages.push(message);
            }
        }
    }
    messages
}

/// The place behind this message and the tool calls that follow it.
fn behind_calls(items: &Items, place: usize) -> usize {
    let calls = items.0.iter().skip(place + 1).take_while(|item| matches!(item, Item::ToolCall(_)));
    place + 1 + calls.count()
}

/// One message as the alignment sees it.
struct Side<'a> {
    role: Role,
    text: std::borrow::Cow<'a, str>,
    id: Option<&'a str>,
    aliases: &'a [String],
    recorded: bool,
}

impl<'a> Side<'a> {
    fn of(m: &'a Message) -> Self {
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
fn align(ours: &[Side<'_>], others: &[Side<'_>]) -> Vec<Option<usize>> {
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
fn compatible(ours: Option<&str>, theirs: Option<&str>) -> bool {
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
fn upper_bounds(found: &[Option<usize>], end: usize) -> Vec<usize> {
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

/// All characters of `part` stand in `whole`, in order.
fn within(part: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|c| rest.any(|w| w == c))
}

/// Two versions of one message: the one that continues the other stands; of two that differ ours stands, theirs is kept.
fn combine(mine: &mut Message, theirs: &Message, source: Source) {
    let (ours, other) = (mine.content.text().into_owned(), theirs.content.text().into_owned());
    let richer = matches!((&mine.content, &theirs.content), (Content::Text(_), Content::Parts(_)));
    if ours == other {
        if richer {
            mine.content = theirs.content.clone();
        } else if matches!(theirs.content, Content::Parts(_)) {
            keep_version(mine, &theirs.content, source);
        }
        mine.partial &= theirs.partial;
    } else if let Some(more) = other.strip_prefix(ours.as_str()) {
        if matches!(mine.content, Content::Text(_)) {
            mine.content = theirs.content.clone();
        } else {
            mine.content.push_str(more);
        }
        completed(mine, theirs, source);
    } else if mine.partial && matches!(mine.content, Content::Text(_)) && within(&ours, &other) {
        // Deltas were lost in the middle of a streamed text: theirs has all of ours and the rest.
        mine.content = theirs.content.clone();
        completed(mine, theirs, source);
    } else if !ours.starts_with(other.as_str()) {
        keep_version(mine, &theirs.content, source);
    }
    theirs.versions.iter().for_each(|version| keep_version(mine, &version.content, source));
    if mine.model.is_none() {
        mine.model.clone_from(&theirs.model);
    }
    for id in theirs.message_id.iter().chain(&theirs.aliases) {
        match &mine.message_id {
            None => mine.message_id = Some(id.clone()),
            Some(own) if own != id && !mine.aliases.contains(id) => mine.aliases.push(id.clone()),
            Some(_) => {}
        }
    }
    mine.timestamp = mine.timestamp.or(theirs.timestamp);
}

fn completed(mine: &mut Message, theirs: &Message, source: Source) {
    mine.partial = theirs.partial;
    if mine.origin != source.origin() {
        mine.completed_by = Some(source.origin());
    }
}

fn keep_version(mine: &mut Message, content: &Content, source: Source) {
    let known = mine.content == *content || mine.versions.iter().any(|v| v.content == *content);
    if !known {
        mine.versions.push(Version { origin: source.origin(), content: content.clone() });
    }
}

fn from_snapshot(theirs: &SnapshotMessage, source: Source) -> Message {
    Message {
        key: theirs.message_id.as_deref().map(ItemKey::of_message_id).unwrap_or_default(),
        position: 0,
        message_id: theirs.message_id.clone(),
        role: theirs.role,
        content: theirs.content.clone(),
        model: theirs.model.clone(),
        parent_id: None,
        partial: theirs.partial.unwrap_or(false),
        timestamp: theirs.timestamp,
        metadata: theirs.rest.clone(),
        origin: source.origin(),
        completed_by: None,
        aliases: Vec::new(),
        versions: Vec::new(),
    }
}

fn merge_calls(items: &mut Items, theirs: &[SnapshotToolCall], source: Source) {
    let mut by_id: HashMap<String, usize> = HashMap::new();
    let mut by_content: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (place, call) in items.tool_calls() {
        if let Some(id) = &call.call_id {
            by_id.insert(id.clone(), place);
        }
        by_content.entry(call_content(&call.name, call.arguments.as_ref())).or_default().push_back(place);
    }
    let messages: HashMap<String, usize> =
        items.messages().filter_map(|(place, m)| Some((m.message_id.clone()?, place))).collect();
    let mut inserts: Vec<(usize, Item)> = Vec::new();
    let mut after = items.0.len();
    for their in theirs {
        let content = call_content(&their.name, their.arguments.as_ref());
        let place = match their.call_id.as_ref().and_then(|id| by_id.get(id)) {
            Some(place) => Some(*place),
            None => match_call(items, by_content.get_mut(&content), their.call_id.as_deref()),
        };
        if let Some(Item::ToolCall(mine)) = place.and_then(|place| items.0.get_mut(place)) {
            complete_call(mine, their);
            after = place.map_or(after, |p| p + 1);
            continue;
        }
        let message = their.message_id.as_ref().and_then(|id| messages.get(id));
        let at = message.map_or(after, |place| behind_calls(items, *place));
        inserts.push((at, Item::ToolCall(call_from_snapshot(their, source))));
    }
    insert_all(items, inserts);
}

/// The next call with the same name and arguments that no other id claims.
fn match_call(items: &Items, places: Option<&mut VecDeque<usize>>, id: Option<&str>) -> Option<usize> {
    let places = places?;
    let at = places.iter().position(|place| match items.0.get(*place) {
        Some(Item::ToolCall(call)) => compatible(call.call_id.as_deref(), id),
        _ => false,
    })?;
    places.remove(at)
}

fn complete_call(mine: &mut ToolCall, theirs: &SnapshotToolCall) {
    if mine.name.is_empty() {
        mine.name.clone_from(&theirs.name);
    }
    if mine.call_id.is_none() {
        mine.call_id.clone_from(&theirs.call_id);
    }
    if mine.message_id.is_none() {
        mine.message_id.clone_from(&theirs.message_id);
    }
    if mine.arguments.is_none() {
        mine.arguments.clone_from(&theirs.arguments);
    }
    if !mine.finished && theirs.output.is_some() {
        mine.output.clone_from(&theirs.output);
        mine.is_error = theirs.is_error.unwrap_or(false);
        mine.finished = true;
    }
}

fn call_content(name: &str, arguments: Option<&Value>) -> String {
    format!("{name}\u{0}{}", arguments.map(Value::to_string).unwrap_or_default())
}

fn call_from_snapshot(theirs: &SnapshotToolCall, source: Source) -> ToolCall {
    ToolCall {
        key: theirs.call_id.as_deref().map(ItemKey::of_call_id).unwrap_or_default(),
        position: 0,
        call_id: theirs.call_id.clone(),
        message_id: theirs.message_id.clone(),
        name: theirs.name.clone(),
        arguments: theirs.arguments.clone(),
        output: theirs.output.clone(),
        finished: theirs.output.is_some(),
        is_error: theirs.is_error.unwrap_or(false),
        duration_ms: None,
        timestamp: theirs.timestamp,
        finished_at: None,
        origin: source.origin(),
    }
}

/// Inserts each item before the place given, in order, and names those that have no id.
fn insert_all(items: &mut Items, mut inserts: Vec<(usize, Item)>) {
    if inserts.is_empty() {
        return;
    }
    let mut known: HashSet<ItemKey> = items.0.iter().map(Item::key).collect();
    let mut next: HashMap<ItemKey, u32> = HashMap::new();
    for (_, item) in &mut inserts {
        name(item, &mut known, &mut next);
    }
    inserts.sort_by_key(|(at, _)| *at);
    let mut merged = Vec::with_capacity(items.0.len() + inserts.len());
    let mut inserts = inserts.into_iter().peekable();
    for (place, item) in std::mem::take(&mut items.0).into_iter().enumerate() {
        while let Some((_, insert)) = inserts.next_if(|(at, _)| *at <= place) {
            merged.push(insert);
        }
        merged.push(item);
    }
    merged.extend(inserts.map(|(_, insert)| insert));
    items.0 = merged;
}

/// Gives an item a key of its own: from its id where it has one, else from its content and a number.
fn name(item: &mut Item, known: &mut HashSet<ItemKey>, next: &mut HashMap<ItemKey, u32>) {
    let (kind, content) = match &*item {
        Item::Message(m) => (m.role.as_str(), Side::of(m).text.into_owned()),
        Item::ToolCall(c) => ("tool_call", call_content(&c.name, c.arguments.as_ref())),
    };
    let mut key = item.key();
    if key == ItemKey::default() || known.contains(&key) {
        let nth = next.entry(ItemKey::of_snapshot(kind, &content, 0)).or_insert(0);
        key = loop {
            let key = ItemKey::of_snapshot(kind, &content, *nth);
            *nth += 1;
            if !known.contains(&key) {
                break key;
            }
        };
    }
    known.insert(key);
    match item {
        Item::Message(m) => m.key = key,
        Item::ToolCall(c) => c.key = key,
    }
}

/// A message of a base, and each of its other versions as a message of the same id, so that none is lost.
fn snapshot_messages(m: &Message) -> Vec<SnapshotMessage> {
    let one = |content: &Content| SnapshotMessage {
        role: m.role,
        content: content.clone(),
        message_id: m.message_id.clone(),
        timestamp: m.timestamp,
        model: m.model.clone(),
        partial: Some(m.partial),
        rest: m.metadata.clone(),
    };
    std::iter::once(&m.content).chain(m.versions.iter().map(|v| &v.content)).map(one).collect()
}

fn snapshot_call(c: &ToolCall) -> SnapshotToolCall {
    SnapshotToolCall {
        name: c.name.clone(),
        call_id: c.call_id.clone(),
        message_id: c.message_id.clone(),
        arguments: c.arguments.clone(),
        output: c.output.clone(),
        is_error: Some(c.is_error),
        timestamp: c.timestamp,
        rest: Map::new(),
    }
}
