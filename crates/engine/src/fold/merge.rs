//! Merging what another source knows of a session (a snapshot, an editor's file) into what events recorded.
//!
//! Owns the choice between two versions of one message. Invariant: everything either side has is in the
//! result, nothing that neither side has; merging the same thing again changes nothing.

use super::Folded;
use super::align::{Side, align, compatible, upper_bounds};
use super::items::{Item, Items};
use chasm_protocol::session::{Origin, SnapshotBody, SnapshotMessage, SnapshotToolCall, Version};
use chasm_protocol::{Content, ItemKey, Message, Timestamp, ToolCall};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet, VecDeque};

/// What is merged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// Two bodies of one source as one: an older snapshot that is to be dropped and the folded rest of those dropped before, or
/// two states of one file.
pub fn merge_bodies(base: Option<SnapshotBody>, newer: SnapshotBody, source: Source) -> SnapshotBody {
    let Some(base) = base else { return newer };
    let mut items = Items::default();
    merge(&mut items, &base, source);
    merge(&mut items, &newer, source);
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

/// A folded session as a body that can be merged into another one.
pub fn as_snapshot(folded: &Folded) -> SnapshotBody {
    let record = &folded.record;
    let call = |call: &ToolCall| {
        // A body has no other way to say that a call without output is over.
        let output = call.output.clone().or_else(|| call.finished.then(|| Value::String(String::new())));
        SnapshotToolCall { output, ..snapshot_call(call) }
    };
    SnapshotBody {
        title: record.title.clone(),
        provider: record.provider.clone(),
        model: record.model.clone(),
        workspace: record.workspace.clone(),
        editor: record.editor.clone(),
        messages: folded.messages.iter().flat_map(snapshot_messages).collect(),
        tool_calls: folded.tool_calls.iter().map(call).collect(),
        rest: Map::new(),
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

/// All characters of `part` stand in `whole`, in order.
fn within(part: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|c| rest.any(|w| w == c))
}

/// Two versions of one message: the one that continues the other stands; of two that differ ours stands, theirs is kept.
fn combine(mine: &mut Message, theirs: &Message, source: Source) {
    let (ours, other) = (mine.content.text().into_owned(), theirs.content.text().into_owned());
    let richer = matches!((&mine.content, &theirs.content), (Content::Text(_), Content::Parts(_)));
    if source == Source::EditorFile && begins(&mine.content, &theirs.content) {
        // The file has all parts of ours and more: those without text would be lost otherwise.
        mine.content = theirs.content.clone();
        completed(mine, theirs, source);
    } else if ours == other {
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

/// The parts of `whole` begin with those of `start` and go on.
fn begins(start: &Content, whole: &Content) -> bool {
    match (start, whole) {
        (Content::Parts(start), Content::Parts(whole)) => {
            whole.len() > start.len() && whole.starts_with(start)
        }
        _ => false,
    }
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
        let at = match (source, their.timestamp) {
            (Source::EditorFile, Some(at)) => place_by_time(items, message.map_or(0, |place| *place + 1), at),
            _ => message.map_or(after, |place| behind_calls(items, *place)),
        };
        inserts.push((at, Item::ToolCall(call_from_snapshot(their, source))));
    }
    insert_all(items, inserts);
}

/// Before the first item from `low` on that happened later. A file knows the times of its calls, and calls of one message
/// may have messages between them.
fn place_by_time(items: &Items, low: usize, at: Timestamp) -> usize {
    let time = |item: &Item| match item {
        Item::Message(m) => m.timestamp,
        Item::ToolCall(c) => c.timestamp,
    };
    let later = items.0.iter().skip(low).position(|item| time(item).is_some_and(|time| time > at));
    later.map_or(items.0.len(), |n| low + n)
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
