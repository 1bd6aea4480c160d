//! Sessions as files of a folder: Markdown to read, JSON with everything.
//!
//! Invariant: what stands there already is never replaced; the same again is written once.

use crate::commands::new_file::{self, There};
use anyhow::{Context, Result};
use chasm_protocol::session::SessionDetail;
use chasm_server::export;
use std::io;
use std::path::{Path, PathBuf};

/// Names that are tried for one file.
const TRIES: u32 = 10_000;
/// Characters of a session's id that tell it from others of the same title.
const ID_CHARS: usize = 8;
/// The same for a part of a session, whose ids begin alike.
const PART_CHARS: usize = 16;

/// Writes each session, and answers its files' names; with `really` off it only says what they would be.
pub fn sessions(out: &Path, sessions: &[SessionDetail], really: bool) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for session in sessions.iter().filter(|s| !s.messages.is_empty() || !s.tool_calls.is_empty()) {
        let stem = format!("{}-{}", new_file::name(session), short(&session.summary.session_id));
        let forms = [
            ("md", export::markdown(session).into_bytes()),
            ("json", serde_json::to_vec_pretty(session).context("writing a session down")?),
        ];
        all.extend(put(out, &stem, &forms, really)?);
    }
    Ok(all)
}

/// Writes what became of all of them.
pub fn report(out: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let paths = put(out, "report", &[("json", bytes.to_vec())], true)?;
    paths.into_iter().next().context("writing the report")
}

/// Writes the forms of one thing under one name; a number is added to it where other things stand there.
fn put(out: &Path, stem: &str, forms: &[(&str, Vec<u8>)], really: bool) -> Result<Vec<PathBuf>> {
    let told = || out.display().to_string();
    if really {
        std::fs::create_dir_all(out).with_context(told)?;
    }
    for nth in 1..TRIES {
        let number = if nth == 1 { String::new() } else { format!("-{nth}") };
        let path = |form: &str| out.join(format!("{stem}{number}.{form}"));
        if try_all(forms, path, really).with_context(told)? {
            return Ok(forms.iter().map(|(form, _)| path(form)).collect());
        }
    }
    anyhow::bail!("{}: all names for {stem} are taken", out.display())
}

/// Whether all forms stand under this name afterwards.
fn try_all(forms: &[(&str, Vec<u8>)], path: impl Fn(&str) -> PathBuf, really: bool) -> io::Result<bool> {
    let mut absent = Vec::new();
    for (form, bytes) in forms {
        match new_file::there(&path(form), bytes)? {
            There::Nothing => absent.push((path(form), bytes)),
            There::Same => {}
            There::Other => return Ok(false),
        }
    }
    for (path, bytes) in absent.into_iter().filter(|_| really) {
        match new_file::write(&path, bytes) {
            Ok(()) => {}
            // somebody was faster
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn short(id: &str) -> String {
    let good = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    match id.rsplit_once('/') {
        Some((_, part)) => part.chars().filter(good).take(PART_CHARS).collect(),
        None => id.chars().filter(good).take(ID_CHARS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_added_where_another_thing_stands() {
        let folder = tempfile::tempdir().unwrap();
        let names = |bytes: &[u8], really| {
            let paths =
                put(folder.path(), "a", &[("md", bytes.to_vec()), ("json", b"{}".to_vec())], really).unwrap();
            paths.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(b"one", false), ["a.md", "a.json"]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was to be written");
        assert_eq!(names(b"one", true), ["a.md", "a.json"]);
        assert_eq!(names(b"one", true), ["a.md", "a.json"], "the same again");
        assert_eq!(names(b"two", true), ["a-2.md", "a-2.json"]);
        assert_eq!(std::fs::read(folder.path().join("a.md")).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[test]
    fn ids_are_short_and_safe() {
        assert_eq!(short("50a7220d-7250-46f3-b38e-b716ce25032e"), "50a7220d");
        assert_eq!(short("50a7220d-7250-46f3-b38e-b716ce25032e/agent-a21e2f5"), "agent-a21e2f5");
        assert_eq!(short("../ü!"), "");
    }
}
