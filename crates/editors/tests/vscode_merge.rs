//! Sessions put together again of what is left of them, from folders that were damaged as editors and disks do it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod vscode_home;

use chasm_editors::{EventDraft, Reader, Standing};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::ops::ControlFlow;
use vscode_home::*;

const W1: &str = "workspaceStorage/w1";

fn turns(answers: &[Option<&str>]) -> Vec<Value> {
    let turn = |(nth, answer): (usize, &Option<&str>)| request(nth, &format!("prompt {nth}"), *answer);
    answers.iter().enumerate().map(turn).collect()
}

#[test]
fn a_cut_log_and_an_older_copy_make_one_whole_session() {
    let home = Home::new();
    home.window("w1");
    let all = turns(&[Some("a0"), Some("a1"), Some("a2")]);
    let mut cut = log("s", &[all[0].clone(), all[2].clone()]);
    cut.truncate(cut.len() - 1);
    home.put(&format!("{W1}/chatSessions/s.jsonl"), cut);
    home.put(&format!("{W1}/chatSessions/s.json"), whole("s", &all[..2]));
    let (events, report) = read(&home.session("s"));
    assert_eq!(said(&events, "user"), ["prompt 0", "prompt 1", "prompt 2"]);
    assert_eq!(said(&events, "assistant"), ["a0", "a1", "a2"]);
    assert_eq!((report.messages, report.answers), (6, 3));
    assert_eq!(report.standing(), Standing::Complete, "{report:?}");
    assert!(of(&events, "vscode.other_version").is_empty(), "{events:#?}");
    let times: Vec<_> = of(&events, "message").iter().map(|event| event.timestamp).collect();
    assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
}

#[test]
fn of_two_versions_the_richer_is_shown_and_the_other_kept_if_it_says_more() {
    let home = Home::new();
    home.window("w1");
    home.put(&format!("{W1}/chatSessions/s.json"), whole("s", &turns(&[Some("short"), Some("the same")])));
    let longer = turns(&[Some("another and longer answer"), Some("the same")]);
    home.put("workspaceStorage/w2/chatSessions/s.json", whole("s", &longer));
    let (events, report) = read(&home.session("s"));
    assert_eq!(said(&events, "assistant"), ["another and longer answer", "the same"]);
    let kept = of(&events, "vscode.other_version");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].data["request_id"], "request_0");
    assert_eq!(kept[0].data["said"][0]["data"]["content"], "short");
    assert_eq!(report.standing(), Standing::Complete);
}

#[test]
fn a_transcript_fills_what_is_missing_and_adds_what_is_in_no_file() {
    let home = Home::new();
    home.window("w1");
    let mut requests = turns(&[Some("a0"), None, None]);
    requests[1]["response"] = json!([{ "value": "Looki" }]);
    requests[1]["modelState"] = json!({ "value": 0 });
    home.put(&format!("{W1}/chatSessions/s.jsonl"), log("s", &requests));
    let told =
        transcript("s", &[(1, "prompt 1", "told 1"), (2, " prompt\n2", "told 2"), (3, "prompt 3", "told 3")]);
    home.put(&format!("{W1}/GitHub.copilot-chat/transcripts/s.jsonl"), told);
    let (events, report) = read(&home.session("s"));
    assert_eq!(said(&events, "user"), ["prompt 0", "prompt 1", "prompt 2", "prompt 3"]);
    let answers = said(&events, "assistant").join("|");
    for text in ["a0", "Looking at 1.", "told 1", "Looking at 2.", "told 2", "thought 3", "told 3"] {
        assert!(answers.contains(text), "{text}: {answers}");
    }
    assert_eq!((report.tool_calls, report.tool_results), (3, 3));
    let outputs: Vec<String> =
        of(&events, "tool_result").iter().map(|e| e.data["output"].to_string()).collect();
    assert!(
        outputs.iter().zip(1..).all(|(output, n)| output.contains(&format!("output {n}"))),
        "{outputs:?}"
    );
    assert_eq!(report.standing(), Standing::Complete, "{report:?}");
}

#[test]
fn the_same_prompt_again_is_another_turn() {
    let home = Home::new();
    home.window("w1");
    let minutes = [0, 20, 40].map(|nth| request(nth, "go on", Some(&format!("a{nth}"))));
    home.put(&format!("{W1}/chatSessions/s.jsonl"), log("s", &[minutes[0].clone(), minutes[2].clone()]));
    let told = [(0, "go on", "a0"), (20, "go on", "a20"), (40, "go on", "a40")];
    let told = transcript("s", &told).replace("T08:73", "T09:13").replace("T08:93", "T09:33");
    home.put(&format!("{W1}/GitHub.copilot-chat/transcripts/s.jsonl"), told);
    let (events, _) = read(&home.session("s"));
    assert_eq!(said(&events, "user"), ["go on"; 3]);
    let answers = said(&events, "assistant").join("|");
    assert_eq!(answers, "a0|thought 20 Looking at 20.|a20|a40");
}

#[test]
fn a_turn_that_was_taken_back_stays_so() {
    let home = Home::new();
    home.window("w1");
    let all = turns(&[Some("a0"), Some("a1")]);
    let back = json!({"kind": 2, "k": ["requests"], "i": 1}).to_string();
    home.put(&format!("{W1}/chatSessions/s.jsonl"), format!("{}{back}\n", log("s", &all)));
    let mut older = all.clone();
    older[1]["response"] = json!([{ "value": "a1 and what the log does not have" }]);
    home.put(&format!("{W1}/chatSessions/s.json"), whole("s", &older));
    let (events, report) = read(&home.session("s"));
    assert_eq!(said(&events, "assistant"), ["a0", "a1 and what the log does not have"]);
    let prompts: Vec<_> = of(&events, "message").into_iter().filter(|e| e.data["role"] == "user").collect();
    let metadata = prompts.iter().map(|e| e.data["metadata"].to_string()).collect::<Vec<_>>();
    assert!(!metadata[0].contains("removed") && metadata[1].contains("removed"), "{metadata:?}");
    assert_eq!(report.standing(), Standing::Complete);
}

#[test]
fn what_another_copy_says_beside_its_turns_is_kept() {
    let home = Home::new();
    home.window("w1");
    let all = turns(&[Some("a0"), Some("a1")]);
    home.put(&format!("{W1}/chatSessions/s.jsonl"), log("s", &all));
    let mut older: Value = serde_json::from_str(&whole("s", &all[..1])).unwrap();
    older["customTitle"] = json!("The older title");
    older["inputState"] = json!({ "inputText": "never sent" });
    home.put(&format!("{W1}/chatSessions/s.json"), older.to_string());
    home.put(
        &format!("{W1}/GitHub.copilot-chat/transcripts/s.jsonl"),
        transcript("s", &[(0, "prompt 0", "a0")]),
    );
    let (events, report) = read(&home.session("s"));
    let kept = of(&events, "vscode.other_version");
    let heads: Vec<_> = kept.iter().filter(|event| event.data.contains_key("session")).collect();
    assert_eq!(heads.len(), 1);
    assert_eq!(heads[0].data["session"]["inputState"]["inputText"], "never sent");
    assert_eq!(said(&events, "assistant"), ["a0", "a1"]);
    // the answer in the transcript says more than the log: its tool
    let more = kept.iter().find(|event| event.data.contains_key("said")).unwrap();
    assert!(more.data["said"].to_string().contains("output 0"));
    let lines = of(&events, "vscode.transcript");
    assert_eq!(lines.iter().map(|event| event.data["lines"].as_array().unwrap().len()).sum::<usize>(), 8);
    assert_eq!(report.standing(), Standing::Complete);
}

#[test]
fn a_transcript_alone_is_a_session() {
    let home = Home::new();
    let project = home.window("w1");
    let text = transcript("s", &[(0, "prompt 0", "told 0"), (1, "prompt 1", "told 1")]);
    let without_first: String =
        text.lines().filter(|line| !line.contains("prompt 0")).map(|l| format!("{l}\n")).collect();
    let path = home.put(&format!("{W1}/GitHub.copilot-chat/transcripts/s.jsonl"), &text);
    let (events, report) = read(&home.session("s"));
    assert_eq!(said(&events, "user"), ["prompt 0", "prompt 1"]);
    assert_eq!((report.tool_calls, report.tool_results, report.lines), (2, 2, 15));
    assert_eq!(report.standing(), Standing::Partial);
    let start = &events[0];
    assert_eq!((&start.data["title"], &start.data["provider"]), (&json!("prompt 0"), &json!("vscode")));
    assert_eq!(start.data["workspace"], project);
    let all = serde_json::to_string(&events).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(all.contains(line["id"].as_str().unwrap()), "a line is in no event: {line}");
    }
    // the beginning was never flushed, and the end is cut
    fs::write(&path, &without_first[..without_first.len() - 30]).unwrap();
    let (events, report) = read(&home.session("s"));
    assert_eq!(said(&events, "user"), ["prompt 1"]);
    assert!(said(&events, "assistant").join("|").contains("told 0"));
    assert!(report.missing.iter().any(|m| m.contains("prompt 1 was never written")), "{:?}", report.missing);
    assert!(report.bad() > 0);
}

#[test]
fn file_edits_are_kept_where_nothing_else_is_left() {
    let home = Home::new();
    home.window("w1");
    let folder = format!("{W1}/chatEditingSessions/s");
    let uri = "file:///p/a%20b.rs";
    let state = json!({
        "version": 2, "initialFileContents": [[uri, "aaaaaaa"]],
        "timeline": {"currentEpoch": 2, "operations": [
            {"type": "textEdit", "uri": {"external": uri, "path": "/p/a b.rs"}, "requestId": "request_1", "epoch": 1,
             "edits": [{"text": "new code", "range": {}}]},
        ]},
        "recentSnapshot": {"entries": [{"resource": uri, "originalHash": "aaaaaaa", "currentHash": "bbbbbbb",
            "telemetryInfo": {"requestId": "request_1"}}]},
    });
    home.put(&format!("{folder}/state.json"), state.to_string());
    home.put(&format!("{folder}/contents/aaaaaaa"), "old");
    home.put(&format!("{folder}/contents/bbbbbbb"), "new code");
    home.put(&format!("{folder}/contents/ccccccc"), "x".repeat(300_000));
    let (events, report) = read(&home.session("s"));
    let edits = of(&events, "vscode.file_edit");
    let changes: Vec<&str> = edits.iter().map(|e| e.data["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["initial", "textEdit", "edited", "kept"]);
    assert!(edits[..3].iter().all(|e| e.data["path"] == "/p/a b.rs"));
    assert_eq!(
        (&edits[2].data["before_text"], &edits[2].data["after_text"]),
        (&json!("old"), &json!("new code"))
    );
    assert_eq!(edits[1].data["vscode"]["edits"][0]["text"], "new code");
    assert_eq!(
        (edits[3].data["after_text"].as_str().unwrap().len(), &edits[3].data["after_bytes"]),
        (262_144, &json!(300_000))
    );
    assert_eq!(report.standing(), Standing::Nothing);
    assert!(report.missing[0].contains("only the files"), "{:?}", report.missing);
    // with words of its own the session needs none of it
    home.put(&format!("{W1}/chatSessions/s.jsonl"), log("s", &turns(&[Some(&"long ".repeat(300))])));
    let (events, report) = read(&home.session("s"));
    assert!(of(&events, "vscode.file_edit").is_empty() && report.standing() == Standing::Complete);
}

#[test]
fn very_old_sessions_and_typed_prompts_come_from_the_database() {
    let home = Home::new();
    home.window("w1");
    let old = json!([{"sessionId": "old", "creationDate": 5, "requests": [{"message": "hi", "response": "there"}]}]);
    let typed = json!({"history": {"copilot": [{"inputText": "again"}, {"inputText": "other"}, {"inputText": "again"}]}});
    let rows =
        [("interactive.sessions", old.to_string()), ("memento/interactive-session", typed.to_string())];
    let rows: Vec<(&str, &str)> = rows.iter().map(|(key, value)| (*key, value.as_str())).collect();
    home.database(&format!("{W1}/state.vscdb"), &rows);
    let (events, _) = read(&home.session("old"));
    assert_eq!(
        (said(&events, "user"), said(&events, "assistant")),
        (vec!["hi".to_owned()], vec!["there".to_owned()])
    );
    let id = home.find().sessions().into_iter().find(|id| id.starts_with("typed-")).unwrap();
    let (events, report) = read(&home.session(&id));
    assert_eq!(said(&events, "user"), ["again", "other", "again"]);
    assert_eq!(report.standing(), Standing::PromptsOnly);
}

/// A reader of a session, and what it has handed over.
struct Follower {
    reader: Box<dyn Reader>,
    events: Vec<EventDraft>,
}

impl Follower {
    fn of(home: &Home, id: &str) -> Self {
        Self { reader: vscode().open(&home.session(id)).unwrap(), events: Vec::new() }
    }

    fn on(&mut self) -> usize {
        self.read_on(false)
    }

    /// How many events came.
    fn read_on(&mut self, last: bool) -> usize {
        self.try_on(last).unwrap()
    }

    fn try_on(&mut self, last: bool) -> Option<usize> {
        let before = self.events.len();
        let events = &mut self.events;
        let read = self.reader.read_on(last, &mut |event| {
            events.push(event);
            ControlFlow::Continue(())
        });
        read.ok().map(|_| self.events.len() - before)
    }
}

#[test]
fn a_session_of_several_files_is_followed_and_no_event_comes_twice() {
    let home = Home::new();
    home.window("w1");
    let all = turns(&[Some("a0"), Some("a1"), Some("a2")]);
    let path = format!("{W1}/chatSessions/s.jsonl");
    let told = format!("{W1}/GitHub.copilot-chat/transcripts/s.jsonl");
    home.put(&path, log("s", &all[..1]));
    home.put(&told, transcript("s", &[(0, "prompt 0", "a0")]));
    let mut follower = Follower::of(&home, "s");
    assert!(follower.on() >= 3);
    assert_eq!(follower.on(), 0);
    // half a line waits
    let longer = log("s", &all[..2]);
    home.put(&path, &longer[..longer.len() - 40]);
    follower.on();
    assert_eq!(said(&follower.events, "user"), ["prompt 0"]);
    home.put(&path, &longer);
    assert!(follower.on() >= 2);
    assert_eq!(said(&follower.events, "user"), ["prompt 0", "prompt 1"]);
    // the transcript is ahead of the log: its turn waits for the name that it will have there
    home.put(&told, transcript("s", &[(0, "prompt 0", "a0"), (2, "prompt 2", "told 2")]));
    follower.on();
    assert_eq!(said(&follower.events, "user"), ["prompt 0", "prompt 1"]);
    home.put(&path, log("s", &all));
    follower.on();
    assert_eq!(said(&follower.events, "user"), ["prompt 0", "prompt 1", "prompt 2"]);
    home.put(&told, transcript("s", &[(0, "prompt 0", "a0"), (3, "prompt 3", "told 3")]));
    follower.on();
    assert_eq!(said(&follower.events, "user").len(), 3);
    assert!(follower.read_on(true) > 0, "nothing more will come: now it is told");
    assert_eq!(said(&follower.events, "user"), ["prompt 0", "prompt 1", "prompt 2", "prompt 3"]);
    assert_eq!(follower.read_on(true), 0);
    let mut ids: Vec<&String> = follower.events.iter().map(|event| &event.event_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), follower.events.len());
    assert_eq!(of(&follower.events, "session_start").len(), 1);
    assert_eq!(follower.reader.report().messages, read(&home.session("s")).1.messages);
    // the log is gone, and what the others say remains
    fs::remove_file(home.at(&path)).unwrap();
    follower.on();
    assert!(follower.reader.report().missing.iter().any(|m| m.contains("s.jsonl")));
}

#[test]
fn a_log_gives_the_same_events_alone_and_among_others() {
    let home = Home::new();
    home.window("w1");
    let all = turns(&[Some("a0"), Some("a1"), None]);
    home.put(&format!("{W1}/chatSessions/s.jsonl"), log("s", &all));
    let (alone, _) = read(&home.session("s"));
    home.put(
        &format!("{W1}/GitHub.copilot-chat/transcripts/s.jsonl"),
        transcript("s", &[(1, "prompt 1", "a1")]),
    );
    home.put(&format!("{W1}/chatSessions/s.json"), whole("s", &all[..1]));
    let (among, _) = read(&home.session("s"));
    for event in alone {
        assert!(among.iter().any(|other| other.event_id == event.event_id), "{event:?}");
    }
}

#[test]
fn a_project_with_every_damage_is_put_together_again() {
    let home = Home::new();
    home.window("w1");
    let all = turns(&[Some("a0 is an answer"), Some("a1 is an answer"), Some("a2 is an answer")]);
    let sessions = format!("{W1}/chatSessions");
    let whole_log = |id: &str| log(id, &all);
    // cut in the middle of its last answer
    let cut = whole_log("cut");
    home.put(&format!("{sessions}/cut.jsonl"), &cut[..cut.find("a2 is an").unwrap() + 8]);
    // filled with NUL bytes; nothing else is left but its entry
    home.put(&format!("{sessions}/nul.jsonl"), vec![0; whole_log("nul").len()]);
    // the same, and an older copy in another window
    home.put(&format!("{sessions}/nul2.jsonl"), vec![0; 900]);
    home.put("workspaceStorage/w0/chatSessions/nul2.json", whole("nul2", &all[..2]));
    // a new state was written over it
    home.put(&format!("{sessions}/stub.jsonl"), log("stub", &[]));
    // the log was deleted, and the file of before the migration is left
    home.put(&format!("{sessions}/before.json"), whole("before", &all[..1]));
    home.put(
        &format!("{W1}/GitHub.copilot-chat/transcripts/told.jsonl"),
        transcript("told", &[(0, "prompt 0", "told 0")]),
    );
    let listed: Vec<(&str, Value)> =
        ["cut", "nul", "nul2", "stub", "before", "told", "gone"].map(|id| (id, json!({}))).into();
    let typed = json!({"history": {"copilot": [{"inputText": "typed once"}]}}).to_string();
    home.database(
        &format!("{W1}/state.vscdb.backup"),
        &[(INDEX, &index(&listed)), ("memento/interactive-session", &typed)],
    );
    // the list is empty, and the project has another id now
    home.database(&format!("{W1}/state.vscdb"), &[(INDEX, &index(&[]))]);
    fs::rename(home.at(W1), home.at("workspaceStorage/other")).unwrap();

    let before = tree(&home.user());
    let found = home.find();
    let sessions = found.sessions();
    assert_eq!(&sessions[..7], ["before", "cut", "gone", "nul", "nul2", "stub", "told"]);
    assert!(sessions[7].starts_with("typed-") && sessions.len() == 8);
    let about = |id: &str| {
        let file = home.session(id);
        assert_ne!(file.shown, Some(true), "{id}");
        let (events, report) = read(&file);
        (said(&events, "assistant"), report.standing(), report.missing.join("; "), report.bad())
    };
    let (answers, standing, missing, bad) = about("cut");
    assert_eq!(
        (answers.as_slice(), standing, bad > 0),
        (&["a0 is an answer", "a1 is an answer", "a2 is an"].map(str::to_owned)[..], Standing::Partial, true)
    );
    assert!(missing.contains("answer to prompt 3 is cut off"), "{missing}");
    let (answers, standing, missing, _) = about("nul2");
    assert_eq!((answers.len(), standing), (2, Standing::Partial));
    assert!(missing.contains("nul2.jsonl: not a chat session: it holds nothing but NUL bytes"), "{missing}");
    let (answers, standing, missing, _) = about("nul");
    assert_eq!((answers.len(), standing), (0, Standing::Nothing));
    assert!(missing.contains("NUL bytes") && missing.contains("only the editor's list"), "{missing}");
    for id in ["stub", "gone"] {
        let (answers, standing, missing, _) = about(id);
        assert_eq!((answers.len(), standing), (0, Standing::Nothing), "{id}");
        assert!(missing.contains("only the editor's list still has the session"), "{id}: {missing}");
    }
    assert_eq!(home.session("gone").title.as_deref(), Some("Title of gone"));
    let (answers, standing, ..) = about("before");
    assert_eq!((answers.as_slice(), standing), (&["a0 is an answer".to_owned()][..], Standing::Complete));
    let (answers, standing, missing, _) = about("told");
    assert!(answers.join("|").contains("told 0") && standing == Standing::Partial, "{answers:?} {missing}");
    let (_, standing, ..) = about(&sessions[7]);
    assert_eq!(standing, Standing::PromptsOnly);
    assert_eq!(tree(&home.user()), before, "reading changed something");
}

/// Bytes near those of a real file.
fn damaged(text: String) -> impl Strategy<Value = Vec<u8>> {
    let length = text.len();
    let changes = prop::collection::vec((0..length, any::<u8>()), 0..6);
    (changes, 0..length, any::<bool>()).prop_map(move |(changes, end, cut)| {
        let mut bytes = text.clone().into_bytes();
        changes.into_iter().for_each(|(at, byte)| bytes[at] = byte);
        if cut {
            bytes.truncate(end);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_damage_stops_the_reading(
        log in damaged(log("s", &turns(&[Some("a0"), Some("a1")]))),
        whole in damaged(whole("s", &turns(&[Some("a0"), Some("a1")]))),
        told in damaged(transcript("s", &[(0, "prompt 0", "told 0"), (1, "prompt 1", "told 1")])),
        state in damaged(json!({"recentSnapshot": {"entries": [{"resource": "file:///a", "originalHash": "aaaaaaa"}]}}).to_string()),
        which in 1_u8..16,
    ) {
        let home = Home::new();
        home.window("w1");
        let files = [
            (format!("{W1}/chatSessions/s.jsonl"), log),
            (format!("{W1}/chatSessions/s.json"), whole),
            (format!("{W1}/GitHub.copilot-chat/transcripts/s.jsonl"), told),
            (format!("{W1}/chatEditingSessions/s/state.json"), state),
        ];
        home.put(&format!("{W1}/chatEditingSessions/s/contents/aaaaaaa"), "x");
        for (nth, (name, bytes)) in files.into_iter().enumerate() {
            if which & (1 << nth) != 0 {
                home.put(&name, bytes);
            }
        }
        for file in home.find().files {
            if let Ok((events, report)) = try_read(vscode(), &file) {
                prop_assert!(report.events >= events.len() as u64);
                prop_assert_eq!(read(&file).0, events, "read twice, other events");
            }
        }
    }

    /// However the files grow, at their end everything was handed over that reading them at once gives, and nothing twice.
    #[test]
    fn following_gives_what_reading_at_once_gives(
        steps in prop::collection::vec((0_u8..3, 1_usize..100), 1..8),
        first in 1_usize..100,
    ) {
        let home = Home::new();
        home.window("w1");
        let all = turns(&[Some("a0"), Some("a1"), None, Some("a3")]);
        let part = |text: &str, percent: usize| text.as_bytes()[..text.len() * percent / 100].to_vec();
        let files = [
            (format!("{W1}/chatSessions/s.jsonl"), log("s", &all)),
            (
                format!("{W1}/GitHub.copilot-chat/transcripts/s.jsonl"),
                transcript("s", &[(1, "prompt 1", "told 1"), (2, "prompt 2", "told 2"), (4, "prompt 4", "told 4")]),
            ),
            (format!("{W1}/chatSessions/s.json"), whole("s", &all[..2])),
        ];
        for (name, text) in &files {
            home.put(name, part(text, first));
        }
        let mut follower = Follower::of(&home, "s");
        for (which, percent) in steps {
            let (name, text) = &files[usize::from(which)];
            home.put(name, part(text, percent));
            follower.try_on(false);
        }
        for (name, text) in &files {
            home.put(name, text);
        }
        follower.read_on(true);
        let mut ids: Vec<_> = follower.events.iter().map(|event| event.event_id.clone()).collect();
        ids.sort();
        let given = ids.len();
        ids.dedup();
        prop_assert_eq!(ids.len(), given, "an event came twice");
        for event in read(&home.session("s")).0 {
            let there = ids.binary_search(&event.event_id).is_ok();
            let begun = event.event_type == "session_start";
            prop_assert!(there || begun, "{:?}", event);
        }
    }

    /// Whatever the copies are, each turn of each is in the session, and its answer in some event.
    #[test]
    fn no_turn_of_any_copy_is_lost(copies in prop::collection::vec(prop::collection::vec(0_usize..8, 1..6), 1..4)) {
        let home = Home::new();
        home.window("w1");
        let mut all = std::collections::BTreeSet::new();
        for (nth, copy) in copies.iter().enumerate() {
            let mut copy = copy.clone();
            copy.sort_unstable();
            copy.dedup();
            let turn = |n: &usize| request(*n, &format!("prompt {n}"), Some(&format!("answer {n} of {nth}")));
            let requests: Vec<Value> = copy.iter().map(turn).collect();
            home.put(&format!("workspaceStorage/w{nth}/chatSessions/s.jsonl"), log("s", &requests));
            all.extend(copy.into_iter().map(|n| (n, nth)));
        }
        let (events, _) = read(&home.session("s"));
        let mut prompts: Vec<String> = all.iter().map(|(n, _)| format!("prompt {n}")).collect();
        prompts.dedup();
        prop_assert_eq!(said(&events, "user"), prompts);
        let text = serde_json::to_string(&events).unwrap();
        for (n, nth) in all {
            let answer = format!("answer {n} of {nth}");
            prop_assert!(text.contains(&answer), "{}", answer);
        }
    }
}
