//! What editors keep of their chats: one module an editor behind one trait, each reading its files into protocol events.
//!
//! Owns the formats of other programs. Never writes into an editor's folder, never talks to the recorder.
//! Invariant: what a file holds is never dropped: what is not understood becomes an event of an unknown type, what cannot
//! be read is named in the report.

// the editors
pub mod aider;
pub mod claude_code;
pub mod cline;
pub mod codex;
pub mod continue_dev;
pub mod cursor;
pub mod gemini;
pub mod vscode;

// what they share
mod census; // what of it an editor hides or deletes
mod document; // files of one JSON value
mod draft; // an event as read
mod editor; // the trait and the table
mod ending; // how a session stands at the end of its files
pub mod files; // which files an import reads
pub mod give_back; // a recorded session as an editor's file
mod home; // where programs keep their files
pub mod ids; // names made of what is read
pub mod jsonl; // files of JSON lines
pub mod project; // all that editors have of one folder
mod prompts_only; // sessions of which only what was typed is left
mod reader; // reading, once or on and on
mod report; // what reading gave
mod sheet; // the events of one session while they are written
pub mod sqlite; // databases
mod times; // times of events
mod walk; // looking through folders

pub use draft::EventDraft;
pub use editor::{EDITORS, Each, Editor, Env, Found, Root, Roots, SessionFile, Watched, editor};
pub use ending::Endings;
pub use files::FindError;
pub use reader::{ReadError, Reader, Rewritten, Step};
pub use report::{BadPlace, ReadReport, Standing};
