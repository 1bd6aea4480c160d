//! Any bytes as segment files of a journal: opening must neither panic nor hang nor hand out more than was there, and the journal
//! must take records afterwards. Half of the inputs are given sound headers and checksums, so that the way goes deeper than those.

#![no_main]

use std::sync::Arc;

use chasm_journal::sim::{PowerCut, SimMedia};
use chasm_journal::{
    Folder, Journal, JournalSettings, Lsn, OpenReport, SegmentId, Writer, inspect, open_stepped,
};
use libfuzzer_sys::fuzz_target;

const HEADERS: usize = 8192;

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else { return };
    let media = SimMedia::new();
    // Up to three files, parted by a byte that says how long the next one is.
    let (after, mut rest) = (u64::from(choice >> 2 & 7), rest);
    let mut base = 1;
    while let Some((len, behind)) = rest.split_first() {
        let (bytes, behind) = behind.split_at(behind.len().min(usize::from(*len) * 16));
        let bytes = if choice & 1 == 1 { headed(base, bytes, choice & 2 == 2) } else { bytes.to_vec() };
        media.put(Folder::Journal, &SegmentId(base).file_name(), &bytes);
        base += 1 + u64::from(*len % 5);
        rest = behind;
    }
    let put = media.operations();
    let looked = inspect(&media, &settings(), Lsn(after));
    assert_eq!(media.operations(), put, "inspecting changed something");
    let Some((journal, mut writer, records, report)) = reopen(&media, after) else { return };
    let looked = looked.expect("inspected if opened");
    assert_eq!((looked.records, looked.last_lsn), (report.records, report.last_lsn));
    assert!(records.is_sorted_by(|one, other| one.0 < other.0));
    let mut batch = journal.batch().expect("open");
    let lsn = batch.push(|bytes| bytes.extend_from_slice(b"more")).expect("small");
    batch.commit();
    writer.step();
    assert_eq!(journal.durable().borrow().through, lsn);
    drop((journal, writer));
    let (.., again, report) =
        reopen(&media.power_cut(usize::MAX, PowerCut::Nothing), after).expect("opens again");
    assert!(report.torn_tail.is_none());
    assert_eq!(again.split_last().expect("more").1, records);
});

type Records = Vec<(u64, Vec<u8>)>;

fn reopen(media: &SimMedia, after: u64) -> Option<(Journal, Writer, Records, OpenReport)> {
    let mut records = Vec::new();
    let mut sink = |lsn: Lsn, bytes: &[u8]| {
        records.push((lsn.0, bytes.to_vec()));
        Ok(())
    };
    let (journal, writer, report) =
        open_stepped(Arc::new(media.clone()), settings(), Lsn(after), &mut sink).ok()?;
    Some((journal, writer, records, report))
}

fn settings() -> JournalSettings {
    JournalSettings { read_buffer_bytes: 512, ..JournalSettings::default() }
}

/// A segment as the journal makes it, with `bytes` behind its header: as they are, or each 16 of them as a sound record, of which
/// a byte is then changed.
fn headed(base: u64, bytes: &[u8], records: bool) -> Vec<u8> {
    let media = SimMedia::new();
    let mut sink = |_: Lsn, _: &[u8]| Ok(());
    let opened = open_stepped(Arc::new(media.clone()), settings(), Lsn(base - 1), &mut sink);
    let (journal, mut writer, _) = opened.expect("opens");
    let mut batch = journal.batch().expect("open");
    for piece in bytes.chunks(16) {
        let _ = batch.push(|into| into.extend_from_slice(piece));
    }
    batch.commit();
    writer.step();
    let mut segment = media.bytes(Folder::Journal, &SegmentId(base).file_name()).unwrap_or_default();
    if records {
        if let (Some(at), Some(flip)) = (bytes.first(), bytes.get(1)) {
            let at = HEADERS.min(segment.len()) + usize::from(*at);
            if let Some(byte) = segment.get_mut(at) {
                *byte ^= flip;
            }
        }
    } else {
        let marker = segment.get(HEADERS..HEADERS + 4).map(<[u8]>::to_vec).unwrap_or_default();
        segment.truncate(HEADERS);
        segment.extend(marker);
        segment.extend_from_slice(bytes);
    }
    segment
}
