//! Bytes as a file of an editor, read in one go and while it grows: nothing may panic, no id is given to two things, and each event is one
//! that the recorder takes.
#![no_main]

use chasm_editors::{EDITORS, Editor, EventDraft, SessionFile, Step};
use chasm_protocol::{Limits, parse_event};
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Where files of chats lie, in folders like those of the editors.
const PLACES: [&str; 14] = [
    "projects/-a/50a7220d-7250-46f3-b38e-b716ce25032e.jsonl",
    "history.jsonl",
    "workspaceStorage/w/chatSessions/s.jsonl",
    "workspaceStorage/w/chatSessions/s.json",
    "workspaceStorage/w/GitHub.copilot-chat/transcripts/s.jsonl",
    "workspaceStorage/w/state.vscdb",
    "globalStorage/state.vscdb",
    "sessions/2026/01/31/rollout-2026-01-31T14-02-05-50a7220d-7250-46f3-b38e-b716ce25032e.jsonl",
    "tmp/p/chats/session-1.json",
    "tmp/p/chats/session-1.jsonl",
    "sessions/s.json",
    "tasks/1/api_conversation_history.json",
    ".aider.chat.history.md",
    "projects/p/agent-transcripts/s/s.txt",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&place, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(PLACES[usize::from(place) % PLACES.len()]);
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(&path, bytes).expect("a file");
    for editor in EDITORS {
        let beginning = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
        let _ = editor.recognizes(&path, beginning);
        for file in editor.sessions_in(&path).unwrap_or_default() {
            read(*editor, &file);
            in_two(*editor, &file, &path, bytes);
        }
    }
});

fn read(editor: &dyn Editor, file: &SessionFile) {
    let mut events: Vec<EventDraft> = Vec::new();
    // an error is an answer too
    let _ = editor.read(file, &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    });
    let mut ids = HashMap::new();
    for event in &events {
        let before: Option<&EventDraft> = ids.insert((&event.session_id, &event.event_id), event);
        assert!(before.is_none_or(|before| before == event), "an id is given to two things: {before:?} {event:?}");
        let parsed = parse_event(&event.to_accepted_json(), &Limits::default());
        assert!(parsed.is_ok(), "{}: {:?}: {event:?}", editor.id(), parsed.err());
    }
}

/// Read on where the file grows, as the recorder follows it.
fn in_two(editor: &dyn Editor, file: &SessionFile, path: &PathBuf, bytes: &[u8]) {
    let half = bytes.len() / 2;
    fs::write(path, &bytes[..half]).expect("a file");
    if let Ok(mut reader) = editor.open(file) {
        let mut each = |_| ControlFlow::Continue(());
        let _: Result<Step, _> = reader.read_on(false, &mut each);
        fs::write(path, bytes).expect("a file");
        let _ = reader.read_on(false, &mut each);
        let _ = reader.read_on(true, &mut each);
    }
    fs::write(path, bytes).expect("a file");
}
