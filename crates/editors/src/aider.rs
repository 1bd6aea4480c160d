//! Aider (`<project>/.aider.chat.history.md`) as protocol events.
//!
//! Owns the reading of one file of all talks in a project. Never follows links. Invariant: the events of a file that has grown
//! begin with those of the shorter one, but for the last block, which is said again as it grows.

mod block;
mod editor;
mod scribe;
mod section;

pub use editor::Aider;

use crate::sheet::Editing;

/// The name of the file.
const NAME: &str = ".aider.chat.history.md";
/// What a file that is read here should be.
const WHAT: &str = "a chat history of Aider (Markdown with `# aider chat started at`)";

const EDITING: Editing = Editing { id: "aider", name: "Aider", format: "aider" };
