//! Cursors: where a listing goes on, as opaque text that fits a URL.
//!
//! Invariant: a text that this file did not make is refused, never misread.

use crate::error::StoreError;

/// The parts of a cursor: a tag that names the listing, and numbers or texts.
pub(crate) struct Cursor(Vec<String>);

impl Cursor {
    pub(crate) fn new(tag: &str) -> Self {
        Self(vec![tag.to_owned()])
    }

    pub(crate) fn int(mut self, value: i64) -> Self {
        self.0.push(value.to_string());
        self
    }

    pub(crate) fn text(mut self, value: &str) -> Self {
        self.0.push(hex(value.as_bytes()));
        self
    }

    pub(crate) fn finish(self) -> String {
        self.0.join("_")
    }
}

/// The parts of a cursor that came back.
pub(crate) struct Parts<'a>(std::str::Split<'a, char>);

impl<'a> Parts<'a> {
    /// `cursor` and its tag.
    pub(crate) fn open(cursor: &'a str) -> (Self, &'a str) {
        let mut parts = cursor.split('_');
        let tag = parts.next().unwrap_or_default();
        (Self(parts), tag)
    }

    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        self.0.next().and_then(|part| part.parse().ok()).ok_or(StoreError::BadCursor)
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.0.next().and_then(unhex).and_then(|b| String::from_utf8(b).ok()).ok_or(StoreError::BadCursor)
    }

    /// Nothing may be left.
    pub(crate) fn end(mut self) -> Result<(), StoreError> {
        self.0.next().map_or(Ok(()), |_| Err(StoreError::BadCursor))
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len() / 2).map(|i| u8::from_str_radix(text.get(i * 2..i * 2 + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusal() {
        let text = Cursor::new("e").int(-5).text("ä_b\0").finish();
        let (mut parts, tag) = Parts::open(&text);
        assert_eq!((tag, parts.int().unwrap(), parts.text().unwrap().as_str()), ("e", -5, "ä_b\0"));
        parts.end().unwrap();
        for bad in ["", "e", "e_x", "e_1_zz", "e_1_616", "e_1_é1", "e_1_61_9"] {
            let (mut parts, _) = Parts::open(bad);
            let read = parts.int().and_then(|_| parts.text()).and_then(|_| parts.end());
            assert!(matches!(read, Err(StoreError::BadCursor)), "{bad}");
        }
    }
}
