//! A file that is one JSON value, read as far as it goes.
//!
//! Owns the repairs of a whole document: NUL runs, a cut end, rubbish in the middle. Never reads more than [`MOST_BYTES`],
//! never throws bytes away: what gives no value is handed back as a loss with its text. Repairs are deterministic.

mod listing;
mod when_whole;

pub(crate) use listing::{Form, Listing, read_list};
pub(crate) use when_whole::WhenWhole;

use crate::jsonl::salvage::{self, Loss, Texts};
use crate::{BadPlace, ReadError, ReadReport, walk};
use serde_json::Value;
use serde_json::value::RawValue;
use std::io::Read;
use std::path::Path;

/// Largest document that is read at once.
pub(crate) const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// Largest document that is taken for small; real ones have some 100 bytes.
const SMALL_BYTES: u64 = 64 * 1024;
/// Places behind a hole that are tried in vain.
const TRIES: usize = 20_000;
/// Longest text of one loss, so that each fits into an event.
const LOSS_BYTES: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Document {
    /// Null where the beginning could not be read.
    pub root: Value,
    /// The end of `root` is missing: what was open there was closed.
    pub cut: bool,
    /// Whole elements of the document that stand behind a hole.
    pub strays: Vec<Value>,
    pub losses: Vec<Loss>,
}

/// Reads the document of a file. `is_element` knows the parts of it that are worth keeping by themselves.
pub(crate) fn read(path: &Path, is_element: fn(&Value) -> bool) -> Result<Document, ReadError> {
    Ok(parse(&load(path)?, is_element))
}

/// The bytes of a regular file that is not too large and not empty.
pub(crate) fn load(path: &Path) -> Result<Vec<u8>, ReadError> {
    let (file, about) = walk::open_filled(path)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|source| ReadError::io(path, source))?;
    if bytes.len() as u64 > MOST_BYTES {
        let (path, bytes) = (path.display().to_string(), about.len());
        return Err(ReadError::TooLarge { path, bytes, most: MOST_BYTES });
    }
    match bytes.is_empty() {
        true => Err(ReadError::empty(path)),
        false => Ok(bytes),
    }
}

/// What a small file that is no link says, such as one in which a folder is described.
pub(crate) fn small(path: &Path) -> Option<Value> {
    let mut bytes = Vec::new();
    walk::open_unlinked(path)?.take(SMALL_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes)).ok()
}

pub(crate) fn parse(bytes: &[u8], is_element: fn(&Value) -> bool) -> Document {
    let mut document = Document::default();
    let from = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut texts = Texts::new(bytes, from);
    while let Some((offset, text)) = texts.next(&mut document.losses) {
        let mut piece = Piece { offset, is_element, document: &mut document };
        match offset == from {
            true => piece.beginning(&text),
            false => piece.behind(&text, 0),
        }
    }
    document
}

impl Document {
    /// Names the losses in the report. `file` where the session lies in more than one.
    pub fn tell(&self, file: Option<&str>, report: &mut ReadReport) {
        for loss in &self.losses {
            let (file, why) = (file.map(str::to_owned), loss.why.clone());
            report.damage(BadPlace {
                file,
                line: 0,
                offset: loss.offset,
                bytes_lost: loss.bytes as u64,
                why,
            });
        }
    }

    /// Whether anything of the document's values is missing.
    pub fn is_damaged(&self) -> bool {
        self.cut || self.root.is_null() || self.losses.iter().any(|loss| loss.bytes > 0)
    }
}

/// A text between NUL runs.
struct Piece<'a> {
    /// Of the text in the file.
    offset: usize,
    is_element: fn(&Value) -> bool,
    document: &'a mut Document,
}

impl Piece<'_> {
    /// The text that the document begins with.
    fn beginning(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if let Some(found) = salvage::parse(text) {
            if found.verbatim.is_some() {
                let why = String::from("halves of surrogate pairs: replaced by U+FFFD");
                let loss = Loss { offset: self.offset as u64, bytes: 0, why, text: String::new() };
                self.document.losses.push(loss);
            }
            self.document.root = found.value;
            return;
        }
        let (whole, error_at) = first_value(text);
        if let Some((value, used)) = whole {
            self.document.root = value;
            return self.behind(text, used);
        }
        let head = text.get(..error_at).unwrap_or(text);
        match salvage::close_cut(head) {
            Some((value, dropped)) => {
                (self.document.root, self.document.cut) = (value, true);
                let from = head.len().saturating_sub(dropped);
                let why = "the end is missing: what is there was read, marked as cut";
                let at = (self.offset + from) as u64;
                self.document.losses.push(Loss {
                    offset: at,
                    bytes: 0,
                    why: why.into(),
                    text: String::new(),
                });
                self.behind(text, from);
            }
            None => self.behind(text, 0),
        }
    }

    /// What follows a hole, from byte `from` of the text on: elements that are whole are taken, the rest is lost.
    fn behind(&mut self, text: &str, from: usize) {
        let (mut at, mut lost, mut misses) = (from, from, 0);
        while misses < TRIES {
            let rest = text.get(at..).unwrap_or_default();
            let Some(start) = rest.find('{') else { break };
            let object = rest.get(start..).unwrap_or_default();
            match first_value(object).0 {
                Some((value, len)) if (self.is_element)(&value) => {
                    self.lose(text, lost, at + start);
                    self.document.strays.push(value);
                    at += start + len;
                    lost = at;
                }
                _ => (at, misses) = (at + start + 1, misses + 1),
            }
        }
        self.lose(text, lost, text.len());
    }

    /// Names the text from one byte to another as lost, unless nothing but commas and brackets is in it.
    fn lose(&mut self, text: &str, from: usize, to: usize) {
        let mut rest = text.get(from..to).unwrap_or_default();
        if rest.chars().all(|c| c.is_whitespace() || ",[]{}".contains(c)) {
            return;
        }
        let mut at = self.offset + from;
        while !rest.is_empty() {
            let len = rest.floor_char_boundary(LOSS_BYTES.min(rest.len()));
            let (part, behind) = rest.split_at(len);
            let why = String::from("not JSON of this format");
            let text = part.to_owned();
            self.document.losses.push(Loss { offset: at as u64, bytes: part.len(), why, text });
            (rest, at) = (behind, at + len);
        }
    }
}

/// The value that `text` begins with and its length, and else up to where it is JSON.
fn first_value(text: &str) -> (Option<(Value, usize)>, usize) {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    match stream.next() {
        Some(Ok(raw)) => (salvage::parse(raw.get()).map(|found| (found.value, stream.byte_offset())), 0),
        Some(Err(error)) if !error.is_eof() => (None, byte_of(text, error.line(), error.column())),
        _ => (None, text.len()),
    }
}

/// The byte before a line and column as serde_json counts them.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    text.floor_char_boundary((before + column).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const WHOLE: &str = r#"{"id":"s","messages":[
  {"id":"a","text":"first"},
  {"id":"b","text":"se{co}nd"},
  {"id":"c","text":"third"}]}"#;

    fn read(bytes: &[u8]) -> Document {
        parse(bytes, |value| value.get("text").is_some())
    }

    fn ids(document: &Document) -> Vec<String> {
        let inner = document.root.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
        inner.iter().chain(&document.strays).map(|v| v["id"].as_str().unwrap_or("?").to_owned()).collect()
    }

    #[test]
    fn a_whole_document_has_no_losses() {
        let document = read(format!("\u{feff}{WHOLE}\n").as_bytes());
        assert!(!document.is_damaged() && document.losses.is_empty());
        assert_eq!(ids(&document), ["a", "b", "c"]);
    }

    #[test]
    fn a_cut_end_gives_what_is_there() {
        let at = WHOLE.find("hird").unwrap();
        let document = read(&WHOLE.as_bytes()[..at]);
        assert!(document.cut && document.is_damaged());
        assert_eq!((ids(&document).len(), &document.root["messages"][2]["text"]), (3, &json!("t")));
    }

    #[test]
    fn elements_behind_a_hole_are_found() {
        let mut bytes = WHOLE.as_bytes().to_vec();
        let at = WHOLE.find("first").unwrap();
        bytes[at + 2..at + 5].fill(0);
        let document = read(&bytes);
        assert_eq!(ids(&document), ["a", "b", "c"], "{document:?}");
        let holes: Vec<(u64, usize)> = document.losses.iter().map(|loss| (loss.offset, loss.bytes)).collect();
        assert!(holes.contains(&(at as u64 + 2, 3)), "{holes:?}");
        let text = WHOLE.replace("\"b\",", "\"b\",%%");
        let document = read(text.as_bytes());
        assert_eq!(ids(&document), ["a", "b", "c"], "{document:?}");
        assert!(document.losses.iter().any(|loss| loss.text.contains("%%")), "{document:?}");
    }

    #[test]
    fn what_is_no_json_is_lost_with_its_text() {
        let document = read(b"no json at all");
        assert!(document.root.is_null() && document.losses[0].text == "no json at all");
        assert!(read(&[0; 40]).root.is_null());
        let document = read(br#"{"text":"half \ud83d"}  tail"#);
        assert_eq!(document.root["text"], "half \u{fffd}");
        assert_eq!(document.losses.last().unwrap().text.trim(), "tail");
        let many = format!("\0{}", "{\"text\":1},".repeat(TRIES * 2));
        assert_eq!(read(many.as_bytes()).strays.len(), TRIES * 2);
        let document = read("{\"a\":1} ".repeat(LOSS_BYTES / 4).as_bytes());
        assert!(document.losses.iter().all(|loss| loss.text.len() <= LOSS_BYTES));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..WHOLE.len(), hole in 0..40_usize) {
            read(&bytes);
            let mut torn = WHOLE.as_bytes().to_vec();
            torn.splice(at..(at + hole).min(WHOLE.len()), bytes);
            read(&torn);
        }
    }
}
