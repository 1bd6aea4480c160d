//! The header of a WebSocket frame, gathered byte by byte.
//!
//! Judges nothing: reserved bits and unknown opcodes are tungstenite's matter. Invariant: the bytes are kept as they came.

/// Longest header: two bytes, eight of length, four of mask.
const MAX: usize = 14;

/// A complete header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    bytes: [u8; MAX],
    size: usize,
    /// Length of the payload.
    pub len: u64,
    /// All zero where the frame is not masked.
    pub mask: [u8; 4],
}

/// A header that may not be complete.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gathered {
    bytes: [u8; MAX],
    have: usize,
}

impl Gathered {
    pub fn is_empty(&self) -> bool {
        self.have == 0
    }

    /// Takes what belongs to the header; gives it back when it is complete.
    pub fn take(&mut self, input: &[u8]) -> (usize, Option<Header>) {
        let mut taken = 0;
        while self.have < self.size() {
            let Some(byte) = input.get(taken) else { return (taken, None) };
            if let Some(slot) = self.bytes.get_mut(self.have) {
                *slot = *byte;
            }
            self.have += 1;
            taken += 1;
        }
        (taken, Some(self.header()))
    }

    /// Bytes of the header, as far as can be told.
    fn size(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let [_, second, ..] = self.bytes;
        let mask = if second & 0x80 != 0 { 4 } else { 0 };
        2 + self.length_bytes() + mask
    }

    fn length_bytes(&self) -> usize {
        let [_, second, ..] = self.bytes;
        match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    fn header(&self) -> Header {
        let [_, second, ..] = self.bytes;
        let (length, size) = (self.length_bytes(), self.size());
        let len = match self.bytes.get(2..2 + length) {
            Some(digits) if length > 0 => digits.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)),
            _ => u64::from(second & 0x7f),
        };
        let masked = second & 0x80 != 0;
        let mask = self.bytes.get(2 + length..size).filter(|_| masked).and_then(|m| m.try_into().ok());
        Header { bytes: self.bytes, size, len, mask: mask.unwrap_or_default() }
    }
}

impl Header {
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.size).unwrap_or_default()
    }

    fn first(&self) -> u8 {
        let [first, ..] = self.bytes;
        first
    }

    fn opcode(&self) -> u8 {
        self.first() & 0x0f
    }

    pub fn is_control(&self) -> bool {
        self.opcode() & 0x08 != 0
    }

    pub fn is_continuation(&self) -> bool {
        self.opcode() == 0
    }

    pub fn is_text(&self) -> bool {
        self.opcode() == 1
    }

    /// The last frame of its message.
    pub fn is_last(&self) -> bool {
        self.first() & 0x80 != 0
    }

    /// The same frame without payload.
    pub fn empty(&self) -> [u8; 6] {
        [self.first(), 0x80, 0, 0, 0, 0]
    }

    /// The same frame with another, short payload.
    pub fn empty_with(&self, payload: &[u8]) -> Vec<u8> {
        let size = u8::try_from(payload.len()).unwrap_or_default();
        [&[self.first(), 0x80 | size, 0, 0, 0, 0], payload].concat()
    }
}
