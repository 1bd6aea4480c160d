//! Reading in tests: each reading is held against what all readers promise.

#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

use chasm_editors::{Editor, EventDraft, ReadReport, Reader, SessionFile, editor};
use chasm_protocol::{Limits, parse_event};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub fn by_id(id: &str) -> &'static dyn Editor {
    editor(id).unwrap()
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

pub fn put(root: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

pub fn step(reader: &mut dyn Reader, last: bool) -> Vec<EventDraft> {
    let mut events = Vec::new();
    reader
        .read_on(last, &mut |event| {
            events.push(event);
            ControlFlow::Continue(())
        })
        .unwrap();
    events
}

/// Reads a session. The events are such as the recorder takes, their ids are given once, and reading anew gives the same.
pub fn read_file(of: &dyn Editor, file: &SessionFile) -> (Vec<EventDraft>, ReadReport) {
    let mut reader = of.open(file).unwrap();
    let events = step(reader.as_mut(), true);
    let report = reader.report();
    for event in &events {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), event.to_json());
        assert_ne!(event.event_type, "session_end");
        assert_eq!(event.session_id, file.session_id, "{}", file.path.display());
    }
    let ids: HashSet<_> = events.iter().map(|event| &event.event_id).collect();
    assert_eq!(ids.len(), events.len(), "an event_id was given twice");
    assert_eq!(report.events, events.len() as u64);
    assert_eq!(step(of.open(file).unwrap().as_mut(), true), events, "read twice, other events");
    (events, report)
}

/// The same of a file that holds one session.
pub fn read(id: &str, path: &Path) -> (Vec<EventDraft>, ReadReport) {
    let files = by_id(id).sessions_in(path).unwrap();
    assert_eq!(files.len(), 1, "{}", path.display());
    read_file(by_id(id), &files[0])
}

/// Reads these bytes as a file of this name.
pub fn read_bytes(id: &str, name: &str, bytes: impl AsRef<[u8]>) -> (Vec<EventDraft>, ReadReport) {
    let folder = tempfile::tempdir().unwrap();
    read(id, &put(folder.path(), name, bytes))
}

/// All sessions of a file, whatever its bytes: what cannot be read is an error and no panic.
pub fn try_bytes(id: &str, name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), name, bytes);
    let _ = by_id(id).recognizes(&path, bytes);
    for file in by_id(id).sessions_in(&path).unwrap_or_default() {
        let _ = by_id(id).workspace(&file);
        let Ok(mut reader) = by_id(id).open(&file) else { continue };
        let read = reader.read_on(true, &mut |event| {
            let parsed = parse_event(&event.to_json(), &Limits::default());
            assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), event.to_json());
            ControlFlow::Continue(())
        });
        let _ = read;
    }
}

/// A file of lines, cut at each of its ends: the events of the shorter one are the first of the longer one, and going on from
/// there gives the rest.
pub fn grows(id: &str, name: &str, bytes: &[u8]) {
    let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1);
    grows_from(id, name, bytes, ends);
}

/// The same from these ends of lines.
pub fn grows_from(id: &str, name: &str, bytes: &[u8], ends: impl Iterator<Item = usize>) {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), name, bytes);
    let file = by_id(id).sessions_in(&path).unwrap().remove(0);
    let whole = step(by_id(id).open(&file).unwrap().as_mut(), true);
    for end in ends {
        fs::write(&path, &bytes[..end]).unwrap();
        let mut reader = by_id(id).open(&file).unwrap();
        let mut events = step(reader.as_mut(), false);
        assert_eq!(events, whole[..events.len()], "cut at {end}");
        fs::write(&path, bytes).unwrap();
        events.extend(step(reader.as_mut(), true));
        assert_eq!(events, whole, "read on from {end}");
    }
}

pub fn of<'a>(events: &'a [EventDraft], kind: &str) -> Vec<&'a EventDraft> {
    events.iter().filter(|event| event.event_type == kind).collect()
}

/// The messages as the recorder shows them: in the order of their times, each with its last content.
pub fn shown(events: &[EventDraft]) -> Vec<(String, Value)> {
    let mut sorted: Vec<&EventDraft> = of(events, "message");
    sorted.sort_by(|a, b| (a.timestamp, &a.event_id).cmp(&(b.timestamp, &b.event_id)));
    let mut messages: Vec<(Value, String, Value)> = Vec::new();
    for event in sorted {
        let (id, content) = (event.data["message_id"].clone(), event.data["content"].clone());
        match messages.iter_mut().find(|(known, ..)| *known == id) {
            Some(known) => known.2 = content,
            None => messages.push((id, event.data["role"].as_str().unwrap().to_owned(), content)),
        }
    }
    messages.into_iter().map(|(_, role, content)| (role, content)).collect()
}

pub fn roles(events: &[EventDraft]) -> Vec<String> {
    shown(events).into_iter().map(|(role, _)| role).collect()
}

pub fn titles(events: &[EventDraft]) -> Vec<&str> {
    of(events, "session_update").into_iter().filter_map(|event| event.data.get("title")?.as_str()).collect()
}

pub fn why(report: &ReadReport) -> Vec<(u64, u64, &str)> {
    report.bad_places.iter().map(|bad| (bad.line, bad.bytes_lost, bad.why.as_str())).collect()
}

/// `whole` with other bytes in place of some of its own.
pub fn torn(mut whole: Vec<u8>, at: usize, gone: usize, instead: Vec<u8>) -> Vec<u8> {
    let at = at % (whole.len() + 1);
    let end = (at + gone).min(whole.len());
    whole.splice(at..end, instead);
    whole
}

/// Each text and number of the sources is in some event, whatever its field is called there.
pub fn nothing_lost(sources: &[Value], events: &[EventDraft], but: &[&str]) {
    let (mut texts, mut numbers) = (Vec::new(), HashSet::new());
    for event in events {
        event.data.values().for_each(|value| leaves(value, &mut texts, &mut numbers));
    }
    let kept: HashSet<&str> = texts.iter().map(String::as_str).collect();
    let is_kept = |text: &str| kept.contains(text) || texts.iter().any(|kept| kept.contains(text));
    for source in sources {
        let (mut said, mut counted) = (Vec::new(), HashSet::new());
        leaves(source, &mut said, &mut counted);
        for text in said.iter().filter(|text| !but.contains(&text.as_str())) {
            let inner = serde_json::from_str::<Value>(text).ok().filter(|inner| inner.is_object());
            let (mut parts, mut of_parts) = (Vec::new(), HashSet::new());
            inner.iter().for_each(|inner| leaves(inner, &mut parts, &mut of_parts));
            let unfolded =
                inner.is_some() && parts.iter().all(|part| is_kept(part)) && of_parts.is_subset(&numbers);
            assert!(is_kept(text) || unfolded, "lost: {text:?}");
        }
        let lost: Vec<_> = counted.difference(&numbers).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
    }
}

fn leaves(value: &Value, texts: &mut Vec<String>, numbers: &mut HashSet<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => drop(numbers.insert(number.to_string())),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, texts, numbers)),
        Value::Object(fields) => fields.values().for_each(|item| leaves(item, texts, numbers)),
        _ => {}
    }
}

/// The values of a file of JSON, one or one a line.
pub fn values(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).map_or_else(
        |_| text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
        |value| vec![value],
    )
}

/// Some lines of a file behind its first one, in another order and more than once; and where one of them ends.
pub fn shuffled(whole: &[u8], order: &[usize], end: usize) -> (Vec<u8>, usize) {
    let lines: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
    let chosen: Vec<&[u8]> =
        std::iter::once(0).chain(order.iter().map(|n| n % lines.len())).map(|n| lines[n]).collect();
    (chosen.concat(), chosen[..=end % chosen.len()].concat().len())
}
