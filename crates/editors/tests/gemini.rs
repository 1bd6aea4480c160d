//! Gemini CLI sessions in both forms and with damage, from fixtures written for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod reading;

use chasm_editors::gemini;
use proptest::prelude::*;
use reading::*;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

const DOCUMENT: &str = "session-2026-01-31T14-02-ab12cd34.json";
const LINES: &str = "session-2026-01-31T14-02-ef56ab78.jsonl";

fn document() -> PathBuf {
    fixture(&format!("gemini/{DOCUMENT}"))
}

fn lines() -> PathBuf {
    fixture(&format!("gemini/{LINES}"))
}

#[test]
fn a_whole_document() {
    let (events, report) = read("gemini", &document());
    assert_eq!((report.bad(), events[0].session_id.as_str()), (0, "ab12cd34-2222-4333-8444-555555555555"));
    assert_eq!(events[0].data["metadata"]["gemini"]["projectHash"], "0011");
    let said = shown(&events);
    assert_eq!(said[0], ("user".into(), json!("Why does it {hang}?")));
    let parts = said[1].1.as_array().unwrap();
    assert_eq!((&parts[0]["thinking"], &parts[1]["text"]), (&json!("Plan\nread it"), &json!("Let me look.")));
    assert_eq!(said[2..].iter().map(|(role, _)| role.as_str()).collect::<Vec<_>>(), ["system", "assistant"]);
    let answer = of(&events, "message")[1];
    assert_eq!(
        (&answer.data["model"], &answer.data["metadata"]["gemini"]["tokens"]["total"]),
        (&json!("gemini-2.5-pro"), &json!(11))
    );
    let (calls, results) = (of(&events, "tool_call"), of(&events, "tool_result"));
    assert_eq!((calls.len(), results.len()), (3, 2));
    assert_eq!(
        (&calls[0].data["arguments"], &calls[0].data["message_id"]),
        (&json!({"path": "a.rs"}), &json!("g1"))
    );
    assert_eq!(
        (&results[0].data["output"], &results[0].data["is_error"]),
        (&json!("fn main() {}"), &json!(false))
    );
    assert_eq!(results[0].data["gemini"]["resultDisplay"], "1 line");
    assert_eq!(results[1].data["is_error"], true);
    assert_eq!(calls[2].data["gemini"]["status"], "executing");
    assert_eq!(of(&events, "gemini.new_kind")[0].data["record"]["content"], "x");
    assert_eq!(titles(&events), ["Why does it {hang}?", "A hanging reader"]);
    let times: Vec<_> = events.iter().map(|event| event.timestamp).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(of(&events, "message").iter().all(|event| event.data.get("partial").is_none()));
}

#[test]
fn later_lines_replace_earlier_ones_and_a_rewind_takes_nothing_away() {
    let (events, report) = read("gemini", &lines());
    assert_eq!((report.bad(), events[0].session_id.as_str()), (0, "ef56ab78-2222-4333-8444-555555555555"));
    let said: Vec<_> = shown(&events).into_iter().map(|(_, content)| content).collect();
    assert_eq!(said, ["Why?", "taken back", "I looked.", "instead"]);
    assert_eq!((report.messages, report.tool_calls, report.tool_results, report.copies), (4, 1, 1, 1));
    let calls = of(&events, "tool_call");
    assert_eq!((calls.len(), calls[0].timestamp), (2, calls[1].timestamp));
    assert_eq!(of(&events, "tool_result")[0].data["output"], "a.rs");
    assert_eq!(of(&events, "gemini.rewind")[0].data["line"]["$rewindTo"], "u2");
    assert_eq!(titles(&events), ["Why?", "Looking"]);
    assert!(of(&events, "message").iter().all(|event| event.data.get("partial").is_none()));
    let text = fs::read_to_string(lines()).unwrap();
    let (events, report) = read_bytes("gemini", LINES, &text[..text.find("nstead").unwrap()]);
    assert_eq!((shown(&events).last().unwrap().1.as_str(), report.bad()), (Some("i"), 1));
    assert_eq!(of(&events, "message").last().unwrap().data["partial"], true);
}

#[test]
fn all_of_a_file_is_in_its_events() {
    for path in [document(), lines()] {
        nothing_lost(&values(&path), &read("gemini", &path).0, &[]);
    }
}

#[test]
fn a_growing_file_gives_the_same_first_events() {
    grows("gemini", LINES, &fs::read(lines()).unwrap());
}

#[test]
fn a_document_written_anew_gives_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read_to_string(document()).unwrap();
    let earlier = whole.replace("\"status\": \"success\"", "\"status\": \"executing\"");
    let at = earlier.find("    { \"id\": \"e1\"").unwrap();
    let earlier = format!("{}]}}", earlier[..at].trim_end().trim_end_matches(','));
    let path = put(folder.path(), DOCUMENT, &earlier);
    let file = by_id("gemini").sessions_in(&path).unwrap().remove(0);
    let mut reader = by_id("gemini").open(&file).unwrap();
    let mut events = step(reader.as_mut(), false);
    assert!(step(reader.as_mut(), false).is_empty());
    fs::write(&path, &whole).unwrap();
    events.extend(step(reader.as_mut(), true));
    let (at_once, _) = read("gemini", &path);
    assert_eq!(shown(&events), shown(&at_once));
    assert!(
        at_once.iter().all(|event| events.contains(event)),
        "reading on gives all that reading at once gives"
    );
}

#[test]
fn a_document_that_is_being_written_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(document()).unwrap();
    let path = put(folder.path(), DOCUMENT, &whole);
    let file = by_id("gemini").sessions_in(&path).unwrap().remove(0);
    for half in [0, 500] {
        fs::write(&path, &whole[..half]).unwrap();
        let mut reader = by_id("gemini").open(&file).unwrap();
        assert!(step(reader.as_mut(), false).is_empty());
        fs::write(&path, &whole).unwrap();
        assert_eq!(step(reader.as_mut(), false), read("gemini", &path).0);
    }
}

#[test]
fn a_cut_document_gives_the_messages_that_are_there() {
    let whole = fs::read_to_string(document()).unwrap();
    let at = whole.find("it was the channel").unwrap();
    let (events, report) = read_bytes("gemini", DOCUMENT, &whole[..at]);
    assert_eq!(shown(&events).last().unwrap().1, "Done, ");
    assert_eq!(of(&events, "message").last().unwrap().data["partial"], true);
    assert_eq!(why(&report).len(), 1);
    let mut holed = whole.clone().into_bytes();
    let at = whole.find("hang}").unwrap();
    holed[at..at + 3].fill(0);
    let (events, report) = read_bytes("gemini", DOCUMENT, &holed);
    assert_eq!(roles(&events), ["user", "assistant", "system", "assistant"], "{:?}", why(&report));
    assert_eq!(of(&events, "tool_call").len(), 3);
    assert!(report.bad_places.iter().any(|bad| bad.offset == at as u64 && bad.bytes_lost == 3));
    for end in (200..whole.len()).step_by(17) {
        try_bytes("gemini", DOCUMENT, &whole.as_bytes()[..end]);
    }
}

#[test]
fn damaged_lines_are_named_and_read_around() {
    let whole = fs::read(lines()).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let torn = text.replacen("\n{\"id\":\"u2\"", "\0\0\n%%\n{\"id\":\"u2\"", 1);
    let (events, report) = read_bytes("gemini", LINES, &torn[..torn.len() - 30]);
    assert_eq!(shown(&events), shown(&read_bytes("gemini", LINES, &whole).0));
    let places: Vec<_> = why(&report).iter().map(|(line, lost, _)| (*line, *lost)).collect();
    assert_eq!((&places[..2], places.len()), (&[(4, 2), (5, 2)][..], 3), "{:?}", why(&report));
    assert_eq!(of(&events, "gemini.damaged")[0].data["text"], "%%");
}

#[test]
fn sessions_are_found_with_their_sub_agents_and_projects() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    assert_eq!(by_id("gemini").find(root, later()).unwrap(), None);
    put(root, "oauth_creds.json", "{}");
    put(root, "tmp/chasm/.project_root", "/home/ada/chasm\n");
    put(root, "tmp/chasm/logs.json", "[]");
    put(root, &format!("tmp/chasm/chats/{DOCUMENT}"), fs::read(document()).unwrap());
    put(root, &format!("tmp/0011/chats/{LINES}"), fs::read(lines()).unwrap());
    let sub = fs::read_to_string(lines()).unwrap().replace("ef56ab78-2222-4333-8444-555555555555", "sub1");
    put(root, "tmp/0011/chats/ef56ab78-2222-4333-8444-555555555555/sub1.jsonl", sub);
    put(root, "tmp/0011/chats/other.json", "{\"requests\":[]}");
    let found = by_id("gemini").find(root, later()).unwrap().unwrap();
    let read: Vec<_> = found.files.iter().map(|file| file.session_id.as_str()).collect();
    let parent = "ef56ab78-2222-4333-8444-555555555555";
    assert_eq!(read, ["ab12cd34-2222-4333-8444-555555555555", parent, &format!("{parent}/sub1"), "other"]);
    assert_eq!(found.files[0].workspace.as_deref(), Some("/home/ada/chasm"));
    let (events, _) = read_file(by_id("gemini"), &found.files[0]);
    assert_eq!(events[0].data["workspace"], "/home/ada/chasm");
    let (events, _) = read_file(by_id("gemini"), &found.files[2]);
    assert_eq!(events[0].data["metadata"]["gemini"]["parent_session"], parent);
    assert!(by_id("gemini").open(&found.files[3]).unwrap().read_on(true, &mut |_| panic!()).is_err());
    assert!(!by_id("gemini").find(root, Instant::now()).unwrap().unwrap().complete);
}

#[test]
fn the_files_of_others_are_not_recognized() {
    assert!(
        gemini::looks_like(&fs::read(document()).unwrap()) && gemini::looks_like(&fs::read(lines()).unwrap())
    );
    assert!(gemini::looks_like(&fs::read(document()).unwrap()[..900]));
    for other in ["[]", "{\"requests\":[]}", "{\"type\":\"user\",\"message\":{}}", "x", ""] {
        assert!(!gemini::looks_like(other.as_bytes()), "{other}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..3000_usize, gone in 0..300_usize) {
        for (name, path) in [(DOCUMENT, document()), (LINES, lines())] {
            try_bytes("gemini", name, &bytes);
            try_bytes("gemini", name, &torn(fs::read(path).unwrap(), at, gone, bytes.clone()));
        }
    }

    #[test]
    fn lines_in_any_order_give_the_same_first_events(order in proptest::collection::vec(0..99_usize, 0..20), end: usize) {
        let (bytes, end) = shuffled(&fs::read(lines()).unwrap(), &order, end);
        grows_from("gemini", LINES, &bytes, [end].into_iter());
    }
}
