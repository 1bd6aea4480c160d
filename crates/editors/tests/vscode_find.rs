//! Finding sessions in folders made like those of VS Code.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod vscode_home;

use chasm_editors::editor;
use chasm_editors::vscode::is_same_place;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vscode_home::*;

const TURN: &str = "Why does it hang? Please look at the whole of the reader and at what calls it.";

fn long() -> Vec<Value> {
    vec![request(0, TURN, Some(&"because ".repeat(200)))]
}

fn names(file: &chasm_editors::SessionFile, home: &Home) -> Vec<String> {
    let relative = |path: &PathBuf| path.strip_prefix(home.user()).unwrap().display().to_string();
    std::iter::once(&file.path).chain(&file.others).map(relative).collect()
}

#[test]
fn a_session_is_given_once_with_all_that_has_something_of_it() {
    let home = Home::new();
    let project = home.window("w1");
    home.window("w2");
    home.put("workspaceStorage/w1/chatSessions/a.jsonl", log("a", &long()));
    home.put("workspaceStorage/w1/chatSessions/a.json", whole("a", &[]));
    home.put("workspaceStorage/w2/chatSessions/a.json", "{}");
    home.put(
        "workspaceStorage/w1/GitHub.copilot-chat/transcripts/a.jsonl",
        transcript("a", &[(0, "x", "y")]),
    );
    home.put("workspaceStorage/w1/chatEditingSessions/a/state.json", "{}");
    home.put("workspaceStorage/w1/chatSessions/notes.txt", "no");
    home.put("globalStorage/emptyWindowChatSessions/b.jsonl", log("b", &long()));
    home.put("workspaceStorage/no-workspace/chatSessions/c.json", whole("c", &long()));
    home.put("globalStorage/transferredChatSessions/d.json", whole("d", &long()));
    let found = home.find();
    assert_eq!(found.sessions(), ["a", "b", "c", "d"]);
    let a = home.session("a");
    let mut files = names(&a, &home);
    assert_eq!(files.remove(0), "workspaceStorage/w1/chatSessions/a.jsonl");
    files.sort();
    assert_eq!(
        files,
        [
            "workspaceStorage/w1/GitHub.copilot-chat/transcripts/a.jsonl",
            "workspaceStorage/w1/chatEditingSessions/a/state.json",
            "workspaceStorage/w1/chatSessions/a.json",
            "workspaceStorage/w2/chatSessions/a.json",
        ]
    );
    assert_eq!(a.workspace.as_deref(), Some(project.as_str()));
    assert_eq!((a.shown, a.expires), (None, None), "without a database nothing can be told");
    assert_eq!(home.session("b").workspace, None);
    let d = home.session("d");
    assert_eq!(d.expires, d.modified.map(|at| at + Duration::from_secs(300)));
    let before = a.stamp;
    home.put("workspaceStorage/w2/chatSessions/a.json", "{  }");
    assert_ne!(home.session("a").stamp, before);
}

#[test]
fn the_list_says_titles_and_what_is_shown() {
    let home = Home::new();
    for id in ["listed", "empty", "unlisted"] {
        home.put(&format!("workspaceStorage/w1/chatSessions/{id}.jsonl"), log(id, &long()));
    }
    home.window("w1");
    let rows = index(&[("listed", json!({})), ("empty", json!({"isEmpty": true}))]);
    home.database("workspaceStorage/w1/state.vscdb", &[("a", "x"), (INDEX, &rows), ("secret://x", "KEY")]);
    let about = |id: &str| {
        let file = home.session(id);
        (file.title, file.shown)
    };
    let title = |id: &str| Some(format!("Title of {id}"));
    assert_eq!(about("listed"), (title("listed"), Some(true)));
    assert_eq!(about("empty"), (title("empty"), Some(false)));
    assert_eq!(about("unlisted"), (None, Some(false)));
    // one bad entry, and the editor shows none
    let bad = index(&[("listed", json!({})), ("bad", json!({"lastMessageDate": "x", "isEmpty": true}))]);
    home.database("workspaceStorage/w1/state.vscdb", &[(INDEX, &bad)]);
    assert_eq!(about("listed"), (title("listed"), Some(false)));
    // the list is gone, and still in the backup
    home.database("workspaceStorage/w1/state.vscdb", &[(INDEX, &index(&[]))]);
    home.database("workspaceStorage/w1/state.vscdb.backup", &[(INDEX, &rows)]);
    assert_eq!(about("listed"), (title("listed"), Some(false)));
    home.database("workspaceStorage/w1/state.vscdb", &[("x", "y")]);
    assert_eq!(about("listed"), (title("listed"), None));
    // the editor puts the backup in the place of a database that it cannot open
    home.put("workspaceStorage/w1/state.vscdb", "no database");
    assert_eq!(about("listed"), (title("listed"), Some(true)));
    fs::remove_dir(home.folder.path().join("project w1")).unwrap();
    assert_eq!(about("listed"), (title("listed"), Some(false)), "its folder is not there any more");
}

#[test]
fn sessions_that_have_no_file_are_found_by_what_else_knows_them() {
    let home = Home::new();
    let project = home.window("w1");
    home.put(
        "workspaceStorage/w1/GitHub.copilot-chat/transcripts/told.jsonl",
        transcript("told", &[(0, "x", "y")]),
    );
    home.put("workspaceStorage/w1/chatEditingSessions/edited/state.json", "{}");
    home.put("workspaceStorage/w1/chatEditingSessions/edited/contents/abc1234", "text");
    home.put("workspaceStorage/w1/chatEditingSessions/nothing/state.json", "{}");
    let listed = [
        ("lost", json!({})),
        ("never-used", json!({"isEmpty": true})),
        ("cloud", json!({"isExternal": true})),
        ("told", json!({})),
    ];
    let old = json!([{"sessionId": "old", "creationDate": 5, "requests": long()}]).to_string();
    let typed =
        json!({"history": {"copilot": [{"inputText": "first"}, {"inputText": "second"}]}}).to_string();
    let rows =
        [(INDEX, index(&listed)), ("interactive.sessions", old), ("memento/interactive-session", typed)];
    let rows: Vec<(&str, &str)> = rows.iter().map(|(key, value)| (*key, value.as_str())).collect();
    home.database("workspaceStorage/w1/state.vscdb", &rows);
    let found = home.find();
    let sessions = found.sessions();
    assert_eq!(&sessions[..4], ["edited", "lost", "old", "told"]);
    assert!(sessions[4].starts_with("typed-") && sessions.len() == 5, "{sessions:?}");
    for file in &found.files {
        assert_eq!(
            (file.shown, file.workspace.as_deref()),
            (Some(false), Some(project.as_str())),
            "{file:?}"
        );
    }
    let lost = home.session("lost");
    assert_eq!(lost.title.as_deref(), Some("Title of lost"));
    home.database("workspaceStorage/w1/state.vscdb", &[rows[0], rows[1], rows[2], ("other", "changed")]);
    assert_eq!(
        home.session("lost").stamp,
        lost.stamp,
        "the database changed, and not what it says of the session"
    );
}

#[test]
fn nothing_else_is_read_and_no_link_is_followed() {
    let home = Home::new();
    home.window("w1");
    home.put("globalStorage/storage.json", "SECRET");
    home.put("globalStorage/other.extension/chatSessions/x.jsonl", log("x", &long()));
    home.put("workspaceStorage/w1/chatSessions/a.jsonl", log("a", &long()));
    let outside = home.folder.path().join("outside.jsonl");
    fs::write(&outside, log("outside", &long())).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(&outside, home.at("workspaceStorage/w1/chatSessions/b.jsonl")).unwrap();
        symlink(home.at("workspaceStorage/w1"), home.at("workspaceStorage/w2")).unwrap();
        fs::create_dir_all(home.at("workspaceStorage/w3")).unwrap();
        symlink(home.at("workspaceStorage/w1/chatSessions"), home.at("workspaceStorage/w3/chatSessions"))
            .unwrap();
    }
    let rows = [
        (INDEX, index(&[("a", json!({})), ("lost", json!({}))])),
        ("secret://a", "SECRET".into()),
        ("cursorAuth/accessToken", "SECRET".into()),
    ];
    let rows: Vec<(&str, &str)> = rows.iter().map(|(key, value)| (*key, value.as_str())).collect();
    home.database("workspaceStorage/w1/state.vscdb", &rows);
    let before = tree(&home.user());
    let found = home.find();
    assert_eq!(found.sessions(), ["a", "lost"]);
    assert!(found.files[0].others.is_empty());
    for file in &found.files {
        let (events, report) = read(file);
        let all = format!("{events:?} {report:?}");
        assert!(!all.contains("SECRET"), "{all}");
    }
    assert_eq!(tree(&home.user()), before, "reading changed something");
}

#[test]
fn a_file_leads_to_its_session() {
    let home = Home::new();
    home.window("w1");
    let log_path = home.put("workspaceStorage/w1/chatSessions/a.jsonl", log("a", &long()));
    let whole_path = home.put("workspaceStorage/w1/chatSessions/a.json", whole("a", &long()));
    let told = home.put(
        "workspaceStorage/w1/GitHub.copilot-chat/transcripts/a.jsonl",
        transcript("a", &[(0, "x", "y")]),
    );
    home.put("workspaceStorage/w2/chatSessions/a.jsonl", log("a", &long()));
    home.database(
        "workspaceStorage/w1/state.vscdb",
        &[(INDEX, &index(&[("a", json!({})), ("lost", json!({}))]))],
    );
    for path in [&log_path, &whole_path, &told] {
        let files = vscode().sessions_in(path).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(
            (files[0].session_id.as_str(), files[0].others.len(), files[0].shown),
            ("a", 2, Some(true))
        );
    }
    let kept = vscode().sessions_in(&home.at("workspaceStorage/w1/state.vscdb")).unwrap();
    assert_eq!(kept.iter().map(|file| file.session_id.as_str()).collect::<Vec<_>>(), ["lost"]);
    let loose = home.folder.path().join("chat.json");
    fs::write(&loose, whole("inside", &long())).unwrap();
    assert_eq!(vscode().sessions_in(&loose).unwrap()[0].session_id, "inside");
    let told = home.folder.path().join("x.jsonl");
    fs::write(&told, transcript("told", &[(0, "x", "y")])).unwrap();
    let file = vscode().sessions_in(&told).unwrap().remove(0);
    assert_eq!((file.session_id.as_str(), vscode().workspace(&file).as_deref()), ("told", Some("/told/cwd")));
    fs::write(&loose, "{\"a\":1}").unwrap();
    assert!(vscode().sessions_in(&loose).is_err());
    assert!(vscode().sessions_in(&home.at("none.json")).is_err());
}

#[test]
fn files_are_recognized_by_what_they_say() {
    let insiders = editor("vscode-insiders").unwrap();
    let chat = whole("a", &[]);
    let is = |editor: &dyn chasm_editors::Editor, path: &str, text: &str| {
        editor.recognizes(Path::new(path), text.as_bytes())
    };
    for text in [chat.as_str(), &log("a", &[]), &transcript("a", &[])] {
        assert!(is(vscode(), "/tmp/any.json", text) && !is(insiders, "/tmp/any.json", text), "{text}");
    }
    let there = "/h/.config/Code - Insiders/User/workspaceStorage/1/chatSessions/a.json";
    assert!(is(insiders, there, &chat) && !is(vscode(), there, &chat));
    assert!(is(vscode(), "/u/workspaceStorage/1/chatSessions/a.jsonl", ""), "an empty log is worth a word");
    assert!(!is(vscode(), "/u/a.jsonl", "") && !is(vscode(), "/u/a.json", "{\"messages\":[]}"));
    assert!(is(vscode(), "/h/Code/User/workspaceStorage/1/state.vscdb", "SQLite format 3\0"));
    let claude = editor("claude-code").unwrap();
    assert!(!is(claude, "/tmp/any.jsonl", &log("a", &[])));
}

#[test]
fn the_search_ends_in_time_and_says_what_is_not_there() {
    let home = Home::new();
    assert_eq!(vscode().find(&home.user(), later()).unwrap(), None);
    home.put("workspaceStorage/w1/chatSessions/a.jsonl", log("a", &long()));
    let found = vscode().find(&home.user(), Instant::now()).unwrap().unwrap();
    assert!(!found.complete && found.files.is_empty());
    let around = vscode().find(home.folder.path(), later()).unwrap().unwrap();
    assert_eq!(around.sessions(), ["a"], "the folder around `User` does as well");
    let other = Home::new();
    other.put("workspaceStorage", "a file where a folder should be");
    let error = vscode().find(&other.user(), later()).unwrap_err();
    assert!(error.to_string().contains("workspaceStorage"), "{error}");
}

#[test]
fn folders_are_watched_where_chats_come_and_go() {
    let home = Home::new();
    home.put("workspaceStorage/w1/chatSessions/a.jsonl", "");
    home.put("workspaceStorage/w1/GitHub.copilot-chat/transcripts/a.jsonl", "");
    home.put("workspaceStorage/w2/workspace.json", "{}");
    home.put("globalStorage/emptyWindowChatSessions/b.jsonl", "");
    let watched = vscode().watched(&home.user());
    assert!(watched.iter().all(|folder| !folder.recursive));
    let paths: Vec<_> = watched.iter().map(|folder| folder.path.clone()).collect();
    let expected = [
        "globalStorage/emptyWindowChatSessions",
        "workspaceStorage",
        "workspaceStorage/w1/GitHub.copilot-chat/transcripts",
        "workspaceStorage/w1/chatSessions",
        "workspaceStorage/w2",
    ];
    assert_eq!(paths, expected.map(|name| home.at(name)));
}

#[test]
fn a_project_has_its_sessions_under_each_id_that_it_ever_had() {
    let home = Home::new();
    let project = home.window("w1");
    for (window, uri) in
        [("w2", format!("file://{project}/")), ("w3", "vscode-remote://ssh-remote%2Bbox/p%20q".into())]
    {
        home.put(&format!("workspaceStorage/{window}/workspace.json"), json!({ "folder": uri }).to_string());
    }
    for window in ["w1", "w2", "w3"] {
        home.put(&format!("workspaceStorage/{window}/chatSessions/of-{window}.jsonl"), log("x", &long()));
    }
    let found = home.find();
    let of = |place: &str| {
        let files =
            found.files.iter().filter(|f| f.workspace.as_deref().is_some_and(|w| is_same_place(w, place)));
        files.map(|file| file.session_id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(&project), ["of-w1", "of-w2"]);
    assert_eq!(of(&format!("{project}/")), ["of-w1", "of-w2"]);
    assert_eq!(of("vscode-remote://ssh-remote+box/p q"), ["of-w3"]);
}

#[test]
fn ids_never_change() {
    let family = [
        "vscode",
        "vscode-insiders",
        "vscodium",
        "cursor-vscode",
        "windsurf",
        "positron",
        "code-server",
        "vscode-server",
    ];
    let known = ids();
    assert!(family.iter().all(|id| known.contains(id)), "{known:?}");
    assert_eq!(known.first(), Some(&"claude-code"));
}
