//! A composer: a chat whose list of bubbles is one row, and each bubble another; in old versions all of it is one.
//!
//! Owns their order and what is missing of them. Never holds more than one bubble besides the list. Invariant: every bubble of
//! the chat is written once, in the list or not.

use super::bubble::{self, Place};
use super::pen::{Pen, Start};
use super::store::{MAX_JSON, Store};
use super::{CURSOR, fields, take, title_of};
use crate::ids::hash;
use crate::sqlite::DatabaseError;
use crate::times::of_file;
use crate::{BadPlace, Each, ReadReport, SessionFile};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// Bubbles that are asked for what the list does not say of the chat.
const ASKED: usize = 3;

/// A chat as its first row has it.
pub struct Composer {
    pub id: String,
    pub fields: Map<String, Value>,
}

/// The bubbles of a chat on their way.
struct Bubbles<'a> {
    store: &'a mut Store,
    composer: &'a str,
    /// Lengths of those that have a row; `None` for NULL.
    rows: HashMap<String, Option<u64>>,
    /// Rows by the id that stands within them, where no entry of the list is theirs.
    aliases: HashMap<String, String>,
    inline: Map<String, Value>,
    empty: usize,
    gone: usize,
    unread: usize,
}

/// Reads a composer that has rows of its own.
pub fn read(
    store: &mut Store,
    id: &str,
    file: &SessionFile,
    each: Each<'_>,
    report: &mut ReadReport,
) -> Result<(), DatabaseError> {
    let mut bad = None;
    let mut found = Map::new();
    match store.composer(id)? {
        Some(bytes) if bytes.len() as u64 > MAX_JSON => bad = Some((bytes.len(), String::new(), "too large")),
        Some(bytes) => match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => found = fields,
            _ => bad = Some((bytes.len(), String::from_utf8_lossy(&bytes).into_owned(), "no JSON object")),
        },
        None => report.lacks("the list of its messages: their order is that of their times"),
    }
    let composer = Composer { id: id.to_owned(), fields: found };
    write(Some(store), composer, bad, file, each, report)?;
    let damaged = store.damage().iter().map(|damage| (damage.page, damage.why.clone())).collect::<Vec<_>>();
    for (page, why) in damaged {
        report.damage(place(0, format!("page {page}: {why}")));
        report.lacks("the database is damaged: messages may be missing");
    }
    Ok(())
}

/// Writes a composer. Without a store all of it is in its fields.
pub fn write(
    store: Option<&mut Store>,
    mut composer: Composer,
    bad: Option<(usize, String, &'static str)>,
    file: &SessionFile,
    each: Each<'_>,
    report: &mut ReadReport,
) -> Result<(), DatabaseError> {
    let headers = headers(&composer.fields);
    let listed = take(&mut composer.fields, "conversation", Value::is_array);
    let listed = match listed {
        Some(Value::Array(bubbles)) => bubbles,
        _ => Vec::new(),
    };
    let mut bubbles = match store {
        Some(store) => Some(Bubbles::of(store, &composer.id, &mut composer.fields)?),
        None => None,
    };
    let asked = match &mut bubbles {
        Some(bubbles) => bubbles.asked(&headers)?,
        None => listed.iter().take(ASKED).cloned().map(fields).collect(),
    };
    let first_at = first_at(&composer.fields, &asked, file);
    let mut pen = Pen::new(&file.session_id, first_at, report, each);
    pen.start(CURSOR, start(&composer, &asked, file));
    rest(&mut pen, &mut composer.fields, bad);
    for (nth, bubble) in listed.into_iter().enumerate() {
        let id = own_id(&bubble).unwrap_or_else(|| format!("inline-{nth}"));
        bubble::write(&mut pen, &id, bubble, Place::InOrder);
    }
    if let Some(bubbles) = bubbles {
        bubbles.write(&mut pen, headers)?;
    }
    title(&mut pen, &composer.fields, &asked);
    Ok(())
}

impl<'a> Bubbles<'a> {
    fn of(
        store: &'a mut Store,
        composer: &'a str,
        fields: &mut Map<String, Value>,
    ) -> Result<Self, DatabaseError> {
        let rows = store.bubbles(composer)?.into_iter().collect();
        let inline = match take(fields, "conversationMap", Value::is_object) {
            Some(Value::Object(inline)) => inline,
            _ => Map::new(),
        };
        Ok(Self { store, composer, rows, aliases: HashMap::new(), inline, empty: 0, gone: 0, unread: 0 })
    }

    /// The first bubbles, for what the chat does not say of itself.
    fn asked(&mut self, headers: &[String]) -> Result<Vec<Map<String, Value>>, DatabaseError> {
        let mut ids: Vec<String> = headers.iter().take(ASKED).cloned().collect();
        if ids.is_empty() {
            ids = self.rows.keys().cloned().collect();
            ids.sort();
            ids.truncate(ASKED);
        }
        let mut asked = Vec::new();
        for id in ids {
            match self.value(&id) {
                Ok(value) => {
                    asked.extend(value.and_then(|bytes| serde_json::from_slice(&bytes).ok()).map(fields))
                }
                Err(DatabaseError::Damaged { .. } | DatabaseError::TooLarge { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(asked)
    }

    fn write(mut self, pen: &mut Pen<'_>, headers: Vec<String>) -> Result<(), DatabaseError> {
        self.find_aliases(&headers)?;
        let mut seen = HashSet::new();
        for id in headers {
            if pen.ended {
                return Ok(());
            }
            if !seen.insert(hash(&id)) {
                pen.report.copies += 1;
                continue;
            }
            let row = self.aliases.remove(&id).unwrap_or_else(|| id.clone());
            match self.rows.remove(&row) {
                Some(_) => self.row(pen, &row, Place::InOrder)?,
                None => match self.inline.remove(&id) {
                    Some(bubble) => bubble::write(pen, &id, bubble, Place::InOrder),
                    None => self.gone += 1,
                },
            }
        }
        self.unplaced(pen)?;
        self.missing(pen.report);
        Ok(())
    }

    /// What is in no list: in the order of its times.
    fn unplaced(&mut self, pen: &mut Pen<'_>) -> Result<(), DatabaseError> {
        let mut ids = Vec::new();
        for id in std::mem::take(&mut self.rows).into_keys() {
            ids.push((self.peek(&id)?.and_then(|bubble| bubble::created_at(&bubble)), id));
        }
        ids.sort();
        for (_, id) in ids {
            self.row(pen, &id, Place::Unplaced)?;
        }
        for (id, bubble) in std::mem::take(&mut self.inline) {
            bubble::write(pen, &id, bubble, Place::Unplaced);
        }
        Ok(())
    }

    fn row(&mut self, pen: &mut Pen<'_>, id: &str, place: Place) -> Result<(), DatabaseError> {
        if pen.ended {
            return Ok(());
        }
        pen.report.lines += 1;
        match self.value(id) {
            Ok(None) => self.empty += 1,
            Ok(Some(bytes)) => match serde_json::from_slice(&bytes) {
                Ok(bubble @ Value::Object(_)) => bubble::write(pen, id, bubble, place),
                _ => damaged(
                    pen,
                    id,
                    bytes.len(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                    "no JSON object",
                ),
            },
            Err(error @ (DatabaseError::Damaged { .. } | DatabaseError::TooLarge { .. })) => {
                self.unread += 1;
                pen.report.damage(self::place(1, error.to_string()));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Some rows are listed under the id that they say themselves, and not under that of their key.
    fn find_aliases(&mut self, headers: &[String]) -> Result<(), DatabaseError> {
        let listed: HashSet<&String> = headers.iter().collect();
        if headers.iter().all(|id| self.rows.contains_key(id)) {
            return Ok(());
        }
        let mut others: Vec<String> = self.rows.keys().filter(|id| !listed.contains(id)).cloned().collect();
        others.sort();
        for row in others {
            let own = self.peek(&row)?.and_then(|bubble| own_id(&Value::Object(bubble)));
            if let Some(own) = own.filter(|own| listed.contains(own) && !self.rows.contains_key(own)) {
                self.aliases.entry(own).or_insert(row);
            }
        }
        Ok(())
    }

    /// What a row says, if it can be read at all.
    fn peek(&mut self, id: &str) -> Result<Option<Map<String, Value>>, DatabaseError> {
        match self.value(id) {
            Ok(bytes) => Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok())),
            Err(DatabaseError::Damaged { .. } | DatabaseError::TooLarge { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn value(&mut self, id: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.store.bubble(self.composer, id)
    }

    fn missing(&self, report: &mut ReadReport) {
        if self.empty > 0 {
            report.lacks(format!("messages whose rows are empty: {}", self.empty));
        }
        if self.gone > 0 {
            report.lacks(format!(
                "messages that the chat lists and that are not in the database: {}",
                self.gone
            ));
        }
        if self.unread > 0 {
            report.lacks(format!("messages whose rows cannot be read: {}", self.unread));
        }
    }
}

/// A row that is no JSON, kept as it stands.
fn damaged(pen: &mut Pen<'_>, id: &str, bytes: usize, text: String, why: &str) {
    pen.report.damage(place(bytes, format!("row {id}: {why}")));
    let data = fields(json!({ "row": id, "text": text, "why": why }));
    pen.push("cursor.damaged", &format!("damaged-{id}"), None, data);
}

fn place(bytes_lost: usize, why: String) -> BadPlace {
    BadPlace { file: None, line: 0, offset: 0, bytes_lost: bytes_lost as u64, why }
}

fn own_id(bubble: &Value) -> Option<String> {
    let id = bubble.get("bubbleId").or_else(|| bubble.get("id"))?;
    id.as_str().map(str::to_owned)
}

fn headers(composer: &Map<String, Value>) -> Vec<String> {
    let list = composer.get("fullConversationHeadersOnly").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(own_id).collect()
}

fn first_at(composer: &Map<String, Value>, asked: &[Map<String, Value>], file: &SessionFile) -> Timestamp {
    let own = composer.get("createdAt").and_then(bubble::time);
    own.or_else(|| asked.iter().find_map(bubble::created_at)).unwrap_or_else(|| of_file(file.modified))
}

fn start(composer: &Composer, asked: &[Map<String, Value>], file: &SessionFile) -> Start {
    let said = || workspace(&composer.fields).or_else(|| asked.iter().find_map(bubble::workspace));
    let mut about = Map::from_iter([("composer_id".to_owned(), json!(composer.id))]);
    about.extend(composer.fields.get("createdAt").map(|at| ("created_at".to_owned(), at.clone())));
    Start { workspace: file.workspace.clone().or_else(said), about, ..Start::default() }
}

/// The project that a composer names itself, in newer versions.
pub fn workspace(composer: &Map<String, Value>) -> Option<String> {
    let uri = composer.get("workspaceIdentifier")?.get("uri")?;
    let named = ["fsPath", "external", "path"].iter().find_map(|key| uri.get(*key)?.as_str());
    named.or_else(|| uri.as_str()).filter(|path| !path.is_empty()).map(str::to_owned)
}

/// All else that the chat's own row says; keys that lock what Cursor keeps elsewhere are nobody's business.
fn rest(pen: &mut Pen<'_>, composer: &mut Map<String, Value>, bad: Option<(usize, String, &'static str)>) {
    composer.retain(|key, _| !key.to_ascii_lowercase().contains("encryptionkey"));
    if !composer.is_empty() {
        let data = Map::from_iter([("composer".to_owned(), Value::Object(composer.clone()))]);
        pen.push(REST, "composer", None, data);
    }
    if let Some((bytes, text, why)) = bad {
        pen.report.lacks("the list of its messages: their order is that of their times");
        damaged(pen, "composerData", bytes, text, why);
    }
}

/// The type of the event that carries what a composer says besides its messages: it changes with every one of them.
pub const REST: &str = "cursor.composer";

/// What may change with time, at the time of the last change.
fn title(pen: &mut Pen<'_>, composer: &Map<String, Value>, asked: &[Map<String, Value>]) {
    let text = |key: &str| composer.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let prompt = || asked.iter().find_map(|bubble| title_of(bubble.get("text")?.as_str()?));
    let title = text("name").map(str::to_owned).or_else(prompt);
    let model = composer.get("modelConfig").and_then(|model| model.get("modelName")).and_then(Value::as_str);
    let model = model.map(str::to_owned).or_else(|| asked.iter().find_map(bubble::model));
    let mut data = Map::new();
    data.extend(title.map(|title| ("title".to_owned(), json!(title))));
    data.extend(model.map(|model| ("model".to_owned(), json!(model))));
    if data.is_empty() {
        return;
    }
    let id = format!("title-{:016x}", hash(&Value::Object(data.clone()).to_string()));
    pen.push_once("session_update", id, composer.get("lastUpdatedAt").and_then(bubble::time), data);
}
