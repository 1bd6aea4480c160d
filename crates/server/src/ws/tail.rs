//! The end of a text that is cut off, so that it can be ended as valid UTF-8.
//!
//! A message in fragments may be found too large in the middle of a character; tungstenite has its beginning then and refuses
//! the whole connection for half a character. Invariant: text that was valid so far is valid with its completion.

use super::header::Header;

/// The last bytes of a text message, unmasked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail {
    is_text: bool,
    last: [u8; 3],
    have: usize,
}

impl Tail {
    pub fn of(is_text: bool) -> Self {
        Self { is_text, last: [0; 3], have: 0 }
    }

    /// `at`: place of these bytes in their frame.
    pub fn push(&mut self, masked: &[u8], header: &Header, at: u64) {
        if !self.is_text {
            return;
        }
        let skipped = masked.len().saturating_sub(3);
        let mask = header.mask.iter().cycle().skip(((at + skipped as u64) % 4) as usize);
        for (byte, key) in masked.iter().skip(skipped).zip(mask) {
            self.last.rotate_left(1);
            let [_, _, end] = &mut self.last;
            *end = byte ^ key;
            self.have = (self.have + 1).min(3);
        }
    }

    /// Bytes that complete a character that was begun.
    pub fn completion(&self) -> &'static [u8] {
        let [a, b, c] = self.last;
        let byte = |back: usize, byte: u8| if self.have >= back { byte } else { 0 };
        match (byte(3, a), byte(2, b), byte(1, c)) {
            // 0x90 and 0xA0 are the lowest second bytes that the shortest form allows; 0x80 the highest one after F4 and ED
            (_, _, 0xC2..=0xDF) => &[0x80],
            (_, _, 0xE0) => &[0xA0, 0x80],
            (_, _, 0xE1..=0xEF) => &[0x80, 0x80],
            (_, _, 0xF0) => &[0x90, 0x80, 0x80],
            (_, _, 0xF1..=0xF4) => &[0x80, 0x80, 0x80],
            (_, 0xE0..=0xEF, 0x80..=0xBF) => &[0x80],
            (_, 0xF0..=0xF4, 0x80..=0xBF) => &[0x80, 0x80],
            (0xF0..=0xF4, 0x80..=0xBF, 0x80..=0xBF) => &[0x80],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::Gathered;
    use super::*;

    #[test]
    fn every_cut_of_every_kind_of_character_is_completed() {
        let (_, header) = Gathered::default().take(&[0x01, 0x80, 1, 2, 3, 4]);
        let header = header.unwrap();
        for c in [
            'a',
            '\u{80}',
            '\u{7ff}',
            '\u{800}',
            '\u{d7ff}',
            '\u{ffff}',
            '\u{10000}',
            '\u{fffff}',
            '\u{10ffff}',
        ] {
            let text = format!("xx{c}").into_bytes();
            for cut in 0..=text.len() {
                let mut tail = Tail::of(true);
                for (at, byte) in text[..cut].iter().enumerate() {
                    tail.push(&[byte ^ header.mask[at % 4]], &header, at as u64);
                }
                let whole = [&text[..cut], tail.completion()].concat();
                assert!(std::str::from_utf8(&whole).is_ok(), "{c:?} cut at {cut}: {whole:x?}");
            }
        }
    }
}
