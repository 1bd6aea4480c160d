//! The talks of one file.
//!
//! Owns their names and where they lie. Never keeps more than a line in memory. Invariant: a talk is named by the file's path
//! and its time, and keeps its name while the file grows.

use super::block::{self, Voice, Voices};
use super::{NAME, WHAT};
use crate::editor::SessionFile;
use crate::ids::hash;
use crate::jsonl::Lines;
use crate::sheet::first_line;
use crate::{ReadError, walk};
use std::collections::HashMap;
use std::fs;
use std::io::BufReader;
use std::path::Path;

/// Names the talks of a file, as their beginnings come by.
pub struct Named {
    path: String,
    times: HashMap<String, u32>,
}

impl Named {
    pub fn of(path: &Path) -> Self {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self { path: path.display().to_string(), times: HashMap::new() }
    }

    /// The id of the talk that begins at this time; several may begin within a second. `""` for what stands before them all.
    pub fn next(&mut self, started: &str) -> String {
        let nth = self.times.entry(started.to_owned()).and_modify(|n| *n += 1).or_insert(0);
        format!("aider-{:016x}", hash(&format!("{}\u{0}{started}\u{0}{nth}", self.path)))
    }
}

/// The sessions of a file: its talks with anything in them.
pub fn sessions(path: &Path) -> Result<Vec<SessionFile>, ReadError> {
    let failed = |source| ReadError::io(path, source);
    let (file, about) = walk::open_filled(path)?;
    let mut named = Named::of(path);
    let empty = |id: String| {
        let mut file = SessionFile::new(id, path, &about);
        (file.bytes, file.stamp) = (0, 0);
        file.workspace = path.parent().map(|folder| folder.display().to_string());
        file
    };
    let (mut all, mut voices, mut now) = (Vec::new(), Voices::default(), empty(named.next("")));
    let mut lines = Lines::new(BufReader::new(file));
    let (mut filled, mut known) = (false, path.file_name().is_some_and(|name| name == NAME));
    while let Some(line) = lines.next_line().map_err(failed)? {
        let text = String::from_utf8_lossy(&line.bytes);
        if let Some(started) = block::header(&text) {
            all.extend(std::mem::take(&mut filled).then_some(now));
            (now, voices, known) = (empty(named.next(started)), Voices::default(), true);
        } else {
            filled = true;
        }
        now.bytes += line.bytes.len() as u64 + 1;
        now.stamp = now.stamp.rotate_left(5) ^ hash(&text);
        if now.title.is_none()
            && block::header(&text).is_none()
            && let (Voice::User, said) = voices.of(&text)
        {
            now.title = first_line(said);
        }
    }
    all.extend(filled.then_some(now));
    match known {
        true => Ok(all),
        false => Err(ReadError::other(path, WHAT)),
    }
}

/// The sessions of the file in this folder, where there is one.
pub fn in_folder(folder: &Path) -> Vec<SessionFile> {
    let path = folder.join(NAME);
    walk::regular(&path).and_then(|_| sessions(&path).ok()).unwrap_or_default()
}
