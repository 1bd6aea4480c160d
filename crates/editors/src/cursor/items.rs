//! Chats that are a row of a workspace's database: composers and chat tabs of old versions, and the prompts that were typed.
//!
//! Owns their forms. Invariant: a chat is told by its own id; a list of prompts by its workspace.

use super::composer::{self, Composer};
use super::pen::{Pen, Start};
use super::store::{Item, MAX_JSON, Store};
use super::{CURSOR, bubble, fields, title_of};
use crate::ids::{self, hash};
use crate::sqlite::DatabaseError;
use crate::times::of_file;
use crate::{Each, ReadReport, SessionFile};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A chat in a row.
pub struct Chat {
    pub session_id: String,
    pub title: Option<String>,
    /// Bytes of it as JSON.
    pub bytes: u64,
    pub kind: Kind,
    value: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Composer,
    Tab,
    Prompts,
}

/// The composers whose bubbles stand within the list.
pub fn composers(store: &mut Store) -> Result<Vec<Chat>, DatabaseError> {
    let list = value(store, Item::Composers)?;
    let all = list.get("allComposers").and_then(Value::as_array).into_iter().flatten();
    let said = all.filter(|composer| has_any(composer, "conversation"));
    Ok(said.filter_map(|composer| chat(composer, "composerId", "name", Kind::Composer)).collect())
}

/// The ids of all composers that a workspace lists.
pub fn composer_ids(store: &mut Store) -> Result<Vec<String>, DatabaseError> {
    let list = value(store, Item::Composers)?;
    let all = list.get("allComposers").and_then(Value::as_array).into_iter().flatten();
    let all = all.filter_map(|composer| composer.get("composerId"));
    let named =
        ["selectedComposerIds", "lastFocusedComposerIds"].iter().filter_map(|key| list.get(*key)?.as_array());
    let ids = all.chain(named.flatten()).filter_map(Value::as_str).map(str::to_owned);
    Ok(ids.collect())
}

/// The tabs of the old chat.
pub fn tabs(store: &mut Store) -> Result<Vec<Chat>, DatabaseError> {
    let list = value(store, Item::OldChats)?;
    let all = list.get("tabs").and_then(Value::as_array).into_iter().flatten();
    let said = all.filter(|tab| has_any(tab, "bubbles"));
    Ok(said.filter_map(|tab| chat(tab, "tabId", "chatTitle", Kind::Tab)).collect())
}

/// The prompts of a workspace, of which nothing else may be left.
pub fn prompts(store: &mut Store, workspace_id: &str) -> Result<Option<Chat>, DatabaseError> {
    let Value::Array(prompts) = value(store, Item::Prompts)? else { return Ok(None) };
    if prompts.is_empty() {
        return Ok(None);
    }
    let generations = value(store, Item::Generations)?;
    let title = prompts.iter().find_map(|prompt| title_of(prompt.get("text")?.as_str()?));
    let value = fields(json!({ "prompts": prompts, "generations": generations }));
    let session_id = ids::session_id(CURSOR.id, &format!("cursor-prompts-{workspace_id}"));
    Ok(Some(Chat { session_id, title, bytes: size(&value), kind: Kind::Prompts, value }))
}

impl Chat {
    /// Changes when it has changed.
    pub fn stamp(&self) -> u64 {
        hash(&serde_json::to_string(&self.value).unwrap_or_default())
    }

    pub fn write(
        self,
        file: &SessionFile,
        each: Each<'_>,
        report: &mut ReadReport,
    ) -> Result<(), DatabaseError> {
        match self.kind {
            Kind::Composer => {
                let id = text(&self.value, "composerId").unwrap_or_default();
                composer::write(None, Composer { id, fields: self.value }, None, file, each, report)
            }
            Kind::Tab => {
                self.tab(file, each, report);
                Ok(())
            }
            Kind::Prompts => {
                self.typed(file, each, report);
                Ok(())
            }
        }
    }

    fn tab(mut self, file: &SessionFile, each: Each<'_>, report: &mut ReadReport) {
        let bubbles = match self.value.remove("bubbles") {
            Some(Value::Array(bubbles)) => bubbles,
            _ => Vec::new(),
        };
        let first = bubbles.iter().find_map(|bubble| bubble::created_at(bubble.as_object()?));
        let last = self.value.get("lastSendTime").and_then(bubble::time);
        let mut pen = Pen::new(
            &file.session_id,
            first.or(last).unwrap_or_else(|| of_file(file.modified)),
            report,
            each,
        );
        let about = Map::from_iter([("tab_id".to_owned(), json!(text(&self.value, "tabId")))]);
        pen.start(CURSOR, Start { workspace: file.workspace.clone(), about, ..Start::default() });
        for (nth, bubble) in bubbles.into_iter().enumerate() {
            let own = bubble.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
            pen.report.lines += 1;
            bubble::write(
                &mut pen,
                &own.unwrap_or_else(|| format!("tab-{nth}")),
                bubble,
                bubble::Place::InOrder,
            );
        }
        let mut data = Map::new();
        data.extend(self.title.map(|title| ("title".to_owned(), json!(title))));
        data.insert("metadata".into(), json!({ "cursor": self.value }));
        pen.push("session_update", "tab", last, data);
    }

    fn typed(self, file: &SessionFile, each: Each<'_>, report: &mut ReadReport) {
        let generations = self.value.get("generations").and_then(Value::as_array);
        let times = generations.into_iter().flatten().filter_map(|said| {
            Some((said.get("textDescription")?.as_str()?, bubble::time(said.get("unixMs")?)?))
        });
        let times: HashMap<&str, Timestamp> = times.collect();
        let prompts = self.value.get("prompts").and_then(Value::as_array).cloned().unwrap_or_default();
        let at = |prompt: &Value| times.get(prompt.get("text")?.as_str()?).copied();
        let first = prompts.iter().find_map(at).unwrap_or_else(|| of_file(file.modified));
        let mut pen = Pen::new(&file.session_id, first, report, each);
        pen.start(
            CURSOR,
            Start { workspace: file.workspace.clone(), title: self.title.clone(), ..Start::default() },
        );
        let mut typed: HashMap<&str, u32> = HashMap::new();
        for prompt in &prompts {
            let text = prompt.get("text").and_then(Value::as_str).unwrap_or_default();
            let nth = typed.entry(text).or_default();
            let id = format!("prompt-{:016x}-{nth}", hash(text));
            *nth += 1;
            let data = json!({ "role": "user", "content": text, "message_id": id, "metadata": { "cursor": prompt } });
            pen.report.lines += 1;
            pen.report.messages += 1;
            pen.push_once("message", id, at(prompt), fields(data));
        }
        let unasked = Map::from_iter([("generations".to_owned(), json!(generations))]);
        pen.push("cursor.generations", "generations", None, unasked);
        report.lacks(
            "the chats are gone, and with them all answers: only what was typed in this folder is left",
        );
    }
}

/// A row as JSON; `null` where there is none or it is nothing of the kind.
fn value(store: &mut Store, item: Item) -> Result<Value, DatabaseError> {
    let bytes = store.item(item)?.filter(|bytes| bytes.len() as u64 <= MAX_JSON);
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
}

fn chat(value: &Value, id: &str, title: &str, kind: Kind) -> Option<Chat> {
    let value = value.as_object()?.clone();
    let session_id = ids::session_id(CURSOR.id, &text(&value, id)?);
    Some(Chat { session_id, title: text(&value, title), bytes: size(&value), kind, value })
}

fn has_any(value: &Value, list: &str) -> bool {
    value.get(list).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
}

fn text(value: &Map<String, Value>, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn size(value: &Map<String, Value>) -> u64 {
    serde_json::to_string(value).unwrap_or_default().len() as u64
}
