//! The names under which editors may know one folder.
//!
//! Owns their comparison. Invariant: two spellings of one folder (`file://` or plain, `%20` or a space, with a slash at the end
//! or not, through a link or not) are one name; a folder whose name only begins alike is another.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest `.code-workspace` that is looked into for its folders.
const WORKSPACE_MAX: u64 = 1024 * 1024;

/// A folder, or a file that names several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project(Vec<String>);

impl Project {
    /// The project at this path, which need not be there any more. A URI of another machine's folder stands for itself.
    pub fn at(path: &Path) -> Self {
        let mut names = Vec::new();
        if let Some(uri) = path.to_str().filter(|text| text.contains("://")) {
            names.push(name(uri));
            return Self(names);
        }
        for path in std::iter::once(path.to_owned()).chain(folders(path)) {
            let whole = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
            names.push(name(&whole.to_string_lossy()));
            names.extend(path.canonicalize().ok().map(|real| name(&real.to_string_lossy())));
        }
        names.sort();
        names.dedup();
        Self(names)
    }

    /// Whether an editor's word for a project means this one, or a folder in it.
    pub fn holds(&self, workspace: &str) -> bool {
        let said = name(workspace);
        let holds = |said: &str| self.0.iter().any(|own| is_in(said, own));
        holds(&said)
            || (Path::new(&said).is_absolute()
                && fs::canonicalize(&said).is_ok_and(|real| holds(&name(&real.to_string_lossy()))))
    }
}

fn is_in(said: &str, own: &str) -> bool {
    said.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folders that a `.code-workspace` names.
fn folders(path: &Path) -> Vec<PathBuf> {
    let named = path.extension().is_some_and(|ending| ending == "code-workspace");
    let short = || fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() <= WORKSPACE_MAX);
    if !named || !short() {
        return Vec::new();
    }
    let beside = path.parent().unwrap_or(Path::new(""));
    let text = fs::read(path).unwrap_or_default();
    let said: Value = serde_json::from_slice(&text).unwrap_or_default();
    let all = said.get("folders").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = |folder: &Value| {
        let path = folder.get("path").and_then(Value::as_str).map(|path| beside.join(path));
        let uri = || folder.get("uri").and_then(Value::as_str).map(|uri| PathBuf::from(name(uri)));
        path.or_else(uri)
    };
    all.iter().filter_map(one).collect()
}

/// Whether two spellings, paths or URIs, name one place.
pub fn is_same(one: &str, other: &str) -> bool {
    name(one) == name(other)
}

/// The folder as a plain path where it is one of this machine; without the slash at its end.
pub(crate) fn name(said: &str) -> String {
    match said.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => path_name(&of_file_uri(rest)),
        Some((scheme, rest)) => format!("{scheme}://{}", decoded(rest).trim_end_matches('/')),
        None => path_name(said),
    }
}

/// `/home/a` of `/home/a` and `localhost/home/a`, `//server/share` of `server/share`.
fn of_file_uri(rest: &str) -> String {
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let text = decoded(rest.strip_prefix("localhost").unwrap_or(rest));
    if text.starts_with('/') { text } else { format!("//{text}") }
}

fn path_name(path: &str) -> String {
    let plain = path.trim_start_matches('/');
    let drive = plain.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && plain.as_bytes().get(1) == Some(&b':')
        && matches!(plain.as_bytes().get(2), None | Some(b'/' | b'\\'));
    let path = if drive { plain.replace('\\', "/") } else { path.to_owned() };
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part if drive && parts.is_empty() => parts.push(part.to_ascii_lowercase()),
            part => parts.push(part.to_owned()),
        }
    }
    let start = if drive || !path.starts_with('/') { "" } else { "/" };
    let text = format!("{start}{}", parts.join("/"));
    text.trim_end_matches('/').to_owned()
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&unescaped(text)).into_owned()
}

/// The bytes that a text with percent escapes stands for; what is no escape stays as it is.
pub(crate) fn unescaped(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&first, tail)) = rest.split_first() {
        let byte = escaped(tail).filter(|_| first == b'%');
        out.push(byte.unwrap_or(first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    out
}

fn escaped(tail: &[u8]) -> Option<u8> {
    let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_folder_are_one_name() {
        for said in [
            "/home/a b/p",
            "/home/a b/p/",
            "file:///home/a%20b/p",
            "file:///home/a%20b/p/",
            "/home//a b/./x/../p",
            "file://localhost/home/a%20b/p",
            "FILE:///home/a%20b/p",
        ] {
            assert_eq!(name(said), "/home/a b/p", "{said}");
        }
        for said in ["file:///c%3A/Users/A", "C:\\Users\\A\\", "/c:/Users/A", "c:/Users/A"] {
            assert_eq!(name(said), "c:/Users/A", "{said}");
        }
        assert_eq!(name("/home/100%20/p"), "/home/100%20/p", "a plain path is taken as it is");
        assert_eq!(name("file://server/share/p"), "/server/share/p");
        assert_eq!(
            name("vscode-remote://ssh-remote%2Bhost/home/a/"),
            name("vscode-remote://ssh-remote+host/home/a")
        );
        assert_eq!((name("/").as_str(), name("%zz%").as_str()), ("", "%zz%"));
        assert_eq!(name("file:///a/%+f%zz%"), "/a/%+f%zz%", "a sign is no digit of an escape");
    }

    #[test]
    fn a_project_holds_what_is_below_it_and_nothing_beside_it() {
        let project = Project::at(Path::new("/none/p"));
        for held in ["/none/p", "/none/p/sub/deep", "file:///none/p/x.code-workspace"] {
            assert!(project.holds(held), "{held}");
        }
        for other in ["/none/p2", "/none", "", "/other/none/p", "vscode-remote://h/none/p"] {
            assert!(!project.holds(other), "{other}");
        }
        assert!(Project::at(Path::new("vscode-remote://h/none/p/")).holds("vscode-remote://h/none/p/q"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_on_both_sides() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::create_dir_all(real.join("sub")).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        assert!(Project::at(&link).holds(&text(&real.join("sub"))));
        assert!(Project::at(&link).holds(&text(&link.join("gone"))));
        assert!(Project::at(&real).holds(&text(&link.join("sub"))));
    }

    #[test]
    fn a_workspace_file_stands_for_itself_and_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.code-workspace");
        fs::write(&file, r#"{"folders":[{"path":"one"},{"uri":"file:///none/two"}]}"#).unwrap();
        let project = Project::at(&file);
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        assert!(project.holds(&at("a.code-workspace")) && project.holds(&at("one/x")));
        assert!(project.holds("/none/two") && !project.holds(&at("other")));
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_name_and_a_plain_one_keeps_it(said in "[a-z/\\\\%0-9.é ]{0,24}") {
            let name = super::name(&said);
            proptest::prop_assert_eq!(super::name(&name), name.clone());
            proptest::prop_assert!(!name.ends_with('/'));
            let _ = super::name(&format!("file://{said}"));
        }
    }
}
