use super::*;
use crate::EDITORS;
use std::ffi::OsString;
use std::fs;
use std::time::Duration;

const ONE: &str = "0b1d2c3a-1111-4222-8333-444455556666";
const TWO: &str = "1b1d2c3a-1111-4222-8333-444455556666";

fn write(path: &Path, cwd: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let line = serde_json::json!({"type": "user", "uuid": "u1", "cwd": cwd, "message": {"content": "hi"}});
    fs::write(path, format!("{line}\n")).unwrap();
}

fn look(home: &Path, path: &Path) -> Looked {
    let home = OsString::from(home);
    let roots = Roots::of_environment(&|name| (name == "HOME").then(|| home.clone()));
    sessions(path, EDITORS, &roots, Instant::now() + Duration::from_secs(60))
}

fn ids(looked: &Looked) -> Vec<&str> {
    looked.sources.iter().map(|(_, file)| file.session_id.as_str()).collect()
}

#[test]
fn a_project_has_its_sessions_of_every_folder_and_their_parts() {
    let home = tempfile::tempdir().unwrap();
    let chats = home.path().join(".claude/projects");
    write(&chats.join(format!("-none-p/{ONE}.jsonl")), "/none/p");
    let part = chats.join(format!("-none-p/{ONE}/subagents/agent-a.jsonl"));
    write(&part, "/none/p");
    fs::write(&part, "{\"type\":\"user\",\"message\":{\"content\":\"no folder said\"}}\n").unwrap();
    write(&chats.join(format!("-other-id/{TWO}.jsonl")), "/none/p/sub");
    write(&chats.join("-none-p2/2b1d2c3a-1111-4222-8333-444455556666.jsonl"), "/none/p2");
    let looked = look(home.path(), Path::new("/none/p/"));
    assert_eq!(ids(&looked), [ONE, &format!("{ONE}/agent-a"), TWO]);
    assert_eq!((looked.places, looked.unplaced), (vec![chats], 0));
    assert!(ids(&look(home.path(), Path::new("/none/q"))).is_empty());
}

#[test]
fn a_folder_of_chats_gives_all_it_holds_and_a_checkout_only_its_own() {
    let home = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("backup");
    write(&copy.join(format!("x/{ONE}.jsonl")), "/gone");
    fs::write(copy.join("x/notes.md"), "no chat").unwrap();
    assert_eq!(ids(&look(home.path(), &copy)), [ONE]);
    assert_eq!(ids(&look(home.path(), &copy.join("x"))), [ONE]);
    fs::create_dir(copy.join(".git")).unwrap();
    assert!(ids(&look(home.path(), &copy)).is_empty(), "a checkout's test files are nobody's chats");

    // a copy of the whole folder of an editor is told by its shape, in a checkout too
    let root = place.path().join("dot-claude");
    fs::create_dir_all(root.join(".git")).unwrap();
    write(&root.join(format!("projects/-p/{TWO}.jsonl")), "/gone");
    assert_eq!(ids(&look(home.path(), &root)), [TWO]);
}

#[test]
fn a_home_is_not_searched_file_by_file() {
    let home = tempfile::tempdir().unwrap();
    write(&home.path().join(format!(".claude/projects/-p/{ONE}.jsonl")), "/none/p");
    write(&home.path().join(format!("downloads/{TWO}.jsonl")), "/none/p");
    assert!(ids(&look(home.path(), home.path())).is_empty());
    assert_eq!(ids(&look(home.path(), &home.path().join(".claude"))), [ONE]);
}
