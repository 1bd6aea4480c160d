//! Where editors' files are, as settings say it.
//!
//! Never looks at the disk: a folder that is not there is told where it is used.

use super::Settings;
use chasm_engine::{Root, Roots, editor};
use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditorSettings {
    pub claude_code: EditorFiles,
}

/// The files of one editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditorFiles {
    /// Its files may be read.
    pub enabled: bool,
    /// Its folder, where it is not where the editor puts it.
    pub path: Option<PathBuf>,
}

impl Default for EditorSettings {
    fn default() -> Self {
        Self { claude_code: EditorFiles { enabled: true, path: None } }
    }
}

impl Settings {
    /// The editors' folders: as set, else where they are by themselves.
    pub(crate) fn editor_roots(&self, mut roots: Roots) -> Roots {
        for (id, files) in [("claude-code", &self.editors.claude_code)] {
            let Some(editor) = editor(id) else { continue };
            roots = match (files.enabled, &files.path) {
                (false, _) => roots.with(editor, Root::Off),
                (true, Some(path)) => roots.with(editor, Root::At(path.clone())),
                (true, None) => roots,
            };
        }
        roots
    }
}

/// A folder's path; empty for none.
pub(super) fn path(text: &str) -> Result<Option<PathBuf>, String> {
    let path = PathBuf::from(text);
    match text {
        "" => Ok(None),
        _ if text.chars().any(char::is_control) || !path.is_absolute() => {
            Err(String::from("the full path of a folder is needed, or \"\" for the editor's own"))
        }
        _ => Ok(Some(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_stands_above_the_editors_own_folder() {
        let claude = editor("claude-code").unwrap();
        let own = Roots::default().with(claude, Root::At("/home/a/.claude".into()));
        let roots = |text: &str| Settings::from_toml(text).map(|s| s.editor_roots(own.clone()).of(claude));
        assert_eq!(roots("").unwrap(), Root::At("/home/a/.claude".into()));
        assert_eq!(roots("[editors.claude_code]\npath = \"/b\"").unwrap(), Root::At("/b".into()));
        assert_eq!(roots("[editors.claude_code]\npath = \"/b\"\nenabled = false").unwrap(), Root::Off);
        let refused = roots("[editors.claude_code]\npath = \"b/c\"").unwrap_err().to_string();
        assert!(refused.contains("editors.claude_code.path") && refused.contains("full path"), "{refused}");
    }
}
