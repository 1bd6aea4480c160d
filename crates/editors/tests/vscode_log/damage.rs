//! The damage that logs have, each made of one whole log.

use super::replay;
use chasm_editors::{EventDraft, ReadReport};
use serde_json::{Value, json};
use std::path::Path;

fn whole() -> Vec<u8> {
    let name = "tests/fixtures/vscode/aaaaaaaa-1111-4222-8333-444444444444.jsonl";
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|b| *b == b'\n').collect()
}

/// The whole log without these lines, counted from 0.
fn without(gone: &[usize], instead: &[u8]) -> Vec<u8> {
    let bytes = whole();
    let mut out = Vec::new();
    for (nth, line) in lines(&bytes).into_iter().enumerate() {
        out.extend_from_slice(if gone.contains(&nth) { instead } else { line });
    }
    out
}

fn of<'a>(events: &'a [EventDraft], event_type: &str) -> Vec<&'a EventDraft> {
    events.iter().filter(|e| e.event_type == event_type).collect()
}

fn contents(events: &[EventDraft]) -> Vec<Value> {
    of(events, "message").iter().map(|e| e.data["content"].clone()).collect()
}

fn why(report: &ReadReport) -> Vec<(u64, &str)> {
    report.bad_places.iter().map(|bad| (bad.line, bad.why.as_str())).collect()
}

const ALL: [&str; 7] = [
    "Why does the reader hang?",
    "It waits for a line that never ends.",
    "Then fix it",
    "Reading.",
    "Done.",
    "Once more",
    "Half an ans",
];

#[test]
fn a_whole_log() {
    let (state, report, events) = replay(&whole());
    assert_eq!(contents(&events), ALL);
    assert_eq!((report.bad(), report.messages, report.answers), (0, 7, 4));
    assert_eq!((report.tool_calls, report.tool_results, report.counted("turns")), (1, 1, 3));
    assert_eq!(state["requests"][0]["response"].as_array().unwrap().len(), 1);
    let titles: Vec<_> = of(&events, "session_update").iter().map(|e| e.data["title"].clone()).collect();
    assert_eq!(titles, ["Why does the reader hang?", "A hanging reader"]);
    assert_eq!(of(&events, "vscode.draft")[0].data["text"], "and one more th");
    let partial: Vec<_> =
        of(&events, "message").into_iter().filter(|e| e.data.get("partial") == Some(&json!(true))).collect();
    assert_eq!((partial.len(), &partial[0].data["content"]), (1, &json!("Half an ans")));
    assert_eq!(events[0].event_type, "session_start");
    assert!(events.iter().all(|e| e.timestamp >= events[0].timestamp));
}

#[test]
fn returns_marks_and_nul_bytes_change_nothing() {
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    for (nth, line) in lines(&whole()).into_iter().enumerate() {
        bytes.extend_from_slice(line.strip_suffix(b"\n").unwrap());
        bytes.extend_from_slice(if nth == 3 { b"\r\n\0\0\0\0" } else { b"\r\n" });
    }
    bytes.extend_from_slice(&[0; 512]);
    let (state, report, events) = replay(&bytes);
    assert_eq!(state, replay(&whole()).0);
    assert_eq!(contents(&events), ALL);
    let lost: Vec<_> = report.bad_places.iter().map(|bad| (bad.line, bad.bytes_lost)).collect();
    assert_eq!(lost, [(5, 4), (17, 512)]);
}

#[test]
fn glued_lines_are_all_read() {
    let bytes = whole();
    let mut glued = bytes.clone();
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at).collect();
    glued.remove(ends[8]);
    glued.remove(ends[4]);
    let (state, report, _) = replay(&glued);
    assert_eq!(state, replay(&bytes).0);
    assert_eq!(report.bad(), 2, "{:?}", why(&report));
}

#[test]
fn a_cut_end_adds_what_it_says() {
    let bytes = whole();
    let end = String::from_utf8(bytes.clone()).unwrap().find("Half an ans").unwrap();
    let (_, report, events) = replay(&bytes[..end + 10]);
    assert_eq!(contents(&events).last(), Some(&json!("Half an an")));
    assert_eq!(of(&events, "message").last().unwrap().data["partial"], true);
    assert_eq!(report.bad(), 1, "{:?}", why(&report));
    assert_eq!(of(&events, "vscode.damaged").len(), 1);
    let user = of(&events, "message")[5];
    assert_eq!(user.data["metadata"]["cut"], true);
}

#[test]
fn a_cut_rewrite_is_not_added_twice() {
    let bytes = whole();
    let text = String::from_utf8(bytes).unwrap();
    let end = text.find("a line that never").unwrap();
    let (state, _, events) = replay(&text.as_bytes()[..end + 6]);
    assert_eq!(state["requests"][0]["response"], json!([{ "value": "It waits for a line" }]));
    assert_eq!(contents(&events), ["Why does the reader hang?", "It waits for a line"]);
}

#[test]
fn a_cut_prompt_is_kept_and_a_cut_time_is_not() {
    let bytes = whole();
    let text = String::from_utf8(bytes).unwrap();
    let end = text.find("Then fix it").unwrap();
    let (state, _, events) = replay(&text.as_bytes()[..end + 8]);
    assert_eq!(contents(&events).last(), Some(&json!("Then fix")));
    assert_eq!(state["requests"][1]["timestamp"], 1_760_000_120_000_u64);
    let end = text.find("1760000120000").unwrap();
    let (state, _, _) = replay(&text.as_bytes()[..end + 9]);
    assert_eq!(state["requests"].as_array().unwrap().len(), 1, "a turn that says nothing");
}

#[test]
fn without_its_first_line() {
    let (state, report, events) = replay(&without(&[0], b""));
    assert_eq!(contents(&events), ALL);
    assert_eq!(state["customTitle"], "A hanging reader");
    assert_eq!(why(&report)[0], (1, "the first entry of the log is missing: read on from an empty session"));
    assert_eq!(why(&report)[1..], [(12, "the entry is about something that was not there: it was made")]);
    assert_eq!(report.missing.len(), 1);
    let start = &events[0];
    assert_eq!(
        (start.event_type.as_str(), start.timestamp.as_millis()),
        ("session_start", 1_760_000_060_000)
    );
}

#[test]
fn without_the_turns_of_its_first_lines() {
    let (state, report, events) = replay(&without(&[0, 1, 2, 3, 4, 5, 6], b""));
    assert!(state["requests"][0].is_null());
    assert_eq!(contents(&events), &ALL[2..]);
    assert!(report.missing.iter().any(|what| what.starts_with("turn 1 ")), "{:?}", report.missing);
}

#[test]
fn two_first_lines_and_turns_that_are_gone() {
    let bytes = whole();
    let (state, _, _) = replay(&bytes);
    let mut shorter = state.clone();
    shorter["requests"].as_array_mut().unwrap().remove(1);
    let mut twice = bytes.clone();
    twice.extend_from_slice(format!("{}\n", json!({ "kind": 0, "v": shorter })).as_bytes());
    let (now, report, events) = replay(&twice);
    assert_eq!(now, shorter);
    assert_eq!((report.bad(), report.counted("turns")), (0, 3));
    let user = of(&events, "message").into_iter().find(|e| e.data["content"] == "Then fix it").unwrap();
    assert_eq!(user.data["metadata"]["removed"], true);
    assert_eq!(contents(&events).len(), 7);
}

#[test]
fn a_rewound_turn_stays_and_one_that_comes_back_is_said_to() {
    let bytes = whole();
    let (state, _, _) = replay(&bytes);
    let mut rewound = bytes.clone();
    rewound.extend_from_slice(b"{\"kind\":2,\"k\":[\"requests\"],\"i\":1}\n");
    let (now, _, events) = replay(&rewound);
    assert_eq!(now["requests"].as_array().unwrap().len(), 1);
    assert_eq!(contents(&events).len(), 7);
    let removed = |events: &[EventDraft]| -> Vec<Value> {
        let users = of(events, "message").into_iter().filter(|e| e.data["role"] == "user");
        users.map(|e| e.data["metadata"].get("removed").cloned().unwrap_or_default()).collect()
    };
    assert_eq!(removed(&events), [Value::Null, json!(true), json!(true)]);
    let back = json!({ "kind": 2, "k": ["requests"], "v": [state["requests"][1]] });
    rewound.extend_from_slice(format!("{back}\n").as_bytes());
    assert_eq!(removed(&replay(&rewound).2), [Value::Null, json!(false), json!(true)]);
}

#[test]
fn a_lost_line_moves_no_answer_to_another_turn() {
    // the line that adds the second turn is torn: what follows belongs to it all the same
    let (state, report, events) = replay(&without(&[7], b"{\"kind\":2,\"k\":[\"requests\n"));
    assert_eq!(contents(&events), [ALL[0], ALL[1], ALL[3], ALL[4], ALL[5], ALL[6]]);
    assert_eq!(state["requests"].as_array().unwrap().len(), 3);
    assert!(report.bad() >= 1);
    // and it was all of a turn: the next one is moved to its place when an entry speaks of it
    let (state, _, events) = replay(&without(&[7, 8, 9, 10, 11], b"%%\n"));
    assert_eq!(contents(&events), [ALL[0], ALL[1], ALL[5], ALL[6]]);
    assert!(state["requests"][1].is_null());
}

#[test]
fn turns_that_are_lost_one_after_the_other_keep_their_answers_apart() {
    let mut bytes = whole();
    bytes.extend_from_slice(b"%% lost %%\n");
    for (place, text) in [(3, "three"), (4, "four"), (3, " and more")] {
        let op = json!({ "kind": 2, "k": ["requests", place, "response"], "v": [{ "value": text }] });
        bytes.extend_from_slice(format!("{op}\n").as_bytes());
    }
    let (state, _, _) = replay(&bytes);
    assert_eq!(state["requests"][3]["response"], json!([{ "value": "three" }, { "value": " and more" }]));
    assert_eq!(state["requests"][4]["response"], json!([{ "value": "four" }]));
}

#[test]
fn an_entry_about_a_finished_turn_behind_damage_is_kept_aside() {
    let mut bytes = whole();
    let late = json!({ "kind": 1, "k": ["requests", 0, "result"], "v": { "of": "another turn" } });
    bytes.extend_from_slice(format!("%% lost %%\n{late}\n").as_bytes());
    let (state, report, events) = replay(&bytes);
    assert_eq!(state["requests"][0]["result"]["timings"]["totalElapsed"], 900);
    let unplaced = of(&events, "vscode.unplaced");
    assert_eq!((unplaced[0].data["op"].clone(), unplaced[0].data["line"].clone()), (late, json!(18)));
    assert_eq!(report.bad(), 2);
}

#[test]
fn what_the_editor_would_throw_at() {
    let odd = [
        r#"{"kind":7,"k":["a"],"v":1}"#,
        r#"{"kind":1,"k":[],"v":1}"#,
        r#"{"kind":1,"v":"a title"}"#,
        r#"{"kind":1,"k":["sessionId","x"],"v":1}"#,
        r#"{"kind":2,"k":["sessionId"],"v":[1]}"#,
        r#"{"kind":2,"k":["requests"],"v":7}"#,
        r#"{"kind":1,"k":["requests",99999999999,"result"],"v":1}"#,
        r#"{"kind":2,"k":["requests"],"i":18446744073709551615}"#,
        r#"{"kind":3,"k":["nothing","here"]}"#,
        r#"{"kind":1,"k":["requests","x","y"],"v":1}"#,
        r#"{"kind":0,"v":7}"#,
        "[1]",
        "7",
    ];
    let mut bytes = whole();
    odd.iter().for_each(|line| bytes.extend_from_slice(format!("{line}\n").as_bytes()));
    let (state, report, events) = replay(&bytes);
    assert_eq!(state, replay(&whole()).0);
    assert_eq!(of(&events, "vscode.unplaced").len(), odd.len(), "{:?}", why(&report));
    assert_eq!(report.bad(), odd.len() as u64);
    let ops: Vec<Value> = of(&events, "vscode.unplaced").iter().map(|e| e.data["op"].clone()).collect();
    let given: Vec<Value> = odd.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(ops, given, "nothing of them is lost");
}

#[test]
fn what_is_missing_on_the_way_is_made() {
    let mut bytes = whole();
    bytes.extend_from_slice(b"{\"kind\":1,\"k\":[\"a\",2,\"b\"],\"v\":1}\n{\"kind\":2,\"k\":[\"requests\",5,\"response\"],\"v\":[{\"value\":\"late\"}]}\n");
    let (state, report, events) = replay(&bytes);
    assert_eq!(state["a"], json!([null, null, { "b": 1 }]));
    assert_eq!(contents(&events).last(), Some(&json!("late")));
    assert_eq!(report.bad(), 2);
    assert_eq!(report.missing, ["turns 4 to 5 stood in a part of the log that is lost"]);
}

#[test]
fn empty_places_of_all_entries_together_are_limited() {
    let mut bytes = whole();
    for n in 0..200 {
        bytes.extend_from_slice(format!("{{\"kind\":1,\"k\":[\"x{n}\",1000],\"v\":1}}\n").as_bytes());
    }
    let (state, _, events) = replay(&bytes);
    let made =
        (0..200).filter(|n| state[format!("x{n}")].as_array().is_some_and(|list| list.len() == 1001)).count();
    assert_eq!(made, 65);
    assert_eq!(of(&events, "vscode.unplaced").len(), 135);
}

#[test]
fn a_log_of_nothing_but_a_stub() {
    let bytes = whole();
    let (_, report, events) = replay(lines(&bytes)[0]);
    assert_eq!((report.bad(), events.len(), report.messages), (0, 1, 0));
}

#[test]
fn half_an_emoji_is_replaced_and_kept() {
    let mut bytes = whole();
    bytes.extend_from_slice(
        br#"{"kind":2,"k":["requests",2,"response"],"i":0,"v":[{"value":"smile \ud83d"}]}"#,
    );
    let (_, report, events) = replay(&bytes);
    assert_eq!(contents(&events).last(), Some(&json!("smile \u{fffd}")));
    assert!(of(&events, "vscode.verbatim")[0].data["text"].as_str().unwrap().contains("\\ud83d"));
    assert_eq!(report.bad(), 0);
}
