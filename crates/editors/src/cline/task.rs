//! One task: which files it has, and in which order what they say is written.
//!
//! Owns the names of the files that are read. Never opens another file of the folder. Invariant: what the model saw and what
//! the window showed are written in the order of their times, so that a task that has grown gives the same first events.

use super::api::Message;
use super::ui::Shown;
use super::{WHAT, api, ui};
use crate::document::{self, Document};
use crate::editor::SessionFile;
use crate::jsonl::Out;
use crate::sheet::{Editing, Sheet, fields, text, without};
use crate::{ReadError, ids, times, walk};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

const API: &str = "api_conversation_history.json";
/// What the window showed; the second name is that of old versions.
const UI: [&str; 2] = ["ui_messages.json", "claude_messages.json"];
/// What stands beside the talk.
const BESIDE: [&str; 2] = ["task_metadata.json", "history_item.json"];
/// Files of Cline's newer programs.
const SESSION: &str = ".messages.json";
/// Bytes of a talk's beginning in which the program names the folder that it works in.
const SAMPLE_BYTES: u64 = 256 * 1024;

pub fn is_named_so(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name == API || UI.contains(&name.as_ref()) || name.ends_with(SESSION)
}

pub fn looks_like(beginning: &[u8]) -> bool {
    let start = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning).trim_ascii_start();
    start.first().is_none_or(|b| matches!(b, b'[' | b'{' | 0))
}

/// The sessions of a folder: that of a task, or those of Cline's newer programs.
pub fn files(folder: &Path) -> Vec<SessionFile> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let names = [API].iter().chain(&UI).chain(&BESIDE);
    let mut there =
        names.map(|name| folder.join(name)).filter_map(|path| Some((walk::regular(&path)?, path)));
    let mut task = match there.next() {
        Some((about, path)) if is_named_so(&path) => {
            vec![SessionFile::new(ids::session_id("cline", &name), &path, &about)]
        }
        _ => Vec::new(),
    };
    task.iter_mut().for_each(|file| there.by_ref().for_each(|(about, path)| file.add(&path, &about)));
    let inner = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    for path in inner.filter(|path| is_session(path)) {
        if let Some(about) = walk::regular(&path) {
            task.push(SessionFile::new(session_id(&path), &path, &about));
        }
    }
    task.sort();
    task
}

/// `<session>/<session>.messages.json` is the session's; others in the folder are of its sub-agents.
fn session_id(path: &Path) -> String {
    let name = |path: Option<&Path>| {
        let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_default()
    };
    let (folder, file) = (name(path.parent()), name(Some(path)));
    let stem = file.strip_suffix(SESSION).unwrap_or(&file);
    let id = if stem == folder { folder } else { format!("{folder}/{stem}") };
    ids::session_id("cline", &id)
}

/// The documents that have to be whole while a session is followed. What the model saw is written a little later than what the
/// window shows: without it all would be taken from the window.
pub fn awaited(file: &SessionFile) -> Vec<PathBuf> {
    let own = [&file.path].into_iter().chain(&file.others).filter(|path| is_named_so(path)).cloned();
    let api = file.path.parent().filter(|_| !is_session(&file.path)).map(|folder| folder.join(API));
    let mut awaited: Vec<PathBuf> = own.chain(api).collect();
    awaited.dedup();
    awaited
}

fn is_session(path: &Path) -> bool {
    path.to_string_lossy().ends_with(SESSION)
}

pub fn read(file: &SessionFile, editing: Editing, out: &mut Out<'_>) -> Result<(), ReadError> {
    match is_session(&file.path) {
        true => read_session(&file.path, editing, out),
        false => read_task(&file.path, editing, out),
    }
}

/// A session of Cline's newer programs: one document.
fn read_session(path: &Path, editing: Editing, out: &mut Out<'_>) -> Result<(), ReadError> {
    let mut document = document::read(path, api::is_message)?;
    document.tell(None, out.report);
    let root = match std::mem::take(&mut document.root) {
        Value::Object(root) => root,
        other => Map::from_iter([("messages".to_owned(), other)]),
    };
    let about = without(&root, &["messages", "updated_at"]).unwrap_or_else(|| json!({}));
    let mut all = root.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
    all.append(&mut document.strays);
    if all.is_empty() && !document.is_damaged() && !root.contains_key("messages") {
        return Err(ReadError::other(path, WHAT));
    }
    let messages = api::messages(all, &[], document.cut);
    let at = messages.iter().find_map(|message| message.at).unwrap_or_else(|| time_of(path));
    let mut sheet = Sheet::new(session_id(path), editing, at);
    sheet.start(None, about, at, out);
    for message in &messages {
        out.report.lines += 1;
        message.write(&mut sheet, message.at, out);
    }
    if let Some(at) = root.get("updated_at") {
        let (data, latest) =
            (json!({ "metadata": { editing.format: { "updated_at": at } } }), sheet.latest());
        sheet.fix("session_update", "about", latest, fields(data), out);
    }
    sheet.damaged(&document.losses, out);
    Ok(())
}

fn read_task(path: &Path, editing: Editing, out: &mut Out<'_>) -> Result<(), ReadError> {
    let folder = path.parent().unwrap_or(path);
    let mut files = Files::of(folder, out)?;
    let api_cut = files.api.as_ref().is_some_and(|api| api.cut);
    let api_damaged = files.api.as_ref().is_none_or(Document::is_damaged);
    let shown = ui::shown(files.ui.as_mut().map(elements).unwrap_or_default());
    let messages = api::messages(files.api.as_mut().map(elements).unwrap_or_default(), &shown, api_cut);
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let first = shown.iter().map(|shown| shown.at).chain(messages.iter().filter_map(|m| m.at)).min();
    let at = first.unwrap_or_else(|| time_of(path));
    let mut sheet = Sheet::new(ids::session_id("cline", &name), editing, at);
    sheet.start(workspace(folder), json!({ "task": name }), at, out);
    let from = match api_damaged {
        true => Some(ui::uncovered(&shown, &messages)),
        false => None,
    };
    if api_damaged {
        out.report
            .lacks(format!("{API} is damaged or gone: what it lacks was read from what the window showed"));
    }
    write(&messages, &shown, from, &mut sheet, out);
    beside(&files.beside, at, &mut sheet, out);
    for document in files.api.iter().chain(&files.ui) {
        sheet.damaged(&document.losses, out);
    }
    Ok(())
}

/// The files of a task, as far as they are there and can be read.
struct Files {
    api: Option<Document>,
    ui: Option<Document>,
    beside: Vec<(&'static str, Value)>,
}

impl Files {
    fn of(folder: &Path, out: &mut Out<'_>) -> Result<Self, ReadError> {
        let mut one = |name: &str, is_element: fn(&Value) -> bool| match walk::regular(&folder.join(name)) {
            None => Ok(None),
            Some(_) => match document::read(&folder.join(name), is_element) {
                Ok(document) => {
                    document.tell(Some(name), out.report);
                    Ok(Some(document))
                }
                Err(ReadError::Empty { .. }) => Ok(None),
                Err(error) => Err(error),
            },
        };
        let api = one(API, api::is_message)?;
        let mut ui = None;
        for name in UI {
            ui = if ui.is_none() { one(name, ui::is_shown)? } else { ui };
        }
        let mut beside = Vec::new();
        for name in BESIDE {
            let value = one(name, |_| false)?.map(|document| document.root).filter(|root| !root.is_null());
            beside.extend(value.map(|value| (name.trim_end_matches(".json"), value)));
        }
        match (&api, &ui) {
            (None, None) => Err(ReadError::empty(&folder.join(API))),
            _ => Ok(Self { api, ui, beside }),
        }
    }
}

fn elements(document: &mut Document) -> Vec<Value> {
    let mut all = match std::mem::take(&mut document.root) {
        Value::Array(all) => all,
        Value::Null => Vec::new(),
        other => vec![other],
    };
    all.append(&mut document.strays);
    all
}

/// Everything in the order of its time; at one time what the model saw comes first.
fn write(
    messages: &[Message],
    shown: &[Shown],
    from: Option<Timestamp>,
    sheet: &mut Sheet,
    out: &mut Out<'_>,
) {
    let mut shown = shown.iter().peekable();
    let mut now = sheet.latest();
    let mut show = |until: Option<Timestamp>, sheet: &mut Sheet, out: &mut Out<'_>| {
        while let Some(next) = shown.next_if(|next| until.is_none_or(|until| next.at < until)) {
            out.report.count("shown");
            next.write(from.is_some_and(|from| next.at >= from), sheet, out);
        }
    };
    for message in messages {
        out.report.lines += 1;
        now = now.max(message.at.unwrap_or(now));
        show(Some(now), sheet, out);
        message.write(sheet, Some(now), out);
    }
    show(None, sheet, out);
}

/// What stands beside the talk: models, costs, files. It is written anew each time.
fn beside(beside: &[(&'static str, Value)], at: Timestamp, sheet: &mut Sheet, out: &mut Out<'_>) {
    for (name, value) in beside {
        let mut data = fields(json!({ "metadata": { sheet.editing.format: { *name: value } } }));
        let used =
            value.get("model_usage").and_then(Value::as_array).and_then(|used| used.last()?.as_object());
        let model = used.and_then(|used| text(used, "model_id"));
        data.extend(model.map(|model| ("model".to_owned(), json!(model))));
        sheet.fix("session_update", name, at, data, out);
    }
}

/// The folder that a task works in, as its list of tasks or the first message to the model names it.
pub fn workspace(folder: &Path) -> Option<String> {
    let item = walk::regular(&folder.join("history_item.json"))
        .and_then(|_| document::read(&folder.join("history_item.json"), |_| false).ok());
    let listed = item.and_then(|item| Some(item.root.get("workspace")?.as_str()?.to_owned()));
    listed.filter(|path| !path.is_empty()).or_else(|| {
        let mut sample = Vec::new();
        walk::open_unlinked(&folder.join(API))?.take(SAMPLE_BYTES).read_to_end(&mut sample).ok()?;
        named_folder(&String::from_utf8_lossy(&sample))
    })
}

/// The folder in `# Current Working Directory (/home/ada/x) Files`, as it stands in JSON.
fn named_folder(json: &str) -> Option<String> {
    let marks = ["# Current Working Directory (", "# Current Workspace Directory ("];
    let rest = marks.iter().find_map(|mark| Some(json.split_once(mark)?.1))?;
    let quoted = rest.split_once(") Files")?.0;
    serde_json::from_str::<String>(&format!("\"{quoted}\"")).ok().filter(|path| path.len() < 4096)
}

/// Where nothing of the talk has a time: old tasks are named by theirs.
fn time_of(path: &Path) -> Timestamp {
    let name = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let named =
        name.filter(|name| name.len() == 13).and_then(|name| Timestamp::from_millis(name.parse().ok()?).ok());
    named.unwrap_or_else(|| times::of_file(fs::metadata(path).ok().as_ref().and_then(walk::made)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_read_from_what_the_model_was_told() {
        let at = |text: &str| named_folder(&json!([{ "content": text }]).to_string());
        assert_eq!(at("# Current Working Directory (/home/ada/x) Files\na").as_deref(), Some("/home/ada/x"));
        assert_eq!(at("# Current Workspace Directory (c:\\Users\\a) Files").as_deref(), Some("c:\\Users\\a"));
        assert_eq!(at("nothing"), None);
    }

    #[test]
    fn sessions_are_named_after_their_folder() {
        assert_eq!(session_id(Path::new("/s/a1/a1.messages.json")), "a1");
        assert_eq!(session_id(Path::new("/s/a1/helper.messages.json")), "a1/helper");
        assert!(is_named_so(Path::new("a/ui_messages.json")) && !is_named_so(Path::new("a/settings.json")));
    }
}
