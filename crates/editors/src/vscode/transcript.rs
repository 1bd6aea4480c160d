//! What Copilot's extension wrote down of an agent's work: `GitHub.copilot-chat/transcripts/<session>.jsonl`.
//!
//! Owns its lines, and turns them into requests of the shape that session files have, so that both are read one way. Never
//! the first source: it is flushed now and then, and its beginning may be missing. Invariant: each line is in the request
//! of its turn, in full.

mod turn;

pub use turn::ToldTurn;

use crate::jsonl::salvage::Loss;
use crate::jsonl::{self, Lines, Shape};
use crate::{ReadError, ReadReport, walk};
use chasm_protocol::Timestamp;
use serde_json::Value;
use std::io::{BufReader, Read};
use std::path::Path;

const SHAPE: Shape = Shape {
    starts: &["{\"type\""],
    is_line: |value| value.get("type").is_some() && value.get("data").is_some(),
    is_beginning: |value| value.get("type").is_some_and(Value::is_string) && value.get("data").is_some(),
};

/// Bytes of the first line that are looked at for the folder.
const HEAD: u64 = 256 * 1024;

/// A transcript, turn by turn.
#[derive(Debug, Default)]
pub struct Told {
    /// The line that begins it.
    pub start: Option<Value>,
    pub turns: Vec<ToldTurn>,
    /// Texts that could not be read.
    pub losses: Vec<Loss>,
    pub report: ReadReport,
}

impl Told {
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let failed = |source| ReadError::io(path, source);
        let (file, _) = walk::open_filled(path)?;
        let (mut lines, mut told) = (Lines::new(BufReader::new(file)), Self::default());
        while let Some(line) = lines.next_line().map_err(failed)? {
            let (found, mut losses) = jsonl::values(&line, &SHAPE, &mut told.report);
            for found in found {
                told.line(found.value);
            }
            told.losses.append(&mut losses);
        }
        let turns = told.turns.len();
        for (nth, turn) in told.turns.iter_mut().enumerate() {
            turn.close(nth + 1 == turns);
        }
        Ok(told)
    }

    /// When it began.
    pub fn began(&self) -> Option<Timestamp> {
        self.start.as_ref().and_then(time).or_else(|| Some(self.turns.first()?.at))
    }

    fn line(&mut self, line: Value) {
        let before = self.turns.last().map(ToldTurn::until).or_else(|| self.began()).unwrap_or_default();
        match line.get("type").and_then(Value::as_str) {
            Some("session.start") if self.start.is_none() && self.turns.is_empty() => self.start = Some(line),
            Some("user.message") => self.turns.push(ToldTurn::asked(&line, before)),
            _ => {
                if self.turns.is_empty() {
                    self.turns.push(ToldTurn::unasked(&line, before));
                }
                if let Some(turn) = self.turns.last_mut() {
                    turn.add(line);
                }
            }
        }
    }
}

/// The folder that the agent worked in, as the first line says.
pub fn folder(path: &Path) -> Option<String> {
    let mut lines = Lines::new(BufReader::new(walk::open_unlinked(path)?.take(HEAD)));
    let line: Value = serde_json::from_slice(&lines.next_line().ok()??.bytes).ok()?;
    cwd(&line)
}

/// The folder that the line of the beginning names.
pub fn cwd(start: &Value) -> Option<String> {
    let context = start.get("data")?.get("context")?;
    context.get("cwd")?.as_str().filter(|cwd| !cwd.is_empty()).map(str::to_owned)
}

/// When a line was written.
fn time(line: &Value) -> Option<Timestamp> {
    Timestamp::parse(line.get("timestamp")?.as_str()?).ok()
}
