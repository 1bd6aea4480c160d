//! Sessions of which only the list of all prompts has something left, with each program that keeps such a list.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod reading;

use chasm_editors::{EventDraft, SessionFile, Standing};
use proptest::prelude::*;
use reading::*;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// A program that keeps a list: its id, the folder that makes its root known, and a line of its list.
type Program = (&'static str, &'static str, fn(&str, &str, u64) -> Value);

/// Second 0 of the lists of these tests.
const BEGUN: u64 = 1_769_868_000;

const PROGRAMS: [Program; 2] = [
    ("claude-code", "projects", |id, text, second| {
        let ms = (BEGUN + second) * 1000;
        json!({ "display": text, "pastedContents": {}, "timestamp": ms, "project": "/home/ada/x", "sessionId": id })
    }),
    ("codex", "sessions", |id, text, second| json!({ "session_id": id, "ts": BEGUN + second, "text": text })),
];

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

/// The sessions of a root with nothing but this list.
fn found((id, folder, _): &Program, root: &Path, list: &str) -> Vec<SessionFile> {
    fs::create_dir_all(root.join(folder)).unwrap();
    put(root, "history.jsonl", list);
    by_id(id).find(root, later()).unwrap().unwrap().files
}

fn contents(events: &[EventDraft]) -> Vec<&str> {
    of(events, "message").into_iter().filter_map(|event| event.data["content"].as_str()).collect()
}

#[test]
fn what_was_typed_is_a_session_whose_answers_are_missing() {
    for program @ (id, _, line) in &PROGRAMS {
        let folder = tempfile::tempdir().unwrap();
        let list = lines(&[
            line("gone", "\n  Why does it hang?\nIt does.", 1),
            line("other", "another", 2),
            line("gone", "again", 3),
        ]);
        let files = found(program, folder.path(), &list);
        let ids: Vec<&str> = files.iter().map(|file| file.session_id.as_str()).collect();
        assert_eq!(ids, ["gone", "other"], "{id}");
        assert_eq!((files[0].shown, files[0].bytes < list.len() as u64), (Some(false), true), "{id}");
        let (events, report) = read_file(by_id(id), &files[0]);
        assert_eq!(contents(&events), ["\n  Why does it hang?\nIt does.", "again"], "{id}");
        assert_eq!((report.messages, report.answers, report.copies), (2, 0, 0), "{id}");
        assert_eq!(report.standing(), Standing::PromptsOnly, "{id}");
        assert!(report.missing[0].contains("all answers"), "{id}: {:?}", report.missing);
        let titled = events.iter().find_map(|event| event.data.get("title"));
        assert_eq!(titled, Some(&json!("Why does it hang?")), "{id}");
    }
}

#[test]
fn a_line_that_stands_there_twice_is_one_prompt() {
    for program @ (id, _, line) in &PROGRAMS {
        let folder = tempfile::tempdir().unwrap();
        let (one, later_one) = (line("gone", "go on", 1), line("gone", "go on", 2));
        let list = lines(&[one.clone(), one.clone(), later_one, one]);
        let files = found(program, folder.path(), &list);
        let (events, report) = read_file(by_id(id), &files[0]);
        assert_eq!(
            contents(&events),
            ["go on", "go on"],
            "{id}: the same words typed later are another prompt"
        );
        assert_eq!((report.messages, report.copies), (2, 2), "{id}");
        let names: HashSet<&str> =
            of(&events, "message").into_iter().map(|event| event.event_id.as_str()).collect();
        assert!(names.iter().all(|name| !name.contains('~')), "{id}: {names:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_list_that_is_a_link_is_not_opened() {
    for program @ (id, _, line) in &PROGRAMS {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(found(program, root, &lines(&[line("gone", "a", 1)])).len(), 1, "{id}");
        fs::rename(root.join("history.jsonl"), root.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", root.join("history.jsonl")).unwrap();
        assert_eq!(by_id(id).find(root, later()).unwrap().unwrap().files, [], "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_growing_list_gives_the_same_first_events(
        said in proptest::collection::vec(("[ab]", 0..3_u64, any::<bool>()), 1..12),
        end: prop::sample::Index,
    ) {
        for program @ (id, _, line) in &PROGRAMS {
            let folder = tempfile::tempdir().unwrap();
            let all: Vec<Value> = std::iter::once(line("gone", "first", 0))
                .chain(said.iter().map(|(text, at, own)| line(if *own { "gone" } else { "other" }, text, *at)))
                .collect();
            let (whole, short) = (lines(&all), lines(&all[..1 + end.index(said.len())]));
            let file = found(program, folder.path(), &short).remove(0);
            let mut reader = by_id(id).open(&file).unwrap();
            let mut events = step(reader.as_mut(), false);
            put(folder.path(), "history.jsonl", &whole);
            let at_once = step(by_id(id).open(&file).unwrap().as_mut(), true);
            prop_assert_eq!(&events[..], &at_once[..events.len()]);
            events.extend(step(reader.as_mut(), true));
            prop_assert_eq!(events, at_once);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..400_usize, gone in 0..100_usize) {
        for program @ (id, _, line) in &PROGRAMS {
            let folder = tempfile::tempdir().unwrap();
            let list = lines(&[line("gone", "one", 1), line("gone", "two", 2), line("other", "three", 3)]);
            let file = found(program, folder.path(), &list).remove(0);
            put(folder.path(), "history.jsonl", torn(list.into_bytes(), at, gone, bytes.clone()));
            let _ = by_id(id).find(folder.path(), later()).unwrap();
            step(by_id(id).open(&file).unwrap().as_mut(), true);
        }
    }
}
