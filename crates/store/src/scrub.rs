//! Zeroing what SQLite leaves between the cells of its pages.
//!
//! `secure_delete` zeroes a row that is deleted. But when SQLite spreads rows over pages anew, copies of them stay behind in the
//! unallocated part of the old page, and deleting the rows later does not reach them (seen in a test: one of 200 deleted sessions
//! left two messages). That part lies between the cell pointers and the cells, and nothing ever reads it.
//! Never touches another byte of the file. Invariant: the write-ahead log is empty, the writer is held, and its cache is thrown
//! away afterwards, so the file is the newest state and no stale page is written back.

use crate::error::StoreError;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;

/// Pages read at once.
const PAGES: usize = 128;
/// Up to so many pages the first byte of an overflow or free page, which is the highest one of a page number, is 0 and so cannot
/// be taken for the type of a b-tree page. With pages of 8 KiB these are 256 GiB.
const PAGES_MAX: u64 = 1 << 25;
/// Where the first page's own header begins, behind that of the file.
const FILE_HEADER: usize = 100;

/// Zeroes the unallocated parts of all b-tree pages; says how many it had to change. `file` is the database.
pub(crate) async fn scrub(file: Arc<File>) -> Result<u64, StoreError> {
    let done = tokio::task::spawn_blocking(move || all_pages(&file)).await;
    done.map_err(std::io::Error::other)
        .and_then(|done| done)
        .map_err(StoreError::io("zero what deleted rows left in the database"))
}

fn all_pages(mut file: &File) -> std::io::Result<u64> {
    let size = page_size(file)?;
    let pages = file.metadata()?.len() / size as u64;
    if pages > PAGES_MAX {
        return Err(std::io::Error::other("the database is too large to be searched"));
    }
    let mut buffer = vec![0; size * PAGES];
    let (mut at, mut changed) = (0u64, 0u64);
    while at < pages {
        let count = (pages - at).min(PAGES as u64);
        let bytes = buffer.get_mut(..size * count as usize).unwrap_or_default();
        file.seek(SeekFrom::Start(at * size as u64))?;
        file.read_exact(bytes)?;
        for (page, number) in bytes.chunks_exact(size).zip(at..) {
            let gap = unallocated(page, number == 0);
            if page.get(gap.clone()).is_none_or(|bytes| bytes.iter().all(|byte| *byte == 0)) {
                continue;
            }
            file.seek(SeekFrom::Start(number * size as u64 + gap.start as u64))?;
            file.write_all(&vec![0; gap.len()])?;
            changed += 1;
        }
        at += count;
    }
    if changed > 0 {
        file.sync_data()?;
    }
    Ok(changed)
}

/// Two bytes of the file's header; 1 stands for 65536.
fn page_size(mut file: &File) -> std::io::Result<usize> {
    let mut header = [0; FILE_HEADER];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    let size = match word(&header, 16) {
        Some(1) => 1 << 16,
        Some(size) => size,
        None => 0,
    };
    let good = header.starts_with(b"SQLite format 3\0") && size >= 512 && size.is_power_of_two();
    if good { Ok(size) } else { Err(std::io::Error::other("the header of the database is damaged")) }
}

/// The bytes between the cell pointers and the cells; empty where the page is no b-tree page or makes no sense.
/// <https://sqlite.org/fileformat2.html#b_tree_pages>
fn unallocated(page: &[u8], first: bool) -> Range<usize> {
    let header = if first { FILE_HEADER } else { 0 };
    let pointers = match page.get(header) {
        Some(2 | 5) => header + 12,
        Some(10 | 13) => header + 8,
        _ => return 0..0,
    };
    let (Some(cells), Some(content)) = (word(page, header + 3), word(page, header + 5)) else { return 0..0 };
    let content = if content == 0 { 1 << 16 } else { content };
    let start = pointers + 2 * cells;
    let cell = |n| word(page, pointers + 2 * n).is_some_and(|at| at >= content && at < page.len());
    if start > content || content > page.len() || !(0..cells).all(cell) {
        return 0..0;
    }
    // A free block before the cells would be part of the cells' area, so there is none here.
    start..content
}

/// A big-endian number of two bytes.
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_be_bytes(pair.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_between_pointers_and_cells() {
        let mut page = vec![0xEE; 512];
        // A table leaf with two cells, at 500 and 490; content begins at 490.
        page[..12].copy_from_slice(&[13, 0, 0, 0, 2, 1, 0xEA, 0, 1, 0xF4, 1, 0xEA]);
        assert_eq!(unallocated(&page, false), 12..490);
        // A cell before the content, more pointers than room, other kinds of page: hands off.
        for (at, byte) in [(9, 0x10), (3, 0xFF), (0, 0), (0, 1), (6, 0xFF), (5, 0xFF)] {
            let mut bad = page.clone();
            bad[at] = byte;
            assert_eq!(unallocated(&bad, false), 0..0, "{at}");
        }
        assert_eq!(unallocated(&[], false), 0..0);
        assert_eq!(unallocated(&[13; 8], false), 0..0);
    }

    /// Values of all lengths, written over each other, make SQLite spread its pages anew again and again.
    #[tokio::test]
    async fn what_is_stored_stays() {
        use crate::error::Doing as _;
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = crate::Store::open(&folder.path().join("recordings.db")).await.unwrap();
        let mut write = store.write().await.unwrap();
        for n in 0..3_000usize {
            let (key, value) = (format!("{}", n * 7919 % 1_009), "value ".repeat(n * 31 % 97 + 1));
            crate::sessions::set_meta(&mut write, &key, Some(&value)).await.unwrap();
        }
        write.commit().await.unwrap();
        store.checkpoint().await.unwrap();
        let all = async || -> Vec<(String, String)> {
            let rows =
                sqlx::query_as("SELECT key, value FROM meta ORDER BY key").fetch_all(&store.readers).await;
            rows.doing("read").unwrap()
        };
        let before = all().await;
        store.writer().await.unwrap().discard().await.unwrap();
        assert!(
            scrub(store.file.clone()).await.unwrap() > 0,
            "there is nothing to zero: the test tests nothing"
        );
        assert_eq!(scrub(store.file.clone()).await.unwrap(), 0);
        store.close().await.unwrap();
        let (store, report) = crate::Store::open(&folder.path().join("recordings.db")).await.unwrap();
        assert_eq!(report.quick_check, Vec::<String>::new());
        assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
        let rows = sqlx::query_as("SELECT key, value FROM meta ORDER BY key").fetch_all(&store.readers);
        let after: Vec<(String, String)> = rows.await.unwrap();
        assert_eq!(after, before);
    }
}
