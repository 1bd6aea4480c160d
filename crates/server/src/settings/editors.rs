//! Where editors' files are, as settings say it.
//!
//! Never looks at the disk: a folder that is not there is told where it is used.

use super::Settings;
use chasm_engine::{EDITORS, Following, Root, Roots};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditorSettings {
    /// What editors write is recorded while they write it.
    pub follow: bool,
    /// Quiet time after which a session that is followed and waits for nothing is completed.
    pub idle_secs: u64,
    /// By the editor's id; an editor that is not here is read where it keeps its files itself.
    files: BTreeMap<&'static str, EditorFiles>,
}

/// The files of one editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditorFiles {
    /// Its files may be read.
    pub enabled: bool,
    /// Its folder, where it is not where the editor puts it.
    pub path: Option<PathBuf>,
}

const AS_THEY_ARE: EditorFiles = EditorFiles { enabled: true, path: None };

impl Default for EditorSettings {
    fn default() -> Self {
        Self { follow: true, idle_secs: 300, files: BTreeMap::new() }
    }
}

impl EditorSettings {
    pub fn of(&self, editor: &str) -> &EditorFiles {
        self.files.get(editor).unwrap_or(&AS_THEY_ARE)
    }

    pub fn of_mut(&mut self, editor: &'static str) -> &mut EditorFiles {
        self.files.entry(editor).or_insert(AS_THEY_ARE)
    }
}

impl Settings {
    /// The editors' folders: as set, else where they are by themselves.
    pub(crate) fn editor_roots(&self, mut roots: Roots) -> Roots {
        for editor in EDITORS.iter().copied() {
            let files = self.editors.of(editor.id());
            roots = match (files.enabled, &files.path) {
                (false, _) => roots.with(editor, Root::Off),
                (true, Some(path)) => roots.with(editor, Root::At(path.clone())),
                (true, None) => roots,
            };
        }
        roots
    }

    /// What of the editors' files is to be followed.
    pub(crate) fn following(&self, roots: Roots) -> Following {
        Following {
            on: self.editors.follow,
            roots: self.editor_roots(roots),
            limits: self.protocol_limits(),
            idle: Duration::from_secs(self.editors.idle_secs),
        }
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
    use chasm_engine::editor;

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
