//! The log of changes: a writer of our own that writes as the editor does, held against the replay, and every damage.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "vscode_log/damage.rs"]
mod damage;
#[path = "vscode_log/writer.rs"]
mod writer;

use chasm_editors::jsonl::{LineReader, Lines, Out};
use chasm_editors::vscode::head::Known;
use chasm_editors::vscode::log::{Log, LogReader};
use chasm_editors::vscode::open_log;
use chasm_editors::{EventDraft, ReadReport, Reader};
use chasm_protocol::{Limits, parse_event};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::VecDeque;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use writer::{Edit, Writer};

/// Replays these bytes as the last reading of a file would.
fn replay(bytes: &[u8]) -> (Value, ReadReport, Vec<EventDraft>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.jsonl");
    std::fs::write(&path, if bytes.is_empty() { b" " } else { bytes }).unwrap();
    let mut reader = LogReader::new(&path).unwrap();
    let (mut events, mut report) = (VecDeque::new(), ReadReport::default());
    let mut lines = Lines::new(bytes);
    while let Some(line) = lines.next_line().unwrap() {
        reader.line(&line, &mut Out { events: &mut events, report: &mut report });
    }
    reader.pause(&mut Out { events: &mut events, report: &mut report });
    (reader.log().state().clone(), report, events.into())
}

/// All that `old` holds is in `new`, texts perhaps longer and lists with more behind.
fn only_adds(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            old.iter().all(|(key, value)| new.get(key).is_some_and(|other| only_adds(value, other)))
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() <= new.len() && old.iter().zip(new).all(|(old, new)| only_adds(old, new))
        }
        (Value::String(old), Value::String(new)) => new.starts_with(old.as_str()),
        _ => old == new,
    }
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let text = prop_oneof!["[a-z ]{0,12}", "[\"\\\\\n{}\u{e9}\u{4e2d}\u{1f680}]{1,5}"];
    prop::collection::vec(
        (0u8..20, any::<u8>(), text).prop_map(|(what, which, text)| Edit { what, which, text }),
        1..40,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_replay_is_the_editors_session_after_every_line(edits in edits()) {
        let mut writer = Writer::new(24);
        let mut log = Log::new();
        let mut seen = 0;
        for edit in &edits {
            writer.edit(edit);
            if writer.compacted() {
                (log, seen) = (Log::new(), 0);
            }
            for (line, expected) in writer.lines().iter().skip(seen) {
                prop_assert_eq!(log.apply(serde_json::from_str(line).unwrap()), Ok(None), "{}", line);
                prop_assert_eq!(log.state().to_string(), expected.to_string(), "{}", line);
            }
            seen = writer.lines().len();
            prop_assert_eq!(log.state().to_string(), writer.persisted().to_string());
        }
    }

    #[test]
    fn cut_at_any_byte_it_is_the_session_of_the_last_whole_line(edits in edits(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 24)) {
        let mut writer = Writer::new(1024);
        edits.iter().for_each(|edit| writer.edit(edit));
        let bytes = writer.bytes();
        for cut in cuts {
            let cut = cut.index(bytes.len() + 1);
            let whole = bytes[..cut].iter().filter(|b| **b == b'\n').count();
            let tail = bytes[..cut].rsplit(|b| *b == b'\n').next().unwrap();
            let (state, _, _) = replay(&bytes[..cut]);
            if serde_json::from_slice::<Value>(tail).is_ok() {
                prop_assert_eq!(&state, &writer.lines()[whole].1);
            } else if whole > 0 {
                let expected = &writer.lines()[whole - 1].1;
                prop_assert!(only_adds(expected, &state), "{}\nold {}\nnew {}", String::from_utf8_lossy(tail), expected, state);
            }
        }
    }

    #[test]
    fn reading_in_steps_gives_what_reading_at_once_gives(edits in edits(), at in any::<prop::sample::Index>(), inside in 0usize..40) {
        let mut writer = Writer::new(1024);
        edits.iter().for_each(|edit| writer.edit(edit));
        let bytes = writer.bytes();
        let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
        let end = ends[at.index(ends.len())];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        std::fs::write(&path, &bytes[..end]).unwrap();
        let short = steps(&path, &[]);
        let half = (end + inside).min(bytes.len());
        let stepped = steps(&path, &[&bytes[end..half], &bytes[half..]]);
        let once = steps(&path, &[]);
        prop_assert_eq!(&short[..], &stepped[..short.len()]);
        for event in &once {
            prop_assert!(stepped.contains(event), "{:?}", event);
        }
        for turn in writer.persisted()["requests"].as_array().unwrap() {
            prop_assert_eq!(told(&once, turn), said(turn), "{}", turn);
        }
        for (_, state) in writer.lines() {
            for turn in state["requests"].as_array().unwrap() {
                let name = format!("u:{}:", turn["requestId"].as_str().unwrap());
                prop_assert!(once.iter().any(|event| event.event_id.starts_with(&name)), "{name} is gone");
            }
        }
        let ids: std::collections::HashSet<_> = stepped.iter().map(|event| &event.event_id).collect();
        prop_assert_eq!(ids.len(), stepped.len());
        for event in &stepped {
            prop_assert!(parse_event(&event.to_json(), &Limits::default()).is_ok(), "{}", event.to_json());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), line in "\\{\"kind\":[0-9],\"k\":\\[(\"requests\"|[0-9]{1,18}|,|null|\"x\"){0,5}\\],\"v\":(\\[\\]|\\[\\{\\}\\]|null|\\{\"requests\":[0-9]\\}|7)(,\"i\":[0-9]{1,18})?\\}") {
        replay(&bytes);
        let mut all = line.into_bytes();
        all.push(b'\n');
        all.extend_from_slice(&bytes);
        replay(&all);
    }
}

/// The prompt, texts, thoughts and tools of a turn, as the editor has them.
fn said(turn: &Value) -> [String; 4] {
    let mut said =
        [turn["message"]["text"].as_str().unwrap().to_owned(), String::new(), String::new(), String::new()];
    for part in turn["response"].as_array().unwrap() {
        let (at, text) = match part["kind"].as_str() {
            None => (1, &part["value"]),
            Some("thinking") => (2, &part["value"]),
            Some(_) => (3, &part["toolCallId"]),
        };
        said[at].push_str(text.as_str().unwrap());
    }
    said
}

/// The same, as the events have them.
fn told(events: &[EventDraft], turn: &Value) -> [String; 4] {
    let mut told = [const { String::new() }; 4];
    let name = turn["requestId"].as_str().unwrap();
    for event in events.iter().filter(|event| event.event_id.contains(name)) {
        match (event.event_type.as_str(), event.data.get("content")) {
            ("tool_call", _) => told[3].push_str(event.data["call_id"].as_str().unwrap()),
            ("message", Some(Value::String(text))) if event.data["role"] == "user" => told[0].push_str(text),
            ("message", Some(Value::String(text))) => told[1].push_str(text),
            ("message", Some(Value::Array(parts))) => {
                for part in parts {
                    told[1].push_str(part["text"].as_str().unwrap_or_default());
                    told[2].push_str(part["thinking"].as_str().unwrap_or_default());
                }
            }
            _ => {}
        }
    }
    told
}

/// Reads the file, then again after each addition to it.
fn steps(path: &Path, more: &[&[u8]]) -> Vec<EventDraft> {
    let mut reader = open_log(path, Known::default()).unwrap();
    let mut events = Vec::new();
    let mut take = |event| {
        events.push(event);
        ControlFlow::Continue(())
    };
    reader.read_on(false, &mut take).unwrap();
    for more in more {
        std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(more).unwrap();
        reader.read_on(false, &mut take).unwrap();
    }
    events
}
