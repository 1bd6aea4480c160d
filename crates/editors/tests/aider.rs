//! Aider's chat histories, from fixtures written for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod reading;

use proptest::prelude::*;
use reading::*;
use serde_json::json;
use std::fs;
use std::time::Instant;

const NAME: &str = ".aider.chat.history.md";

fn history() -> String {
    fs::read_to_string(fixture("aider/history.md")).unwrap()
}

#[test]
fn a_file_holds_a_session_for_each_start() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &format!("project/{NAME}"), history());
    let project = folder.path().join("project");
    let files = by_id("aider").in_project(&project);
    assert_eq!(files.len(), 3, "the last one has nothing in it");
    let (events, report) = read_file(by_id("aider"), &files[0]);
    assert_eq!(report.bad(), 0);
    let start = &events[0].data;
    assert_eq!(start["workspace"], project.display().to_string());
    assert_eq!(start["metadata"]["aider"]["started"], "2026-06-09 14:01:00");
    assert!(start["metadata"]["aider"]["times"].as_str().unwrap().contains("UTC"));
    assert_eq!(events[0].timestamp.as_millis(), 1_781_013_660_000);
    let said = shown(&events);
    let expected = [
        ("tool", "Aider v0.60.0\nMain model: gpt-4o with diff edit format"),
        ("user", "add a retry\nto the webhook"),
        ("assistant", "I'll add a backoff.\n\n#### Step 1\nWrap the call."),
        ("tool", "Applied edit to src/webhook.py"),
    ];
    assert_eq!(said, expected.map(|(role, text)| (role.to_owned(), json!(text))));
    assert_eq!(titles(&events), ["add a retry"]);
    assert_eq!(of(&events, "session_update")[0].data["model"], "gpt-4o");
    assert_eq!((report.messages, report.answers), (4, 1));
    assert_eq!(roles(&read_file(by_id("aider"), &files[1]).0), ["user", "assistant"]);
    assert_ne!(files[1].session_id, files[2].session_id, "two starts within a second");
    assert_eq!(files[2].title.as_deref(), Some("again"));
}

#[test]
fn all_lines_are_in_the_messages() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), NAME, history());
    let files = by_id("aider").sessions_in(&path).unwrap();
    let said: Vec<_> = files.iter().flat_map(|file| shown(&read_file(by_id("aider"), file).0)).collect();
    for line in history().lines().filter(|line| !line.starts_with("# ")) {
        let line = line.trim_start_matches(['#', '>']).trim();
        assert!(said.iter().any(|(_, content)| content.as_str().unwrap().contains(line)), "lost: {line}");
    }
}

#[test]
fn a_growing_talk_says_its_last_block_again() {
    let folder = tempfile::tempdir().unwrap();
    let text = history();
    let path = put(folder.path(), NAME, &text);
    let file = by_id("aider").sessions_in(&path).unwrap().remove(0);
    let whole = step(by_id("aider").open(&file).unwrap().as_mut(), true);
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    for end in ends {
        fs::write(&path, &text[..end]).unwrap();
        let mut reader = by_id("aider").open(&file).unwrap();
        let first = step(reader.as_mut(), false);
        let before = first.len().saturating_sub(1);
        assert_eq!(first[..before], whole[..before], "cut at {end}");
        fs::write(&path, &text).unwrap();
        let mut all = first;
        all.extend(step(reader.as_mut(), true));
        assert_eq!(shown(&all), shown(&whole), "read on from {end}");
        assert!(whole.iter().all(|event| all.contains(event)), "read on from {end}");
    }
}

#[test]
fn earlier_talks_stand_still_while_the_file_grows() {
    let folder = tempfile::tempdir().unwrap();
    let text = history();
    let path = put(folder.path(), NAME, &text);
    let before = by_id("aider").sessions_in(&path).unwrap();
    put(folder.path(), NAME, format!("{text}\n#### one more  \n\nYes.\n"));
    let after = by_id("aider").sessions_in(&path).unwrap();
    let stamp = |file: &chasm_editors::SessionFile| (file.session_id.clone(), file.stamp);
    assert_eq!(
        before.iter().map(stamp).collect::<Vec<_>>(),
        after[..3].iter().map(stamp).collect::<Vec<_>>()
    );
    assert_eq!((before.len(), after.len(), after[3].title.as_deref()), (3, 4, Some("one more")));
}

#[test]
fn damage_is_named_and_read_around() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = b"lost beginning\n# aider chat started at no time\n\n#### a\0\0b  \n".to_vec();
    bytes.extend_from_slice(b"an\xffswer\n");
    let path = put(folder.path(), NAME, bytes);
    let files = by_id("aider").sessions_in(&path).unwrap();
    assert_eq!(files.len(), 2, "what stands before the first start is a session too");
    assert_eq!(
        shown(&read_file(by_id("aider"), &files[0]).0),
        [("assistant".into(), json!("lost beginning"))]
    );
    let (events, report) = read_file(by_id("aider"), &files[1]);
    let expected = [("user".into(), json!("ab")), ("assistant".into(), json!("an\u{fffd}swer"))];
    assert_eq!(shown(&events), expected);
    assert_eq!(
        why(&report).iter().map(|(line, lost, _)| (*line, *lost)).collect::<Vec<_>>(),
        [(4, 2), (5, 1)]
    );
}

#[test]
fn projects_are_found_three_levels_below_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let aider = by_id("aider");
    assert_eq!(aider.default_root(&|_| Some("/x".into())), None);
    for place in ["a", "a/b/c", "a/b/c/d", "node_modules/x"] {
        put(root, &format!("{place}/{NAME}"), history());
    }
    put(root, "a/notes.md", "# aider chat started at x\n");
    let found = aider.find(root, later()).unwrap().unwrap();
    assert_eq!((found.files.len(), found.complete), (6, true));
    assert_eq!(aider.watched(root).len(), 2);
    assert!(!aider.find(root, Instant::now()).unwrap().unwrap().complete);
    assert_eq!(aider.find(&root.join("none"), later()).unwrap(), None);
    assert!(
        aider.recognizes(&root.join("a").join(NAME), b"") && !aider.recognizes(&root.join("x.md"), b"# x")
    );
    let other = put(root, "other.md", "# Other\n");
    assert!(aider.sessions_in(&other).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..300_usize, gone in 0..100_usize) {
        try_bytes("aider", NAME, &bytes);
        let torn = torn(history().into_bytes(), at, gone, bytes);
        try_bytes("aider", NAME, &torn);
    }
}
