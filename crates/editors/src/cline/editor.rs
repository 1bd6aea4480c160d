//! Cline and its kin as editors: `tasks/` in the storage of an extension, in each editor like VS Code.
//!
//! Reads the folders of tasks and sessions, and nothing else. Invariant: a session is named after its folder.

use super::{CLINE, KILO_CODE, ROO_CODE, task};
use crate::document::WhenWhole;
use crate::editor::{Editor, Env, Found, SessionFile};
use crate::home::{self, System};
use crate::sheet::{Editing, read_whole};
use crate::walk::{self, Walk};
use crate::{FindError, ReadError, Reader, Rewritten};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Folders that editors like VS Code keep their settings in, relative to the home folder.
const CONFIGS: [(&str, usize); 3] =
    [(".config", 1), ("Library/Application Support", 2), ("AppData/Roaming", 2)];

pub struct Cline {
    pub(crate) editing: Editing,
    /// Folders in `globalStorage`, the chief one first.
    pub(crate) extensions: &'static [&'static str],
}

impl Editor for Cline {
    fn id(&self) -> &'static str {
        self.editing.id
    }

    fn name(&self) -> &'static str {
        self.editing.name
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        home::settings(env, System::this())
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        let there: Vec<PathBuf> = self.places(root).into_iter().filter(|folder| folder.is_dir()).collect();
        match there.is_empty() {
            true => self.of_user(&root.join("Code/User")).take(1).collect(),
            false => there,
        }
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let there: Vec<PathBuf> = self.places(root).into_iter().filter(|folder| folder.is_dir()).collect();
        if there.is_empty() {
            return Ok(None);
        }
        let (mut walk, mut files) = (Walk::until(deadline), Vec::new());
        for folder in there {
            std::fs::read_dir(&folder).map_err(|source| FindError { path: folder.clone(), source })?;
            for folder in walk::folders(&folder) {
                walk.complete &= Instant::now() < deadline;
                if walk.complete {
                    files.extend(task::files(&folder));
                }
            }
        }
        Ok(Some(walk.found(files)))
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        task::is_named_so(path) && self.is_own(path) && task::looks_like(beginning)
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        std::fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
        let all = path.parent().map(task::files).unwrap_or_default();
        let of =
            all.into_iter().filter(|file| file.path == path || file.others.iter().any(|other| other == path));
        Ok(of.collect())
    }

    fn workspace(&self, file: &SessionFile) -> Option<String> {
        task::workspace(file.path.parent()?)
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        let editing = self.editing;
        let rewritten = Rewritten::new(file, move |file, each, report| {
            read_whole(each, report, |out| task::read(file, editing, out))
        });
        Ok(Box::new(WhenWhole::new(rewritten, task::awaited(file))))
    }
}

impl Cline {
    /// Where its tasks may lie: below the folder of all editors' settings, in one editor's, in the extension's own.
    fn places(&self, root: &Path) -> Vec<PathBuf> {
        let mut places = vec![root.join("tasks")];
        places.extend(self.of_user(root));
        places.extend(self.of_user(&root.join("User")));
        for program in walk::folders(root) {
            places.extend(self.of_user(&program.join("User")));
        }
        if self.editing.id == CLINE.editing.id {
            places.push(root.join("data/sessions"));
            places.extend(home_of(root).map(|home| home.join(".cline/data/sessions")));
        }
        places
    }

    fn of_user(&self, user: &Path) -> impl Iterator<Item = PathBuf> {
        let storage = user.join("globalStorage");
        self.extensions.iter().map(move |extension| storage.join(extension).join("tasks"))
    }

    /// Whether a task's path names this extension. One that names none is taken for Cline's.
    fn is_own(&self, path: &Path) -> bool {
        let names = |cline: &Cline| cline.extensions.iter().any(|name| path.iter().any(|part| part == *name));
        match [&CLINE, &ROO_CODE, &KILO_CODE].into_iter().find(|cline| names(cline)) {
            Some(named) => named.editing.id == self.editing.id,
            None => self.editing.id == CLINE.editing.id,
        }
    }
}

/// The home folder, where the root is the usual one below it.
fn home_of(root: &Path) -> Option<&Path> {
    let (_, above) = CONFIGS.iter().find(|(folder, _)| root.ends_with(folder))?;
    root.ancestors().nth(*above)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_whose_task_it_is() {
        let of = |path: &str| {
            let all = [&CLINE, &ROO_CODE, &KILO_CODE];
            let own: Vec<&str> =
                all.iter().filter(|c| c.recognizes(Path::new(path), b"[")).map(|c| c.id()).collect();
            own.join(" ")
        };
        let task = "/h/.config/Code/User/globalStorage";
        assert_eq!(of(&format!("{task}/saoudrizwan.claude-dev/tasks/1/ui_messages.json")), "cline");
        assert_eq!(of(&format!("{task}/rooveterinaryinc.roo-cline/tasks/1/ui_messages.json")), "roo-code");
        assert_eq!(
            of(&format!("{task}/kilocode.kilo-code/tasks/1/api_conversation_history.json")),
            "kilo-code"
        );
        assert_eq!(of("/copy/1/ui_messages.json"), "cline");
        assert_eq!(of("/copy/1/settings.json"), "");
        assert_eq!(home_of(Path::new("/h/.config")), Some(Path::new("/h")));
        assert_eq!(home_of(Path::new("/h/Library/Application Support")), Some(Path::new("/h")));
        assert_eq!(home_of(Path::new("/h/other")), None);
    }
}
