//! The rows of a Cursor database that are of chats.
//!
//! Owns the list of keys that are ever asked for: beside them stand tokens and secrets. Invariant: no key that is not on the
//! list reaches the database.

use crate::ReadError;
use crate::sqlite::{Damage, Database, DatabaseError};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

const DISK: &str = "cursorDiskKV";
const ITEMS: &str = "ItemTable";

/// Largest value that is taken apart.
pub const MAX_JSON: u64 = 64 * 1024 * 1024;

/// Readings of a database that is written to meanwhile, and the time between two.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(15);

/// The single rows that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The composers of a workspace; in old versions with all that was said.
    Composers,
    /// The tabs of the chat that came before composers.
    OldChats,
    Prompts,
    Generations,
}

impl Item {
    const fn key(self) -> &'static str {
        match self {
            Self::Composers => "composer.composerData",
            Self::OldChats => "workbench.panel.aichat.view.aichat.chatdata",
            Self::Prompts => "aiService.prompts",
            Self::Generations => "aiService.generations",
        }
    }
}

/// A row's name within its kind, and the length of its value; `None` for NULL.
pub type Row = (String, Option<u64>);

pub struct Store {
    database: Database,
}

impl Store {
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self { database: Database::open(path)? })
    }

    /// All composers that have a row of their own.
    pub fn composers(&mut self) -> Result<Vec<Row>, DatabaseError> {
        self.rows(DISK, "composerData:", "composerData;")
    }

    pub fn composer(&mut self, id: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.value(DISK, &format!("composerData:{id}"))
    }

    /// The bubbles of a composer.
    pub fn bubbles(&mut self, composer: &str) -> Result<Vec<Row>, DatabaseError> {
        self.rows(DISK, &format!("bubbleId:{composer}:"), &format!("bubbleId:{composer};"))
    }

    /// Hands over all bubbles: their composer, and the length of each.
    pub fn all_bubbles(
        &mut self,
        each: &mut dyn FnMut(&str, u64) -> ControlFlow<()>,
    ) -> Result<(), DatabaseError> {
        let known = self.database.tables().iter().any(|table| table == DISK);
        if !known {
            return Ok(());
        }
        self.database.lengths(DISK, "bubbleId:", "bubbleId;", &mut |key, length| {
            let composer = key.strip_prefix("bubbleId:").and_then(|rest| rest.split_once(':'));
            composer
                .map_or(ControlFlow::Continue(()), |(composer, _)| each(composer, length.unwrap_or_default()))
        })
    }

    pub fn bubble(&mut self, composer: &str, id: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.value(DISK, &format!("bubbleId:{composer}:{id}"))
    }

    pub fn item(&mut self, item: Item) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.value(ITEMS, item.key())
    }

    /// The ids that the panes of a workspace are kept under, and those of the composers in them.
    pub fn panes(&mut self) -> Result<Vec<String>, DatabaseError> {
        const PANE: &str = "workbench.panel.composerChatViewPane.";
        const VIEW: &str = "workbench.panel.aichat.view.";
        let mut ids: Vec<String> = Vec::new();
        if !self.database.tables().iter().any(|table| table == ITEMS) {
            return Ok(ids);
        }
        let mut each = |key: &str, value: Option<Vec<u8>>| {
            ids.extend(key.strip_prefix(PANE).map(str::to_owned));
            let views = value.and_then(|value| serde_json::from_slice::<serde_json::Value>(&value).ok());
            let names = views.iter().filter_map(|views| views.as_object()).flat_map(|views| views.keys());
            ids.extend(names.filter_map(|name| name.strip_prefix(VIEW)).map(str::to_owned));
            ControlFlow::Continue(())
        };
        self.database.range(ITEMS, PANE, "workbench.panel.composerChatViewPane/", &mut each)?;
        Ok(ids)
    }

    /// What of the database could not be read.
    pub fn damage(&self) -> &[Damage] {
        self.database.damage()
    }

    fn rows(&mut self, table: &str, from: &str, to: &str) -> Result<Vec<Row>, DatabaseError> {
        let mut rows = Vec::new();
        if self.database.tables().iter().any(|name| name == table) {
            self.database.lengths(table, from, to, &mut |key, length| {
                rows.extend(key.strip_prefix(from).map(|id| (id.to_owned(), length)));
                ControlFlow::Continue(())
            })?;
        }
        Ok(rows)
    }

    fn value(&mut self, table: &str, key: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        match self.database.get(table, key) {
            Err(DatabaseError::NoTable(_)) => Ok(None),
            other => other,
        }
    }
}

/// Reads a database in one state of it: anew, where it was written to meanwhile.
pub fn read<T>(
    path: &Path,
    mut take: impl FnMut(&mut Store) -> Result<T, DatabaseError>,
) -> Result<T, ReadError> {
    let mut tries = TRIES;
    loop {
        match Store::open(path).and_then(|mut store| take(&mut store)) {
            Ok(taken) => return Ok(taken),
            Err(DatabaseError::Changed) if tries > 1 => std::thread::sleep(PAUSE),
            Err(DatabaseError::Io(source)) => return Err(ReadError::io(path, source)),
            Err(error) => {
                return Err(ReadError::Database { path: path.display().to_string(), why: error.to_string() });
            }
        }
        tries -= 1;
    }
}
