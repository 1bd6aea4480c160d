//! What the beginning of a file of lines says, before its lines are read one by one.
//!
//! Owns the question whose file it is. Never reads more of it than that needs: what a reader looks for in the first lines it
//! looks for itself.

use super::{Lines, Shape, salvage};
use crate::{ReadError, walk};
use serde_json::Value;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek, Take};
use std::path::Path;

/// Bytes of a file's beginning that tell whose it is.
const SAMPLE_BYTES: u64 = 256 * 1024;

/// What files of one format are.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    /// For people, such as «a Claude Code transcript (JSON lines with …)».
    pub what: &'static str,
    /// Whether a file that begins with these bytes is one.
    pub looks_like: fn(&[u8]) -> bool,
}

/// Reads what the head of such a file says. `read` gets the file as long as it is now.
pub(crate) fn head<T>(
    path: &Path,
    format: Format,
    read: impl FnOnce(BufReader<Take<File>>, &Metadata) -> io::Result<T>,
) -> Result<T, ReadError> {
    let failed = |source| ReadError::io(path, source);
    let (mut file, about) = walk::open_filled(path)?;
    let mut sample = Vec::new();
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(failed)?;
    if !(format.looks_like)(&sample) {
        return Err(ReadError::other(path, format.what));
    }
    file.rewind().map_err(failed)?;
    read(BufReader::new(file.take(about.len())), &about).map_err(failed)
}

/// Whether a value in one of these lines is such a one.
pub(crate) fn has_line(bytes: &[u8], shape: &Shape, is_own: fn(&Value) -> bool) -> bool {
    let mut lines = Lines::new(bytes);
    while let Ok(Some(line)) = lines.next_line() {
        if salvage::read_line(&line.bytes, shape).found.iter().any(|found| is_own(&found.value)) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        starts: &["{\"a\""],
        is_line: |value| value.get("a").is_some(),
        is_beginning: |value| value.get("a").is_some(),
    };
    const FORMAT: Format = Format { what: "lines of a test", looks_like };

    fn looks_like(bytes: &[u8]) -> bool {
        has_line(bytes, &SHAPE, |value| value.get("a").is_some())
    }

    fn first_byte(path: &Path) -> Result<u8, ReadError> {
        head(path, FORMAT, |mut input, about| {
            let mut byte = [0];
            input.read_exact(&mut byte)?;
            assert_eq!(input.bytes().count() as u64, about.len() - 1);
            Ok(byte[0])
        })
    }

    #[test]
    fn only_a_filled_file_of_the_format_is_read_and_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert!(matches!(first_byte(&path), Err(ReadError::Io { .. })));
        std::fs::write(&path, "").unwrap();
        assert!(matches!(first_byte(&path), Err(ReadError::Empty { .. })));
        std::fs::write(&path, "{\"b\":1}\nplain").unwrap();
        assert!(matches!(first_byte(&path), Err(ReadError::Other { what: "lines of a test", .. })));
        std::fs::write(&path, "\0{\"b\":1}\n{\"a\":1}").unwrap();
        assert_eq!(first_byte(&path).unwrap(), 0);
        assert!(matches!(first_byte(folder.path()), Err(ReadError::Io { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let error = first_byte(&path).unwrap_err();
        assert!(error.to_string().ends_with("not a regular file"), "{error}");
    }
}
