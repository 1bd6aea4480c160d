//! Continue's sessions, whole, damaged and written anew, from fixtures written for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod reading;

use proptest::prelude::*;
use reading::*;
use serde_json::json;
use std::fs;
use std::path::PathBuf;

const NAME: &str = "c0ffee00-2222-4333-8444-555555555555.json";

fn session() -> PathBuf {
    fixture(&format!("continue/{NAME}"))
}

#[test]
fn a_whole_session() {
    let (events, report) = read("continue", &session());
    assert_eq!(report.bad(), 0);
    let start = &events[0];
    assert_eq!((start.session_id.as_str(), start.timestamp.as_millis()), (&NAME[..36], 1_769_868_125_000));
    assert_eq!(start.data["workspace"], "file:///home/ada/chasm");
    let said = shown(&events);
    let roles: Vec<&str> = said.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["user", "assistant", "assistant", "assistant"]);
    assert_eq!(
        said[1].1,
        json!([{"type": "thinking", "thinking": "read first"}, {"type": "text", "text": "Let me look."}])
    );
    assert_eq!((&said[2].1[0]["thinking"], &said[3].1), (&json!("so it waits"), &json!("It waits.")));
    let first = of(&events, "message")[0];
    assert_eq!(first.data["metadata"]["continue"]["contextItems"][0]["name"], "a.rs");
    assert_eq!(of(&events, "message")[1].data["model"], "Claude Sonnet");
    let (calls, results) = (of(&events, "tool_call"), of(&events, "tool_result"));
    assert_eq!((calls.len(), results.len()), (2, 2), "a result stands beside its call and as a message");
    assert_eq!(
        (&calls[0].data["arguments"], &calls[1].data["arguments"]),
        (&json!({"path": "a.rs"}), &json!("{\"x\":"))
    );
    assert!(
        results
            .iter()
            .all(|result| result.data["output"] == "fn main() {}" && result.data["call_id"] == "call_1")
    );
    assert_eq!(of(&events, "continue.tool_call_state")[0].data["continue"]["status"], "generated");
    assert_eq!(of(&events, "continue.item")[0].data["item"]["odd"], true);
    assert_eq!(titles(&events), ["A hanging reader"]);
    assert_eq!(of(&events, "session_update")[0].data["model"], "Claude Sonnet");
    let times: Vec<_> = events.iter().map(|event| event.timestamp).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(of(&events, "message").iter().all(|event| event.data.get("partial").is_none()));
}

#[test]
fn all_of_a_file_is_in_its_events() {
    nothing_lost(&values(&session()), &read("continue", &session()).0, &[]);
}

#[test]
fn a_session_written_anew_gives_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "sessions.json", fs::read(fixture("continue/sessions.json")).unwrap());
    let whole = fs::read_to_string(session()).unwrap();
    let at = whole.find("    { \"message\": { \"role\": \"tool\"").unwrap();
    let earlier = whole[..at]
        .trim_end()
        .trim_end_matches(',')
        .replace("\"status\": \"done\"", "\"status\": \"calling\"");
    let earlier = earlier.replace("\"output\": [{ \"content\": \"fn main() {}\" }]", "\"output\": null");
    let path = put(folder.path(), NAME, format!("{}]}}", earlier.replace("A hanging reader", "New Session")));
    let file = by_id("continue").sessions_in(&path).unwrap().remove(0);
    let mut reader = by_id("continue").open(&file).unwrap();
    let mut events = step(reader.as_mut(), false);
    assert_eq!((titles(&events), of(&events, "tool_result").len()), (vec!["Why does it hang?"], 0));
    fs::write(&path, &whole).unwrap();
    events.extend(step(reader.as_mut(), true));
    let (at_once, _) = read("continue", &path);
    assert_eq!(shown(&events), shown(&at_once));
    assert!(at_once.iter().all(|event| events.contains(event)));
}

#[test]
fn damage_is_named_and_read_around() {
    let whole = fs::read_to_string(session()).unwrap();
    let at = whole.find("It waits.").unwrap();
    let (events, report) = read_bytes("continue", NAME, &whole[..at + 4]);
    assert_eq!(shown(&events).last().unwrap().1, "It w");
    assert_eq!((report.bad(), &of(&events, "message").last().unwrap().data["partial"]), (1, &json!(true)));
    let at = whole.find("does it").unwrap();
    let mut holed = whole.clone().into_bytes();
    holed[at..at + 4].fill(0);
    let (events, report) = read_bytes("continue", NAME, &holed);
    assert_eq!(roles(&events).len(), 4, "{:?}", why(&report));
    assert_eq!(of(&events, "tool_call").len(), 2);
    assert!(
        by_id("continue")
            .open(&by_id("continue").sessions_in(&fixture("continue/sessions.json")).unwrap()[0])
            .unwrap()
            .read_on(true, &mut |_| panic!())
            .is_err()
    );
}

#[test]
fn sessions_are_found_with_what_the_list_says() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let find = || by_id("continue").find(root, later()).unwrap();
    assert_eq!(find(), None);
    put(root, "config.yaml", "apiKey: secret");
    put(root, "config.json", "{\"history\":[],\"sessionId\":\"x\"}");
    put(root, &format!("sessions/{NAME}"), fs::read(session()).unwrap());
    put(root, "sessions/gone.json", "{\"sessionId\":\"gone\",\"history\":[]}");
    assert_eq!(find().unwrap().files[0].shown, None, "no list");
    let list = fs::read_to_string(fixture("continue/sessions.json")).unwrap();
    put(root, "sessions/sessions.json", &list);
    let found = find().unwrap();
    assert_eq!(found.sessions(), [&NAME[..36], "gone"]);
    let shown: Vec<_> = found.files.iter().map(|file| (file.title.as_deref(), file.shown)).collect();
    assert_eq!(shown, [(Some("A hanging reader"), Some(true)), (None, Some(false))]);
    put(root, "sessions/sessions.json", &list[..list.len() - 2]);
    assert_eq!(find().unwrap().files[0].shown, Some(true), "a damaged list still says what is in it");
    let env = |name: &str| (name == "CONTINUE_GLOBAL_DIR").then(|| "/c".into());
    assert_eq!(by_id("continue").default_root(&env), Some("/c".into()));
}

#[test]
fn the_files_of_others_are_not_recognized() {
    let is = |name: &str, text: &str| by_id("continue").recognizes(&PathBuf::from(name), text.as_bytes());
    let whole = fs::read_to_string(session()).unwrap();
    assert!(is(NAME, &whole) && is(NAME, &whole[..600]));
    assert!(!is("sessions.json", "[]") && !is("x.json", "{\"requests\":[],\"sessionId\":\"x\"}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..3000_usize, gone in 0..300_usize) {
        try_bytes("continue", NAME, &bytes);
        try_bytes("continue", NAME, &torn(fs::read(session()).unwrap(), at, gone, bytes));
    }
}
