//! The bytes of one record of an outbox.
//!
//! A record is one line, `crc kind number length payload`: CRC32C of all behind it, a letter, the record's number in its outbox, the
//! payload's length (all in hex), and the payload, which has no line break. Never does I/O.
//! Invariant: whichever single byte is damaged, at most the record that holds it is lost: the length finds the next one where the
//! line's end is damaged, the line's end where the length is.

/// Bytes before the payload.
const HEAD: usize = 8 + 1 + 1 + 1 + 16 + 1 + 8 + 1;
/// Longest payload; nothing that a recorder takes is longer.
pub const PAYLOAD_MAX: usize = 64 * 1024 * 1024;

/// What a record holds. The letters are on disk and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An event, as it is sent.
    Event,
    /// The body of a snapshot request.
    Snapshot,
}

impl Kind {
    const fn letter(self) -> u8 {
        match self {
            Self::Event => b'e',
            Self::Snapshot => b's',
        }
    }

    const fn from_letter(letter: u8) -> Option<Self> {
        match letter {
            b'e' => Some(Self::Event),
            b's' => Some(Self::Snapshot),
            _ => None,
        }
    }
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A whole record; the next one begins `used` bytes on.
    Record { kind: Kind, number: u64, payload: &'a str, used: usize },
    /// So many bytes are no record; behind them it goes on.
    Bad { used: usize },
    /// More bytes are needed: so many in all, at least.
    More { needed: usize },
    /// The rest is the beginning of a record that was never finished.
    Torn,
    /// Nothing.
    End,
}

/// The length of a record with a payload of so many bytes.
pub const fn encoded_len(payload: usize) -> usize {
    HEAD + payload + 1
}

/// Appends a record to `out`. Line breaks, which JSON has between its tokens only, become spaces.
pub fn encode(kind: Kind, number: u64, payload: &str, out: &mut Vec<u8>) {
    let at = out.len();
    let head = format!("00000000 {} {number:016x} {:08x} ", char::from(kind.letter()), payload.len());
    out.extend_from_slice(head.as_bytes());
    if payload.contains('\n') {
        out.extend(payload.bytes().map(|b| if b == b'\n' { b' ' } else { b }));
    } else {
        out.extend_from_slice(payload.as_bytes());
    }
    let crc = out.get(at + 9..).map_or(0, crc32c::crc32c);
    if let Some(place) = out.get_mut(at..at + 8) {
        place.copy_from_slice(format!("{crc:08x}").as_bytes());
    }
    out.push(b'\n');
}

/// Reads what stands at the beginning of `bytes`; `at_end` says that there are no more.
pub fn read(bytes: &[u8], at_end: bool) -> Found<'_> {
    if bytes.is_empty() {
        return if at_end { Found::End } else { Found::More { needed: HEAD } };
    }
    if bytes.len() < HEAD && !at_end {
        return Found::More { needed: HEAD };
    }
    let Some(head) = Head::read(bytes) else { return bad(bytes, at_end) };
    let whole = HEAD + head.len;
    if !at_end && bytes.len() <= whole {
        return Found::More { needed: whole + 1 };
    }
    match (bytes.get(9..whole), bytes.get(HEAD..whole).map(std::str::from_utf8)) {
        (Some(checked), Some(Ok(payload))) if crc32c::crc32c(checked) == head.crc => Found::Record {
            kind: head.kind,
            number: head.number,
            payload,
            // The line's end may be damaged, or not written.
            used: bytes.len().min(whole + 1),
        },
        _ => bad(bytes, at_end),
    }
}

/// The line is no record: it goes on behind its end.
fn bad(bytes: &[u8], at_end: bool) -> Found<'_> {
    match bytes.iter().position(|b| *b == b'\n') {
        Some(end) => Found::Bad { used: end + 1 },
        None if at_end => Found::Torn,
        None if bytes.len() > encoded_len(PAYLOAD_MAX) => Found::Bad { used: bytes.len() },
        None => Found::More { needed: bytes.len() * 2 },
    }
}

struct Head {
    crc: u32,
    kind: Kind,
    number: u64,
    len: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(bytes.get(..HEAD)?).ok()?;
        let hex = |from, to| u64::from_str_radix(head.get(from..to)?, 16).ok();
        let spaces = [8, 10, 27, 36].iter().all(|at| bytes.get(*at) == Some(&b' '));
        let len = usize::try_from(hex(28, 36)?).ok()?;
        let kind = Kind::from_letter(*bytes.get(9)?)?;
        let good = spaces && len <= PAYLOAD_MAX && !head.bytes().any(|b| b.is_ascii_uppercase());
        good.then_some(Self { crc: u32::try_from(hex(0, 8)?).ok()?, kind, number: hex(11, 27)?, len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(payloads: &[String]) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (payload, number) in payloads.iter().zip(1..) {
            encode(Kind::Event, number, payload, &mut bytes);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    /// All records that are found, and the bytes that are none.
    fn all(mut bytes: &[u8]) -> (Vec<(u64, String)>, usize) {
        let (mut found, mut lost) = (Vec::new(), 0);
        loop {
            match read(bytes, true) {
                Found::Record { number, payload, used, .. } => {
                    found.push((number, payload.to_owned()));
                    bytes = &bytes[used..];
                }
                Found::Bad { used } => {
                    lost += used;
                    bytes = &bytes[used..];
                }
                Found::Torn => return (found, lost + bytes.len()),
                Found::End => return (found, lost),
                Found::More { .. } => unreachable!("there is no more"),
            }
        }
    }

    fn numbered(payloads: &[String]) -> Vec<(u64, String)> {
        (1..).zip(payloads.iter().cloned()).collect()
    }

    fn payloads() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[^\n]{0,40}", 1..12)
    }

    proptest! {
        #[test]
        fn cut_at_any_byte_what_was_whole_is_read(payloads in payloads()) {
            let (bytes, ends) = file(&payloads);
            for cut in 0..=bytes.len() {
                let (found, _) = all(&bytes[..cut]);
                // Without its line's end a record is whole already.
                let whole = ends.iter().filter(|end| **end <= cut + 1).count();
                prop_assert_eq!(&found[..], &numbered(&payloads)[..whole], "cut at {}", cut);
            }
        }

        #[test]
        fn with_any_byte_damaged_the_other_records_are_read(payloads in payloads(), bit in 0..8u32) {
            let (bytes, ends) = file(&payloads);
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let (found, _) = all(&damaged);
                let hit = ends.iter().filter(|end| **end <= at).count();
                let mut rest = numbered(&payloads);
                if !ends.contains(&(at + 1)) {
                    rest.remove(hit);
                }
                prop_assert_eq!(found, rest, "byte {} ^ {}", at, 1 << bit);
            }
        }

        #[test]
        fn rubbish_is_read_to_its_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let (found, lost) = all(&bytes);
            prop_assert!(found.is_empty());
            prop_assert_eq!(lost, bytes.len());
        }
    }

    #[test]
    fn a_line_break_between_tokens_becomes_a_space() {
        let mut bytes = Vec::new();
        encode(Kind::Snapshot, 255, "{\"a\":\n1}", &mut bytes);
        assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 1);
        let found = read(&bytes, true);
        let used = bytes.len();
        assert_eq!(found, Found::Record { kind: Kind::Snapshot, number: 255, payload: "{\"a\": 1}", used });
        assert_eq!(used, encoded_len(8));
    }
}
