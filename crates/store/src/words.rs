//! What the full-text index sees of a text, and how words are compared outside SQLite.
//!
//! Scripts that put no spaces between words are indexed character by character: `你好` becomes ` 你  好 `, and a search for
//! it becomes a phrase. Invariant: index and query go through the same [`spaced`].

use chasm_protocol::ToolCall;
use serde_json::Value;
use unicode_normalization::char::decompose_canonical;

/// The indexed form of a text; `None` where that is the text itself.
pub(crate) fn spaced(text: &str) -> Option<String> {
    if text.is_ascii() || !text.chars().any(stands_alone) {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if stands_alone(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    Some(out)
}

/// A character of a script without spaces between words: Han, Kana, Bopomofo, Hangul, Thai, Lao, Khmer, Burmese.
pub(crate) fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x0E01..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF
        | 0x3005..=0x3007 | 0x3041..=0x30FF | 0x3105..=0x312F | 0x31A0..=0x31BF | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFF66..=0xFF9D
        | 0x20000..=0x323AF)
}

/// A tool call as one readable text: its name, arguments and output.
pub(crate) fn readable_call(name: &str, arguments: Option<&Value>, output: Option<&Value>) -> String {
    let mut out = String::from(name);
    for value in [arguments, output] {
        out.push('\n');
        value.iter().for_each(|value| readable(value, &mut out));
    }
    out
}

/// The indexed form of a tool call; `None` where name, arguments and output as stored will do.
pub(crate) fn call_words(call: &ToolCall) -> Option<String> {
    // JSON text has escapes, and `\n` before a word would become part of it.
    let plain = |value: &Option<Value>| matches!(value, None | Some(Value::String(_)));
    if plain(&call.arguments) && plain(&call.output) {
        let texts = [Some(call.name.as_str()), text_of(&call.arguments), text_of(&call.output)];
        if !texts.into_iter().flatten().any(|text| !text.is_ascii() && text.chars().any(stands_alone)) {
            return None;
        }
    }
    let text = readable_call(&call.name, call.arguments.as_ref(), call.output.as_ref());
    Some(spaced(&text).unwrap_or(text))
}

fn text_of(value: &Option<Value>) -> Option<&str> {
    value.as_ref().and_then(Value::as_str)
}

fn readable(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n == 0 { "" } else { ", " });
                readable(item, out);
            }
        }
        Value::Object(fields) => {
            for (n, (key, item)) in fields.iter().enumerate() {
                out.push_str(if n == 0 { "" } else { ", " });
                out.push_str(key);
                out.push_str(": ");
                readable(item, out);
            }
        }
        other => out.push_str(&other.to_string()),
    }
}

/// A word of a text: its place in bytes, and its folded form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) folded: String,
}

/// The words of a text, roughly as SQLite's `unicode61 remove_diacritics 2` sees them in its [`spaced`] form.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        while chars.next_if(|(_, c)| !c.is_alphanumeric()).is_some() {}
        let (start, first) = chars.next()?;
        let mut word = Word { start, end: start + first.len_utf8(), folded: String::new() };
        fold_into(first, &mut word.folded);
        while !stands_alone(first)
            && let Some((at, c)) = chars.next_if(|(_, c)| in_word(*c))
        {
            word.end = at + c.len_utf8();
            fold_into(c, &mut word.folded);
        }
        Some(word)
    })
}

/// A text as it is compared: lower case, without diacritics.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| fold_into(c, &mut out));
    out
}

fn in_word(c: char) -> bool {
    (c.is_alphanumeric() && !stands_alone(c)) || is_mark(c)
}

fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036F)
}

/// Lower case, without diacritics.
fn fold_into(c: char, out: &mut String) {
    if c.is_ascii() {
        return out.push(c.to_ascii_lowercase());
    }
    for lower in c.to_lowercase() {
        let mut base = None;
        if !stands_alone(lower) {
            decompose_canonical(lower, |part| base = base.or(Some(part)));
        }
        let base = base.unwrap_or(lower);
        if !is_mark(base) {
            out.push(base);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).map(|word| word.folded).collect()
    }

    #[test]
    fn words_are_folded_and_split() {
        assert_eq!(folded("Ünïcode-Test, x2"), ["unicode", "test", "x2"]);
        assert_eq!(folded("你好world"), ["你", "好", "world"]);
        assert_eq!(folded("Cafe\u{301}s"), ["cafes"]);
        assert_eq!(folded("\0 \u{1F980}"), Vec::<String>::new());
    }

    #[test]
    fn only_scripts_without_spaces_are_spaced() {
        assert_eq!(spaced("plain é"), None);
        assert_eq!(spaced("a日b").as_deref(), Some("a 日 b"));
    }
}
