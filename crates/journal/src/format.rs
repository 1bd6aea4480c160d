//! The bytes of a segment: header block and record head, encoded and decoded. Owns no file. `docs/journal-format.md` is its text.
//! Invariant: a record counts only if marker, length, number and checksum agree under the salt of its own segment.

use crate::lsn::{Lsn, SegmentId};

/// A header block: 4 KiB, so that one bad sector of any usual disk hits one copy only.
pub(crate) const HEADER_BLOCK: usize = 4096;
/// Where the second copy begins.
pub(crate) const HEADER_COPY: u64 = HEADER_BLOCK as u64;
/// Where the records begin.
pub(crate) const HEADER_BYTES: u64 = 2 * HEADER_BLOCK as u64;
/// Marker, checksum, length, number.
pub(crate) const RECORD_HEAD: usize = 20;

const MAGIC: [u8; 8] = *b"CHASMJNL";
const VERSION: u16 = 1;
const BLOCK_CRC: usize = HEADER_BLOCK - 4;
/// The checksum covers what lies behind it: length, number, bytes.
const COVERED: usize = 8;

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The first number that may be in this segment.
    pub base: SegmentId,
    /// The last durable number before this segment. Numbers between it and `base` were given up and belong to nothing.
    pub after: Lsn,
    pub created_ms: u64,
    pub salt: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    Bad,
    /// A sound header of a format this program does not know.
    Unknown {
        version: u16,
        flags: u16,
    },
}

impl Header {
    /// Both copies, one behind the other.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut block = Vec::with_capacity(2 * HEADER_BLOCK);
        block.extend_from_slice(&MAGIC);
        block.extend_from_slice(&VERSION.to_le_bytes());
        block.extend_from_slice(&[0; 6]); // flags, reserved
        block.extend_from_slice(&self.base.0.to_le_bytes());
        block.extend_from_slice(&self.after.0.to_le_bytes());
        block.extend_from_slice(&self.created_ms.to_le_bytes());
        block.extend_from_slice(&self.salt.to_le_bytes());
        block.resize(BLOCK_CRC, 0);
        let crc = crc32c::crc32c(&block);
        block.extend_from_slice(&crc.to_le_bytes());
        block.extend_from_within(..);
        block
    }

    pub(crate) fn decode(block: &[u8; HEADER_BLOCK]) -> Result<Self, HeaderFault> {
        let (fields, crc) = block.split_last_chunk::<4>().ok_or(HeaderFault::Bad)?;
        let mut fields = Fields(fields);
        if crc32c::crc32c(fields.0) != u32::from_le_bytes(*crc) || fields.take() != Some(MAGIC) {
            return Err(HeaderFault::Bad);
        }
        let (version, flags) = (fields.u16()?, fields.u16()?);
        if version != VERSION || flags != 0 {
            return Err(HeaderFault::Unknown { version, flags });
        }
        fields.take::<4>();
        Ok(Self {
            base: SegmentId(fields.u64()?),
            after: Lsn(fields.u64()?),
            created_ms: fields.u64()?,
            salt: fields.u64()?,
        })
    }

    pub(crate) fn seal(&self) -> Seal {
        Seal::new(self.salt)
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn u16(&mut self) -> Result<u16, HeaderFault> {
        self.take().map(u16::from_le_bytes).ok_or(HeaderFault::Bad)
    }

    fn u64(&mut self) -> Result<u64, HeaderFault> {
        self.take().map(u64::from_le_bytes).ok_or(HeaderFault::Bad)
    }
}

/// The secret of a segment, split in two: what its records begin with, and what their checksums begin from. Whoever writes the
/// bytes of a record knows neither, and so cannot put bytes into it that would pass for a record of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal {
    pub marker: [u8; 4],
    seed: u32,
}

impl Seal {
    fn new(salt: u64) -> Self {
        // No zero byte: in a stretch of zeroes, as a crash leaves it, the search for a marker must find nothing.
        let marker = (salt as u32 | 0x0101_0101).to_le_bytes();
        Self { marker, seed: (salt >> 32) as u32 }
    }

    /// The checksum of a record without its marker and checksum: length, number, bytes.
    pub(crate) fn crc(self, covered: &[u8]) -> u32 {
        crc32c::crc32c_append(self.seed, covered)
    }

    /// True if `record` (head and bytes) carries the checksum it should.
    pub(crate) fn holds(self, head: &RecordHead, record: &[u8]) -> bool {
        record.get(COVERED..).is_some_and(|covered| self.crc(covered) == head.crc)
    }

    /// Gives each record of a batch its marker and checksum. False if the batch does not divide into whole records.
    pub(crate) fn seal(self, batch: &mut [u8]) -> bool {
        let mut rest = batch;
        while !rest.is_empty() {
            let Some(head) = rest.first_chunk::<RECORD_HEAD>().map(RecordHead::decode) else { return false };
            let Some((record, behind)) = rest.split_at_mut_checked(head.whole()) else { return false };
            let Some((front, covered)) = record.split_first_chunk_mut::<COVERED>() else { return false };
            *front = concat(self.marker, self.crc(covered).to_le_bytes());
            rest = behind;
        }
        true
    }
}

/// What stands before the bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHead {
    pub marker: [u8; 4],
    pub crc: u32,
    pub len: u32,
    pub lsn: u64,
}

impl RecordHead {
    pub(crate) fn decode(bytes: &[u8; RECORD_HEAD]) -> Self {
        let [m0, m1, m2, m3, c0, c1, c2, c3, l0, l1, l2, l3, n0, n1, n2, n3, n4, n5, n6, n7] = *bytes;
        Self {
            marker: [m0, m1, m2, m3],
            crc: u32::from_le_bytes([c0, c1, c2, c3]),
            len: u32::from_le_bytes([l0, l1, l2, l3]),
            lsn: u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]),
        }
    }

    /// The head as an appender leaves it: the writer adds marker and checksum, since only it knows the segment.
    pub(crate) fn unsealed(len: u32, lsn: u64) -> [u8; RECORD_HEAD] {
        let [l0, l1, l2, l3] = len.to_le_bytes();
        let [n0, n1, n2, n3, n4, n5, n6, n7] = lsn.to_le_bytes();
        [0, 0, 0, 0, 0, 0, 0, 0, l0, l1, l2, l3, n0, n1, n2, n3, n4, n5, n6, n7]
    }

    /// Head and bytes.
    pub(crate) fn whole(&self) -> usize {
        RECORD_HEAD.saturating_add(self.len as usize)
    }
}

fn concat(front: [u8; 4], back: [u8; 4]) -> [u8; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (front, back);
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header =
        Header { base: SegmentId(7), after: Lsn(5), created_ms: 99, salt: 0xdead_beef_0000_0000 };

    #[test]
    fn any_flipped_bit_in_a_header_block_is_noticed() {
        let encoded = HEADER.encode();
        assert_eq!(encoded.len() as u64, HEADER_BYTES);
        let mut block: [u8; HEADER_BLOCK] = encoded[..HEADER_BLOCK].try_into().unwrap();
        assert_eq!(&encoded[HEADER_BLOCK..], &block);
        assert_eq!(Header::decode(&block), Ok(HEADER));
        for bit in 0..HEADER_BLOCK * 8 {
            block[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&block), Err(HeaderFault::Bad), "bit {bit}");
            block[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn another_version_is_named_and_not_called_damage() {
        let mut block: [u8; HEADER_BLOCK] = HEADER.encode()[..HEADER_BLOCK].try_into().unwrap();
        block[8] = 2;
        let crc = crc32c::crc32c(&block[..BLOCK_CRC]);
        block[BLOCK_CRC..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(Header::decode(&block), Err(HeaderFault::Unknown { version: 2, flags: 0 }));
    }

    #[test]
    fn a_seal_has_no_zero_byte_and_depends_on_all_of_the_salt() {
        assert!(Seal::new(0).marker.iter().all(|byte| *byte != 0));
        let mut batch = RecordHead::unsealed(3, 9).to_vec();
        batch.extend_from_slice(b"abc");
        let mut other = batch.clone();
        assert!(Seal::new(1 << 40).seal(&mut batch) && Seal::new(1 << 41).seal(&mut other));
        assert_eq!(batch[..4], other[..4]);
        assert_ne!(batch[4..8], other[4..8]);
        assert!(!Seal::new(1).seal(&mut batch[..22]));
    }
}
