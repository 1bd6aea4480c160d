//! Codex rollouts of all ages and with damage of every kind, from fixtures written for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod reading;

use chasm_editors::{Endings, codex};
use proptest::prelude::*;
use reading::*;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

const UUID: &str = "11111111-2222-4333-8444-555555555555";

fn rollout() -> PathBuf {
    fixture(&format!("codex/sessions/2026/01/31/rollout-2026-01-31T14-02-05-{UUID}.jsonl"))
}

fn message(text: &str) -> String {
    let payload =
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]});
    let payload = payload.to_string();
    format!(r#"{{"timestamp":"2026-01-31T14:02:05Z","type":"response_item","payload":{payload}}}"#)
}

#[test]
fn a_whole_session() {
    let (events, report) = read("codex", &rollout());
    assert_eq!(report.bad(), 0, "{:?}", why(&report));
    let start = &events[0];
    assert_eq!((start.event_type.as_str(), start.session_id.as_str()), ("session_start", UUID));
    assert_eq!((&start.data["provider"], &start.data["editor"]), (&json!("codex"), &json!("Codex CLI")));
    assert_eq!(start.data["workspace"], "/home/ada/chasm");
    let about = &start.data["metadata"]["codex"];
    assert_eq!(about["forked_from_id"], "99999999-2222-4333-8444-555555555555");
    assert!(about.get("base_instructions").is_none(), "stands in full in the line's own event");
    assert_eq!(of(&events, "codex.session_meta").len(), 2);
    let said = shown(&events);
    let roles: Vec<&str> = said.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["system", "system", "user", "assistant", "assistant", "user"]);
    assert_eq!(said[2].1, "Why does the reader hang?");
    assert_eq!(said[3].1, json!([{"type": "thinking", "thinking": "**Looking**"}]));
    assert_eq!(said[5].1, "fix it");
    let prompt = of(&events, "message").last().unwrap().data["metadata"]["codex_content"].clone();
    assert!(prompt.as_str().unwrap().starts_with("# Context from my IDE setup"));
    assert_eq!((report.messages, report.answers, report.tool_calls, report.tool_results), (6, 2, 4, 2));
    assert!(of(&events, "message").iter().all(|event| event.data.get("partial").is_none()));
}

#[test]
fn tools_say_what_they_were_asked_and_gave() {
    let (events, _) = read("codex", &rollout());
    let (calls, results) = (of(&events, "tool_call"), of(&events, "tool_result"));
    let names: Vec<_> = calls.iter().map(|call| call.data["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["shell", "apply_patch", "web_search", "local_shell"]);
    assert_eq!(calls[0].data["arguments"], json!({"command": ["cargo", "test"]}));
    assert_eq!(calls[1].data["codex"]["payload"]["status"], "completed");
    assert!(calls[2].data.get("call_id").is_none(), "it would wait for a result for ever");
    assert_eq!(
        (&results[0].data["output"], &results[0].data["is_error"]),
        (&json!("1 failed"), &json!(true))
    );
    assert_eq!(results[0].data["duration_ms"], 1200.0);
    assert_eq!(results[0].data["beside_output"]["metadata"]["exit_code"], 101);
    assert_eq!(results[1].data["is_error"], false);
    let mut endings = Endings::default();
    events.iter().for_each(|event| endings.note(event));
    assert!(endings.is_unfinished(UUID), "the last call was broken off");
}

#[test]
fn what_is_said_twice_is_shown_once_and_side_data_kept() {
    let (events, _) = read("codex", &rollout());
    let repeats = |kind: &str| of(&events, kind)[0].data["repeats"].clone();
    assert_eq!(repeats("codex.event_msg.agent_message"), "response_item");
    assert_eq!(repeats("codex.event_msg.agent_reasoning"), "response_item");
    assert_eq!(repeats("codex.event_msg.user_message"), of(&events, "message")[2].data["message_id"]);
    assert_eq!(
        of(&events, "codex.event_msg.token_count")[0].data["line"]["payload"]["info"]["total_token_usage"]["total_tokens"],
        12
    );
    assert_eq!(of(&events, "codex.turn_aborted")[0].data["line"]["payload"]["reason"], "interrupted");
    assert_eq!(of(&events, "codex.ghost_snapshot").len() + of(&events, "codex.compacted").len(), 2);
    assert_eq!(of(&events, "codex.never_seen_before")[0].data["line"]["payload"]["x"], json!([1, 2]));
    let models: Vec<_> =
        of(&events, "session_update").iter().filter_map(|e| e.data.get("model")).cloned().collect();
    assert_eq!(models, ["gpt-5.2", "gpt-5.3"]);
}

#[test]
fn all_of_a_file_is_in_its_events() {
    for path in [rollout(), fixture("codex/archived_sessions/old.jsonl")] {
        nothing_lost(&values(&path), &read("codex", &path).0, &["input_text", "output_text", "summary_text"]);
    }
}

#[test]
fn titles_are_the_first_prompt_then_names() {
    let (events, _) = read("codex", &rollout());
    assert_eq!(
        titles(&events),
        ["Why does the reader hang?", "A hanging reader", "First name", "Second name"]
    );
    let file = by_id("codex").sessions_in(&rollout()).unwrap().remove(0);
    assert_eq!(file.title.as_deref(), Some("Second name"));
    assert_eq!(by_id("codex").workspace(&file).as_deref(), Some("/home/ada/chasm"));
}

#[test]
fn a_name_given_while_the_file_is_followed_comes_with_the_next_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "sessions/x.jsonl", format!("{}\n", message("hi")));
    let file = by_id("codex").sessions_in(&path).unwrap().remove(0);
    let mut reader = by_id("codex").open(&file).unwrap();
    assert_eq!(titles(&step(reader.as_mut(), false)), ["hi"]);
    put(folder.path(), "session_index.jsonl", "{\"id\":\"x\",\"thread_name\":\"Named\"}\n");
    assert_eq!(titles(&step(reader.as_mut(), false)), ["Named"]);
    assert!(step(reader.as_mut(), true).is_empty());
}

#[test]
fn the_oldest_form_has_no_envelope() {
    let (events, report) = read("codex", &fixture("codex/archived_sessions/old.jsonl"));
    assert_eq!((report.bad(), events[0].session_id.as_str()), (0, "old-session"));
    assert_eq!(shown(&events), [("user".into(), json!("hello")), ("assistant".into(), json!("hi"))]);
    assert_eq!(of(&events, "tool_call")[0].data["arguments"], json!({"command": ["ls"]}));
    assert_eq!(of(&events, "tool_result")[0].data["is_error"], true);
    assert_eq!(of(&events, "codex.state").len() + of(&events, "codex.reasoning").len(), 2);
    assert_eq!(events[0].timestamp.as_millis(), 1_745_143_200_000);
}

#[test]
fn a_line_written_again_gives_its_events_once() {
    let (first, second) = (message("a long prompt"), message("next"));
    let half = &first[..first.len() - 20];
    for torn in [format!("{half}{first}\n{second}\n"), format!("{half}\n{first}\n{second}\n")] {
        let (events, report) = read_bytes("codex", "torn.jsonl", &torn);
        let contents: Vec<_> = shown(&events).into_iter().map(|(_, content)| content).collect();
        assert_eq!(contents, [json!("a long prompt"), json!("next")], "{torn}");
        assert_eq!((report.bad(), report.copies, of(&events, "codex.damaged").len()), (1, 1, 0), "{torn}");
    }
    for cut in [format!("{half}\n{second}\n"), format!("{second}\n{half}")] {
        let (events, report) = read_bytes("codex", "cut.jsonl", &cut);
        assert_eq!((shown(&events).len(), report.bad(), report.copies), (2, 1, 0), "{cut}");
        assert_eq!(of(&events, "message").iter().filter(|e| e.data.get("partial").is_some()).count(), 1);
        assert_eq!(of(&events, "codex.damaged")[0].data["text"], half);
    }
}

#[test]
fn bytes_of_all_sorts() {
    let whole = fs::read(rollout()).unwrap();
    let (expected, _) = read_bytes("codex", "x.jsonl", &whole);
    let lines: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
    let mut torn = b"\xEF\xBB\xBF".to_vec();
    torn.extend_from_slice(&lines[..5].concat());
    torn.extend_from_slice(b"\0\0\0\0\n%% not json %%\r\n\xff\xfe\n42\n");
    torn.extend_from_slice(&lines[5][..lines[5].len() - 1]);
    torn.extend_from_slice(&lines[6..].concat());
    let (events, report) = read_bytes("codex", "x.jsonl", &torn);
    assert_eq!(shown(&events), shown(&expected));
    assert_eq!(report.bad(), 5, "{:?}", why(&report));
    assert_eq!(of(&events, "codex.untyped")[0].data["line"]["value"], 42);
    let texts: Vec<_> = of(&events, "codex.damaged").iter().map(|e| e.data["text"].clone()).collect();
    assert_eq!(texts, ["%% not json %%", "\u{fffd}\u{fffd}"]);
    let surrogate = message("half").replace("half", "half \\ud83d");
    let (events, _) = read_bytes("codex", "s.jsonl", &surrogate);
    assert_eq!(of(&events, "codex.verbatim")[0].data["text"], surrogate);
}

#[test]
fn odd_values_do_not_stop_the_rest() {
    let text = [
        r#"{"timestamp":7,"type":"response_item","payload":{"type":"message","role":"user","content":7}}"#,
        r#"{"timestamp":"no","type":"response_item","payload":{"type":"message","role":7,"content":["x",1]}}"#,
        r#"{"timestamp":"t","type":"response_item","payload":{"type":"function_call"}}"#,
        r#"{"timestamp":"t","type":"event_msg","payload":{}}"#,
        r#"{"timestamp":"t","type":["x"],"payload":[]}"#,
        r#"{"timestamp":"t","type":"turn_context","payload":{"model":7}}"#,
        "[1]",
        &message(""),
    ]
    .join("\n");
    let (events, report) = read_bytes("codex", "odd.jsonl", text);
    assert_eq!((report.counted("odd"), report.messages, report.bad()), (1, 2, 0), "{:?}", why(&report));
    assert_eq!(of(&events, "codex.untyped").len(), 2);
}

#[test]
fn a_growing_file_gives_the_same_first_events() {
    grows("codex", "x.jsonl", &fs::read(rollout()).unwrap());
    grows("codex", "y.jsonl", &fs::read(fixture("codex/archived_sessions/old.jsonl")).unwrap());
}

#[test]
fn sessions_are_found_in_their_folders() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    assert_eq!(by_id("codex").find(root, later()).unwrap(), None);
    for name in ["session_index.jsonl", "history.jsonl", "archived_sessions/old.jsonl"] {
        put(root, name, fs::read(fixture(&format!("codex/{name}"))).unwrap());
    }
    let rollout = fs::read(rollout()).unwrap();
    put(root, &format!("sessions/2026/01/31/rollout-2026-01-31T14-02-05-{UUID}.jsonl"), rollout);
    put(root, "sessions/2026/01/31/other.jsonl", "{\"kind\":0}");
    let secret = put(root, "auth.json", "{\"tokens\":{}}");
    #[cfg(unix)]
    std::os::unix::fs::symlink(secret, root.join("sessions/2026/auth.jsonl")).unwrap();
    let found = by_id("codex").find(root, later()).unwrap().unwrap();
    let lost = "77777777-2222-4333-8444-555555555555";
    assert_eq!(found.sessions(), [UUID, lost, "old-session"]);
    let shown: Vec<_> = found.files.iter().map(|file| file.shown).collect();
    assert_eq!(shown, [Some(true), Some(false), Some(false)]);
    assert_eq!(found.files[0].title.as_deref(), Some("Second name"));
    let (events, report) = read_file(by_id("codex"), &found.files[1]);
    assert_eq!((report.messages, report.answers), (2, 0));
    assert!(report.missing[0].contains("answers"), "{:?}", report.missing);
    assert_eq!(titles(&events), ["lost prompt"]);
    assert!(!by_id("codex").find(root, Instant::now()).unwrap().unwrap().complete);
}

#[test]
fn what_is_no_rollout_is_refused() {
    for other in [r#"{"type":"user","message":{"content":"hi"}}"#, r#"{"kind":0,"v":{}}"#, "plain text"] {
        let folder = tempfile::tempdir().unwrap();
        let path = put(folder.path(), "x.jsonl", other);
        assert!(codex::read(&path).is_err() && !codex::looks_like(other.as_bytes()), "{other}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..5000_usize, gone in 0..300_usize) {
        try_bytes("codex", "x.jsonl", &bytes);
        let torn = torn(fs::read(rollout()).unwrap(), at, gone, bytes);
        try_bytes("codex", "x.jsonl", &torn);
    }

    #[test]
    fn lines_in_any_order_give_the_same_first_events(order in proptest::collection::vec(0..99_usize, 0..20), end: usize) {
        let (bytes, end) = shuffled(&fs::read(rollout()).unwrap(), &order, end);
        grows_from("codex", "x.jsonl", &bytes, [end].into_iter());
    }
}
