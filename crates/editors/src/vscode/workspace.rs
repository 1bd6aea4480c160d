//! Which folder a window was open on.
//!
//! Owns `workspace.json` and the spelling of places: a path for what lies on this machine, a decoded URI for the rest. Never
//! recomputes an editor's hashes of folders. Invariant: one place has one spelling, however an editor encoded it.

use crate::document;
use crate::project::unescaped;
use std::path::Path;

/// What a window of the editor was open on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// As people and projects name it.
    pub place: String,
    /// It lies on this machine, as far as its URI says.
    pub local: bool,
}

impl Workspace {
    /// What the `workspace.json` of a window's folder says.
    pub fn of_window(folder: &Path) -> Option<Self> {
        let said = document::small(&folder.join("workspace.json"))?;
        let uri = ["folder", "workspace", "configuration"].iter().find_map(|key| said.get(key)?.as_str())?;
        Some(Self::of_uri(uri))
    }

    pub fn of_uri(uri: &str) -> Self {
        let text = decode(uri);
        match text.strip_prefix("file://") {
            Some(rest) => Self { place: spelled(rest), local: true },
            None if text.contains("://") => Self { place: trimmed(&text).to_owned(), local: false },
            None => Self { place: spelled(&text), local: true },
        }
    }

    /// It was on this machine and is not there any more.
    pub fn is_gone(&self) -> bool {
        self.local && matches!(Path::new(&self.place).try_exists(), Ok(false))
    }
}

/// A path as its own system writes it: drives in capitals with backslashes, no slash at the end.
fn spelled(path: &str) -> String {
    let bare = path.strip_prefix('/').unwrap_or(path);
    let mut chars = bare.chars();
    match (chars.next(), chars.next()) {
        (Some(drive), Some(':')) if drive.is_ascii_alphabetic() => {
            let rest = chars.as_str().replace('/', "\\");
            let rest = rest.trim_end_matches('\\');
            format!("{}:{}", drive.to_ascii_uppercase(), if rest.is_empty() { "\\" } else { rest })
        }
        // file://server/share
        _ if !path.starts_with('/') && !path.is_empty() && path.contains('/') => {
            format!("//{}", trimmed(path))
        }
        _ => trimmed(path).to_owned(),
    }
}

fn trimmed(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if path.starts_with('/') => "/",
        short => short,
    }
}

/// Percent escapes as the bytes they stand for; what is no escape, or no UTF-8, stays as it is.
pub fn decode(text: &str) -> String {
    String::from_utf8(unescaped(text)).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::is_same;

    #[test]
    fn one_place_has_one_spelling() {
        let place = |uri: &str| Workspace::of_uri(uri).place;
        assert_eq!(place("file:///home/a/my%20app/"), "/home/a/my app");
        assert_eq!(place("file:///c%3A/Users/A/p"), r"C:\Users\A\p");
        assert_eq!(place(r"c:\Users\A\p\"), r"C:\Users\A\p");
        assert_eq!(place("file:///C:/"), r"C:\");
        assert_eq!(place("file:///"), "/");
        assert_eq!(place("file://server/share/p"), "//server/share/p");
        let remote = Workspace::of_uri("vscode-remote://ssh-remote%2Bhost/home/a/p%C3%BC/");
        assert_eq!(
            (remote.place.as_str(), remote.local),
            ("vscode-remote://ssh-remote+host/home/a/pü", false)
        );
        assert!(is_same("file:///C%3A/x", "c:/x/") && is_same("/a b", "file:///a%20b/"));
        assert!(!is_same("/a", "/A"));
        assert_eq!(decode("100%, %zz %FF"), "100%, %zz %FF");
    }

    #[test]
    fn a_window_says_what_it_is_open_on() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Workspace::of_window(folder.path()), None);
        for key in ["folder", "workspace"] {
            let text = format!("{{\"{key}\":\"file:///no/such%20folder\"}}");
            std::fs::write(folder.path().join("workspace.json"), text).unwrap();
            let said = Workspace::of_window(folder.path()).unwrap();
            assert_eq!(said.place, "/no/such folder");
            assert!(said.is_gone());
        }
        std::fs::write(folder.path().join("workspace.json"), "{\"folder\":3").unwrap();
        assert_eq!(Workspace::of_window(folder.path()), None);
        assert!(!Workspace::of_uri("vscode-remote://x/no").is_gone());
        assert!(!Workspace::of_uri(&folder.path().display().to_string()).is_gone());
    }
}
