//! Numbers in the bytes of a database.
//!
//! Never panics: what stands beyond the end is absent.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// A number of one to nine bytes, and where the next thing begins.
pub fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for (nth, byte) in bytes.get(at..)?.iter().take(9).enumerate() {
        if nth == 8 {
            return Some((value << 8 | u64::from(*byte), at + 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + nth + 1));
        }
    }
    None
}

/// Opens a file to be read, if it is there. Only regular files: another kind may wait for ever.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    let file = match std::fs::metadata(path) {
        Ok(about) if about.is_file() => File::open(path),
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "no regular file")),
        Err(error) => Err(error),
    };
    match file {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Fills `buffer` from this place on.
pub fn read_at(mut file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

/// Up to `most` bytes from this place on.
pub fn read_up_to(mut file: &File, offset: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_end_at_the_ninth_byte_or_not_at_all() {
        assert_eq!(varint(&[0x05], 0), Some((5, 1)));
        assert_eq!(varint(&[9, 0x81, 0x00], 1), Some((128, 3)));
        assert_eq!(varint(&[0xff; 9], 0), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0xff; 8], 0), None);
        assert_eq!(varint(&[], 0), None);
        assert_eq!(varint(&[1], 7), None);
        assert_eq!((u16_at(&[1, 2], 0), u16_at(&[1, 2], 1)), (Some(258), None));
        assert_eq!(u32_at(&[0, 0, 1, 0], 0), Some(256));
        assert_eq!(u32_at(&[0; 4], usize::MAX), None);
    }
}
