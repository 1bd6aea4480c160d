//! Records: the columns of a row or of an entry of an index.
//!
//! Owns their header. Never reads a column that was not asked for.

use super::bytes::varint;
use super::error::{DatabaseError, MAX_VALUE};
use super::pages::Pages;
use super::payload::Payload;

/// Most bytes of the list of a record's columns.
const MAX_HEADER: u64 = 64 * 1024;

/// A column's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// Where a column stands in its record, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    kind: u64,
    at: u64,
    pub len: u64,
}

impl Column {
    /// As bytes: a number as it is written. `None` for NULL.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Null => None,
            Self::Integer(number) => Some(number.to_string().into_bytes()),
            Self::Real(number) => Some(number.to_string().into_bytes()),
            Self::Text(text) => Some(text.into_bytes()),
            Self::Blob(bytes) => Some(bytes),
        }
    }
}

impl Field {
    pub const NULL: Self = Self { kind: 0, at: 0, len: 0 };

    pub fn is_text(&self) -> bool {
        self.kind >= 12 && !self.kind.is_multiple_of(2)
    }

    pub fn is_blob(&self) -> bool {
        self.kind >= 12 && self.kind.is_multiple_of(2)
    }

    /// Its bytes as they are stored.
    pub fn bytes(&self, pages: &Pages, payload: &Payload) -> Result<Vec<u8>, DatabaseError> {
        if self.len > MAX_VALUE {
            return Err(DatabaseError::TooLarge { page: payload.page, bytes: self.len });
        }
        payload.read(pages, self.at, self.len)
    }

    pub fn value(&self, pages: &Pages, payload: &Payload) -> Result<Column, DatabaseError> {
        let bytes = self.bytes(pages, payload)?;
        Ok(match self.kind {
            0 => Column::Null,
            7 => Column::Real(f64::from_bits(unsigned(&bytes))),
            8 | 9 => Column::Integer((self.kind == 9).into()),
            1..=6 => Column::Integer(signed(&bytes)),
            _ if self.is_blob() => Column::Blob(bytes),
            _ => Column::Text(text(bytes)),
        })
    }
}

/// The columns of a record, in their order.
pub fn fields(pages: &Pages, payload: &Payload) -> Result<Vec<Field>, DatabaseError> {
    let damaged = |why: &str| DatabaseError::damaged(payload.page, why);
    let begin = payload.read(pages, 0, payload.total.min(9))?;
    let (length, mut at) = varint(&begin, 0).ok_or_else(|| damaged("a record without a header"))?;
    if length > MAX_HEADER || length > payload.total {
        return Err(damaged("a record whose header is longer than it"));
    }
    let header = payload.read(pages, 0, length)?;
    let (mut fields, mut place) = (Vec::new(), length);
    while at < header.len() {
        let (kind, next) = varint(&header, at).ok_or_else(|| damaged("a record whose header is cut"))?;
        let len = length_of(kind).ok_or_else(|| damaged("a column of an unknown kind"))?;
        fields.push(Field { kind, at: place, len });
        (at, place) = (next, place.saturating_add(len));
    }
    if place > payload.total {
        return Err(damaged("a record that is longer than its cell"));
    }
    Ok(fields)
}

/// Text as it is stored; what is no UTF-8 in it is replaced.
pub fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn length_of(kind: u64) -> Option<u64> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => Some(kind),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => Some((kind - 12) / 2),
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len().clamp(1, 8);
    (unsigned(bytes) << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_keep_their_sign() {
        assert_eq!((signed(&[0xff]), signed(&[0x7f]), signed(&[0xff, 0xfe])), (-1, 127, -2));
        assert_eq!(signed(&[0x80, 0, 0, 0, 0, 0, 0, 0]), i64::MIN);
        assert_eq!(signed(&[0xff, 0xff, 0xff, 0, 0, 0]), -(1 << 24));
        assert_eq!(signed(&[]), 0);
        assert_eq!(text(vec![b'a', 0xff]), "a\u{fffd}");
        let all = [10, 11].map(length_of);
        assert_eq!(
            (all, length_of(5), length_of(13), length_of(14)),
            ([None, None], Some(6), Some(0), Some(1))
        );
    }
}
