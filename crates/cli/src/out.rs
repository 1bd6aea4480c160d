//! What is printed, and where.
//!
//! Owns stdout and stderr. Invariant: with `--json`, stdout gets exactly one document; colours go to terminals only, unless
//! asked for; text from chats is cleaned of control characters before it reaches a terminal.

use crate::args::Color;
use anstream::{AutoStream, ColorChoice};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Debug, Clone)]
pub struct Out {
    json: bool,
    choice: Option<ColorChoice>,
}

impl Out {
    pub fn new(json: bool, color: Color) -> Self {
        let choice = match color {
            Color::Auto => None,
            Color::Always => Some(ColorChoice::Always),
            Color::Never => Some(ColorChoice::Never),
        };
        Self { json, choice }
    }

    /// Machine output is asked for.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Text for people, on stdout.
    pub fn print(&self, text: &str) -> io::Result<()> {
        let stdout = io::stdout();
        let choice = self.choice.unwrap_or_else(|| AutoStream::choice(&stdout));
        let mut stream = AutoStream::new(stdout.lock(), choice);
        stream.write_all(text.as_bytes())?;
        stream.flush()
    }

    /// The one document, on stdout.
    pub fn document(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        Ok(self.bytes(&text)?)
    }

    /// Bytes as they are, on stdout.
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// A remark on stderr.
    pub fn note(&self, text: &str) {
        self.stderr(&format!("{text}\n"));
    }

    /// What went wrong, on stderr.
    pub fn complain(&self, text: &str) {
        self.stderr(&format!("chasm: {text}\n"));
    }

    /// A closed stderr is nobody's trouble.
    fn stderr(&self, text: &str) {
        let stderr = io::stderr();
        let choice = self.choice.unwrap_or_else(|| AutoStream::choice(&stderr));
        let _ = AutoStream::new(stderr.lock(), choice).write_all(text.as_bytes());
    }
}

/// Columns of the terminal on stdout; `None` where stdout is none.
pub fn width() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}
