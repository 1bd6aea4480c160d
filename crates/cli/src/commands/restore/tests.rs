//! What is given back is read again by our own reader.

use super::*;
use chasm_editors::{EventDraft, ReadReport};
use chasm_engine::offline;
use chasm_protocol::{Content, Limits, Role, parse_event};
use serde_json::{Value, json};

fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("CHASM_TEST_DATA").map_or_else(beside, PathBuf::from);
    root.join("SOURCES.tsv").is_file().then_some(root)
}

/// A transcript written to a file and read.
fn read_back(text: &str, id: &str) -> (Vec<EventDraft>, ReadReport, SessionDetail) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{id}.jsonl"));
    new_file::write(&path, text.as_bytes()).unwrap();
    let (drafts, report) = chasm_editors::claude_code::read(&path).unwrap();
    let session = offline::sessions(drafts.clone()).into_iter().next().unwrap();
    (drafts, report, session)
}

/// Role and text of each message that has anything; what a tool says in a session of its own stands in the program's name there.
fn said(session: &SessionDetail) -> Vec<(Role, String)> {
    let whole = |content: &Content| match content {
        Content::Text(text) => text.clone(),
        Content::Parts(parts) => parts.iter().map(part).collect::<Vec<_>>().join("\n"),
    };
    let part = |m: &chasm_protocol::Message| (m.role, whole(&m.content));
    session.messages.iter().map(part).filter(|(_, text)| !text.is_empty()).collect()
}

fn part(part: &Value) -> String {
    let said = ["text", "thinking"].iter().find_map(|key| part[key].as_str());
    part.as_str().or(said).map_or_else(|| part.to_string(), str::to_owned)
}

fn called(session: &SessionDetail) -> Vec<(String, Option<Value>, bool, bool)> {
    let one =
        |c: &chasm_protocol::session::ToolCall| (c.name.clone(), c.arguments.clone(), c.finished, c.is_error);
    session.tool_calls.iter().map(one).collect()
}

fn round(session: &SessionDetail) -> (Vec<EventDraft>, ReadReport, SessionDetail) {
    let id = give_back::new_id(session);
    let text = claude_code::transcript(session, &id, "/home/ada/p");
    let (drafts, report, back) = read_back(&text, &id);
    assert_eq!(back.summary.session_id, id);
    assert_eq!(report.bad(), 0, "{report:?}");
    for draft in &drafts {
        assert!(parse_event(&draft.to_json(), &Limits::default()).is_ok(), "{draft:?}");
    }
    chain(&text);
    (drafts, report, back)
}

/// Each line hangs on the one before it, at a later time, and each result follows its call.
fn chain(text: &str) {
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut parent, mut at, mut open) = (Value::Null, String::new(), Vec::new());
    for line in lines.iter().filter(|line| line["type"] != "custom-title") {
        assert_eq!(line["parentUuid"], parent);
        assert!(line["timestamp"].as_str().unwrap() > at.as_str(), "{line}");
        (parent, at) = (line["uuid"].clone(), line["timestamp"].as_str().unwrap().to_owned());
        for block in line["message"]["content"].as_array().into_iter().flatten() {
            match block["type"].as_str() {
                Some("tool_use") => open.push(block["id"].clone()),
                Some("tool_result") => {
                    let place = open.iter().position(|id| *id == block["tool_use_id"]).unwrap();
                    open.remove(place);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn real_transcripts_come_back_as_they_were() {
    let Some(root) = data() else {
        println!("skipped: no real files here (CHASM_TEST_DATA)");
        return;
    };
    let found = chasm_editors::files::find(&[root.join("claude")]).unwrap();
    let mut sessions = 0;
    for (editor, file) in found.sources.iter().filter(|(editor, _)| editor.id() == claude_code::EDITOR) {
        let mut drafts = Vec::new();
        let read = editor.read(file, &mut |draft| {
            drafts.push(draft);
            std::ops::ControlFlow::Continue(())
        });
        if read.is_err() {
            continue;
        }
        for session in offline::sessions(drafts) {
            if said(&session).is_empty() && session.tool_calls.is_empty() {
                continue;
            }
            let (_, _, back) = round(&session);
            let name = format!("{} {}", file.path.display(), session.summary.session_id);
            assert_eq!(said(&back), said(&session), "{name}");
            assert_eq!(called(&back), named_calls(called(&session)), "{name}");
            println!("{name}: {} messages, {} calls", back.messages.len(), back.tool_calls.len());
            sessions += 1;
        }
    }
    assert!(sessions > 20, "{sessions}");
}

/// A result whose call is not in the file has no name; the API needs one, and arguments.
fn named_calls(
    mut calls: Vec<(String, Option<Value>, bool, bool)>,
) -> Vec<(String, Option<Value>, bool, bool)> {
    for (name, arguments, _, _) in &mut calls {
        if name.is_empty() {
            "unknown".clone_into(name);
        }
        arguments.get_or_insert_with(|| json!({}));
    }
    calls
}

fn foreign() -> SessionDetail {
    let at = |n: u32| format!("2026-01-01T00:00:{n:02}Z");
    let event = |id: &str, kind: &str, n: u32, data: Value| {
        let json =
            json!({"session_id": "s", "event_type": kind, "event_id": id, "timestamp": at(n), "data": data});
        EventDraft {
            session_id: "s".into(),
            event_type: kind.into(),
            event_id: id.into(),
            timestamp: chasm_protocol::Timestamp::parse(&at(n)).unwrap(),
            data: json["data"].as_object().cloned().unwrap(),
        }
    };
    let call = |id: &str, n: u32, of: &str, arguments: Value| {
        let data = json!({"name": "run", "call_id": id, "message_id": of, "arguments": arguments});
        event(&format!("call-{id}"), "tool_call", n, data)
    };
    let result = |id: &str, n: u32, output: Value| {
        event(
            &format!("result-{id}"),
            "tool_result",
            n,
            json!({"call_id": id, "output": output, "is_error": id == "b"}),
        )
    };
    let message = |id: &str, n: u32, role: &str, content: Value| {
        event(id, "message", n, json!({"message_id": id, "role": role, "content": content}))
    };
    let start =
        json!({"provider": "other", "title": "T", "workspace": "file:///home/ada/my%20p", "model": "gpt"});
    let events = [
        event("!", "session_start", 0, start),
        message("u1", 1, "user", json!("why?")),
        message(
            "a1",
            2,
            "assistant",
            json!([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "I look"}]),
        ),
        // two at once, then one of an answer without a word
        call("a", 3, "a1", json!({"x": 1})),
        call("b", 3, "a1", json!("{\"y\":2}")),
        result("b", 4, json!("no")),
        result("a", 5, json!([{"type": "text", "text": "yes"}])),
        call("c", 6, "a2", json!("ls")),
        result("c", 7, json!({"exit": 0})),
        message("s1", 8, "system", json!("a rule")),
        message("a3", 9, "assistant", json!("because")),
        message("u2", 9, "user", json!([{"type": "image", "url": "x"}, {"type": "text", "text": "and?"}])),
        call("open", 10, "a4", json!({})),
    ];
    offline::sessions(events).remove(0)
}

#[test]
fn a_session_of_another_program_becomes_a_transcript() {
    let session = foreign();
    let (_, report, back) = round(&session);
    assert_eq!((report.messages, report.tool_calls, report.tool_results), (6 - 1, 4, 3));
    assert_eq!(
        (back.summary.title.as_deref(), back.summary.workspace.as_deref()),
        (Some("T"), Some("/home/ada/p"))
    );
    let expected = [
        (Role::User, "why?"),
        (Role::Assistant, "<thinking>\nhm\n</thinking>\nI look"),
        (Role::System, "a rule"),
        (Role::Assistant, "because"),
        (Role::User, "[image: not restored]\nand?"),
    ];
    assert_eq!(said(&back), expected.map(|(role, text)| (role, text.to_owned())));
    let calls: Vec<_> = back
        .tool_calls
        .iter()
        .map(|c| (c.arguments.clone().unwrap(), c.output.clone(), c.is_error))
        .collect();
    let output = |value: Value| Some(value);
    assert_eq!(
        calls,
        [
            (json!({"x": 1}), output(json!([{"type": "text", "text": "yes"}])), false),
            (json!({"y": 2}), output(json!("no")), true),
            (json!({"arguments": "ls"}), output(json!("{\n  \"exit\": 0\n}")), false),
            (json!({}), None, false),
        ]
    );
    assert_eq!(give_back::folder(&session).as_deref(), Some("/home/ada/my p"));
}

#[test]
fn a_transcript_has_a_place_of_its_own_or_none() {
    let mut session = foreign();
    let claude = chasm_editors::editor(claude_code::EDITOR).unwrap();
    let roots = Roots::default().with(claude, Root::At("/c".into()));
    let given = transcript(&session, &roots, false).unwrap();
    let id = given.new_id.unwrap();
    assert_eq!(given.place, Path::new("/c/projects/-home-ada-my-p").join(format!("{id}.jsonl")));
    assert_eq!(give_back::new_id(&session), id, "the same again is the same session");
    session.messages.pop();
    assert_ne!(give_back::new_id(&session), id);
    assert!(transcript(&session, &Roots::default(), false).is_err());
    session.summary.workspace = Some("vscode-remote://h/p".into());
    assert!(transcript(&session, &roots, false).is_err());
    assert!(transcript(&session, &roots, true).is_ok());
}

#[test]
fn a_file_that_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/a.md");
    write(&path, b"one").unwrap();
    assert!(write(&path, b"two").unwrap_err().to_string().contains("not replaced"));
    assert_eq!(std::fs::read(&path).unwrap(), b"one");
}
