//! A session as a file: Markdown, HTML, JSON, JSON lines.
//!
//! Pure functions over a session. Never fetches anything. Invariant: a recorded text stays text: it cannot end the block it
//! stands in, pass for another speaker, or run.

mod html;
mod markdown;
mod timeline;

pub(crate) use html::html;
pub use markdown::markdown;

use chasm_protocol::session::SessionDetail;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const NAME_CHARS: usize = 80;
/// RFC 5987: what may stand in `filename*` as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Markdown,
    Json,
    Jsonl,
    Html,
}

impl Format {
    pub const ALL: &[(&str, Self)] =
        &[("markdown", Self::Markdown), ("json", Self::Json), ("jsonl", Self::Jsonl), ("html", Self::Html)];

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Html => "html",
        }
    }

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Json => "application/json",
            Self::Jsonl => "application/x-ndjson",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// What a session is called, for people.
pub fn title(session: &SessionDetail) -> &str {
    let summary = &session.summary;
    let given = summary.title.as_deref().filter(|title| !title.trim().is_empty());
    given.or(summary.preview.as_deref()).unwrap_or(&summary.session_id)
}

/// `Content-Disposition` of a download: a plain name for old clients, the full one for others.
pub(crate) fn disposition(title: &str, format: Format) -> String {
    let extension = format.extension();
    let plain = name(title, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let full = file_name(title);
    let full = utf8_percent_encode(&full, ENCODED);
    format!("attachment; filename=\"{plain}.{extension}\"; filename*=UTF-8''{full}.{extension}")
}

/// The title as the name of a file, without its extension.
pub fn file_name(title: &str) -> String {
    name(title, |c| !c.is_control() && !"/\\:*?\"<>|".contains(c) && !is_bidi(c))
}

fn name(title: &str, good: impl Fn(char) -> bool) -> String {
    let mut name = String::new();
    for c in title.chars().take(NAME_CHARS) {
        if good(c) {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches(|c: char| c == '-' || c == '.' || c.is_whitespace());
    if name.is_empty() { String::from("session") } else { name.to_owned() }
}

/// Marks that turn the direction of text can make `exe.txt` of `txt.exe`.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
