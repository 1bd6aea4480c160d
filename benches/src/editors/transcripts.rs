//! Transcripts of Claude Code, as many as wanted, made of real ones.
//!
//! Owns ids and words: each session has its own. Invariant: the same arguments give the same files.

use anyhow::Result;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Bytes of one session, about: 10,000 of them are 443 MB.
const SESSION_BYTES: usize = 44_300;
/// Smaller templates than this say too little.
const TEMPLATE_BYTES: u64 = 20_000;
/// Sessions of one project.
const PROJECT: usize = 100;

pub struct Made {
    pub files: Vec<PathBuf>,
    pub bytes: u64,
    /// Lines of type `user` and `assistant`.
    pub messages: u64,
    pub from: &'static str,
}

pub fn make(folder: &Path, sessions: usize) -> Result<Made> {
    let (from, templates) = templates()?;
    let mut made = Made { files: Vec::new(), bytes: 0, messages: 0, from };
    for nth in 0..sessions {
        let project = folder.join(format!("-home-ada-project-{}", nth / PROJECT));
        fs::create_dir_all(&project)?;
        let id = uuid(&(nth, "session"));
        let path = project.join(format!("{id}.jsonl"));
        let text = session(&templates, nth, &id, &mut made.messages);
        made.bytes += text.len() as u64;
        fs::write(&path, text)?;
        // yesterday and before: nobody writes them now
        let age = std::time::Duration::from_secs(86_400 + nth as u64 * 60);
        let then = std::time::SystemTime::now() - age;
        fs::File::options().append(true).open(&path)?.set_modified(then)?;
        made.files.push(path);
    }
    Ok(made)
}

/// One line more for a transcript.
pub fn line(path: &Path, nth: usize, word: &str) -> String {
    let session = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let text = format!("one line more, with the word {word} in it");
    json!({"type": "user", "uuid": uuid(&(nth, word)), "sessionId": session, "timestamp": format!("2027-01-01T00:00:{:02}Z", nth % 60),
        "message": {"role": "user", "content": [{"type": "text", "text": text}]}})
    .to_string()
}

type Template = Vec<Value>;

fn templates() -> Result<(&'static str, Vec<Template>)> {
    let data =
        std::env::var_os("CHASM_TEST_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let mut paths = Vec::new();
    walk(&data.join("claude"), &mut paths);
    paths.sort();
    let mut templates = Vec::new();
    for path in paths {
        let lines: Template =
            fs::read_to_string(&path)?.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        templates.extend((lines.len() >= 4).then_some(lines));
    }
    if templates.is_empty() {
        return Ok(("made-up lines", vec![made_up()]));
    }
    Ok(("real transcripts with other ids and words", templates))
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, size) = (entry.path(), entry.metadata().map(|about| about.len()).unwrap_or_default());
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "jsonl") && size >= TEMPLATE_BYTES {
            paths.push(path);
        }
    }
}

fn made_up() -> Template {
    let text = "the quick brown fox jumps over the lazy dog and looks for another fence ".repeat(25);
    let line = |n: usize| {
        let role = if n.is_multiple_of(2) { "user" } else { "assistant" };
        json!({"type": role, "uuid": format!("u{n}"), "sessionId": "s", "timestamp": "2026-01-31T14:02:05Z",
            "message": {"role": role, "id": format!("m{n}"), "content": [{"type": "text", "text": text}]}})
    };
    (0..24).map(line).collect()
}

/// Lines of one template after the other, until the session is long enough.
fn session(templates: &[Template], nth: usize, id: &str, messages: &mut u64) -> String {
    let mut text = String::new();
    let mut round = 0;
    while text.len() < SESSION_BYTES {
        let mut change = Change { seed: (nth, round), session: id.to_owned(), ids: HashMap::new() };
        for line in templates.get((nth + round) % templates.len()).into_iter().flatten() {
            let mut line = line.clone();
            change.value(None, &mut line);
            *messages +=
                u64::from(matches!(line.get("type").and_then(Value::as_str), Some("user" | "assistant")));
            text.push_str(&line.to_string());
            text.push('\n');
            if text.len() >= SESSION_BYTES {
                break;
            }
        }
        round += 1;
    }
    text
}

/// Other ids and words, the same ones for the same within a session.
struct Change {
    seed: (usize, usize),
    session: String,
    ids: HashMap<String, String>,
}

impl Change {
    fn value(&mut self, key: Option<&str>, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(key.unwrap_or_default(), text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(key, item)),
            Value::Object(fields) => fields.iter_mut().for_each(|(key, item)| self.value(Some(key), item)),
            _ => {}
        }
    }

    fn text(&mut self, key: &str, text: &str) -> String {
        match key {
            "sessionId" => self.session.clone(),
            "uuid" | "parentUuid" | "leafUuid" | "messageId" | "id" | "tool_use_id" | "requestId"
            | "agentId" => {
                let seed = self.seed;
                self.ids.entry(text.to_owned()).or_insert_with(|| uuid(&(seed, text))).clone()
            }
            "type" | "role" | "timestamp" | "model" | "name" | "version" | "userType" | "subtype"
            | "stop_reason" => text.to_owned(),
            _ => text.split_inclusive(' ').map(|word| self.word(word)).collect(),
        }
    }

    /// One word in four is another one in each session; so all of them have words of their own.
    fn word(&self, word: &str) -> String {
        let plain = word.trim_end();
        let changes = plain.len() >= 4 && plain.bytes().all(|b| b.is_ascii_alphabetic());
        let hash = hash(&(self.seed, plain));
        if !changes || !hash.is_multiple_of(4) {
            return word.to_owned();
        }
        let mut other: String = plain
            .bytes()
            .zip(hash.to_be_bytes().iter().cycle())
            .map(|(b, h)| char::from(b'a' + (b.wrapping_add(h % 5)) % 26))
            .collect();
        other.push_str(word.get(plain.len()..).unwrap_or_default());
        other
    }
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn uuid(of: &impl Hash) -> String {
    let (a, b) = (hash(&(of, 1)), hash(&(of, 2)));
    let hex = format!("{a:016x}{b:016x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
