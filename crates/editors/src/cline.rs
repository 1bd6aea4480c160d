//! Cline, Roo Code and Kilo Code: a folder a task in the extension's own storage, as protocol events.
//!
//! Owns tasks (`api_conversation_history.json`, `ui_messages.json` and what stands beside them) and the sessions of Cline's
//! newer programs (`~/.cline/data/sessions`). Never opens settings or anything else of the extensions' storage. Invariant: all
//! that a task's files hold is in some event; what the model saw comes first, what the window showed stands beside it.

mod api;
mod editor;
mod task;
mod ui;

pub use editor::Cline;

use crate::sheet::Editing;

pub static CLINE: Cline = Cline {
    editing: Editing { id: "cline", name: "Cline", format: "cline" },
    extensions: &["saoudrizwan.claude-dev", "saoudrizwan.cline-nightly"],
};

pub static ROO_CODE: Cline = Cline {
    editing: Editing { id: "roo-code", name: "Roo Code", format: "roo_code" },
    extensions: &["rooveterinaryinc.roo-cline", "rooveterinaryinc.roo-code-nightly"],
};

pub static KILO_CODE: Cline = Cline {
    editing: Editing { id: "kilo-code", name: "Kilo Code", format: "kilo_code" },
    extensions: &["kilocode.kilo-code"],
};

/// What a file that is read here should be.
const WHAT: &str =
    "a task of Cline, Roo Code or Kilo Code (`api_conversation_history.json` or `ui_messages.json`)";
