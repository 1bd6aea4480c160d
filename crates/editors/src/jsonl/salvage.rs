//! From the bytes of one line to JSON values, whatever has happened to the line.
//!
//! Owns the repairs: NUL runs, broken UTF-8, objects glued together, a line torn by another one, a cut end. Never throws
//! bytes away: what gives no value is handed back as a loss with its text. Repairs are deterministic.

use chasm_protocol::json;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How the lines of a format look, so that they are known where they are torn.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Beginnings that a line may have, such as `{"type"`; inside a torn line they show where the next one starts.
    pub starts: &'static [&'static str],
    /// A whole line, and not an object within one.
    pub is_line: fn(&Value) -> bool,
    /// What is left of a line whose end is missing is still of use.
    pub is_beginning: fn(&Value) -> bool,
}

/// Places that are tried in one torn line.
const TORN_TRIES: usize = 64;
/// Commas from which closing a cut object is tried, backwards.
const CLOSE_TRIES: usize = 8;
/// Why a text is lost whose value was found cut.
const CUT: &str = "the end of the line is missing: what is there was read, marked as cut";

/// One value of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub value: Value,
    /// The end is missing: open strings and brackets were closed.
    pub cut: bool,
    /// The text as it stood, where reading it as JSON had to change something (halves of surrogate pairs).
    pub verbatim: Option<String>,
}

/// Bytes that could not be used, or not fully.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Within the line; within the file as [`super::values`] gives it.
    pub offset: u64,
    pub bytes: usize,
    pub why: String,
    /// What stood there; empty for NUL bytes.
    pub text: String,
}

impl Loss {
    /// Its text gave a value whose end is missing.
    pub fn is_cut(&self) -> bool {
        self.why == CUT
    }
}

#[derive(Debug, Default)]
pub struct Salvaged {
    pub found: Vec<Found>,
    pub losses: Vec<Loss>,
}

/// Everything that one line holds.
pub fn read_line(bytes: &[u8], shape: &Shape) -> Salvaged {
    let mut out = Salvaged::default();
    let mut texts = Texts::new(bytes, 0);
    while let Some((offset, text)) = texts.next(&mut out.losses) {
        let text = text.trim();
        match parse(text) {
            _ if text.is_empty() => {}
            Some(found) => out.found.push(found),
            None => read_broken(text, offset, shape, &mut out),
        }
    }
    out
}

/// The texts between NUL runs.
pub(crate) struct Texts<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Texts<'a> {
    /// Those behind the byte `from`.
    pub fn new(bytes: &'a [u8], from: usize) -> Self {
        Self { bytes, at: from }
    }

    /// The next of them and where it begins. NUL bytes before it and bytes in it that are no text are `losses`.
    pub fn next(&mut self, losses: &mut Vec<Loss>) -> Option<(usize, Cow<'a, str>)> {
        let rest = self.bytes.get(self.at..)?;
        let nuls = rest.iter().take_while(|b| **b == 0).count();
        if nuls > 0 {
            let why = format!("{nuls} NUL bytes, as a power cut leaves them");
            losses.push(Loss { offset: self.at as u64, bytes: nuls, why, text: String::new() });
        }
        self.at += nuls;
        let rest = rest.get(nuls..).filter(|rest| !rest.is_empty())?;
        let (offset, len) = (self.at, memchr::memchr(0, rest).unwrap_or(rest.len()));
        self.at += len;
        Some((offset, decoded(rest.get(..len).unwrap_or(rest), offset, losses)))
    }
}

fn decoded<'a>(bytes: &'a [u8], offset: usize, losses: &mut Vec<Loss>) -> Cow<'a, str> {
    // most are whole, and the check alone is the faster one
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let bad: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    let why = format!("{bad} bytes are not UTF-8: replaced by U+FFFD");
    losses.push(Loss { offset: offset as u64, bytes: bad, why, text: String::new() });
    String::from_utf8_lossy(bytes)
}

/// A text that is not one value: whole values first, then what follows them.
fn read_broken(text: &str, offset: usize, shape: &Shape, out: &mut Salvaged) {
    let (whole, used) = leading_values(text);
    let glued = whole.len() > 1;
    out.found.extend(whole);
    let rest = text.get(used..).unwrap_or_default();
    if rest.trim().is_empty() {
        if glued {
            let why = String::from("several objects on one line: all were read");
            out.losses.push(Loss { offset: offset as u64, bytes: 0, why, text: String::new() });
        }
        return;
    }
    match next_line_start(rest, shape) {
        Some(next) => {
            read_cut(rest.get(..next).unwrap_or_default(), offset + used, shape, out);
            read_broken(rest.get(next..).unwrap_or_default(), offset + used + next, shape, out);
        }
        None => read_cut(rest, offset + used, shape, out),
    }
}

/// A text whose end is missing.
fn read_cut(text: &str, offset: usize, shape: &Shape, out: &mut Salvaged) {
    let text = text.trim_end();
    match close_cut(text) {
        Some((value, dropped)) if (shape.is_beginning)(&value) => {
            out.found.push(Found { value, cut: true, verbatim: None });
            let why = String::from(CUT);
            out.losses.push(Loss { offset: offset as u64, bytes: dropped, why, text: text.to_owned() });
        }
        _ => {
            let why = match serde_json::from_str::<Value>(text) {
                Err(e) => format!("not JSON: {e}"),
                Ok(_) => String::from("not a line of this format"),
            };
            out.losses.push(Loss { offset: offset as u64, bytes: text.len(), why, text: text.to_owned() });
        }
    }
}

/// The values that `text` begins with, and how many bytes they take.
fn leading_values(text: &str) -> (Vec<Found>, usize) {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let (mut found, mut used) = (Vec::new(), 0);
    while let Some(Ok(raw)) = stream.next() {
        match parse(raw.get()) {
            Some(value) => found.push(value),
            None => break,
        }
        used = stream.byte_offset();
    }
    (found, used)
}

pub(crate) fn parse(text: &str) -> Option<Found> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(Found { value, cut: false, verbatim: None });
    }
    let fixed = json::replace_lone_surrogates(text)?;
    let value = serde_json::from_str(&fixed).ok()?;
    Some(Found { value, cut: false, verbatim: Some(text.to_owned()) })
}

/// Where, behind the first byte of `text`, whole lines begin that reach to its end.
fn next_line_start(text: &str, shape: &Shape) -> Option<usize> {
    let inner = |at: usize| shape.starts.iter().any(|s| text.get(at..).is_some_and(|t| t.starts_with(s)));
    text.match_indices("{\"").map(|(at, _)| at).filter(|at| *at > 0 && inner(*at)).take(TORN_TRIES).find(
        |at| {
            let (values, used) = leading_values(text.get(*at..).unwrap_or_default());
            let reaches_end = text.get(at + used..).unwrap_or_default().trim().is_empty();
            reaches_end && !values.is_empty() && values.iter().all(|v| (shape.is_line)(&v.value))
        },
    )
}

/// The value that `text` becomes when its open strings and brackets are closed, and how many bytes had to be dropped.
pub(crate) fn close_cut(text: &str) -> Option<(Value, usize)> {
    let open = scan(text);
    let mut whole = open.kept.to_owned();
    if open.in_string {
        whole.push('"');
    }
    whole.extend(open.closers.iter().rev());
    if let Some(found) = parse(&whole) {
        return Some((found.value, text.len() - open.kept.len()));
    }
    open.commas.iter().rev().take(CLOSE_TRIES).find_map(|(at, depth)| {
        let mut shorter = text.get(..*at)?.to_owned();
        shorter.extend(open.closers_at(text, *at, *depth)?.iter().rev());
        parse(&shorter).map(|found| (found.value, text.len() - at))
    })
}

/// What is open at the end of a text.
struct Open<'a> {
    /// The text without half an escape at its end.
    kept: &'a str,
    in_string: bool,
    closers: Vec<char>,
    /// Commas outside strings, with the depth they stand at.
    commas: Vec<(usize, usize)>,
}

impl Open<'_> {
    /// The closers that are open at a comma: those at the end may be others.
    fn closers_at(&self, text: &str, at: usize, depth: usize) -> Option<Vec<char>> {
        let closers = scan(text.get(..at)?).closers;
        (closers.len() == depth).then_some(closers)
    }
}

fn scan(text: &str) -> Open<'_> {
    let (mut in_string, mut escape_at) = (false, None);
    let (mut closers, mut commas) = (Vec::new(), Vec::new());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (in_string, c) {
            (true, '\\') => {
                let len = if text.get(at + 1..).is_some_and(|t| t.starts_with('u')) { 5 } else { 1 };
                if text.get(at + 1..).is_none_or(|t| t.chars().take(len).count() < len) {
                    escape_at = Some(at);
                }
                chars.by_ref().take(len).for_each(drop);
            }
            (_, '"') => in_string = !in_string,
            (false, '{') => closers.push('}'),
            (false, '[') => closers.push(']'),
            (false, '}' | ']') => drop(closers.pop()),
            (false, ',') => commas.push((at, closers.len())),
            _ => {}
        }
    }
    let kept = escape_at.and_then(|at| text.get(..at)).unwrap_or(text);
    Open { kept, in_string, closers, commas }
}

#[cfg(test)]
mod tests;
