//! Documents of all versions as turns, and turns as events, from fixtures written for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use chasm_editors::jsonl::Out;
use chasm_editors::vscode::head::{Known, SessionHead};
use chasm_editors::vscode::turns::{Standing, Turn};
use chasm_editors::vscode::write::write_turns;
use chasm_editors::vscode::{self, read_json, read_log};
use chasm_editors::{EventDraft, ReadError, ReadReport};
use chasm_protocol::{Limits, parse_event};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

const DOCUMENT: &str = "bbbbbbbb-1111-4222-8333-444444444444.json";
const LOG: &str = "aaaaaaaa-1111-4222-8333-444444444444.jsonl";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vscode").join(name)
}

fn read(path: &Path) -> (Vec<EventDraft>, ReadReport) {
    let (events, report) = vscode::read(path).unwrap();
    check(&events);
    (events, report)
}

/// What holds of all events of a session.
fn check(events: &[EventDraft]) {
    for event in events {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), event.to_json());
    }
    let mut ids: Vec<_> = events.iter().map(|e| (&e.session_id, &e.event_id)).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "an event_id was given twice");
}

fn read_value(name: &str, value: &Value) -> (Vec<EventDraft>, ReadReport) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, value.to_string()).unwrap();
    read(&path)
}

fn write(head: &SessionHead, turns: &[Turn]) -> (Vec<EventDraft>, ReadReport) {
    let (mut events, mut report) = (VecDeque::new(), ReadReport::default());
    write_turns(head, turns, &mut Out { events: &mut events, report: &mut report });
    (events.into(), report)
}

fn of<'a>(events: &'a [EventDraft], event_type: &str) -> Vec<&'a EventDraft> {
    events.iter().filter(|e| e.event_type == event_type).collect()
}

/// Events of one turn, each as its type and what it says first.
fn told(events: &[EventDraft], request: &str) -> Vec<(String, String)> {
    let named = |e: &&EventDraft| {
        e.event_id.contains(request)
            || e.data.get("message_id").is_some_and(|id| id.as_str().unwrap().contains(request))
    };
    let says = |e: &EventDraft| {
        let of = ["content", "name"].iter().find_map(|key| e.data.get(*key)?.as_str());
        of.unwrap_or_default().to_owned()
    };
    events.iter().filter(named).map(|e| (e.event_type.clone(), says(e))).collect()
}

fn call<'a>(events: &'a [EventDraft], event_type: &str, id: &str) -> &'a EventDraft {
    of(events, event_type).into_iter().find(|e| e.data["call_id"].as_str().unwrap().starts_with(id)).unwrap()
}

#[test]
fn a_session_says_what_it_is() {
    let (events, report) = read(&fixture(DOCUMENT));
    let start = &events[0];
    assert_eq!(
        (start.event_type.as_str(), start.session_id.as_str()),
        ("session_start", "bbbbbbbb-1111-4222-8333-444444444444")
    );
    let said =
        ["title", "provider", "editor", "model", "workspace"].map(|key| start.data[key].as_str().unwrap());
    assert_eq!(said, ["Every kind", "vscode", "VS Code", "copilot/gpt-5", "file:///home/ada/chasm"]);
    assert_eq!(start.data["metadata"]["vscode"]["inputState"]["inputText"], "not sent yet");
    assert_eq!(of(&events, "vscode.draft")[0].data["text"], "not sent yet");
    assert_eq!(of(&events, "vscode.queued")[0].data["prompts"][0]["id"], "p1");
    assert_eq!((report.counted("turns"), report.bad()), (6, 0));
    assert_eq!((report.messages, report.answers), (6 + 8, 8));
    assert_eq!((report.tool_calls, report.tool_results), (7, 6));
    assert_eq!(report.missing.len(), 1, "{:?}", report.missing);
    assert!(
        events
            .windows(2)
            .all(|two| two[0].timestamp <= two[1].timestamp || two[1].event_type == "vscode.draft")
    );
}

#[test]
fn a_turn_is_told_in_the_order_of_its_parts() {
    let (events, _) = read(&fixture(DOCUMENT));
    let told = told(&events, "request_00000001");
    let told: Vec<(&str, &str)> = told.iter().map(|(kind, says)| (kind.as_str(), says.as_str())).collect();
    assert_eq!(
        told,
        [
            ("message", "Look at this"),
            ("vscode.mcp_servers_starting", ""),
            ("message", ""),
            ("vscode.prepare_tool_invocation", ""),
            ("tool_call", "read_file"),
            ("tool_result", "read_file"),
            ("tool_call", "grep_search"),
            ("tool_result", "grep_search"),
            ("tool_call", "mcp_search"),
            ("tool_result", "mcp_search"),
            ("tool_call", "run_in_terminal"),
            ("tool_result", "run_in_terminal"),
            ("tool_call", "run_in_terminal"),
            ("tool_result", "run_in_terminal"),
            ("vscode.undo_stop", ""),
            ("vscode.codeblock_uri", ""),
            ("vscode.text_edit_group", ""),
            ("message", "All good. Really."),
            ("vscode.never_seen_before", ""),
            ("tool_call", "memory"),
            ("tool_result", "memory"),
        ]
    );
}

#[test]
fn links_are_part_of_the_sentence_and_thoughts_stand_before_it() {
    let (events, _) = read(&fixture(DOCUMENT));
    let run = of(&events, "message")[1];
    assert_eq!(
        run.data["content"],
        json!([{ "type": "thinking", "thinking": "First I look." }, { "type": "text", "text": "See a.rs, in main.\n" }])
    );
    assert_eq!(run.data["message_id"], "request_00000001-0000-4000-8000-000000000000/0");
    assert_eq!((&run.data["model"], &run.data["partial"]), (&json!("copilot/gpt-5"), &json!(false)));
    let rest: Vec<u64> = run.data["metadata"]["vscode"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["place"].as_u64().unwrap())
        .collect();
    assert_eq!(rest, [1, 2, 3, 4, 5, 6, 7], "what else the parts say");
}

#[test]
fn tools_have_their_real_names_and_outputs() {
    let (events, _) = read(&fixture(DOCUMENT));
    let by_order = call(&events, "tool_call", "11111111");
    assert_eq!(by_order.data["name"], "read_file");
    assert_eq!(by_order.data["arguments"], json!({ "filePath": "/a.rs" }));
    assert_eq!(by_order.data["model_call_id"], "toolu_A__vscode-1760000000001");
    assert_eq!(by_order.data["matched_by"], "order");
    assert_eq!(by_order.data["message_id"], "request_00000001-0000-4000-8000-000000000000/0");
    let result = call(&events, "tool_result", "11111111");
    assert_eq!(result.data["output"], "line one\nline two");
    assert_eq!(result.timestamp, by_order.timestamp.plus_micros(1));
    let kept = &result.data["vscode"]["result"]["content"][0]["value"]["node"]["children"];
    assert_eq!((&kept[0]["priority"], kept[0].get("text")), (&json!(1), None), "the tree without its texts");

    let by_id = call(&events, "tool_call", "toolu_0123456789abcdef");
    assert_eq!((&by_id.data["arguments"], by_id.data.get("matched_by")), (&json!("{not json"), None));
    let result = call(&events, "tool_result", "toolu_0123456789abcdef");
    assert_eq!(
        result.data["output"],
        json!([{ "type": "text", "text": "a.rs:1" }, { "mimeType": "image/png", "data": "AA==" }])
    );
    assert_eq!(result.data["vscode"]["shown"], json!([{ "path": "/a.rs" }]), "what the editor showed of it");

    let without_part = call(&events, "tool_call", "toolu_gone_0123456789");
    assert_eq!((&without_part.data["name"], &without_part.data["arguments"]), (&json!("memory"), &json!({})));
    assert_eq!(call(&events, "tool_result", "toolu_gone").data["output"], "remembered");
}

#[test]
fn what_only_the_parts_say_of_tools() {
    let (events, _) = read(&fixture(DOCUMENT));
    let failed = call(&events, "tool_result", "22222222");
    assert_eq!((&failed.data["output"], &failed.data["is_error"]), (&json!("no such index"), &json!(true)));
    assert_eq!(call(&events, "tool_call", "22222222").data["arguments"], json!({ "q": 1 }));
    let terminal = call(&events, "tool_result", "33333333");
    assert_eq!((&terminal.data["output"], &terminal.data["duration_ms"]), (&json!("a.rs\n"), &json!(12)));
    assert_eq!(call(&events, "tool_call", "33333333").data["arguments"], json!({ "command": "ls" }));
    let denied = call(&events, "tool_result", "44444444");
    assert_eq!((denied.data.get("output"), &denied.data["is_error"]), (None, &json!(true)));
    assert!(
        of(&events, "tool_result").iter().all(|e| !e.data["call_id"].as_str().unwrap().starts_with("5555"))
    );
    let state = of(&events, "vscode.tool_state");
    assert_eq!(state[0].data["output"], "so far", "the turn still waits for it");
}

#[test]
fn what_is_mapped_stands_once() {
    let (events, _) = read(&fixture(DOCUMENT));
    let user = of(&events, "message")[0];
    let about = &user.data["metadata"];
    assert_eq!((&about["standing"], &about["mode"]), (&json!("complete"), &json!("agent")));
    assert_eq!(about["attachments"], json!(["a.rs", "shot.png"]));
    let raw = &about["vscode"];
    assert_eq!((raw.get("response"), &raw["vote"]), (None, &json!(1)));
    assert_eq!(
        raw["message"]["parts"][0],
        json!({ "kind": "text", "range": { "start": 0, "endExclusive": 12 } })
    );
    assert_eq!(raw["variableData"]["variables"][1]["value"], json!([1, 2]));
    let metadata = &raw["result"]["metadata"];
    assert_eq!(metadata["renderedUserMessage"][0]["text"], "ctx");
    assert_eq!(
        metadata["toolCallRounds"][0]["toolCalls"][0],
        json!({ "id": "toolu_A__vscode-1760000000001" })
    );
    assert_eq!(metadata["toolCallRounds"][0]["thinking"], json!({ "id": "t" }));
    assert_eq!(metadata["toolCallRounds"][0].get("response"), None, "the parts have it");
    assert_eq!(
        metadata["toolCallResults"],
        json!({ "toolu_unknown__vscode-1": { "content": [{ "value": "kept" }] } })
    );
    let all = events.iter().map(EventDraft::to_json).collect::<String>();
    for once in [
        "remembered",
        "no such index",
        "line one",
        "fn main() {}",
        "First I look.",
        "Look at this",
        "opaque",
        "vulnerabilities",
        "fixed",
    ] {
        let most = if once == "Look at this" || once == "fn main() {}" { 0..=1 } else { 1..=1 };
        assert!(most.contains(&all.matches(once).count()), "{once}: {}", all.matches(once).count());
    }
}

#[test]
fn how_turns_end() {
    let read = read_json(&fixture(DOCUMENT)).unwrap();
    let standing: Vec<Standing> = read.turns.iter().map(|turn| turn.standing).collect();
    use Standing::{Cancelled, Complete, Failed, NeedsInput};
    assert_eq!(standing, [Complete, Failed, Cancelled, Complete, Complete, NeedsInput]);
    let hidden: Vec<bool> = read.turns.iter().map(|turn| turn.hidden).collect();
    assert_eq!(hidden, [false, false, false, true, false, false]);
    let (events, _) = write(&read.head, &read.turns);
    let last = |request: &str| {
        let of_turn = of(&events, "message")
            .into_iter()
            .filter(|e| e.data["message_id"].as_str().unwrap().contains(request));
        of_turn.map(|e| e.data["content"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(last("00000002"), ["Fail", "I try", "The model is overloaded"]);
    assert_eq!(last("00000003"), ["Cancel", "Canceled"]);
    assert_eq!(last("00000006"), ["Wait", "Asking"]);
    let undone = of(&events, "message").into_iter().find(|e| e.data["content"] == "Undone").unwrap();
    assert_eq!(undone.data["metadata"]["hidden"], true);
}

#[test]
fn old_shapes_are_read() {
    let (events, report) = read(&fixture("chat.json"));
    let messages: Vec<_> =
        of(&events, "message").iter().map(|e| e.data["content"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        messages,
        ["How old is this?", "Very old.", "two parts", "One. Two.", "no id", "no id", "the same id"]
    );
    assert_eq!(report.counted("turns"), 5);
    assert!(events[0].session_id.starts_with("vscode-"), "an export has no name of its own");
    let ids: Vec<_> =
        of(&events, "message").iter().map(|e| e.data["message_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((ids[0].as_str(), ids[6].as_str()), ("request_a", "request_a+2"));
    assert_eq!(ids[5], format!("{}+2", ids[4]));
    assert_eq!(of(&events, "vscode.part").len(), 2);
    let failed = json!({ "requests": [{ "requestId": "r", "message": "q", "responseErrorDetails": { "message": "no network" } }] });
    let (failed, _) = read_value("x.json", &failed);
    assert_eq!(of(&failed, "message")[1].data["content"], "no network");
    let times: Vec<_> = of(&events, "message").iter().map(|e| e.timestamp).collect();
    assert!(times.windows(2).all(|two| two[0] < two[1]), "times that rise, though the file has none");
}

#[test]
fn the_same_turn_from_a_log_and_a_document_is_the_same() {
    let log = read_log(&fixture(LOG)).unwrap();
    let (mut reader_events, _) = read(&fixture(LOG));
    reader_events.retain(|event| {
        event.event_type != "session_start"
            && event.event_type != "session_update"
            && event.event_type != "session_end"
    });
    let (written, _) = write(&log.head, &log.turns);
    check(&written);
    for event in written.iter().filter(|event| event.event_type != "session_start") {
        assert!(reader_events.contains(event), "{event:?}");
    }
    assert_eq!(log.head.title.as_deref(), Some("A hanging reader"));
    assert_eq!(log.kept.len(), 1, "the draft");
    let known = Known { session_id: Some("other".into()), ..Known::default() };
    let log = log.knowing(&known);
    assert_eq!((log.head.session_id.as_str(), log.kept[0].session_id.as_str()), ("other", "other"));
}

#[test]
fn a_finished_version_sorts_behind_the_unfinished_one() {
    let request = |text: &str, state: Value| json!({ "requestId": "r", "timestamp": 1_760_000_000_000_u64, "message": { "text": "q" }, "modelState": state, "response": [{ "value": text }] });
    let versions: Vec<Vec<EventDraft>> = [
        request("an ans", json!({ "value": 0 })),
        request("an answer", json!({ "value": 0 })),
        request("an answer", json!({ "value": 1, "completedAt": 5 })),
    ]
    .iter()
    .map(|request| {
        read_value("x.json", &json!({ "creationDate": 1_760_000_000_000_u64, "requests": [request] })).0
    })
    .collect();
    for nth in [1, 2] {
        let ids: Vec<_> = versions
            .iter()
            .map(|events| {
                (&of(events, "message")[nth - 1].event_id, of(events, "message")[nth - 1].timestamp)
            })
            .collect();
        assert!(ids.windows(2).all(|two| two[0].0 <= two[1].0 && two[0].1 == two[1].1), "{ids:?}");
    }
}

#[test]
fn calls_keep_their_names_and_counters_are_told_apart() {
    let part = |id: &str| json!({ "kind": "toolInvocationSerialized", "toolCallId": id, "toolId": "t" });
    let request = |name: &str, at: u64| json!({ "requestId": name, "timestamp": at, "message": "q", "response": [part("call_1"), part("toolu_0123456789abcd"), part("")] });
    let (events, report) = read_value(
        "x.json",
        &json!({ "requests": [request("r1", 1_760_000_000_000), request("r2", 1_760_000_001_000)] }),
    );
    let ids: Vec<_> =
        of(&events, "tool_call").iter().map(|e| e.data["call_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        ids,
        ["call_1@r1", "toolu_0123456789abcd", "r1/2", "call_1@r2", "toolu_0123456789abcd", "r2/2"]
    );
    assert_eq!(report.tool_calls, 5, "one id is one call");
}

#[test]
fn what_is_known_from_elsewhere_comes_first() {
    let known = Known {
        title: Some("From the list".into()),
        workspace: Some("file:///w".into()),
        ..Known::default()
    };
    let head = read_json(&fixture("chat.json")).unwrap().head.knowing(&known);
    assert_eq!(
        (head.title.as_deref(), head.workspace.as_deref()),
        (Some("From the list"), Some("file:///w"))
    );
    let head = read_json(&fixture(DOCUMENT)).unwrap().head.knowing(&known);
    assert_eq!((head.title.as_deref(), head.workspace.as_deref()), (Some("Every kind"), Some("file:///w")));
    assert_eq!(head.session_id, "bbbbbbbb-1111-4222-8333-444444444444");
}

#[test]
fn the_richer_account_is_the_fuller_one() {
    let turns = read_json(&fixture(DOCUMENT)).unwrap().turns;
    let mut less = turns[0].clone();
    less.parts.pop();
    assert!(less.richness() < turns[0].richness());
    less.parts.clear();
    less.standing = Standing::Pending;
    assert!(less.richness() < turns[0].richness() / 2);
}

#[test]
fn damaged_documents() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    let text = std::fs::read_to_string(fixture(DOCUMENT)).unwrap();
    let end = text.find("I try").unwrap();
    std::fs::write(&path, &text[..end + 3]).unwrap();
    let (events, report) = read(&path);
    assert_eq!(of(&events, "message").last().unwrap().data["content"], "I t");
    assert_eq!((report.bad(), report.missing.len()), (1, 1), "{:?}", report.missing);
    std::fs::write(&path, format!("\u{feff}{text}\0\0\0\0")).unwrap();
    let (events, report) = read(&path);
    assert_eq!((report.bad(), report.bad_places[0].bytes_lost), (1, 4));
    assert_eq!(of(&events, "message").len(), 14);
    for other in ["{}", "[]", "7", "{\"requests\":7}", "plain", "{\"type\":\"user\",\"message\":{}}"] {
        std::fs::write(&path, other).unwrap();
        assert!(matches!(vscode::read(&path), Err(ReadError::Other { .. })), "{other}");
        assert!(matches!(read_log(&path), Err(ReadError::Other { .. })), "{other}");
    }
    std::fs::write(&path, "").unwrap();
    assert!(matches!(vscode::read(&path), Err(ReadError::Empty { .. })));
    assert!(matches!(vscode::read(&folder.path().join("none")), Err(ReadError::Io { .. })));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z_@:\u{e9}]{0,8}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "requests",
        "requestId",
        "timestamp",
        "message",
        "text",
        "parts",
        "response",
        "kind",
        "value",
        "content",
        "result",
        "metadata",
        "toolCallRounds",
        "toolCallResults",
        "toolCalls",
        "id",
        "name",
        "arguments",
        "toolCallId",
        "toolId",
        "resultDetails",
        "output",
        "errorDetails",
        "modelState",
        "inlineReference",
        "uri",
        "path",
        "node",
        "children",
        "type",
        "creationDate",
        "thinking",
    ]);
    leaf.prop_recursive(6, 96, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..7)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_document_makes_it_panic(requests in prop::collection::vec(any_json(), 0..5), kind in prop::sample::select(vec!["thinking", "toolInvocationSerialized", "inlineReference", "markdownContent", "x y\u{e9}Z"]), part in any_json()) {
        let mut requests = requests;
        for request in &mut requests {
            if let Value::Object(fields) = request {
                let mut part = part.clone();
                if let Value::Object(part) = &mut part {
                    part.insert("kind".into(), json!(kind));
                }
                fields.insert("response".into(), json!([part]));
            }
        }
        let (events, _) = read_value("x.json", &json!({ "requests": requests }));
        prop_assert!(!events.is_empty());
    }
}
