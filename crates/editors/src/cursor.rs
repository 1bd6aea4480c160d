//! Cursor: chats («composers») in its databases, and the transcripts of its agents.
//!
//! Owns the reading of `User/globalStorage/state.vscdb`, the workspaces' `state.vscdb`, `~/.cursor/projects/…` and
//! `~/.cursor/chats/…`. Never reads another row than those of chats: the same databases hold keys and tokens, so every row
//! is asked for by a key of `store`'s list. Invariant: what Cursor rewrites in place keeps its time and gets an id that
//! says how much it says, so that the fullest version is the one that is shown.

mod agent;
mod bubble;
mod chat_store;
mod composer;
mod editor;
mod find;
mod following;
mod items;
mod lexical;
mod pen;
mod store;
mod transcript;
mod transcript_text;

pub use agent::CursorAgent;
pub use editor::Cursor;

use crate::sheet::fields;
use serde_json::{Map, Value};

/// What `provider` and `editor` of its sessions say.
#[derive(Debug, Clone, Copy)]
struct Product {
    id: &'static str,
    name: &'static str,
}

const CURSOR: Product = Product { id: "cursor", name: "Cursor" };
const AGENT: Product = Product { id: "cursor-agent", name: "Cursor Agent" };

/// Takes a field out, where its value is of the kind that is looked for; another one stays.
fn take(fields: &mut Map<String, Value>, key: &str, fits: fn(&Value) -> bool) -> Option<Value> {
    if !fields.get(key).is_some_and(fits) {
        return None;
    }
    fields.remove(key)
}

fn is_said(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

fn is_name(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// The first line of a prompt, as a title.
fn title_of(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(200).collect())
}
