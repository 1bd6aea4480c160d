//! The settings of the running server and the file they are kept in.
//!
//! Owns `config.toml`: comments and order in it stay. Invariant: a change is on disk before it is in force.

use super::keys::{self, KEYS, SettingView};
use super::{Settings, SettingsError};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

pub(crate) struct SettingsStore {
    path: PathBuf,
    /// What is in force: the file at the start, the command line above it, and live changes since.
    running: watch::Sender<Arc<Settings>>,
    /// One change at a time.
    writing: Mutex<()>,
}

impl SettingsStore {
    pub fn new(path: PathBuf, running: Settings) -> Self {
        Self { path, running: watch::Sender::new(Arc::new(running)), writing: Mutex::new(()) }
    }

    pub fn current(&self) -> Arc<Settings> {
        self.running.borrow().clone()
    }

    /// What is in force, and each change of it.
    pub fn changes(&self) -> watch::Receiver<Arc<Settings>> {
        self.running.subscribe()
    }

    /// All settings. Reads the file: call it where blocking is allowed.
    pub fn view(&self) -> Result<Vec<SettingView>, SettingsError> {
        let file = Settings::read(&self.path)?;
        let running = self.current();
        Ok(KEYS.iter().map(|key| key.view(&file, &running)).collect())
    }

    /// Checks all changes, writes them to the file, then puts the live ones in force. `null` goes back to the default.
    /// Writes and syncs: call it where blocking is allowed.
    pub fn change(&self, changes: &Map<String, Value>) -> Result<(), SettingsError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.text()?;
        let mut document: toml_edit::DocumentMut = text
            .parse()
            .map_err(|e: toml_edit::TomlError| self.in_file(SettingsError::NotToml(e.to_string())))?;
        let changes = keys::flat_json(changes);
        let refused = changes.iter().filter_map(|(name, value)| allowed(name, value).err());
        SettingsError::of(refused.collect())?;
        for (name, value) in &changes {
            let key = keys::find(name)?;
            put(document.as_table_mut(), key.name, &as_read(key, value)?)?;
        }
        let text = document.to_string();
        let file = Settings::from_toml(&text)?;
        let mut running = (*self.current()).clone();
        for (name, _) in &changes {
            let key = keys::find(name)?;
            if key.live {
                key.set(&mut running, &key.get(&file))?;
            }
        }
        // the command line may have put another host in force than the file has
        running.check()?;
        crate::folder::write_private(&self.path, text.as_bytes()).map_err(|e| self.io("cannot write", &e))?;
        self.running.send_replace(Arc::new(running));
        Ok(())
    }

    /// Adds a page to those that may record. Writes and syncs: call it where blocking is allowed.
    pub fn allow(&self, origin: &str) -> Result<(), SettingsError> {
        const KEY: &str = "allowed_origins";
        let mut origins: Vec<Value> =
            Settings::read(&self.path)?.allowed_origins.iter().map(|known| json!(known)).collect();
        origins.push(json!(origin));
        self.change(&Map::from_iter([(String::from(KEY), Value::Array(origins))]))
    }

    fn text(&self) -> Result<String, SettingsError> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(e) => Err(self.io("cannot read", &e)),
        }
    }

    fn in_file(&self, error: SettingsError) -> SettingsError {
        SettingsError::In { path: self.path.clone(), error: Box::new(error) }
    }

    fn io(&self, what: &str, error: &std::io::Error) -> SettingsError {
        SettingsError::Io { path: PathBuf::from(Path::new(&self.path)), what: format!("{what}: {error}") }
    }
}

/// Whether a setting may have this value, apart from what others are set to.
fn allowed(name: &str, value: &Value) -> Result<(), SettingsError> {
    let key = keys::find(name)?;
    if value.is_null() { Ok(()) } else { key.set(&mut Settings::default(), value) }
}

/// A list as it is read: each of its items once, in one spelling. Anything else as it was sent.
fn as_read(key: &keys::Key, value: &Value) -> Result<Value, SettingsError> {
    if !value.is_array() {
        return Ok(value.clone());
    }
    let mut read = Settings::default();
    key.set(&mut read, value)?;
    Ok(key.get(&read))
}

/// Sets or removes a dotted key; a comment behind the old value stays.
fn put(table: &mut dyn toml_edit::TableLike, name: &str, value: &Value) -> Result<(), SettingsError> {
    if let Some((section, rest)) = name.split_once('.') {
        if !table.contains_key(section) {
            if value.is_null() {
                return Ok(());
            }
            table.insert(section, toml_edit::Item::Table(toml_edit::Table::new()));
        }
        return match table.get_mut(section).and_then(toml_edit::Item::as_table_like_mut) {
            Some(inner) => put(inner, rest, value),
            None => Err(SettingsError::Unknown { key: section.to_owned(), nearest: None }),
        };
    }
    if value.is_null() {
        table.remove(name);
        return Ok(());
    }
    let mut new = toml_of(value);
    if let Some(old) = table.get(name).and_then(toml_edit::Item::as_value) {
        *new.decor_mut() = old.decor().clone();
    }
    match table.get_mut(name) {
        Some(item) => *item = toml_edit::Item::Value(new),
        None => {
            table.insert(name, toml_edit::Item::Value(new));
        }
    }
    Ok(())
}

fn toml_of(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(on) => (*on).into(),
        Value::Number(n) => n.as_i64().unwrap_or_default().into(),
        Value::Array(items) => items.iter().map(toml_of).collect::<toml_edit::Array>().into(),
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}
