//! What editors keep of their chats: one module an editor behind one trait, each reading its files into protocol events.
//!
//! Owns the formats of other programs. Never writes into an editor's folder, never talks to the recorder.
//! Invariant: what a file holds is never dropped: what is not understood becomes an event of an unknown type, what cannot
//! be read is named in the report.

pub mod claude_code;
mod draft;
mod editor;
pub mod files;

pub use draft::EventDraft;
pub use editor::{Damage, EDITORS, Each, Editor, Env, Found, Root, Roots, SessionFile, editor};
pub use files::FindError;
