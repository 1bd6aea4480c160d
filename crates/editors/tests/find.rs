//! Finding sessions in a folder made like Claude Code's own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use chasm_editors::{Editor, editor};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

const UUID: &str = "50a7220d-7250-46f3-b38e-b716ce25032e";
const LINE: &str = r#"{"type":"user","sessionId":"in-the-lines","uuid":"u","timestamp":"2026-01-31T14:02:05Z","message":{"role":"user","content":"hi"}}"#;

fn claude() -> &'static dyn Editor {
    editor("claude-code").unwrap()
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn put(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn sessions_are_found_by_name_and_by_what_their_lines_say() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, &format!("projects/-home-a/{UUID}.jsonl"), LINE);
    put(root, &format!("projects/-home-a/{UUID}/subagents/agent-1.jsonl"), LINE);
    put(root, "projects/-home-a/agent-2.jsonl", LINE);
    put(root, "projects/-home-a/export.jsonl", LINE);
    put(root, "projects/-home-a/other.jsonl", "{\"kind\":0}");
    put(root, "projects/-home-a/sessions-index.json", "{}");
    put(root, "history.jsonl", LINE);
    put(root, ".credentials.json", "secret");
    std::os::unix::fs::symlink(root.join(".credentials.json"), root.join("projects/-home-a/x.jsonl"))
        .unwrap();
    std::os::unix::fs::symlink(root, root.join("projects/again")).unwrap();
    let found = claude().find(root, later()).unwrap().unwrap();
    let agent = format!("{UUID}/agent-1");
    assert_eq!(found.sessions(), [UUID, &agent, "in-the-lines", "in-the-lines/agent-2"]);
    assert!(found.complete);
    for file in &found.files {
        let mut named = None;
        let damage = claude().read(file, &mut |event| {
            named = Some(event.session_id);
            ControlFlow::Break(())
        });
        assert_eq!(damage.unwrap().bad(), 0);
        assert_eq!(named.unwrap(), file.session_id, "{}", file.path.display());
        assert_eq!((file.bytes, file.modified.is_some()), (LINE.len() as u64, true));
    }
}

#[test]
fn what_is_not_there_or_takes_too_long_is_said() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(claude().find(&folder.path().join("none"), later()).unwrap(), None);
    put(folder.path(), &format!("projects/-a/{UUID}.jsonl"), LINE);
    let found = claude().find(folder.path(), Instant::now()).unwrap().unwrap();
    assert!(!found.complete && found.files.is_empty());
    put(folder.path(), "b/projects", "a file where a folder should be");
    let error = claude().find(&folder.path().join("b"), later()).unwrap_err();
    assert!(error.to_string().contains("projects"), "{error}");
}

#[test]
fn damage_is_named_and_read_around() {
    let folder = tempfile::tempdir().unwrap();
    let cut = LINE.replace("\"u\"", "\"v\"");
    put(folder.path(), "a.jsonl", &format!("{LINE}\n\0\0\0\n{}", &cut[..cut.len() - 2]));
    let mut types = Vec::new();
    let file = claude().sessions_in(&folder.path().join("a.jsonl")).unwrap().remove(0);
    let report = claude().read(&file, &mut |event| {
        types.push(event.event_type);
        ControlFlow::Continue(())
    });
    let report = report.unwrap();
    assert!(report.bad() >= 2 && report.bad_places[0].line == 2, "{report:?}");
    assert_eq!(types.iter().filter(|t| *t == "message").count(), 2, "{types:?}");
    assert!(claude().sessions_in(&folder.path().join("none")).is_err());
    fs::remove_file(&file.path).unwrap();
    assert!(claude().read(&file, &mut |_| ControlFlow::Continue(())).is_err());
}
